#!/usr/bin/env python3
"""Lists of tens of thousands of prefixes that the firewall decides by. weir loads them into sets of nft's
beside the rules, and then leads the rules to them."""

import os
import re

from backends import WHY
from harness import FAMILIES, V4, case, eventually, main
from load import FLOOD, PASSED, passed

LENGTH = 30_000  # of each family
CONFIG = """
[firewall]
max-set = {max_set}
[set ads]
file = {file}
[rule never]
on = udp/9
destination = @ads
use = drop
[rule web]
on = tcp/80
use = direct
"""


def addresses_of(lab):
    return [lab.north.at(net) for net in FAMILIES]


def write_list(lab, turn, length=LENGTH):
    """Another list each time, which has the server's addresses every time."""
    file = f"{lab.work}/ads.list"
    lines = [f"{32 + turn + (i >> 15)}.{i >> 7 & 255}.{i << 1 & 255}.0/24" for i in range(length)]
    lines += [f"2a00:{turn:x}:{2 * i:x}::/48" for i in range(length)]
    with open(f"{file}.new", "w") as out:
        out.write("\n".join(lines + addresses_of(lab)) + "\n")
    os.rename(f"{file}.new", file)
    return file


def config(lab, turn, max_set=100_000):
    return CONFIG.format(file=write_list(lab, turn), max_set=max_set)


def table(lab):
    return lab.router.run("nft", "-s", "-t", "list", "ruleset", "inet", check=True).stdout.decode()


def sets_in(text):
    return set(re.findall(r"\tset (weir-[46]-[0-9a-f]{16}) {", text))


def dropped(weir):
    return weir.metric("weir_rule_firewall_packets_total", rule="never")


def named_in(text):
    return set(re.findall(r"@(weir-[46]-[0-9a-f]{16})", text))


@case("what a long list shuts out stays out while reloads replace the list", only_weir=WHY)
def replaced(lab, net):
    with lab.weir(config(lab, 0), backend="nft", keeps_firewall=True) as weir:
        lab.router.run("nft", "-f", "-", input=PASSED, check=True)
        flood = [lab.alice.start("python3", "-c", FLOOD, lab.north.at(net)) for _ in range(2)]
        eventually(lambda: dropped(weir) > 1000, "the rule drops")
        for turn in range(1, 4):
            began = dropped(weir)
            assert weir.reload(config(lab, turn)).returncode == 0
            eventually(lambda: dropped(weir) > began, "the rule drops")
            there = table(lab)
            assert len(sets_in(there)) == 2 and named_in(there) == sets_in(there), there
        assert passed(lab) == 0, (passed(lab), dropped(weir))
        for program in flood:
            program.stop()
        lab.router.run("nft", "delete", "table", "inet", "passed", check=True)
        assert weir.status()["firewall"]["repairs"] == 0


@case("a reload that changes no list leaves its sets as they are", (V4,), only_weir=WHY)
def kept(lab, net):
    with lab.weir(config(lab, 0), backend="nft", keeps_firewall=True) as weir:
        before = sets_in(table(lab))
        assert weir.reload(config(lab, 0) + "[rule more]\non = tcp/81\nuse = drop\n").returncode == 0
        there = table(lab)
        assert "rule-3-more" in there and sets_in(there) == before and named_in(there) == before, there


@case("rules with long lists that are taken away, or whose list is emptied, are put back", (V4,),
      only_weir=WHY)
def put_back(lab, net):
    def repairs():
        return weir.metric("weir_firewall_repairs_total")

    with lab.weir(config(lab, 0), backend="nft", keeps_firewall=True) as weir:
        there = table(lab)
        lab.router.run("nft", "flush", "ruleset", check=True)
        eventually(lambda: repairs() == 1 and table(lab) == there, "the rules are back")
        victim = min(sets_in(there))
        lab.router.run("nft", "flush", "set", "inet", "weir", victim, check=True)

        def has_the_server():
            return lab.router.run("nft", "get", "element", "inet", "weir", victim,
                                  f"{{ {lab.north.at(net)} }}").returncode == 0

        if tuple(map(int, os.uname().release.split(".")[:2])) >= (6, 16):  # it says how much is in a set
            eventually(lambda: repairs() == 2 and has_the_server(), "the list is back")


@case("above max-set the gateway decides, and check, rules and explain say so", only_weir=WHY)
def too_long(lab, net):
    why = (f"the gateway decides it, for @ads has {2 * LENGTH + 2} prefixes, more than "
           "firewall.max-set = 1000")
    with lab.weir(config(lab, 0, max_set=1000), backend="nft", keeps_firewall=True) as weir:
        assert not sets_in(table(lab))
        with lab.alice.udp(net) as client:
            client.sendto(b"never", (lab.north.at(net), 9))
            weir.expect_record(rule="never", end="dropped")
        assert f"never: {why}\n" in weir.live("rules").stdout.decode()
        rule = next(rule for rule in weir.control.json("/v1/rules")["rules"] if rule["name"] == "never")
        assert rule["left_to_gateway"] == why and not rule["in_firewall"], rule
        assert f"[rule never]: {why}" in weir.cli("check", "-c", weir.config).stderr
        said = weir.cli("explain", "-c", weir.config, "udp", lab.alice.at(net),
                        f"[{lab.north.at(net)}]:9" if ":" in lab.north.at(net) else f"{lab.north.at(net)}:9")
        assert f"firewall: {why}" in said.stdout.decode(), said
        # A reload gives the list to the firewall.
        assert weir.reload(config(lab, 0)).returncode == 0
        assert len(sets_in(table(lab))) == 2
        assert "the gateway decides" not in weir.live("rules").stdout.decode()


@case("`firewall apply` loads long lists, `firewall remove` takes them away, and what `show` prints needs nft "
      "alone", (V4,), only_weir=WHY)
def commands(lab, net):
    with lab.weir(config(lab, 0), firewall=False) as weir:
        assert weir.cli("firewall", "apply", "-c", weir.config).returncode == 0
        there = table(lab)
        assert len(sets_in(there)) == 2 and named_in(there) == sets_in(there), there
        assert weir.cli("firewall", "apply", "-c", weir.config).returncode == 0
        assert table(lab) == there
        assert weir.cli("firewall", "remove").returncode == 0
        assert "table inet weir" not in table(lab)
        shown = weir.cli("firewall", "show", "-c", weir.config)
        assert b"32.0.2.0/24" in shown.stdout and b"@weir-" not in shown.stdout
        assert lab.router.run("sh", "-s", input=shown.stdout).returncode == 0
        assert "table inet weir" in table(lab) and not sets_in(table(lab))
        assert weir.cli("firewall", "remove").returncode == 0


@case("the kernel has what is loaded over netlink", (V4,), only_weir=WHY)
def loaded(lab, net):
    unit = os.path.join(os.path.dirname(lab.weir_path), "tests/unit/unit-firewall")
    for name in ("the kernel has what is loaded*", "rules with long lists are put*"):
        done = lab.router.run(unit, name)
        said = done.stdout.decode()
        assert done.returncode == 0 and "All tests passed" in said, said


if __name__ == "__main__":
    main()
