#!/usr/bin/env python3
"""Datagrams: every size whole, one for one, in both directions; ICMP errors; many flows."""

import errno
import select

from harness import case, deadline, endpoint, eventually, main, noise
from harness.servers import iperf3
from harness.wait import TIMEOUT

TRANSPARENT = """
[rule everything]
on = udp/*
use = transparent
"""
DIRECT = TRANSPARENT.replace("transparent", "direct")


@case("datagrams of 0 bytes to the largest pass whole, both ways")
def sizes(lab, net):
    server = lab.closing(lab.north.udp(net, 7300))
    client = lab.closing(lab.alice.udp(net))
    client.connect((lab.north.at(net), 7300))
    lengths = [0, 1, 512, 1_232, 1_472, 1_473, 9_000, 32_768, net.largest_datagram]
    with lab.weir(TRANSPARENT + "[timeouts]\nudp-idle = 2s\n") as weir:
        for length in lengths:
            up, down = noise(length, seed=length + 1), noise(length, seed=length + 2)
            client.send(up)
            data, peer = server.recvfrom(70_000)
            assert data == up, f"{length} bytes up arrived as {len(data)}"
            assert peer[0] == lab.alice.at(net)
            server.sendto(down, peer)
            data = client.recv(70_000)
            assert data == down, f"{length} bytes down arrived as {len(data)}"
        weir.expect_record(protocol="udp", bytes_up=sum(lengths), bytes_down=sum(lengths),
                           packets_up=len(lengths), packets_down=len(lengths))


@case("an empty datagram alone opens a flow")
def empty_first(lab, net):
    server = lab.closing(lab.north.udp(net, 7301))
    client = lab.closing(lab.alice.udp(net))
    with lab.weir(DIRECT + "[timeouts]\nudp-idle = 1s\n") as weir:
        client.sendto(b"", (lab.north.at(net), 7301))
        data, peer = server.recvfrom(10)
        assert data == b""
        server.sendto(b"", peer)
        assert client.recvfrom(10)[1][:2] == (lab.north.at(net), 7301)
        weir.expect_record(protocol="udp", bytes_up=0, bytes_down=0, packets_up=1, packets_down=1)


@case("ICMP port unreachable from a closed server port reaches the client")
def port_unreachable(lab, net):
    for config in (TRANSPARENT, DIRECT):
        with lab.weir(config) as weir:
            client = lab.closing(lab.alice.udp(net))
            client.connect((lab.north.at(net), 7399))
            client.send(b"anybody?")
            assert error_of(client) == errno.ECONNREFUSED
            weir.expect_event("icmp-from-server")


@case("a datagram to a closed port does not disturb the next one")
def port_opens(lab, net):
    with lab.weir(DIRECT):
        client = lab.closing(lab.alice.udp(net))
        client.connect((lab.north.at(net), 7302))
        client.send(b"too early")
        assert error_of(client) == errno.ECONNREFUSED
        server = lab.closing(lab.north.udp(net, 7302))
        client.send(b"in time")
        data, peer = server.recvfrom(100)
        assert data == b"in time"
        server.sendto(b"yes", peer)
        assert client.recv(100) == b"yes"


@case("iperf3 sends and receives datagrams without loss at a modest rate")
def rate(lab, net):
    servers = ((5201, []), (5202, ["--reverse"]))
    iperf3(lab.north, net, *(port for port, _ in servers))
    config = TRANSPARENT.replace("udp/*", "any/5201-5202")
    with lab.weir(config) as weir:
        for port, direction in servers:
            done = lab.alice.run("iperf3", "-c", lab.north.at(net), "-p", port, "-u", "-b", "20M", "-l",
                                 "1200", "-t", "2", "-w", "2M", "--connect-timeout", "20000", *direction,
                                 "--json", timeout=100)
            assert done.returncode == 0, done.stdout.decode() + done.stderr
        weir.expect_flows(0, protocol="tcp")
        if weir:
            seen = weir.flows(protocol="udp") + weir.records()
            assert sum(flow["packets_up"] for flow in seen if flow["protocol"] == "udp") > 1_000


@case("long flows in both directions keep all their datagrams")
def long_flow(lab, net):
    """A reply socket must never take over the client's later datagrams."""
    server = lab.closing(lab.north.udp(net, 7303))
    client = lab.closing(lab.alice.udp(net))
    client.connect((lab.north.at(net), 7303))
    with lab.weir(TRANSPARENT + "[timeouts]\nudp-idle = 2s\n") as weir:
        for number in range(2_000):
            client.send(b"up %d" % number)
            data, peer = server.recvfrom(100)
            assert data == b"up %d" % number
            server.sendto(b"down %d" % number, peer)
            assert client.recv(100) == b"down %d" % number
        weir.expect_record(protocol="udp", packets_up=2_000, packets_down=2_000)


@case("2,000 flows from one client each get their own replies")
def many_flows(lab, net):
    count = 2_000
    server = lab.closing(lab.north.udp(net, 7304))
    clients = [lab.closing(lab.alice.udp(net)) for _ in range(count)]
    with lab.weir(TRANSPARENT + "[limits]\nmax-flows-per-client = 2000\n") as weir:
        for number, client in enumerate(clients):
            client.sendto(b"%d" % number, (lab.north.at(net), 7304))
            data, peer = server.recvfrom(100)
            assert data == b"%d" % number
            server.sendto(data + b"!", peer)
        for number, client in enumerate(clients):
            data, peer = client.recvfrom(100)
            assert data == b"%d!" % number and peer[:2] == (lab.north.at(net), 7304)
        weir.expect_flows(count, limit=5_000)


@case("bursts of many clients are answered in full")
def burst(lab, net):
    """Batches of datagrams of several flows, taken from one recvmmsg, stay apart."""
    server = lab.closing(lab.north.udp(net, 7305))
    clients = [lab.closing(host.udp(net)) for host in (lab.alice, lab.bob) for _ in range(16)]

    def echo(total):
        for _ in range(total):
            data, peer = server.recvfrom(3_000)
            server.sendto(data, peer)

    with lab.weir(TRANSPARENT):
        for size in (1, 100, 1_200):
            echoing = lab.task(echo, len(clients) * 8)
            for turn in range(8):
                for number, client in enumerate(clients):
                    client.sendto(noise(size, seed=turn * 100 + number), (lab.north.at(net), 7305))
            for number, client in enumerate(clients):
                got = sorted(client.recv(3_000) for _ in range(8))
                assert got == sorted(noise(size, seed=turn * 100 + number) for turn in range(8))
            echoing.result()


def error_of(client):
    """Waits for the socket's pending error."""
    until = deadline(TIMEOUT)
    select.select([client], [], [], until.left)
    try:
        client.recv(100)
    except OSError as error:
        return error.errno
    return 0


if __name__ == "__main__":
    main()
