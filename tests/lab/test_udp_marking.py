#!/usr/bin/env python3
"""What a datagram's IP header says goes on with it: DSCP and ECN in both directions, and that it may not
be fragmented, which the gateway answers as a router does where the path MTU is too small."""

import contextlib
import errno
import socket

from harness import V6, case, endpoint, eventually, main

EF, ECT0, CE = 0xb8, 0x02, 0x03
MTU_DISCOVER, DO, DONT, MTU = 10, 2, 0, 14


def level(net):
    return net.pick(socket.IPPROTO_IP, socket.IPPROTO_IPV6)


def hear(net, made):
    made.setsockopt(level(net), net.pick(socket.IP_RECVTOS, socket.IPV6_RECVTCLASS), 1)
    return made


def mark(net, made, tos):
    made.setsockopt(level(net), net.pick(socket.IP_TOS, socket.IPV6_TCLASS), tos)


def receive(made):
    data, controls, _, peer = made.recvmsg(70_000, 200)
    return data, controls[0][2][0], peer


def config(lab, net, use, keys=""):
    return (f"[rule all]\non = udp/*\nuse = {use}\n[upstream pool]\ntype = forward\n"
            f"server = {endpoint(lab.north.at(net), 7100)}\n{keys}"
            f"[upstream own]\ntype = direct\n{keys}")


@case("DSCP and ECN of datagrams arrive, in both directions")
def kept(lab, net):
    server = hear(net, lab.closing(lab.north.udp(net, 7100)))
    for use in ("transparent", "direct", "pool"):
        client = hear(net, lab.closing(lab.alice.udp(net)))
        with lab.weir(config(lab, net, use)):
            for up, down in ((0, EF), (EF, 0), (ECT0, CE), (CE, ECT0), (EF | CE, EF | ECT0)):
                mark(net, client, up)
                client.sendto(b"question", (lab.north.at(net), 7100))
                _, tos, peer = receive(server)
                assert tos == up, (use, hex(tos), hex(up))
                mark(net, server, down)
                server.sendto(b"answer", peer)
                _, tos, _ = receive(client)
                assert tos == down, (use, hex(tos), hex(down))


@case("datagrams of one client with different marks that come at once each keep their own")
def mixed(lab, net):
    server = hear(net, lab.closing(lab.north.udp(net, 7100)))
    with lab.weir(config(lab, net, "pool")):
        client = lab.closing(lab.alice.udp(net))
        marks = [tos for tos in (0, EF, ECT0) for _ in range(10)]
        for number, tos in enumerate(marks):
            mark(net, client, tos)
            client.sendto(b"%03d" % number + b"x" * 97, (lab.north.at(net), 7100))
        for _ in marks:
            data, tos, _ = receive(server)
            assert tos == marks[int(data[:3])], (data[:3], hex(tos))


@case("dscp = N marks what goes up, keeps its ECN, and leaves answers alone", only_weir="it is weir's mark")
def fixed(lab, net):
    server = hear(net, lab.closing(lab.north.udp(net, 7100)))
    for use in ("own", "pool"):
        client = hear(net, lab.closing(lab.alice.udp(net)))
        with lab.weir(config(lab, net, use, "dscp = 10\n")):
            for up in (0, EF, EF | CE):
                mark(net, client, up)
                client.sendto(b"question", (lab.north.at(net), 7100))
                _, tos, peer = receive(server)
                assert tos == 10 << 2 | (up & 3), hex(tos)
                mark(net, server, EF)
                server.sendto(b"answer", peer)
                assert receive(client)[1] == EF


@contextlib.contextmanager
def narrow(lab, mtu):
    ends = ((lab.router, "to-north"), (lab.north, "eth0"))
    for host, link in ends:
        host.run("ip", "link", "set", link, "mtu", mtu, check=True)
    try:
        yield
    finally:
        for host, link in ends:
            host.run("ip", "link", "set", link, "mtu", 1500)
        for host in (lab.alice, lab.router):
            host.run("ip", "route", "flush", "cache")
            host.run("ip", "-6", "route", "flush", "cache")


