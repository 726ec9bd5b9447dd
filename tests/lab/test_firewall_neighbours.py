#!/usr/bin/env python3
"""Other rules on the same router: those that look up the reverse path to a sender, those that keep marks
of their own, those that translate. What they do without weir they do beside it, and it is intercepted
all the same, whichever was there first."""

import collections
import contextlib
import functools
import select

from backends import BACKENDS
from doctor_fixture import sysctl, typed
from echo_servers import answers, from_router, tcp, udp
from harness import V6, case, endpoint, eventually, main
from harness.host import read_exactly

RULES = ("[gateway]\nworkers = 1\n[firewall]\nlocal = {}\ninterfaces = {}\n"
         "[rule direct]\non = any/7501\nuse = direct\n[rule kept]\non = any/7502\nuse = transparent\n")


def beside(name, **options):
    """A case for each backend; plain routing is the measure."""
    def declare(function):
        for backend in BACKENDS:
            case(f"{name} ({backend})", **options)(functools.partial(function, backend=backend))
        return function
    return declare


def flows_live(lab, net, weir, beside="", local=True):
    """Each way through weir, for TCP and UDP: under the gateway's address, under the client's, and of
    the router's own."""
    own = lab.router_towards(lab.north).at(net)
    for client, port, source in ((lab, 7501, weir.source(net, lab.alice, lab.north)),
                                 (lab, 7502, lab.alice.at(net)),
                                 (from_router(lab), 7501, own), (from_router(lab), 7502, own))[:4 if local else 2]:
        for ask in (tcp, udp):
            told = ask(client, net, port, 3)
            assert told == source, f"{ask.__name__} of {client.alice} to {port} beside {beside}: {told}"


def each_was_intercepted(lab, net, weir, times, times_local=None):
    """What `flows_live` asked for went through weir."""
    if not weir:
        return
    clients = ((lab.alice.at(net), times), (lab.router_towards(lab.north).at(net), times_local or times))
    expected = {(client, protocol, rule): number for protocol in ("tcp", "udp") for rule in ("direct", "kept")
                for client, number in clients}

    def seen():
        return collections.Counter((flow["client"].rpartition(":")[0].strip("[]"), flow["protocol"], flow["rule"])
                                   for flow in weir.records() + weir.flows())
    eventually(lambda: seen() == expected, f"{times} flows of each kind", within=5)


def tables(rule):
    return "; ".join(f"{command} -t {rule}" for command in ("iptables", "ip6tables"))


# Each looks up the reverse path to the sender with the packet's mark.
WAYS_BACK = {
    "firewalld": ("nft 'table inet other { chain c { type filter hook prerouting priority filter + 10; "
                  "icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept; "
                  "fib saddr . mark . iif oif missing drop; }; }'", "nft delete table inet other"),
    "NixOS": ("nft 'table inet other { chain c { type filter hook prerouting priority mangle + 10; "
              "policy drop; icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept; "
              "fib saddr . mark . iif oif exists accept; }; }'", "nft delete table inet other"),
    "mangle": (tables("mangle -A PREROUTING -m rpfilter --validmark --invert -j DROP"),
               tables("mangle -D PREROUTING -m rpfilter --validmark --invert -j DROP")),
    "raw": (tables("raw -A PREROUTING -m rpfilter --validmark --invert -j DROP"),
            tables("raw -D PREROUTING -m rpfilter --validmark --invert -j DROP")),
}


@beside("a look-up of the reverse path to a packet's sender finds it, though it asks with weir's mark")
def way_back(lab, net, backend):
    for port in (7501, 7502):
        answers(lab, net, port)
    # TPROXY of iptables gives the router's own packets their socket before nft's rules look at them,
    # and those take a packet on lo with a socket for one that came in elsewhere.
    blind = ("firewalld", "NixOS") if backend == "iptables" else ()
    with lab.weir(RULES.format("yes", "lan"), backend=backend) as weir:
        for kind, (do, undo) in WAYS_BACK.items():
            with typed(lab, do, undo):
                flows_live(lab, net, weir, kind, local=kind not in blind)
        with sysctl(lab, net__ipv4__conf__all__rp_filter=1, net__ipv4__conf__all__src_valid_mark=1):
            flows_live(lab, net, weir, "src_valid_mark")
        each_was_intercepted(lab, net, weir, len(WAYS_BACK) + 1, len(WAYS_BACK) + 1 - len(blind))


MARKS = ("PREROUTING -j CONNMARK --restore-mark", "PREROUTING -m mark ! --mark 0 -j ACCEPT",
         "PREROUTING -i to-north -j MARK --set-mark 0x10", "PREROUTING -j CONNMARK --save-mark",
         "OUTPUT -j CONNMARK --restore-mark", "POSTROUTING -o lan -j CONNMARK --save-mark")


