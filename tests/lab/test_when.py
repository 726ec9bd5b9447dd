#!/usr/bin/env python3
"""Rules with windows switch by the clock on the wall, in the gateway and in the firewall. The clock is
not set here: the time zone is one in which noon is a few seconds away."""

import json
import time

from backends import for_each_backend
from echo_servers import answers, echoes, tcp
from harness import case, endpoint, main
from harness.wait import eventually

NOON = 12 * 3600
SOON = 12  # seconds: weir starts meanwhile


def noon_in(seconds):
    """What starts a program in a zone (POSIX: west of UTC is positive) whose noon comes so soon."""
    west = (int(time.time()) + seconds - NOON) % 86400
    west = west - 86400 if west > 43200 else west
    sign, west = ("-" if west < 0 else ""), abs(west)
    return ("env", f"TZ=NOON{sign}{west // 3600}:{west // 60 % 60:02}:{west % 60:02}")


def clock_state(weir, name):
    rules = weir.control.json("/v1/rules")["rules"]
    return next(rule["when"] for rule in rules if rule["name"] == name)


@for_each_backend("a rule that the firewall decides begins when its window opens")
def firewall_opens(lab, net, backend):
    answers(lab, net, 80)
    with lab.weir("""
            [rule lunch]
            on = tcp/80
            when = 12:00-12:30
            use = reject

            [rule web]
            on = tcp/80
            use = direct
            """, backend=backend, keeps_firewall=True, prefix=noon_in(SOON)) as weir:
        if clock_state(weir, "lunch") == "from 12:00":
            assert tcp(lab, net, 80) != "refused"
        eventually(lambda: tcp(lab, net, 80) == "refused", "the rule holds", 2 * SOON)
        assert clock_state(weir, "lunch") == "matches now, until 12:30"


@for_each_backend("a rule that the firewall decides ends when its window closes")
def firewall_closes(lab, net, backend):
    answers(lab, net, 80)
    with lab.weir("""
            [rule morning]
            on = tcp/80
            when = 6:00-12:00
            use = reject
            """, backend=backend, keeps_firewall=True, prefix=noon_in(SOON)) as weir:
        if clock_state(weir, "morning") == "matches now, until 12:00":
            assert tcp(lab, net, 80) == "refused"
        eventually(lambda: tcp(lab, net, 80) != "refused", "the rule is over", 2 * SOON)
        assert clock_state(weir, "morning") == "from 06:00"


@case("new flows get another rule from the moment on in which a window opens, and live ones stay",
      only_weir="it is weir's rules")
def gateway_switches(lab, net):
    echoes(lab, net, 80)
    with lab.weir("""
            [rule lunch]
            on = tcp/80
            when = 12:00-12:30
            use = direct

            [rule web]
            on = tcp/80
            use = transparent
            """, prefix=noon_in(SOON)) as weir:
        with lab.alice.connect(net, lab.north.at(net), 80) as before:
            eventually(lambda: clock_state(weir, "lunch").startswith("matches"), "the window is open", 2 * SOON)
            with lab.alice.connect(net, lab.north.at(net), 80) as after:
                for one in (before, after):
                    one.sendall(b"x")
                    assert one.recv(1) == b"x"
        weir.expect_record(rule="web", upstream="transparent")
        weir.expect_record(rule="lunch", upstream="direct")


@case("explain says what another time would bring, and why a rule does not hold then", only_weir="it is weir's rules")
def explained(lab, net):
    with lab.weir("""
            [rule night]
            on = tcp/80
            when = mon-fri 20:00-07:00
            use = direct

            [rule web]
            on = tcp/80
            use = transparent
            """) as weir:
        def explain(when):
            done = weir.cli("explain", "-c", weir.config, "--json", "--time", when, "tcp", lab.alice.at(net),
                            endpoint(lab.north.at(net), 80))
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)
        assert explain("2026-07-06T20:00:00Z")["rule"] == "night"
        assert explain("2026-07-07T06:59:59+00:00")["rule"] == "night"
        by_day = explain("2026-07-07T12:00:00Z")
        assert by_day["rule"] == "web"
        assert by_day["not_rules"][0]["why"] == "it is Tue 12:00, the rule holds mon-fri 20:00-07:00 (from 20:00)", by_day
        refused = weir.cli("explain", "-c", weir.config, "--time", "noon", "tcp", lab.alice.at(net),
                           endpoint(lab.north.at(net), 80))
        assert refused.returncode == 2 and "'noon' is no time" in refused.stderr, refused


if __name__ == "__main__":
    main()
