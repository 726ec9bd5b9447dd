#!/usr/bin/env python3
"""Where clients come in, and where what they ask for goes out: `[firewall] interfaces` and `towards`,
as the routes have it when weir starts, and as they change. Long lists, which iptables needs sets for."""

import contextlib
import itertools
import os

from backends import for_each_backend
from harness import V4, case, endpoint, eventually, main
from tproxy_stub import TproxyStub, ask, rules, serve

WEB = "[rule web]\non = any/80\nuse = transparent\n"
DIRECT = "[rule web]\non = tcp/80\nuse = direct\n"


@contextlib.contextmanager
def route(lab, net, *words):
    command = ("ip", f"-{net.version}", "route")
    lab.router.run(*command, "add", *words, check=True)
    try:
        yield
    finally:
        lab.router.run(*command, "del", *words, check=True)


def everywhere(lab, net, host):
    return ("default", "via", host.at(net))


@for_each_backend("who comes in by the default route's interface is no client, unless it is named")
def outside(lab, net, backend):
    serve(lab, net, lab.alice, 80)
    serve(lab, net, lab.east, 80)
    lab.closing(TproxyStub(lab, net))
    with route(lab, net, *everywhere(lab, net, lab.north)):
        with rules(lab, WEB, backend) as apply:
            assert ask(lab.north, net, lab.alice.at(net), 80) == "server"
            assert ask(lab.alice, net, lab.east.at(net), 80) == "weir"
            assert ask(lab.east, net, lab.alice.at(net), 80) == "weir"
            for interfaces in ("all", "lan, to-north", "la*, to-n*"):
                apply(f"[firewall]\ninterfaces = {interfaces}\n{WEB}")
                assert ask(lab.north, net, lab.alice.at(net), 80) == "weir", interfaces
                assert ask(lab.alice, net, lab.east.at(net), 80) == "weir", interfaces


@for_each_backend("two halves of the address space are a default route, in any table")
def halves(lab, net, backend):
    serve(lab, net, lab.alice, 80)
    lab.closing(TproxyStub(lab, net))
    lower, upper = net.pick(("0.0.0.0/1", "128.0.0.0/1"), ("::/1", "8000::/1"))
    with route(lab, net, lower, "via", lab.north.at(net), "table", "77"):
        with rules(lab, WEB, backend):
            assert ask(lab.north, net, lab.alice.at(net), 80) == "weir"
        with route(lab, net, upper, "via", lab.north.at(net), "table", "77"), rules(lab, WEB, backend):
            assert ask(lab.north, net, lab.alice.at(net), 80) == "server"


# Each connection from a port of its own: one that comes back to a connection that weir has just carried
# is that connection's peer still, wherever the rules lead by then.
PORTS = itertools.count(10_000)


def seen_from(lab, net, client, server):
    """Who the server sees: the client itself, or the router, when weir carried the connection."""
    with client.connect(net, server.at(net), 80, 5, (client.at(net), next(PORTS))) as connection:
        return connection.recv(100).decode()


def expect_seen(lab, net, client, server, who):
    seen = seen_from(lab, net, client, server)
    assert seen == who, f"the server saw {seen or 'nothing'} instead of {who}"


def says_who(lab, net, host):
    lab.serve(host.listen(net, 80),
              lambda connection: connection.sendall(connection.getpeername()[0].encode()))


@for_each_backend("weir follows the default route, and what led outside once stays outside")
def follows(lab, net, backend):
    says_who(lab, net, lab.alice)
    with lab.weir(DIRECT, backend=backend, keeps_firewall=True) as weir:
        expect_seen(lab, net, lab.north, lab.alice, lab.router.at(net))
        with route(lab, net, *everywhere(lab, net, lab.north)):
            eventually(lambda: seen_from(lab, net, lab.north, lab.alice) == lab.north.at(net),
                       "what comes in there is not intercepted any more", 5)
            eventually(lambda: weir.status()["firewall"]["outside"] == ["to-north"], "the status says so")
        with route(lab, net, *everywhere(lab, net, lab.east)):
            eventually(lambda: seen_from(lab, net, lab.east, lab.alice) == lab.east.at(net),
                       "what comes in there is not intercepted any more", 5)
        expect_seen(lab, net, lab.north, lab.alice, lab.north.at(net))
        weir.reload()
        expect_seen(lab, net, lab.north, lab.alice, lab.north.at(net))
        if backend == "nft":
            weir.take_over().wait()
            assert weir.status()["firewall"]["outside"] == ["to-east", "to-north"]
            expect_seen(lab, net, lab.north, lab.alice, lab.north.at(net))


