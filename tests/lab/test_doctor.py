#!/usr/bin/env python3
"""`weir doctor` on a machine: with nothing wrong it complains of nothing, and whatever is broken in
the kernel's settings, rules and routes is found, alone, with a command that fixes it."""

import json
import re

from doctor_fixture import (HEALTHY, NO_FAMILY, SHOWS_CLIENT, WHY, expect, expect_healthy, findings, fix, healthy,
                            sysctl, typed, works)
from harness import case, main

BACKENDS = ("nft", "iptables")


def broken(name, **options):
    return case(name, NO_FAMILY, only_weir=WHY, **options)


@broken("a healthy set-up has nothing to complain of, with either backend, and is left as it was")
def nothing_wrong(lab):
    for backend in BACKENDS:
        with healthy(lab, backend=backend) as weir:
            commands = ("nft list ruleset", "ip rule", "ip -6 rule", "ip route show table all",
                        "ip -6 route show table all", "ip link", "ip netns")

            def state():
                # What counts, counts on: the doctor's own connections come in, too.
                return [re.sub(rb"packets \d+ bytes \d+", b"", lab.router.run(*c.split()).stdout)
                        for c in commands]
            before = state()
            expect_healthy(weir)
            for was, now in zip(before, state()):
                assert now == was, (was, now)


@broken("each finding is one line: level, name, what it means, and the command")
def lines(lab):
    with healthy(lab) as weir, sysctl(lab, net__ipv4__ip_forward=0):
        shown = weir.cli("doctor", "-c", weir.config)
        assert shown.returncode == 1, shown
        listed = json.loads(weir.cli("doctor", "--json", "-c", weir.config).stdout)["findings"]
        text = shown.stdout.decode().splitlines()
        assert len(text) == len(listed), (text, listed)
        line = next(line for line in text if line.startswith("FAIL"))
        assert line.startswith("FAIL forwarding: IPv4") and "sysctl -w net.ipv4.ip_forward=1" in line


@broken("a bad configuration is status 2")
def bad_configuration(lab):
    with healthy(lab) as weir:
        with open(f"{weir.folder}/bad.ini", "w") as out:
            out.write("[rule x]\n")
        assert weir.cli("doctor", "-c", f"{weir.folder}/bad.ini").returncode == 2


@broken("without the privilege it names the capability")
def capabilities(lab):
    with healthy(lab) as weir:
        done = lab.router.run("setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw",
                              lab.weir_path, "doctor", "--json", "-c", weir.config)
        wrong = json.loads(done.stdout)["findings"]
        assert [f["name"] for f in wrong] == ["capabilities"] and "CAP_NET_RAW" in wrong[0]["text"], wrong
        done = lab.router.run("setpriv", "--bounding-set=-all", "--inh-caps=-all",
                              lab.weir_path, "doctor", "--json", "-c", weir.config)
        names = [f["name"] for f in json.loads(done.stdout)["findings"]]
        assert names == ["capabilities"], ("what follows from it is not told as well", names)


@broken("a kernel or machine that cannot intercept is found by trying")
def kernel(lab):
    # A machine without the programs has the same trouble as a kernel without the modules: the
    # rules cannot be installed in the network of the test.
    with healthy(lab) as weir:
        weir.cli("firewall", "remove", "-c", weir.config, check=True)
        hide = "mount -t tmpfs none /usr/sbin && exec " + lab.weir_path
        done = lab.router.run("unshare", "--mount", "sh", "-c",
                              f"{hide} doctor --json -c {weir.config}")
        wrong = {f["name"]: f for f in json.loads(done.stdout)["findings"] if f["level"] == "FAIL"}
        assert "kernel-tproxy" in wrong and "nft" in wrong["kernel-tproxy"]["text"], done.stdout


@broken("a policy rule that is missing is found, in each family")
def policy_rule(lab):
    for flag, family in (("-4", "IPv4"), ("-6", "IPv6")):
        with healthy(lab) as weir:
            lab.router.run("ip", flag, "rule", "flush", "protocol", "237", check=True)
            wrong = expect(weir, "policy-rule", "FAIL", family)
            assert len(wrong) == 1, wrong
            lab.router.run(lab.weir_path, *wrong[0]["fix"].split()[1:], check=True)
            expect_healthy(weir)


@broken("a policy route that is missing is found, in each family")
def policy_route(lab):
    for flag, family in (("-4", "IPv4"), ("-6", "IPv6")):
        with healthy(lab) as weir:
            lab.router.run("ip", flag, "route", "flush", "table", "100", check=True)
            assert len(expect(weir, "policy-route", "FAIL", family)) == 1


