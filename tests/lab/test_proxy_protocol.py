#!/usr/bin/env python3
"""The PROXY protocol, read by real servers: nginx, HAProxy, MariaDB, Postfix, and dnsdist for
datagrams. Each has to see the client and the destination that the client asked for."""

import socket
import struct

from harness import V4, V6, case, endpoint, eventually, main
from harness.proxies import dnsdist, haproxy, mariadb, nginx_proxied, postfix

POOL = "forward goes where plain routing does not"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def config(lab, net, port, *, on, version, host=None, kind="forward", **keys):
    server = f"server = s1={endpoint((host or lab.north).at(net), port)}\n" if kind == "forward" else ""
    return (f"[rule r]\non = {on}\nuse = told\n[upstream told]\ntype = {kind}\n{server}"
            f"proxy-protocol = {version}\n"
            + "".join(f"{key.replace('_', '-')} = {value}\n" for key, value in keys.items()))


def parsed(header):
    """(client, destination, TLVs by number, what follows) of a version 2 header."""
    assert header[:12] == SIGNATURE and header[12] == 0x21, header
    size, = struct.unpack("!H", header[14:16])
    body, rest = header[16:16 + size], header[16 + size:]
    net = V4 if header[13] >> 4 == 1 else V6
    width = net.pick(4, 16)

    client, destination = (socket.inet_ntop(net.af, body[n * width:(n + 1) * width]) for n in (0, 1))
    ports = struct.unpack("!HH", body[2 * width:2 * width + 4])
    tlvs, left = {}, body[2 * width + 4:]
    while left:
        length, = struct.unpack("!H", left[1:3])
        tlvs[left[0]] = left[3:3 + length]
        left = left[3 + length:]
    return endpoint(client, ports[0]), endpoint(destination, ports[1]), tlvs, rest


@case("nginx learns the client and the destination from either version", only_weir=POOL)
def nginx(lab, net):
    lab.shared(nginx_proxied, lab.north)
    for version in ("v1", "v2"):
        with lab.weir(config(lab, net, 8081, on="tcp/80", version=version)) as weir:
            seen = lab.bob.curl(net.url(lab.places.swallowed.at(net))).stdout.decode().split()
            record = weir.expect_record(end="closed")
            assert endpoint(seen[0], seen[1]) == record["client"], (seen, record)
            assert endpoint(seen[2], seen[3]) == record["destination"], (seen, record)


@case("haproxy learns them too, with a checksum and the record's id", only_weir=POOL)
def haproxy_sees(lab, net):
    lab.shared(haproxy, lab.north)
    for version, keys in (("v1", {}), ("v2", {}), ("v2", {"proxy-protocol-crc32c": "yes"})):
        with lab.weir(config(lab, net, 8082, on="tcp/80", version=version, **keys)) as weir:
            seen = lab.alice.curl(net.url(lab.places.swallowed.at(net))).stdout.decode().split()
            assert seen[:2] == [lab.alice.at(net), lab.places.swallowed.at(net)], seen
            record = weir.expect_record(end="closed")
            assert version == "v1" or seen[2] == record["id"], (seen, record)


@case("the header is the first thing sent, alone, while the client is silent", only_weir=POOL)
def at_once(lab, net):
    def serve(connection):
        header = connection.recv(65536)  # one write of the header's size, before any payload
        connection.sendall(b"220 hello\r\n")
        return header, connection.recv(100)

    server = lab.serve(lab.north.listen(net, 7600), serve)
    for kind in ("forward", "direct"):
        with lab.weir(config(lab, net, 7600, on="tcp/7600", version="v2", kind=kind)) as weir:
            with lab.alice.connect(net, lab.north.at(net), 7600) as made:
                assert made.recv(100) == b"220 hello\r\n"
                made.sendall(b"QUIT")
                header, payload = server.result(len(server.tasks) - 1)
            record = weir.expect_record(end=lambda end: end in ("closed", "server-reset"))
            client, destination, tlvs, rest = parsed(header)
            assert (client, destination) == (record["client"], record["destination"]), header
            assert tlvs == {5: record["id"].encode()} and rest == b"" and payload == b"QUIT", header


