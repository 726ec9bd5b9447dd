#!/usr/bin/env python3
"""The http-connect policy against real proxies: squid, and tinyproxy with a password. They sit on
east and call north themselves."""

from harness import KIB, MIB, V4, case, endpoint, main
from harness.payload import sha256
from harness.proxies import PASSWORD, SQUID, TINYPROXY, USER, password_file, squid, tinyproxy
from harness.servers import CHECKSUMS

POOL = "a proxy goes where plain routing does not"


def config(lab, net, port, *, on="tcp/7600, tcp/80", **keys):
    return (f"[firewall]\ninterfaces = lan\n[rule r]\non = {on}\nuse = office\n[upstream office]\n"
            f"type = http-connect\nserver = p1={endpoint(lab.east.at(net), port)}\n"
            + "".join(f"{key.replace('_', '-')} = {value}\n" for key, value in keys.items()))


def refused(lab, net, port=7600):
    """Connects and expects RST, not a clean close."""
    try:
        with lab.alice.connect(net, lab.north.at(net), port) as made:
            assert made.recv(1), "a clean close"
            raise AssertionError("an answer")
    except (ConnectionResetError, ConnectionRefusedError):
        pass


@case("a page arrives whole through squid, and squid is seen calling", only_weir=POOL)
def page(lab, net):
    lab.nginx(lab.north)
    lab.shared(squid, lab.east, net)
    with lab.weir(config(lab, net, SQUID)) as weir:
        seen = lab.alice.curl(net.url(lab.north, "/whoami")).stdout.decode()
        assert seen.split()[0] == lab.east.at(net), seen
        for path in ("/1KiB", "/1MiB"):
            assert sha256(lab.alice.curl(net.url(lab.north, path)).stdout) == CHECKSUMS[path]
        record = weir.expect_record(end="closed", bytes_down=lambda n: n > MIB)
        assert (record["upstream"], record["server"]) == ("office", "p1"), record
        assert record["destination"] == endpoint(lab.north.at(net), 80), record
        assert record["handshake_ms"] >= record["connect_ms"] >= 0, record


@case("a server that speaks first is heard through squid", only_weir=POOL)
def speaks_first(lab, net):
    def greet(connection):
        connection.sendall(b"220 hello\r\n")
        return connection.recv(100)

    server = lab.serve(lab.north.listen(net, 7600), greet)
    lab.shared(squid, lab.east, net)
    with lab.weir(config(lab, net, SQUID)):
        with lab.alice.connect(net, lab.north.at(net), 7600) as made:
            assert made.recv(100) == b"220 hello\r\n"
            made.sendall(b"QUIT")
            assert server.result() == b"QUIT"


@case("a target that refuses is squid's 503: RST, connect-failed, no second attempt", only_weir=POOL)
def target_refuses(lab, net):
    lab.shared(squid, lab.east, net)
    with lab.weir(config(lab, net, SQUID)) as weir:
        refused(lab, net)
        record = weir.expect_record(end="connect-failed", attempts=1)
        assert record["error"] == "HTTP CONNECT: 503 Service Unavailable", record
        weir.expect_event("target-unreachable")


@case("tinyproxy takes the user name and password, from a file", only_weir=POOL)
def password(lab, net):
    lab.nginx(lab.north)
    lab.shared(tinyproxy, lab.east, net)
    keys = {"username": USER, "password-file": password_file()}
    with lab.weir(config(lab, net, TINYPROXY, **keys)) as weir:
        assert sha256(lab.alice.curl(net.url(lab.north, "/1MiB")).stdout) == CHECKSUMS["/1MiB"]
        said = "".join(weir.control.get(path)[1] for path in ("/v1/upstreams", "/v1/flows", "/metrics"))
        with open(weir.log) as log:
            said += log.read()
        assert PASSWORD not in said, said


@case("a wrong password, or none, ends the flow as handshake-failed", only_weir=POOL)
def wrong_password(lab, net):
    lab.shared(tinyproxy, lab.east, net)
    for keys, why in (({"username": USER, "password": "wrong"}, "user name or password refused"),
                      ({}, "it wants a user name")):
        with lab.weir(config(lab, net, TINYPROXY, **keys)) as weir:
            refused(lab, net)
            error = weir.expect_record(end="handshake-failed")["error"]
            assert error.startswith("HTTP CONNECT: 40") and (why in error or " 401 " in error), error


@case("half a megabyte goes up while half a megabyte comes down", only_weir=POOL)
def both_ways(lab, net):
    def mirror(connection):
        while piece := connection.recv(65536):
            connection.sendall(piece)

    lab.serve(lab.north.listen(net, 7600), mirror)
    lab.shared(squid, lab.east, net)
    with lab.weir(config(lab, net, SQUID)):
        with lab.alice.connect(net, lab.north.at(net), 7600) as made:
            data = bytes(range(256)) * 2 * KIB
            sender = lab.task(made.sendall, data)
            heard = bytearray()
            while len(heard) < len(data):
                piece = made.recv(65536)
                assert piece, len(heard)
                heard += piece
            sender.result()
            assert heard == data


@case("a rule that would send UDP there is refused by check, with its line", families=(V4,),
      only_weir=POOL)
def no_udp(lab, net):
    with lab.weir(config(lab, net, SQUID)) as weir:
        wrong = f"{weir.folder}/wrong.ini"
        with open(wrong, "w") as file:
            file.write(config(lab, net, SQUID, on="any/443"))
        checked = weir.cli("check", "-c", wrong)
        assert checked.returncode == 2, checked
        said = checked.stdout.decode() + checked.stderr
        assert f"{wrong}:5: error: [rule r] sends UDP to 'office'" in said, said


if __name__ == "__main__":
    main()
