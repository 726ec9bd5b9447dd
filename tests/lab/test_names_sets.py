#!/usr/bin/env python3
"""Rules with `host` that the kernel decides: weir puts the addresses that a client looks up into sets of nft's
before it hands on the answer, so that the first connection right after it is decided there.

WEIR_LOOKUPS=100000 looks up so many names of each family; with WEIR_PRINT=1 the delays are printed.
"""

import json
import os
import sys

from harness import V4, V6, case, eventually, main
from looked_up_peers import FIRST, PORT

COUNT = int(os.environ.get("WEIR_LOOKUPS", "3000"))
RATE = 1_000
OWN = "plain routing has no rules"
PEERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "looked_up_peers.py")

CONFIG = f"""
[rule dns]
on = udp/53
use = transparent

[rule proxied]
on = tcp/{PORT}
host = .proxied.test
use = direct

[rule ads]
on = tcp/{PORT}
host = .ads.test
use = reject

[rule pass]
on = tcp/{PORT}
host = .pass.test
use = bypass

[rule rest]
on = tcp/{PORT}
use = direct
"""
WITHOUT = f"[rule dns]\non = udp/53\nuse = transparent\n[rule rest]\non = tcp/{PORT}\nuse = direct\n"


def servers(lab):
    """North has all addresses of a network."""
    lab.north.run("ip", "route", "replace", "local", f"{FIRST[4]}/15", "dev", "lo", check=True)
    lab.north.run("ip", "-6", "route", "replace", "local", f"{FIRST[6]}/64", "dev", "lo", check=True)
    lab.router.run("ip", "route", "replace", f"{FIRST[4]}/15", "via", lab.north.v4, check=True)
    lab.router.run("ip", "-6", "route", "replace", f"{FIRST[6]}/64", "via", lab.north.v6, check=True)
    program = lab.north.start(sys.executable, PEERS, "serve", lab.north.v4, lab.north.v6)
    return program.until_ready(lambda: b"ready" in program.output)


def looked_up(lab, net, names, count=COUNT, **options):
    """What a client of alice's sees: `names` as looked_up_peers.load() has them."""
    own, direct = lab.alice.at(net), lab.router_towards(lab.north).at(net)
    asked = {"family": net.pick(4, 6), "resolver": lab.north.at(net), "count": count, "rate": RATE, "threads": 4,
             "names": names, "expect": {"ads": "refused", "pass": own, "proxied": direct, "other": direct}}
    program = lab.alice.start(sys.executable, PEERS, "load", json.dumps(asked | options))
    return json.loads(program.expect_success(within=60 + 10 * count / RATE))


def by_firewall(weir, rule):
    return weir.metric("weir_rule_firewall_packets_total", rule=rule) or 0


def flows_of(weir, rule):
    return next(entry["flows_total"] for entry in json.loads(weir.live("rules", "--json", check=True).stdout)["rules"]
                if entry["name"] == rule)


def late(weir):
    """Answers that did not wait for the sets: a machine with much else to do may need longer than weir waits."""
    return weir.metric("weir_events_total", reason="name-set-late") or 0


def pairs(lab):
    return lab.router.run("nft", "list", "ruleset", "inet", check=True).stdout.decode().count(" expires ")


@case("the kernel decides every first connection right after its answer, and none wrongly", only_weir=OWN)
def first_connections(lab, net):
    servers(lab)
    with lab.weir(CONFIG, keeps_firewall=True) as weir:
        seen = looked_up(lab, net, [["ads"], ["pass"], ["other"], ["proxied"]])
        assert seen["wrong_in_all"] == 0, seen
        assert seen["answers"] == COUNT
        # A flow of these rules comes to the gateway only where its answer has left too early.
        missed = late(weir)
        came = flows_of(weir, "ads") + flows_of(weir, "pass")
        assert came <= missed < COUNT // 10, (came, missed, seen)
        assert by_firewall(weir, "ads") >= COUNT // 4 - missed
        assert by_firewall(weir, "pass") >= COUNT // 4 - missed
        if os.environ.get("WEIR_PRINT"):
            print(net, seen)


