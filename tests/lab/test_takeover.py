#!/usr/bin/env python3
"""`weir run --takeover`: a successor goes on with listeners, UDP flows and all that was learnt, and the
process before it finishes its TCP flows. Nothing is lost, refused or counted twice; and a successor
that fails leaves everything as it was."""

import os
import pwd
import re
import socket
import struct
import threading

from backends import for_each_backend
from harness import MIB, V4, case, endpoint, eventually, main, noise, sha256
from harness.host import read_all
from harness.proxies import DANTED, danted

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
    """How many UDP flows each successor got, and for how long nobody was served, in ms."""
    with open(weir.log) as file:
        return [(int(flows), int(us) / 1000) for flows, us in
                re.findall(r"took over from process \d+: (\d+) UDP flows; nobody was served for (\d+) us",
                           file.read())]


@case("UDP flows go on through a takeover: same source, every datagram answered, one record with all",
      only_weir=OWN)
def udp_flows(lab, net):
    mapped, pooled = Echo(lab, lab.north, net, 7951), Echo(lab, lab.north, net, 7961)
    talkers = [Talker(lab, net, mapped.address, b"mapped%d" % i) for i in range(20)]
    talkers += [Talker(lab, net, pooled.address, b"pooled%d" % i) for i in range(20)]
    with lab.weir(config(net)) as weir:
        for talker in talkers:
            talker.exchange()
        ids = {flow["id"] for flow in weir.flows()}
        assert len(ids) == 40
        before = weir.take_over()
        assert before.wait(20) == 0
        assert {flow["id"] for flow in weir.flows()} == ids
        for talker in talkers:
            talker.exchange()
            talker.exchange()
        for talker in talkers:
            assert len((mapped if b"mapped" in talker.name else pooled).sources(talker.name)) == 1, talker.name
        # A peer that was never asked still reaches the client through its mapping.
        other = lab.closing(lab.north.udp(net, 7952))
        other.sendto(b"unasked", next(iter(mapped.sources(b"mapped0"))))
        data, peer = talkers[0].socket.recvfrom(100)
        assert (data, peer[1]) == (b"unasked", 7952)
        assert not weir.records(), weir.records()
        weir.end()
        records = [record for record in weir.records() if record["id"] in ids]
        assert {record["id"] for record in records} == ids and len(records) == 40
        assert all((r["packets_up"], r["packets_down"], r["rule"]) in ((3, 3, "mapped"), (3, 3, "pooled"))
                   for r in records), records
        assert all(r["server"] == "north" for r in records if r["rule"] == "pooled"), records
        flows, _ = took_over(weir)[0]
        assert flows == 40


@case("a TCP flow finishes in the old process while new ones go through the successor", only_weir=OWN)
def tcp_flow(lab, net):
    content = noise(4 * MIB, seed=11)
    release = threading.Event()

    def serve(connection):
        connection.sendall(content[:MIB])
        release.wait(60)
        connection.sendall(content[MIB:])
    lab.serve(lab.north.listen(net, 7901), serve)
    lab.serve(lab.north.listen(net, 7902), lambda connection: connection.sendall(read_all(connection)))
    with lab.weir(config(net) + "[timeouts]\ndrain = 60s\n") as weir:
        held = lab.closing(lab.alice.connect(net, lab.north.at(net), 7901))
        held.recv(1)
        before = weir.take_over()
        with lab.alice.connect(net, lab.north.at(net), 7902) as fresh:
            fresh.sendall(b"new")
            fresh.shutdown(socket.SHUT_WR)
            assert read_all(fresh) == b"new"
        assert before.running
        assert not weir.flows(protocol="tcp")  # the held one is not the successor's
        release.set()
        held.settimeout(30)
        got = read_all(held)
        assert sha256(content[:1] + got) == sha256(content)
        held.close()
        assert before.wait(30) == 0
        weir.expect_record(destination=f"{lab.north.at(net)}:7901" if net is V4
                           else f"[{lab.north.at(net)}]:7901", end="closed")


