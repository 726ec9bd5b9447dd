#!/usr/bin/env python3
"""What the firewall's rules do to packets, with both backends. A small listener stands in for the
gateway, so that a failure here is the firewall's."""

import functools
import socket

from harness import case, eventually, main
from tproxy_stub import PORT, TproxyStub, ask, ask_tcp, ask_udp, refuser, rules, serve, transparent

WHY = "without rules there is nothing to see"
BACKENDS = ("nft", "iptables")
BYPASS = 0x2  # the standard bypass-mark


def with_rules(name, backends=BACKENDS, **options):
    """A case that runs once for each backend."""
    def declare(function):
        for backend in backends:
            case(f"{name} ({backend})", only_weir=WHY, **options)(
                functools.partial(function, backend=backend))
        return function
    return declare


# Else what no rule matches passes, on ports that only bypass, reject and drop name.
DECIDES_ALL = "[gateway]\ndefault = transparent\n"

def rule(name, on, use="transparent", **conditions):
    lines = [f"[rule {name}]", f"on = {on}", f"use = {use}"]
    return "\n".join(lines + [f"{key} = {value}" for key, value in conditions.items()]) + "\n"


@with_rules("a named port is intercepted with its destination, other ports pass")
def named(lab, net, backend):
    serve(lab, net, lab.north, 80, 81, 8000, 8101)
    lab.closing(TproxyStub(lab, net))
    north = lab.north.at(net)
    with rules(lab, rule("web", "any/80, any/8000-8100"), backend):
        assert ask(lab.alice, net, north, 80) == "weir"
        assert ask(lab.alice, net, north, 8000) == "weir"
        assert ask(lab.alice, net, north, 81) == "server"
        assert ask(lab.alice, net, north, 8101) == "server"


@with_rules("the first rule that matches decides, in the gateway or in the firewall")
def order(lab, net, backend):
    serve(lab, net, lab.north, 80)
    serve(lab, net, lab.south, 80)
    lab.closing(TproxyStub(lab, net))
    alice, bob = lab.alice, lab.bob
    text = (rule("one", "any/80", client=alice.at(net), destination=lab.north.at(net))
            + rule("two", "any/80", "bypass", client=alice.at(net))
            + rule("three", "any/80", destination=lab.south.at(net))
            + rule("four", "any/80", "reject"))
    with rules(lab, text, backend):
        assert ask(alice, net, lab.north.at(net), 80) == "weir"
        assert ask(alice, net, lab.south.at(net), 80) == "server"
        assert ask(bob, net, lab.south.at(net), 80) == "weir"
        assert ask(bob, net, lab.north.at(net), 80) == "refused"


@with_rules("a list with negation holds for the clients that are in it and not excepted")
def negation(lab, net, backend):
    serve(lab, net, lab.north, 80, 81, 82)
    lab.closing(TproxyStub(lab, net))
    lan = net.pick("192.0.2.0/24", "fd00:192:0:2::/64")
    text = (DECIDES_ALL + rule("all-but-bob", "any/80", "bypass", client=f"{lan}, !{lab.bob.at(net)}")
            + rule("none-of-this-family", "any/81", "bypass",
                   client=net.pick("fd00::/8", "192.0.2.0/24"))
            + rule("not-the-other-family", "any/82", "bypass",
                   client=net.pick("!fd00::/8", "!192.0.2.0/24")))
    with rules(lab, text, backend):
        north = lab.north.at(net)
        assert ask(lab.alice, net, north, 80) == "server"
        assert ask(lab.bob, net, north, 80) == "weir"
        assert ask(lab.alice, net, north, 81) == "weir"
        assert ask(lab.alice, net, north, 82) == "server"


@with_rules("reject refuses at once, drop stays silent")
def verdicts(lab, net, backend):
    serve(lab, net, lab.north, 80, 81)
    text = rule("no", "any/80", "reject") + rule("hush", "any/81", "drop")
    with rules(lab, text, backend):
        assert ask(lab.alice, net, lab.north.at(net), 80) == "refused"
        assert ask(lab.alice, net, lab.north.at(net), 81) == "silence"


