#!/usr/bin/env python3
"""`weir run --firewall`: the rules come and go with weir, stand while it lives whatever others do to
them, and do what on-failure says when it is gone."""

import glob
import json
import os
import signal
import sys

from backends import BreakableNft, WHY, for_each_backend
from echo_servers import answers, echoes, exchange, tcp, udp
from harness import V4, case, eventually, main
from harness.weir import read, router_state

CONFIG = "[gateway]\nworkers = 1\n[firewall]\non-failure = {}\n[rule one]\non = any/7501\nuse = direct\n"


def kept(lab, backend, on_failure="open", more="", **options):
    return lab.weir(CONFIG.format(on_failure) + more, backend=backend, keeps_firewall=True, **options)


def intercepted(lab, net, weir):
    seen = weir.source(net, lab.alice, lab.north)
    assert tcp(lab, net, 7501) == udp(lab, net, 7501) == seen


def tcp_of(client, lab, net, port):
    try:
        with client.connect(net, lab.north.at(net), port):
            return "connected"
    except ConnectionRefusedError:
        return "refused"


def repairs(weir):
    return weir.metric("weir_firewall_repairs_total")


def log(weir):
    return [json.loads(line).get("message", "") for line in read(weir.log).splitlines()]


@for_each_backend("on-failure = open: at its end weir takes its rules away")
def removes(lab, net, backend):
    answers(lab, net, 7501)
    before = router_state(lab.router)
    with kept(lab, backend) as weir:
        intercepted(lab, net, weir)
        weir.end()
        assert router_state(lab.router) == before
        assert tcp(lab, net, 7501) == udp(lab, net, 7501) == lab.alice.at(net)


@for_each_backend("on-failure = closed: at its end the rules stay, and refuse exactly what was intercepted")
def stays(lab, net, backend):
    for port in (7501, 7502):
        answers(lab, net, port)
    with kept(lab, backend, "closed") as weir:
        intercepted(lab, net, weir)
        weir.end()
        assert tcp(lab, net, 7501) == udp(lab, net, 7501) == "refused"
        assert tcp(lab, net, 7502) == udp(lab, net, 7502) == lab.alice.at(net)
        weir.start()
        intercepted(lab, net, weir)


@for_each_backend("on-failure = open holds after kill -9, and the next start takes the rules over")
def killed_open(lab, net, backend):
    answers(lab, net, 7501)
    before = router_state(lab.router)
    with kept(lab, backend) as weir:
        intercepted(lab, net, weir)
        for _ in range(2):
            weir.kill()
            eventually(lambda: tcp(lab, net, 7501, timeout=1) == lab.alice.at(net),
                       "connections pass")
            assert udp(lab, net, 7501) == lab.alice.at(net)
            weir.start()
            intercepted(lab, net, weir)
        weir.end()
        assert router_state(lab.router) == before


@for_each_backend("on-failure = closed holds after kill -9, and the next start takes the rules over")
def killed_closed(lab, net, backend):
    for port in (7501, 7502):
        answers(lab, net, port)
    with kept(lab, backend, "closed") as weir:
        intercepted(lab, net, weir)
        for _ in range(2):
            weir.kill()
            eventually(lambda: tcp(lab, net, 7501, timeout=1) == "refused", "connections are refused")
            assert udp(lab, net, 7501) == "refused"
            assert tcp(lab, net, 7502) == udp(lab, net, 7502) == lab.alice.at(net)
            weir.start()
            intercepted(lab, net, weir)


@case("a weir that is killed at once after its start leaves traffic passing", only_weir=WHY)
def killed_at_once(lab, net):
    answers(lab, net, 7501)
    with kept(lab, "iptables") as weir:
        for _ in range(3):
            weir.kill()
            weir.start()
        intercepted(lab, net, weir)
        weir.kill()
        eventually(lambda: tcp(lab, net, 7501, timeout=1) == lab.alice.at(net), "connections pass")


DAMAGE = {
    "nft": (("nft flush ruleset", "nft"), ("nft delete table inet weir", "nft"),
            ("nft flush chain inet weir decide", "nft"),
            ("nft insert rule inet weir prerouting accept", "nft")),
    "iptables": (("iptables -t mangle -F PREROUTING; ip6tables -t mangle -F PREROUTING", "tables"),
                 ("iptables -t mangle -F WEIR-DECIDE; ip6tables -t mangle -F WEIR-DECIDE", "tables"),
                 ("nft flush ruleset", "nft")),
}
ROUTES = (("ip rule flush protocol 237; ip -6 rule flush protocol 237", "ip"),
          ("ip route flush table 100; ip -6 route flush table 100", "ip"))


