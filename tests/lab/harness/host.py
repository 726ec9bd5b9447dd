"""A host of the lab: one network namespace with its addresses.

Programs run in it (`run`, `start`), and sockets of the test itself can live in it: a socket belongs to
the namespace its thread was in when it was made, so `client.tcp(...)` steps in for that moment only and
the test uses the socket from outside.
"""

import contextlib
import ctypes
import os
import socket
import struct
import subprocess

from .program import Program
from .wait import TIMEOUT

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000


def _setns(descriptor):
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Host:
    def __init__(self, name, v4, v6):
        self.name, self.v4, self.v6 = name, v4, v6
        self.namespace = f"/run/netns/{name}"

    def __str__(self):
        return self.name

    def at(self, net):
        """This host's address in that family."""
        return net.pick(self.v4, self.v6)

    # Programs

    def enter_command(self):
        return ["nsenter", f"--net={self.namespace}", "--"]

    def run(self, *argv, input=None, timeout=120, check=False):
        """Runs a program to its end; the result has returncode, stdout (bytes) and stderr (text)."""
        done = subprocess.run(self.enter_command() + [str(a) for a in argv], input=input,
                              stdin=None if input is not None else subprocess.DEVNULL,
                              capture_output=True, timeout=timeout)
        done.stderr = done.stderr.decode(errors="replace")
        if check and done.returncode != 0:
            raise AssertionError(f"{self.name}$ {' '.join(map(str, argv))} ended with "
                                 f"{done.returncode}: {done.stderr[-2000:]}")
        return done

    def start(self, *argv, **options):
        """Starts a program that goes on; the case's end stops it."""
        return Program(self, argv, **options)

    def curl(self, *arguments, timeout=60):
        """curl with errors on stderr, HTTP errors as failures, and a timeout."""
        return self.run("curl", "--silent", "--show-error", "--fail", "--noproxy", "*", "--max-time",
                        timeout, "--connect-timeout", 20, *arguments, timeout=timeout + 10)

    def dig(self, server, *query, port=53):
        """dig without retries; the answer's text."""
        done = self.run("dig", f"@{server}", "-p", port, "+time=10", "+tries=1", *query)
        assert done.returncode == 0, f"dig @{server} {' '.join(query)}: {done.stdout.decode()}"
        return done.stdout.decode()

    # Sockets

    @contextlib.contextmanager
    def inside(self):
        """This thread's new sockets belong to the host."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        here = os.open(self.namespace, os.O_RDONLY)
        try:
            _setns(here)
            yield
        finally:
            _setns(before)
            os.close(here)
            os.close(before)

    def socket(self, af, kind, timeout=TIMEOUT):
        with self.inside():
            made = socket.socket(af, kind | socket.SOCK_CLOEXEC)
        made.settimeout(timeout)
        return made

    def listen(self, net, port, address=None, backlog=1024):
        """A TCP listener on this host's address (or another of its own)."""
        listener = self.socket(net.af, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if net.version == 6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address or self.at(net), port))
        listener.listen(backlog)
        return listener

    def connect(self, net, address, port, timeout=TIMEOUT, source=None):
        """A TCP connection from this host; `source` = (address, port) to bind first."""
        made = self.socket(net.af, socket.SOCK_STREAM, timeout)
        try:
            if source:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                made.bind(source)
            made.connect((address, port))
        except OSError:
            made.close()
            raise
        return made

    def udp(self, net, port=0, address=None, timeout=TIMEOUT):
        """A UDP socket bound to this host's address."""
        made = self.socket(net.af, socket.SOCK_DGRAM, timeout)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        made.bind((address or self.at(net), port))
        return made


def reset(connection):
    """Closes so that the other end gets RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def read_all(connection):
    """Everything until the other end's FIN."""
    data = bytearray()
    while piece := connection.recv(1 << 18):
        data += piece
    return bytes(data)


def read_exactly(connection, size):
    data = bytearray()
    while len(data) < size:
        piece = connection.recv(min(1 << 18, size - len(data)))
        assert piece, f"the connection ended after {len(data)} of {size} bytes"
        data += piece
    return bytes(data)
