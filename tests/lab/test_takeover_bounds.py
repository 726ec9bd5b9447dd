#!/usr/bin/env python3
"""`weir run --takeover` at its bounds: very many listeners, a successor that hangs, flows that end after one
that came to nothing. Always one gateway serves, and never two."""

import os
import signal
import socket
import subprocess
import sys
import time

from harness import V4, case, eventually, main
from harness.host import read_all
from takeover_fixture import Always, END, Echo, NO_FAMILY, OFFER, OWN, REFUSAL, Stranger, TAKE, Talker, config

# Takes everything, hears that it shall serve, and says nothing more.
SILENT = f"""
import sys, time
sys.path.insert(0, {os.path.dirname(os.path.abspath(__file__))!r})
from takeover_fixture import END, GO, OFFER, PREPARED, Stranger, TAKE
class Gateway:
    class control:
        path = sys.argv[1]
stranger = Stranger(Gateway)
stranger.hello()
stranger.until(OFFER)
stranger.say(TAKE)
stranger.until(END)
stranger.say(PREPARED)
stranger.until(GO)
print("go", flush=True)
time.sleep(600)
"""


def answers(lab, net):
    with lab.alice.connect(net, lab.north.at(net), 7902) as fresh:
        fresh.sendall(b"still")
        fresh.shutdown(socket.SHUT_WR)
        return read_all(fresh) == b"still"


# A query for a.test, and a response to it, behind their ids.
QUESTION = b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x04test\x00\x00\x01\x00\x01"
ANSWER = b"\x81\x80" + QUESTION[2:]


@case("seventy workers are taken over by one, and that one once more", NO_FAMILY, only_weir=OWN)
def many_listeners(lab):
    """One worker has all 280 listeners then, more than one message has room for."""
    lab.serve(lab.north.listen(V4, 7902), lambda connection: connection.sendall(read_all(connection)))
    with lab.weir(config(V4, workers=70)) as weir:
        assert answers(lab, V4)
        for _ in range(2):
            assert weir.take_over(config(V4, workers=1)).wait(20) == 0
            assert answers(lab, V4)


@case("a successor that says nothing once it may serve is killed, and the gateway before it goes on",
      only_weir=OWN)
def silent_successor(lab, net):
    lab.serve(lab.north.listen(net, 7902), lambda connection: connection.sendall(read_all(connection)))
    echo = Echo(lab, lab.north, net, 7951)
    talker = Talker(lab, net, echo.address, b"one")
    with lab.weir(config(net)) as weir:
        talker.exchange()
        with subprocess.Popen([sys.executable, "-c", SILENT, weir.control.path],
                              stdout=subprocess.PIPE) as successor:
            assert successor.stdout.readline() == b"go\n"
            began = time.monotonic()
            talker.exchange()  # waits meanwhile
            assert 4 < time.monotonic() - began < 15
            assert successor.wait(10) == -signal.SIGKILL
        assert answers(lab, net) and weir.serving_process() == weir.program.pid
        with open(weir.log) as file:
            assert "did not begin to serve within 5 s, and was killed" in file.read()
        assert weir.take_over().wait(20) == 0
        talker.exchange()
        assert len(echo.sources(b"one")) == 1


@case("flows end after a takeover that came to nothing, while the one who wanted it still holds their sockets",
      only_weir=OWN)
def aborted(lab, net):
    echo = Echo(lab, lab.north, net, 7951)
    names = lab.closing(lab.north.udp(net, 53))
    with lab.weir(config(net)) as weir:
        talker = Talker(lab, net, echo.address, b"one")
        load = Always(lab, talker.exchange)
        clients, seen = [], []
        for number in range(40):
            clients.append(lab.closing(lab.alice.udp(net)))
            clients[-1].sendto(bytes([0, number]) + QUESTION, (lab.north.at(net), 53))
            seen.append(names.recvfrom(100)[1])
        stranger = Stranger(weir)
        stranger.hello()
        stranger.until(OFFER)
        stranger.say(TAKE)
        stranger.until(END)
        stranger.say(OFFER)  # nonsense, and so the gateway goes on; all descriptors are held here
        assert stranger.hear()[0] == REFUSAL
        for number, source in enumerate(seen):
            names.sendto(bytes([0, number]) + ANSWER, source)
        for number, client in enumerate(clients):
            assert client.recv(100) == bytes([0, number]) + ANSWER
        weir.expect_flows(0, rule="dns")  # a second after their answers
        for _ in range(20):
            for source in seen:
                names.sendto(b"to nobody", source)
            load.has_gone_on()
        eventually(lambda: weir.serving_process() == weir.program.pid, "the gateway serves")
        stranger.close()
        load.end()


if __name__ == "__main__":
    main()
