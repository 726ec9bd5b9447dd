"""Starts a program with transparent listeners that it would not open itself.

`transparent_listeners.py tcp:PORT,udp:PORT,… PROGRAM WORD…`: binds them on both families with
IP_TRANSPARENT, which TPROXY demands of a listener, and hands them to nginx the way a running nginx hands
its own to a new binary: as descriptors named in the variable NGINX.
"""

import os
import socket
import sys

IP_TRANSPARENT, IPV6_TRANSPARENT = 19, 75


def listener(kind, port, family):
    sock = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    if kind == "tcp":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET:
        sock.setsockopt(socket.SOL_IP, IP_TRANSPARENT, 1)
        sock.bind(("0.0.0.0", port))
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_TRANSPARENT, 1)
        sock.bind(("::", port))
    if kind == "tcp":
        sock.listen(511)
    sock.set_inheritable(True)
    return sock


def main():
    kept = []
    for word in sys.argv[1].split(","):
        kind, port = word.split(":")
        kept += [listener(kind, int(port), family) for family in (socket.AF_INET, socket.AF_INET6)]
    descriptors = "".join(f"{sock.fileno()};" for sock in kept)
    os.execvpe(sys.argv[2], sys.argv[2:], dict(os.environ, NGINX=descriptors))


main()