@broken("a foreign policy rule on weir's mark bits is found")
def mark_rule(lab):
    with healthy(lab) as weir:
        with typed(lab, "ip rule add fwmark 0x1 lookup 77 priority 40", "ip rule del priority 40"):
            expect(weir, "mark", "FAIL", "fwmark 0x1", "table 77", "intercepted packets")
        with typed(lab, "ip rule add fwmark 0x2/0x2 lookup 77 priority 60", "ip rule del priority 60"):
            expect(weir, "mark", "FAIL", "table 77", "what weir sends")
        for harmless in ("fwmark 0x70/0xf0 priority 40", "fwmark 0x1 priority 60", "fwmark 0x10 priority 40"):
            with typed(lab, f"ip rule add {harmless} lookup 77", f"ip rule del {harmless} lookup 77"):
                expect_healthy(weir)


@broken("foreign rules that write weir's mark bits are found, those that do not are not")
def mark_writers(lab):
    table = "nft 'add table inet other; add chain inet other c { type filter hook forward priority 0; }; "
    undo = "nft delete table inet other"
    with healthy(lab) as weir:
        with typed(lab, table + "add rule inet other c meta mark set 0x10'", undo):
            expect(weir, "mark", "warn", "inet other c")
        with typed(lab, table + "add rule inet other c meta mark set meta mark and 0xffffff0f or 0x10'",
                   undo):
            expect_healthy(weir)
        rule = "iptables -t mangle {} POSTROUTING -j MARK --set-xmark {}"
        with typed(lab, rule.format("-A", "0x3/0xf"), rule.format("-D", "0x3/0xf")):
            expect(weir, "mark", "warn", "iptables mangle POSTROUTING")
        with typed(lab, rule.format("-A", "0x30/0xf0"), rule.format("-D", "0x30/0xf0")):
            expect_healthy(weir)
        # A rule that writes every bit: other bits for weir are no cure.
        for program in ("iptables", "ip6tables-legacy"):
            rule = program + " -t mangle {} POSTROUTING -j CONNMARK --restore-mark"
            with typed(lab, rule.format("-A"), rule.format("-D")):
                wrong = expect(weir, "mark", "warn", "mangle POSTROUTING", "rewrites the whole mark")
                assert program == "iptables" or program in wrong[0]["text"], wrong
                assert "set other bits" not in wrong[0]["fix"] and "--nfmask" in wrong[0]["fix"], wrong


@broken("what other rules translate is said, by check, too, and what weir's iptables rules cannot know is found")
def translations(lab):
    nft = ("nft 'table ip forwards { chain pre { type nat hook prerouting priority dstnat; "
           "ip daddr 203.0.113.66 dnat to 192.0.2.11; }; }'", "nft delete table ip forwards")
    rule = "iptables -t nat {} PREROUTING -d 203.0.113.67 -j DNAT --to-destination 192.0.2.11"
    iptables = (rule.format("-A"), rule.format("-D"))

    def said(weir):
        done = weir.cli("doctor", "--json", "-c", weir.config)
        return [one for one in json.loads(done.stdout)["findings"] if one["name"] == "dnat"]
    for backend in BACKENDS:
        with healthy(lab, backend=backend) as weir:
            assert [one["level"] for one in said(weir)] == ["ok"] and "no other" in said(weir)[0]["text"]
            assert b"note" not in weir.cli("check", "-c", weir.config).stdout
            with typed(lab, *iptables):
                assert [one["level"] for one in said(weir)] == ["ok"] and "203.0.113.67" in said(weir)[0]["text"]
                assert b"203.0.113.67" in weir.cli("check", "-c", weir.config).stdout
            with typed(lab, *nft):
                found = said(weir)
                assert [one["level"] for one in found] == [{"nft": "ok", "iptables": "warn"}[backend]], found
                assert "203.0.113.66" in found[0]["text"], found


@broken("a foreign route in weir's table is found")
def table(lab):
    with healthy(lab) as weir:
        with typed(lab, "ip route add 203.0.113.0/25 dev to-south table 100",
                   "ip route del 203.0.113.0/25 table 100"):
            expect(weir, "table", "FAIL", "203.0.113.0/25")


@broken("src_valid_mark does no harm, unless a policy rule of weir's is missing: that is found, and the "
        "command fixes it")
def src_valid_mark(lab):
    for interface in ("all", "lan"):
        name = f"net__ipv4__conf__{interface}__src_valid_mark"
        with healthy(lab) as weir, sysctl(lab, **{name: 1}):
            assert works(lab)
            expect_healthy(weir)
            lab.router.run("ip", "rule", "del", "priority", "49", check=True)
            wrong = [finding for finding in findings(weir)[0] if finding["level"] == "FAIL"]
            assert {"rp-filter", "policy-rule"} == {one["name"] for one in wrong}, wrong
            assert any("src_valid_mark = 1 on" in one["text"] and "lan" in one["text"] for one in wrong)
            assert not works(lab)
            fix(lab, [dict(one, fix=one["fix"].replace("weir ", lab.weir_path + " ", 1)) for one in wrong])
            assert works(lab)
            expect_healthy(weir)


