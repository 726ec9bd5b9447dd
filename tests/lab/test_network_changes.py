#!/usr/bin/env python3
"""UDP flows outlive an interface that is made anew, an address that changes and a route that goes
another way: with the client's next datagram they leave as routing has it then. What did not change
for a flow keeps its external port.

    router ── line-a ── south    10.77.1.0/24, fd77:1::/64
           └─ line-b ── south    10.77.2.0/24, fd77:2::/64     host on south: 10.77.9.9, fd77:9::9
"""

import contextlib
import socket

from harness import case, endpoint, main
from harness.hostile import PORT
from harness.relays import Relay
from harness.wait import eventually

PORTS = {"direct": 7100, "pool": 7200}
LINES = {"line-a": 1, "line-b": 2}
HOST = ("10.77.9.9", "fd77:9::9")

CONFIG = """
[gateway]
workers = 1
[firewall]
interfaces = lan
[rule d]
on = udp/7100
use = out
[rule f]
on = udp/7200
use = pool
[upstream out]
type = direct
{keys}[upstream pool]
type = forward
server = {server}
{keys}"""


def address(net, line, host):
    return net.pick(f"10.77.{LINES[line]}.{host}", f"fd77:{LINES[line]}::{host}")


def make(lab, net, line):
    # Made anew it has the same link-local address: what weir left behind would show.
    lab.router.run("ip", "link", "add", line, "address", f"02:00:00:77:00:0{LINES[line]}", "type", "veth",
                   "peer", "name", line, "netns", lab.south.name, check=True)
    for host, number in ((lab.router, 1), (lab.south, 2)):
        prefix = net.pick("24", "64")
        host.run("ip", "addr", "add", f"{address(net, line, number)}/{prefix}", "dev", line,
                 *net.pick((), ("nodad",)), check=True)
        host.run("ip", "link", "set", line, "up", check=True)


def route(lab, net, line, how="replace"):
    lab.router.run("ip", "route", how, f"{net.pick(*HOST)}/{net.pick(32, 128)}", "via",
                   address(net, line, 2), "dev", line, check=True)


@contextlib.contextmanager
def lines(lab, net, *names):
    lab.south.run("ip", "addr", "add", net.pick(*HOST), "dev", "lo", check=True)
    try:
        for name in names:
            make(lab, net, name)
        yield
    finally:
        for name in names:
            lab.router.run("ip", "link", "del", name)
        lab.south.run("ip", "addr", "del", f"{net.pick(*HOST)}/{net.pick(32, 128)}", "dev", "lo")


class Conversation:
    """One client socket that asks until it is answered; the answer is who the server saw."""

    def __init__(self, lab, net, port):
        self.to = (net.pick(*HOST), port)
        self.socket = lab.closing(lab.alice.udp(net))
        self.socket.settimeout(0.1)

    def ask(self):
        self.socket.sendto(b"who", self.to)
        with contextlib.suppress(socket.timeout, ConnectionRefusedError, OSError):
            return self.socket.recv(200).decode().split()
        return None

    def seen(self):
        return eventually(self.ask, "the server answers")

    def becomes(self, expected):
        def asks():
            answer = self.ask()
            return answer if answer and answer[0] == expected else None
        return eventually(asks, f"the server sees {expected}")


def start(lab, net):
    for port in PORTS.values():
        lab.respond(lab.south.udp(net, port, net.pick(*HOST)), lambda data, peer: f"{peer[0]} {peer[1]}".encode())
    return {use: Conversation(lab, net, port) for use, port in PORTS.items()}


def config(net, keys=""):
    return CONFIG.format(server=endpoint(net.pick(*HOST), 7200), keys=keys)


@case("an upstream's interface that is made anew takes the flows up again, from their old ports", only_weir="interface is weir's")
def interface_anew(lab, net):
    with lines(lab, net, "line-a"):
        route(lab, net, "line-a")
        flows = start(lab, net)
        with lab.weir(config(net, "interface = line-a\n")) as weir:
            before = {use: flow.seen() for use, flow in flows.items()}
            lab.router.run("ip", "link", "del", "line-a", check=True)
            for flow in flows.values():
                flow.ask()
            make(lab, net, "line-a")
            route(lab, net, "line-a")
            for use, flow in flows.items():
                after = flow.becomes(address(net, "line-a", 1))
                assert after == before[use], (use, after, before[use])
            weir.expect_event("socket-renewed", 2)
            weir.expect_flows(2)


