"""What is measured: one row of a table per metric, each with the generator's words for it.

A metric's `value` is the one number that ratios are made of; `better` says which way. Every metric can
be asked for over IPv6 (`NAME-v6`); the default run takes those twins whose path differs most.
"""

import dataclasses

BIG = ["--sources", "64"]          # many client addresses: no per-client limit, no port runs out
SPREAD = ["--sources", "16", "--destinations", "16"]


@dataclasses.dataclass(frozen=True)
class Metric:
    name: str
    title: str
    unit: str
    words: tuple                  # of the generator, without addresses, ledger and time
    kind: str = "rate"            # rate, bytes, latency, memory, growth, iperf3
    udp: bool = False
    six: bool = False
    better: str = "more"
    flows: int = 0                # live at a time, where that is what it is about
    beside: tuple = ()            # a second client that runs at the same time
    most_rounds: int = 1000
    op: str = ""                  # what CPU time is per


def _metric(name, title, unit, words, **more):
    return Metric(name, title, unit, tuple(words.split()), **more)


def _bulk(connections, down):
    way = "down" if down else "up"
    plural = "s" if connections > 1 else ""
    return _metric(f"bulk-{connections}-{way}", f"bulk, {connections} connection{plural}, {way}",
                   "Gbit/s", f"bulk --connections {connections}" + (" --down" if down else ""),
                   kind="bytes", op="MB")


def _datagrams(size, flows):
    plural = "s" if flows > 1 else ""
    return _metric(f"udp-{size}-{flows}", f"UDP, {size} bytes, {flows} flow{plural}, window of 64",
                   "datagrams/s", f"datagrams --size {size} --connections {flows}", udp=True,
                   op="datagram")


BASE = [
    _bulk(1, False), _bulk(1, True), _bulk(8, False), _bulk(8, True),
    _metric("iperf3-down", "bulk, 1 connection, down, as iperf3 sees it", "Gbit/s", "-R", kind="iperf3",
            most_rounds=3),
    _metric("rr-1", "request/response, 1 connection", "requests/s", "exchange-tcp", op="request"),
    _metric("rr-64", "request/response, 64 connections", "requests/s",
            "exchange-tcp --connections 64", op="request"),
    _metric("connections", "connections: connect, request, response, close", "connections/s",
            "connections --connections 64 " + " ".join(SPREAD), op="connection"),
    _datagrams(64, 1), _datagrams(64, 256), _datagrams(1200, 1), _datagrams(1200, 256),
    _metric("udp-gso", "UDP, 1200 bytes, 1 flow, 16 a send (UDP_SEGMENT), window of 96",
            "datagrams/s", "datagrams --size 1200 --segments 16 --window 96", udp=True, op="datagram"),
    _metric("udp-flood", "UDP, 64 bytes, 256 flows, as fast as the sender's core can",
            "datagrams/s", "datagrams --connections 256 --window 0", udp=True, op="datagram"),
    _metric("udp-new-200", "new UDP flows: one DNS question each, 200 destinations", "flows/s",
            "dns --connections 64 --sources 16 --destinations 200", udp=True, op="flow"),
    _metric("udp-new-1", "new UDP flows: one DNS question each, one destination", "flows/s",
            "dns --connections 64 --sources 16", udp=True, op="flow"),
    _metric("memory-tcp", "memory of an idle TCP flow (of 3,000)", "bytes",
            "exchange-tcp --connections 3000 " + " ".join(BIG), kind="memory", better="less",
            flows=3000, most_rounds=2),
    _metric("memory-udp", "memory of an idle UDP flow (of 3,000, each a client port)", "bytes",
            "exchange-udp --connections 3000 --active 64 " + " ".join(BIG), kind="memory", udp=True,
            better="less", flows=3000, most_rounds=2),
    _metric("fair-rr", "p99 of request/response on 64 connections beside 8 bulk streams", "us",
            "exchange-tcp --connections 64", kind="latency", better="less", op="request",
            beside=("bulk", "--connections", "8", "--down")),
    _metric("fair-accept", "connections beside a UDP flood of 100,000/s", "connections/s",
            "connections --connections 64 " + " ".join(SPREAD), udp=True, op="connection",
            beside=("datagrams", "--connections", "256", "--window", "0", "--rate", "100000")),
]

TWINS = ("bulk-8-down", "rr-64", "connections", "udp-1200-256", "udp-gso", "udp-new-200")


@dataclasses.dataclass(frozen=True)
class Curve:
    """The cost of one more exchange, while ever more flows are alive and all are used in turn."""

    name: str
    title: str
    words: tuple
    points: tuple
    udp: bool = False

    def metrics(self):
        for flows in self.points:
            words = self.words + ("--connections", str(flows), "--active", "10", *BIG)
            if self.udp:
                words += ("--sockets", str(min(flows, 10000)))
            yield Metric(f"{self.name}/{flows}", f"{self.title}: {flows:,}", "exchanges/s", words,
                         kind="growth", udp=self.udp, flows=flows, most_rounds=3, op="exchange")


CURVES = [
    Curve("growth-tcp", "live TCP flows", ("exchange-tcp",), (10, 100, 1000, 3000, 9000)),
    Curve("growth-udp", "live UDP flows", ("exchange-udp",), (10, 100, 1000, 10000, 100000), True),
    Curve("growth-dns", "UDP clients of one destination:53", ("exchange-udp", "--port", "53"),
          (10, 100, 1000, 10000), True),
]
# Curves are for gateways that keep flows as their business; the others would only add lines.
ON_CURVES = ("forwarding", "haproxy-tuned", "nginx-tuned", "weir")


def twin(metric):
    """The same over IPv6."""
    return dataclasses.replace(metric, name=metric.name + "-v6", title=metric.title + ", IPv6",
                               six=True)


def default_names():
    twins = [name + "-v6" for name in TWINS]
    return [metric.name for metric in BASE] + twins + [curve.name for curve in CURVES]


def all_names():
    return [m.name for m in BASE] + [m.name + "-v6" for m in BASE] + [c.name for c in CURVES]


def expand(names):
    """The metrics of those names, curves as their points, in the order of the table."""
    by_name = {metric.name: metric for metric in BASE}
    by_name.update({metric.name + "-v6": twin(metric) for metric in BASE})
    chosen = [metric for name, metric in by_name.items() if name in names]
    for curve in CURVES:
        if curve.name in names:
            chosen += curve.metrics()
    return chosen
