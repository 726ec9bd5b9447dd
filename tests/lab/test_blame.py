#!/usr/bin/env python3
"""A server is blamed on evidence: no client takes a healthy one away from the others, by asking it for what
no server can do or by sending what no server answers."""

import os

from harness import case, endpoint, eventually, main
from harness.host import read_exactly

OWN = "plain routing knows no servers"
GONE = (ConnectionResetError, ConnectionRefusedError)


def proxy(lab, net, bad):
    """A SOCKS5 server that fails at targets on the ports of `bad` (port: what it says; nothing: it hangs up)."""
    def serve(connection):
        size = 4 + net.pick(4, 16) + 2
        read_exactly(connection, 3)
        connection.sendall(b"\x05\x00")
        request = read_exactly(connection, size)
        port = int.from_bytes(request[-2:])
        if port in bad:
            connection.sendall(bad[port])
            return
        connection.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00by proxy")
    return lab.serve(lab.east.listen(net, 1080), serve)


def config(lab, net):
    return f"""
[gateway]
workers = 1
[upstream office]
type = socks5
server = {endpoint(lab.east.at(net), 1080)}
eject-after = 3
eject-time = 1h
[upstream out]
type = group
members = office, direct
[rule web]
on = tcp/7700-7799
use = out
"""


def heard(lab, net, client, port):
    """What a client hears of that port; None: a reset."""
    try:
        with client.connect(net, lab.north.at(net), port) as made:
            return made.recv(100)
    except GONE:
        return None


@case("a client that asks a proxy for what it cannot do sends neither itself nor others past it", only_weir=OWN)
def past_the_proxy(lab, net):
    for port in (7700, 7701, 7702):
        lab.serve(lab.north.listen(net, port), lambda connection: connection.sendall(b"directly"))
    proxy(lab, net, {7701: b"\x05\x01\x00\x01\x00\x00\x00\x00\x00\x00", 7702: b""})
    with lab.weir(config(lab, net)) as weir:
        for port in (7701, 7702):
            assert heard(lab, net, lab.bob, 7700) == b"by proxy"
            for _ in range(8):
                assert heard(lab, net, lab.alice, port) is None
            assert heard(lab, net, lab.bob, 7700) == b"by proxy"
        assert weir.control.json("/v1/upstreams")["upstreams"][0]["servers"][0]["state"] == "up"
        assert not weir.records(upstream="direct")


@case("a proxy that fails at every target is out of use after a few", only_weir=OWN)
def broken_proxy(lab, net):
    for port in range(7710, 7720):
        lab.serve(lab.north.listen(net, port), lambda connection: connection.sendall(b"directly"))
    proxy(lab, net, dict.fromkeys(range(7710, 7720), b"\x05\x01\x00\x01\x00\x00\x00\x00\x00\x00"))
    with lab.weir(config(lab, net)) as weir:
        for port in range(7710, 7720):
            heard(lab, net, lab.alice, port)
        assert weir.control.json("/v1/upstreams")["upstreams"][0]["servers"][0]["state"] == "ejected"
        assert heard(lab, net, lab.alice, 7719) == b"directly"


QUESTION = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01"


@case("junk on port 53, which no name server answers, takes no server out", only_weir=OWN)
def junk(lab, net):
    def answer(data, _):
        return data[:2] + b"\x81\x80" + data[4:] if len(data) >= 12 and not data[2] & 0x80 else None
    for host in (lab.east, lab.south):
        lab.respond(host.udp(net, 53), answer)
    with lab.weir(f"""
            [gateway]
            workers = 1
            [upstream names]
            type = forward
            server = one={endpoint(lab.east.at(net), 53)}
            server = two={endpoint(lab.south.at(net), 53)} backup
            eject-after = 3
            eject-time = 1h
            [timeouts]
            udp-idle = 300ms
            [rule dns]
            on = udp/53
            use = names
            """) as weir:
        target = (lab.north.at(net), 53)

        def ask():
            client = lab.closing(lab.bob.udp(net))
            client.sendto(QUESTION, target)
            assert client.recv(100)[2:4] == b"\x81\x80"
        ask()
        for _ in range(30):
            lab.closing(lab.alice.udp(net)).sendto(os.urandom(8), target)
        eventually(lambda: len(weir.records(end="idle")) >= 30, "all of it has ended")
        ask()
        one, two = weir.control.json("/v1/upstreams")["upstreams"][0]["servers"]
        assert one["state"] == "up" and two["flows_total"] == 0, (one, two)


@case("a name server that answers others is not blamed for the question that it leaves open", only_weir=OWN)
def open_question(lab, net):
    lab.respond(lab.east.udp(net, 53), lambda data, _: None if b"\x07nowhere" in data else data[:2] + b"\x81\x80" + data[4:])
    with lab.weir(f"""
            [gateway]
            workers = 1
            [upstream names]
            type = forward
            server = {endpoint(lab.east.at(net), 53)}
            eject-after = 2
            eject-time = 1h
            [timeouts]
            dns-idle = 1s
            [rule dns]
            on = udp/53
            use = names
            """) as weir:
        target = (lab.north.at(net), 53)
        for _ in range(10):
            lab.closing(lab.alice.udp(net)).sendto(
                QUESTION[:12] + b"\x07nowhere\x00\x00\x01\x00\x01", target)

        def others_are_answered():
            client = lab.closing(lab.bob.udp(net))
            client.sendto(QUESTION, target)
            assert client.recv(100)
            return len(weir.records(end="idle")) >= 10
        eventually(others_are_answered, "the open questions have ended")
        assert weir.control.json("/v1/upstreams")["upstreams"][0]["servers"][0]["state"] == "up"


if __name__ == "__main__":
    main()
