#!/usr/bin/env python3
"""Filters in iptables' INPUT, for which an intercepted packet is input: weir has a jump of its own
there, which lets in what is for its own transparent sockets and nothing else. It is kept as long as
weir runs, and INPUT stays untouched where it is empty."""

import contextlib

from backends import WHY, for_each_backend
from harness import FAMILIES, case, eventually, main
from ufw import enabled, ufw

WEB = "[firewall]\ninterfaces = lan\n[rule all]\non = tcp/80, udp/5060\nuse = direct\n"
TIMEOUT = 0.7


def programs(net):
    plain = net.pick("iptables", "ip6tables")
    return plain, f"{plain}-legacy"


@contextlib.contextmanager
def closed(lab, program, last="-A INPUT -j DROP"):
    """INPUT as people have it: what is asked for comes back, the rest is refused."""
    rules = ["-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", "-A INPUT -i lo -j ACCEPT"]
    if program.startswith("ip6"):
        rules.append("-A INPUT -p ipv6-icmp -j ACCEPT")
    try:
        for rule in (*rules, last):
            lab.router.run(program, *rule.split(), check=True)
        yield
    finally:
        lab.router.run("sh", "-c", f"{program} -P INPUT ACCEPT; {program} -F; {program} -X")


def servers(lab, net):
    lab.serve(lab.north.listen(net, 80), lambda connection: connection.sendall(b"north"))
    lab.respond(lab.north.udp(net, 5060), lambda data, peer: b"north")


def tcp(lab, net, address, port):
    try:
        with lab.alice.connect(net, address, port, TIMEOUT) as connection:
            return connection.recv(100).decode()
    except OSError:
        return "nothing"


def udp(lab, net, address, port):
    with lab.alice.udp(net, timeout=TIMEOUT) as sock:
        sock.connect((address, port))
        try:
            sock.send(b"?")
            return sock.recv(100).decode()
        except OSError:
            return "nothing"


def both(lab, net):
    address = lab.north.at(net)
    return tcp(lab, net, address, 80) == udp(lab, net, address, 5060) == "north"


def neither(lab, net):
    address = lab.north.at(net)
    return tcp(lab, net, address, 80) == udp(lab, net, address, 5060) == "nothing"


def saved(lab, *names):
    return "".join(lab.router.run(f"{name}-save").stdout.decode() for name in names)


@for_each_backend("what is intercepted is let in past INPUT, by whichever iptables it is closed", families=FAMILIES)
def let_in(lab, net, backend):
    servers(lab, net)
    for program, last in zip(programs(net), ("-A INPUT -j DROP", "-P INPUT DROP")):
        with closed(lab, program, last):
            with lab.weir(WEB, backend=backend) as weir:
                assert both(lab, net), program
                weir.expect_record(protocol="tcp", end="closed")
                lab.router.run(program, "-D", "INPUT", "-j", "WEIR-INPUT", check=True)
                assert neither(lab, net), f"{program}: this INPUT refuses nothing"
                weir.cli("firewall", "apply", "-c", weir.config, "--backend", backend, check=True)
                assert both(lab, net), program
            assert "WEIR" not in saved(lab, program)


@for_each_backend("no service of the router is opened by it, neither weir's port nor what others mark",
                  families=FAMILIES)
def services(lab, net, backend):
    own = lab.places.router_lan.at(net)
    lab.serve(lab.router.listen(net, 8080), lambda connection: connection.sendall(b"service"))
    lab.respond(lab.router.udp(net, 8080), lambda data, peer: b"service")
    mark = (f"table inet other {{ chain c {{ type filter hook prerouting priority -200; "
            f"meta l4proto {{ tcp, udp }} th dport 8080 meta mark set 0x1; }}; }}")
    with lab.weir(WEB, backend=backend) as weir:
        assert tcp(lab, net, own, 8080) == udp(lab, net, own, 8080) == "service"
        for program in programs(net):
            with closed(lab, program):
                weir.cli("firewall", "apply", "-c", weir.config, "--backend", backend, check=True)
                assert "-A INPUT -j WEIR-INPUT" in saved(lab, program)
                for marks in (False, True):
                    if marks:
                        lab.router.run("nft", mark, check=True)
                    try:
                        assert tcp(lab, net, own, 8080) == "nothing", (program, marks)
                        assert udp(lab, net, own, 8080) == "nothing", (program, marks)
                        assert tcp(lab, net, own, 80) == tcp(lab, net, own, 50080) == "nothing"
                    finally:
                        if marks:
                            lab.router.run("nft", "delete", "table", "inet", "other", check=True)
                # With the rules gone, INPUT is as it was.
                weir.cli("firewall", "remove", "-c", weir.config, "--backend", backend, check=True)
                assert "WEIR" not in saved(lab, program)
                weir.cli("firewall", "apply", "-c", weir.config, "--backend", backend, check=True)


