#!/usr/bin/env python3
"""weir under a service manager that keeps its listeners: over a restart no connection is refused.

systemd itself is not here. `Manager` is its end of the protocols (sd_notify(3), sd_listen_fds(3)): it
keeps the descriptors it is sent, and starts weir with them."""

import contextlib
import os
import signal
import socket
import struct
import threading

from harness import V4, case, eventually, main
from harness.host import read_all

OWN = "it is weir's life"
NO_FAMILY = (None,)
CONFIG = """
[gateway]
workers = 2

[rule tcp]
on = tcp/7900-7999
use = transparent

[rule udp]
on = udp/7950-7959
use = transparent

[timeouts]
drain = 5s
udp-idle = 1s
"""
IP_TRANSPARENT, SO_COOKIE = 19, 57
# Runs a program with the descriptors named as it would find them under systemd: from number 3 on.
PASS_ON = """
import fcntl, os, sys
numbers = [int(n) for n in sys.argv[1].split(",") if n]
high = [fcntl.fcntl(n, fcntl.F_DUPFD, 500) for n in numbers]
for place, n in enumerate(high):
    os.dup2(n, 3 + place)
    os.close(n)
os.closerange(3 + len(high), 500)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(high)), LISTEN_FDNAMES=sys.argv[2])
os.execvp(sys.argv[3], sys.argv[3:])
"""


def cookie(descriptor):
    """Which socket it is, whoever holds it under whatever number."""
    with socket.socket(fileno=os.dup(descriptor)) as held:
        return struct.unpack("Q", held.getsockopt(socket.SOL_SOCKET, SO_COOKIE, 8))[0]


class Manager:
    """Keeps descriptors under their names, and counts what it hears."""

    def __init__(self, lab):
        self.path = f"{lab.work}/manager.sock"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.kept, self.heard = [], []  # (name, descriptor); every line
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()
        lab.closing(self)

    def _listen(self):
        while True:
            text, descriptors, _, _ = socket.recv_fds(self.socket, 4096, 253)
            fields = dict(line.split("=", 1) for line in text.decode().splitlines())
            if "over" in fields:
                return
            if fields.get("FDSTORE") == "1":
                for descriptor in descriptors:
                    if cookie(descriptor) in [cookie(have) for _, have in self.kept]:
                        os.close(descriptor)
                    else:
                        self.kept.append((fields["FDNAME"], descriptor))
            if fields.get("FDSTOREREMOVE") == "1":
                for name, descriptor in list(self.kept):
                    if name == fields["FDNAME"]:
                        os.close(descriptor)
                        self.kept.remove((name, descriptor))
            self.heard += text.decode().splitlines()

    def start(self, weir):
        """As systemd would, with what is kept, the newest first as there."""
        ready = self.heard.count("READY=1")
        weir.prefix = ("env", f"NOTIFY_SOCKET={self.path}")
        passed = self.kept[::-1]
        numbers = [descriptor for _, descriptor in passed]
        weir.start("python3", "-c", PASS_ON, ",".join(map(str, numbers)), ":".join(name for name, _ in passed),
                   descriptors=numbers)
        eventually(lambda: self.heard.count("READY=1") > ready, "weir says that it is ready")

    def close(self):
        if self.socket.fileno() < 0:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"over=1", self.path)
        self.thread.join(20)
        self.socket.close()
        for _, descriptor in self.kept:
            os.close(descriptor)


def stop(weir):
    weir.program.signal(signal.SIGTERM)
    assert weir.program.wait(20) == 0


@case("over restarts no connection is refused, and each is served", only_weir=OWN)
def no_refusal(lab, net):
    lab.serve(lab.north.listen(net, 7902), lambda connection: connection.sendall(read_all(connection)))
    manager = Manager(lab)
    over, served = threading.Event(), []

    def calls():
        while not over.wait(0.005):
            with lab.alice.connect(net, lab.north.at(net), 7902) as fresh:
                fresh.sendall(b"payload")
                fresh.shutdown(socket.SHUT_WR)
                assert read_all(fresh) == b"payload"
                served.append(1)
    with lab.weir(CONFIG) as weir:
        stop(weir)
        manager.start(weir)
        assert sorted(name for name, _ in manager.kept) == ["worker-0"] * 4 + ["worker-1"] * 4
        tasks = [lab.task(calls) for _ in range(4)]
        for _ in range(5):
            before = len(served)
            eventually(lambda: len(served) > before + 20, "connections are served")
            stop(weir)
            manager.start(weir)
            assert len(manager.kept) == 8  # the same again
        before = len(served)
        eventually(lambda: len(served) > before + 20, "connections are served")
        over.set()
        for task in tasks:
            task.result()


@case("datagrams that come while weir is down are served by the next one", only_weir=OWN)
def datagrams_wait(lab, net):
    server = lab.closing(lab.north.udp(net, 7951))
    client = lab.closing(lab.alice.udp(net))
    manager = Manager(lab)
    with lab.weir(CONFIG) as weir:
        stop(weir)
        manager.start(weir)
        stop(weir)
        client.sendto(b"anybody?", (lab.north.at(net), 7951))
        manager.start(weir)
        assert server.recvfrom(100)[0] == b"anybody?"


@case("kept sockets of another port are given back, and those of more workers are shared out", NO_FAMILY,
      only_weir=OWN)
def other_port(lab):
    lab.serve(lab.north.listen(V4, 7902), lambda connection: connection.sendall(read_all(connection)))
    manager = Manager(lab)
    with lab.weir(CONFIG, firewall=False) as weir:
        stop(weir)
        manager.start(weir)
        stop(weir)
        assert len(manager.kept) == 8
        weir.write(CONFIG.replace("workers = 2", "workers = 1"))
        manager.start(weir)
        eventually(lambda: len(manager.kept) == 8, "one worker has all eight")
        stop(weir)
        weir.write(CONFIG.replace("workers = 2", "workers = 2\nport = 50081"))
        manager.start(weir)
        ports = {socket.socket(fileno=os.dup(kept)).getsockname()[1] for _, kept in manager.kept}
        assert ports == {50081} and len(manager.kept) == 8, (ports, manager.kept)


@case("sockets of a socket unit are taken, with a warning where weir fails open", NO_FAMILY, only_weir=OWN)
def socket_unit(lab):
    """As weir.socket binds them: transparent, sharing the port, and listening."""
    lab.serve(lab.north.listen(V4, 7902), lambda connection: connection.sendall(read_all(connection)))
    for how in ("open", "closed"):
        manager = Manager(lab)
        with lab.weir(CONFIG + f"[firewall]\non-failure = {how}\n") as weir:
            stop(weir)
            for af in (socket.AF_INET, socket.AF_INET6):
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                    made = lab.router.socket(af, kind)
                    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                    if af == socket.AF_INET6:
                        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                    made.bind(("", 50080))
                    if kind == socket.SOCK_STREAM:
                        made.listen(100)
                    manager.kept.append(("weir.socket", made.detach()))
            manager.start(weir)
            for _ in range(8):
                with lab.alice.connect(V4, lab.north.v4, 7902) as fresh:
                    fresh.sendall(b"hi")
                    fresh.shutdown(socket.SHUT_WR)
                    assert read_all(fresh) == b"hi"
            with open(weir.log) as file:
                assert ("weir.socket" in file.read()) == (how == "open")
            stop(weir)
        manager.close()


if __name__ == "__main__":
    main()
