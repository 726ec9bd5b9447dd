#!/usr/bin/env python3
"""How TCP flows begin and end: FIN per direction after all data, RST as RST, a refusal as a refusal,
and never a clean close where the server was not reached."""

import errno
import socket

from harness import MIB, case, endpoint, eventually, main, noise, sha256
from harness.host import read_all, read_exactly, reset
from harness.servers import half_close_server

TRANSPARENT = """
[rule everything]
on = tcp/*
use = transparent
"""
REFUSED = (ConnectionRefusedError, ConnectionResetError, BrokenPipeError)


@case("a client that is done sending still gets the whole answer")
def half_close_client(lab, net):
    half_close_server(lab.north, net, 7003, "sha256sum")
    content = noise(8 * MIB, seed=3)
    with open(f"{lab.work}/sent", "wb") as file:
        file.write(content)
    with lab.weir(TRANSPARENT) as weir:
        kind = net.pick("TCP4", "TCP6")
        with open(f"{lab.work}/sent", "rb") as file:
            client = lab.alice.start("socat", "-t30", "-",
                                     f"{kind}:{endpoint(lab.north.at(net), 7003)}", stdin=file)
        assert client.expect_success().split()[0].decode() == sha256(content)
        weir.expect_record(end="closed", bytes_up=8 * MIB, bytes_down=68)


@case("a server that is done sending still gets the rest of the request")
def half_close_server_side(lab, net):
    content, greeting = noise(8 * MIB, seed=4), noise(MIB, seed=5)

    def greets_then_listens(connection):
        connection.sendall(greeting)
        connection.shutdown(socket.SHUT_WR)
        return sha256(read_all(connection))

    server = lab.serve(lab.north.listen(net, 7004), greets_then_listens)
    with lab.weir(TRANSPARENT) as weir, lab.alice.connect(net, lab.north.at(net), 7004) as client:
        assert read_all(client) == greeting
        client.sendall(content)
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
        assert server.result() == sha256(content)
        weir.expect_record(end="closed", bytes_up=8 * MIB, bytes_down=MIB)


@case("both sides half-close with the other's data still on the way")
def crossing_half_closes(lab, net):
    up, down = noise(4 * MIB, seed=6), noise(4 * MIB, seed=7)

    def sends_and_reads(connection):
        sender = lab.task(sends, connection, down)
        got = sha256(read_all(connection))
        sender.result()
        return got

    def sends(connection, data):
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)

    server = lab.serve(lab.north.listen(net, 7005), sends_and_reads)
    with lab.weir(TRANSPARENT) as weir, lab.alice.connect(net, lab.north.at(net), 7005) as client:
        sender = lab.task(sends, client, up)
        assert sha256(read_all(client)) == sha256(down)
        sender.result()
        assert server.result() == sha256(up)
        weir.expect_record(end="closed", bytes_up=4 * MIB, bytes_down=4 * MIB)


@case("RST from the client reaches the server as RST")
def client_resets(lab, net):
    def reads_until_reset(connection):
        connection.sendall(b"hello")
        try:
            read_all(connection)
            return "a clean close"
        except ConnectionResetError:
            return "reset"

    server = lab.serve(lab.north.listen(net, 7006), reads_until_reset)
    with lab.weir(TRANSPARENT) as weir:
        client = lab.alice.connect(net, lab.north.at(net), 7006)
        assert read_exactly(client, 5) == b"hello"
        client.sendall(b"world")
        reset(client)
        assert server.result() == "reset"
        weir.expect_record(end="client-reset", bytes_up=lambda n: n <= 5, bytes_down=5)


@case("RST from the server reaches the client as RST")
def server_resets(lab, net):
    def resets(connection):
        read_exactly(connection, 5)
        reset(connection)

    lab.serve(lab.north.listen(net, 7007), resets)
    with lab.weir(TRANSPARENT) as weir, lab.alice.connect(net, lab.north.at(net), 7007) as client:
        client.sendall(b"hello")
        assert outcome(client) == "reset"
        weir.expect_record(end="server-reset", bytes_up=5)


@case("RST after a half-close still passes")
def reset_after_half_close(lab, net):
    def waits_then_resets(connection):
        assert read_all(connection) == b"bye"
        reset(connection)

    lab.serve(lab.north.listen(net, 7008), waits_then_resets)
    with lab.weir(TRANSPARENT) as weir, lab.alice.connect(net, lab.north.at(net), 7008) as client:
        client.sendall(b"bye")
        client.shutdown(socket.SHUT_WR)
        assert outcome(client) == "reset"
        weir.expect_record(end="server-reset", bytes_up=3)


