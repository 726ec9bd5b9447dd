#!/usr/bin/env python3
"""`weir firewall show|apply|remove`: what it installs, that it takes exactly that away, and what it
says when it cannot."""

import difflib
import functools
import json
import re

from harness import case, deadline, eventually, main
from tproxy_stub import TproxyStub, ask, command, rules, serve

WHY = "it is weir's command"
BACKENDS = ("nft", "iptables")

CONFIGURATION = """
[firewall]
exclude = 203.0.113.0/24, fd00:203::/32
[rule web]
on = any/80, tcp/8000-8100
client = 192.0.2.0/24, !192.0.2.12
use = transparent
[rule let]
on = any/80
client = !192.0.2.11
destination = 198.51.100.0/24, fd00:198::/32
use = bypass
[rule no-quic]
on = udp/443
use = reject
[rule hush]
on = tcp/23
interface = lan
use = drop
"""

# Everything about it is different.
OLDER = """
[firewall]
mark = 0x100/0xf00
bypass-mark = 0x1000/0xf000
table = 200
local = yes
local-services = yes
[rule a]
on = any/1-1000
client = 192.0.2.7
destination = 198.51.100.7
use = bypass
[rule b]
on = tcp/7
client = fd00::/8
use = reject
[rule c]
on = udp/*
use = transparent
"""

# Another program's rules, in the same places: nothing of them may change.
FOREIGN = """
nft add table inet others '{ chain c { type filter hook prerouting priority mangle; counter; }; }'
nft add table ip weird '{ set s { type ipv4_addr; elements = { 192.0.2.99 }; }; }'
ip rule add fwmark 0x77 lookup 77 priority 40
ip -6 rule add fwmark 0x77 lookup 77 priority 60
ip route add blackhole 192.0.2.99 table 77
ip route add 192.0.2.98 dev lan table 100 metric 7
ip -6 route add blackhole fd00:99::/64 table 100
iptables -t mangle -A PREROUTING -i none0 -j ACCEPT
iptables -t mangle -N WATER
iptables -A FORWARD -d 192.0.2.99 -j DROP
ip6tables -A INPUT -p tcp --dport 9999 -j REJECT
ip6tables -P FORWARD ACCEPT
"""


def for_each_backend(name):
    def declare(function):
        for backend in BACKENDS:
            case(f"{name} ({backend})", families=(None,), only_weir=WHY)(
                functools.partial(function, backend=backend))
        return function
    return declare


def state(router):
    """Everything that rules and routes are made of."""
    commands = ("nft -s list ruleset", "iptables-save", "ip6tables-save", "ip rule", "ip -6 rule",
                "ip route show table all", "ip -6 route show table all")
    lines = []
    for one in commands:
        shown = router.run(*one.split(), check=True).stdout.decode()
        # The comment lines bear the time, and say whether iptables owns a table.
        # Built-in chains count packets, which says nothing of rules.
        lines += [re.sub(r"\[\d+:\d+\]$", "", f"{one}: {line}") for line in shown.splitlines()
                  if not line.startswith("#")]
    return lines


def same(before, after):
    assert before == after, "\n".join(difflib.unified_diff(before, after, "before", "after", n=2))


def write(lab, text):
    file = f"{lab.work}/install.ini"
    with open(file, "w") as out:
        out.write(text)
    return file


class foreign:
    """Other people's rules and routes around a case, in a namespace that is as new afterwards."""

    def __init__(self, lab):
        self.router = lab.router

    def __enter__(self):
        self.fresh = state(self.router)
        self.router.run("sh", "-e", "-c", FOREIGN, check=True)
        return self

    def __exit__(self, *_):
        undo = """
            nft flush ruleset
            ip rule del priority 40; ip -6 rule del priority 60
            ip route flush table 77; ip route flush table 100; ip -6 route flush table 100"""
        self.router.run("sh", "-c", undo, check=True)


@for_each_backend("what remove leaves is what apply found, whichever configuration was applied")
def leaves_nothing(lab, backend):
    before = state(lab.router)
    file = write(lab, OLDER)
    command(lab, "apply", backend, file)
    command(lab, "apply", backend, write(lab, CONFIGURATION))
    command(lab, "remove", backend, file)
    same(before, state(lab.router))
    command(lab, "remove", backend, file)
    same(before, state(lab.router))


@for_each_backend("other people's rules, chains and routes stay as they are")
def foreign_things(lab, backend):
    with foreign(lab):
        before = state(lab.router)
        for text in (OLDER, CONFIGURATION):
            command(lab, "apply", backend, write(lab, text))
            now = state(lab.router)
            missing = [line for line in before if line not in now]
            assert not missing, missing
        command(lab, "remove", backend, write(lab, "nonsense"))
        same(before, state(lab.router))


@for_each_backend("applying twice is applying once, and replaces what was there")
def idempotent(lab, backend):
    file = write(lab, CONFIGURATION)
    command(lab, "apply", backend, file)
    once = state(lab.router)
    command(lab, "apply", backend, file)
    same(once, state(lab.router))
    command(lab, "apply", backend, write(lab, OLDER))
    command(lab, "apply", backend, write(lab, CONFIGURATION))
    same(sorted(once), sorted(state(lab.router)))
    command(lab, "remove", backend, file)