@for_each_backend("only what is routed out by an interface of `towards` is intercepted")
def towards(lab, net, backend):
    for host in (lab.north, lab.east, lab.alice):
        serve(lab, net, host, 80)
    lab.closing(TproxyStub(lab, net))
    with rules(lab, f"[firewall]\ntowards = to-n*\n{WEB}", backend):
        assert ask(lab.alice, net, lab.north.at(net), 80) == "weir"
        assert ask(lab.alice, net, lab.east.at(net), 80) == "server"
        assert ask(lab.north, net, lab.alice.at(net), 80) == "server"


@for_each_backend("what `towards` leaves to the kernel meets its FORWARD rules")
def forward(lab, net, backend):
    says_who(lab, net, lab.east)
    lab.router.run("nft", "-f", "-", check=True, input=b"""
        table inet operator { chain f { type filter hook forward priority filter; policy accept;
          oifname "to-east" tcp flags syn reject with tcp reset
        }
        }""")
    try:
        with rules(lab, f"[firewall]\ntowards = to-north\n{WEB}", backend):
            assert refused(lab, net)
    finally:
        lab.router.run("nft", "delete", "table", "inet", "operator", check=True)


def refused(lab, net):
    try:
        with lab.alice.connect(net, lab.east.at(net), 80, 5):
            return False
    except OSError:
        return True


@for_each_backend("weir follows the routes for `towards`")
def towards_follows(lab, net, backend):
    says_who(lab, net, lab.east)
    with lab.weir(f"[firewall]\ntowards = to-north\n{DIRECT}", backend=backend, keeps_firewall=True) as weir:
        assert seen_from(lab, net, lab.alice, lab.east) == lab.alice.at(net)
        # North swallows it: only the record shows that weir took it up.
        with route(lab, net, f"{lab.east.at(net)}/{net.pick(32, 128)}", "via", lab.north.at(net)):
            eventually(lambda: heard(lab, net, lab.east.at(net), 0.3) == "taken",
                       "weir takes up what goes out there now", 5)
        eventually(lambda: seen_from(lab, net, lab.alice, lab.east) == lab.alice.at(net),
                   "it passes by again", 5)


def some_addresses(net, count, more=()):
    made = (net.pick(f"10.{i >> 8}.{i & 255}.1", f"fd00:77:0:{i:x}::1") for i in range(count))
    return ", ".join([*more, *made])


@for_each_backend("a list of 300 addresses is kept to, and leaves nothing behind")
def long_list(lab, net, backend):
    serve(lab, net, lab.north, 80)
    serve(lab, net, lab.east, 80)
    lab.closing(TproxyStub(lab, net))
    listed = f"{lab.work}/list-{backend}-{net.version}"
    for number, first in ((1, lab.alice.at(net)), (2, lab.north.at(net))):
        with open(f"{listed}-{number}", "w") as out:
            out.write(some_addresses(net, 300, (first,)).replace(", ", "\n"))
    bypass = "[rule them]\non = any/80\n{} = @{}\nuse = bypass\n" + WEB
    with rules(lab, bypass.format("client", f"{listed}-1"), backend) as apply:
        assert ask(lab.alice, net, lab.north.at(net), 80) == "server"
        assert ask(lab.bob, net, lab.north.at(net), 80) == "weir"
        apply(bypass.format("destination", f"{listed}-2"))
        assert ask(lab.bob, net, lab.north.at(net), 80) == "server"
        assert ask(lab.bob, net, lab.east.at(net), 80) == "weir"
        apply(f"[firewall]\nexclude = @{listed}-2\n{WEB}")
        assert ask(lab.bob, net, lab.north.at(net), 80) == "server"
        assert ask(lab.bob, net, lab.east.at(net), 80) == "weir"
        if backend == "iptables":
            assert sets(lab)
    assert not sets(lab)


