#!/usr/bin/env python3
"""The socks5 policy against real servers: danted with TCP and UDP, microsocks with a password,
ssh -D. The servers sit on east and, as proxies do, call north themselves."""

from harness import KIB, MIB, V4, case, endpoint, eventually, main
from harness.proxies import (DANTED, MICROSOCKS, PASSWORD, SSH, USER, danted, microsocks, password_file,
                             ssh_socks)
from harness.servers import CHECKSUMS, sshd
from harness.payload import sha256

POOL = "a proxy goes where plain routing does not"


def config(lab, net, port, *, on="any/7600, tcp/80, udp/53", host=None, **keys):
    return (f"[firewall]\ninterfaces = lan\n[rule r]\non = {on}\nuse = office\n"
            f"[upstream office]\ntype = socks5\nserver = p1={endpoint((host or lab.east).at(net), port)}\n"
            + "".join(f"{key.replace('_', '-')} = {value}\n" for key, value in keys.items()))


def auth(**keys):
    return {"username": USER, "password-file": password_file(), **keys}


def whoami(lab, net):
    return lab.alice.curl(net.url(lab.north, "/whoami"))


def refused(lab, net, address=None, port=7600):
    """Connects and expects RST, not a clean close."""
    try:
        with lab.alice.connect(net, address or lab.north.at(net), port) as made:
            assert made.recv(1), "a clean close"
            raise AssertionError("an answer")
    except (ConnectionResetError, ConnectionRefusedError):
        pass


@case("a page arrives whole through danted, and danted is seen calling", only_weir=POOL)
def page(lab, net):
    lab.nginx(lab.north)
    lab.shared(danted, lab.east, net)
    with lab.weir(config(lab, net, DANTED)) as weir:
        assert whoami(lab, net).stdout.split()[0].decode() == lab.east.at(net)
        for path in ("/1KiB", "/1MiB"):
            assert sha256(lab.alice.curl(net.url(lab.north, path)).stdout) == CHECKSUMS[path]
        record = weir.expect_record(end="closed", bytes_down=lambda n: n > MIB)
        assert record["upstream"] == "office" and record["server"] == "p1", record
        assert record["server_address"] == endpoint(lab.east.at(net), DANTED), record
        assert record["destination"] == endpoint(lab.north.at(net), 80), record
        assert record["handshake_ms"] >= record["connect_ms"] >= 0, record


@case("a server that speaks first is heard through danted, and FIN passes each way", only_weir=POOL)
def speaks_first(lab, net):
    def greet(connection):
        connection.sendall(b"220 hello\r\n")
        heard = bytearray()
        while piece := connection.recv(65536):
            heard += piece
        connection.sendall(sha256(heard).encode())

    lab.serve(lab.north.listen(net, 7600), greet)
    lab.shared(danted, lab.east, net)
    with lab.weir(config(lab, net, DANTED)):
        with lab.alice.connect(net, lab.north.at(net), 7600) as made:
            assert made.recv(100) == b"220 hello\r\n"
            made.sendall(b"x" * (256 * KIB))
            made.shutdown(1)
            assert made.recv(100).decode() == sha256(b"x" * (256 * KIB))


@case("UDP goes through danted's relay, each datagram whole, from the original destination",
      only_weir=POOL)
def datagrams(lab, net):
    responder = lab.respond(lab.north.udp(net, 7600), lambda data, peer: data)
    lab.shared(danted, lab.east, net)
    with lab.weir(config(lab, net, DANTED)) as weir:
        with lab.alice.udp(net) as client:
            client.connect((lab.north.at(net), 7600))
            for size in (1, 100, 1200, 1400, 4000):
                client.send(bytes([size % 251]) * size)
                assert client.recv(65536) == bytes([size % 251]) * size
        assert {address for address, _ in responder.peers} == {lab.east.at(net)}
        weir.expect_flows(1, protocol="udp")
        live = weir.flows(protocol="udp")[0]
        assert live["server"] == "p1" and live["packets_up"] == live["packets_down"] == 5, live


