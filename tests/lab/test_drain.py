#!/usr/bin/env python3
"""A gateway that drains under `run --firewall` with on-failure = open is passed by: whatever begins from
then on meets its server as if there were no weir, whatever lives ends whole, and no client fails, over a
restart either. With on-failure = closed clients wait, or are refused, as ever."""

import contextlib
import re
import signal
import threading

from backends import BreakableNft, WHY, for_each_backend
from echo_servers import answers, echoes, exchange, from_router, tcp, udp
from harness import V4, case, eventually, main
from harness.host import read_all
from harness.weir import read
from load import Askers, Dnsperf, Wrk
from service_manager import Manager, stop

CONFIG = """
[gateway]
workers = 2

[rule web]
on = tcp/80
use = direct

[rule dns]
on = any/53
use = direct

[rule refused]
on = any/7504
use = reject

[rule chosen]
on = any/7501-7505
client = 192.0.0.0/5, 224.0.0.0/8, fd00::/16, 2001:db8::/32
use = {use}

[rule rest]
on = any/7501-7503, tcp/7507, udp/7509
use = reject

[timeouts]
drain = 60s
udp-idle = {idle}
"""


def gateway(lab, backend, use="direct", idle="6s", more="", **options):
    return lab.weir(CONFIG.format(use=use, idle=idle) + more, backend=backend, keeps_firewall=True, **options)


class Callers:
    """Ask who they are on port 7501, again and again, each time as a new flow, over TCP and UDP."""

    def __init__(self, lab, here, net):
        self._here, self._net = here, net
        self._over = threading.Event()
        self.told = {"tcp": [], "udp": []}
        self._tasks = [lab.task(self._call, ask, self.told[ask.__name__]) for ask in (tcp, udp)]
        lab.closing(self)

    def _call(self, ask, told):
        while not self._over.wait(0.01):
            told.append(ask(self._here, self._net, 7501))

    def wait_for(self, count, address=None):
        """Until both have been told so many more times, by that address at last."""
        wanted = {kind: len(told) + count for kind, told in self.told.items()}
        eventually(lambda: all(len(told) >= wanted[kind] and told[-1] == (address or told[-1])
                               for kind, told in self.told.items()), f"{count} more calls, {address or ''}")

    def close(self):
        self._over.set()

    def finish(self, *allowed):
        """Ends them. `allowed`: what they may have been told."""
        self._over.set()
        for task in self._tasks:
            task.result()
        for kind, told in self.told.items():
            others = [(place, who) for place, who in enumerate(told) if who not in allowed]
            assert not others, f"{kind}, of {len(told)} calls: {others[:20]}"


class Living:
    """A connection, a conversation over UDP and a client that is never answered, through weir. Once told to,
    they go on all the while: however slow the case is, none of them is idle."""

    def __init__(self, lab, here, net):
        self._lab = lab
        self._over = threading.Event()
        self._task = None
        lab.closing(self)  # before its sockets
        self.net, self.server = net, here.north
        self.sink = lab.closing(lab.north.udp(net, 7503))
        self.connection = lab.closing(here.alice.connect(net, here.north.at(net), 7502))
        self.talk, self.oneway = (lab.closing(here.alice.udp(net)) for _ in range(2))
        self.talk.connect((here.north.at(net), 7502))
        self.source = None
        self.rounds = 0

    def _go_on(self):
        while not self._over.wait(0.05):
            self.rounds += 1
            exchange(self.connection, b"%6d" % self.rounds)
            self.talk.send(b"%6d" % self.rounds)
            assert self.talk.recv(100) == b"%6d" % self.rounds
            self.oneway.sendto(b"%6d" % self.rounds, (self.server.at(self.net), 7503))
            data, source = self.sink.recvfrom(100)
            assert data == b"%6d" % self.rounds
            assert source == (self.source or source), "another flow"
            self.source = source

    def go_on(self, times=1):
        """Until they have gone on so many times more, and they don't stop at that."""
        self._task = self._task or self._lab.task(self._go_on)
        wanted = self.rounds + 1 + times  # one may be under way
        eventually(lambda: self._task.done or self.rounds >= wanted, f"{times} more rounds of those that live")
        if self._task.done:
            self._task.result()

    def pause(self):
        if self._task:
            self._over.set()
            self._task.result()
            self._task = None
            self._over.clear()

    def close(self):
        with contextlib.suppress(Exception):  # of a case that failed already
            self.pause()

    def end(self, weir):
        """Ends them. Their records say that all of it went through weir."""
        self.pause()
        self.connection.close()
        weir.expect_record(rule="chosen", protocol="tcp", end="closed", bytes_up=6 * self.rounds,
                           bytes_down=6 * self.rounds)
        weir.expect_record(rule="chosen", protocol="udp", packets_up=self.rounds, packets_down=self.rounds)
        weir.expect_record(rule="chosen", protocol="udp", packets_up=self.rounds, packets_down=0)


