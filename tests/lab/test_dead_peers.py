#!/usr/bin/env python3
"""A peer that vanishes without a word (a power cut, a cable) is noticed, and the other one hears of it."""

import contextlib
import socket
import threading

from harness import case, eventually, main
from harness.host import read_exactly
from harness.net import FAMILIES

CONFIG = """
[rule everything]
on = tcp/*
use = transparent
"""
KERNEL = "plain routing leaves it to the two peers"


@contextlib.contextmanager
def vanished(host):
    """The host neither hears nor says anything."""
    host.run("nft", "-f", "-", check=True, input=b"""table inet gone {
        chain input { type filter hook input priority -300; policy drop; }
        chain output { type filter hook output priority -300; policy drop; }
    }""")
    try:
        yield
    finally:
        host.run("nft", "delete", "table", "inet", "gone", check=True)


def greets(connection):
    connection.sendall(b"hello")
    with contextlib.suppress(OSError):
        while connection.recv(65_536):
            pass


def greeted(lab, net, port):
    client = lab.closing(lab.alice.connect(net, lab.north.at(net), port))
    assert read_exactly(client, 5) == b"hello"
    return client


def expect_reset(connection):
    try:
        assert connection.recv(1) == "a reset", "a clean close"
    except ConnectionResetError:
        pass


@case("a quiet flow, and one that only the client speaks in, hear that their server has vanished",
      families=(None,), only_weir=KERNEL)
def vanishes(lab):
    for net in FAMILIES:
        lab.serve(lab.north.listen(net, 7300), greets)
    with lab.weir(CONFIG + "[timeouts]\nkeepalive = 1s\n") as weir:
        quiet = [greeted(lab, net, 7300) for net in FAMILIES]
        speaking = [greeted(lab, net, 7300) for net in FAMILIES]
        over = threading.Event()

        def speak():
            while not over.wait(0.1):
                for client in speaking:
                    with contextlib.suppress(OSError):
                        client.send(b"are you there?")

        speaker = lab.task(speak)
        with vanished(lab.north):
            for client in quiet + speaking:
                expect_reset(client)
            over.set()
            speaker.result()
            for net in FAMILIES:
                records = eventually(
                    lambda: (found := weir.records(destination=lambda to: lab.north.at(net) in to))
                    and len(found) == 2 and found, "both flows are over")
                for record in records:
                    assert record["end"] == "server-reset", record
                    assert record["error"] == "Connection timed out", record
                    assert record["duration_ms"] < 20_000, record


@case("a client that vanishes is noticed likewise", families=(None,), only_weir=KERNEL)
def client_vanishes(lab):
    ended = threading.Semaphore(0)

    def waits(connection):
        try:
            connection.recv(1)
        except ConnectionResetError:
            ended.release()

    for net in FAMILIES:
        lab.serve(lab.north.listen(net, 7301), waits)
    with lab.weir(CONFIG + "[timeouts]\nkeepalive = 1s\n") as weir:
        for net in FAMILIES:
            lab.closing(lab.alice.connect(net, lab.north.at(net), 7301))
        weir.expect_flows(2)
        with vanished(lab.alice):
            for _ in FAMILIES:
                assert ended.acquire(timeout=30), "the server heard nothing"
        for record in weir.records():
            assert (record["end"], record["error"]) == ("client-reset", "Connection timed out"), record


@case("with a client that probes by itself, weir probes the server as often", families=(None,),
      only_weir=KERNEL)
def follows(lab):
    for net in FAMILIES:
        lab.serve(lab.north.listen(net, 7302), greets)
    with lab.weir(CONFIG) as weir:
        clients = [greeted(lab, net, 7302) for net in FAMILIES]
        for client in clients:
            for option, value in ((socket.TCP_KEEPIDLE, 2), (socket.TCP_KEEPINTVL, 1)):
                client.setsockopt(socket.IPPROTO_TCP, option, value)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        with vanished(lab.north):
            for client in clients:
                client.settimeout(60)
                expect_reset(client)
        for record in weir.records():
            assert record["end"] == "server-reset", record
            assert record["duration_ms"] < 50_000, record  # timeouts.keepalive alone would take 90 s


@case("a reader that pauses for longer than probes take is no dead one", only_weir=KERNEL,
      families=(None,))
def pauses(lab):
    size = 24 << 20

    def pours(connection):
        connection.sendall(bytes(size))
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)

    for net in FAMILIES:
        lab.serve(lab.north.listen(net, 7303), pours)
    with lab.weir(CONFIG + "[timeouts]\nkeepalive = 1s\n") as weir:
        clients = [lab.closing(lab.alice.connect(net, lab.north.at(net), 7303)) for net in FAMILIES]
        eventually(lambda: len(flows := weir.flows()) == 2 and all(
            flow["duration_ms"] > 9_000 for flow in flows), "the flows outlive many probes")
        for client in clients:
            read_exactly(client, size)


if __name__ == "__main__":
    main()