@case("an IPv4 client of an IPv6 server stays an IPv4 client, and the other way round", only_weir=POOL)
def other_family(lab, net):
    lab.shared(nginx_proxied, lab.north)
    other = V6 if net is V4 else V4
    with lab.weir(config(lab, other, 8081, on="tcp/80", version="v2")):
        seen = lab.alice.curl(net.url(lab.places.swallowed.at(net))).stdout.decode().split()
        assert (seen[0], seen[2]) == (lab.alice.at(net), lab.places.swallowed.at(net)), seen


@case("MariaDB greets first, and its process list shows the client", only_weir=POOL, limit=180)
def database(lab, net):
    routers = [lab.places.router_north.v4, lab.places.router_north.v6]
    lab.shared(mariadb, lab.north, routers)
    for version in ("v1", "v2"):
        with lab.weir(config(lab, net, 3306, on="tcp/3306", version=version)):
            asked = lab.alice.run("mariadb", "--no-defaults", "-h", lab.places.swallowed.at(net), "-u", "any",
                                  "-px", "-N", "-e", "select host from information_schema.processlist "
                                  "where id = connection_id()")
            assert asked.returncode == 0, asked.stderr
            assert asked.stdout.decode().rsplit(":", 1)[0] == lab.alice.at(net), asked.stdout


@case("Postfix greets first, and its log names the client", only_weir=POOL)
def mail(lab, net):
    server = lab.shared(postfix, lab.north)
    with lab.weir(config(lab, net, 2525, on="tcp/25", version="v1")):
        with lab.alice.connect(net, lab.places.swallowed.at(net), 25) as made:
            assert made.recv(200).startswith(b"220 "), "no greeting"
            made.sendall(b"QUIT\r\n")
            made.recv(100)

        def logged():
            with open(server.maillog) as log:
                return f"connect from unknown[{lab.alice.at(net)}]" in log.read()
        eventually(logged, "postfix logs the client")


@case("dnsdist learns from every datagram who asks", only_weir=POOL)
def dns(lab, net):
    lab.dnsmasq(lab.north)
    server = lab.shared(dnsdist, lab.north, f"{lab.north.v4}:53")
    with lab.weir(config(lab, net, 5300, on="udp/53", version="v2")):
        for _ in range(2):
            answer = lab.alice.dig(lab.places.swallowed.at(net), "www.lab.test", "A")
            assert "status: NOERROR" in answer, answer

        def logged():
            with open(server.queries) as log:
                return lab.alice.at(net) in log.read()
        eventually(logged, "dnsdist logs the client")


@case("datagrams carry the header each, or the first alone, and answers come bare", only_weir=POOL)
def datagrams(lab, net):
    heard = []

    def answer(data, peer):
        heard.append(data)
        return b"answer"

    lab.respond(lab.north.udp(net, 7600), answer)
    for which, headed in (("every", [True] * 3), ("first", [True, False, False])):
        for kind in ("forward", "direct"):
            heard.clear()
            text = config(lab, net, 7600, on="udp/7600", version="v2", kind=kind, proxy_protocol_udp=which)
            with lab.weir(text) as weir:
                with lab.alice.udp(net) as client:
                    client.connect((lab.north.at(net), 7600))
                    for number in range(3):
                        client.send(b"%d" % number)
                        assert client.recv(100) == b"answer"
                    live = weir.flows(protocol="udp")[0]
                assert [data.startswith(SIGNATURE) for data in heard] == headed, heard
                source, destination, tlvs, rest = parsed(heard[0])
                assert (source, destination) == (live["client"], live["destination"]), live
                assert tlvs[5].decode() == live["id"] and rest == b"0", live
                assert heard[2].endswith(b"2")


@case("a datagram that only the header makes too long for one packet is counted, and arrives",
      only_weir=POOL)
def too_long(lab, net):
    lab.respond(lab.north.udp(net, 7600), lambda data, peer: data[-10:] + b"%d" % len(data))
    size = 1500 - net.pick(28, 48)
    for kind in ("forward", "direct"):
        with lab.weir(config(lab, net, 7600, on="udp/7600", version="v2", kind=kind)) as weir:
            with lab.alice.udp(net) as client:
                client.connect((lab.north.at(net), 7600))
                client.send(b"x" * size)
                assert client.recv(100).startswith(b"x" * 10)
                weir.expect_event("exceeds-mtu")


if __name__ == "__main__":
    main()
