#!/usr/bin/env python3
"""Where the router itself has no route to go on, a client hears what plain routing says, at once: so that
it can turn to the other address family, or give up. And places where no flow can go at all."""

import contextlib
import errno
import functools
import os
import socket
import struct
import time

from backends import BACKENDS
from harness import case, endpoint, eventually, main
from tproxy_stub import refuser

PORTS = "tcp/80, udp/5060"
DIRECT = f"[rule direct]\non = {PORTS}\nuse = direct\n"
TRANSPARENT = f"[rule as-is]\non = {PORTS}\nuse = transparent\n"
RECVERR = {4: (socket.IPPROTO_IP, 11), 6: (socket.IPPROTO_IPV6, 25)}
GROUP = (f"[upstream first]\ntype = direct\n[upstream either]\ntype = group\nmembers = first, direct\n"
         f"[rule either]\non = {PORTS}\nuse = either\n")


def for_both_backends(name, **options):
    def declare(function):
        for backend in BACKENDS:
            case(f"{name} ({backend})", **options)(functools.partial(function, backend=backend))
        return function
    return declare


@contextlib.contextmanager
def forbidden(lab, net):
    """Routes that say no, for as long as the block: (address, what it is)."""
    wide, narrow = net.pick("203.0.113.192/29", "fd00:203:0:200::/64"), {
        "unreachable": net.pick("203.0.113.240", "fd00:203:0:240::1"),
        "prohibit": net.pick("203.0.113.241", "fd00:203:0:241::1")}
    for kind, address in narrow.items():
        lab.router.run("ip", "route", "add", kind, address, check=True)
    lab.router.run("ip", "route", "add", "unreachable", wide, check=True)
    try:
        yield narrow
    finally:
        lab.router.run("ip", "route", "del", "unreachable", wide, check=True)
        for kind, address in narrow.items():
            lab.router.run("ip", "route", "del", kind, address, check=True)


@contextlib.contextmanager
def another_address(lab, net, number):
    """For alice, as long as the block: a router tells each address only so much of what it refuses."""
    address = net.pick(f"192.0.2.{number}", f"fd00:192:0:2::{number}")
    what = (f"{address}/{net.pick(24, 64)}", "dev", "eth0")
    lab.alice.run("ip", "addr", "add", *what, *net.pick((), ("nodad",)), check=True)
    try:
        yield address
    finally:
        lab.alice.run("ip", "addr", "del", *what)


def said(lab, net, address, kind, port, client=None, source=None):
    """What the client hears, as a name of errno, and how fast. A datagram is sent again, as a resolver's is:
    its refusal is one ICMP packet, and the kernel promises none of them."""
    with (client or lab.alice).socket(net.af, kind) as sock:
        if source:
            sock.bind((source, 0))
        sock.setsockopt(*RECVERR[net.version], 1)  # or a datagram's soft errors are kept from it
        sock.settimeout(5)
        started = time.monotonic()
        try:
            sock.connect((address, port))
            if kind == UDP:
                return _answer(sock)
            sock.send(b"?")
            sock.recv(10)
            return "an answer"
        except OSError as error:
            # Over virtual cables the answer can come so fast that TCP hears only the second one.
            assert time.monotonic() - started < 2.5, f"after {time.monotonic() - started} s: {error}"
            return errno.errorcode.get(error.errno, str(error))


def _answer(sock):
    sock.settimeout(0.7)
    for _ in range(3):
        with contextlib.suppress(TimeoutError):
            sock.send(b"?")
            sock.recv(10)
            return "an answer"
    return "nothing"


TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM
UNROUTED = {4: {"ENETUNREACH", "EHOSTUNREACH"}, 6: {"ENETUNREACH"}}
UNREACHABLE = {4: {"EHOSTUNREACH"}, 6: {"ENETUNREACH"}}
PROHIBITED = {4: {"EHOSTUNREACH"}, 6: {"EACCES"}}


