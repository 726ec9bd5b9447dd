#!/usr/bin/env python3
"""Policy rules of the router that look at the inbound interface or at the client hold for what weir
carries: it leaves by the line that the rule says, or not at all.

A destination is reached by two lines, as far as the router can tell: by north, as its main table has it,
and by east, as table 200 has it. The host that answers says its name.
"""

import contextlib

from harness import case, eventually, main
from harness.host import read_all

TABLE = 200
FAR4, FAR6 = "198.18.0.1", "fd00:198:18::1"
CONFIG = """
[rule tcp]
on = tcp/7400
use = {use}

[rule udp]
on = udp/7400
use = {use}
"""


def far(net):
    return net.pick(FAR4, FAR6)


@contextlib.contextmanager
def two_lines(lab, net, *rules, table=None):
    """North and east both have the far address; the rules are there while the block runs."""
    ip = ("ip", f"-{net.version}")
    bits = net.pick(32, 128)
    undo = []

    def add(host, *words):
        host.run(*ip, *words, check=True)
        undo.append((host, [{"add": "del"}.get(word, word) for word in words if word != "nodad"]))

    try:
        for host in (lab.north, lab.east):
            add(host, "addr", "add", f"{far(net)}/{bits}", "dev", "lo", *net.pick((), ("nodad",)))
        add(lab.router, "route", "add", far(net), "via", lab.north.at(net))
        for line in table or [f"{net.pick('0.0.0.0/0', '::/0')} via {lab.east.at(net)}"]:
            add(lab.router, "route", "add", *line.split(), "table", str(TABLE))
        for rule in rules:
            add(lab.router, "rule", "add", *rule.split())
        yield
    finally:
        for host, words in reversed(undo):
            host.run(*ip, *words)


def serve(lab, net):
    for host in (lab.north, lab.east):
        with_name = host.name.encode()
        lab.serve(host.listen(net, 7400, far(net)), lambda connection, name=with_name: connection.sendall(name))
        lab.respond(host.udp(net, 7400, far(net)), lambda data, peer, name=with_name: name)


def line_of_tcp(lab, net, client=None):
    try:
        with (client or lab.alice).connect(net, far(net), 7400, timeout=10) as connection:
            return read_all(connection).decode() or "nothing"
    except OSError as error:
        return type(error).__name__


def line_of_udp(lab, net, client=None):
    with (client or lab.alice).udp(net, timeout=10) as asking:
        asking.sendto(b"who?", (far(net), 7400))
        return asking.recv(100).decode()


def by_rule(use, selector):
    def run(lab, net):
        lan = net.pick("192.0.2.0/24", "fd00:192:0:2::/64")
        with two_lines(lab, net, f"{selector.format(lan=lan)} lookup {TABLE} pref 1000"):
            serve(lab, net)
            with lab.weir(CONFIG.format(use=use)):
                assert line_of_tcp(lab, net) == "east"
                assert line_of_udp(lab, net) == "east"
    return run


for USE in ("direct", "transparent"):
    for SELECTOR in ("iif lan", "from {lan}"):
        case(f"'{SELECTOR}' decides by which line a flow leaves, with use = {USE}")(by_rule(USE, SELECTOR))


@case("a rule that comes while weir runs holds for the next flow, and one that goes no longer does")
def changes(lab, net):
    with two_lines(lab, net):
        serve(lab, net)
        with lab.weir(CONFIG.format(use="direct")):
            assert line_of_tcp(lab, net) == "north"
            rule = ("iif", "lan", "lookup", str(TABLE), "pref", "1000")
            lab.router.run("ip", f"-{net.version}", "rule", "add", *rule, check=True)
            try:
                eventually(lambda: line_of_tcp(lab, net) == "east", "the rule holds")
                eventually(lambda: line_of_udp(lab, net) == "east", "for datagrams, too")
            finally:
                lab.router.run("ip", f"-{net.version}", "rule", "del", *rule, check=True)
            eventually(lambda: line_of_tcp(lab, net) == "north", "the rule holds no longer")
            eventually(lambda: line_of_udp(lab, net) == "north", "for datagrams, too")


@case("what a rule sends nowhere leaves by no other line")
def nowhere(lab, net):
    with two_lines(lab, net, f"iif lan lookup {TABLE} pref 1000",
                   table=[f"unreachable {net.pick('0.0.0.0/0', '::/0')}"]):
        serve(lab, net)
        with lab.weir(CONFIG.format(use="direct")) as weir:
            assert line_of_tcp(lab, net) not in ("north", "east")
            if weir:
                weir.expect_record(protocol="tcp", end=lambda end: end != "closed")


@case("where a mark alone leads into the table, the flow gets that mark", only_weir="it is about weir's sockets")
def marks(lab, net):
    with two_lines(lab, net, f"iif lan lookup {TABLE} pref 1000", f"fwmark 0x30/0xf0 lookup {TABLE} pref 1001"):
        serve(lab, net)
        with lab.weir(CONFIG.format(use="direct")):
            assert line_of_tcp(lab, net) == "east"
            rules = lab.router.run("ip", f"-{net.version}", "rule").stdout.decode()
            assert "oif" not in rules, rules


@case("two tables that differ by the next hop alone: the second is refused and counted, not sent elsewhere",
      only_weir="plain routing has no such bound")
def next_hops(lab, net):
    second = net.pick("198.51.100.141", "fd00:198:51:101::141")
    bits = net.pick(25, 64)
    lab.east.run("ip", f"-{net.version}", "addr", "add", f"{second}/{bits}", "dev", "eth0",
                 *net.pick((), ("nodad",)), check=True)
    ip = ("ip", f"-{net.version}")
    try:
        with two_lines(lab, net, f"from {lab.alice.at(net)} lookup {TABLE} pref 1000",
                       f"from {lab.bob.at(net)} lookup {TABLE + 1} pref 1001"):
            lab.router.run(*ip, "route", "add", "default", "via", second, "table", str(TABLE + 1), check=True)
            serve(lab, net)
            with lab.weir(CONFIG.format(use="direct")) as weir:
                assert line_of_tcp(lab, net) == "east"
                assert line_of_tcp(lab, net, lab.bob) not in ("north", "east")
                weir.expect_event("policy-route")
                assert line_of_tcp(lab, net) == "east"
    finally:
        lab.router.run(*ip, "route", "flush", "table", str(TABLE + 1))
        lab.east.run(*ip, "addr", "del", f"{second}/{bits}", "dev", "eth0")


if __name__ == "__main__":
    main()