@case("a refused connection is refused or reset, never a clean close")
def refused(lab, net):
    with lab.weir(TRANSPARENT) as weir:
        assert attempt(lab, net, lab.north.at(net), 7999) in ("refused", "reset")
        weir.expect_record(end="connect-failed", destination=endpoint(lab.north.at(net), 7999))
        weir.expect_event("connect-refused")


@case("an unreachable destination is an error, never a clean close")
def unreachable(lab, net):
    with lab.weir(TRANSPARENT) as weir:
        for place in (lab.places.host_unreachable, lab.places.no_route):
            seen = attempt(lab, net, place.at(net), 80)
            # Where the router itself has no route the client hears so before weir is asked.
            beyond = weir and place is lab.places.host_unreachable
            assert seen == ("reset" if beyond else "unreachable"), seen
            if beyond:
                weir.expect_record(end="connect-failed", destination=endpoint(place.at(net), 80))


@case("a server that never answers times out as RST", only_weir="the kernel tries for two minutes")
def connect_timeout(lab, net):
    with lab.weir(TRANSPARENT + "[timeouts]\nconnect = 400ms\n") as weir:
        assert attempt(lab, net, lab.places.swallowed.at(net), 80) == "reset"
        record = weir.expect_record(end="connect-timeout")
        assert record["duration_ms"] >= 390, record


@case("the server may speak first")
def server_first(lab, net):
    def greets(connection):
        connection.sendall(b"220 ready\r\n")
        assert read_exactly(connection, 4) == b"quit"
        connection.sendall(b"221 bye\r\n")

    lab.serve(lab.north.listen(net, 7009), greets)
    with lab.weir(TRANSPARENT) as weir, lab.alice.connect(net, lab.north.at(net), 7009) as client:
        assert read_exactly(client, 11) == b"220 ready\r\n"
        client.sendall(b"quit")
        assert read_all(client) == b"221 bye\r\n"
        client.close()
        weir.expect_record(end="closed", bytes_up=4, bytes_down=20)


@case("a client that closes at once leaves nothing behind")
def closes_at_once(lab, net):
    server = lab.serve(lab.north.listen(net, 7010), read_all)
    with lab.weir(TRANSPARENT) as weir:
        before = weir.descriptors() if weir else 0
        for _ in range(50):
            lab.alice.connect(net, lab.north.at(net), 7010).close()
        for _ in range(50):
            reset(lab.alice.connect(net, lab.north.at(net), 7010))
        if weir:
            eventually(lambda: len(weir.records(protocol="tcp")) == 100, "every flow has its record")
            eventually(lambda: weir.descriptors() <= before + 2, "every descriptor is closed")
        for task in server.tasks:
            try:
                task.result()
            except ConnectionResetError:
                pass


@case("data sent together with FIN arrives")
def data_with_fin(lab, net):
    server = lab.serve(lab.north.listen(net, 7011), read_all)
    with lab.weir(TRANSPARENT) as weir:
        for number in range(30):
            with lab.alice.connect(net, lab.north.at(net), 7011) as client:
                client.setsockopt(socket.IPPROTO_TCP, 3, 1)  # TCP_CORK: the FIN carries the data
                client.sendall(b"last words %02d" % number)
                client.shutdown(socket.SHUT_WR)
                assert read_all(client) == b""
        got = sorted(task.result() for task in server.tasks)
        assert got == [b"last words %02d" % number for number in range(30)], got
        weir.expect_record(end="closed", bytes_up=13, bytes_down=0)


@case("urgent data does not break the stream")
def urgent(lab, net):
    server = lab.serve(lab.north.listen(net, 7012), read_all)
    with lab.weir(TRANSPARENT), lab.alice.connect(net, lab.north.at(net), 7012) as client:
        client.sendall(b"before")
        client.send(b"!", socket.MSG_OOB)
        client.sendall(b"after")
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == b""
        assert server.result() in (b"beforeafter", b"before!after")


def attempt(lab, net, address, port):
    """How a connection to there ends for the client, in one word."""
    try:
        client = lab.alice.connect(net, address, port)
    except ConnectionRefusedError:
        return "refused"
    except ConnectionResetError:
        return "reset"
    except OSError as error:
        assert error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH), error
        return "unreachable"
    with client:
        return outcome(client)


def outcome(client):
    """How an established connection ends when the client just reads."""
    try:
        data = client.recv(65_536)
    except REFUSED:
        return "reset"
    return "data" if data else "a clean close"


if __name__ == "__main__":
    main()