@for_each_backend("what show prints does in a shell what apply does, and is commented")
def show(lab, backend):
    file = write(lab, CONFIGURATION)
    command(lab, "apply", backend, file)
    applied = state(lab.router)
    command(lab, "remove", backend, file)
    script = command(lab, "show", backend, file).stdout
    for _ in range(2):
        lab.router.run("sh", input=script, check=True)
        same(applied, state(lab.router))
    command(lab, "remove", backend, file)
    comments = [line for line in script.decode().splitlines() if line.strip().startswith("#")]
    assert len(comments) > 30, "an operator should learn from it"
    # Cut off anywhere, it does nothing.
    before = state(lab.router)
    lab.router.run("sh", input=script[:-20])
    same(before, state(lab.router))


@for_each_backend("a table that holds another program's default route is refused, and nothing changes")
def table_taken(lab, backend):
    lab.router.run("ip", "-6", "route", "add", "blackhole", "default", "table", "100", check=True)
    lab.router.run("ip", "route", "add", "blackhole", "default", "table", "100", check=True)
    try:
        before = state(lab.router)
        done = command(lab, "apply", backend, write(lab, CONFIGURATION), check=False)
        assert done.returncode == 1, done.returncode
        assert len(done.stderr.splitlines()) == 1 and "table 100" in done.stderr, done.stderr
        same(before, state(lab.router))
    finally:
        lab.router.run("ip", "route", "flush", "table", "100", check=True)
        lab.router.run("ip", "-6", "route", "flush", "table", "100", check=True)


@for_each_backend("without the privilege it says which one is missing")
def no_privilege(lab, backend):
    file = write(lab, CONFIGURATION)
    for action in ("apply", "remove"):
        done = lab.router.run("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin",
                              lab.weir_path, "firewall", action, "-c", file, "--backend", backend)
        assert done.returncode == 1, done.returncode
        assert len(done.stderr.splitlines()) == 1 and "CAP_NET_ADMIN" in done.stderr, done.stderr


@case("remove needs no configuration and takes away what either backend installed",
      families=(None,), only_weir=WHY)
def remove_all(lab):
    before = state(lab.router)
    file = write(lab, CONFIGURATION)
    command(lab, "apply", "nft", file)
    command(lab, "apply", "iptables", file)
    lab.router.run(lab.weir_path, "firewall", "remove", "-c", "/nowhere/weir.ini", check=True)
    same(before, state(lab.router))


@case("a bad configuration is status 2, and changes nothing", families=(None,), only_weir=WHY)
def bad_configuration(lab):
    before = state(lab.router)
    for action in ("show", "apply"):
        done = command(lab, action, "nft", write(lab, "[rule x]\n"), check=False)
        assert done.returncode == 2 and not done.stdout, (done.returncode, done.stdout)
    same(before, state(lab.router))


@case("10,000 prefixes load within seconds, and match", only_weir=WHY)
def many_prefixes(lab, net):
    serve(lab, net, lab.north, 80)
    lab.closing(TproxyStub(lab, net))
    listed = [f"10.{i // 256}.{i % 256}.0/24" for i in range(0, 20000, 2)]
    listed += [f"fd01:{i:x}::/32" for i in range(10_000)]
    listed += [lab.alice.at(net)]
    with open(f"{lab.work}/prefixes", "w") as out:
        out.write("\n".join(listed))
    text = ("[gateway]\ndefault = transparent\n"
            f"[rule some]\non = any/80\nclient = @{lab.work}/prefixes\nuse = bypass\n")
    limit = deadline(20)
    with rules(lab, text, "nft"):
        assert limit.left > 0, "it took too long"
        assert ask(lab.alice, net, lab.north.at(net), 80) == "server"
        assert ask(lab.bob, net, lab.north.at(net), 80) == "weir"


@case("what a rule decides is counted under its name", only_weir=WHY)
def counters(lab, net):
    serve(lab, net, lab.north, 80, 81)
    text = "[rule let.it]\non = any/80\nuse = bypass\n[rule no]\non = any/81\nuse = reject\n"

    def nft():
        shown = lab.router.run("nft", "-j", "list", "counters", "table", "inet", "weir", check=True)
        return {entry["counter"]["name"]: entry["counter"]["packets"]
                for entry in json.loads(shown.stdout)["nftables"] if "counter" in entry}

    with rules(lab, text, "nft"):
        assert nft() == {"rule-1-let.it": 0, "rule-2-no": 0, "default": 0, "invalid-destination": 0,
                         "icmp-redirect": 0}, nft()
        assert ask(lab.alice, net, lab.north.at(net), 80) == "server"
        assert ask(lab.alice, net, lab.north.at(net), 81) == "refused"
        eventually(lambda: nft()["rule-1-let.it"] >= 4, "the bypassed flows are counted")
        assert nft()["rule-2-no"] == 2 and nft()["default"] == 0, nft()


if __name__ == "__main__":
    main()
