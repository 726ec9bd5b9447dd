"""What the tests of takeovers share: a configuration, servers and clients that notice what is lost."""

import os
import pathlib
import re
import socket
import struct
import threading

from harness import V4, eventually

OWN = "it is weir's life"
NO_FAMILY = (None,)
CONFIG = """
[gateway]
workers = 1

[rule tcp]
on = tcp/7900-7999
use = transparent

[rule dns]
on = any/53
use = transparent

[rule mapped]
on = udp/7950-7959
use = transparent

[rule pooled]
on = udp/7960-7969
use = pool

[upstream pool]
type = forward
server = north=198.51.100.10
"""


def config(net=V4, **gateway):
    lines = "".join(f"{key} = {value}\n" for key, value in ({"workers": 1} | gateway).items())
    text = CONFIG.replace("workers = 1\n", lines)
    return text if net is V4 else text.replace("198.51.100.10", "[fd00:198:51:100::10]")


class Echo:
    """A server that answers every datagram, and knows from where each client's came."""

    def __init__(self, lab, host, net, port):
        self.socket = host.udp(net, port)
        self.seen = {}
        self.lock = threading.Lock()
        lab.respond(self.socket, self._answer)

    @property
    def address(self):
        return self.socket.getsockname()[:2]

    def _answer(self, data, source):
        with self.lock:
            self.seen.setdefault(data.split(b" ")[0], set()).add(source[:2])
        return b"re: " + data

    def sources(self, name):
        with self.lock:
            return self.seen[name]


class Talker:
    """A client that asks one question after another and insists on each answer."""

    def __init__(self, lab, net, server, name):
        self.socket = lab.closing(lab.alice.udp(net))
        self.server, self.name, self.asked = server, name, 0

    def exchange(self):
        self.asked += 1
        question = b"%s %d" % (self.name, self.asked)
        self.socket.sendto(question, self.server)
        data, peer = self.socket.recvfrom(2048)
        assert (data, peer[:2]) == (b"re: " + question, self.server), (data, peer)


class Always:
    """Does something again and again in a thread, until told; what fails is kept."""

    def __init__(self, lab, function):
        self.count, self.over = 0, threading.Event()
        self._function = function
        self.task = lab.task(self._run)

    def _run(self):
        while not self.over.is_set():
            self._function()
            self.count += 1

    def has_gone_on(self, rounds=3):
        """Waits until it was done so many times more."""
        wanted = self.count + rounds
        eventually(lambda: self.task.done or self.count >= wanted, "what goes on goes on")

    def end(self):
        self.over.set()
        self.task.result()


def took_over(weir):
    """How many UDP flows each successor got, and for how long service paused, in ms."""
    with open(weir.log) as file:
        return [(int(flows), int(us) / 1000) for flows, us in
                re.findall(r"took over from process \d+: (\d+) UDP flows; service paused for (\d+) us",
                           file.read())]


# The protocol as a stranger speaks it: the head of a frame is its size, type and descriptors.
HELLO, REFUSAL, OFFER, TAKE, WORKER, SOCKETS, FLOWS, END, PREPARED, GO, SERVING = range(1, 12)


def spoken_version():
    """Of the protocol, as the sources say it."""
    header = pathlib.Path(__file__).parents[2] / "src/takeover/messages.h"
    return int(re.search(r"version = (\d+);", header.read_text()).group(1))


class Stranger:
    """Speaks to the gateway's takeover socket by hand."""

    def __init__(self, weir):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(20)
        self.socket.connect(weir.control.path + ".takeover")
        self.held = []

    def say(self, kind, body=b""):
        self.socket.sendall(struct.pack("<IHH", len(body), kind, 0) + body)

    def hello(self, version=None):
        version = spoken_version() if version is None else version
        self.say(HELLO, struct.pack("<II", version, 5) + b"0.0.0")

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            piece, descriptors, _, _ = socket.recv_fds(self.socket, size - len(data), 253)
            self.held += descriptors
            assert piece, "the gateway hung up"
            data += piece
        return data

    def hear(self):
        size, kind, _ = struct.unpack("<IHH", self._exactly(8))
        return kind, self._exactly(size)

    def until(self, wanted):
        while (heard := self.hear())[0] != wanted:
            assert heard[0] != REFUSAL, heard
        return heard[1]

    def close(self):
        self.socket.close()
        for descriptor in self.held:
            os.close(descriptor)
