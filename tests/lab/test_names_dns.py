#!/usr/bin/env python3
"""Names that clients look up through weir count for their flows that name no host themselves: over UDP and TCP,
for that client alone, over a reload and a takeover."""

from harness import V4, V6, case, endpoint, main
from harness.host import read_all
from harness.proxies import DANTED, danted

OWN = "plain routing has no rules"
PORT = 2525
NAME = "www.lab.test"  # north

CONFIG = f"""
[rule dns]
on = any/53
use = {{dns}}

[rule named]
on = any/{PORT}
host = {NAME}
use = direct

[rule rest]
on = any/{PORT}
use = transparent
"""
PLAIN = CONFIG.format(dns="transparent")


def servers(lab, net):
    """On north: a resolver, and servers that tell who asks; the TCP one speaks first."""
    lab.dnsmasq(lab.north)
    lab.serve(lab.north.listen(net, PORT), lambda connection: connection.sendall(connection.getpeername()[0].encode()))
    lab.respond(lab.north.udp(net, PORT), lambda _, peer: peer[0].encode())


def look_up(lab, net, *how, of=None):
    """Alice asks for the address of either family, over IPv4 or IPv6."""
    answer = lab.alice.dig(lab.north.at(net), NAME, (of or net).pick("A", "AAAA"), *how)
    assert lab.north.at(of or net) in answer, answer


def seen_by(lab, net, host):
    """As whom the server that speaks first sees that host."""
    with host.connect(net, lab.north.at(net), PORT) as connection:
        return read_all(connection).decode()


def seen_by_udp(lab, net, host):
    with host.udp(net) as client:
        client.sendto(b"who am I?", (lab.north.at(net), PORT))
        return client.recv(100).decode()


@case("a name that a client looked up, over UDP or TCP, decides its flows, and no other client's")
def decides(lab, net):
    servers(lab, net)
    for how in ("+notcp", "+tcp"):
        with lab.weir(PLAIN) as weir:
            named, own = (weir.source(net, lab.alice, lab.north, source) for source in ("gateway", "client"))
            assert seen_by(lab, net, lab.alice) == own
            weir.expect_record(protocol="tcp", rule="rest", host="")
            look_up(lab, net, how)
            for protocol, seen in (("tcp", seen_by), ("udp", seen_by_udp)):
                assert seen(lab, net, lab.alice) == named
                if protocol == "tcp":
                    weir.expect_record(protocol="tcp", rule="named", host=NAME, host_from="dns")
                assert seen(lab, net, lab.bob) == lab.bob.at(net)
            if weir:
                [flow] = weir.flows(protocol="udp", rule="named")
                assert (flow["host"], flow["host_from"]) == (NAME, "dns"), flow
                assert weir.metric("weir_learnt_names") == 1


@case("what a device looked up over one family decides what it opens over the other", families=(None,), only_weir=OWN)
def families(lab):
    for net in (V4, V6):
        servers(lab, net)
    for net, other in ((V4, V6), (V6, V4)):
        with lab.weir(PLAIN) as weir:
            look_up(lab, net, of=other)
            assert seen_by(lab, other, lab.alice) == lab.router_towards(lab.north).at(other)
            weir.expect_record(protocol="tcp", rule="named", host=NAME, host_from="dns")


@case("a name outlives a reload and a takeover, and counts for a flow that goes along", only_weir=OWN)
def outlives(lab, net):
    servers(lab, net)
    with lab.weir(PLAIN) as weir:
        look_up(lab, net, "+tcp")
        named = weir.source(net, lab.alice, lab.north, "gateway")
        reloaded = weir.reload(PLAIN + "\n[rule more]\non = tcp/7999\nuse = direct\n")
        assert reloaded.returncode == 0, reloaded.stderr
        assert seen_by(lab, net, lab.alice) == named
        assert seen_by_udp(lab, net, lab.alice) == named
        assert weir.take_over().wait(20) == 0
        [flow] = weir.flows(protocol="udp", rule="named")
        assert (flow["host"], flow["host_from"]) == (NAME, "dns"), flow
        before = len(weir.records(rule="named", protocol="tcp"))
        assert seen_by(lab, net, lab.alice) == named
        assert seen_by(lab, net, lab.bob) == lab.bob.at(net)
        records = weir.wait_for_record(
            lambda record: len(weir.records(rule="named", protocol="tcp")) > before and record["rule"] == "named")
        assert (records["host"], records["host_from"]) == (NAME, "dns"), records


@case("an answer through a SOCKS5 server's relay teaches its name", only_weir=OWN)
def relayed(lab, net):
    servers(lab, net)
    lab.shared(danted, lab.east, net)
    config = CONFIG.format(dns="office") + (
        f"[upstream office]\ntype = socks5\nserver = {endpoint(lab.east.at(net), DANTED)}\n")
    with lab.weir(config) as weir:
        look_up(lab, net, "+notcp")
        assert seen_by(lab, net, lab.alice) == weir.source(net, lab.alice, lab.north, "gateway")
        weir.expect_record(rule="named", host=NAME, host_from="dns")


if __name__ == "__main__":
    main()