@for_both_backends("no route, unreachable and prohibited: the client hears so at once")
def refused(lab, net, backend):
    numbers = {"nft": (31, 32), "iptables": (33, 34)}[backend]
    with contextlib.ExitStack() as stack:
        one, other = (stack.enter_context(another_address(lab, net, number)) for number in numbers)
        addresses = stack.enter_context(forbidden(lab, net))
        with lab.weir(TRANSPARENT, backend=backend):
            assert said(lab, net, addresses["unreachable"], TCP, 80, source=one) in UNREACHABLE[net.version]
            assert said(lab, net, addresses["prohibit"], UDP, 5060, source=one) in PROHIBITED[net.version]
        with lab.weir(GROUP, backend=backend):
            assert said(lab, net, addresses["prohibit"], TCP, 80, source=other) in PROHIBITED[net.version]
            assert said(lab, net, lab.places.no_route.at(net), UDP, 5060, source=other) in UNROUTED[net.version]


@for_both_backends("a process of the router's own hears it from its own routing")
def own(lab, net, backend):
    with forbidden(lab, net) as addresses, lab.weir("[firewall]\nlocal = yes\n" + DIRECT, backend=backend):
        for address in (lab.places.no_route.at(net), addresses["unreachable"]):
            for kind, port in ((TCP, 80), (UDP, 5060)):
                assert said(lab, net, address, kind, port, lab.router) in ("ENETUNREACH", "EHOSTUNREACH")


@for_both_backends("what a proxy carries needs no route to the destination", only_weir="there is the proxy")
def through_server(lab, net, backend):
    server = endpoint(lab.north.at(net), 80)
    lab.serve(lab.north.listen(net, 80), lambda connection: connection.sendall(b"server"))
    with lab.weir(f"[upstream pool]\ntype = forward\nserver = {server}\n[rule web]\non = tcp/80\nuse = pool\n",
                  backend=backend) as weir:
        with lab.alice.connect(net, lab.places.no_route.at(net), 80) as client:
            assert client.recv(100) == b"server"
        weir.expect_record(end="closed")


MARKED = ("[upstream marked]\ntype = direct\nmark = 0x100/0x100\n"
          f"[rule marked]\non = {PORTS}\nuse = marked\n")


@case("what only the gateway can find out is refused at once, and recorded", only_weir="the gateway's")
def by_gateway(lab, net):
    with forbidden(lab, net) as addresses, lab.weir(MARKED) as weir:
        for address in (lab.places.no_route.at(net), *addresses.values()):
            assert said(lab, net, address, TCP, 80) in ("ECONNRESET", "ECONNREFUSED")
            weir.expect_record(protocol="tcp", end="no-route", destination=endpoint(address, 80))
        for address, what in ((lab.places.no_route.at(net), {"ENETUNREACH"}),
                              (addresses["unreachable"], UNREACHABLE[net.version]),
                              (addresses["prohibit"], PROHIBITED[net.version])):
            assert said(lab, net, address, UDP, 5060) in what
            weir.expect_record(protocol="udp", end="no-route", destination=endpoint(address, 5060))
        weir.expect_event("no-route", at_least=6)
        # In the router's own name, as plain routing says it.
        assert refuser(lab.alice, net, addresses["prohibit"], 5060) == lab.router.at(net)


@case("where a mark leads somewhere, plain routing's answer does not count", only_weir="it is weir's mark")
def by_mark(lab, net):
    address = lab.places.no_route.at(net)
    lab.serve(lab.south.listen(net, 80), lambda connection: connection.sendall(b"server"))
    with _second_address(lab, net, lab.south, address), lab.weir(MARKED) as weir:
        for words in (("rule", "add", "fwmark", "0x100/0x100", "lookup", "77"),
                      ("route", "add", address, "via", lab.south.at(net), "table", "77")):
            lab.router.run("ip", f"-{net.version}", *words, check=True)
        try:
            lab.serve(lab.south.listen(net, 80, address), lambda connection: connection.sendall(b"far"))
            with lab.alice.connect(net, address, 80) as client:
                assert client.recv(100) == b"far"
            weir.expect_record(end="closed")
        finally:
            lab.router.run("ip", f"-{net.version}", "rule", "del", "fwmark", "0x100/0x100")
            lab.router.run("ip", f"-{net.version}", "route", "flush", "table", "77")