def connection_mark_rules(what):
    """`what`: add or del."""
    lines = [f"{command} -t mangle {'-A' if what == 'add' else '-D'} {line}"
             for command in ("iptables", "ip6tables") for line in MARKS]
    return "; ".join(lines + [f"ip {flag} rule {what} fwmark 0x10 lookup main priority 1000"
                              for flag in ("-4", "-6")])


@beside("rules that keep marks with connections and put them back may be loaded before weir or after it")
def connection_marks(lab, net, backend):
    for port in (7501, 7502):
        answers(lab, net, port)
    marks = functools.partial(typed, lab, connection_mark_rules("add"), connection_mark_rules("del"))
    with marks(), lab.weir(RULES.format("yes", "lan"), backend=backend) as weir:
        flows_live(lab, net, weir)
        flows_live(lab, net, weir)
        each_was_intercepted(lab, net, weir, 2)
    with lab.weir(RULES.format("yes", "lan"), backend=backend) as weir, marks():
        flows_live(lab, net, weir)
        each_was_intercepted(lab, net, weir, 1)


@case("with iptables a rule that another tool inserts before weir's is behind it a moment later",
      only_weir="it is weir's rules")
def inserted(lab, net):
    answers(lab, net, 7502)
    rule = "; ".join(f"{command} -t mangle {{}} PREROUTING -m conntrack --ctdir REPLY -j ACCEPT"
                     for command in ("iptables", "ip6tables"))
    command = net.pick("iptables", "ip6tables")
    with lab.weir(RULES.format("no", "lan"), backend="iptables", keeps_firewall=True) as weir:
        with typed(lab, rule.format("-I", "-I"), rule.format("-D", "-D")):
            def first():
                shown = lab.router.run(command, "-t", "mangle", "-S", "PREROUTING", check=True).stdout.decode()
                return shown.splitlines()[1] == "-A PREROUTING -j WEIR"
            eventually(first, "weir's jump is the first again")
            assert tcp(lab, net, 7502, 3) == udp(lab, net, 7502, 3) == lab.alice.at(net)
        weir.expect_record(protocol="tcp", rule="kept")


# --- What others translate


def forwards(lab, net, routed):
    """Port forwards to alice, as each family's tools write them: (nft, iptables)."""
    alice, outside = lab.alice.at(net), lab.places.router_north.at(net)
    family, wrapped = net.pick("ip", "ip6"), net.pick(alice, f"[{alice}]")
    command = net.pick("iptables", "ip6tables") + " -t nat"
    nft = (f"nft 'table {family} forwards {{ chain pre {{ type nat hook prerouting priority dstnat; "
           f"{family} daddr {outside} tcp dport 7510 dnat to {wrapped}:7512; "
           f"{family} daddr {outside} udp dport 7510 dnat to {wrapped}:7512; "
           f"{family} daddr {routed} dnat to {alice}; tcp dport 7513 redirect to :7514; }}; "
           f"chain post {{ type nat hook postrouting priority srcnat; oifname lan {family} daddr {alice} "
           "iifname lan masquerade; }; }'", f"nft delete table {family} forwards")
    lines = [f"-N FORWARDS; {command} -A PREROUTING -m addrtype --dst-type LOCAL -j FORWARDS",
             f"-A FORWARDS -d {outside} -p tcp --dport 7510 -m comment --comment 'to \"alice\" -j ACCEPT' "
             f"-j DNAT --to-destination {wrapped}:7512",
             f"-A FORWARDS -d {outside} -p udp --dport 7510 -j DNAT --to-destination {wrapped}:7512",
             f"-A PREROUTING -d {routed} -j DNAT --to-destination {alice}",
             "-A PREROUTING -p tcp --dport 7513 -j REDIRECT --to-ports 7514",
             f"-A POSTROUTING -o lan -s {net.pick('192.0.2.0/24', 'fd00:192:0:2::/64')} -d {alice} -j MASQUERADE"]
    return {"nft": nft, "iptables": ("; ".join(f"{command} {line}" for line in lines),
                                     f"{command} -F; {command} -X FORWARDS")}


@contextlib.contextmanager
def servers(lab, net):
    """alice serves port 7512, the router 7514; both say who called."""
    def tells(connection):
        connection.sendall(connection.getpeername()[0].encode())

    lab.serve(lab.alice.listen(net, 7512), tells)
    lab.respond(lab.alice.udp(net, 7512), lambda data, peer: peer[0].encode())
    lab.serve(lab.router.listen(net, 7514), lambda connection: connection.sendall(b"the router"))
    yield


def ask_tcp(client, net, address, port):
    try:
        with client.connect(net, address, port, timeout=3, source=(client.at(net), 0)) as connection:
            return connection.recv(100).decode()
    except OSError as error:
        return type(error).__name__


def ask_udp(client, net, address, port, times=2):
    with client.udp(net, address=client.at(net)) as asking:
        asking.connect((address, port))
        told = set()
        for _ in range(times):
            asking.send(b"?")
            if not select.select([asking], [], [], 3)[0]:
                return "silence"
            told.add(asking.recv(100).decode())
    return told.pop() if len(told) == 1 else told


