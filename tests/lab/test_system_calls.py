#!/usr/bin/env python3
"""What a connection and a datagram cost in system calls. They are what the data path's time goes into,
and they creep up one by one; here each has to be asked for.

strace counts them (-c) in the one worker's process while the case makes a known number of connections or
datagrams, one after the other. Waiting (epoll_wait) is left out: how often a turn finds more than one
thing to do depends on the machine.
"""

import re
import signal
import threading

from harness import case, endpoint, eventually, main
from harness.host import read_all, read_exactly
from harness.proxies import DANTED, danted
from harness.questions import answer_to, question

QUIET = """
[gateway]
workers = 1

[log]
flows = none

[rule web]
on = tcp/7100
use = {use}

[rule echo]
on = udp/7100, udp/53
use = {use}
"""

COUNT = 200
# What the main thread, timers and strace's own start may add in all.
SLACK = 100
WAITING = {"epoll_wait", "epoll_pwait", "clock_nanosleep", "restart_syscall", "futex", "total"}


class Counted:
    """Counts the system calls that weir makes while the block runs."""

    def __init__(self, lab, weir):
        self.router, self.weir = lab.router, weir
        self.path = f"{weir.folder}/strace"

    def __enter__(self):
        self.strace = self.router.start("strace", "-c", "-f", "-o", self.path, "-p", self.weir.program.pid)
        eventually(lambda: "attached" in self.strace.errors, "strace has attached")
        return self

    def __exit__(self, error, *_):
        self.strace.signal(2)
        self.strace.wait()
        self.calls = {}
        with open(self.path) as file:
            for line in file:
                if found := re.match(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", line):
                    self.calls[found[2]] = int(found[1])

    def expect_at_most(self, each, count=COUNT):
        total = sum(calls for name, calls in self.calls.items() if name not in WAITING)
        listed = ", ".join(f"{name} {calls / count:.2f}" for name, calls in
                           sorted(self.calls.items(), key=lambda item: -item[1]) if calls >= count / 4)
        assert count <= total, f"strace saw nothing: {self.calls}"
        assert total <= each * count + SLACK, f"{total / count:.2f} calls each, not {each}: {listed}"


def connections(lab, net, weir, each):
    def answer(connection):
        with connection:
            connection.sendall(read_exactly(connection, 100))
            read_all(connection)

    lab.serve(lab.north.listen(net, 7100), answer)

    def one():
        with lab.alice.connect(net, lab.north.at(net), 7100) as connection:
            connection.sendall(b"q" * 100)
            read_exactly(connection, 100)
            connection.shutdown(1)
            read_all(connection)

    one()
    if not weir:
        return
    with Counted(lab, weir) as counted:
        for _ in range(COUNT):
            one()
        weir.expect_flows(0)
    counted.expect_at_most(each)


@case("a short connection costs 19 system calls, with the router's address")
def short_direct(lab, net):
    with lab.weir(QUIET.format(use="direct")) as weir:
        connections(lab, net, weir, 19)


@case("a short connection costs 22 system calls, with the client's address")
def short_transparent(lab, net):
    with lab.weir(QUIET.format(use="transparent")) as weir:
        connections(lab, net, weir, 22)


NAMED = """
[rule named]
on = tcp/{port}
host = www.example
use = direct
"""


@case("a rule that asks for the host costs connections to other ports no system call")
def short_beside_names(lab, net):
    with lab.weir(NAMED.format(port=7101) + QUIET.format(use="direct")) as weir:
        connections(lab, net, weir, 19)


@case("the host of a short connection costs it one system call more, where its first bytes are there")
def short_named(lab, net):
    with lab.weir(NAMED.format(port=7100) + QUIET.format(use="direct")) as weir:
        connections(lab, net, weir, 20)


def datagrams(lab, net, weir, port, fresh, each):
    lab.respond(lab.north.udp(net, port), lambda data, peer: answer_to(data))
    kept = lab.closing(lab.alice.udp(net))

    def one(sender):
        sender.sendto(question(1), (lab.north.at(net), port))
        assert sender.recv(100) == answer_to(question(1))

    one(kept)
    if not weir:
        return
    with Counted(lab, weir) as counted:
        for _ in range(COUNT):
            if fresh:
                with lab.alice.udp(net) as sender:
                    one(sender)
            else:
                one(kept)
    counted.expect_at_most(each)


@case("a question and its answer in a live flow cost 4 system calls")
def live_flow(lab, net):
    with lab.weir(QUIET.format(use="direct")) as weir:
        datagrams(lab, net, weir, 7100, False, 4)


@case("after the answers of many flows have come at once, an exchange costs no more than before")
def after_burst(lab, net):
    server = lab.closing(lab.north.udp(net, 7100))
    clients = [lab.closing(lab.alice.udp(net)) for _ in range(64)]

    def ask(some):
        for client in some:
            client.sendto(b"question", (lab.north.at(net), 7100))
        return [server.recvfrom(100) for _ in some]

    def answer(questions, some):
        for data, peer in questions:
            server.sendto(data, peer)
        assert all(client.recv(100) == b"question" for client in some)

    with lab.weir(QUIET.format(use="direct")) as weir:
        asked = ask(clients)
        if weir:
            weir.program.signal(signal.SIGSTOP)  # so that it finds all answers in one turn
            threading.Timer(0.1, weir.program.signal, [signal.SIGCONT]).start()
        answer(asked, clients)
        if not weir:
            return
        with Counted(lab, weir) as counted:
            for _ in range(COUNT):
                answer(ask(clients[:1]), clients[:1])
        counted.expect_at_most(4)


@case("a question in a flow of its own, with its answer and its end, costs 11 system calls")
def new_flow(lab, net):
    # So that flows end while they are counted, however fast the machine is.
    with lab.weir(QUIET.format(use="direct") + "[timeouts]\ndns-idle = 200ms\n") as weir:
        datagrams(lab, net, weir, 53, True, 11)


@case("a rule's interface costs a question in a flow of its own no further system call")
def by_interface(lab, net):
    with lab.weir(QUIET.format(use="direct") + "interface = lan\n[timeouts]\ndns-idle = 200ms\n") as weir:
        datagrams(lab, net, weir, 53, True, 11)


@case("a question through a SOCKS5 server, with its answer, costs 4 system calls once another is answered")
def lent_relay(lab, net):
    lab.shared(danted, lab.east, net)
    with lab.weir(QUIET.format(use="office") + "[firewall]\ninterfaces = lan\n[upstream office]\ntype = socks5\n"
                  f"server = {endpoint(lab.east.at(net), DANTED)}\n") as weir:
        datagrams(lab, net, weir, 53, True, 4)


if __name__ == "__main__":
    main()