@contextlib.contextmanager
def _second_address(lab, net, host, address):
    words = (f"{address}/{net.pick(32, 128)}", "dev", "lo")
    host.run("ip", "addr", "add", *words, check=True)
    try:
        yield
    finally:
        host.run("ip", "addr", "del", *words, check=True)


# Places where no flow of another machine can go. Sent as packets, for no socket would send them.

def datagram6(source, destination, port, payload=b"intruder"):
    body = struct.pack("!HHHH", 40000, port, 8 + len(payload), 0) + payload
    ends = socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, destination)
    total = sum(struct.unpack(f"!{len(ends) // 2}H", ends)) + 17 + len(body)
    total += sum(struct.unpack(f"!{len(body) // 2}H", body))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    body = body[:6] + struct.pack("!H", ~total & 0xffff) + body[8:]
    return struct.pack("!IHBB", 6 << 28, len(body), 17, 64) + ends + body


def put_on_wire(lab, packets):
    """As frames from alice to the router."""
    own, router = (_mac(host, interface) for host, interface in ((lab.alice, "eth0"), (lab.router, "lan")))
    with lab.alice.inside():
        wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    with wire:
        wire.bind(("eth0", 0))
        for packet in packets:
            wire.send(router + own + b"\x86\xdd" + packet)


def _mac(host, interface):
    text = host.run("ip", "-o", "link", "show", "dev", interface, check=True).stdout.decode()
    return bytes.fromhex(text.split("link/ether ")[1].split()[0].replace(":", ""))


@for_both_backends("IPv6 addresses that stand for IPv4 ones lead nowhere", families=(None,),
                   only_weir="plain routing has no route to them")
def mapped(lab, backend):
    with contextlib.ExitStack() as stack:
        services = [stack.enter_context(_receiver(host, address)) for host, address in (
            (lab.router, "127.0.0.1"), (lab.north, lab.north.v4))]
        weir = stack.enter_context(lab.weir(
            f"[firewall]\nexclude = {lab.north.v4}\n[rule dns]\non = udp/53\nuse = direct\n", backend=backend))
        put_on_wire(lab, [datagram6(lab.alice.v6, address, 53) for address in (
            "::ffff:127.0.0.1", f"::ffff:{lab.north.v4}", f"::{lab.north.v4}", "::7f00:1", "fe80::77")])
        eventually(lambda: dropped(lab, backend) >= 5, "the firewall has dropped all of them")
        for service in services:
            with contextlib.suppress(BlockingIOError):
                raise AssertionError(f"it got {service.recv(100)}")
        assert not weir.records()


def _receiver(host, address, port=53):
    sock = host.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((address, port))
    sock.setblocking(False)
    return sock


def dropped(lab, backend):
    if backend == "nft":
        text = lab.router.run("nft", "list", "counter", "inet", "weir", "invalid-destination").stdout.decode()
        return int(text.split("packets")[1].split()[0])
    text = lab.router.run("ip6tables-save", "-c", "-t", "mangle").stdout.decode()
    return sum(int(line[1:].split(":")[0]) for line in text.splitlines() if "invalid-destination" in line)


@case("the gateway refuses them, too, where rules of others hand them over", families=(None,),
      only_weir="it is about the gateway")