def terminate(weir):
    count = read(weir.log).count("draining: ")
    weir.program.signal(signal.SIGTERM)
    eventually(lambda: read(weir.log).count("draining: ") > count, "weir drains")


@contextlib.contextmanager
def without_early_demux(lab):
    """When weir and its rules are gone the router's kernel remembers its connections for a minute
    (TIME_WAIT), and with early demux does not forward what a client sends that takes a port again: known,
    and said by `weir doctor`. Random ports meet one now and then."""
    setting = "net.ipv4.tcp_early_demux"
    lab.router.run("sysctl", "-q", "-w", f"{setting}=0", check=True)
    try:
        yield
    finally:
        lab.router.run("sysctl", "-q", "-w", f"{setting}=1", check=True)


def no_listener(weir):
    """A service manager may hold one still."""
    eventually(lambda: f"pid={weir.program.pid}," not in weir.router.run(
        "ss", "-Hnltp", "sport", "=", ":50080").stdout.decode(), "weir does not listen for connections")


def rules_of(lab):
    return lab.router.run("nft", "-s", "list", "ruleset", check=True).stdout


@for_each_backend("a client that takes its ports again after weir was stopped or killed meets its server at once")
def taken_again(lab, net, backend):
    # The server closes first: then weir closes first towards the client, and its side waits.
    lab.serve(lab.north.listen(net, 7505), lambda connection: connection.sendall(b"hello"))

    def all_answered(ports):
        for port in ports:
            with lab.alice.connect(net, lab.north.at(net), 7505, timeout=5,
                                   source=(lab.alice.at(net), port)) as connection:
                assert read_all(connection) == b"hello", port

    for use, ends, ports in (("direct", signal.SIGTERM, range(6100, 6140)),
                             ("transparent", signal.SIGKILL, range(6200, 6240))):
        with gateway(lab, backend, use=use) as weir:
            all_answered(ports)
            weir.expect_flows(0)
            weir.killed = ends == signal.SIGKILL
            weir.program.signal(ends)
            weir.program.wait()
            eventually(lambda: b"weir-firewall-guardian" not in
                       lab.router.run("cat", "/proc/net/unix").stdout, "the cleanup process has ended")
            all_answered(ports)


