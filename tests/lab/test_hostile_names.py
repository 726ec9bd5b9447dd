#!/usr/bin/env python3
"""A DNS server that answers the question for a service with thousands of records, others every time, none of
which is to be kept: a few are servers, the rest is counted, and nothing else waits for it."""

import itertools
import socket
import struct
import time

import pools
from harness import MIB, case, endpoint, eventually, main
from harness.host import read_exactly
from harness.weir import read
from pools import config, upstream
from takeover_fixture import Always

POOL = "pools go where plain routing does not"
SERVICE = "_web._tcp.lab.test"
RECORDS = 2_500  # as many as fit into a message of 64 KiB
MAX_TARGETS, MAX_PRIORITIES = 256, 8
A, SRV, IN = 1, 33, 1
ANSWER, TRUNCATED = 0x8180, 0x8380
THE_QUESTIONS_NAME = b"\xc0\x0c"


class Flood:
    """The DNS server, on bob. `priorities`: how many the records of its next answers have."""

    def __init__(self, lab, net):
        self.address = socket.inet_aton(lab.north.v4)
        self.priorities = RECORDS
        self.answered = []  # when, and which records' names
        self.address_questions = 0
        self._generations = itertools.count()
        lab.respond(lab.bob.udp(net, 53), lambda query, _: self._answer(query, limit=1200))
        lab.serve(lab.bob.listen(net, 53), self._over_tcp)

    def _over_tcp(self, connection):
        while head := connection.recv(2, socket.MSG_WAITALL):
            reply = self._answer(read_exactly(connection, *struct.unpack("!H", head)))
            connection.sendall(struct.pack("!H", len(reply)) + reply)

    def _answer(self, query, limit=65_535):
        end = query.index(b"\0", 12) + 5
        [kind] = struct.unpack("!H", query[end - 4:end - 2])

        def message(flags, records):
            return (query[:2] + struct.pack("!HHHHH", flags, 1, len(records), 0, 0) + query[12:end]
                    + b"".join(records))
        if kind != SRV:
            self.address_questions += 1
            return message(ANSWER, [record(A, self.address)] if kind == A else [])
        if limit < 65_535:
            return message(TRUNCATED, [])
        generation = next(self._generations)
        names = [f"{generation:02x}{number:03x}" for number in range(RECORDS)]
        reply = message(ANSWER, [
            record(SRV, struct.pack("!HHHB", number % self.priorities, number % 7, pools.PORT, len(name))
                   + name.encode() + THE_QUESTIONS_NAME) for number, name in enumerate(names)])
        self.answered.append((time.monotonic(), names))
        return reply


def record(kind, content, ttl=0):
    return THE_QUESTIONS_NAME + struct.pack("!HHIH", kind, IN, ttl, len(content)) + content


@case("of thousands of service records some are taken, the rest is counted, and the gateway answers meanwhile",
      only_weir=POOL)
def thousands_of_records(lab, net):
    text = config([f"srv:{SERVICE}"], balance="source-hash")
    text += f"[dns]\nservers = {endpoint(lab.bob.at(net), 53)}\n"
    with lab.weir(text) as weir:
        before = weir.memory()  # the DNS server is not there yet
        flood = Flood(lab, net)
        slowest, peak = 0.0, 0

        def look():
            nonlocal slowest, peak
            began = time.monotonic()
            assert weir.control.request("GET", "/v1/status")[0] == 200
            slowest = max(slowest, time.monotonic() - began)
            peak = max(peak, weir.memory())

        def taken():
            """The numbers of the records that are servers, all of one answer."""
            names = {s["name"].split(".")[0] for s in upstream(weir)["servers"]}
            for _, answer in flood.answered:
                if names <= set(answer):
                    return sorted(answer.index(name) for name in names)
            return []
        looks = Always(lab, look)
        eventually(lambda: taken() == list(range(MAX_PRIORITIES)), "the first priorities are taken")
        flood.priorities = 4
        first = list(range(0, RECORDS, 4))[:MAX_TARGETS]
        for _ in range(2):
            count = len(flood.answered)
            eventually(lambda: len(flood.answered) > count and taken() == first,  # noqa: B023
                       "the first targets are taken, by their priorities")
        looks.end()
        assert slowest < 1, f"the control socket answers after {slowest:.1f} s"
        assert peak - before < 32 * MIB, f"weir grew by {(peak - before) / MIB:.0f} MiB"
        times = [when for when, _ in flood.answered]
        apart = min(later - earlier for earlier, later in itertools.pairwise(times))
        assert apart > 4.5, f"two layouts within {apart:.1f} s"
        said = [line for line in read(weir.log).splitlines() if "more than are taken" in line]
        assert len(said) == 1 and f"names {RECORDS - MAX_PRIORITIES} servers more" in said[0], said
        # A second is the shortest that an address is kept, whatever its answer says.
        questions = 2 * MAX_TARGETS * (times[-1] - times[0] + len(times) + 1)
        assert flood.address_questions < 2 * questions, flood.address_questions


if __name__ == "__main__":
    main()