@broken("rp_filter alone is no fault, and one where an upstream leaves by another line")
def rp_filter(lab):
    with sysctl(lab, net__ipv4__conf__all__rp_filter=1):
        with healthy(lab) as weir:
            expect_healthy(weir)
        with healthy(lab, HEALTHY + "mark = 0x100/0x100\n") as weir:
            expect(weir, "rp-filter", "warn", "rp_filter = 1", "to-north")


@broken("forwarding that is off is found, in each family")
def forwarding(lab):
    for name, words in (("net__ipv4__ip_forward", "IPv4 forwarding is off"),
                        ("net__ipv6__conf__all__forwarding", "IPv6")):
        with healthy(lab) as weir:
            with sysctl(lab, **{name: 0}):
                # Switching it changes the router's own routes; the finding is the same.
                wrong, status = findings(weir)
                assert status == 1 and any(f["name"] == "forwarding" and words in f["text"]
                                           for f in wrong), wrong


@broken("frames of the clients' bridge in the firewall are found, and the command fixes it")
def bridge(lab):
    with healthy(lab) as weir:
        lab.router.run("sysctl", "-q", "-w", "net.bridge.bridge-nf-call-iptables=1", check=True)
        try:
            wrong = expect(weir, "bridge", "FAIL", "lan")
            assert not works(lab)
            fix(lab, wrong)
            assert works(lab)
            expect_healthy(weir)
        finally:
            lab.router.run("sysctl", "-q", "-w", "net.bridge.bridge-nf-call-iptables=0", check=True)


@broken("answers may inherit the mark, unless a policy rule of weir's is missing")
def fwmark_accept(lab):
    with healthy(lab) as weir:
        with sysctl(lab, net__ipv4__tcp_fwmark_accept=1, net__ipv6__fwmark_reflect=1):
            assert works(lab)
            expect_healthy(weir)
            lab.router.run("ip", "rule", "del", "priority", "49", check=True)
            assert not works(lab)
            wrong = {(one["name"], one["level"]) for one in findings(weir)[0]}
            assert {("fwmark-accept", "FAIL"), ("fwmark-accept", "warn"), ("policy-rule", "FAIL")} <= wrong, wrong


@broken("early demux is explained, and more of it where servers see clients")
def early_demux(lab):
    for text, words in ((HEALTHY, "TIME_WAIT"), (SHOWS_CLIENT.format(server="198.51.100.10"), "source = client")):
        with healthy(lab, text) as weir, sysctl(lab, net__ipv4__tcp_early_demux=1):
            fix(lab, expect(weir, "early-demux", "warn", words))
            expect_healthy(weir)
    datagrams = HEALTHY.replace("tcp/80", "udp/5060").replace("any/53", "udp/53")
    with healthy(lab, datagrams) as weir, sysctl(lab, net__ipv4__tcp_early_demux=1):
        expect_healthy(weir)


@broken("a conntrack table that is too small for the flows that are allowed is found")
def conntrack(lab):
    def line(weir):
        listed = json.loads(weir.cli("doctor", "--json", "-c", weir.config).stdout)["findings"]
        return next(f for f in listed if f["name"] == "conntrack")
    with healthy(lab) as weir:
        assert line(weir)["level"] == "ok" and "entries in use" in line(weir)["text"], line(weir)
        assert works(lab)
        assert 0 < weir.metric("weir_conntrack_entries") < weir.metric("weir_conntrack_limit")
        assert weir.metric("weir_events_total", reason="conntrack-full") == 0
        with open(f"{weir.folder}/many.ini", "w") as out:
            out.write(HEALTHY + "[limits]\nmax-flows = 4000000\n"
                      f"[admin]\nsocket = {weir.folder}/none.sock\n")
        listed = findings(weir, f"{weir.folder}/many.ini")[0]
        found = [f for f in listed if f["name"] == "conntrack"]
        assert found and found[0]["level"] == "warn" and "16000000" in found[0]["fix"], listed


@broken("a reserved port is known, and one that is not comes with the command")
def reserved_port(lab):
    def line(weir):
        listed = json.loads(weir.cli("doctor", "--json", "-c", weir.config).stdout)["findings"]
        return next(f for f in listed if f["name"] == "reserved-port")
    with sysctl(lab, net__ipv4__ip_local_port_range="32768 60999"), healthy(lab) as weir:
        found = line(weir)
        assert found["level"] == "ok" and "ip_local_reserved_ports=50080" in found["fix"], found
        before = lab.router.run("sysctl", "-n", "net.ipv4.ip_local_reserved_ports").stdout.decode().strip()
        try:
            fix(lab, [found])
            found = line(weir)
            assert not found["fix"] and "keeps 50080" in found["text"], found
        finally:
            lab.router.run("sysctl", "-q", "-w", f"net.ipv4.ip_local_reserved_ports={before}")


if __name__ == "__main__":
    main()
