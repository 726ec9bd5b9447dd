#!/usr/bin/env python3
"""`weir sets` and `weir set`: what is added to a set and removed from it while weir runs decides new flows at
once, in the gateway and in the firewall, until its time is over; reloads and takeovers keep it, a restart
forgets it."""

import json
import time

from backends import for_each_backend
from echo_servers import answers, echoes, exchange, tcp
from harness import V4, case, endpoint, main
from harness.wait import eventually

WHY = "it is weir's command"
AT_ONCE = 1  # second

PAUSED = """
    [set paused]

    [rule paused]
    on = any/*
    client = @paused
    use = reject
    """

ROUTED = """
    [set special]
    entries = 203.0.113.77

    [rule special]
    on = tcp/80
    client = @special
    use = direct

    [rule web]
    on = tcp/80
    use = transparent
    """


def change(weir, name, action, *items):
    done = weir.live("set", name, action, *items)
    assert done.returncode == 0, done
    return done.stdout.decode()


def refused_change(weir, name, action, *items):
    done = weir.live("set", name, action, *items)
    assert done.returncode != 0, done
    return done.returncode, str(done.stderr)


def live_items(weir, name):
    known = {one["name"]: one for one in weir.control.json("/v1/sets")["sets"]}
    return {item["item"]: item for item in known[name]["live"]}


def rule_of_new_flow(lab, net, weir):
    """By which rule a connection goes that is made now."""
    with lab.alice.connect(net, lab.north.at(net), 80) as fresh:
        exchange(fresh, b"x")
        flow, = [one for one in weir.flows(protocol="tcp") if one["client"].endswith(f":{fresh.getsockname()[1]}")]
        return flow["rule"]


@for_each_backend("what is added to an empty set is the firewall's at once, and what is removed no longer")
def firewall_follows(lab, net, backend):
    answers(lab, net, 80)
    with lab.weir(PAUSED, backend=backend, keeps_firewall=True) as weir:
        assert tcp(lab, net, 80) not in ("refused", "reset", "silence")
        began = time.monotonic()
        said = change(weir, "paused", "add", lab.alice.at(net))
        assert tcp(lab, net, 80) == "refused"
        took = time.monotonic() - began
        assert "1 added, 0 removed" in said, said
        assert took < 5 * AT_ONCE, took
        change(weir, "paused", "remove", lab.alice.at(net))
        assert tcp(lab, net, 80) != "refused"
        assert not live_items(weir, "paused")
        assert not weir.records(), "all of it is the firewall's"


@for_each_backend("what is added for a time is over by itself, in the firewall too")
def time_is_over(lab, net, backend):
    answers(lab, net, 80)
    with lab.weir(PAUSED, backend=backend, keeps_firewall=True) as weir:
        change(weir, "paused", "add", lab.alice.at(net), "--for", "3s")
        began = time.monotonic()
        item = live_items(weir, "paused")[lab.alice.at(net)]
        assert (item["uid"], item["change"]) == (0, "added") and 0 < item["left_ms"] <= 3000, item
        if time.monotonic() - began < 2:
            assert tcp(lab, net, 80) == "refused"
        eventually(lambda: tcp(lab, net, 80) != "refused", "the time is over", 3 + 5 * AT_ONCE)
        assert time.monotonic() - began >= 2
        assert not live_items(weir, "paused")


@case("new flows get another rule at once, live ones stay, and after the time the old one again", only_weir=WHY)
def gateway_follows(lab, net):
    echoes(lab, net, 80)
    with lab.weir(ROUTED) as weir:
        with lab.alice.connect(net, lab.north.at(net), 80) as before:
            exchange(before, b"x")
            change(weir, "special", "add", lab.alice.at(net), "--for", "3s")
            assert rule_of_new_flow(lab, net, weir) == "special"
            exchange(before, b"y")
        weir.expect_record(rule="web", upstream="transparent")
        eventually(lambda: rule_of_new_flow(lab, net, weir) == "web", "the time is over", 3 + 5 * AT_ONCE)