@for_each_backend("what others take away is put back, counted and logged with their name")
def repaired(lab, net, backend):
    answers(lab, net, 7501)
    for damage, who in DAMAGE[backend] + ROUTES:
        with kept(lab, backend) as weir:
            intercepted(lab, net, weir)
            assert repairs(weir) == 0
            lab.router.run("sh", "-e", "-c", damage, check=True)
            eventually(lambda: repairs(weir) >= 1, f"weir repairs after {damage}")
            eventually(lambda: any("put back" in line for line in log(weir)), "it is logged")
            said = next(line for line in log(weir) if "put back" in line)
            assert said.startswith("firewall: "), said
            # A program that is gone by the time its message is read has no name any more.
            assert who in said or "ip" == who, (damage, said)
            # Two commands may be two repairs, as the moment wants.
            eventually(lambda: tcp(lab, net, 7501, 1) == weir.source(net, lab.alice, lab.north)
                       and udp(lab, net, 7501, 1) == weir.source(net, lab.alice, lab.north),
                       "flows are intercepted again")


@for_each_backend("another gateway beside one that runs leaves its rules alone")
def beside(lab, net, backend):
    answers(lab, net, 7501)
    with kept(lab, backend) as weir:
        intercepted(lab, net, weir)
        trial = f"{weir.folder}/trial.ini"
        with open(trial, "w") as out:
            out.write(CONFIG.format("open").replace("workers", "port = 50081\nworkers")
                      + f"[admin]\nsocket = {weir.folder}/trial.sock\n")
        done = weir.cli("run", "--firewall", "--backend", backend, "-c", trial)
        assert done.returncode == 1 and "another gateway, which runs on port 50080" in done.stderr, done
        intercepted(lab, net, weir)
        assert repairs(weir) == 0


@case("the old iptables reports no changes, and what it takes away is put back all the same",
      (V4,), only_weir=WHY)
def legacy(lab, net):
    answers(lab, net, 7501)
    folder = f"{lab.work}/legacy-bin"
    os.makedirs(folder)
    for program in ("iptables", "ip6tables"):
        for more in ("", "-save", "-restore"):
            os.symlink("/usr/sbin/xtables-legacy-multi", f"{folder}/{program}{more}")
    with kept(lab, "iptables", prefix=("env", f"PATH={folder}:{os.environ['PATH']}")) as weir:
        intercepted(lab, net, weir)
        lab.router.run("iptables-legacy", "-t", "mangle", "-F", "PREROUTING", check=True)
        assert tcp(lab, net, 7501) == lab.alice.at(net)
        eventually(lambda: repairs(weir) == 1, "weir repairs")
        intercepted(lab, net, weir)
        weir.end()
        rules = lab.router.run("iptables-legacy-save").stdout
        assert b"WEIR" not in rules, rules


@for_each_backend("rules that weir keeps are not removed by command, and the command says who would put them back",
                  families=(V4,))
def not_removed(lab, net, backend):
    answers(lab, net, 7501)
    other = {"nft": "iptables", "iptables": "nft"}[backend]
    with kept(lab, backend) as weir:
        before = router_state(lab.router)
        for more in ((), ("--backend", backend), ("--backend", other)):  # the policy routes are both's
            done = weir.cli("firewall", "remove", "-c", weir.config, *more)
            assert done.returncode == 1, done
            for words in (f"process {weir.program.pid}", f"kill {weir.program.pid}", "--force"):
                assert words in done.stderr, done.stderr
        assert router_state(lab.router) == before
        intercepted(lab, net, weir)
        assert repairs(weir) == 0 and weir.metric("weir_firewall_kept") == 1