def mapped_at_gateway(lab):
    lab.router.run("nft", "-f", "-", check=True, input=b"""
        table inet others { chain in { type filter hook prerouting priority mangle - 1;
          udp dport 54 ip6 daddr ::/80 tproxy ip6 to :50080 meta mark set 0x1 accept
        }
        }""")
    try:
        with (_receiver(lab.router, "127.0.0.1", 54) as service,
              lab.weir("[rule dns]\non = udp/53\nuse = direct\n") as weir):
            put_on_wire(lab, [datagram6(lab.alice.v6, address, 54) for address in (
                "::ffff:127.0.0.1", "::7f00:1")])
            weir.expect_event("invalid-destination", at_least=2)
            weir.expect_record(end="invalid-destination")
            with contextlib.suppress(BlockingIOError):
                raise AssertionError(f"it got {service.recv(100)}")
    finally:
        lab.router.run("nft", "delete", "table", "inet", "others", check=True)


# The router's own services

OWN = "[firewall]\nlocal-services = yes\n{}\n[rule all]\non = tcp/80\nuse = direct\n"
INPUT = b"""
    table inet operator { chain input { type filter hook input priority filter; policy accept;
      iifname "lan" tcp dport 80 meta mark & 0x1 != 0x1 drop
      meta mark & 0x1 == 0x1 accept
    }
    }"""


@for_both_backends("local-services opens nothing that the input filter shuts, unless interfaces are named",
                   only_weir="it is about local-services")
def own_services(lab, net, backend):
    lab.serve(lab.router.listen(net, 80), lambda connection: connection.sendall(b"server"))
    lab.router.run("nft", "-f", "-", check=True, input=INPUT)
    try:
        for interfaces, answer in (("interfaces = all", b""), ("interfaces = lan", b"server")):
            with lab.weir(OWN.format(interfaces), backend=backend):
                with contextlib.suppress(OSError), lab.alice.connect(net, lab.router.at(net), 80, 1.0) as client:
                    assert client.recv(100) == answer
                    continue
                assert not answer
    finally:
        lab.router.run("nft", "delete", "table", "inet", "operator", check=True)


@case("check says that a rule that goes to the destination does not match traffic to the router itself",
      families=(None,), only_weir="it is weir's check")
def check_warns(lab):
    for interfaces, warned in (("auto", True), ("lan", False)):
        path = f"{lab.work}/own-{interfaces}.ini"
        with open(path, "w") as out:
            out.write(OWN.format(f"interfaces = {interfaces}"))
        said = lab.router.run(os.path.abspath(lab.weir_path), "check", "-c", path, check=True).stderr
        assert ("[rule all] does not match traffic to the router itself" in said) == warned, said


RESOLVER = ("[firewall]\nlocal-services = yes\ninterfaces = lan, outer\n"
            "[upstream resolver]\ntype = forward\nserver = 192.0.2.53:53\n"
            "[rule dns]\non = any/53\nuse = resolver\n{}\n")


@case("check and doctor name a rule that answers questions from outside, and the line that fixes it",
      families=(None,), only_weir="it is weir's check")
def open_resolver(lab):
    lab.router.run("ip", "link", "add", "outer", "type", "veth", "peer", "name", "outer2", check=True)
    try:
        lab.router.run("ip", "link", "set", "outer", "up", check=True)
        lab.router.run("ip", "route", "add", "default", "dev", "outer", "metric", "4242", check=True)
        line = ""
        for is_open in (True, False):
            path = f"{lab.work}/resolver.ini"
            with open(path, "w") as out:
                out.write(RESOLVER.format(line))
            checked = lab.router.run(os.path.abspath(lab.weir_path), "check", "-c", path, check=True).stderr
            examined = lab.router.run(os.path.abspath(lab.weir_path), "doctor", "-c", path).stdout.decode()
            for said in (checked, examined):
                assert ("outer leads there" in said) == is_open, said
                assert ("add to the rule: interface = lan" in said) == is_open, said
            line = "interface = lan"
    finally:
        lab.router.run("ip", "link", "delete", "outer", check=True)


if __name__ == "__main__":
    main()
