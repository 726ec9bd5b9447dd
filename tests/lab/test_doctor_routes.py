#!/usr/bin/env python3
"""`weir doctor` and the routes of packets: policy rules that take intercepted ones for themselves, and
forward rules that what weir carries never meets."""

import re

from doctor_fixture import HEALTHY, NO_FAMILY, WHY, expect, expect_healthy, findings, healthy, typed, works
from harness import case, main

ONLY_WEB = HEALTHY.replace("use = pool", "use = direct")


def broken(name, **options):
    return case(name, NO_FAMILY, only_weir=WHY, **options)


@broken("a policy rule before weir's that takes what comes in is found and named, in each family")
def policy_rules(lab):
    with healthy(lab) as weir:
        for flag, there, to in (("-4", "198.51.100.77", "203.0.113.0/24"),
                                ("-6", "fd00:198:51:100::77", "fd00:203::/32")):
            ip = f"ip {flag}"
            table = f"{ip} route add default via {there} table 77"
            gone = f"{ip} route flush table 77; {ip} rule del priority 20"
            for rule, said in (("iif lan lookup 77", "iif lan lookup 77"),
                               (f"to {to} lookup 77", f"to {to}"),
                               ("iif lan prohibit", "prohibit")):
                with typed(lab, f"{table}; {ip} rule add {rule} priority 20", gone):
                    wrong, status = findings(weir)
                    # weir's own rules would look routes up differently now, and nothing puts them
                    # right here; and once some packets are lost, the counters tell as well.
                    names = {f["name"] for f in wrong} - {"firewall-counters", "firewall-rules"}
                    assert names == {"routing"} and status == 1, wrong
                    assert any(said in f["text"] for f in wrong), wrong
                    if flag == "-4" and not rule.startswith("to "):
                        assert not works(lab), rule
            # After weir's, or for what comes in elsewhere: no harm.
            for rule in ("iif lan lookup 77 priority 60", "iif to-north lookup 77 priority 20"):
                with typed(lab, f"{table}; {ip} rule add {rule}",
                           f"{ip} route flush table 77; {ip} rule del {rule}"):
                    assert not {f["name"] for f in findings(weir)[0]} - {"firewall-rules"}, rule
        assert works(lab)


@broken("forward rules that would refuse what weir carries are a warning with the rule's text")
def carried(lab):
    table = ("nft 'table inet fw { chain forward { type filter hook forward priority 0; policy accept; "
             "ct state established,related accept; iifname lan oifname to-south reject; "
             "ip saddr 192.0.2.66 tcp dport 80 counter reject; ip daddr 203.0.113.5 tcp dport 81 drop; }; }'")
    with healthy(lab) as weir:
        with typed(lab, table, "nft delete table inet fw"):
            wrong = expect(weir, "forward-policy", "warn", "iifname \"lan\" oifname \"to-south\"",
                           "ip saddr 192.0.2.66 tcp dport 80", "tcp/80")
            assert not any("dport 81" in f["text"] for f in wrong), wrong
        for program in ("iptables", "ip6tables-legacy"):
            with typed(lab, f"{program} -A FORWARD -i lan -p udp --dport 53 -j REJECT",
                       f"{program} -F FORWARD"):
                expect(weir, "forward-policy", "warn", "udp/53", program, "-j REJECT")
    # What weir does not carry there is the forward rules' again.
    with healthy(lab, HEALTHY.replace("= lan", "= lan\ntowards = to-north, to-east")) as weir:
        with typed(lab, table, "nft delete table inet fw"):
            wrong = expect(weir, "forward-policy", "warn", "ip saddr 192.0.2.66")
            assert not any("to-south" in f["text"] for f in wrong), wrong


CHAIN = "nft 'table inet fw { %schain forward { type filter hook forward priority 0; policy %s; %s }; }'"
NFT = (  # sets and chains, policy, rules, and what refuses; none: nothing does
    ("chain guests { tcp dport 80 reject; }; ", "accept", "iifname lan oifname to-south jump guests;",
     "tcp dport 80 reject"),
    ("chain guests { tcp dport 22 reject; return; }; ", "accept", "iifname lan jump guests; accept;", None),
    ("chain guests { accept; }; ", "drop", "iifname lan goto guests;", None),
    ("set shut { type ipv4_addr; flags interval; elements = { 192.0.2.64/26 }; }; ", "accept",
     "ip saddr @shut tcp dport 80 drop;", "ip saddr @shut tcp dport 80 drop"),
    ("set other { type ipv4_addr; elements = { 203.0.113.9 }; }; ", "accept", "ip saddr @other drop;", None),
    ("", "accept", "oifname to-south tcp dport 80 drop; oifname to-south accept;", "tcp dport 80 drop"),
    ("", "accept", "iifname lan accept; drop;", None),
    ("", "drop", "ct state established,related accept; tcp dport { 22, 80 } accept;", "policy drop"),
    ("", "drop", "iifname lan accept;", None),
)


@broken("nft: chains, sets, the order of rules and the policy decide what a forward rule would have refused")
def by_nft(lab):
    with healthy(lab) as weir:
        for parts, policy, rules, said in NFT:
            with typed(lab, CHAIN % (parts, policy, rules), "nft delete table inet fw"):
                if said is None:
                    assert not findings(weir)[0], (rules, findings(weir))
                else:
                    expect(weir, "forward-policy", "warn", "from lan to", said)