@with_rules("a refused datagram is answered from the address it was sent to", ("nft",))
def refusal_source(lab, net, backend):
    with rules(lab, rule("no", "udp/80, udp/90-95", "reject"), backend):
        for port in (80, 92):
            assert refuser(lab.alice, net, lab.north.at(net), port) == lab.north.at(net)


@with_rules("a default that the firewall can decide is decided there")
def default(lab, net, backend):
    serve(lab, net, lab.north, 80)
    lab.closing(TproxyStub(lab, net))
    web = rule("web", "any/80", client=lab.alice.at(net))
    for use, wanted in (("bypass", "server"), ("reject", "refused"), ("drop", "silence")):
        with rules(lab, f"[gateway]\ndefault = {use}\n" + web, backend):
            assert ask(lab.alice, net, lab.north.at(net), 80) == "weir"
            assert ask(lab.bob, net, lab.north.at(net), 80) == wanted


@with_rules("excluded destinations and the router's own addresses are not intercepted")
def exclude(lab, net, backend):
    serve(lab, net, lab.north, 80)
    serve(lab, net, lab.south, 80)
    serve(lab, net, lab.router, 80)
    serve(lab, net, lab.router, 80, address=lab.places.router_south.at(net))
    lab.closing(TproxyStub(lab, net))
    text = f"[firewall]\nexclude = {lab.south.at(net)}\n" + rule("web", "any/80")
    with rules(lab, text, backend):
        assert ask(lab.alice, net, lab.north.at(net), 80) == "weir"
        assert ask(lab.alice, net, lab.south.at(net), 80) == "server"
        assert ask(lab.alice, net, lab.router.at(net), 80) == "server"
        assert ask(lab.alice, net, lab.places.router_south.at(net), 80) == "server"
        assert ask(lab.router, net, lab.router.at(net), 80) == "server"  # through lo
        assert ask(lab.router, net, lab.north.at(net), 80) == "server"


@with_rules("with local-services the router's addresses are intercepted, its own flows are not")
def local_services(lab, net, backend):
    serve(lab, net, lab.north, 80)
    serve(lab, net, lab.router, 80)
    lab.closing(TproxyStub(lab, net))
    text = "[firewall]\ninterfaces = lan\nlocal-services = yes\n" + rule("all", "any/*")
    with rules(lab, text, backend):
        # Answers to the router's own flows come to ports that the rule names.
        assert ask(lab.router, net, lab.north.at(net), 80) == "server"
        assert ask(lab.router, net, lab.router.at(net), 80) == "server"
        assert ask(lab.alice, net, lab.router.at(net), 80) == "weir"
        assert ask(lab.alice, net, lab.north.at(net), 80) == "weir"


@with_rules("only packets from the interfaces named are intercepted")
def interfaces(lab, net, backend):
    serve(lab, net, lab.north, 80, 81)
    lab.closing(TproxyStub(lab, net))
    web = DECIDES_ALL + rule("web", "any/80") + rule("lan", "any/81", "bypass", interface="lan")
    north = lab.north.at(net)
    with rules(lab, web, backend):
        assert ask(lab.alice, net, north, 80) == "weir"
        assert ask(lab.south, net, north, 80) == "weir"
        assert ask(lab.alice, net, north, 81) == "server"
        assert ask(lab.south, net, north, 81) == "weir"
    with rules(lab, "[firewall]\ninterfaces = lan, none0\n" + web, backend):
        assert ask(lab.alice, net, north, 80) == "weir"
        assert ask(lab.south, net, north, 80) == "server"


@with_rules("while weir is down, on-failure = open lets traffic pass", ("nft",))
def failure_open(lab, net, backend):
    serve(lab, net, lab.north, 80)
    # The second rule must not get what the first one intercepts.
    text = rule("web", "any/80", client=lab.alice.at(net)) + rule("no", "any/80", "reject")
    with rules(lab, text, backend):
        assert ask(lab.alice, net, lab.north.at(net), 80) == "server"
        weir = TproxyStub(lab, net)
        assert ask(lab.alice, net, lab.north.at(net), 80) == "weir"
        weir.close()
        assert ask(lab.alice, net, lab.north.at(net), 80) == "server"
        assert ask(lab.bob, net, lab.north.at(net), 80) == "refused"