def sets(lab):
    return lab.router.run("ipset", "list", "-n").stdout.decode().split()


WITHOUT = ("unshare", "--mount", "sh", "-c",
           'for p in /usr/sbin/ipset /sbin/ipset; do [ -e $p ] && mount --bind /dev/null $p; done; exec "$@"',
           "sh")


@case("without ipset a long list is a warning with iptables, and a very long one is refused",
      families=(None,), only_weir="it is weir's rules")
def without_ipset(lab):
    path, weir = f"{lab.work}/without.ini", os.path.abspath(lab.weir_path)
    def apply(count, more=""):
        with open(f"{lab.work}/without.list", "w") as out:
            out.write(some_addresses(V4, count).replace(", ", "\n"))
        with open(path, "w") as out:
            out.write(f"[firewall]\ninterfaces = lan\n{more}\n[rule them]\non = tcp/80\n"
                      f"client = @without.list\nuse = reject\n")
        return lab.router.run(*WITHOUT, weir, "firewall", "apply", "-c", path, "--backend", "iptables")
    try:
        assert not apply(200).stderr
        some = apply(300)
        assert some.returncode == 0 and "a list of 300 addresses" in some.stderr, some.stderr
        many = apply(20_001)
        assert many.returncode == 1 and "install ipset" in many.stderr, many.stderr
        out = apply(5, "towards = to-north")
        assert out.returncode == 1 and "'towards' needs ipset" in out.stderr, out.stderr
    finally:
        lab.router.run(weir, "firewall", "remove", "-c", path, "--backend", "iptables", check=True)


@case("explain says where a flow leaves that `towards` leaves alone, and where no route leads",
      only_weir="it is weir's command")
def explained(lab, net):
    def said(address):
        done = lab.router.run(os.path.abspath(lab.weir_path), "explain", "-c", path, "--interface", "lan", "tcp",
                              lab.alice.at(net), endpoint(address, 80), check=True)
        return done.stdout.decode().splitlines()[1]

    path = f"{lab.work}/explained-{net.version}.ini"
    nowhere = net.pick("198.51.100.77", "fd00:198:51:100::77")
    for towards, elsewhere in (("", "rule web "),
                               ("[firewall]\ntowards = to-n*\n",
                                f"not intercepted: destination {lab.east.at(net)} leaves by to-east, which is not in "
                                "[firewall] towards")):
        with open(path, "w") as out:
            out.write(towards + DIRECT)
        assert said(lab.north.at(net)).startswith("rule web "), towards
        assert said(lab.east.at(net)).startswith(elsewhere), towards
        with route(lab, net, "unreachable", nowhere):
            assert said(nowhere) == f"not intercepted: the router has no route to destination {nowhere}", towards


@for_each_backend("a route that refuses, made while weir runs, is heard of by clients")
def refuses_later(lab, net, backend):
    address = net.pick("198.51.100.77", "fd00:198:51:100::77")
    with lab.weir("[rule web]\non = tcp/80\nuse = direct\n", backend=backend, keeps_firewall=True):
        with route(lab, net, "unreachable", address):
            eventually(lambda: heard(lab, net, address) not in ("reset", "silence"),
                       "the client hears what plain routing says", 5)


def heard(lab, net, address, timeout=5.0):
    try:
        with lab.alice.connect(net, address, 80, timeout) as client:
            if timeout < 1:
                return "taken"
            return "reset" if not client.recv(1) else "data"
    except TimeoutError:
        return "silence"
    except ConnectionResetError:
        return "reset"
    except OSError as error:
        return os.strerror(error.errno)


if __name__ == "__main__":
    main()
