#!/usr/bin/env python3
"""`weir run --takeover` where it fails, or must not be allowed: the gateway before it serves on."""

import os
import pwd
import re
import socket

from backends import for_each_backend
from harness import V4, case, eventually, main
from harness.host import read_all
from takeover_fixture import (Always, CONFIG, END, Echo, GO, NO_FAMILY, OFFER, OWN, PREPARED, REFUSAL, SERVING,
                              Stranger, TAKE, Talker, config)


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
                (config(net, port=50081), 1, "gateway.port changes only with a restart"),
                (config(net) + "[firewall]\nbypass-mark = 0x4/0x4\n", 1, "firewall.bypass-mark"),
                (config(net) + "[log]\ntarget = file:/proc/all.log\n", 1, "/proc/all.log")):
            path = f"{weir.folder}/other.ini"
            with open(weir.config) as file:
                own = file.read()
            if "[log]" in text:
                own = re.sub(r"target = .*", "target = file:/proc/all.log", own)
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
        for version in (0, 1, 99):
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
        assert kind == REFUSAL and b"did not answer in time" in text, text
        goes_on()
        stranger.close()
        for each in load:
            each.end()
        assert weir.take_over().wait(20) == 0
        for talker in talkers:
            talker.exchange()
        assert len(echo.sources(b"one")) == 1 and len(pooled.sources(b"two")) == 1


@case("flows that end after a failed takeover hear nothing more of sockets that the successor still holds",
      only_weir=OWN)
def held_on(lab, net):
    echoes = [Echo(lab, lab.north, net, 7951), Echo(lab, lab.north, net, 7961)]
    with lab.weir(config(net)) as weir:
        for echo in echoes:
            Talker(lab, net, echo.address, b"one").exchange()
        stranger = Stranger(weir)
        stranger.hello()
        stranger.until(OFFER)
        stranger.say(TAKE)
        stranger.until(END)
        stranger.socket.close()  # and keeps what it was handed
        weir.expect_flows(2)  # it serves again
        assert weir.live("close", *(flow["id"] for flow in weir.flows())).returncode == 0
        weir.expect_flows(0)
        for echo in echoes:
            (source,) = echo.sources(b"one")
            held = [one for one in map(kept_socket, stranger.held)
                    if one.type == socket.SOCK_DGRAM and one.getsockname()[1] == source[1]]
            assert len(held) == 1, (source, stranger.held)
            for _ in range(20):
                echo.socket.sendto(b"late", source)
                assert held[0].recv(2048) == b"late"
        # What comes after has the places of what ended.
        for _ in range(20):
            for echo in echoes:
                Talker(lab, net, echo.address, b"two").exchange()
        stranger.close()
        assert weir.serving_process() == weir.program.pid
        assert weir.take_over().wait(20) == 0


def kept_socket(descriptor):
    """Of one that the gateway has handed over; what it stands for stays open when this is closed."""
    kept = socket.socket(fileno=os.dup(descriptor))
    kept.settimeout(20)
    return kept


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
        os.chmod(path, 0o666)  # even where the mode allows it
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

        def lines(text):
            """In any order: nft lists chains by their age, and rules that return stand in chains that stayed."""
            return sorted(re.sub(rb"packets \d+ bytes \d+|\[\d+:\d+\]|# .*", b"", text).splitlines())
        eventually(lambda: lines(rules()) == lines(before), "the rules are the old ones again")
        with lab.alice.connect(V4, lab.north.at(V4), 7902) as fresh:
            fresh.sendall(b"hi")
            fresh.shutdown(socket.SHUT_WR)
            assert read_all(fresh) == b"hi"
        assert weir.status()["pid"] == weir.program.pid
        assert weir.take_over().wait(20) == 0


if __name__ == "__main__":
    main()
