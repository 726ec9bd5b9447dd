#!/usr/bin/env python3
"""weir under a service manager that keeps its listeners: over a restart no connection is refused."""

import os
import socket
import threading

from harness import V4, case, eventually, main
from harness.host import read_all
from service_manager import Manager, stop

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
