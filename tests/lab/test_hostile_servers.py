#!/usr/bin/env python3
"""Proxies that misbehave, each in its own way: every one costs its own flow, ends it with the right
`end` and `error` within timeouts.handshake, and leaves weir as it was. The proxy is a script on east."""

import contextlib
import socket
import struct
import threading

from harness import case, endpoint, eventually, main
from harness.host import reset

POOL = "the servers are proxies, which plain routing does not know"
PORT = 1080
OK_SOCKS = b"\x05\x00" + b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"
OK_HTTP = b"HTTP/1.1 200 OK\r\nVia: x\r\n\r\n"


def config(lab, net, kind, on="any/7600"):
    if kind == "http-connect":
        on = on.replace("any", "tcp")
    return (f"[timeouts]\nhandshake = 1s\n[rule r]\non = {on}\nuse = office\n[upstream office]\n"
            f"type = {kind}\nserver = p1={endpoint(lab.east.at(net), PORT)}\nretries = 0\n")


class Script:
    """What the proxy does with the next connections; set by the case."""

    def __init__(self, lab, net):
        self.does = None
        self.server = lab.serve(lab.east.listen(net, PORT), lambda connection: self.does(connection))


def says(words, then="close"):
    def script(connection):
        with contextlib.suppress(OSError):
            connection.sendall(words)
            if then == "close":
                connection.shutdown(socket.SHUT_WR)
            if then == "reset":
                connection.recv(1)
                return reset(connection)
            while connection.recv(65536):  # until weir gives up
                pass
    return script


def endless(start, piece):
    def script(connection):
        with contextlib.suppress(OSError):
            connection.sendall(start)
            while True:
                connection.sendall(piece)
    return script


