#!/usr/bin/env python3
"""Proxies that misbehave, each in its own way: every one costs its own flow, ends it with the right
`end` and `error` within timeouts.handshake, and leaves weir as it was. The proxy is a script on east."""

from harness import case, eventually, main
from harness.hostile import OK_HTTP, OK_SOCKS, Script, config, endless, one_by_one, says

POOL = "the servers are proxies, which plain routing does not know"


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
                (says(b"HTTP/1.1 400 \x1b[2Jx\r\n\r\n"), "400 ?[2Jx"),
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
        fails(lab, net, weir, script, says(b"HTTP/1.1 403 No\r\n\r\n"), "403 No", end="connect-failed")
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


if __name__ == "__main__":
    main()
