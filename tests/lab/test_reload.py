#!/usr/bin/env python3
"""Reload under load: nothing fails, live flows go on untouched, and a bad file changes nothing."""

import os
import re
import signal
import subprocess
import threading

from backends import for_each_backend
from harness import MIB, V4, case, endpoint, eventually, main, noise, sha256
from harness.host import read_exactly
from harness.servers import sshd
from harness.wait import deadline
from harness.weir import read

SOURCES = {"direct": "gateway", "transparent": "client"}


def config(use, extra=""):
    return f"""
        [rule web]
        on = tcp/80
        use = {use}

        [rule rest]
        on = any/53, tcp/22, any/7900
        use = {use}
        {extra}
        """


@case("200 reloads under curl, dig and a long transfer fail no flow", limit=240)
def under_load(lab, net):
    lab.nginx(lab.north)
    lab.dnsmasq(lab.north)
    server = sshd(lab.north)
    content = noise(64 * MIB, seed=11)
    over = threading.Event()
    asked = {"curl": 0, "dig": 0}

    def until_over(name, ask):
        while not over.is_set():
            ask()
            asked[name] += 1

    def curl():
        done = lab.alice.curl(net.url(lab.north, "/64KiB"))
        assert done.returncode == 0 and len(done.stdout) == 64 * 1024, done.stderr

    def dig():
        assert "192.0.2.201" in lab.bob.dig(lab.north.at(net), "one.lab.test", "A")

    def transfer():
        while not over.is_set():
            done = lab.alice.run("ssh", *server.options, f"root@{lab.north.at(net)}", "cat", input=content)
            assert done.returncode == 0 and sha256(done.stdout) == sha256(content), done.stderr

    with lab.weir(config("direct")) as weir:
        tasks = [lab.task(until_over, "curl", curl), lab.task(until_over, "dig", dig), lab.task(transfer)]
        for turn in range(200):
            if weir:
                # Every reload differs from the one before, in the rules and in the firewall.
                use = ("transparent", "direct")[turn % 2]
                done = weir.reload(config(use, f"[rule extra]\non = tcp/{8_000 + turn}\nuse = {use}\n"))
                assert done.returncode == 0, done.stdout.decode() + done.stderr
            if any(task.done for task in tasks):
                break
        # However fast the reloads were, every loop has seen some of them.
        eventually(lambda: min(asked.values()) >= 5 or any(task.done for task in tasks),
                   "curl and dig were asked")
        over.set()
        for task in tasks:
            task.result(within=100)
        if weir:
            assert weir.status()["reloads"] == 200
            bad = [r for r in weir.records() if r["end"] not in ("closed", "idle")]
            assert not bad, bad[:5]


@case("a reload changes what new flows get, and no live flow", only_weir="reload is weir's")
def live_flows(lab, net):
    def names_caller(connection):
        while connection.recv(100):
            connection.sendall(connection.getpeername()[0].encode().ljust(50))

    lab.serve(lab.north.listen(net, 7900), names_caller)
    lab.respond(lab.north.udp(net, 7900), lambda data, peer: peer[0].encode())

    def ask(connection):
        connection.sendall(b"?")
        return read_exactly(connection, 50).decode().strip()

    def ask_udp(client):
        client.send(b"?")
        return client.recv(100).decode()

    with lab.weir(config("direct")) as weir:
        router, alice = lab.places.router_north.at(net), lab.alice.at(net)
        old = lab.closing(lab.alice.connect(net, lab.north.at(net), 7900))
        old_udp = lab.closing(lab.alice.udp(net))
        old_udp.connect((lab.north.at(net), 7900))
        assert ask(old) == ask_udp(old_udp) == router
        before = {flow["id"] for flow in weir.flows()}
        assert weir.reload(config("transparent")).returncode == 0
        new = lab.closing(lab.alice.connect(net, lab.north.at(net), 7900))
        new_udp = lab.closing(lab.alice.udp(net))
        new_udp.connect((lab.north.at(net), 7900))
        assert ask(new) == ask_udp(new_udp) == alice
        assert ask(old) == ask_udp(old_udp) == router, "the live flow was touched"
        assert before <= {flow["id"] for flow in weir.flows()}
        # The old rules are gone, the flows of the old ones still end as they should.
        old.close()
        weir.expect_record(protocol="tcp", end="closed", upstream="direct")


