#!/usr/bin/env python3
"""Timeouts end flows when the configuration says so, and not while something moves."""

import socket

from harness import case, endpoint, eventually, main
from harness.host import read_all, read_exactly

BOTH = """
[rule everything]
on = tcp/*, udp/*
use = transparent

[timeouts]
"""
KERNEL = "plain routing has no such timeout"


def echo(connection):
    while data := connection.recv(65_536):
        connection.sendall(data)


@case("an idle TCP connection is reset on both sides", only_weir=KERNEL)
def tcp_idle(lab, net):
    def ends(connection):
        read_exactly(connection, 2)
        try:
            return connection.recv(1)
        except ConnectionResetError:
            return "reset"

    server = lab.serve(lab.north.listen(net, 7200), ends)
    with lab.weir(BOTH + "tcp-idle = 500ms\n") as weir:
        with lab.alice.connect(net, lab.north.at(net), 7200) as client:
            client.sendall(b"hi")
            try:
                assert client.recv(1) == "reset", "a clean close"
            except ConnectionResetError:
                pass
        record = weir.expect_record(end="idle")
        assert 490 <= record["duration_ms"] < 5_000, record
        assert server.result() == "reset"


@case("a TCP connection that keeps talking outlives tcp-idle", only_weir=KERNEL)
def tcp_busy(lab, net):
    lab.serve(lab.north.listen(net, 7201), echo)
    with lab.weir(BOTH + "tcp-idle = 2s\n") as weir:
        with lab.alice.connect(net, lab.north.at(net), 7201) as client:
            client.sendall(b"x")
            # Talks for longer than the timeout, as often as the echo answers.
            def old_enough():
                assert read_exactly(client, 1) == b"x"
                client.sendall(b"x")
                return weir.flows(protocol="tcp")[0]["duration_ms"] > 4_000
            eventually(old_enough, "the connection is older than its idle timeout")
        weir.expect_record(end=lambda end: end in ("closed", "client-reset"))
        assert not weir.records(end="idle")


@case("a half-closed TCP connection ends after half-closed", only_weir=KERNEL)
def half_closed(lab, net):

    def holds(connection):
        read_all(connection)
        gate.recv(10)

    gate = lab.closing(lab.north.udp(net))
    lab.serve(lab.north.listen(net, 7202), holds)
    with lab.weir(BOTH + "half-closed = 500ms\n") as weir:
        with lab.alice.connect(net, lab.north.at(net), 7202) as client:
            client.shutdown(socket.SHUT_WR)
            try:
                assert client.recv(1) == "reset", "a clean close"
            except ConnectionResetError:
                pass
        weir.expect_record(end="half-closed-timeout")
        gate.sendto(b"go", gate.getsockname())


@case("a UDP flow ends after udp-idle, and its client may come again", only_weir=KERNEL)
def udp_idle(lab, net):
    server = lab.closing(lab.north.udp(net, 7203))
    client = lab.closing(lab.alice.udp(net))
    with lab.weir(BOTH + "udp-idle = 500ms\n") as weir:
        for round_trip in range(2):
            client.sendto(b"ping", (lab.north.at(net), 7203))
            data, peer = server.recvfrom(100)
            server.sendto(b"pong", peer)
            assert client.recv(100) == b"pong"
            eventually(lambda: len(weir.records(protocol="udp", end="idle")) == round_trip + 1,
                       "the flow ends as idle")
        assert len({record["id"] for record in weir.records()}) == 2
        weir.expect_flows(0)


@case("a DNS flow ends about a second after its answer", only_weir=KERNEL)
def dns_answered(lab, net):
    lab.dnsmasq(lab.north)
    with lab.weir(BOTH + "dns-idle = 20s\n") as weir:
        lab.alice.dig(lab.north.at(net), "one.lab.test", net.pick("A", "AAAA"))
        record = weir.expect_record(protocol="udp", destination=endpoint(lab.north.at(net), 53), within=10)
        assert record["end"] == "closed", record
        assert 900 <= record["duration_ms"] < 8_000, record


@case("a DNS flow without an answer ends after dns-idle", only_weir=KERNEL)
def dns_unanswered(lab, net):
    lab.closing(lab.south.udp(net, 53))  # hears and says nothing
    client = lab.closing(lab.alice.udp(net))
    with lab.weir(BOTH + "dns-idle = 1500ms\nudp-idle = 5m\n") as weir:
        client.sendto(b"\x12\x34\x01\x00\x00\x01" + bytes(6) + b"\x01a\x00\x00\x01\x00\x01",
                      (lab.south.at(net), 53))
        record = weir.expect_record(protocol="udp", end="idle")
        assert record["duration_ms"] >= 1_400, record


if __name__ == "__main__":
    main()