@for_each_backend("an INPUT that holds nothing is left alone")
def untouched(lab, net, backend):
    servers(lab, net)
    with lab.weir(WEB, backend=backend, keeps_firewall=True) as weir:
        assert both(lab, net)
        assert "WEIR-INPUT" not in saved(lab, *programs(net))
        assert "WEIR-INPUT" in weir.cli("firewall", "show", "-c", weir.config, check=True).stdout.decode()


@for_each_backend("weir keeps its opening in INPUT: rules that come later, a flush, its own end")
def kept(lab, net, backend):
    servers(lab, net)
    plain = programs(net)[0]
    with lab.weir(WEB, backend=backend, keeps_firewall=True):
        with closed(lab, plain):
            eventually(lambda: both(lab, net), "rules that came into INPUT are no hindrance")
            lab.router.run(plain, "-F", "INPUT", check=True)
            for protocol in ("tcp", "udp"):
                lab.router.run(plain, "-A", "INPUT", "-i", "lan", "-p", protocol, "-j", "REJECT", check=True)
            eventually(lambda: both(lab, net), "nor is a new set of them after a flush")
    assert "WEIR" not in saved(lab, *programs(net))


@for_each_backend("what stands before weir's jump is meant, and stays")
def operators(lab, net, backend):
    servers(lab, net)
    plain = programs(net)[0]
    with closed(lab, plain), lab.weir(WEB, backend=backend, keeps_firewall=True) as weir:
        assert both(lab, net)
        ban = ("INPUT", "-s", lab.alice.at(net), "-j", "DROP")
        lab.router.run(plain, "-I", *ban, check=True)
        weir.reload(WEB + "[rule more]\non = tcp/81\nuse = direct\n")
        assert neither(lab, net)
        lines = saved(lab, plain).splitlines()
        jump = lines.index("-A INPUT -j WEIR-INPUT")
        assert "DROP" in lines[jump - 1], lines
        lab.router.run(plain, "-D", *ban, check=True)


@case("iptables: when weir is killed the cleanup process takes its opening in INPUT away", only_weir=WHY)
def killed(lab, net):
    servers(lab, net)
    plain = programs(net)[0]
    with closed(lab, plain), lab.weir(WEB, backend="iptables", keeps_firewall=True) as weir:
        assert both(lab, net)
        weir.kill()
        eventually(lambda: "WEIR-INPUT" not in saved(lab, plain), "the cleanup process takes it away")


@for_each_backend("ufw: enabled before weir or after it, or loaded anew, it lets in what is intercepted")
def with_ufw(lab, net, backend):
    servers(lab, net)
    with enabled(lab, "ufw default allow routed"):
        with lab.weir(WEB, backend=backend, keeps_firewall=True):
            assert both(lab, net)
    with lab.weir(WEB, backend=backend, keeps_firewall=True) as weir:
        assert both(lab, net)
        with enabled(lab, "ufw default allow routed"):
            eventually(lambda: both(lab, net), "ufw was enabled")
            ufw(lab, "ufw reload")
            eventually(lambda: both(lab, net), "ufw was loaded anew")
            own = lab.places.router_lan.at(net)
            lab.serve(lab.router.listen(net, 8080), lambda connection: connection.sendall(b"service"))
            assert tcp(lab, net, own, 8080) == "nothing"
            found = weir.cli("doctor", "-c", weir.config).stdout.decode()
            assert "ok   input-policy" in found or "ok input-policy" in found, found


if __name__ == "__main__":
    main()
