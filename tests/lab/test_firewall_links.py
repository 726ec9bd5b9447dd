#!/usr/bin/env python3
"""The kernel takes routes of IPv6 away with the link they go by. weir's are back as soon as the link is,
as often as it happens."""

import os
import time

from backends import for_each_backend
from echo_servers import answers, tcp, udp
from harness import V4, V6, eventually, main

CONFIG = "[gateway]\nworkers = 1\n[rule one]\non = any/7501\nuse = direct\n"
FLAG = {4: "-4", 6: "-6"}


def routes(lab, net):
    return lab.router.run("ip", FLAG[net.version], "route", "show", "table", "100", "type",
                          "local").stdout.strip()


def comes_back(lab, net, off, on):
    """Within a second of the link."""
    lab.router.run("sh", "-e", "-c", off, check=True)
    if net.version == 6:  # of IPv4 it keeps those that deliver here
        eventually(lambda: not routes(lab, net), "the route is gone")
    lab.router.run("sh", "-e", "-c", on, check=True)
    since = time.monotonic()
    eventually(lambda: routes(lab, net), "the route is back", within=5)
    took = time.monotonic() - since
    assert took < 1 or not _quiet(), f"after {took:.2f} s"


def _quiet():
    """A machine with more to do than it has processors takes its time."""
    return os.getloadavg()[0] < 2 * (os.cpu_count() or 1)


@for_each_backend("lo goes down and up, six times in a row", families=(V4, V6))
def lo(lab, net, backend):
    answers(lab, net, 7501)
    # As the kernel leaves its own routes once lo was down.
    lab.router.run("sh", "-e", "-c", "ip link set lo down; ip link set lo up", check=True)
    with lab.weir(CONFIG, backend=backend, keeps_firewall=True) as weir:
        for _ in range(6):
            comes_back(lab, net, "ip link set lo down", "ip link set lo up")
        seen = weir.source(net, lab.alice, lab.north)
        assert tcp(lab, net, 7501) == udp(lab, net, 7501) == seen
        assert weir.metric("weir_firewall_repairs_total") == 0 and not weir.status()["firewall"]["trouble"]


@for_each_backend("IPv6 is switched off and on", families=(V6,))
def ipv6(lab, net, backend):
    answers(lab, net, 7501)
    lab.router.run("sysctl", "-q", "-w", "net.ipv6.conf.lo.disable_ipv6=1", check=True)
    lab.router.run("sysctl", "-q", "-w", "net.ipv6.conf.lo.disable_ipv6=0", check=True)
    with lab.weir(CONFIG, backend=backend, keeps_firewall=True) as weir:
        comes_back(lab, net, "sysctl -q -w net.ipv6.conf.lo.disable_ipv6=1",
                   "sysctl -q -w net.ipv6.conf.lo.disable_ipv6=0")
        seen = weir.source(net, lab.alice, lab.north)
        assert tcp(lab, net, 7501) == udp(lab, net, 7501) == seen


if __name__ == "__main__":
    main()
