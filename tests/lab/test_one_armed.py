#!/usr/bin/env python3
"""A one-armed router: what a client asks for leaves by the interface that it came in by. Whenever the
kernel forwards such a packet it shows the client the shorter path (ICMP redirect), which leads past
weir. Here bob is that shorter path: he has the destination, and the router's route to it is by him."""

import contextlib
import json
import socket

from backends import for_each_backend
from harness import FAMILIES, eventually, main

RULES = "[firewall]\ninterfaces = {interfaces}\n[rule web]\non = tcp/80\nuse = direct\n"


def link_local(host, interface):
    listed = json.loads(host.run("ip", "-j", "-6", "addr", "show", "dev", interface, check=True).stdout)
    return next(a["local"] for a in listed[0]["addr_info"] if a["scope"] == "link")


@contextlib.contextmanager
def shorter_way(lab, net):
    """A destination that bob has; IPv6 speaks of neighbours by their link-local addresses."""
    place = net.pick("198.18.0.77", "fd00:198:18::77")
    whole = f"{place}/{net.pick(32, 128)}"
    via_router = net.pick(lab.router.v4, None) or link_local(lab.router, "lan")
    via_bob = net.pick(lab.bob.v4, None) or link_local(lab.bob, "eth0")
    ip = ("ip", f"-{net.version}")
    commands = [(lab.bob, ("addr", "{}", whole, "dev", "lo")),
                (lab.router, ("route", "{}", whole, "via", via_bob, "dev", "lan")),
                (lab.alice, ("route", "{}", whole, "via", via_router, "dev", "eth0"))]
    try:
        for host, words in commands:
            host.run(*ip, *(w.format("add") for w in words), check=True)
        yield place
    finally:
        for host, words in commands:
            host.run(*ip, *(w.format("del") for w in words))
        forget(lab, net)


def forget(lab, net):
    lab.alice.run("ip", f"-{net.version}", "route", "flush", "cache")


def is_led_past(lab, net, place):
    """After a datagram: whether alice sends there by bob. IPv6 hears a redirect through a
    socket alone, and only through one that says by which interface."""
    with lab.alice.udp(net) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
        sock.sendto(b"?", (place, 9))
        said = lab.alice.run("ip", f"-{net.version}", "route", "get", place, check=True).stdout.decode()
    bob = net.pick(lab.bob.v4, None) or link_local(lab.bob, "eth0")
    return f"via {bob} " in said


def dropped(weir):
    return next((rule["firewall_packets"] for rule in weir.control.json("/v1/rules")["rules"]
                 if rule["name"] == "(redirects)"), 0)


@for_each_backend("redirects of the kernel do not lead clients past weir", families=FAMILIES)
def clients(lab, net, backend):
    with shorter_way(lab, net) as place:
        eventually(lambda: is_led_past(lab, net, place), "without weir alice is shown the shorter path")
        forget(lab, net)
        with lab.weir(RULES.format(interfaces="lan"), backend=backend, keeps_firewall=True) as weir:
            def counted():
                assert not is_led_past(lab, net, place)
                return dropped(weir)
            eventually(counted, "a redirect is dropped, and counted")
            assert weir.metric("weir_rule_firewall_packets_total", rule="(redirects)") > 0
            assert "(redirects)" in weir.live("rules", check=True).stdout.decode()
        eventually(lambda: is_led_past(lab, net, place), "when weir is gone the kernel shows it again")


@for_each_backend("redirects towards interfaces without clients are left alone")
def others(lab, net, backend):
    with shorter_way(lab, net) as place:
        with lab.weir(RULES.format(interfaces="to-*"), backend=backend, keeps_firewall=True) as weir:
            eventually(lambda: is_led_past(lab, net, place), "alice is shown the shorter path")
            assert dropped(weir) == 0


if __name__ == "__main__":
    main()