IPTABLES = (  # rules, and what refuses; none: nothing does
    ("-N guests; {0} -A FORWARD -i lan -o to-south -j guests; {0} -A guests -p tcp -m tcp --dport 80 -j REJECT",
     "-A guests -p tcp"),
    ("-N guests; {0} -A FORWARD -i lan -j guests; {0} -A guests -p tcp --dport 22 -j REJECT; "
     "{0} -A guests -j RETURN", None),
    ("-A FORWARD -o to-south -p tcp --dport 80 -j DROP; {0} -A FORWARD -o to-south -j ACCEPT", "--dport 80 -j DROP"),
    ("-A FORWARD -i lan -j ACCEPT; {0} -A FORWARD -j DROP", None),
    ("-P FORWARD DROP; {0} -A FORWARD -p udp -j ACCEPT", "policy drop"),
    ("-P FORWARD DROP; {0} -A FORWARD -i lan -j ACCEPT", None),
)


@broken("iptables, old and new: likewise, and the finding names the program that has the rule")
def by_iptables(lab):
    with healthy(lab) as weir:
        for program in ("iptables", "iptables-legacy", "ip6tables-legacy"):
            undo = f"{program} -P FORWARD ACCEPT; {program} -F; {program} -X"
            for rules, said in IPTABLES:
                with typed(lab, f"{program} {rules.format(program)}", undo):
                    if said is None:
                        assert not findings(weir)[0], (program, rules, findings(weir))
                    else:
                        expect(weir, "forward-policy", "warn", said, f"{program} FORWARD" if "policy" in said
                               else f"{program} ")


@broken("a set of ipset's in a forward rule: doctor names the rule")
def by_ipset(lab):
    with healthy(lab) as weir:
        for program in ("iptables", "iptables-legacy"):
            with typed(lab, "ipset create shut hash:net; ipset add shut 192.0.2.64/26; "
                       f"{program} -A FORWARD -p tcp -m set --match-set shut src -j DROP",
                       f"{program} -F FORWARD; ipset destroy shut"):
                expect(weir, "forward-policy", "warn", "--match-set shut src", program)


@broken("check says the same of forward rules, at the line of weir's rule, with the line that restores them")
def checked(lab):
    tables = (("nft 'table inet fw { chain forward { type filter hook forward priority 0; policy accept; "
               "iifname lan oifname to-south reject; }; }'", "nft delete table inet fw"),
              *((f"{program} -A FORWARD -i lan -o to-south -j REJECT", f"{program} -F FORWARD")
                for program in ("iptables", "ip6tables-legacy")))
    lines = set()
    with healthy(lab) as weir:
        with open(weir.config) as file:
            at = file.read().splitlines().index("[rule web]") + 1
        assert not passed_by(lab, weir)
        for do, undo in tables:
            with typed(lab, do, undo):
                said = passed_by(lab, weir)
                found = expect(weir, "forward-policy", "warn", "to-south")
                assert len(said) == len(found) > 0, (said, found)
                assert all(f["text"] in line and f["fix"] in line for f, line in zip(found, said)), (said, found)
                assert said[0].startswith(f"{weir.config}:{at}: warning: [rule web]"), said
                lines.add(re.search(r"towards = .*$", said[0])[0])
                # Any user may check a file.
                assert not passed_by(lab, weir, "setpriv", "--bounding-set", "-all", "--inh-caps", "-all"), do
    (line,) = lines
    assert "to-north" in line and "to-south" not in line, line
    with healthy(lab, HEALTHY.replace("= lan", f"= lan\n{line}")) as weir:
        for do, undo in tables:
            with typed(lab, do, undo):
                assert not passed_by(lab, weir), do
                expect_healthy(weir)


def passed_by(lab, weir, *before):
    """What `weir check` says of forward rules, line by line."""
    done = lab.router.run(*before, lab.weir_path, "check", "-c", weir.config)
    assert done.returncode == 0, done
    return [line for line in done.stderr.splitlines() if "past the forward rules" in line]


@broken("what a bypass rule leaves to a kernel that does not forward it is found, and the command fixes it")
def bypassed(lab):
    passes = HEALTHY.replace("[rule dns]", "[rule rest]\non = tcp/81\nuse = bypass\n[rule dns]")
    for program, rules, undo in (
            ("iptables", "-P FORWARD DROP", "-P FORWARD ACCEPT; iptables -F FORWARD"),
            ("ip6tables-legacy", "-P FORWARD DROP", "-P FORWARD ACCEPT; ip6tables-legacy -F FORWARD")):
        with healthy(lab, passes) as weir, typed(lab, f"{program} {rules}", f"{program} {undo}"):
            wrong, status = findings(weir)
            assert {f["name"] for f in wrong} == {"forward-policy"} and status == 1, wrong
            fatal = [f for f in wrong if f["level"] == "FAIL"]
            assert fatal and "[rule rest] leaves tcp/81" in fatal[0]["text"], wrong
            lab.router.run("sh", "-e", "-c", fatal[0]["fix"], check=True)
            expect_healthy(weir)


if __name__ == "__main__":
    main()
