#!/usr/bin/env python3
"""The lab itself: every host reaches every other, and the three failing places fail as promised."""

import errno
import socket

from harness import case, eventually, main

# IP_RECVERR and IPV6_RECVERR (linux/in.h, linux/in6.h): report soft ICMP errors too.
RECVERR = {4: (socket.IPPROTO_IP, 11), 6: (socket.IPPROTO_IPV6, 25)}


@case("every host reaches every other by TCP and UDP", only_plain=True)
def reaches(lab, net):
    for server in lab.hosts:
        listener = lab.closing(server.listen(net, 7000, address=net.any))
        receiver = lab.closing(server.udp(net, 7000, address=net.any))
        for client in lab.hosts:
            if client is server:
                continue
            client.connect(net, server.at(net), 7000, timeout=10).close()
            listener.accept()[0].close()
            sender = lab.closing(client.udp(net, address=net.any))
            sender.sendto(client.name.encode(), (server.at(net), 7000))
            assert receiver.recv(100) == client.name.encode()


@case("a client's own address reaches the server unchanged", only_plain=True)
def no_translation(lab, net):
    listener = lab.closing(lab.south.listen(net, 7001))
    lab.closing(lab.bob.connect(net, lab.south.at(net), 7001))
    assert listener.accept()[1][0] == lab.bob.at(net)


@case("the swallowed address never answers", only_plain=True)
def swallowed(lab, net):
    try:
        lab.alice.connect(net, lab.places.swallowed.at(net), 80, timeout=1.5)
    except TimeoutError:
        return
    raise AssertionError("there was an answer")


@case("the other two failing places answer with an ICMP error", only_plain=True)
def icmp(lab, net):
    for place in (lab.places.host_unreachable, lab.places.no_route):
        probe = lab.closing(lab.alice.udp(net))
        probe.connect((place.at(net), 9))
        probe.setsockopt(*RECVERR[net.version], 1)
        probe.send(b"anybody?")
        error = eventually(lambda: probe.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR),
                           f"an ICMP error from {place}")
        assert error in (errno.EHOSTUNREACH, errno.ENETUNREACH), errno.errorcode[error]


if __name__ == "__main__":
    main()