@for_each_backend("a flow that begins while weir drains meets the server, one from before ends whole, none fails")
def forwarded(lab, net, backend):
    answers(lab, net, 7501)
    echoes(lab, net, 7502)
    lab.nginx(lab.north)
    lab.dnsmasq(lab.north)
    own = lab.alice.at(net)
    with without_early_demux(lab), gateway(lab, backend) as weir:
        through = weir.source(net, lab.alice, lab.north)
        callers = Callers(lab, lab, net)
        wrk = Wrk(lab.alice, net.url(lab.north, "/name"))
        askers = Askers(lab, net, lab.alice, lab.north)
        dnsperf = Dnsperf(lab.alice, net, lab.north, max_rate=200)
        callers.wait_for(10, through)
        askers.wait_for(10)
        living = Living(lab, lab, net)
        living.go_on(3)
        terminate(weir)
        callers.wait_for(5, own)
        for _ in range(5):
            living.go_on(3)
            callers.wait_for(10, own)
        no_listener(weir)
        for _ in range(5):
            living.go_on(3)
            callers.wait_for(10, own)
            askers.wait_for(10)
        # Who has asked before and asks on from the same port is answered, too; it ends before weir does.
        answered, lost = dnsperf.finish()
        assert answered > 20 and lost == 0, (answered, lost)
        asked = lab.alice.run("dnsperf", "-s", lab.north.at(net), "-f", net.pick("inet", "inet6"), "-c", 10, "-n", 50,
                              "-d", f"{lab.work}/questions", check=True).stdout.decode()
        assert re.search(r"Queries completed: +50 ", asked) and re.search(r"Queries lost: +0 ", asked), asked
        said = weir.status()["firewall"]
        assert (said["backend"], said["repairs"], said["trouble"]) == (backend, 0, ""), said
        assert "draining" in weir.reload().stderr
        living.go_on()
        living.end(weir)
        assert weir.program.wait(30) == 0
        callers.wait_for(20, own)
        callers.finish(through, own)
        told = callers.told["tcp"]
        assert through not in told[told.index(own):], "back to weir"
        answered, failures = askers.finish()
        assert not failures, (answered, failures)
        requests, failures, bodies = wrk.finish()
        assert requests > 50 and not failures and bodies == {"north"}, (requests, failures, bodies)
        # Of those that came on ports that the kernel knew, none was left without its answer.
        assert not [record for record in weir.records(end="drained")
                    if record["packets_down"] < record["packets_up"]]


@for_each_backend("so it is for what the router itself sends, and after weir drain")
def local(lab, net, backend):
    here = from_router(lab)
    answers(lab, net, 7501)
    echoes(lab, net, 7502)
    own = here.alice.at(net)
    with gateway(lab, backend, use="south", more=f"[firewall]\nlocal = yes\n[upstream south]\ntype = direct\n"
                 f"source = {lab.places.router_south.at(net)}\n") as weir:
        through = lab.places.router_south.at(net)
        callers = Callers(lab, here, net)
        callers.wait_for(10, through)
        living = Living(lab, here, net)
        living.go_on(3)
        weir.live("drain", check=True)
        for _ in range(5):
            callers.wait_for(10, own)
            living.go_on(3)
        no_listener(weir)
        with here.alice.connect(net, lab.north.at(net), 7502) as fresh:
            exchange(fresh, b"past a gateway that drains,")
            living.go_on(3)
            living.end(weir)
            assert weir.program.wait(30) == 0
            callers.wait_for(10, own)
            exchange(fresh, b"one that has gone")
            weir.start()
            exchange(fresh, b"and one that has come")
        callers.wait_for(10, through)
        callers.finish(through, own)


@for_each_backend("over restarts at full rate no client fails, and nothing is left to wait with the service manager",
                  families=(V4,), limit=300)
def restarts(lab, net, backend):
    answers(lab, net, 7501)
    lab.nginx(lab.north)
    lab.dnsmasq(lab.north)
    own = lab.alice.at(net)
    manager = Manager(lab)
    with gateway(lab, backend, idle="1s") as weir:
        def remove():
            """As the unit's ExecStopPost."""
            weir.cli("firewall", "remove", "--on-failure", "-c", weir.config, check=True)
        through = weir.source(net, lab.alice, lab.north)
        stop(weir)
        manager.start(weir)
        callers = Callers(lab, lab, net)
        askers = Askers(lab, net, lab.alice, lab.north)
        wrk = Wrk(lab.alice, net.url(lab.north, "/name"), connections=16)
        for _ in range(2):
            callers.wait_for(20, through)
            terminate(weir)
            callers.wait_for(5, own)
            # And at once: a client that takes a port again that it had a minute ago, while there are no
            # rules, meets what the router's kernel remembers of its connection, and waits.
            assert weir.program.wait(30) == 0
            remove()
            manager.start(weir)
            assert len(manager.kept) == 8
        callers.wait_for(20, through)
        callers.finish(through, own)
        answered, failures = askers.finish()
        assert not failures, (answered, failures)
        requests, failures, bodies = wrk.finish()
        assert requests > 100 and not failures and bodies == {"north"}, (requests, failures, bodies)