@with_rules("while weir is down, on-failure = closed refuses at once", ("nft",))
def failure_closed(lab, net, backend):
    serve(lab, net, lab.north, 80)
    with rules(lab, "[firewall]\non-failure = closed\n" + rule("web", "any/80"), backend):
        assert ask(lab.alice, net, lab.north.at(net), 80) == "refused"
        assert refuser(lab.alice, net, lab.north.at(net), 80) == lab.north.at(net)
        weir = TproxyStub(lab, net)
        assert ask(lab.alice, net, lab.north.at(net), 80) == "weir"
        weir.close()
        assert ask(lab.alice, net, lab.north.at(net), 80) == "refused"


@with_rules("iptables alone can only drop while weir is down", ("iptables",))
def failure_of_iptables(lab, net, backend):
    serve(lab, net, lab.north, 80)
    with rules(lab, rule("web", "any/80"), backend):
        assert ask(lab.alice, net, lab.north.at(net), 80) == "silence"


@with_rules("mark bits of others are preserved")
def marks(lab, net, backend):
    serve(lab, net, lab.north, 80, 81)
    lab.closing(TproxyStub(lab, net))
    lab.router.run("nft", "-f", "-", check=True, input=b"""
        table inet others {
            counter intercepted { }
            counter bypassed { }
            chain first { type filter hook prerouting priority raw;
                          iifname lan meta mark set 0xabc00008; }
            chain in { type filter hook input priority 0;
                       meta mark 0xabc00108 counter name intercepted; }
            chain through { type filter hook forward priority 0;
                            meta mark 0xabc00008 counter name bypassed; }
        }""")
    try:
        text = ("[firewall]\nmark = 0x100/0xf00\nbypass-mark = 0x1000/0xf000\n"
                + rule("web", "any/80") + rule("let", "any/81", "bypass", client=lab.alice.at(net)))
        with rules(lab, text, backend):
            assert ask(lab.alice, net, lab.north.at(net), 80) == "weir"
            assert ask(lab.alice, net, lab.north.at(net), 81) == "server"
            for counter in ("intercepted", "bypassed"):
                shown = lab.router.run("nft", "list", "counter", "inet", "others", counter).stdout
                assert b"packets 0 " not in shown, shown.decode()
    finally:
        lab.router.run("nft", "delete", "table", "inet", "others", check=True)


@with_rules("answers to a client's address reach the bypass-marked socket that asked")
def spoofed(lab, net, backend):
    serve(lab, net, lab.north, 7)
    lab.closing(TproxyStub(lab, net))
    # The client's port is one that the rule names: the answer looks like a new flow.
    with rules(lab, rule("web", "any/7, any/5000"), backend):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with transparent(lab.router, net, kind, lab.alice.at(net), 5000, BYPASS) as sock:
                sock.connect((lab.north.at(net), 7))
                if kind == socket.SOCK_DGRAM:
                    sock.send(b"?")
                assert sock.recv(100) == b"server"
        # One that is not connected, as an endpoint-independent mapping has it.
        with transparent(lab.router, net, socket.SOCK_DGRAM, lab.alice.at(net), 5000, BYPASS) as sock:
            sock.sendto(b"?", (lab.north.at(net), 7))
            assert sock.recv(100) == b"server"


@with_rules("an ICMP error about a spoofed flow reaches the socket")
def spoofed_icmp(lab, net, backend):
    with rules(lab, rule("web", "any/80"), backend):
        with transparent(lab.router, net, socket.SOCK_DGRAM, lab.alice.at(net), 5001, BYPASS) as sock:
            sock.connect((lab.north.at(net), 9))
            sock.send(b"?")
            try:
                sock.recv(10)
                assert False, "no answer should come"
            except ConnectionRefusedError:
                pass