@case("the old process ends after timeouts.drain, its TCP flow with it", only_weir=OWN)
def drain_ends(lab, net):
    lab.serve(lab.north.listen(net, 7901), lambda connection: read_all(connection))
    with lab.weir(config(net) + "[timeouts]\ndrain = 1s\n") as weir:
        held = lab.closing(lab.alice.connect(net, lab.north.at(net), 7901))
        weir.expect_flows(1)
        assert weir.take_over().wait(20) == 0
        weir.expect_record(end="drained")
        assert os.path.exists(weir.control.path) and weir.serving_process() == weir.program.pid


@case("twenty takeovers in a row under load: no connection refused, no datagram lost", only_weir=OWN,
      limit=300)
def twenty(lab, net):
    lab.nginx(lab.north)
    lab.dnsmasq(lab.north)
    lab.serve(lab.north.listen(net, 7902), lambda connection: connection.sendall(read_all(connection)))
    mapped, pooled = Echo(lab, lab.north, net, 7951), Echo(lab, lab.north, net, 7961)
    talkers = [Talker(lab, net, echo.address, b"%s%d" % (name, i))
               for echo, name in ((mapped, b"mapped"), (pooled, b"pooled")) for i in range(2)]

    def connects():
        with lab.alice.connect(net, lab.north.at(net), 7902) as fresh:
            fresh.sendall(b"payload")
            fresh.shutdown(socket.SHUT_WR)
            assert read_all(fresh) == b"payload"

    def asks_dns():
        with lab.alice.udp(net) as client:
            client.sendto(b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03one\x03lab\x04test\x00\x00\x01\x00\x01",
                          (lab.north.at(net), 53))
            assert client.recv(512)[:2] == b"\x12\x34"
    with lab.weir(config(net, workers=2) + "[rule web]\non = tcp/80\nuse = transparent\n"
                  "[timeouts]\ndrain = 60s\n") as weir:
        load = [Always(lab, talker.exchange) for talker in talkers]
        load += [Always(lab, connects), Always(lab, connects), Always(lab, asks_dns)]
        old = []
        for _ in range(20):
            old.append(weir.take_over())
            for each in load:
                each.has_gone_on()
        for each in load:
            each.end()
        for program in old:
            assert program.wait(60) == 0
        for talker in talkers:
            echo = mapped if b"mapped" in talker.name else pooled
            assert len(echo.sources(talker.name)) == 1, talker.name
        weir.end()
        for talker in talkers:
            port = str(talker.socket.getsockname()[1])
            [record] = weir.records(protocol="udp", client=lambda c, port=port: c.endswith(":" + port))
            assert (record["packets_up"], record["packets_down"]) == (talker.asked, talker.asked), record
        ids = [record["id"] for record in weir.records()]
        assert len(set(ids)) == len(ids), "an id was given twice"
        assert not weir.records(end=lambda end: end in ("client-reset", "server-reset", "connect-failed"))


@case("the number of workers may change; UDP flows stay with their sources", only_weir=OWN)
def workers(lab, net):
    lab.serve(lab.north.listen(net, 7902), lambda connection: connection.sendall(read_all(connection)))
    echo = Echo(lab, lab.north, net, 7951)
    talkers = [Talker(lab, net, echo.address, b"client%d" % i) for i in range(16)]
    with lab.weir(config(net, workers=4)) as weir:
        for count in (4, 2, 4, 1, 3):
            for talker in talkers:
                talker.exchange()
            assert weir.take_over(config(net, workers=count)).wait(20) == 0
            assert weir.status()["workers"] == count
            for talker in talkers:
                talker.exchange()
            for _ in range(12):
                with lab.alice.connect(net, lab.north.at(net), 7902) as fresh:
                    fresh.sendall(b"new")
                    fresh.shutdown(socket.SHUT_WR)
                    assert read_all(fresh) == b"new"
            assert len(weir.flows(protocol="udp")) == 16
        for talker in talkers:
            assert len(echo.sources(talker.name)) == 1