@case("an address under names that decide differently is the gateway's, which asks the flow", only_weir=OWN)
def shared(lab, net):
    servers(lab)
    with lab.weir(CONFIG, keeps_firewall=True) as weir:
        names = [["ads", "other"], ["other", "ads"], ["pass", "ads"], ["proxied", "pass"], ["pass"]]
        seen = looked_up(lab, net, names, count=1_000)
        assert seen["wrong_in_all"] <= late(weir) < 100, seen
        came = (flows_of(weir, "ads"), flows_of(weir, "pass"))
        assert abs(came[0] - 400) + abs(came[1] - 200) <= late(weir), weir.live("rules").stdout
        eventually(lambda: pairs(lab) == 200, "the pairs of those with one name are there")


@case("an answer waits for the sets no longer than a third of a millisecond", families=(None,), only_weir=OWN)
def delay(lab):
    servers(lab)
    took = {(name, net): [] for name in ("without", "with") for net in (V4, V6)}
    for _ in range(3):
        for name, config in (("without", WITHOUT), ("with", CONFIG)):
            with lab.weir(config, keeps_firewall=True):
                for net in (V4, V6):
                    seen = looked_up(lab, net, [["ads"], ["pass"]], count=COUNT // 3, connects=False)
                    assert seen["wrong_in_all"] == 0, seen
                    took[name, net].append(seen)
                    if os.environ.get("WEIR_PRINT"):
                        print(name, net, seen)
    for net in (V4, V6):
        # Beside other tests the machine's own turns are longer than that: the medians of quiet rounds tell.
        waits = {name: min(seen["p50_ms"] for seen in took[name, net]) for name in ("without", "with")}
        assert waits["with"] - waits["without"] < 0.3, took


@case("what a device looks up over one family counts for what it opens over the other", families=(None,),
      only_weir=OWN)
def families(lab):
    servers(lab)
    with lab.weir(CONFIG, keeps_firewall=True) as weir:
        lab.alice.run("ping", "-6", "-c", "1", lab.router.v6, check=True)
        eventually(lambda: lab.alice.v6 in lab.router.run("ip", "-6", "neigh").stdout.decode(), "alice is known")
        seen = looked_up(lab, V6, [["ads"], ["pass"]], count=200, resolver=lab.north.v4)
        assert seen["wrong_in_all"] == 0, seen
        assert flows_of(weir, "ads") + flows_of(weir, "pass") <= late(weir)


@case("sets are filled before rules are replaced, and when rules that were flushed are put back", only_weir=OWN)
def refilled(lab, net):
    servers(lab)
    with lab.weir(CONFIG, keeps_firewall=True) as weir:
        looked_up(lab, net, [["ads"], ["pass"]], count=400)
        eventually(lambda: pairs(lab) == 400, "the pairs are there")
        other = CONFIG.replace(".ads.test", ".ads.test, .more.test")
        assert weir.reload(other).returncode == 0
        assert pairs(lab) == 400
        lab.router.run("nft", "flush", "ruleset", check=True)
        eventually(lambda: pairs(lab) == 400, "the rules are back, and their sets with them")
        # What is in the sets changes all the time, and is none of the rules' business.
        looked_up(lab, net, [["ads"], ["pass"]], count=400, first=1_000)
        eventually(lambda: pairs(lab) == 800, "the pairs are there")
        assert weir.status()["firewall"]["repairs"] == 1, weir.status()["firewall"]
        assert weir.take_over().wait(30) == 0
        assert pairs(lab) == 800
        seen = looked_up(lab, net, [["ads"], ["pass"]], count=400, first=2_000)
        assert seen["wrong_in_all"] == 0, seen


@case("the kernel has the pairs that are written to it", families=(V4,), only_weir=OWN)
def kernel(lab, _):
    unit = os.path.join(os.path.dirname(lab.weir_path), "tests/unit/unit-firewall")
    for name in ("the kernel has the pairs of both families*", "rules are replaced with their sets of pairs filled*"):
        done = lab.router.run(unit, name)
        said = done.stdout.decode()
        assert done.returncode == 0 and "All tests passed" in said, said


if __name__ == "__main__":
    main()
