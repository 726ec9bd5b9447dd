#!/usr/bin/env python3
"""Names of bridge ports where inbound interfaces are named: what arrives at a port comes in by its
bridge, so weir takes the bridge, says so, and follows a port that joins another one. `lan` is a bridge;
alice's cable ends at its port alice0."""

import contextlib
import json

from backends import WHY, for_each_backend
from harness import FAMILIES, case, eventually, main

BY_PORT = """
[firewall]
interfaces = alice0
[rule no]
on = tcp/81
interface = alice0
use = reject
[rule theirs]
on = tcp/80
interface = alice0
client = !192.0.2.99
use = direct
[rule rest]
on = tcp/80
use = transparent
"""
SAID = "alice0 is a port of lan; packets come in by lan, so all of lan is "


def says_who(lab, net):
    for port in (80, 81):
        lab.serve(lab.north.listen(net, port),
                  lambda connection: connection.sendall(connection.getpeername()[0].encode()))


def seen_from(lab, net, client, port=80):
    try:
        with client.connect(net, lab.north.at(net), port, 2) as connection:
            return connection.recv(100).decode()
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return "nothing"


def by_weir(lab, net):
    return lab.router_towards(lab.north).at(net)


@contextlib.contextmanager
def bridge_of_its_own(lab, net):
    """Moves alice's port into another bridge, by which the router reaches her then. A bridge has the lowest
    address of its ports, so that both hosts may know the router by one that is another bridge's by now."""
    def router(*words):
        lab.router.run("ip", *words, check=True)
    whole = net.pick(32, 128)
    family = f"-{net.version}"
    try:
        router("link", "add", "lan9", "type", "bridge", "forward_delay", "0")
        router("link", "set", "lan9", "up")
        router("link", "set", "alice0", "master", "lan9")
        router(family, "addr", "add", f"{lab.router.at(net)}/{whole}", "dev", "lan9",
               *net.pick((), ("nodad",)))
        router(family, "route", "add", f"{lab.alice.at(net)}/{whole}", "dev", "lan9")
        for host in (lab.alice, lab.bob):
            host.run("ip", "neigh", "flush", "dev", "eth0")
        yield
    finally:
        router("link", "set", "alice0", "master", "lan")
        router("link", "del", "lan9")
        for host, device in ((lab.alice, "eth0"), (lab.bob, "eth0"), (lab.router, "lan")):
            host.run("ip", "neigh", "flush", "dev", device)


@for_each_backend("a port means its bridge, for the rules of the firewall and those of the gateway", families=FAMILIES)
def port(lab, net, backend):
    says_who(lab, net)
    with lab.weir(BY_PORT, backend=backend) as weir:
        for client in (lab.alice, lab.bob):
            assert seen_from(lab, net, client) == by_weir(lab, net)
            assert seen_from(lab, net, client, 81) == "refused"
        weir.expect_record(client=lambda c: lab.bob.at(net) in c, rule="theirs")
        assert not weir.records(rule="rest")


@for_each_backend("a port that joins another bridge is followed, and so is its return")
def follows(lab, net, backend):
    says_who(lab, net)
    with lab.weir(BY_PORT, backend=backend, keeps_firewall=True):
        assert seen_from(lab, net, lab.bob) == by_weir(lab, net)
        with bridge_of_its_own(lab, net):
            eventually(lambda: seen_from(lab, net, lab.alice) == by_weir(lab, net),
                       "what comes in by the other bridge is intercepted")
            eventually(lambda: seen_from(lab, net, lab.alice, 81) == "refused", "and refused")
            eventually(lambda: seen_from(lab, net, lab.bob) == lab.bob.at(net),
                       "what comes in by the bridge of before is not intercepted any more")
        for client in (lab.alice, lab.bob):
            eventually(lambda: seen_from(lab, net, client) == by_weir(lab, net), "all is as before")


@case("check, the start, explain and doctor say that the bridge is meant", families=(None,), only_weir=WHY)
def said(lab):
    with lab.weir(BY_PORT, keeps_firewall=True) as weir:
        checked = weir.cli("check", "-c", weir.config)
        assert checked.returncode == 0, checked.stderr
        text = checked.stdout.decode() + checked.stderr
        assert f"[firewall] interfaces: {SAID}intercepted: write lan" in text, text
        assert f"[rule theirs]: {SAID}meant: write lan" in text, text
        with open(weir.log) as log:
            assert SAID in weir.program.report() + log.read()
        for interface in ("alice0", "lan", "bob0"):
            told = weir.cli("explain", "-c", weir.config, "--json", "--interface", interface, "tcp",
                            "192.0.2.11", "198.51.100.10:80", check=True)
            assert json.loads(told.stdout)["rule"] == "theirs", (interface, told.stdout)
        doctor = json.loads(weir.cli("doctor", "--json", "-c", weir.config).stdout)["findings"]
        named = [f for f in doctor if f["name"] == "interfaces"]
        assert {f["level"] for f in named} == {"warn"}, named
        assert all(f["text"].startswith(SAID) for f in named), named


if __name__ == "__main__":
    main()