@for_each_backend("a reload that hands a live flow's packets to no listener, or refuses them, leaves it where it is")
def rules_against(lab, net, backend):
    """What the rules say by now is for what begins now."""
    lab.respond(lab.north.udp(net, 7900), lambda data, peer: peer[0].encode())

    def ask(client):
        client.send(b"?")
        return client.recv(100).decode()

    def asker(host, port=7900):
        client = lab.closing(host.udp(net))
        client.connect((lab.north.at(net), port))
        return client

    bypass = "[gateway]\ndefault = bypass\n"
    start = bypass + "[rule rest]\non = any/7900\nclient = " + f"{lab.alice.v4}, {lab.alice.v6}\nuse = direct\n"
    with lab.weir(start, backend=backend) as weir:
        router = lab.places.router_north.at(net)
        live, past = asker(lab.alice), asker(lab.bob)
        assert ask(live) == router and ask(past) == lab.bob.at(net)
        for now in ("use = reject", "use = drop", "use = bypass", None):
            text = (start.replace("use = direct", now) if now
                    else bypass + "[rule other]\non = udp/7901\nuse = direct\n")
            assert weir.reload(text).returncode == 0
            assert ask(live) == router, now
            assert ask(past) == lab.bob.at(net), "what passed by still does"
            assert len(weir.flows(protocol="udp")) == 1
        assert ask(asker(lab.alice)) == lab.alice.at(net), "what begins goes by the rules"


@case("a bad file changes nothing, and reload says what is wrong and where",
      only_weir="reload is weir's")
def bad_file(lab, net):
    lab.nginx(lab.north)
    with lab.weir(config("direct")) as weir:
        def seen():
            return lab.alice.curl(net.url(lab.north, "/whoami")).stdout.decode().split()[0]

        assert seen() == lab.places.router_north.at(net)
        rules = lab.router.run("nft", "list", "ruleset").stdout
        done = weir.reload(config("transparent", "[rule web]\non = tcp/80\nuze = direct\n"))
        assert done.returncode == 1, done
        said = (done.stdout.decode() + done.stderr).replace("\n", " ")
        with open(weir.config) as file:
            line = next(n for n, text in enumerate(file, 1) if text.startswith("uze"))
        assert f"weir.ini:{line}: error:" in said, said
        assert seen() == lab.places.router_north.at(net)
        assert without_counters(lab.router.run("nft", "list", "ruleset").stdout) == without_counters(rules)
        status, answer = weir.control.post("/v1/reload")
        assert status in (400, 409) and answer["errors"], answer
        assert weir.status()["reloads_failed"] >= 2
        # As the service's ExecReload asks: the socket is found in a file that has errors, too.
        done = weir.cli("reload", "-c", weir.config)
        assert done.returncode == 1, done
        assert f"weir.ini:{line}: error:" in done.stdout.decode() + done.stderr, done
        assert weir.reload(config("transparent")).returncode == 0
        assert seen() == lab.alice.at(net)


@case("HUP reloads", only_weir="reload is weir's")
def hup(lab, net):
    lab.nginx(lab.north)
    with lab.weir(config("direct")) as weir:
        weir.write(config("transparent"))
        weir.program.signal(signal.SIGHUP)
        eventually(lambda: weir.status()["reloads"] >= 1, "the reload is counted")
        seen = lab.alice.curl(net.url(lab.north, "/whoami")).stdout.decode().split()[0]
        assert seen == lab.alice.at(net)


