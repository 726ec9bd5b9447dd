"""A SOCKS5 server that relays as the case likes: the case itself receives and sends its datagrams."""

import contextlib
import socket
import struct
import threading

from .hostile import PORT


class Relay:
    """On east, one socket for all associations. `address`, `port`: what it says of that socket."""

    def __init__(self, lab, net, address=None, port=None, after=lambda connection: None, server_port=PORT):
        self.net = net
        self.server_port = server_port
        self.socket = lab.closing(lab.east.udp(net))
        self.associated = threading.Event()
        self.ended = threading.Event()  # weir has ended an association's connection
        self.associations = 0
        self.connection = None  # of the newest association
        port = self.socket.getsockname()[1] if port is None else port
        bound = socket.inet_pton(net.af, address or lab.east.at(net))

        def serve(connection):
            connection.recv(100)
            connection.sendall(b"\x05\x00")
            connection.recv(100)
            self.connection = connection
            self.associations += 1
            connection.sendall(b"\x05\x00\x00" + net.pick(b"\x01", b"\x04") + bound + struct.pack("!H", port))
            self.associated.set()
            after(connection)
            with contextlib.suppress(OSError):
                while connection.recv(65536):
                    pass
            self.ended.set()
        self.server = lab.serve(lab.east.listen(net, server_port), serve)

    def close(self):
        """Before the case's end, where another takes its place."""
        self.server.close()

    def header(self, address, port=7600, fragment=0):
        return (bytes([0, 0, fragment]) + self.net.pick(b"\x01", b"\x04")
                + socket.inet_pton(self.net.af, address) + struct.pack("!H", port))