@beside("what another table translates goes where that says: to the router's address, to one that is "
        "routed to it, from outside and from inside")
def translated(lab, net, backend):
    routed = net.pick("203.0.113.66", "fd00:203:0:113::66")
    outside = lab.places.router_north.at(net)
    north, bob, router = lab.north.at(net), lab.bob.at(net), lab.places.router_lan.at(net)
    text = "[gateway]\nworkers = 1\n[firewall]\nlocal-services = {}\n[rule all]\non = any/*\nuse = direct\n"
    do, undo = forwards(lab, net, routed)[backend]
    answers(lab, net, 7501)
    with servers(lab, net):
        for services in ("no", "yes"):
            with typed(lab, do, undo), lab.weir(text.format(services), backend=backend) as weir:
                for asking in (ask_tcp, ask_udp):
                    assert asking(lab.north, net, outside, 7510) == north
                    assert asking(lab.north, net, routed, 7512) == north
                    assert asking(lab.bob, net, outside, 7510) == router
                    assert asking(lab.bob, net, routed, 7512) == router
                assert ask_tcp(lab.bob, net, north, 7513) == "the router"
                if weir:
                    assert not weir.records(), weir.records()
                    assert ask_tcp(lab.bob, net, north, 7501) == weir.source(net, lab.bob, lab.north)
                    weir.expect_record(client=lambda seen: bob in seen, destination=endpoint(north, 7501))


@case("with iptables what the nat table says later counts, too, and no longer when it is gone",
      only_weir="plain routing has nothing to learn")
def followed(lab, net):
    routed = net.pick("203.0.113.66", "fd00:203:0:113::66")
    north = lab.north.at(net)
    text = "[gateway]\nworkers = 1\n[rule all]\non = any/7510-7514\nuse = direct\n"
    do, undo = forwards(lab, net, routed)["iptables"]
    chains = net.pick("iptables", "ip6tables")

    def copied():
        return lab.router.run(chains, "-t", "mangle", "-S").stdout.decode().count("--set-xmark 0x2/0x2")

    with servers(lab, net), lab.weir(text, backend="iptables", keeps_firewall=True) as weir:
        none = copied()
        with typed(lab, do, undo):
            eventually(lambda: copied() == none + 4, "the copy follows")
            assert ask_tcp(lab.north, net, routed, 7512) == ask_udp(lab.north, net, routed, 7512) == north
            assert not weir.records()
        eventually(lambda: copied() == none, "the copy follows")
        assert weir.metric("weir_firewall_repairs_total") == 0


# --- What a masquerade hides


@contextlib.contextmanager
def narrow_way(lab):
    """east forwards to north by a link that is narrow in that direction alone, and nothing but the
    router's own address is known behind it."""
    inside, far = "fd00:77::1", "fd00:77::2"
    do = ("ip link add narrow type veth peer name narrow netns north; "
          f"ip addr add {inside}/64 dev narrow nodad; ip link set narrow mtu 1300 up; ip link set lo up")
    lab.east.run("sh", "-e", "-c", do, check=True)
    lab.north.run("sh", "-e", "-c", f"ip addr add {far}/64 dev narrow nodad; ip link set narrow up; "
                  f"ip route add {lab.places.router_east.v6}/128 via {inside}", check=True)
    masquerade = ("ip6tables -t nat -A POSTROUTING -o to-east -j MASQUERADE; "
                  f"ip -6 route add fd00:77::/64 via {lab.east.v6}")
    undo = f"ip6tables -t nat -F POSTROUTING; ip -6 route del fd00:77::/64 via {lab.east.v6}"
    with typed(lab, masquerade, undo):
        try:
            yield far
        finally:
            lab.east.run("ip", "link", "del", "narrow")


@beside("an error about a packet that was too big reaches weir through a masquerade of IPv6, and so does "
        "one about a closed port", families=(V6,))
def hidden(lab, net, backend):
    with narrow_way(lab) as far:
        def counts(connection):
            total = 0
            while data := connection.recv(65536):
                total += len(data)
            connection.sendall(f"{total:8}".encode())

        lab.serve(lab.north.listen(net, 7502, address=far), counts)
        with lab.weir(RULES.format("no", "lan"), backend=backend) as weir:
            with lab.alice.connect(net, far, 7502, timeout=5) as upload:
                upload.sendall(b"x" * 300_000)
                upload.shutdown(1)
                assert read_exactly(upload, 8) == b"  300000"
            with lab.alice.udp(net) as asking:
                asking.connect((far, 7502))
                asking.send(b"?")
                assert select.select([asking], [], [], 3)[0], "no error came"
                try:
                    asking.recv(100)
                    raise AssertionError("a closed port answers")
                except ConnectionRefusedError:
                    pass
            weir.expect_record(protocol="tcp", rule="kept", bytes_up=300_000)


if __name__ == "__main__":
    main()