@with_rules("the socket that replies leave from does not take later datagrams")
def reply_sockets(lab, net, backend):
    lab.closing(TproxyStub(lab, net))
    with rules(lab, rule("web", "any/80"), backend):
        for client in (lab.alice, lab.bob, lab.alice):
            assert ask_udp(client, net, lab.north.at(net), 80) == "weir"


@with_rules("the listener does not take what goes to its port elsewhere")
def listener_port(lab, net, backend):
    serve(lab, net, lab.north, PORT)
    lab.closing(TproxyStub(lab, net))
    with rules(lab, rule("web", "any/80"), backend):
        assert ask(lab.alice, net, lab.north.at(net), PORT) == "server"


@with_rules("a datagram in fragments is intercepted whole")
def fragments(lab, net, backend):
    lab.closing(TproxyStub(lab, net))
    with rules(lab, rule("web", "udp/80"), backend):
        payload = bytes(net.largest_datagram)
        assert ask_udp(lab.alice, net, lab.north.at(net), 80, payload) == "weir"


@with_rules("a live connection goes on when its rule becomes a bypass, a reject or a drop")
def live(lab, net, backend):
    weir = lab.closing(TproxyStub(lab, net))
    with rules(lab, rule("web", "tcp/80"), backend) as apply:
        with lab.alice.connect(net, lab.north.at(net), 80) as connection:
            assert connection.recv(100).startswith(b"weir")
            for use in ("bypass", "reject", "drop"):
                apply(rule("web", "tcp/80", use))
                connection.sendall(b"still there?")
                assert weir.connections[0].recv(100) == b"still there?"
                weir.connections[0].sendall(b"yes")
                assert connection.recv(100) == b"yes"


@with_rules("no flow escapes or fails while the rules are replaced")
def replaced(lab, net, backend):
    serve(lab, net, lab.north, 80)
    lab.closing(TproxyStub(lab, net))
    one = rule("web", "any/80") + rule("other", "any/81", "bypass")
    two = rule("let", "any/81", "reject") + rule("web", "any/80")
    with rules(lab, one, backend) as apply:
        answers = lab.task(lambda: [ask(lab.alice, net, lab.north.at(net), 80) for _ in range(300)])
        times = 0
        while not answers.done or times < 10:
            apply(two if times % 2 == 0 else one)
            times += 1
        assert set(answers.result()) == {"weir"}, answers.result()


@with_rules("a client may use its port again while weir's side is in TIME_WAIT")
def reuse(lab, net, backend):
    serve(lab, net, lab.north, 80)
    weir = lab.closing(TproxyStub(lab, net))
    here, there = (lab.alice.at(net), 6000), (lab.north.at(net), 80)
    with rules(lab, rule("web", "tcp/80"), backend) as apply:
        with lab.alice.connect(net, *there, source=here) as connection:
            assert connection.recv(100).startswith(b"weir")
            weir.connections[0].shutdown(socket.SHUT_WR)  # who closes first, waits
            assert connection.recv(100) == b""
        apply(rule("web", "tcp/80", "bypass"))
        # The gateway takes it once more, and would forward it as the rule says.
        assert ask_tcp(lab.alice, net, *there, source=here) == "weir"
        assert ask_tcp(lab.alice, net, *there) == "server"


@with_rules("a connection forwarded with the ports of one in TIME_WAIT comes about")
def heal(lab, net, backend):
    serve(lab, net, lab.north, 80)
    here, there = (lab.alice.at(net), 6001), (lab.north.at(net), 80)
    with rules(lab, rule("web", "tcp/80", "bypass"), backend):
        with transparent(lab.router, net, socket.SOCK_STREAM, *here, BYPASS) as sock:
            sock.connect(there)
            assert sock.recv(100) == b"server"
            sock.shutdown(socket.SHUT_WR)
            assert sock.recv(100) == b""
        def connects():
            return ask_tcp(lab.alice, net, *there, source=here) == "server"
        eventually(connects, "the client gets through with that port", within=10)


if __name__ == "__main__":
    main()