def learns(net, client, size):
    """Sends until the client's kernel says that the datagram is too big; what it knows of the path MTU then."""
    def refused():
        try:
            client.send(b"x" * size)
        except OSError as error:
            assert error.errno == errno.EMSGSIZE, error
            return True
        return False
    eventually(refused, "the client hears that its datagram is too big")
    return client.getsockopt(level(net), net.pick(MTU, socket.IPV6_MTU if hasattr(socket, "IPV6_MTU") else 24))


def fitting(client, payload):
    """Sends what fits; an error that is still to be told belongs to what was sent before."""
    def sent():
        with contextlib.suppress(OSError):
            return client.send(payload)
    eventually(sent, "a datagram that fits is sent")
    return [payload]


@case("a datagram that may not be fragmented and is larger than the path MTU is refused as a router would")
def too_wide(lab, net):
    overhead = net.pick(28, 48)
    for use, backend in (("transparent", "nft"), ("direct", "nft"), ("pool", "nft"), ("direct", "iptables")):
        with narrow(lab, 1400):
            server = lab.closing(lab.north.udp(net, 7100))
            with lab.weir(config(lab, net, use), backend=backend) as weir:
                client = lab.closing(lab.alice.udp(net))
                client.setsockopt(level(net), net.pick(MTU_DISCOVER, 23), DO)
                client.connect((lab.north.at(net), 7100))
                assert learns(net, client, 1500 - overhead) == 1400
                for payload in fitting(client, b"y" * (1400 - overhead)):
                    assert server.recv(2000) == payload
                weir.expect_event("exceeds-mtu")
            server.close()


@case("a datagram that may be fragmented arrives over a path with a small MTU")
def fragmented(lab, net):
    with narrow(lab, 1400):
        server = lab.closing(lab.north.udp(net, 7100))
        with lab.weir(config(lab, net, "transparent")) as weir:
            client = lab.closing(lab.alice.udp(net))
            client.setsockopt(level(net), net.pick(MTU_DISCOVER, 23), DONT)
            # IPv6 hosts fragment what no router does.
            server.settimeout(0.2)
            for size in net.pick((1472, 3000), (3000,)):
                def arrives():
                    client.sendto(b"x" * size, (lab.north.at(net), 7100))
                    with contextlib.suppress(TimeoutError):
                        return server.recv(5000) == b"x" * size
                eventually(arrives, f"a datagram of {size} bytes arrives")
            if weir:
                assert weir.status()["events"].get("exceeds-mtu", 0) == 0


@case("an IPv6 answer that is larger than the client's path MTU is refused as a router would", families=(V6,))
def too_wide_back(lab, net):
    ends = ((lab.router, "lan"), (lab.router, "alice0"), (lab.alice, "eth0"))
    for use in ("transparent", "direct"):
        for host, link in ends:
            host.run("ip", "link", "set", link, "mtu", "1400", check=True)
        try:
            server = lab.closing(lab.north.udp(net, 7100))
            with lab.weir(config(lab, net, use)) as weir:
                client = lab.closing(lab.alice.udp(net))
                client.sendto(b"question", (lab.north.at(net), 7100))
                server.connect(server.recvfrom(100)[1])
                server.setsockopt(socket.IPPROTO_IPV6, 23, DO)
                assert learns(net, server, 1500 - 48) == 1400
                for payload in fitting(server, b"y" * (1400 - 48)):
                    assert client.recv(2000) == payload
                weir.expect_event("exceeds-mtu")
            server.close()
        finally:
            for host, link in ends:
                host.run("ip", "link", "set", link, "mtu", "1500")
            lab.north.run("ip", "-6", "route", "flush", "cache")


if __name__ == "__main__":
    main()
