#!/usr/bin/env python3
"""What strangers and absent clients can do to a client's UDP flows through a mapping: nothing of its own
is refused, ended or said in another's name, and others hear their answers."""

import socket
import struct
import threading

from harness import V4, case, endpoint, eventually, main
from harness.hostile import PORT
from harness.relays import Relay

IP_TRANSPARENT, IPV6_TRANSPARENT = 19, 75
OWN = "the mapping is weir's"
DIRECT = "[rule all]\non = udp/*\nuse = direct\n"


def events(weir, reason):
    return weir.status()["events"].get(reason, 0)


class Forger:
    """UDP datagrams from any IPv4 address, by a raw socket of `host`."""

    def __init__(self, lab, host):
        with host.inside():
            self.raw = lab.closing(socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW))

    def send(self, source, destination, payload=b"x"):
        udp = struct.pack("!HHHH", source[1], destination[1], 8 + len(payload), 0) + payload
        header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0,
                             socket.inet_aton(source[0]), socket.inet_aton(destination[0]))
        self.raw.sendto(header + udp, (destination[0], 0))


@case("strangers fill nothing of a client's limit, and leave no record", families=(V4,), only_weir=OWN)
def strangers(lab, net):
    server = lab.closing(lab.north.udp(net, 7100))
    client = lab.closing(lab.alice.udp(net))
    text = DIRECT + "[limits]\nmax-flows = 400\nmax-flows-per-client = 40\n[gateway]\nworkers = 1\n"
    with lab.weir(text) as weir:
        client.sendto(b"hello", server.getsockname())
        _, outer = server.recvfrom(100)
        forger = Forger(lab, lab.north)
        for number in range(150):
            forger.send((f"10.7.{number % 7}.{1 + number % 250}", 1024 + number), outer)
        weir.expect_event("peer-unanswered", 150 - 64)
        others = [lab.closing(lab.north.udp(net)) for _ in range(30)]
        for other in others:
            client.sendto(b"mine", other.getsockname())
            assert other.recvfrom(100) == (b"mine", outer)
        assert events(weir, "max-flows-per-client") == 0
        # One of the strangers that are remembered is answered, and is a flow like any other.
        for _ in range(150):
            data, stranger = client.recvfrom(100)
        assert stranger == ("10.7.2.150", 1024 + 149), stranger
        client.sendto(b"who are you?", ("10.7.2.150", 1024 + 149))
        assert not weir.records()


@case("an ICMP error ends neither the mapping nor a flow that has had answers")
def icmp_ends_nothing(lab, net):
    closed = lab.closing(lab.north.udp(net))
    nobody = closed.getsockname()[:2]
    closed.close()
    server = lab.closing(lab.north.udp(net))
    for use in ("direct", "transparent"):
        with lab.weir(f"[rule all]\non = udp/*\nuse = {use}\n") as weir:
            client = lab.closing(lab.alice.udp(net))
            client.sendto(b"hello", server.getsockname()[:2])
            _, before = server.recvfrom(100)
            other = lab.closing(lab.alice.udp(net))
            other.connect(nobody)
            other.send(b"anybody?")
            eventually(lambda: other.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), "the client hears the error")
            other.connect(server.getsockname()[:2])
            other.send(b"then you")
            _, first = server.recvfrom(100)
            if weir:
                record = weir.expect_record(end="connect-failed")
                assert record["source"].endswith(f":{first[1]}"), (record["source"], first)
            # A flow with answers: its server goes away for a moment.
            server.sendto(b"answer", before)
            assert client.recv(100) == b"answer"
            address = server.getsockname()
            server.close()
            client.sendto(b"are you there?", address[:2])
            if weir:
                weir.expect_event("icmp-from-server", 2)
            server = lab.closing(lab.north.udp(net, address[1]))
            client.sendto(b"there you are", address[:2])
            assert server.recvfrom(100) == (b"there you are", before)
            if weir:
                assert not weir.records(end="server-reset")


@case("no stranger speaks in the name of the router or of a client's neighbour", only_weir=OWN)
def names_of_neighbours(lab, net):
    relay = Relay(lab, net)
    text = ("[rule r]\non = udp/7600\nuse = office\n[upstream office]\ntype = socks5\nmapping = per-client\n"
            f"server = {endpoint(lab.east.at(net), PORT)}\n")
    with lab.weir(text) as weir:
        client = lab.closing(lab.alice.udp(net))
        client.sendto(b"question", (lab.north.at(net), 7600))
        _, peer = relay.socket.recvfrom(100)
        for name in (lab.places.router_lan.at(net), lab.bob.at(net), net.pick("127.0.0.1", "::1"),
                     net.pick("169.254.1.1", "fe80::1")):
            relay.socket.sendto(relay.header(name, 53) + b"lie", peer)
        weir.expect_event("peer-local", 3)
        weir.expect_event("invalid-destination")  # loopback
        relay.socket.sendto(relay.header(net.pick("10.9.9.9", "2001:db8::9"), 53) + b"from afar", peer)
        data, source = client.recvfrom(100)
        assert (data, source[0]) == (b"from afar", net.pick("10.9.9.9", "2001:db8::9"))
        # Whom the client has written to is heard, wherever he is.
        client.sendto(b"neighbour?", (lab.bob.at(net), 7600))


@case("a datagram in a neighbour's name does not reach the client", families=(V4,), only_weir=OWN)
def forged_neighbour(lab, net):
    server = lab.closing(lab.north.udp(net, 7100))
    client = lab.closing(lab.alice.udp(net))
    with lab.weir(DIRECT) as weir:
        client.sendto(b"hello", server.getsockname())
        _, outer = server.recvfrom(100)
        Forger(lab, lab.north).send((lab.bob.v4, 445), outer, b"lie")
        weir.expect_event("peer-local")
        server.sendto(b"answer", outer)
        assert client.recv(100) == b"answer"


@case("answers to clients that are not there cost the others nothing", limit=60)
def absent_clients(lab, net):
    lab.respond(lab.north.udp(net, 7100), lambda data, peer: data + b"z" * 300)
    honest = lab.closing(lab.bob.udp(net))
    honest.settimeout(5)
    absent = [lab.closing(lab.alice.socket(net.af, socket.SOCK_DGRAM)) for _ in range(100)]
    for number, one in enumerate(absent):
        one.setsockopt(*net.pick((socket.IPPROTO_IP, IP_TRANSPARENT), (socket.IPPROTO_IPV6, IPV6_TRANSPARENT)), 1)
        one.bind((net.pick("192.0.2.{}", "fd00:192:0:2::a{}").format(100 + number), 0))
    with lab.weir("[gateway]\nworkers = 1\n[rule all]\non = udp/7100\nuse = transparent\n[log]\nflows = none\n") as weir:
        over = threading.Event()

        def ghosts():
            while not over.is_set():
                for one in absent:
                    one.sendto(b"ghost", (lab.north.at(net), 7100))
                over.wait(0.2)  # 500 a second
        task = lab.task(ghosts)
        try:
            for number in range(300):
                honest.sendto(b"%d" % number, (lab.north.at(net), 7100))
                assert honest.recv(1000).startswith(b"%d" % number)
        finally:
            over.set()
            task.result()
        if weir:
            assert events(weir, "send-buffer-full") == 0


if __name__ == "__main__":
    main()
