"""The laboratory: per participant a lane of three network namespaces of its own.

    client  192.0.2.1 ---- 192.0.2.2  router  192.0.2.5 ---- 192.0.2.6  server
    198.51.100.0/24        (clients)  gateway (servers)          203.0.113.0/24
    fd00:c::/64            fd00:1::1,2        fd00:2::5,6          fd00:5::/64

The outer networks are local as a whole on their host (a `local` route), so a client has as many source
addresses and a server as many destinations as a test wants. Every participant's lane lives through the
whole run: none inherits another's TIME_WAITs, neighbours or nft rules, and two participants can be
measured one right after the other.

Which core does what: a veth hands a packet to the receiving side in softirq on the core that sent it.
So what the client sends crosses the router up to the gateway's socket on the generator's core, and what
the gateway sends reaches the server's or client's socket on the gateway's core. Kernel forwarding runs
on the generator's core altogether. RPS stays off (its default): it would move that work between the
cores, and in a different way for each participant.

Every host's TCP is cubic, by the routes (`congctl`), those of the links included: a server answers a gateway
by that one. A namespace's own default may be set only to what its host allows there, which need not include
cubic, and the host's settings are not ours to change.
"""

import os
import subprocess
import time

FOUR = {"client": "198.51.100.2", "server": "203.0.113.10", "router": "192.0.2.5"}
SIX = {"client": "fd00:c::2", "server": "fd00:5::10", "router": "fd00:2::5"}
SOCKS_SERVER = "203.0.113.250"
PORT = 50080          # where gateways listen
UDP_PORTS = (53, 5300, 5301)   # of the server's UDP services
GENERATOR_CORE, GATEWAY_CORE = "0", "1"

COMMON_SYSCTL = """
net/ipv4/ip_local_port_range 1024 65535
net/ipv4/conf/all/rp_filter 0
net/ipv4/conf/default/rp_filter 0
"""
# Before there are links: no other host is on them, and while they are asked (for a second or two) whether a host
# has our link-local address, no neighbour can be found for a packet from elsewhere.
LINK_SYSCTL = """
net/ipv6/conf/all/accept_dad 0
net/ipv6/conf/default/accept_dad 0
"""
# Binding to an address of a network that is local by its route needs no leave in IPv4, but in IPv6.
END_SYSCTL = COMMON_SYSCTL + "net/ipv6/ip_nonlocal_bind 1\n"
ROUTER_SYSCTL = """
net/ipv4/ip_forward 1
net/ipv6/conf/all/forwarding 1
"""
# A router that only forwards must not look for local sockets: a TIME_WAIT would swallow the packets of
# a forwarded connection. The lane never ran a gateway, but that is how forwarding is to be measured.
FORWARDING_SYSCTL = "net/ipv4/tcp_early_demux 0\n"

TPROXY = """
table inet bench {{
  chain prerouting {{
    type filter hook prerouting priority mangle
    iifname != "clients" accept
    ip daddr 203.0.113.0/24 tcp dport 1-65535 tproxy ip to :{port} meta mark set 1 accept
    ip6 daddr fd00:5::/64 tcp dport 1-65535 tproxy ip6 to :{port} meta mark set 1 accept
{udp}  }}
}}
"""
UDP_TO_ONE_PORT = """\
    ip daddr 203.0.113.0/24 udp dport 1-65535 tproxy ip to :{port} meta mark set 1 accept
    ip6 daddr fd00:5::/64 udp dport 1-65535 tproxy ip6 to :{port} meta mark set 1 accept
"""
# For a gateway whose replies leave from the port it listens on: it listens on the ports themselves.
UDP_TO_SAME_PORT = """\
    ip daddr 203.0.113.0/24 udp dport {port} tproxy ip to :{port} meta mark set 1 accept
    ip6 daddr fd00:5::/64 udp dport {port} tproxy ip6 to :{port} meta mark set 1 accept
"""
REDIRECT = """
table ip bench {{
  chain prerouting {{
    type nat hook prerouting priority dstnat
    iifname "clients" ip daddr 203.0.113.0/24 meta l4proto tcp redirect to :{port}
  }}
}}
"""


def rules(interception):
    """The nft rules of a router whose gateway is reached that way."""
    if interception == "redirect":
        return REDIRECT.format(port=PORT)
    if interception == "same-port":
        udp = "".join(UDP_TO_SAME_PORT.format(port=port) for port in UDP_PORTS)
    else:
        udp = UDP_TO_ONE_PORT.format(port=PORT)
    return TPROXY.format(port=PORT, udp=udp)