@case("a flow whose rule and upstream are gone goes on and keeps their names", only_weir=OWN)
def names(lab, net):
    pooled = Echo(lab, lab.north, net, 7961)
    talker = Talker(lab, net, pooled.address, b"one")
    with lab.weir(config(net)) as weir:
        talker.exchange()
        other = config(net).split("[rule pooled]")[0] + "[rule later]\non = udp/7960-7969\nuse = transparent\n"
        assert weir.take_over(other).wait(20) == 0
        talker.exchange()
        [flow] = weir.flows(protocol="udp")
        assert (flow["rule"], flow["upstream"]) == ("pooled", "pool"), flow
        assert weir.live("close", flow["id"]).returncode == 0
        weir.expect_record(id=flow["id"], rule="pooled", upstream="pool", packets_up=2, end="killed")
        talker.exchange()
        weir.expect_flows(1, rule="later")


@case("thousands of flows with sockets of their own change hands", NO_FAMILY, only_weir=OWN)
def thousands(lab):
    count = 4000
    sink = lab.closing(lab.north.udp(V4, 7961))
    text = f"""
[gateway]
workers = 2

[rule many]
on = udp/20000-39999
use = pool

[upstream pool]
type = forward
server = north=198.51.100.10:7961

[limits]
max-flows = {2 * count}
max-flows-per-client = {2 * count}
"""
    with lab.weir(text) as weir:
        client = lab.closing(lab.alice.udp(V4))

        def round_of(word):
            sources = {}
            for first in range(0, count, 50):
                for port in range(20_000 + first, 20_050 + first):
                    client.sendto(b"%s %d" % (word, port), (lab.north.v4, port))
                for _ in range(50):
                    data, source = sink.recvfrom(100)
                    assert data.startswith(word), data
                    sources[data.split()[1]] = source
            return sources
        before = round_of(b"before")
        assert len(before) == count
        assert weir.take_over().wait(30) == 0
        assert round_of(b"after") == before
        assert weir.control.json("/v1/status")["udp_flows"] == count
        [(flows, rest)] = took_over(weir)
        print(f"     {flows} flows: nobody was served for {rest:.1f} ms", flush=True)
        assert flows == count


# What fails

def still_serves(lab, net, weir, talker):
    talker.exchange()
    with lab.alice.connect(net, lab.north.at(net), 7902) as fresh:
        fresh.sendall(b"still")
        fresh.shutdown(socket.SHUT_WR)
        assert read_all(fresh) == b"still"
    assert weir.serving_process() == weir.program.pid


@case("a successor that cannot take over says why, and the old gateway serves on", only_weir=OWN)
def refused(lab, net):
    lab.serve(lab.north.listen(net, 7902), lambda connection: connection.sendall(read_all(connection)))
    echo = Echo(lab, lab.north, net, 7951)
    talker = Talker(lab, net, echo.address, b"one")
    with lab.weir(config(net)) as weir:
        still_serves(lab, net, weir, talker)
        for text, status, words in (
                (config(net) + "[rule broken]\n", 2, "on"),
                (config(net, port=50081), 1, "gateway.port changes with a restart"),
                (config(net) + "[firewall]\nbypass-mark = 0x4/0x4\n", 1, "firewall.bypass-mark"),
                (config(net) + "[log]\ntarget = file:/nowhere/at/all.log\n", 1, "/nowhere")):
            path = f"{weir.folder}/other.ini"
            with open(weir.config) as file:
                own = file.read()
            if "[log]" in text:
                own = re.sub(r"target = .*", "target = file:/nowhere/at/all.log", own)
            else:
                own = own.replace(config(net).strip(), text.strip())
            with open(path, "w") as file:
                file.write(own)
            done = lab.router.run(lab.weir_path, "run", "--takeover", "-c", path, timeout=30)
            assert done.returncode == status and words in done.stderr, (text, done)
            said = [line for line in done.stderr.splitlines() if ": warning: " not in line]
            assert len(said) == 1 or status == 2, done.stderr
            still_serves(lab, net, weir, talker)
        assert len(echo.sources(b"one")) == 1
        with open(f"{weir.folder}/lonely.ini", "w") as file:
            file.write(own.replace(weir.control.path, f"{weir.folder}/lonely.sock"))
        done = lab.router.run(lab.weir_path, "run", "--takeover", "-c", f"{weir.folder}/lonely.ini")
        assert done.returncode == 1 and "no gateway is there to be taken over" in done.stderr, done
        assert weir.take_over().wait(20) == 0
        still_serves(lab, net, weir, talker)
        assert len(echo.sources(b"one")) == 1