@case("what a list says can be taken back for a time", (V4,), only_weir=WHY)
def removed(lab, net):
    echoes(lab, net, 80)
    listed = ROUTED.replace("203.0.113.77", f"203.0.113.77, {lab.alice.at(net)}")
    with lab.weir(listed) as weir:
        assert rule_of_new_flow(lab, net, weir) == "special"
        change(weir, "special", "remove", lab.alice.at(net), "--for", "3s")
        assert rule_of_new_flow(lab, net, weir) == "web"
        eventually(lambda: rule_of_new_flow(lab, net, weir) == "special", "the list counts again", 3 + 5 * AT_ONCE)


@for_each_backend("reloads and a takeover keep what was added, until its time; a restart forgets it")
def kept(lab, net, backend):
    answers(lab, net, 80)
    with lab.weir(PAUSED, backend=backend, keeps_firewall=True) as weir:
        change(weir, "paused", "add", lab.alice.at(net))
        change(weir, "paused", "add", "192.0.2.200", "--for", "1h")
        assert weir.reload(PAUSED + "\n[rule more]\non = tcp/81\nuse = drop\n").returncode == 0
        assert tcp(lab, net, 80) == "refused"
        items = live_items(weir, "paused")
        before = weir.take_over()
        assert before.wait(20) == 0
        assert tcp(lab, net, 80) == "refused"
        after = live_items(weir, "paused")
        assert after.keys() == items.keys(), (items, after)
        assert after["192.0.2.200"]["left_ms"] <= items["192.0.2.200"]["left_ms"]
        change(weir, "paused", "remove", lab.alice.at(net))
        assert tcp(lab, net, 80) != "refused"
        change(weir, "paused", "add", lab.alice.at(net))
        weir.end()
        weir.start()
        assert not live_items(weir, "paused")
        assert tcp(lab, net, 80) != "refused"


@case("a reload without the set says that its items are gone", (V4,), only_weir=WHY)
def gone(lab, net):
    with lab.weir(ROUTED + PAUSED) as weir:
        change(weir, "paused", "add", "192.0.2.200", "192.0.2.201")
        done = weir.reload(ROUTED)
        assert done.returncode == 0, done
        assert "[set paused] is gone, and with it 2 items that were added or removed at run time" in (
            done.stdout.decode()), done
        assert weir.reload(ROUTED + PAUSED).returncode == 0
        assert not live_items(weir, "paused")


@case("what cannot be changed is said, and nothing of it is done", (V4,), only_weir=WHY)
def refusals(lab, net):
    listed = ROUTED.replace("203.0.113.77", "203.0.113.0/24")
    with lab.weir(listed) as weir:
        for words, status, answer in (
                (("specail", "add", "192.0.2.1"), 1, "no rule uses a set 'specail', did you mean 'special'?"),
                (("special", "add", "nonsense here"), 2, "'nonsense here'"),
                (("special", "add", "0.0.0.0/0"), 1, "needs force"),
                (("special", "remove", "203.0.113.7"), 1, "is part of '203.0.113.0/24'"),
                (("special", "remove", "192.0.2.1"), 1, "is not in the set"),
                (("special", "add", "192.0.2.1", "--for", "soon"), 2, "for: "),
                (("special", "clear", "192.0.2.1"), 2, "clear")):
            got, text = refused_change(weir, *words)
            assert got == status and answer in text, (words, got, text)
        assert not live_items(weir, "special")
        change(weir, "special", "add", "0.0.0.0/0", "--force")
        assert "0.0.0.0/0" in live_items(weir, "special")


@case("sets and explain show who changed what, and until when", (V4,), only_weir=WHY)
def shown(lab, net):
    with lab.weir(ROUTED) as weir:
        change(weir, "special", "add", lab.alice.at(net), "--for", "1h")
        change(weir, "special", "remove", "203.0.113.77")
        table = weir.live("sets", check=True).stdout.decode()
        assert "added    uid 0" in table and "the next restart" in table, table
        assert "rule special: @special: 1 added, 1 removed" in weir.live("rules", check=True).stdout.decode()
        assert weir.live("names", "sets", check=True).stdout.decode() == "special\n"

        def explain(client):
            done = weir.cli("explain", "-c", weir.config, "--json", "tcp", client, endpoint(lab.north.at(net), 80))
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)
        here = explain(lab.alice.at(net))
        assert here["rule"] == "special", here
        assert "(added by uid 0 until " in json.dumps(here), here
        other = explain("203.0.113.77")
        assert other["rule"] == "web", other
        assert "(removed by uid 0: " in other["not_rules"][0]["why"], other


if __name__ == "__main__":
    main()
