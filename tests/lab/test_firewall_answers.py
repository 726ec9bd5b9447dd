#!/usr/bin/env python3
"""What comes back to clients in flows that weir does not carry: no rule is about it, though the port
it comes to, the client's, may be one that a rule names. With both backends, and no address
translation that would hide it."""

import socket

from backends import for_each_backend
from harness import FAMILIES, main
from tproxy_stub import TproxyStub, ask, ask_tcp, ask_udp, rules, serve, transparent


def rule(name, on, use="transparent", **conditions):
    lines = [f"[rule {name}]", f"on = {on}", f"use = {use}"]
    return "\n".join(lines + [f"{key} = {value}" for key, value in conditions.items()]) + "\n"


@for_each_backend("a rule for high ports does not touch answers from low ones", families=FAMILIES)
def high_ports(lab, net, backend):
    serve(lab, net, lab.north, 80)
    for use in ("drop", "reject", "transparent"):
        with rules(lab, rule("high", "any/1024-65535", use), backend):
            assert ask(lab.alice, net, lab.north.at(net), 80) == "server", use


@for_each_backend("connections of a client that is bypassed live beside a rule that refuses the rest", families=FAMILIES)
def beside_reject(lab, net, backend):
    serve(lab, net, lab.north, 80)
    text = rule("alice", "any/*", "bypass", client=lab.alice.at(net)) + rule("no", "any/*", "reject")
    with rules(lab, text, backend):
        assert ask(lab.alice, net, lab.north.at(net), 80) == "server"
        assert ask(lab.bob, net, lab.north.at(net), 80) == "refused"


@for_each_backend("with on-failure = closed answers to a client that is bypassed are not intercepted", families=FAMILIES)
def closed(lab, net, backend):
    serve(lab, net, lab.north, 80)
    lab.closing(TproxyStub(lab, net))
    text = ("[firewall]\non-failure = closed\n"
            + rule("alice", "any/*", "bypass", client=lab.alice.at(net)) + rule("rest", "any/*"))
    with rules(lab, text, backend):
        assert ask(lab.alice, net, lab.north.at(net), 80) == "server"
        assert ask(lab.bob, net, lab.north.at(net), 80) == "weir"


@for_each_backend("a service with the same port on both ends gets its answers", families=FAMILIES)
def same_port(lab, net, backend):
    serve(lab, net, lab.north, 123)
    lab.closing(TproxyStub(lab, net))
    text = rule("alice", "udp/123", "bypass", client=lab.alice.at(net)) + rule("ntp", "udp/123")
    with rules(lab, text, backend):
        assert ask_udp(lab.alice, net, lab.north.at(net), 123, source=123) == "server"
        assert ask_udp(lab.bob, net, lab.north.at(net), 123, source=123) == "weir"


@for_each_backend("a client whose port is the listener's gets its answers", families=FAMILIES)
def port_of_listener(lab, net, backend):
    serve(lab, net, lab.north, 80)
    lab.closing(TproxyStub(lab, net))
    here = (lab.alice.at(net), 50080)
    with rules(lab, rule("high", "any/1024-65535", "reject"), backend):
        assert ask_udp(lab.alice, net, lab.north.at(net), 80, source=here[1]) == "server"
        assert ask_tcp(lab.alice, net, lab.north.at(net), 80, source=here) == "server"


@for_each_backend("answers on their way to a server behind the router pass, its clients' packets do not", families=FAMILIES)
def from_outside(lab, net, backend):
    serve(lab, net, lab.alice, 8000)
    lab.closing(TproxyStub(lab, net))
    text = (rule("served", "any/8000", "bypass", destination=lab.alice.at(net))
            + rule("rest", "any/*", "reject"))
    with rules(lab, text, backend):
        assert ask(lab.north, net, lab.alice.at(net), 8000) == "server"
        assert ask(lab.north, net, lab.bob.at(net), 8000) == "refused"


@for_each_backend("a client's datagram to a peer that spoke first, through weir, goes to weir", families=FAMILIES)
def peer_first(lab, net, backend):
    lab.closing(TproxyStub(lab, net))
    with rules(lab, rule("games", "udp/80"), backend):
        with (lab.alice.udp(net) as client,
              transparent(lab.router, net, socket.SOCK_DGRAM, lab.north.at(net), 80) as peer):
            peer.sendto(b"a stranger calls", client.getsockname()[:2])
            assert client.recv(100) == b"a stranger calls"
            if backend == "nft":
                peer.close()  # it need not be there any more
            client.sendto(b"hello stranger", (lab.north.at(net), 80))
            assert client.recv(100).startswith(b"weir")


@for_each_backend("a client's datagram to a peer that spoke first, past weir, is an answer", families=FAMILIES)
def peer_first_past_weir(lab, net, backend):
    lab.closing(TproxyStub(lab, net))
    with rules(lab, rule("games", "udp/80"), backend):
        with lab.alice.udp(net) as client, lab.north.udp(net, 80) as peer:
            peer.sendto(b"a stranger calls", client.getsockname()[:2])
            assert client.recv(100) == b"a stranger calls"
            client.sendto(b"hello stranger", (lab.north.at(net), 80))
            assert peer.recvfrom(100)[0] == b"hello stranger"


@for_each_backend("what is not tracked is no answer, and is intercepted", families=FAMILIES)
def untracked(lab, net, backend):
    serve(lab, net, lab.north, 80)
    lab.closing(TproxyStub(lab, net))
    lab.router.run("nft", "-f", "-", check=True, input=b"""
        table inet others {
            chain in { type filter hook prerouting priority raw; notrack; }
            chain out { type filter hook output priority raw; notrack; }
        }""")
    try:
        with rules(lab, rule("web", "any/80") + rule("no", "any/81", "reject"), backend):
            assert ask(lab.alice, net, lab.north.at(net), 80) == "weir"
            assert ask(lab.alice, net, lab.north.at(net), 81) == "refused"
    finally:
        lab.router.run("nft", "delete", "table", "inet", "others", check=True)


if __name__ == "__main__":
    main()
