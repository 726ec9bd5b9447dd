"""A gateway process while one measurement lasts: started afresh for each, so that none inherits what
an earlier one left behind, ready when all its ports are bound, and ended with its children by their
process ids.
"""

import os
import signal
import subprocess

from lab import ports_of, wait_until


class GatewayFailed(Exception):
    """It did not start, or did not live; carries the end of what it said."""


def children_of(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


class Gateway:
    def __init__(self, participant, lane):
        self.participant = participant
        self.lane = lane
        self.process = None
        self.log = os.path.join(lane.folder, "gateway.log")

    def __enter__(self):
        command = self.participant.command(self.lane.folder)
        if command is None:
            return self
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                self.lane.inside("router", self.participant.cores) + command,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.lane.folder)
        try:
            wait_until(self._ready, 10, "not listening after 10 s")
        except (RuntimeError, GatewayFailed) as error:
            self.__exit__()
            raise GatewayFailed(f"{error}; {self.last_words()}") from None
        return self

    def __exit__(self, *_):
        if self.process is None:
            return
        for pid in self.pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()

    def _ready(self):
        if self.process.poll() is not None:
            raise GatewayFailed(f"exited with {self.process.returncode}")
        if len(children_of(self.process.pid)) < self.participant.children:
            return False
        return all(ports <= ports_of(self.process.pid, (table,))
                   for table, ports in self.participant.ready.items())

    def pids(self):
        if self.process is None:
            return []
        return [self.process.pid] + children_of(self.process.pid)

    def alive(self):
        return self.process is None or self.process.poll() is None

    def resident_bytes(self):
        """Exact, from a walk over the page tables; the counter in `status` lags by up to 64 pages."""
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/smaps_rollup") as file:
                total += sum(int(line.split()[1]) * 1024 for line in file if line.startswith("Rss:"))
        return total

    def last_words(self):
        try:
            with open(self.log, errors="replace") as file:
                lines = [line.strip() for line in file if line.strip()]
        except OSError:
            lines = []
        return "its log: " + (" | ".join(line[-200:] for line in lines[-2:]) or "(empty)")