# The protocol as a stranger speaks it: the head of a frame is its size, type and descriptors.
HELLO, REFUSAL, OFFER, TAKE, WORKER, SOCKETS, FLOWS, END, PREPARED, GO, SERVING = range(1, 12)


class Stranger:
    """Speaks to the gateway's takeover socket by hand."""

    def __init__(self, weir):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(20)
        self.socket.connect(weir.control.path + ".takeover")
        self.held = []

    def say(self, kind, body=b""):
        self.socket.sendall(struct.pack("<IHH", len(body), kind, 0) + body)

    def hello(self, version=1):
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


@case("a successor that dies, hangs or talks nonsense at any point leaves the old gateway serving",
      only_weir=OWN)
def breaks_off(lab, net):
    lab.serve(lab.north.listen(net, 7902), lambda connection: connection.sendall(read_all(connection)))
    echo, pooled = Echo(lab, lab.north, net, 7951), Echo(lab, lab.north, net, 7961)
    talkers = [Talker(lab, net, echo.address, b"one"), Talker(lab, net, pooled.address, b"two")]
    with lab.weir(config(net)) as weir:
        load = [Always(lab, talker.exchange) for talker in talkers]

        def goes_on():
            for each in load:
                each.has_gone_on()
            assert weir.serving_process() == weir.program.pid
        for version in (0, 2, 99):
            stranger = Stranger(weir)
            stranger.hello(version)
            kind, text = stranger.hear()
            assert kind == REFUSAL and b"version" in text and b"restart it instead" in text, text
            stranger.close()
        for steps in ((), (OFFER,), (OFFER, TAKE), (OFFER, TAKE, END), (OFFER, TAKE, END, PREPARED),
                      (OFFER, TAKE, END, PREPARED, GO)):
            stranger = Stranger(weir)
            stranger.hello()
            for step in steps:
                if step in (TAKE, PREPARED):
                    stranger.say(step)
                else:
                    stranger.until(step)
            stranger.close()
            goes_on()
        # Nonsense instead of the next word.
        stranger = Stranger(weir)
        stranger.socket.sendall(b"\xff" * 64)
        assert stranger.hear()[0] == REFUSAL
        stranger.close()
        stranger = Stranger(weir)
        stranger.hello()
        stranger.until(OFFER)
        second = Stranger(weir)
        kind, text = second.hear()
        assert kind == REFUSAL and b"another takeover is under way" in text, text
        second.close()
        stranger.say(SERVING)
        assert stranger.hear()[0] == REFUSAL
        stranger.close()
        # One that takes everything and says nothing more.
        stranger = Stranger(weir)
        stranger.hello()
        stranger.until(OFFER)
        stranger.say(TAKE)
        stranger.until(END)
        kind, text = stranger.hear()
        assert kind == REFUSAL and b"takes too long" in text, text
        goes_on()
        stranger.close()
        for each in load:
            each.end()
        assert weir.take_over().wait(20) == 0
        for talker in talkers:
            talker.exchange()
        assert len(echo.sources(b"one")) == 1 and len(pooled.sources(b"two")) == 1


