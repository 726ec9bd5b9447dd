"""A real program running in one of the lab's hosts, with its output kept for when a test fails.

A program belongs to the case that started it: the runner stops what a case leaves running and shows
the output of all of them when the case fails.
"""

import os
import signal
import subprocess

from . import sandbox
from .wait import eventually


class Program:
    started = []  # by the running case, in order; the runner clears it
    _count = 0

    def __init__(self, host, argv, stdin=None, env=None, name=None, descriptors=()):
        """`descriptors` stay open in it, under their numbers."""
        Program._count += 1
        self.name = name or os.path.basename(argv[0])
        self.host, self.argv = host, [str(a) for a in argv]
        base = f"{sandbox.WORK}/{Program._count:04}-{host.name}-{self.name}"
        self.out, self.err = base + ".out", base + ".err"
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(
                host.enter_command() + self.argv, stdin=stdin or subprocess.DEVNULL, stdout=out,
                stderr=err, env={**os.environ, **(env or {})}, start_new_session=True,
                pass_fds=tuple(descriptors))
        self.pid = self.process.pid  # nsenter replaces itself by the program
        Program.started.append(self)

    @property
    def running(self):
        return self.process.poll() is None

    @property
    def output(self):
        with open(self.out, "rb") as file:
            return file.read()

    @property
    def errors(self):
        with open(self.err, "rb") as file:
            return file.read().decode(errors="replace")

    def wait(self, within=60.0):
        """The exit status, once it has ended; negative for a signal."""
        eventually(lambda: not self.running, f"{self.name} ends", within)
        return self.process.returncode

    def expect_success(self, within=60.0):
        status = self.wait(within)
        assert status == 0, f"{self.name} ended with {status}: {self.errors[-2000:]}"
        return self.output

    def until_ready(self, condition):
        """Waits until the program serves; says so when it ended instead."""
        def ready():
            assert self.running, f"{self.name} ended at once: {self.errors[-2000:]}"
            return condition()
        eventually(ready, f"{self.name} serves")
        return self

    def signal(self, number):
        if self.running:
            os.kill(self.pid, number)

    def stop(self):
        """Ends it and everything it started."""
        try:
            os.killpg(self.pid, signal.SIGTERM if self.running else signal.SIGKILL)
        except ProcessLookupError:
            pass
        if self.running:
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                os.killpg(self.pid, signal.SIGKILL)
                self.process.wait(10)

    def kill(self):
        """As the kernel would: it and everything it started, without a chance to tidy up."""
        os.killpg(self.pid, signal.SIGKILL)
        self.process.wait(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def report(self, lines=40):
        """What it was and the last it said, for a failed case."""
        state = "running" if self.running else f"ended with {self.process.returncode}"
        text = f"--- {self.host.name}$ {' '.join(self.argv)}   [{state}]\n"
        for label, content in (("out", self.output.decode(errors="replace")), ("err", self.errors)):
            tail = content[-200_000:].splitlines()[-lines:]
            text += "".join(f"    {label}: {line[:400]}\n" for line in tail)
        return text