def one_by_one(words, payload):
    def script(connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(len(words)):
            connection.sendall(words[number:number + 1])
        connection.sendall(payload)
        while connection.recv(65536):
            pass
    return script


def attempt(lab, net):
    """What a client hears: bytes, or None for RST."""
    try:
        with lab.alice.connect(net, lab.north.at(net), 7600) as made:
            return made.recv(100)
    except (ConnectionResetError, ConnectionRefusedError):
        return None


def last_record(weir, before):
    """The one record that is there now besides those before."""
    return eventually(lambda: weir.records()[before:], "a record")[0]


def fails(lab, net, weir, script, does, error, end="handshake-failed"):
    script.does = does
    before = len(weir.records())
    assert attempt(lab, net) is None
    record = last_record(weir, before)
    assert record["end"] == end and error in record["error"], record


def well(lab, net, weir, script, words):
    script.does = one_by_one(words, b"220 hello")
    before = len(weir.records())
    heard = attempt(lab, net)
    assert heard and b"220 hello".startswith(heard), heard
    last_record(weir, before)


@case("a SOCKS5 server that talks nonsense costs one flow", only_weir=POOL)
def socks(lab, net):
    script = Script(lab, net)
    gone = "the server closed the connection"
    with lab.weir(config(lab, net, "socks5")) as weir:
        well(lab, net, weir, script, OK_SOCKS)
        weir.expect_flows(0)
        before = weir.descriptors()
        for does, error in (
                (says(b"\xde\xad\xbe\xef" * 1000), "version 222"),
                (says(b"\x04\x5a"), "version 4"),
                (says(b"\x05\xff"), "wants a user name and password"),
                (says(b"\x05\x02"), "method 0x02, which was not offered"),
                (says(b"\x05\x00\x05\x07"), "command not supported"),
                (says(b"\x05\x00\x05\x00\x00\x09"), "address type 9"),
                (says(b"", "reset"), "onnection reset"),
                (says(b"\x05\x00", "reset"), "onnection"),
                (endless(b"", b"\x00" * 65536), "version 0"),
                (says(b"", "wait"), "no answer within timeouts.handshake"),
                (says(b"\x05\x00\x05\x00", "wait"), "no answer within timeouts.handshake")):
            fails(lab, net, weir, script, does, error)
        for size in range(len(OK_SOCKS)):
            fails(lab, net, weir, script, says(OK_SOCKS[:size]), gone)
        weir.expect_flows(0)
        eventually(lambda: weir.descriptors() <= before, "no descriptor is left over")
        well(lab, net, weir, script, OK_SOCKS)


@case("an HTTP proxy that talks nonsense costs one flow", only_weir=POOL)
def http(lab, net):
    script = Script(lab, net)
    with lab.weir(config(lab, net, "http-connect")) as weir:
        well(lab, net, weir, script, OK_HTTP)
        weir.expect_flows(0)
        before = weir.descriptors()
        for does, error in (
                (says(b"\x05\xff"), "not an HTTP proxy"),
                (says(b"SSH-2.0-x\r\n", "wait"), "not an HTTP proxy: it answers 'SSH-2.0-x'"),
                (says(b"HTTP/1.1 abc\r\n\r\n"), "malformed answer"),
                (says(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n"), "302 Found"),
                (says(b"HTTP/1.1 403 \x1b[2Jx\r\n\r\n"), "403 ?[2Jx"),
                (says(b"HTTP/1.1 200 OK\r\nA: \0\r\n\r\n"), "NUL"),
                (endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 1000), "longer than 64 KiB"),
                (endless(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 65536), "longer than 64 KiB"),
                (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000), "longer than 64 KiB"),
                (says(b"HTTP/1.1 200 OK\r\n", "wait"), "no answer within timeouts.handshake"),
                (says(b"", "reset"), "onnection reset")):
            fails(lab, net, weir, script, does, error)
        for size in range(0, len(OK_HTTP), 3):
            fails(lab, net, weir, script, says(OK_HTTP[:size]), "the server closed the connection")
        fails(lab, net, weir, script, says(b"HTTP/1.1 504\r\n\r\n"), "504", end="connect-failed")
        weir.expect_flows(0)
        eventually(lambda: weir.descriptors() <= before, "no descriptor is left over")
        well(lab, net, weir, script, OK_HTTP)


@case("payload glued to the last answer reaches the client, also with the end behind it", only_weir=POOL)
def glued(lab, net):
    script = Script(lab, net)
    for kind, words in (("socks5", OK_SOCKS), ("http-connect", OK_HTTP)):
        with lab.weir(config(lab, net, kind)) as weir:
            script.does = says(words + b"220 hello")
            with lab.alice.connect(net, lab.north.at(net), 7600) as made:
                assert made.recv(100) == b"220 hello"
                assert made.recv(100) == b""
            weir.expect_record(end="closed", bytes_down=9)


# UDP: the relay is a socket on east that the case sends from.

class Relay:
    def __init__(self, lab, net, address=None, port=None, after=lambda connection: None):
        self.net = net
        self.socket = lab.closing(lab.east.udp(net))
        self.associated = threading.Event()
        self.connection = None
        port = self.socket.getsockname()[1] if port is None else port
        bound = socket.inet_pton(net.af, address or lab.east.at(net))

        def serve(connection):
            self.connection = connection
            connection.recv(100)
            connection.sendall(b"\x05\x00")
            connection.recv(100)
            connection.sendall(b"\x05\x00\x00" + net.pick(b"\x01", b"\x04") + bound + struct.pack("!H", port))
            self.associated.set()
            after(connection)
            with contextlib.suppress(OSError):
                while connection.recv(65536):
                    pass
        lab.serve(lab.east.listen(net, PORT), serve)

    def header(self, address, port=7600, fragment=0):
        return (bytes([0, 0, fragment]) + self.net.pick(b"\x01", b"\x04")
                + socket.inet_pton(self.net.af, address) + struct.pack("!H", port))


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
        weir.expect_event("relay-stranger", 3)
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
        lab._closing.pop().close()  # the port is for the next one


@case("a relay that nobody can reach, or has no port, ends the flow", only_weir=POOL)
def no_relay(lab, net):
    Relay(lab, net, lab.places.no_route.at(net))
    with lab.weir(config(lab, net, "socks5")) as weir:
        with asking(lab, net):
            record = weir.expect_record(protocol="udp")
            assert record["end"] in ("connect-failed", "server-reset"), record
            weir.expect_flows(0)
    lab._closing.pop().close()
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
        lab._closing.pop().close()
        assert relay.associated.is_set()


@case("a relay's connection that never stops talking holds nobody up", only_weir=POOL)
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
        weir.expect_event("waiting-too-many")
        record = weir.expect_record(protocol="udp", end="handshake-failed")
        assert record["error"] == "no answer within timeouts.handshake", record
        weir.expect_event("handshake-timeout")


if __name__ == "__main__":
    main()