@case("only root may take over, and its socket is root's alone", NO_FAMILY, only_weir=OWN)
def only_root(lab):
    with lab.weir(CONFIG, firewall=False) as weir:
        os.chmod(weir.folder, 0o755)
        path = weir.control.path + ".takeover"
        assert os.stat(path).st_mode & 0o777 == 0o600 and os.stat(path).st_uid == 0
        nobody = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")
        os.chmod(weir.config, 0o644)
        done = lab.router.run(*nobody, lab.weir_path, "run", "--takeover", "-c", weir.config)
        assert done.returncode == 1 and "Permission denied" in done.stderr, done
        os.chmod(path, 0o666)  # even when somebody opens the door
        done = lab.router.run(*nobody, lab.weir_path, "run", "--takeover", "-c", weir.config)
        assert done.returncode == 1 and "only root may take over a gateway" in done.stderr, done
        assert weir.serving_process() == weir.program.pid


@case("as another user weir is taken over, and takes over", only_weir=OWN)
def as_nobody(lab, net):
    echo = Echo(lab, lab.north, net, 7951)
    talker = Talker(lab, net, echo.address, b"one")
    own = lab.weir(config(net, workers=1, user="nobody"))
    nobody = pwd.getpwnam("nobody")
    os.chown(own.folder, nobody.pw_uid, nobody.pw_gid)
    with own as weir:
        talker.exchange()
        for _ in range(2):
            assert weir.take_over().wait(20) == 0
            talker.exchange()
            with open(f"/proc/{weir.program.pid}/status") as file:
                assert re.search(rf"Uid:\s+{nobody.pw_uid}\s", file.read())
        assert len(echo.sources(b"one")) == 1


# What else goes along

@case("what was learnt of servers goes along: health, the operator's wish and weight, names", NO_FAMILY,
      only_weir=OWN)
def learnt(lab):
    lab.dnsmasq(lab.north)
    text = f"""
[dns]
servers = {lab.north.v4}
min-ttl = 10m
max-ttl = 10m

[rule web]
on = tcp/7970
use = pool

[upstream pool]
type = forward
server = named=www.lab.test:7902
server = dead=198.51.100.10:7999
server = idle=198.51.100.10:7903
check = connect
check-interval = 100ms
check-timeout = 100ms
eject-after = 1
"""
    lab.serve(lab.north.listen(V4, 7902), lambda connection: connection.sendall(b"x"))
    with lab.weir(text) as weir:
        def servers():
            [pool] = [u for u in weir.control.json("/v1/upstreams")["upstreams"] if u["name"] == "pool"]
            return {server["name"]: server for server in pool["servers"]}
        eventually(lambda: servers()["dead"]["state"] == "down", "the dead server is found out")
        eventually(lambda: servers()["named"].get("addresses"), "the name is known")
        weir.live("set-server", "pool", "idle", "drain", check=True)
        weir.live("set-server", "pool", "named", "weight=7", check=True)
        before = servers()

        def asked():
            return lab.dnsmasq(lab.north).errors.count("query[A] www.lab.test")
        questions = asked()
        assert questions > 0
        assert weir.take_over().wait(20) == 0
        after = servers()
        for name in before:
            for key in ("state", "weight", "addresses", "why"):
                assert after[name].get(key) == before[name].get(key), (name, key, before[name], after[name])
        with lab.alice.connect(V4, lab.north.v4, 7970) as client:
            assert read_all(client) == b"x"
        assert asked() == questions  # the answer is good for ten minutes


@for_each_backend("the successor keeps the firewall's rules, and its death is answered as on-failure says",
                  families=NO_FAMILY)
