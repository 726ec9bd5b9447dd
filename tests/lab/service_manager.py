"""A service manager for the lab. systemd itself is not here; this is its end of the protocols
(sd_notify(3), sd_listen_fds(3)): it keeps the descriptors it is sent, and starts weir with them."""

import contextlib
import os
import signal
import socket
import struct
import threading

from harness import eventually

SO_COOKIE = 57
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
    """Which socket it is, in whatever process and under whatever number."""
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
