#!/usr/bin/env python3
"""docs/migration.md: the other program's configuration and weir's do the same, as clients and servers see it."""

import contextlib

from guide import blocks
from harness import V4, case, eventually, main
from harness.proxies import danted
from harness.servers import folder, listening

WHY = "it is a document about weir"
HAPROXY, REDSOCKS, IPT2SOCKS, SING_BOX = range(4)


def block(language, place=0):
    return blocks("migration", language, of="")[place]


@contextlib.contextmanager
def other_program(lab, commands, undo, program, *arguments, port):
    """A program of the document on the router, with the rules that the document has it need."""
    with contextlib.ExitStack() as after:
        after.callback(lab.router.run, "sh", "-c", undo)
        lab.router.run("sh", "-e", "-c", commands, check=True)
        running = lab.router.start(program, *arguments)
        running.until_ready(lambda: listening(lab.router, port))
        yield
        running.stop()


def written(lab, name, text):
    path = f"{folder('migration')}/{name}"
    with open(path, "w") as file:
        file.write(text)
    return path


def callers(lab, net, places):
    """Who each of these addresses is asked by, as the server that answers sees it."""
    seen = []
    for place in places:
        done = lab.alice.curl(net.url(place, "/whoami"))
        assert done.returncode == 0, (place, done)
        seen.append(done.stdout.split()[0].decode())
    return seen


@case("HAProxy with TPROXY, and weir: the site's servers and all others see the client", (V4,), only_weir=WHY)
def haproxy(lab, net):
    for host in (lab.north, lab.east):
        lab.nginx(host)
    places = ("203.0.113.20", lab.north.v4)
    config = written(lab, "haproxy.cfg", block("haproxy"))
    with other_program(lab, block("sh"), "nft delete table ip divert; ip rule del fwmark 1 lookup 100; "
                       "ip route flush table 100", "haproxy", "-db", "-f", config, port=8888):
        assert callers(lab, net, places) == [lab.alice.v4] * 2
    with lab.weir(block("ini", HAPROXY), keeps_firewall=True) as weir:
        assert callers(lab, net, places) == [lab.alice.v4] * 2
        weir.expect_record(rule="site", upstream="site")
        weir.expect_record(rule="original", upstream="transparent")


@case("redsocks, and weir: the proxy calls the server", (V4,), only_weir=WHY)
def redsocks(lab, net):
    lab.nginx(lab.north)
    lab.shared(danted, lab.east, net)
    config = written(lab, "redsocks.conf", block("redsocks"))
    with other_program(lab, block("sh", 1), "nft delete table ip redsocks", "redsocks", "-c", config,
                       "-p", f"{folder('migration')}/pid", port=12345):
        assert callers(lab, net, [lab.north.v4]) == [lab.east.v4]
    with lab.weir(block("ini", REDSOCKS), keeps_firewall=True) as weir:
        assert callers(lab, net, [lab.north.v4]) == [lab.east.v4]
        weir.expect_record(rule="web", upstream="proxy", server="main")


@case("weir in the place of ipt2socks: TCP and UDP go through the proxy", (V4,), only_weir=WHY)
def ipt2socks(lab, net):
    lab.nginx(lab.north)
    names = lab.dnsmasq(lab.north)
    lab.shared(danted, lab.east, net)
    with lab.weir(block("ini", IPT2SOCKS), keeps_firewall=True) as weir:
        assert callers(lab, net, [lab.north.v4]) == [lab.east.v4]
        since = len(names.errors)
        assert "192.0.2.201" in lab.alice.dig(lab.north.v4, "one.lab.test", "A", "+notcp")
        eventually(lambda: f"from {lab.east.v4}" in names.errors[since:], "the proxy asks the resolver")
        weir.expect_record(protocol="udp", rule="all", upstream="proxy")


@case("weir in the place of sing-box: one network through the proxy, the rest as if there were no weir", (V4,),
      only_weir=WHY)
def sing_box(lab, net):
    for host in (lab.north, lab.south):
        lab.nginx(host)
    lab.shared(danted, lab.east, net)
    with lab.weir(block("ini", SING_BOX), keeps_firewall=True) as weir:
        assert callers(lab, net, [lab.south.v4, lab.north.v4]) == [lab.east.v4, lab.alice.v4]
        weir.expect_record(rule="office", upstream="office")
        weir.expect_record(rule="(default)", upstream="transparent")


if __name__ == "__main__":
    main()