def firewall(lab, backend):
    lab.serve(lab.north.listen(V4, 7902), lambda connection: connection.sendall(read_all(connection)))

    def rules():
        command = ["nft", "list", "ruleset"] if backend == "nft" else ["iptables-save"]
        return lab.router.run(*command).stdout

    def reaches():
        try:
            with lab.alice.connect(V4, lab.north.at(V4), 7902, timeout=3) as fresh:
                fresh.sendall(b"hi")
                fresh.shutdown(socket.SHUT_WR)
                return read_all(fresh) == b"hi"
        except OSError:
            return False

    def guardian():
        return b"weir-firewall-guardian" in lab.router.run("cat", "/proc/net/unix").stdout
    for how in ("open", "closed"):
        text = CONFIG + f"[firewall]\non-failure = {how}\n"
        with lab.weir(text, backend=backend, keeps_firewall=True) as weir:
            assert b"7900" in rules()
            refused = lab.router.run(lab.weir_path, "run", "--takeover", "-c", weir.config)
            assert refused.returncode == 1 and "--firewall, too" in refused.stderr, refused
            assert weir.take_over().wait(20) == 0
            assert b"7900" in rules() and reaches()
            # More ports with the next one.
            more = "\n[rule more]\non = tcp/7888\nuse = direct\n"
            assert weir.take_over(text + more).wait(20) == 0
            assert b"7888" in rules() and reaches()
            # What others take away is put back, by one.
            if backend == "nft":
                lab.router.run("nft", "delete", "table", "inet", "weir", check=True)
            else:
                lab.router.run("iptables", "-t", "mangle", "-F", "PREROUTING", check=True)
            eventually(lambda: b"7888" in rules() and weir.status()["firewall"]["repairs"] == 1,
                       "the rules are put back")
            assert guardian() == (backend == "iptables")
            weir.kill()
            if how == "open":
                eventually(reaches, "traffic passes without the gateway")
            else:
                eventually(lambda: not guardian(), "the guardian has done its work")
                assert not reaches()


@for_each_backend("a successor that fails after it changed the firewall's rules leaves the old ones in force",
                  families=NO_FAMILY)
def firewall_kept(lab, backend):
    """It changes them, and then has no descriptors left for what it is handed."""
    def rules():
        command = ["nft", "list", "ruleset"] if backend == "nft" else ["iptables-save"]
        return lab.router.run(*command).stdout
    lab.serve(lab.north.listen(V4, 7902), lambda connection: connection.sendall(read_all(connection)))
    with lab.weir(CONFIG, backend=backend, keeps_firewall=True) as weir:
        before = rules()
        more = "\n[rule more]\non = tcp/7888\nuse = direct\n"
        own = weir.config
        weir.config = f"{weir.folder}/more.ini"
        with open(own) as file, open(weir.config, "w") as more_file:
            more_file.write(file.read() + more)
        lab.closing(lab.north.udp(V4, 7951))
        clients = [lab.closing(lab.alice.udp(V4)) for _ in range(60)]
        for client in clients:
            client.sendto(b"?", (lab.north.v4, 7951))
        weir.expect_flows(60)
        failed = weir.successor(prefix=("prlimit", "--nofile=64:64"))
        assert failed.wait(60) == 1 and "cannot take over" in failed.errors, failed.errors
        weir.config = own
        strip = lambda text: re.sub(rb"packets \d+ bytes \d+|\[\d+:\d+\]|# .*", b"", text)  # noqa: E731
        eventually(lambda: strip(rules()) == strip(before), "the rules are the old ones again")
        with lab.alice.connect(V4, lab.north.at(V4), 7902) as fresh:
            fresh.sendall(b"hi")
            fresh.shutdown(socket.SHUT_WR)
            assert read_all(fresh) == b"hi"
        assert weir.status()["pid"] == weir.program.pid
        assert weir.take_over().wait(20) == 0


