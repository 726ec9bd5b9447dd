#!/usr/bin/env python3
"""A reader that asks admin.http all the time holds up no traffic, and is told that it asks too often."""

import http.client
import json
import resource
import statistics
import time

from harness import V4, case, main

NO_FAMILY = (None,)
OWN = "admin.http is weir's own"
CONFIG = """
[gateway]
workers = 1
[rule all]
on = udp/7500
use = direct
[limits]
max-flows = 20000
max-flows-per-client = 20000
[log]
flows = none
[admin]
http = 192.0.2.1:9080
"""
FLOWS = 3_000


class Reader:
    """Asks for all flows again and again until told; counts the answers by their status."""

    def __init__(self, lab):
        self.over, self.seen, self.last = False, {}, None
        self.task = lab.task(self._run, lab)

    def _run(self, lab):
        while not self.over:
            try:
                connection = http.client.HTTPConnection("192.0.2.1", 9080)
                connection.sock = lab.alice.connect(V4, "192.0.2.1", 9080)
                connection.request("GET", "/v1/flows?limit=10000")
                answer = connection.getresponse()
                text = answer.read()
                connection.close()
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)  # shut out for a moment, as one of too many
                continue
            self.seen[answer.status] = self.seen.get(answer.status, 0) + 1
            self.last = text if answer.status == 200 else self.last


def late(client, server, count):
    """How long the slowest of a hundred answers took, in ms."""
    took = []
    for _ in range(count):
        began = time.monotonic()
        client.sendto(b"?", server)
        client.recv(10)
        took.append((time.monotonic() - began) * 1000)
    return statistics.quantiles(took, n=100)[-1]


@case("thirty-two readers of all flows in a loop leave other clients' datagrams alone", NO_FAMILY, only_weir=OWN)
def readers(lab):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    server = lab.north.udp(V4, 7500)
    lab.respond(server, lambda data, _: data)
    with lab.weir(CONFIG) as weir:
        held = [lab.closing(lab.alice.udp(V4)) for _ in range(FLOWS)]
        for client in held:
            client.sendto(b"x", server.getsockname())
            client.recv(10)
        bob = lab.closing(lab.bob.udp(V4))
        quiet = late(bob, server.getsockname(), 200)
        crowd = [Reader(lab) for _ in range(32)]
        busy = late(bob, server.getsockname(), 1_000)
        status = weir.status()  # the control socket has its own place
        for reader in crowd:
            reader.over = True
        for reader in crowd:
            reader.task.result()
        assert status["udp_flows"] == FLOWS + 1, status
        # Python's threads share one processor with what is measured: a bound that a stall breaks.
        assert busy < max(2 * quiet, 60), f"{quiet:.1f} ms quiet, {busy:.1f} ms with readers"
        lists = [json.loads(reader.last) for reader in crowd if reader.last]
        assert lists and all(len(one["flows"]) == one["total"] == FLOWS + 1 for one in lists)
        assert len({flow["id"] for flow in lists[0]["flows"]}) == FLOWS + 1
        assert sum(reader.seen.get(429, 0) for reader in crowd), [reader.seen for reader in crowd]
        # Others are not made to pay for it.
        done = lab.bob.curl("http://192.0.2.1:9080/v1/flows")
        assert done.returncode == 0 and len(json.loads(done.stdout)["flows"]) == 100


if __name__ == "__main__":
    main()
