"""One measurement: a gateway, a client, a result.

A result is a plain dictionary: what the generator reported, plus `value` (in the metric's unit),
`gateway_us_per_op` and `cores_us_per_op` (both cores together: the only CPU figure that forwarding
has). A measurement whose content was wrong or that did not go the way it claims is an error, not a
number.
"""

import ipaddress
import json
import os
import subprocess

from gateway import Gateway, GatewayFailed
from lab import FOUR, GENERATOR_CORE, SIX, ports_of, wait_until

WARMUP = 0.15
STEAL_MARK = 0.05       # of the machine's time, taken by its host
GENERATOR_BOUND = 0.95  # of the generator's core, busy: the rate is then the generator's own
CLIENT_NETWORKS = [ipaddress.ip_network(text) for text in ("198.51.100.0/24", "fd00:c::/64")]


class Failed(Exception):
    pass


class Bench:
    def __init__(self, load, seconds):
        self.load = load
        self.seconds = seconds

    def measure(self, participant, lane, metric):
        """The result; one with only `error` when it failed."""
        gateway = Gateway(participant, lane)
        try:
            with gateway:
                if metric.kind == "memory":
                    return self._memory(participant, lane, gateway, metric)
                if metric.kind == "iperf3":
                    return self._iperf3(lane, metric)
                return self._rate(participant, lane, gateway, metric)
        except GatewayFailed as error:
            return {"error": f"gateway: {error}"}
        except (Failed, RuntimeError, OSError, ValueError, KeyError) as error:
            told = "" if participant.interception is None else f"; {gateway.last_words()}"
            return {"error": f"{error}{told}"}

    def _words(self, lane, metric, words, seconds, *more):
        ends = SIX if metric.six else FOUR
        return (lane.inside("client", GENERATOR_CORE) + [self.load, words[0], "--ledger", lane.ledger,
                "--from", ends["client"], "--to", ends["server"], "--seconds", f"{seconds:.3f}",
                "--warmup", str(WARMUP)] + list(words[1:]) + list(more))

    def _rate(self, participant, lane, gateway, metric):
        watch = ["--watch", ",".join(map(str, gateway.pids()))] if gateway.pids() else []
        beside = None
        if metric.beside:
            beside = self._start(self._words(lane, metric, metric.beside, self.seconds + 0.4))
        client = self._start(self._words(lane, metric, metric.words, self.seconds, *watch))
        report = self._report(client, self.seconds + 45)
        if beside is not None:
            report["beside"] = self._report(beside, self.seconds + 45)
        if not gateway.alive():
            raise GatewayFailed(f"it died while it was measured; {gateway.last_words()}")
        self._check(participant, metric, report)
        return self._derive(metric, report)

    @staticmethod
    def _start(words):
        return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    @staticmethod
    def _report(client, timeout):
        try:
            out, told = client.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            client.kill()
            client.communicate()
            raise Failed("the client did not come to an end") from None
        if client.returncode != 0:
            raise Failed(told.strip() or f"the client exited with {client.returncode}")
        return json.loads(out)

    @staticmethod
    def _check(participant, metric, report):
        if report["corrupt"]:
            raise Failed(f"{report['corrupt']:.0f} times the content was not what was sent")
        if report.get("incomplete"):
            raise Failed("what was sent did not come through whole")
        if report.get("bytes", report.get("ops")) == 0:
            raise Failed("nothing came through")
        # The server says who called it: a gateway (all of them use the router's address here), or the
        # client itself, when nothing stood between; and whether it asked its SOCKS server.
        peer = ipaddress.ip_address(report["peer"])
        direct = any(peer in network for network in CLIENT_NETWORKS)
        if direct != (participant.interception is None):
            raise Failed(f"the server was called by {peer}: the traffic went another way")
        if bool(report["by_socks"]) != participant.socks:
            raise Failed("the traffic went past the SOCKS server" if participant.socks
                         else "the traffic went by the SOCKS server")

    @staticmethod
    def _derive(metric, report):
        seconds = report["seconds"]
        if metric.kind == "bytes":
            operations = report["bytes"] / 1e6
            report["value"] = report["bytes"] * 8 / 1e9 / seconds
        else:
            operations = report["ops"]
            report["value"] = report["p99_us"] if metric.kind == "latency" else operations / seconds
        report["rate"] = operations / seconds
        if report["gateway_us"]:
            report["gateway_us_per_op"] = report["gateway_us"] / operations
        busy = report["busy0"] + report.get("busy1", 0)
        report["cores_us_per_op"] = busy * seconds * 1e6 / operations
        report["stolen"] = report["steal"] > STEAL_MARK
        report["generator_bound"] = report["busy0"] > GENERATOR_BOUND
        return report

    def _memory(self, participant, lane, gateway, metric):
        # Buffers that come with the first flows, whatever their number, are not a flow's.
        first = ("exchange-udp" if metric.udp else "exchange-tcp", "--connections", "100")
        warm = self._report(self._start(self._words(lane, metric, first, 0.05)), 30)
        self._check(participant, metric, warm)
        process, kernel = gateway.resident_bytes(), kernel_bytes()
        client = self._start(self._words(lane, metric, metric.words, 0, "--hold"))
        if client.stdout.readline().strip() != "ready":
            _, told = client.communicate()
            raise Failed(told.strip())
        result = {"value": (gateway.resident_bytes() - process) / metric.flows,
                  "kernel": (kernel_bytes() - kernel) / metric.flows}
        client.communicate()
        if participant.interception is None:
            result["value"] = None
        return result

    def _iperf3(self, lane, metric):
        """Another project's generator, so that ours need not be taken at its word."""
        address = SIX["server"] if metric.six else FOUR["server"]
        server = self._start(lane.inside("server", GENERATOR_CORE) + ["iperf3", "-s", "-1", "-B", address])
        try:
            wait_until(lambda: 5201 in ports_of(server.pid, ("tcp", "tcp6")), 5,
                       "iperf3 -s does not listen")
            client = self._start(lane.inside("client", GENERATOR_CORE) + [
                "iperf3", "-c", address, "-J", "-t", str(max(1, round(self.seconds))), *metric.words])
            report = self._report(client, self.seconds + 15)
        finally:
            server.kill()
            server.communicate()
        return {"value": report["end"]["sum_received"]["bits_per_second"] / 1e9}


def kernel_bytes():
    """Slab, and the pages of socket buffers: machine-wide, so of all three hosts together."""
    with open("/proc/meminfo") as file:
        total = sum(int(line.split()[1]) * 1024 for line in file if line.startswith("Slab:"))
    with open("/proc/net/sockstat") as file:
        for line in file:
            words = line.split()
            if words[0] in ("TCP:", "UDP:"):
                total += int(words[words.index("mem") + 1]) * os.sysconf("SC_PAGE_SIZE")
    return total