@case("flows through a SOCKS5 relay go on, with the connection that the relay lives by", only_weir=OWN)
def relayed(lab, net):
    lab.shared(danted, lab.east, net)
    echo = Echo(lab, lab.north, net, 7600)
    text = (f"[firewall]\ninterfaces = lan\n[rule office]\non = udp/7600\nuse = office\n[upstream office]\n"
            f"type = socks5\nserver = p1={endpoint(lab.east.at(net), DANTED)}\n")
    for mapping in ("per-flow", "per-client"):
        talker = Talker(lab, net, echo.address, b"one-" + mapping.encode())
        with lab.weir(text + f"mapping = {mapping}\n") as weir:
            talker.exchange()
            for _ in range(2):
                assert weir.take_over().wait(20) == 0
                talker.exchange()
            assert len(echo.sources(talker.name)) == 1
            [flow] = weir.flows()
            assert flow["server"] == "p1" and flow["packets_up"] == 3, flow
            assert weir.live("close", flow["id"]).returncode == 0
            record = weir.expect_record(protocol="udp", end="killed", packets_up=3, packets_down=3)
            assert record["server_address"] == endpoint(lab.east.at(net), DANTED), record


@case("a flow whose relay is not open yet ends as drained, and the next datagram opens another", only_weir=OWN)
def not_yet_relayed(lab, net):
    """The proxy accepts, and says nothing."""
    lab.serve(lab.east.listen(net, 1099), lambda connection: read_all(connection))
    text = (f"[firewall]\ninterfaces = lan\n[rule office]\non = udp/7600\nuse = office\n[upstream office]\n"
            f"type = socks5\nserver = p1={endpoint(lab.east.at(net), 1099)}\n")
    client = lab.closing(lab.alice.udp(net))
    with lab.weir(text) as weir:
        client.sendto(b"one", (lab.north.at(net), 7600))
        weir.expect_flows(1)
        [flow] = weir.flows()
        assert weir.take_over().wait(20) == 0
        weir.expect_record(id=flow["id"], end="drained", packets_up=0)
        assert not weir.flows()
        client.sendto(b"two", (lab.north.at(net), 7600))
        weir.expect_flows(1)
        assert weir.flows()[0]["id"] != flow["id"]


@case("admin.http is the successor's, on the same address or another", only_weir=OWN)
def http(lab, net):
    def answered_by(port):
        with lab.router.connect(net, lab.places.router_lan.at(net), port) as asked:
            asked.sendall(b"GET /v1/status HTTP/1.1\r\nHost: weir\r\nConnection: close\r\n\r\n")
            return re.search(rb'"pid":\s*(\d+)', read_all(asked))

    def is_answered_by(port, program):
        try:
            found = answered_by(port)
        except OSError:
            return False
        return found is not None and int(found[1]) == program.pid
    address = lab.places.router_lan.at(net)
    with lab.weir(config(net), firewall=False) as weir:
        for port in (9180, 9180, 9181):
            with open(weir.config) as file:
                text = re.sub(r"\nhttp = .*", "", file.read())
            with open(weir.config, "w") as file:
                file.write(text.replace("[admin]", f"[admin]\nhttp = {endpoint(address, port)}"))
            assert weir.take_over().wait(20) == 0
            eventually(lambda: is_answered_by(port, weir.program), "the successor answers")  # noqa: B023


@case("a service manager is told of the successor, which goes on beating", NO_FAMILY, only_weir=OWN)
def main_pid(lab):
    path = f"{lab.work}/takeover-notify.sock"
    manager = lab.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    manager.bind(path)
    manager.settimeout(20)

    def hears(word):
        while True:
            fields = dict(line.split("=", 1) for line in manager.recv(4096).decode().splitlines())
            if word in fields:
                return fields[word]
    with lab.weir(CONFIG, firewall=False, prefix=("env", f"NOTIFY_SOCKET={path}", "WATCHDOG_USEC=200000")) as weir:
        hears("READY")
        weir.take_over()
        assert hears("MAINPID") == str(weir.program.pid)
        hears("READY")
        for _ in range(3):
            hears("WATCHDOG")
    os.unlink(path)


if __name__ == "__main__":
    main()
