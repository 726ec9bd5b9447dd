#!/usr/bin/env python3
"""SOCKS5 relays that misbehave: what they must not pass on is dropped and counted, and their end, or
their refusal, is their flows' alone. The relay is a socket on east that the case sends from."""

import contextlib
import socket

from harness import case, endpoint, main
from harness.host import reset
from harness.hostile import PORT, Script, config, says
from harness.relays import Relay

POOL = "the servers are proxies, which plain routing does not know"


@contextlib.contextmanager
def asking(lab, net):
    with lab.alice.udp(net) as client:
        client.connect((lab.north.at(net), 7600))
        client.send(b"question")
        yield client


@case("what a relay must not pass on is dropped and counted, and the flow goes on", only_weir=POOL)
def relay_datagrams(lab, net):
    relay = Relay(lab, net)
    stranger = lab.closing(lab.east.udp(net))
    good = relay.header(lab.north.at(net))
    with lab.weir(config(lab, net, "socks5")) as weir, asking(lab, net) as client:
        data, peer = relay.socket.recvfrom(100)
        assert data == good + b"question", data
        relay.socket.sendto(relay.header(lab.north.at(net), fragment=1) + b"fragment", peer)
        weir.expect_event("relay-fragment")
        for size in range(len(good)):
            relay.socket.sendto(good[:size], peer)
        relay.socket.sendto(b"\0\0\0\x09" + b"x" * 100, peer)
        weir.expect_event("relay-malformed", len(good) + 1)
        relay.socket.sendto(relay.header(lab.south.at(net)) + b"third party", peer)
        relay.socket.sendto(relay.header(lab.north.at(net), 7601) + b"other port", peer)
        stranger.sendto(good + b"stranger", peer)
        weir.expect_event("relay-unexpected-source", 3)
        relay.socket.sendto(good + b"answer", peer)
        assert client.recv(100) == b"answer"
        relay.socket.sendto(good, peer)  # an empty datagram
        assert client.recv(100) == b""


@case("a relay at an unspecified or loopback address is the server's own", only_weir=POOL)
def relay_address(lab, net):
    for address in net.pick(("0.0.0.0", "127.0.0.1"), ("::", "::1")):
        relay = Relay(lab, net, address)
        with lab.weir(config(lab, net, "socks5")), asking(lab, net) as client:
            data, peer = relay.socket.recvfrom(100)
            relay.socket.sendto(data[:-8] + b"answer", peer)
            assert client.recv(100) == b"answer"
        relay.close()


@case("a relay elsewhere than at its server is refused, unless relay = any", only_weir=POOL)
def relay_elsewhere(lab, net):
    bystander = lab.closing(lab.bob.udp(net, 7514))
    relay = Relay(lab, net, lab.bob.at(net), 7514)
    with lab.weir(config(lab, net, "socks5")) as weir, asking(lab, net):
        assert "relay = any" in weir.expect_record(protocol="udp", end="handshake-failed")["error"]
        weir.expect_event("relay-elsewhere")
        weir.expect_flows(0)
    with lab.weir(config(lab, net, "socks5") + "relay = any\n"), asking(lab, net):
        # The first one that bystander hears: nothing came before.
        assert bystander.recvfrom(100)[0] == relay.header(lab.north.at(net)) + b"question"


@case("a relay that cannot be reached, or has no port, ends the flow", only_weir=POOL)
def no_relay(lab, net):
    relay = Relay(lab, net, lab.places.no_route.at(net))
    with lab.weir(config(lab, net, "socks5") + "relay = any\n") as weir:
        with asking(lab, net):
            record = weir.expect_record(protocol="udp")
            assert record["end"] in ("connect-failed", "server-reset"), record
            weir.expect_flows(0)
    relay.close()
    Relay(lab, net, port=0)
    with lab.weir(config(lab, net, "socks5")) as weir, asking(lab, net):
        assert "no port" in weir.expect_record(end="handshake-failed")["error"]


@case("a relay's connection that ends with its answer, or later, ends the flow", only_weir=POOL)
def connection_ends(lab, net):
    for after in (lambda c: c.shutdown(socket.SHUT_WR), reset):
        relay = Relay(lab, net, after=after)
        with lab.weir(config(lab, net, "socks5")) as weir, asking(lab, net):
            assert "relay" in weir.expect_record(protocol="udp", end="server-reset")["error"]
            weir.expect_flows(0)
        relay.close()
        assert relay.associated.is_set()


@case("a relay's connection that never stops talking holds up no flow", only_weir=POOL)
def talkative(lab, net):
    def talk(connection):
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(b"x" * 65536)

    relay = Relay(lab, net, after=talk)
    with lab.weir(config(lab, net, "socks5") + "[gateway]\nworkers = 1\n"), asking(lab, net) as client:
        data, peer = relay.socket.recvfrom(100)
        for number in range(20):
            relay.socket.sendto(data[:-8] + b"%d" % number, peer)
            assert client.recv(100) == b"%d" % number


@case("datagrams for a relay that never opens are kept within bounds, and counted", only_weir=POOL)
def never_opens(lab, net):
    Script(lab, net).does = says(b"", "wait")
    with lab.weir(config(lab, net, "socks5")) as weir, asking(lab, net) as client:
        for _ in range(100):
            with contextlib.suppress(ConnectionRefusedError):
                client.send(b"x" * 100)
        weir.expect_event("relay-queue-full")
        record = weir.expect_record(protocol="udp", end="handshake-failed")
        assert record["error"] == "no answer within timeouts.handshake", record
        weir.expect_event("handshake-timeout")


@case("servers that refuse the relay, one after the other, count no flow afterwards", only_weir=POOL)
def none_relays(lab, net):
    Script(lab, net).does = says(b"\x05\x00\x05\x07")
    text = config(lab, net, "socks5").replace("retries = 0", "retries = 3")
    text += f"server = p2={endpoint(lab.east.at(net), PORT)}\n"
    with lab.weir(text) as weir, asking(lab, net):
        weir.expect_record(protocol="udp", end="handshake-failed", attempts=2)
        for server in ("p1", "p2"):
            assert weir.metric("weir_server_flows", server=server) == 0, server
            assert weir.metric("weir_server_failures_total", server=server) == 1, server


if __name__ == "__main__":
    main()
