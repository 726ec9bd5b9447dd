#!/usr/bin/env python3
"""The DSCP that a client marks its connections with is that of weir's connection to the server, unless
the upstream says another."""

import socket

from harness import case, main
from harness.host import read_exactly

CONFIG = """
[rule web]
on = tcp/7600
use = {use}

[upstream marked]
type = direct
dscp = 10

[upstream bare]
type = direct
dscp = 0
"""
TCP_SAVE_SYN, TCP_SAVED_SYN = 27, 28
EF = 46


def dscp_of(net, syn):
    return syn[1] >> 2 if net.version == 4 else (int.from_bytes(syn[:4], "big") >> 22) & 0x3f


def mark(net, connection, dscp):
    level, option = net.pick((socket.IPPROTO_IP, socket.IP_TOS), (socket.IPPROTO_IPV6, socket.IPV6_TCLASS))
    connection.setsockopt(level, option, dscp << 2)


def seen_by_server(lab, net, dscp):
    """The DSCP of the SYN that the server gets, where the client has marked its own so."""
    with lab.north.listen(net, 7600) as listener, lab.alice.socket(net.af, socket.SOCK_STREAM) as client:
        listener.setsockopt(socket.IPPROTO_TCP, TCP_SAVE_SYN, 1)
        mark(net, client, dscp)
        client.connect((lab.north.at(net), 7600))
        server, _ = listener.accept()
        with server:
            syn = server.getsockopt(socket.IPPROTO_TCP, TCP_SAVED_SYN, 256)
            client.sendall(bytes(1000))
            read_exactly(server, 1000)
    return dscp_of(net, syn)


for USE in ("direct", "transparent"):
    def kept(lab, net, use=USE):
        with lab.weir(CONFIG.format(use=use)):
            for dscp in (0, EF, 8):
                assert seen_by_server(lab, net, dscp) == dscp

    case(f"a client's DSCP reaches the server, with use = {USE}")(kept)


@case("an upstream with a DSCP of its own has that, whatever the client's", only_weir="it is weir's key")
def own(lab, net):
    for use, expected in (("marked", 10), ("bare", 0)):
        with lab.weir(CONFIG.format(use=use)):
            for dscp in (0, EF):
                assert seen_by_server(lab, net, dscp) == expected, use


if __name__ == "__main__":
    main()
