#!/usr/bin/env python3
"""What weir carries has two entries in connection tracking, where a forwarded connection has one. They
are forgotten sooner, and what still comes late is answered."""

import socket

from harness import case, eventually, main
from harness.host import read_all

CONFIG = """
[rule web]
on = tcp/{port}
use = {use}
"""
OWN = "plain routing has one entry"
TIME_WAIT = "net.netfilter.nf_conntrack_tcp_timeout_time_wait"


def remember(lab, seconds):
    lab.router.run("sysctl", "-qw", f"{TIME_WAIT}={seconds}", check=True)


def entries(lab, state, port):
    """(seconds left, line) of the router's entries in that state, of a server's port or a client's."""
    lines = lab.router.run("cat", "/proc/net/nf_conntrack", check=True).stdout.decode().splitlines()
    return [(int(line.split()[4]), line) for line in lines if f" {state} " in line and f"port={port} " in line]


def ended(lab, port, count):
    """The entries of what has ended, once both legs have."""
    def all_of_them():
        found = entries(lab, "TIME_WAIT", port)
        return found if len(found) >= count else None

    found = eventually(all_of_them, f"{count} entries are in TIME_WAIT")
    assert len(found) == count, found
    return found


def connect_and_end(lab, net, port):
    with lab.alice.connect(net, lab.north.at(net), port) as client:
        client.sendall(b"hello")
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == b"hello"


def echo_to_the_end(connection):
    connection.sendall(read_all(connection))


# A port a case, for entries outlive it.
for USE, PORT in (("direct", 7700), ("transparent", 7710)):
    def forgotten_sooner(lab, net, use=USE, base=PORT):
        port = base + net.version
        lab.serve(lab.north.listen(net, port), echo_to_the_end)
        remember(lab, 120)
        with lab.weir(CONFIG.format(use=use, port=port)):
            with lab.alice.connect(net, lab.north.at(net), port) as open_one:
                open_one.sendall(b"hello")
                for _ in range(5):
                    connect_and_end(lab, net, port)
                found = ended(lab, port, 10)
                assert max(left for left, _ in found) <= 30, found
                living = entries(lab, "ESTABLISHED", port)
                assert len(living) == 2 and min(left for left, _ in living) > 2 * 3600, living

    case(f"with use = {USE} a connection that has ended is remembered for 30 s, an open one as ever",
         only_weir=OWN)(forgotten_sooner)


@case("where the kernel is told to forget sooner, weir's own are forgotten in half that time", only_weir=OWN)
def half(lab, net):
    port = 7720 + net.version
    lab.serve(lab.north.listen(net, port), echo_to_the_end)
    remember(lab, 20)
    with lab.weir(CONFIG.format(use="direct", port=port)):
        connect_and_end(lab, net, port)
        found = ended(lab, port, 2)
        assert max(left for left, _ in found) <= 10, found


@case("a FIN that is sent again after connection tracking has forgotten its connection is answered", only_weir=OWN)
def late_fin(lab, net):
    """The server ends first, and the acknowledgement of the client's FIN is lost until the entry is gone."""
    server = 7730 + net.version
    lab.serve(lab.north.listen(net, server), lambda connection: connection.sendall(b"bye"))
    remember(lab, 2)
    with lab.weir(CONFIG.format(use="direct", port=server)) as weir:
        client = lab.closing(lab.alice.connect(net, lab.north.at(net), server))
        assert read_all(client) == b"bye"
        port = client.getsockname()[1]

        def waiting():
            return f":{port} " in lab.alice.run("ss", "-Htan", "state", "last-ack").stdout.decode()

        lab.alice.run("nft", "-f", "-", check=True, input=f"""table inet lossy {{
            chain input {{
                type filter hook input priority 0
                tcp sport {server} drop
            }}
        }}""".encode())
        client.close()
        assert waiting()
        eventually(lambda: not entries(lab, "TIME_WAIT", port), "connection tracking has forgotten the client's leg")
        assert waiting(), "the client has given up before"
        lab.alice.run("nft", "delete", "table", "inet", "lossy", check=True)
        eventually(lambda: not waiting(), "the client's FIN is acknowledged")
        weir.expect_flows(0)


if __name__ == "__main__":
    main()