@for_each_backend("firewall remove --force: the gateway lets go of its rules, says so, and serves on", families=(V4,))
def removed_by_force(lab, net, backend):
    answers(lab, net, 7501)
    before = router_state(lab.router)
    with kept(lab, backend) as weir:
        intercepted(lab, net, weir)
        with lab.alice.connect(net, lab.north.at(net), 7501) as flow:
            done = weir.cli("firewall", "remove", "-c", weir.config, "--force")
            assert done.returncode == 0, done
            assert router_state(lab.router) == before
            assert tcp(lab, net, 7501) == udp(lab, net, 7501) == lab.alice.at(net)
            assert weir.status()["firewall"]["kept"] is False
            assert weir.metric("weir_firewall_kept") == 0
            assert b"no longer kept" in weir.live("status").stdout
            assert any("no longer keeps its rules" in line for line in log(weir)), log(weir)
            assert flow.fileno() >= 0
        # Its rules are the operator's now: applied, they stay as they are, also at its end.
        weir.cli("firewall", "apply", "-c", weir.config, "--backend", backend, check=True)
        intercepted(lab, net, weir)
        done = weir.cli("firewall", "remove", "-c", weir.config)
        assert done.returncode == 0, done
        assert router_state(lab.router) == before and repairs(weir) == 0


@case("the cleanup process's name in another user's hands keeps no gateway from starting", (V4,), only_weir=WHY)
def strangers_name(lab, net):
    answers(lab, net, 7501)
    program = ("import socket, time; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); "
               "s.bind('\\0weir-firewall-guardian'); print('bound', flush=True); time.sleep(600)")
    holder = lab.router.start("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
                              sys.executable, "-c", program, name="stranger")
    eventually(lambda: b"weir-firewall-guardian" in lab.router.run("cat", "/proc/net/unix").stdout,
               "the name is taken")
    with kept(lab, "iptables") as weir:
        assert any("another user holds the name" in line for line in log(weir)), log(weir)
        intercepted(lab, net, weir)
        holder.stop()
        weir.kill()
        eventually(lambda: tcp(lab, net, 7501, timeout=1) == lab.alice.at(net), "connections pass")


@case("another user's lock on the control socket's folder holds up no start", (V4,), only_weir=WHY)
def strangers_lock(lab, net):
    weir = kept(lab, "nft")
    locker = lab.router.start("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
                              "flock", weir.folder, "sh", "-c", "echo locked; exec sleep 600", name="stranger")
    locker.until_ready(lambda: lab.router.run("flock", "-n", weir.folder, "true").returncode != 0)
    with weir:
        assert weir.status()["pid"] == weir.program.pid
        assert not [name for name in os.listdir(weir.folder) if name.endswith(".lock")]


@case("a cleanup process that is ended has a successor", (V4,), only_weir=WHY)
def cleanup_process(lab, net):
    answers(lab, net, 7501)
    with kept(lab, "iptables") as weir:
        def is_cleanup_process(pid):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    return b"guard" in file.read()
            except OSError:  # a program that has ended since it was listed
                return False

        def cleanup_process_of():
            children = []
            for listing in glob.glob(f"/proc/{weir.program.pid}/task/*/children"):
                with open(listing) as file:
                    children += file.read().split()
            return [int(pid) for pid in children if is_cleanup_process(pid)]
        first = eventually(cleanup_process_of, "the cleanup process is there")[0]
        os.kill(first, signal.SIGTERM)  # is nothing to it
        os.kill(first, signal.SIGKILL)
        eventually(lambda: cleanup_process_of() not in ([], [first]), "another cleanup process is there")
        intercepted(lab, net, weir)
        weir.kill()
        eventually(lambda: tcp(lab, net, 7501, timeout=1) == lab.alice.at(net), "connections pass")


@for_each_backend("a connection that is under way when the rules come goes on, though a later rule refuses the rest")
def under_way(lab, net, backend):
    echoes(lab, net, 7501)
    text = (f"[rule one]\non = any/7501\nclient = {lab.alice.at(net)}\nuse = direct\n"
            "[rule rest]\non = any/7501\nuse = reject\n")
    with lab.alice.connect(net, lab.north.at(net), 7501) as connection:
        exchange(connection, b"before")
        with lab.weir(text, backend=backend, keeps_firewall=True) as weir:
            exchange(connection, b"with weir")
            with lab.alice.connect(net, lab.north.at(net), 7501) as fresh:
                exchange(fresh, b"through weir")
            weir.expect_record(rule="one", protocol="tcp", bytes_up=12)
            assert tcp_of(lab.bob, lab, net, 7501) == "refused"