class Lane:
    """One participant's three hosts, and the processes started on them."""

    def __init__(self, name, folder):
        self.name = name
        self.folder = os.path.join(folder, name)
        self.ledger = os.path.join(self.folder, "ledger")
        self.services = []
        os.makedirs(self.folder)

    def host(self, role):
        return f"{self.name}-{role}"

    def build(self, interception):
        for role in ("client", "router", "server"):
            subprocess.run(["ip", "netns", "add", self.host(role)], check=True)
            self._sysctl(role, LINK_SYSCTL)
        self._link("client", "servers-side", "router", "clients")
        self._link("server", "clients-side", "router", "servers")
        self._ip("client", """
            addr add 192.0.2.1/30 dev servers-side noprefixroute
            addr add fd00:1::1/64 dev servers-side noprefixroute
            route add 192.0.2.0/30 dev servers-side congctl cubic
            route add fd00:1::/64 dev servers-side congctl cubic
            route add local 198.51.100.0/24 dev lo
            route add local fd00:c::/64 dev lo
            route add default via 192.0.2.2 src 198.51.100.2 congctl cubic
            route add default via fd00:1::2 congctl cubic""")
        self._ip("router", """
            addr add 192.0.2.2/30 dev clients noprefixroute
            addr add fd00:1::2/64 dev clients noprefixroute
            addr add 192.0.2.5/30 dev servers noprefixroute
            addr add fd00:2::5/64 dev servers noprefixroute
            route add 192.0.2.0/30 dev clients congctl cubic
            route add fd00:1::/64 dev clients congctl cubic
            route add 192.0.2.4/30 dev servers congctl cubic
            route add fd00:2::/64 dev servers congctl cubic
            route add 198.51.100.0/24 via 192.0.2.1 congctl cubic
            route add fd00:c::/64 via fd00:1::1 congctl cubic
            route add 203.0.113.0/24 via 192.0.2.6 congctl cubic
            route add fd00:5::/64 via fd00:2::6 congctl cubic""")
        self._ip("server", """
            addr add 192.0.2.6/30 dev clients-side noprefixroute
            addr add fd00:2::6/64 dev clients-side noprefixroute
            route add 192.0.2.4/30 dev clients-side congctl cubic
            route add fd00:2::/64 dev clients-side congctl cubic
            route add local 203.0.113.0/24 dev lo
            route add local fd00:5::/64 dev lo
            route add default via 192.0.2.5 congctl cubic
            route add default via fd00:2::5 congctl cubic""")
        router = COMMON_SYSCTL + ROUTER_SYSCTL + ("" if interception else FORWARDING_SYSCTL)
        for role, settings in (("client", END_SYSCTL), ("router", router),
                               ("server", END_SYSCTL)):
            self._sysctl(role, settings)
        if interception:
            self._intercept(interception)

    def _intercept(self, interception):
        subprocess.run(self.inside("router") + ["nft", "-f", "-"], check=True, text=True,
                       input=rules(interception))
        if interception != "redirect":
            self._ip("router", """
                rule add fwmark 1 lookup 100
                route add local default dev lo table 100
                -6 rule add fwmark 1 lookup 100
                -6 route add local default dev lo table 100""")

    def _link(self, host, name, router, router_name):
        subprocess.run(["ip", "link", "add", name, "netns", self.host(host), "type", "veth",
                        "peer", "name", router_name, "netns", self.host(router)], check=True)
        for role, device in ((host, name), (router, router_name), (host, "lo"), (router, "lo")):
            self._ip(role, f"link set {device} up")

    def _ip(self, role, lines):
        for line in lines.strip().splitlines():
            subprocess.run(["ip", "-n", self.host(role)] + line.split(), check=True)

    def _sysctl(self, role, settings):
        pairs = [line.split(None, 1) for line in settings.splitlines() if line]
        script = "".join(f'echo "{value}" > /proc/sys/{key}\n' for key, value in pairs)
        subprocess.run(self.inside(role) + ["sh", "-ec", script], check=True)

    def inside(self, role, core=None):
        """The words before a command that runs it on that host, on that core."""
        words = ["nsenter", f"--net=/run/netns/{self.host(role)}"]
        return words + (["taskset", "-c", core] if core else [])

    def start_servers(self, load):
        """The generator's server, which is the SOCKS server of those who reach it that way, too."""
        server = subprocess.Popen(
            self.inside("server", GENERATOR_CORE) + [load, "server", "--ledger", self.ledger],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.services.append(server)
        if server.stdout.readline().strip() != "listening":
            raise RuntimeError(f"{self.name}: the generator's server did not start")


def wait_until(condition, seconds, complaint):
    limit = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > limit:
            raise RuntimeError(complaint)
        time.sleep(0.002)


def ports_of(pid, tables):
    """The ports on which something listens (TCP) or is bound (UDP) where that process lives."""
    ports = set()
    for table in tables:
        try:
            with open(f"/proc/{pid}/net/{table}") as file:
                next(file)
                for line in file:
                    words = line.split()
                    if table.startswith("tcp") and words[3] != "0A":  # LISTEN
                        continue
                    ports.add(int(words[1].rsplit(":", 1)[1], 16))
        except (OSError, StopIteration):
            pass
    return ports
