"""The lab's network: two clients behind a router, three servers in front of it.

      alice  192.0.2.11 ─┐                                ┌─ to-north ── north  198.51.100.10, .11, .12
                         ├─ lan ── router ────────────────┼─ to-east ─── east   198.51.100.140
      bob    192.0.2.12 ─┘  192.0.2.1                     └─ to-south ── south  203.0.113.20

                    router towards north 198.51.100.1, east 198.51.100.129, south 203.0.113.1

Each address has an IPv6 twin: 192.0.2.11 is fd00:192:0:2::11, 198.51.100.10 is fd00:198:51:100::10,
198.51.100.140 is fd00:198:51:101::140, 203.0.113.20 is fd00:203:0:113::20.

`lan` is a bridge, as on a home router. All hosts have their default route through the router, so a
server can answer a client's own address and the answer crosses the router. Three more destinations
exist to fail in their own way (see `Places`).

    198.51.100.66    routed to north, which swallows it: no answer, ever
    198.51.100.200   routed to east, which answers ICMP host unreachable
    203.0.113.200    the router itself has no route
"""

import dataclasses
import subprocess

from .host import Host

LAN4, LAN6 = "192.0.2", "fd00:192:0:2:"
NORTH4, NORTH6 = "198.51.100", "fd00:198:51:100:"
EAST4, EAST6 = "198.51.100", "fd00:198:51:101:"
SOUTH4, SOUTH6 = "203.0.113", "fd00:203:0:113:"


@dataclasses.dataclass(frozen=True)
class Place:
    """An address that no host has, or a host's second one."""
    v4: str
    v6: str

    def at(self, net):
        return net.pick(self.v4, self.v6)


class Places:
    swallowed = Place(f"{NORTH4}.66", "fd00:198:51:166::66")
    host_unreachable = Place(f"{EAST4}.200", "fd00:198:51:200::200")
    no_route = Place(f"{SOUTH4}.200", "fd00:203:0:200::200")
    north2 = Place(f"{NORTH4}.11", f"{NORTH6}:11")
    north3 = Place(f"{NORTH4}.12", f"{NORTH6}:12")
    router_lan = Place(f"{LAN4}.1", f"{LAN6}:1")
    router_north = Place(f"{NORTH4}.1", f"{NORTH6}:1")
    router_east = Place(f"{EAST4}.129", f"{EAST6}:129")
    router_south = Place(f"{SOUTH4}.1", f"{SOUTH6}:1")


class Topology:
    """Builds the network; `hosts` are ready when the constructor returns."""

    def __init__(self):
        self.places = Places()
        self.alice = Host("alice", f"{LAN4}.11", f"{LAN6}:11")
        self.bob = Host("bob", f"{LAN4}.12", f"{LAN6}:12")
        self.router = Host("router", f"{LAN4}.1", f"{LAN6}:1")
        self.north = Host("north", f"{NORTH4}.10", f"{NORTH6}:10")
        self.east = Host("east", f"{EAST4}.140", f"{EAST6}:140")
        self.south = Host("south", f"{SOUTH4}.20", f"{SOUTH6}:20")
        self.hosts = (self.alice, self.bob, self.router, self.north, self.east, self.south)
        self.servers = (self.north, self.east, self.south)
        for host in self.hosts:
            subprocess.run(["ip", "netns", "add", host.name], check=True)
            self._settings(host)
        self._batch(self.router, ["link add name lan type bridge forward_delay 0"] + [
            line for host in self.hosts if host is not self.router for line in self._cable(host)])
        self._batch(self.router, ["link set lo up", "link set lan up"]
                    + self._addresses("lan", (f"{LAN4}.1/24", f"{LAN6}:1/64"))
                    + self._addresses("to-north", (f"{NORTH4}.1/25", f"{NORTH6}:1/64"))
                    + self._addresses("to-east", (f"{EAST4}.129/25", f"{EAST6}:129/64"))
                    + self._addresses("to-south", (f"{SOUTH4}.1/25", f"{SOUTH6}:1/64")))
        self._leaf(self.alice, self.places.router_lan, 24)
        self._leaf(self.bob, self.places.router_lan, 24)
        self._leaf(self.north, self.places.router_north, 25, self.places.north2, self.places.north3)
        self._leaf(self.east, self.places.router_east, 25)
        self._leaf(self.south, self.places.router_south, 25)
        self._failing_places()

    def host(self, name):
        return next(host for host in self.hosts if host.name == name)

    def router_towards(self, server):
        """The router's address that a server sees when the router itself calls."""
        return {"north": self.places.router_north, "east": self.places.router_east,
                "south": self.places.router_south}[server.name]

    def _settings(self, host):
        forward = 1 if host is self.router else 0
        host.run("sysctl", "-q", "-w", f"net.ipv4.ip_forward={forward}",
                 f"net.ipv6.conf.all.forwarding={forward}",
                 # Addresses are unique by construction: no wait for duplicate address detection.
                 "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0",
                 "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0",
                 # Cases provoke ICMP errors in quick succession and wait for each.
                 "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0",
                 # Datagrams of 64 KiB arrive in 45 fragments; many at once must find room.
                 "net.ipv4.ipfrag_high_thresh=33554432",
                 "net.ipv6.ip6frag_high_thresh=33554432",
                 # The ports that the kernel picks end where those begin that cases choose.
                 "net.ipv4.ip_local_port_range=10240 39999",
                 "net.core.somaxconn=4096", "net.ipv4.tcp_max_syn_backlog=4096",
                 check=True)
        # Frames inside the bridge are none of the firewall's business, as where br_netfilter is not
        # loaded; machines differ in whether it is there.
        host.run("sysctl", "-q", "-w", "net.bridge.bridge-nf-call-iptables=0",
                 "net.bridge.bridge-nf-call-ip6tables=0")

    def _cable(self, host):
        lan = host in (self.alice, self.bob)
        near = f"{host.name}0" if lan else f"to-{host.name}"
        yield f"link add {near} type veth peer name eth0 netns {host.name}"
        if lan:
            yield f"link set {near} master lan"
        yield f"link set {near} up"

    @staticmethod
    def _addresses(interface, addresses):
        return [f"addr add {address} dev {interface}" + (" nodad" if ":" in address else "")
                for address in addresses]

    def _leaf(self, host, gateway, prefix, *more):
        addresses = [f"{host.v4}/{prefix}", f"{host.v6}/64"]
        addresses += [f"{place.v4}/{prefix}" for place in more] + [f"{p.v6}/64" for p in more]
        self._batch(host, ["link set lo up", "link set eth0 up"]
                    + self._addresses("eth0", addresses)
                    + [f"route add default via {gateway.v4}", f"route add ::/0 via {gateway.v6}"])

    def _failing_places(self):
        places = self.places
        self._batch(self.router, [
            f"route add {places.swallowed.v4}/32 via {self.north.v4}",
            f"route add {places.swallowed.v6}/128 via {self.north.v6}",
            f"route add {places.host_unreachable.v4}/32 via {self.east.v4}",
            f"route add {places.host_unreachable.v6}/128 via {self.east.v6}"])
        # A host that does not forward swallows what is not for it; one that forwards but has no
        # route for it says so.
        self.east.run("sysctl", "-q", "-w", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1",
                      check=True)
        self._batch(self.east, [f"route add unreachable {places.host_unreachable.v4}/32",
                                f"route add unreachable {places.host_unreachable.v6}/128"])

    @staticmethod
    def _batch(host, lines):
        host.run("ip", "-batch", "-", input="\n".join(lines).encode(), check=True)
