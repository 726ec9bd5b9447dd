"""Python code of a case that must run beside it: a server that answers, a client that keeps asking.

A task's exception is the case's failure: `result()` raises it, and so does the end of the case for a
task whose result was not asked for.
"""

import contextlib
import socket
import threading

from .wait import TIMEOUT, eventually


class Task:
    started = []  # by the running case; the runner clears it

    def __init__(self, function, *arguments, start=True, forgives=()):
        """`forgives`: exceptions that are no failure as long as the result is not asked for."""
        self._forgives = forgives
        self._value = self._error = None
        self._asked = False
        self._thread = threading.Thread(target=self._run, args=(function, arguments), daemon=True)
        Task.started.append(self)
        if start:
            self.start()

    def start(self):
        self._thread.start()

    def _run(self, function, arguments):
        try:
            self._value = function(*arguments)
        except BaseException as error:  # result() raises it
            self._error = error

    @property
    def done(self):
        return self._thread.ident is not None and not self._thread.is_alive()

    def result(self, within=TIMEOUT):
        self._asked = True
        eventually(lambda: self.done, "a task of the case ends", within)
        if self._error:
            raise self._error
        return self._value

    def raise_if_unasked(self):
        if self.done and self._error and not (self._asked or isinstance(self._error, self._forgives)):
            raise self._error


class Echo:
    """A TCP server that hands each accepted connection to `serve(connection)` in a task of its own."""

    def __init__(self, listener, serve):
        self.listener, self.serve = listener, serve
        self.peers = []  # (address, port) of everyone who called
        self.tasks = []
        listener.settimeout(None)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self):
        while True:
            try:
                connection, peer = self.listener.accept()
            except OSError:
                return
            connection.settimeout(TIMEOUT)
            self.peers.append(peer[:2])
            task = Task(self._serve, connection, start=False, forgives=OSError)
            self.tasks.append(task)  # before it can have finished
            task.start()

    def _serve(self, connection):
        with connection:
            return self.serve(connection)

    def result(self, number=0):
        """What `serve` returned for the first connection, or a later one."""
        eventually(lambda: len(self.tasks) > number, "the server is called")
        return self.tasks[number].result()

    def close(self):
        _close(self.listener, self._thread)


class Responder:
    """A UDP server that answers each datagram with `answer(data, peer)`; None is no answer."""

    def __init__(self, receiver, answer):
        self.receiver, self.answer = receiver, answer
        self.peers = []
        receiver.settimeout(None)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            data, peer = self.receiver.recvfrom(70_000)
            if peer is None:
                return
            self.peers.append(peer[:2])
            reply = self.answer(data, peer[:2])
            if reply is not None:
                self.receiver.sendto(reply, peer)

    def close(self):
        _close(self.receiver, self._thread)


def _close(blocked, thread):
    """Closes a socket that a thread sleeps in. Only shutdown wakes that thread, and only when it has
    gone is the port free again."""
    with contextlib.suppress(OSError):
        blocked.shutdown(socket.SHUT_RDWR)
    thread.join(TIMEOUT)
    blocked.close()