@for_each_backend("a handshake that is under way when weir begins to drain becomes a connection through weir")
def half_open(lab, net, backend):
    answers(lab, net, 7501)
    echoes(lab, net, 7502)
    own = lab.alice.at(net)
    with gateway(lab, backend) as weir:
        lab.alice.run("nft", "add table inet held; add chain inet held out { type filter hook output priority 0; }; "
                      "add rule inet held out tcp dport 7502 tcp flags & (syn | ack) == ack drop", check=True)
        try:
            with lab.alice.connect(net, lab.north.at(net), 7502) as late:  # its last word is held back
                terminate(weir)
                eventually(lambda: tcp(lab, net, 7501) == own, "new connections pass by")
                lab.alice.run("nft", "delete table inet held", check=True)
                exchange(late, b"after all")
                no_listener(weir)
                exchange(late, b" and for long")
            assert weir.program.wait(30) == 0
            weir.expect_record(protocol="tcp", rule="chosen", end="closed", bytes_up=22)
        finally:
            lab.alice.run("nft", "delete table inet held")


@for_each_backend("connections that wait while weir is busy are served when it drains, under a service manager, too")
def waiting(lab, net, backend):
    echoes(lab, net, 7502)
    for manager in (None, Manager(lab)):
        with gateway(lab, backend) as weir:
            if manager:
                stop(weir)
                manager.start(weir)
            weir.program.signal(signal.SIGSTOP)
            calls = [lab.alice.connect(net, lab.north.at(net), 7502) for _ in range(100)]
            weir.program.signal(signal.SIGTERM)
            weir.program.signal(signal.SIGCONT)
            no_listener(weir)
            for number, call in enumerate(calls):
                exchange(call, b"%6d" % number)
                call.close()
            assert weir.program.wait(30) == 0
            eventually(lambda: len(weir.records(protocol="tcp", bytes_up=6, end="closed")) == 100, "all served")


@for_each_backend("a client that asks on from a known port, and peers of its mapping, are served while weir drains")
def known(lab, net, backend):
    answers(lab, net, 7501)
    echoes(lab, net, 7502)
    lab.dnsmasq(lab.north)
    second = lab.closing(lab.south.udp(net, 7502))
    with gateway(lab, backend, use="transparent", idle="60s") as weir:
        living = lab.closing(lab.alice.connect(net, lab.north.at(net), 7502))
        exchange(living, b"here to stay")
        with lab.alice.udp(net) as asker, lab.alice.udp(net) as player:
            asker.connect((lab.north.at(net), 53))

            def ask():
                asker.send(Askers.QUESTION)
                assert asker.recv(512)[7] == 1
            ask()
            eventually(lambda: weir.records(rule="dns", protocol="udp"), "the flow has ended")
            player.sendto(b"first", (lab.north.at(net), 7502))
            assert player.recvfrom(100)[0] == b"first"
            terminate(weir)
            eventually(lambda: "new flows bypass weir" in read(weir.log), "rules stand")
            for _ in range(3):
                ask()
            # It meets another peer, whose answers come to the port that weir speaks from.
            for _ in range(3):
                player.sendto(b"second", (lab.south.at(net), 7502))
                data, peer = second.recvfrom(100)
                second.sendto(b"the second's answer", peer)
                data, sender = player.recvfrom(100)
                assert data == b"the second's answer" and sender[:2] == (lab.south.at(net), 7502)
            player.sendto(b"once more", (lab.north.at(net), 7502))
            assert player.recvfrom(100)[0] == b"once more"


@for_each_backend("what others do to the rules of a gateway that drains is put right, and its doctor is content")
def looked_after(lab, net, backend):
    # A port of its own: a client's port that the kernel remembers of calls before would lead to weir.
    answers(lab, net, 7505)
    echoes(lab, net, 7502)
    own = lab.alice.at(net)
    damage = {"nft": "nft delete table inet weir",
              "iptables": net.pick("iptables", "ip6tables") + " -t mangle -F PREROUTING"}
    with gateway(lab, backend, idle="60s") as weir:
        living = Living(lab, lab, net)
        living.go_on(3)
        living.pause()  # without the rules they would pass by
        terminate(weir)
        eventually(lambda: "new flows bypass weir" in read(weir.log), "rules stand")
        assert tcp(lab, net, 7505) == udp(lab, net, 7505) == own
        said = weir.cli("doctor", "-c", weir.config).stdout.decode()
        assert f"{backend}: installed, as" in said, said
        lab.router.run(*damage[backend].split(), check=True)
        eventually(lambda: weir.status()["firewall"]["repairs"] >= 1, "weir repairs")
        living.go_on(3)
        assert tcp(lab, net, 7505) == udp(lab, net, 7505) == own
        assert tcp(lab, net, 7504) == "refused"
        living.pause()


