"""A server on north that says who called, and a client that says in one word how it was answered: by an
address, "refused", "reset" or "silence"; and a server that says what it is told, for connections that live."""

import errno
import select

from harness.host import Host, read_exactly
from harness.wait import TIMEOUT


class from_router:
    """The lab with the router in the client's place, for `tcp` and `udp`: as a host whose address is
    the one that it has towards north."""

    def __init__(self, lab):
        address = lab.router_towards(lab.north)
        self.alice, self.north = Host("router", address.v4, address.v6), lab.north


def answers(lab, net, port):
    """A TCP and a UDP server on north that answer everything with the caller's address."""
    def tells(connection):
        connection.sendall(connection.getpeername()[0].encode())

    lab.serve(lab.north.listen(net, port), tells)
    lab.respond(lab.north.udp(net, port), lambda data, peer: peer[0].encode())


def echoes(lab, net, port):
    """The same, answering everything with itself."""
    def echo(connection):
        while data := connection.recv(65536):
            connection.sendall(data)

    lab.serve(lab.north.listen(net, port), echo)
    lab.respond(lab.north.udp(net, port), lambda data, peer: data)


def exchange(connection, words):
    """Says it to an echo, and hears it."""
    connection.sendall(words)
    assert read_exactly(connection, len(words)) == words


def tcp(lab, net, port, timeout=TIMEOUT):
    """What a client gets: the address the server saw, "refused", "reset" or "silence"."""
    try:
        with lab.alice.connect(net, lab.north.at(net), port, timeout=timeout) as client:
            return client.recv(100).decode() or "a clean close"
    except ConnectionRefusedError:
        return "refused"
    except ConnectionResetError:
        return "reset"
    except TimeoutError:
        return "silence"


def udp(lab, net, port, timeout=TIMEOUT):
    """The same over UDP; the socket is connected, so that only the destination's ICMP counts."""
    with lab.alice.udp(net) as client:
        client.connect((lab.north.at(net), port))
        client.send(b"who am I?")
        if not select.select([client], [], [], timeout)[0]:
            return "silence"
        try:
            return client.recv(100).decode()
        except OSError as error:
            assert error.errno == errno.ECONNREFUSED, error
            return "refused"