@case("HUP in the first moments of a gateway is a reload, and not its end", (V4,), only_weir="reload is weir's")
def hup_at_start(lab, net):
    many = "".join(f"[rule more-{n}]\non = tcp/{n}\nuse = direct\n" for n in range(10_000, 11_000))
    with lab.weir(config("direct", many)) as weir:
        for _ in range(5):
            weir.end()
            weir.program = lab.router.start(lab.weir_path, "run", "-c", weir.config, name="weir")
            # From its first line on; before that it is not weir yet, but the loader of programs.
            eventually(lambda: ignores_usr1(weir.program.pid), "weir has begun")
            weir.program.signal(signal.SIGHUP)
            weir.program.until_ready(weir.control.answers)
            eventually(lambda: weir.status()["reloads"] == 1, "the reload is counted")


def ignores_usr1(pid):
    with open(f"/proc/{pid}/status") as file:
        mask = next(line.split()[1] for line in file if line.startswith("SigIgn:"))
    return int(mask, 16) >> (signal.SIGUSR1 - 1) & 1


@case("HUP before main, while libraries begin, does not end a gateway", (None,), only_weir="reload is weir's")
def hup_before_main(lab):
    for _ in range(25):
        with subprocess.Popen([lab.weir_path, "run", "-c", "/nonexistent"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
            timeout = deadline()
            while not libraries_begin(program.pid):  # for a few milliseconds
                assert timeout.left, "the libraries never begin"
            program.send_signal(signal.SIGHUP)
        assert program.returncode != -signal.SIGHUP


def libraries_begin(pid):
    """The first of them to begin makes the heap. A program that has ended has no memory at all."""
    with open(f"/proc/{pid}/maps") as file:
        maps = file.read()
    return "[heap]" in maps or not maps


@case("HUP lets go of a rotated log, also with a file that does not parse", only_weir="reload is weir's")
def hup_after_rotation(lab, net):
    lab.nginx(lab.north)

    def written(path):
        return f'"{endpoint(lab.north.at(net), 80)}"' in read(path)

    with lab.weir(config("direct")) as weir:
        os.rename(weir.log, weir.log + ".1")
        weir.write(config("direct", "tpyo = 1"))
        weir.program.signal(signal.SIGHUP)
        eventually(lambda: "tpyo" in read(weir.log), "the new log says why the reload was refused")
        lab.alice.curl(net.url(lab.north, "/whoami"))
        eventually(lambda: written(weir.log), "a record in the new log")
        assert not written(weir.log + ".1")
        # Where the new one cannot be opened, the old one goes on, and says why.
        os.rename(weir.log, weir.log + ".2")
        os.mkdir(weir.log)
        weir.program.signal(signal.SIGHUP)
        eventually(lambda: f"cannot open the log {weir.log}" in read(weir.log + ".2"), "the old log says why")
        os.rmdir(weir.log)
        os.rename(weir.log + ".2", weir.log)


@case("a reload replaces the installed rules in the same step", only_weir="reload is weir's")
def firewall_follows(lab, net):
    lab.respond(lab.north.udp(net, 7901), lambda data, peer: peer[0].encode())

    def ask():
        with lab.alice.udp(net) as client:
            client.connect((lab.north.at(net), 7901))
            client.send(b"?")
            return client.recv(100).decode()

    with lab.weir(config("direct")) as weir:
        assert ask() == lab.alice.at(net), "no rule names that port yet"
        assert weir.reload(config("direct", "[rule more]\non = udp/7901\nuse = direct\n")).returncode == 0
        assert ask() == lab.places.router_north.at(net)
        weir.expect_flows(1, destination=endpoint(lab.north.at(net), 7901))
        assert weir.reload(config("direct")).returncode == 0
        assert ask() == lab.alice.at(net)


@case("what a reload may not change is refused with a sentence", only_weir="reload is weir's")
def refused_changes(lab, net):
    with lab.weir(config("direct")) as weir:
        for extra in ("[gateway]\nport = 50081\n", "[gateway]\nworkers = 7\n", "[firewall]\nmark = 0x10/0x10\n"):
            done = weir.reload(config("direct", extra))
            said = done.stdout.decode() + done.stderr
            assert done.returncode == 1 and "restart" in said, said
        assert weir.reload(config("direct")).returncode == 0


def without_counters(ruleset):
    return re.sub(rb"packets \d+ bytes \d+", b"", ruleset)


if __name__ == "__main__":
    main()