@for_each_backend("killed while it drains, weir leaves traffic passing")
def killed(lab, net, backend):
    answers(lab, net, 7501)
    echoes(lab, net, 7502)
    with gateway(lab, backend, idle="60s") as weir:
        living = Living(lab, lab, net)
        living.go_on()
        living.pause()
        terminate(weir)
        eventually(lambda: "new flows bypass weir" in read(weir.log), "rules stand")
        weir.kill()
        eventually(lambda: tcp(lab, net, 7501, 1) == udp(lab, net, 7501, 1) == lab.alice.at(net), "all passes")
        living.talk.settimeout(0.5)

        def answered():  # what was weir's passes as well, once the cleanup process has been there
            living.talk.send(b"still there?")
            try:
                return living.talk.recv(100) == b"still there?"
            except TimeoutError:
                return False
        eventually(answered, "it is answered")


@for_each_backend("with on-failure = closed who comes while weir drains waits, and is served by the next one")
def closed(lab, net, backend):
    echoes(lab, net, 7502)
    manager = Manager(lab)
    with gateway(lab, backend, more="[firewall]\non-failure = closed\n") as weir:
        stop(weir)
        manager.start(weir)
        with lab.alice.connect(net, lab.north.at(net), 7502) as living:
            exchange(living, b"here")
            before = rules_of(lab)
            terminate(weir)
            no_listener(weir)
            assert rules_of(lab) == before
            with lab.alice.connect(net, lab.north.at(net), 7502) as waits:
                waits.sendall(b"timeout")
                exchange(living, b"still here")
                living.close()
                assert weir.program.wait(30) == 0
                manager.start(weir)
                assert waits.recv(100) == b"timeout"


@case("without a service manager and closed who comes while weir drains is refused", only_weir=WHY)
def closed_alone(lab, net):
    echoes(lab, net, 7502)
    with gateway(lab, "nft", more="[firewall]\non-failure = closed\n") as weir:
        with lab.alice.connect(net, lab.north.at(net), 7502) as living:
            exchange(living, b"here")
            terminate(weir)
            eventually(lambda: tcp(lab, net, 7502, 1) == "refused", "connections are refused")
            exchange(living, b"still here")


@case("a gateway that cannot replace its rules says so, and drains all the same", (V4,), only_weir=WHY)
def broken(lab, net):
    echoes(lab, net, 7502)
    nft = BreakableNft(lab)
    with gateway(lab, "nft", prefix=nft.prefix) as weir:
        with lab.alice.connect(net, lab.north.at(net), 7502) as living:
            exchange(living, b"here")
            nft.breaks()
            terminate(weir)
            assert "cannot bypass this gateway while it drains: Error: out of order" in read(weir.log), read(weir.log)
            exchange(living, b"still here")
            no_listener(weir)
            nft.works_again()
        assert weir.program.wait(30) == 0


@for_each_backend("a gateway that was taken over leaves the rules alone while it drains")
def taken_over(lab, net, backend):
    answers(lab, net, 7501)
    echoes(lab, net, 7502)
    with gateway(lab, backend) as weir:
        through = weir.source(net, lab.alice, lab.north)
        with lab.alice.connect(net, lab.north.at(net), 7502) as living:
            exchange(living, b"here")
            before = rules_of(lab)
            predecessor = weir.take_over()
            for _ in range(3):
                assert tcp(lab, net, 7501) == udp(lab, net, 7501) == through
                exchange(living, b"still here")
            assert rules_of(lab) == before
            predecessor.signal(signal.SIGTERM)  # ends it at once, for it drains already
            assert predecessor.wait(30) == 0
            assert rules_of(lab) == before
        assert tcp(lab, net, 7501) == udp(lab, net, 7501) == through


if __name__ == "__main__":
    main()