@case("datagrams sent before the relay is open are kept and arrive in order", only_weir=POOL)
def burst(lab, net):
    heard = []
    lab.respond(lab.north.udp(net, 7600), lambda data, peer: heard.append(data))
    lab.shared(danted, lab.east, net)
    with lab.weir(config(lab, net, DANTED)):
        with lab.alice.udp(net) as client:
            client.connect((lab.north.at(net), 7600))
            for number in range(20):
                client.send(b"%d" % number)
            eventually(lambda: len(heard) == 20, "all datagrams arrive")
        assert heard == [b"%d" % number for number in range(20)]


@case("DNS is answered through danted, over UDP and TCP", only_weir=POOL)
def dns(lab, net):
    lab.dnsmasq(lab.north)
    lab.shared(danted, lab.east, net)
    with lab.weir(config(lab, net, DANTED, on="any/53")):
        for how in ("+notcp", "+tcp"):
            assert "status: NOERROR" in lab.alice.dig(lab.north.at(net), "www.lab.test", "A", how)


# danted 1.4.2 answers from only one peer of an IPv6 association, whichever client asks it.
@case("with mapping = per-client one relay serves all that a client's port sends", families=(V4,),
      only_weir=POOL)
def per_client(lab, net):
    peers = [lab.respond(host.udp(net, 7600), lambda data, peer: data).peers
             for host in (lab.north, lab.south)]
    lab.shared(danted, lab.east, net)
    with lab.weir(config(lab, net, DANTED, mapping="per-client")):
        with lab.alice.udp(net) as client:
            for host in (lab.north, lab.south):
                client.sendto(b"who", (host.at(net), 7600))
                assert client.recvfrom(100)[1][0] == host.at(net)
        assert peers[0] == peers[1], peers


@case("the end of the relay's connection ends its flows", only_weir=POOL)
def relay_ends(lab, net):
    lab.respond(lab.north.udp(net, 7600), lambda data, peer: data)
    proxy = danted(lab.south, net)
    with lab.weir(config(lab, net, DANTED, host=lab.south)) as weir:
        with lab.alice.udp(net) as client:
            client.connect((lab.north.at(net), 7600))
            client.send(b"x")
            assert client.recv(10) == b"x"
            proxy.stop()
            record = weir.expect_record(protocol="udp", end="server-reset")
            assert "relay" in record["error"], record
        weir.expect_flows(0)


@case("a target that refuses is the target's failure: RST, connect-failed, no second attempt",
      only_weir=POOL)
def target_refuses(lab, net):
    lab.shared(danted, lab.east, net)
    with lab.weir(config(lab, net, DANTED)) as weir:
        refused(lab, net, port=7600)
        record = weir.expect_record(end="connect-failed", attempts=1)
        assert record["error"] == "SOCKS5: connection refused", record
        weir.expect_event("target-unreachable")
        assert weir.metric("weir_server_failures_total", upstream="office") == 0


@case("microsocks takes the user name and password", only_weir=POOL)
def password(lab, net):
    lab.nginx(lab.north)
    lab.shared(microsocks, lab.east, net)
    with lab.weir(config(lab, net, MICROSOCKS, **auth())) as weir:
        assert whoami(lab, net).stdout.split()[0].decode() == lab.east.at(net)
        # Nothing that weir says tells the password.
        explained = weir.cli("explain", "-c", weir.config, "tcp", lab.alice.at(net),
                             endpoint(lab.north.at(net), 80)).stdout.decode()
        assert "p1" in explained, explained
        said = explained + "".join(weir.control.get(path)[1] for path in (
            "/v1/status", "/v1/upstreams", "/v1/rules", "/v1/flows", "/metrics"))
        with open(weir.log) as log:
            said += log.read()
        assert PASSWORD not in said and USER not in said.replace("router_", "")


