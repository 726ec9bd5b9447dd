#!/usr/bin/env python3
"""What weir compiles into the firewall: bypass, reject and drop cost nothing at run time; and what
the rules alone do while weir is down."""

from echo_servers import answers, tcp, udp
from harness import case, endpoint, eventually, main

BACKENDS = ("nft", "iptables")
OWN = "it is weir's rules"


def config(use, extra=""):
    return f"""
        [rule chosen]
        on = any/7500
        use = {use}

        [rule rest]
        on = any/7501
        use = direct
        {extra}
        """


@case("bypass passes in the kernel and leaves no record")
def bypass(lab, net):
    answers(lab, net, 7500)
    for backend in BACKENDS:
        with lab.weir(config("bypass"), backend=backend) as weir:
            assert tcp(lab, net, 7500) == udp(lab, net, 7500) == lab.alice.at(net)
            if weir:
                assert not weir.records() and not weir.flows(), "it went through weir"


@case("reject refuses TCP and answers UDP with port unreachable, at once", only_weir=OWN)
def reject(lab, net):
    answers(lab, net, 7500)
    for backend in BACKENDS:
        with lab.weir(config("reject"), backend=backend) as weir:
            assert tcp(lab, net, 7500) == "refused"
            assert udp(lab, net, 7500) == "refused"
            assert not weir.records()


@case("drop is silence", only_weir=OWN)
def drop(lab, net):
    answers(lab, net, 7500)
    for backend in BACKENDS:
        with lab.weir(config("drop"), backend=backend) as weir:
            assert tcp(lab, net, 7500, timeout=1.3) == "silence"
            assert udp(lab, net, 7500, timeout=0.7) == "silence"
            assert not weir.records()


@case("weir rules counts what the firewall decided", only_weir=OWN)
def counters(lab, net):
    with lab.weir(config("reject")) as weir:
        assert tcp(lab, net, 7500) == "refused"
        eventually(lambda: weir.metric("weir_rule_firewall_packets_total", rule="chosen") >= 1,
                   "the rule's counter shows the refused packet")


@case("a reject that only the gateway can decide still refuses", only_weir="it is weir's policy")
def reject_in_gateway(lab, net):
    answers(lab, net, 7500)
    with lab.weir("""
            [rule chosen]
            on = any/7500
            use = no

            [upstream no]
            type = reject
            """):
        assert tcp(lab, net, 7500) in ("refused", "reset")
        assert udp(lab, net, 7500) == "refused"


@case("only ports that a rule names are intercepted")
def other_ports(lab, net):
    answers(lab, net, 7502)
    with lab.weir(config("transparent")) as weir:
        assert tcp(lab, net, 7502) == udp(lab, net, 7502) == lab.alice.at(net)
        if weir:
            assert not weir.records()


@case("both backends intercept, apply and remove twice change nothing more", only_weir=OWN)
def idempotent(lab, net):
    answers(lab, net, 7501)
    for backend in BACKENDS:
        with lab.weir(config("transparent"), backend=backend) as weir:
            weir.cli("firewall", "apply", "-c", weir.config, "--backend", backend, check=True)
            seen = weir.source(net, lab.alice, lab.north)
            assert tcp(lab, net, 7501) == udp(lab, net, 7501) == seen
            weir.expect_record(protocol="tcp", destination=endpoint(lab.north.at(net), 7501))
            for _ in range(2):
                weir.cli("firewall", "remove", "-c", weir.config, "--backend", backend, check=True)
            weir.cli("firewall", "apply", "-c", weir.config, "--backend", backend, check=True)
            assert tcp(lab, net, 7501) == seen


@case("rules that others made stay as they are", only_weir=OWN)
def foreign_rules(lab, net):
    lab.router.run("nft", "add table inet mine; add chain inet mine c; add rule inet mine c counter",
                   check=True)
    lab.router.run("ip", "rule", "add", "fwmark", "0x70", "lookup", "77", check=True)
    try:
        for backend in BACKENDS:
            with lab.weir(config("transparent"), backend=backend):
                pass  # the harness compares rules and routes before and after
        assert b"table inet mine" in lab.router.run("nft", "list", "ruleset").stdout
    finally:
        lab.router.run("nft", "delete table inet mine")
        lab.router.run("ip", "rule", "del", "fwmark", "0x70", "lookup", "77")


@case("firewall show prints a script that does what apply does", only_weir=OWN)
def show(lab, net):
    answers(lab, net, 7501)
    for backend in BACKENDS:
        with lab.weir(config("transparent"), backend=backend, firewall=False) as weir:
            script = weir.cli("firewall", "show", "-c", weir.config, "--backend", backend, check=True)
            lab.router.run("sh", "-e", input=script.stdout, check=True)
            assert tcp(lab, net, 7501) == weir.source(net, lab.alice, lab.north)
            weir.expect_record(protocol="tcp", destination=endpoint(lab.north.at(net), 7501))


@case("on-failure = open: after kill -9 traffic passes directly", only_weir=OWN)
def fails_open(lab, net):
    answers(lab, net, 7501)
    with lab.weir(config("transparent", "[firewall]\non-failure = open\n")) as weir:
        assert tcp(lab, net, 7501) == weir.source(net, lab.alice, lab.north)
        assert udp(lab, net, 7501) == weir.source(net, lab.alice, lab.north)
        weir.kill()
        assert tcp(lab, net, 7501) == udp(lab, net, 7501) == lab.alice.at(net)
        weir.start()
        assert tcp(lab, net, 7501) == weir.source(net, lab.alice, lab.north)


@case("on-failure = closed: after kill -9 traffic is refused at once", only_weir=OWN)
def fails_closed(lab, net):
    answers(lab, net, 7501)
    answers(lab, net, 7502)
    with lab.weir(config("transparent", "[firewall]\non-failure = closed\n")) as weir:
        assert tcp(lab, net, 7501) == weir.source(net, lab.alice, lab.north)
        weir.kill()
        assert tcp(lab, net, 7501) == "refused"
        assert udp(lab, net, 7501) == "refused"
        assert tcp(lab, net, 7502) == lab.alice.at(net), "a port that no rule names"
        weir.start()
        assert tcp(lab, net, 7501) == weir.source(net, lab.alice, lab.north)
        assert udp(lab, net, 7501) == weir.source(net, lab.alice, lab.north)


@case("an excluded destination is never intercepted")
def exclude(lab, net):
    answers(lab, net, 7501)
    with lab.weir(config("transparent", f"[firewall]\nexclude = {lab.north.at(net)}\n")) as weir:
        assert tcp(lab, net, 7501) == udp(lab, net, 7501) == lab.alice.at(net)
        if weir:
            assert not weir.records()


if __name__ == "__main__":
    main()