@case("flows leave from the new address when the old one is gone", only_weir="plain routing changes no source")
def address_anew(lab, net):
    with lines(lab, net, "line-a"):
        route(lab, net, "line-a")
        flows = start(lab, net)
        with lab.weir(config(net)) as weir:
            before = {use: flow.seen() for use, flow in flows.items()}
            prefix = net.pick("24", "64")
            new = address(net, "line-a", 3)
            lab.router.run("ip", "addr", "del", f"{address(net, 'line-a', 1)}/{prefix}", "dev", "line-a", check=True)
            lab.router.run("ip", "addr", "add", f"{new}/{prefix}", "dev", "line-a", *net.pick((), ("nodad",)), check=True)
            route(lab, net, "line-a")
            for use, flow in flows.items():
                after = flow.becomes(new)
                assert use != "direct" or after[1] == before[use][1], (before, after)
            weir.expect_event("socket-renewed")
            weir.expect_flows(2)
            for how, name in (("del", new), ("add", address(net, "line-a", 1))):
                lab.router.run("ip", "addr", how, f"{name}/{prefix}", "dev", "line-a",
                               *net.pick((), ("nodad",) if how == "add" else ()), check=True)


@case("flows follow a route that goes over to another line", only_weir="plain routing changes no source")
def route_fails_over(lab, net):
    with lines(lab, net, "line-a", "line-b"):
        route(lab, net, "line-a")
        flows = start(lab, net)
        with lab.weir(config(net)) as weir:
            for flow in flows.values():
                assert flow.seen()[0] == address(net, "line-a", 1)
            route(lab, net, "line-b")
            for flow in flows.values():
                flow.becomes(address(net, "line-b", 1))

            def told():
                for flow in flows.values():
                    flow.ask()
                return all(flow["source"].startswith(net.pick("10.77.2.1:", "[fd77:2::1]:"))
                           for flow in weir.flows(protocol="udp"))
            eventually(told, "weir tells the new source of each flow")


@case("what changes elsewhere gives no flow another port", only_weir="it is weir's socket")
def nothing_for_nothing(lab, net):
    with lines(lab, net, "line-a"):
        route(lab, net, "line-a")
        flows = start(lab, net)
        with lab.weir(config(net)) as weir:
            before = {use: flow.seen() for use, flow in flows.items()}
            with lines_besides(lab, net):
                for _ in range(3):
                    assert {use: flow.seen() for use, flow in flows.items()} == before
            assert weir.status()["events"].get("socket-renewed", 0) == 0


@contextlib.contextmanager
def lines_besides(lab, net):
    make(lab, net, "line-b")
    try:
        yield
    finally:
        lab.router.run("ip", "link", "del", "line-b")


@case("a SOCKS5 relay whose connection has lost its address is opened anew", only_weir="the relay is a proxy's")
def relay_anew(lab, net):
    relay = Relay(lab, net)
    text = (f"[gateway]\nworkers = 1\n[rule r]\non = udp/7600\nuse = office\n[upstream office]\n"
            f"type = socks5\nserver = {endpoint(lab.east.at(net), PORT)}\nretries = 0\n")
    own = lab.places.router_east.at(net)
    second = net.pick("198.51.100.130", "fd00:198:51:101::130")
    prefix = net.pick("25", "64")
    with lab.weir(text) as weir:
        client = lab.closing(lab.alice.udp(net))
        client.connect((lab.north.at(net), 7600))
        client.send(b"one")
        _, peer = relay.socket.recvfrom(100)
        assert peer[0] == own
        try:
            lab.router.run("ip", "addr", "del", f"{own}/{prefix}", "dev", "to-east", check=True)
            lab.router.run("ip", "addr", "add", f"{second}/{prefix}", "dev", "to-east",
                           *net.pick((), ("nodad",)), check=True)

            def asks():
                client.send(b"two")
                return relay.associations == 2
            eventually(asks, "another relay is opened")
            weir.expect_event("socket-renewed")
        finally:
            lab.router.run("ip", "addr", "del", f"{second}/{prefix}", "dev", "to-east")
            lab.router.run("ip", "addr", "add", f"{own}/{prefix}", "dev", "to-east",
                           *net.pick((), ("nodad",)), check=True)
            lab.router.run("ip", "route", "replace", f"{lab.places.host_unreachable.at(net)}/{net.pick(32, 128)}",
                           "via", lab.east.at(net))


if __name__ == "__main__":
    main()
