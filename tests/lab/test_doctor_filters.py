#!/usr/bin/env python3
"""`weir doctor` and the packet filters of others: it judges what becomes of an intercepted packet in
them, by the rules themselves, and names the rule that ends it. What it says to type works."""

from doctor_fixture import HEALTHY, NO_FAMILY, WHY, expect, expect_healthy, findings, fix, healthy, typed, works
from harness import case, main
from ufw import enabled, ufw

ALSO_V6 = "http://[fd00:198:51:100::11]/1"


def broken(name, **options):
    return case(name, NO_FAMILY, only_weir=WHY, **options)


def works_over_v6(lab):
    got = lab.alice.run("curl", "-sf", "--max-time", "2", ALSO_V6)
    return got.returncode == 0


NFT = {
    "a policy of drop": (
        "chain c { type filter hook input priority 0; policy drop; ct state established,related accept; "
        "icmpv6 type != 1 accept; iifname lo accept; }", "policy is drop"),
    "a last reject in a chain that others jump to": (
        "chain zones { tcp dport 22 accept; icmpv6 type nd-neighbor-solicit accept; "
        "icmpv6 type nd-neighbor-advert accept; reject with icmpx admin-prohibited; }; "
        "chain c { type filter hook input priority 10; policy accept; "
        "ct state vmap { established : accept, related : accept, invalid : drop }; "
        "iifname vmap { lo : accept, lan : jump zones }; }", "reject with icmpx admin-prohibited"),
    "a drop of what is not for this machine": (
        "chain c { type filter hook input priority 0; ct state established,related accept; "
        "fib daddr type != { local, multicast, broadcast } counter drop; }", "fib daddr type"),
}


@broken("nft: whatever refuses intercepted packets is found and named, and the command fixes it")
def nft(lab):
    with healthy(lab) as weir:
        for what, (chains, said) in NFT.items():
            with typed(lab, f"nft 'table inet mine {{ {chains}; }}'", "nft delete table inet mine"):
                wrong = expect(weir, "input-policy", "FAIL", "inet mine c", said)
                assert not works(lab), what
                fix(lab, wrong)
                assert works(lab) and works_over_v6(lab), what
        with typed(lab, "nft 'table inet mine { chain c { type filter hook input priority 0; policy drop; "
                   "ct state established,related accept; icmpv6 type != 1 accept; "
                   "iifname { lo, lan } accept; }; }'", "nft delete table inet mine"):
            assert works(lab)
            expect_healthy(weir)


@broken("iptables and its elder sister: a last REJECT in a chain is found, in each family")
def iptables(lab):
    with healthy(lab) as weir:
        for program in ("iptables", "ip6tables-legacy", "ip6tables", "iptables-legacy"):
            six = program.startswith("ip6")
            rules = (f"{program} -N mine; {program} -A INPUT -j mine; "
                     f"{program} -A mine -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT; "
                     + (f"{program} -A mine -p ipv6-icmp -j ACCEPT; " if six else "")
                     + f"{program} -A mine -p tcp --dport 22 -j ACCEPT; {program} -A mine -j REJECT")
            undo = f"{program} -F; {program} -X"
            reaches = works_over_v6 if six else works
            with typed(lab, rules, undo):
                wrong = expect(weir, "input-policy", "FAIL", program, "-A mine -j REJECT")
                assert not reaches(lab), program
                fix(lab, wrong)
                assert reaches(lab), program
                expect_healthy(weir)


@broken("a part of the clients, and rules that cannot be judged, are a warning with the rule's text")
def in_part(lab):
    with healthy(lab) as weir:
        for rule, said in (("ip saddr 192.0.2.66 drop", "a part of"),
                           ("tcp dport 80 limit rate over 1/second drop", "depends on")):
            with typed(lab, "nft 'table inet mine { chain c { type filter hook input priority 0; "
                            f"{rule}; }}; }}'", "nft delete table inet mine"):
                expect(weir, "input-policy", "warn", said, rule.split()[-1])


@broken("ufw, where weir's rules are not kept: doctor's command fixes it, and it can be kept")
def ufw_by_command(lab):
    with healthy(lab) as weir:
        with enabled(lab, "ufw default allow routed", "ufw allow 80/tcp", "ufw allow 53"):
            wrong = expect(weir, "input-policy", "FAIL", "ufw-not-local -j DROP")
            assert not works(lab)
            fix(lab, wrong)
            assert works(lab) and works_over_v6(lab)
            expect_healthy(weir)
            lab.router.run("iptables", "-D", "INPUT", "1", check=True)
            assert not works(lab)
            keep = wrong[0]["text"].partition("keeps it with: ")[2].rstrip(")")
            ufw(lab, f"{keep}; ufw reload")
            assert works(lab)
            expect_healthy(weir)
            # Without rules of its own for the ports, IPv6 ends at the policy.
            ufw(lab, "ufw delete allow 80/tcp; ufw reload")
            wrong, _ = findings(weir)
            assert [f["level"] for f in wrong] == ["FAIL"] and "ip6tables" in wrong[0]["text"], wrong
            fix(lab, wrong)
            assert works_over_v6(lab)


if __name__ == "__main__":
    main()