@for_each_backend("its own changes and those of others to their own things are no reason to repair")
def no_false_alarm(lab, net, backend):
    answers(lab, net, 7501)
    with kept(lab, backend) as weir:
        for port in (7502, 7503, 7504):
            assert weir.reload(CONFIG.format("open").replace("7501", f"7501, any/{port}")).returncode == 0
        for line in ("nft add table inet other", "nft delete table inet other",
                     "ip rule add fwmark 0x70/0xf0 lookup 77 priority 40", "ip rule del priority 40",
                     "iptables -t mangle -N OTHER", "iptables -t mangle -X OTHER"):
            lab.router.run(*line.split(), check=True)
        # What was heard before this one has been looked at when this one is repaired.
        lab.router.run("ip", "rule", "flush", "protocol", "237", check=True)
        eventually(lambda: repairs(weir) >= 1, "weir repairs")
        assert repairs(weir) == 1, log(weir)
        assert not weir.status()["firewall"]["trouble"]
        intercepted(lab, net, weir)


@case("a tool that takes the rules away again and again wins after five repairs, and is named until a "
      "reload", (V4,), only_weir=WHY)
def fight(lab, net):
    answers(lab, net, 7501)
    with kept(lab, "nft") as weir:
        foe = lab.router.start("sh", "-c", "while :; do nft delete table inet weir 2>/dev/null; done")
        eventually(lambda: weir.status()["firewall"]["trouble"], "weir gives up")
        assert repairs(weir) == weir.status()["firewall"]["repairs"] == 5
        foe.stop()
        trouble = weir.status()["firewall"]["trouble"]
        assert "'nft'" in trouble and "5 repairs" in trouble, trouble
        assert trouble.split(";")[0].split(",")[0] in weir.live("status").stdout.decode()
        assert sum("not put back any more" in line for line in log(weir)) == 1, log(weir)
        assert tcp(lab, net, 7501) == lab.alice.at(net)
        assert weir.reload().returncode == 0
        intercepted(lab, net, weir)
        assert not weir.status()["firewall"]["trouble"]
        assert repairs(weir) == 5


def handles(lab):
    """Of the rules in weir's table: those that are written again have others."""
    shown = lab.router.run("nft", "-j", "-a", "list", "table", "inet", "weir", check=True)
    return {entry["rule"]["handle"] for entry in json.loads(shown.stdout)["nftables"] if "rule" in entry}


@case("a reload that leaves the rules the same does not write them again", (V4,), only_weir=WHY)
def unchanged(lab, net):
    answers(lab, net, 7501)
    for keeps in (True, False):
        with lab.weir(CONFIG.format("open"), keeps_firewall=keeps) as weir:
            assert weir.reload().returncode == 0
            first = handles(lab)
            for _ in range(3):
                assert weir.reload().returncode == 0
            assert handles(lab) == first
            weir.write(CONFIG.format("open").replace("direct", "no")
                       + "[upstream no]\ntype = reject\n")
            assert weir.reload().returncode == 0
            weir.write(CONFIG.format("open").replace("7501", "7502"))
            assert weir.reload().returncode == 0
            assert not handles(lab) & first
            assert tcp(lab, net, 7501) == lab.alice.at(net)
            # A change by another program is no reason to leave things as they are.
            lab.router.run("ip", "rule", "flush", "protocol", "237", check=True)
            assert weir.reload().returncode == 0
            assert b"proto 237" in lab.router.run("ip", "-N", "rule").stdout


@case("a reload fails, and changes nothing, when the installed rules cannot be read", (V4,), only_weir=WHY)
def unreadable(lab, net):
    answers(lab, net, 7501)
    nft = BreakableNft(lab)
    for keeps in (True, False):
        with lab.weir(CONFIG.format("open"), keeps_firewall=keeps,
                      prefix=nft.prefix) as weir:
            intercepted(lab, net, weir)
            nft.breaks()
            done = weir.reload(CONFIG.format("open").replace("7501", "7502"))
            nft.works_again()
            assert done.returncode == 1 and "cannot replace the firewall's rules" in done.stderr, done
            assert "out of order" in done.stderr, done.stderr
            assert weir.status()["reloads_failed"] == 1
            intercepted(lab, net, weir)


if __name__ == "__main__":
    main()
