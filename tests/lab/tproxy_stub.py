"""What the firewall's tests need in place of the gateway: a listener that TPROXY can hand packets to,
servers and clients that tell who answered, and rules that are installed for the length of a case.

`ask_tcp` and `ask_udp` answer with one word: "server" (the packet went straight through), "weir" (it
was intercepted, and the listener saw the right destination), "refused", "silence".
"""

import contextlib
import os
import socket
import struct

from harness import V4, endpoint
from harness.lab import Lab
from harness.wait import eventually

PORT = 50080
SILENCE = 1.5  # seconds without an answer that count as none

_IP_TRANSPARENT, _IPV6_TRANSPARENT = 19, 75
_ORIGDST = {4: (socket.IPPROTO_IP, 20), 6: (socket.IPPROTO_IPV6, 74)}
_RECVERR = {4: (socket.IPPROTO_IP, 11), 6: (socket.IPPROTO_IPV6, 25)}


def transparent(host, net, kind, address, port, mark=0):
    """A socket on an address that need not be the host's."""
    made = host.socket(net.af, kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if net.version == 4:
        made.setsockopt(socket.IPPROTO_IP, _IP_TRANSPARENT, 1)
    else:
        made.setsockopt(socket.IPPROTO_IPV6, _IPV6_TRANSPARENT, 1)
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if mark:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
    made.bind((address, port))
    return made


class TproxyStub:
    """Listens like the gateway. Answers each flow with the destination that it had."""

    def __init__(self, lab: Lab, net):
        self.lab, self.net = lab, net
        self.connections = []
        self.replies = {}  # destination -> the socket that its replies leave from
        self.tcp = transparent(lab.router, net, socket.SOCK_STREAM, net.any, PORT)
        self.udp = transparent(lab.router, net, socket.SOCK_DGRAM, net.any, PORT)
        self.tcp.listen(64)
        self.udp.setsockopt(*_ORIGDST[net.version], 1)
        for one in (self.tcp, self.udp):
            one.settimeout(None)
        self.tasks = [lab.task(self._accept), lab.task(self._receive)]

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.tcp.accept()
                connection.settimeout(None)
                self.connections.append(connection)
                connection.sendall(f"weir {endpoint(*connection.getsockname()[:2])}".encode())

    def _receive(self):
        with contextlib.suppress(OSError):
            while True:
                data, control, _, client = self.udp.recvmsg(65536, 256)
                if not data and not control:
                    return
                destination = self._destination(control)
                if destination not in self.replies:
                    self.replies[destination] = transparent(
                        self.lab.router, self.net, socket.SOCK_DGRAM, *destination)
                answer = f"weir {endpoint(*destination)} {len(data)}"
                self.replies[destination].sendto(answer.encode(), client)

    def _destination(self, control):
        level, kind = _ORIGDST[self.net.version]
        raw = next(data for l, k, data in control if (l, k) == (level, kind))
        port = struct.unpack("!H", raw[2:4])[0]
        address = raw[4:8] if self.net is V4 else raw[8:24]
        return socket.inet_ntop(self.net.af, address), port

    def close(self):
        """As if the gateway had died: every socket is gone at once."""
        for one in (self.tcp, self.udp):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for it
        for task in self.tasks:
            task.result()  # a socket lives for as long as a task waits for it
        for one in (self.tcp, self.udp, *self.connections, *self.replies.values()):
            one.close()


def serve(lab, net, host, *ports, address=None):
    """TCP and UDP servers that answer "server"; both end with the case."""
    for port in ports:
        lab.serve(host.listen(net, port, address), lambda connection: connection.sendall(b"server"))
        lab.closing(_UdpServer(lab, _bound(host, net, port, address)))


def _bound(host, net, port, address):
    sock = host.socket(net.af, socket.SOCK_DGRAM, timeout=None)
    # So that the stand-in's replies can leave from the same address and port.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((address or host.at(net), port))
    return sock


class _UdpServer:
    def __init__(self, lab, sock):
        self.sock = sock
        self.task = lab.task(self._serve)

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                _, client = self.sock.recvfrom(65536)
                if not client:
                    return
                self.sock.sendto(b"server", client)

    def close(self):
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.task.result()
        self.sock.close()


def ask_tcp(host, net, address, port, source=None):
    try:
        with host.connect(net, address, port, SILENCE, source) as connection:
            return _who(connection.recv(1000), address, port)
    except ConnectionRefusedError:
        return "refused"
    except ConnectionResetError:
        return "reset"
    except TimeoutError:
        return "silence"


def ask_udp(host, net, address, port, payload=b"?", source=0):
    with host.udp(net, source, timeout=SILENCE) as sock:
        sock.connect((address, port))
        sock.send(payload)
        try:
            return _who(sock.recv(1000), address, port, len(payload))
        except ConnectionRefusedError:
            return "refused"
        except TimeoutError:
            return "silence"


def ask(host, net, address, port):
    """Both protocols at once, where they should agree."""
    tcp, udp = ask_tcp(host, net, address, port), ask_udp(host, net, address, port)
    assert tcp == udp, f"TCP to port {port}: {tcp}; UDP: {udp}"
    return tcp


def _who(answer, address, port, size=None):
    words = answer.decode().split()
    if words[:1] == ["weir"]:
        assert words[1] == endpoint(address, port), f"went to {address}:{port}, seen as {words[1]}"
        assert size is None or int(words[2]) == size, f"{size} bytes sent, {words[2]} seen"
    return words[0] if words else "nothing"


def refuser(host, net, address, port):
    """Who sends the ICMP error for a datagram to a port that is refused."""
    level, option = _RECVERR[net.version]
    with host.udp(net) as sock:
        sock.setsockopt(level, option, 1)
        sock.connect((address, port))
        sock.send(b"?")

        def error():
            with contextlib.suppress(BlockingIOError):
                return sock.recvmsg(1000, 1000, socket.MSG_ERRQUEUE)[1]
        control = eventually(error, "an ICMP error arrives")
    offender = control[0][2][16:]  # behind struct sock_extended_err
    return socket.inet_ntop(net.af, offender[4:8] if net is V4 else offender[8:24])


@contextlib.contextmanager
def rules(lab, text, backend):
    """The firewall rules of a configuration, for as long as the block; yields a function that
    applies another one."""
    file = f"{lab.work}/firewall.ini"

    def apply(configuration):
        with open(file, "w") as out:
            out.write(configuration)
        return command(lab, "apply", backend, file)
    try:
        apply(text)
        yield apply
    finally:
        command(lab, "remove", backend, file)


def command(lab, action, backend, file, check=True):
    return lab.router.run(os.path.abspath(lab.weir_path), "firewall", action, "-c", file,
                          "--backend", backend, check=check)
