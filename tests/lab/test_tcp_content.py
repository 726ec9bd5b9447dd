#!/usr/bin/env python3
"""TCP content: what real programs send through the router arrives whole, and the server sees the
caller that the upstream's `source` promises."""

import os

from harness import MIB, case, endpoint, main, noise, sha256
from harness.servers import CHECKSUMS, FILES, iperf3, sshd

TRANSPARENT = """
[rule everything]
on = tcp/*
use = transparent
"""
DIRECT = TRANSPARENT.replace("transparent", "direct")


def source_is(source):
    return f"""
        [rule everything]
        on = tcp/*
        use = out

        [upstream out]
        type = direct
        source = {source}
        """


@case("curl fetches 1 byte to 64 MiB unharmed")
def downloads(lab, net):
    lab.nginx(lab.north)
    with lab.weir(TRANSPARENT) as weir:
        for path, size in FILES.items():
            body = lab.alice.curl(net.url(lab.north, path)).stdout
            assert len(body) == size and sha256(body) == CHECKSUMS[path], f"{path}: {len(body)} bytes"
            weir.expect_record(protocol="tcp", end="closed", rule="everything",
                               destination=endpoint(lab.north.at(net), 80),
                               bytes_down=lambda n: n > size)


@case("curl uploads 1 byte to 64 MiB unharmed")
def uploads(lab, net):
    nginx = lab.nginx(lab.north)
    with lab.weir(TRANSPARENT) as weir:
        for path, size in FILES.items():
            there = f"/upload{path}-{net}-{bool(weir)}"
            done = lab.alice.curl("-T", f"{lab.work}/www{path}", net.url(lab.north, there))
            assert done.returncode == 0, done.stderr
            with open(nginx.uploads + there.removeprefix("/upload"), "rb") as file:
                assert sha256(file.read()) == CHECKSUMS[path], path
            os.unlink(nginx.uploads + there.removeprefix("/upload"))
            weir.expect_record(end="closed", bytes_up=lambda n: n > size)


@case("many requests share one connection")
def keepalive(lab, net):
    lab.nginx(lab.north)
    with lab.weir(TRANSPARENT) as weir:
        urls = [net.url(lab.north, "/1KiB")] * 200
        body = lab.alice.curl(*urls).stdout
        assert len(body) == 200 * 1024
        weir.expect_record(end="closed", bytes_down=lambda n: n > 200 * 1024)
        if weir:
            assert len(weir.records()) == 1, weir.records()


@case("ssh carries a large file both ways at once")
def ssh(lab, net):
    server = sshd(lab.north)
    content = noise(16 * MIB, seed=7)
    with lab.weir(TRANSPARENT) as weir:
        done = lab.alice.run("ssh", *server.options, f"root@{lab.north.at(net)}", "cat", input=content)
        assert done.returncode == 0, done.stderr
        assert sha256(done.stdout) == sha256(content)
        weir.expect_record(end="closed", destination=endpoint(lab.north.at(net), 22),
                           bytes_up=lambda n: n > 16 * MIB, bytes_down=lambda n: n > 16 * MIB)


@case("iperf3 sends and receives over several connections")
def bulk(lab, net):
    servers = ((5201, []), (5202, ["--reverse"]), (5203, ["--bidir"]))
    iperf3(lab.north, net, *(port for port, _ in servers))
    with lab.weir(TRANSPARENT):
        for port, direction in servers:
            done = lab.alice.run("iperf3", "-c", lab.north.at(net), "-p", port, "-n", "64M", "-P", "4",
                                 "--connect-timeout", "20000", *direction, timeout=100)
            assert done.returncode == 0, done.stdout.decode() + done.stderr


@case("source=gateway: the server sees the router")
def source_gateway(lab, net):
    whoami(lab, net, source_is("gateway"), "gateway")


@case("source=client: the server sees the client")
def source_client(lab, net):
    whoami(lab, net, source_is("client"), "client")


@case("the built-in transparent shows the client, direct the router")
def builtins(lab, net):
    whoami(lab, net, TRANSPARENT, "client")
    whoami(lab, net, DIRECT, "gateway")


@case("source=ADDRESS: the server sees that address of the router")
def source_address(lab, net):
    address = lab.places.router_lan.at(net)
    whoami(lab, net, source_is(address), address)


@case("source=client:port: the server sees the client's address and port")
def source_client_port(lab, net):
    lab.nginx(lab.north)
    with lab.weir(source_is("client:port")) as weir:
        port = 41_000 + net.version + 100 * bool(weir)
        seen = lab.alice.curl("--local-port", port, net.url(lab.north, "/whoami")).stdout.decode()
        assert seen == f"{lab.alice.at(net)} {port}", seen
        weir.expect_record(source=endpoint(lab.alice.at(net), port),
                           client=endpoint(lab.alice.at(net), port))


@case("source=client:port falls back to the client's address where the port is taken, and counts it")
def source_port_taken(lab, net):
    lab.nginx(lab.north)
    # Two destinations led to one server: the same client port towards both is one 4-tuple there.
    with lab.weir(f"""
            [rule everything]
            on = tcp/80
            use = out

            [upstream out]
            type = forward
            server = {endpoint(lab.north.at(net), 80)}
            source = client:port
            """) as weir:
        first = lab.closing(lab.alice.connect(net, lab.places.north2.at(net), 80,
                                              source=(lab.alice.at(net), 41_500)))
        weir.expect_flows(1, protocol="tcp")
        second = lab.closing(lab.alice.connect(net, lab.places.north3.at(net), 80,
                                               source=(lab.alice.at(net), 41_500)))
        second.sendall(b"GET /whoami HTTP/1.0\r\n\r\n")
        answer = second.recv(4096).decode()
        assert lab.alice.at(net) in answer, answer
        weir.expect_event("source-port-taken")


def whoami(lab, net, config, source):
    lab.nginx(lab.north)
    with lab.weir(config) as weir:
        wanted = weir.source(net, lab.alice, lab.north, source)
        seen = lab.alice.curl(net.url(lab.north, "/whoami")).stdout.decode()
        assert seen.split()[0] == wanted, f"the server saw {seen}, not {wanted}"
        weir.expect_record(source=endpoint(*seen.split()), server_address=endpoint(lab.north.at(net), 80))


if __name__ == "__main__":
    main()