@case("a wrong password, or none, ends the flow as handshake-failed", only_weir=POOL)
def wrong_password(lab, net):
    lab.shared(microsocks, lab.east, net)
    for keys, error in (
            ({"username": USER, "password": "wrong"}, "SOCKS5: user name or password refused"),
            ({}, "SOCKS5: the server wants a user name and password")):
        with lab.weir(config(lab, net, MICROSOCKS, **keys)) as weir:
            refused(lab, net)
            assert weir.expect_record(end="handshake-failed")["error"] == error
            weir.expect_event("handshake-failed")


@case("a changed password file is read at reload, and one that every user may read is refused",
      families=(None,), only_weir=POOL)
def new_password(lab):
    lab.nginx(lab.north)
    lab.shared(microsocks, lab.east, V4)
    keys = auth()
    password_file("wrong\n")
    with lab.weir(config(lab, V4, MICROSOCKS, **keys)) as weir:
        refused(lab, V4, port=80)
        password_file()
        assert weir.reload().returncode == 0
        assert whoami(lab, V4).returncode == 0
        password_file(mode=0o644)
        reload = weir.reload()
        assert reload.returncode != 0 and "every user may read" in reload.stdout.decode() + reload.stderr
        assert whoami(lab, V4).returncode == 0
    password_file()


@case("a server without UDP says so, and the client hears it", only_weir=POOL)
def no_udp(lab, net):
    lab.shared(microsocks, lab.east, net)
    with lab.weir(config(lab, net, MICROSOCKS, **auth())) as weir:
        with lab.alice.udp(net) as client:
            client.connect((lab.north.at(net), 7600))
            client.send(b"x")
            try:
                raise AssertionError(client.recv(10))
            except ConnectionRefusedError:
                pass
        record = weir.expect_record(protocol="udp", end="handshake-failed")
        assert record["error"] == "SOCKS5: command not supported", record


@case("with pipeline = yes danted and ssh -D are asked at once", only_weir=POOL)
def pipeline(lab, net):
    lab.nginx(lab.north)
    server = lab.shared(sshd, lab.east)
    lab.shared(danted, lab.east, net)
    lab.shared(ssh_socks, lab.east, server.options, net)
    lab.respond(lab.north.udp(net, 7600), lambda data, peer: data)
    for port in (DANTED, SSH):
        with lab.weir(config(lab, net, port, pipeline="yes")):
            assert sha256(lab.alice.curl(net.url(lab.north, "/1MiB")).stdout) == CHECKSUMS["/1MiB"], port
            if port == DANTED:
                with lab.alice.udp(net) as client:
                    client.connect((lab.north.at(net), 7600))
                    client.send(b"x")
                    assert client.recv(10) == b"x"


@case("with pipeline = yes a server that throws away what it has not asked for is not waited for long",
      only_weir=POOL)
def no_pipeline(lab, net):
    lab.shared(microsocks, lab.east, net)
    text = config(lab, net, MICROSOCKS, pipeline="yes", **auth()) + "[timeouts]\nhandshake = 500ms\n"
    with lab.weir(text) as weir:
        refused(lab, net)
        record = weir.expect_record(end="handshake-failed")
        assert record["error"] == "no answer within timeouts.handshake", record


@case("ssh -D carries TCP", only_weir=POOL)
def ssh(lab, net):
    lab.nginx(lab.north)
    server = lab.shared(sshd, lab.east)
    lab.shared(ssh_socks, lab.east, server.options, net)
    with lab.weir(config(lab, net, SSH)) as weir:
        assert sha256(lab.alice.curl(net.url(lab.north, "/1MiB")).stdout) == CHECKSUMS["/1MiB"]
        with lab.alice.udp(net) as client:
            client.connect((lab.north.at(net), 7600))
            client.send(b"x")
            assert weir.expect_record(protocol="udp", end="handshake-failed")["error"]


if __name__ == "__main__":
    main()
