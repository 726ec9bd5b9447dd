"""Proxies that misbehave, as scripts: what one does with the connections it gets."""

import contextlib
import socket

from .host import reset
from .net import endpoint

PORT = 1080
OK_SOCKS = b"\x05\x00" + b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"
OK_HTTP = b"HTTP/1.1 200 OK\r\nVia: x\r\n\r\n"


def config(lab, net, kind, on="any/7600"):
    if kind == "http-connect":
        on = on.replace("any", "tcp")
    return (f"[timeouts]\nhandshake = 1s\n[rule r]\non = {on}\nuse = office\n[upstream office]\n"
            f"type = {kind}\nserver = p1={endpoint(lab.east.at(net), PORT)}\nretries = 0\n")


class Script:
    """What the proxy does with the next connections; set by the case."""

    def __init__(self, lab, net):
        self.does = None
        self.server = lab.serve(lab.east.listen(net, PORT), lambda connection: self.does(connection))


def says(words, then="close"):
    def script(connection):
        with contextlib.suppress(OSError):
            connection.sendall(words)
            if then == "close":
                connection.shutdown(socket.SHUT_WR)
            if then == "reset":
                connection.recv(1)
                return reset(connection)
            while connection.recv(65536):  # until weir gives up
                pass
    return script


def endless(start, piece):
    def script(connection):
        with contextlib.suppress(OSError):
            connection.sendall(start)
            while True:
                connection.sendall(piece)
    return script


def one_by_one(words, payload):
    def script(connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(len(words)):
            connection.sendall(words[number:number + 1])
        connection.sendall(payload)
        while connection.recv(65536):
            pass
    return script
