"""The two address families as values. Every host of the lab has an address in both (twins), so a case
is written once and says `net` where the family matters: `lab.north.at(net)`, `net.url(...)`.
"""

import dataclasses
import socket


@dataclasses.dataclass(frozen=True)
class Net:
    name: str
    version: int
    af: int
    any: str
    largest_datagram: int  # payload bytes that one datagram can carry

    def __str__(self):
        return self.name

    def pick(self, v4, v6):
        return v4 if self.version == 4 else v6

    def url(self, host, path="/", port=80):
        """`host` is a host of the lab or an address."""
        address = host if isinstance(host, str) else host.at(self)
        where = endpoint(address, port)
        return f"http://{where.removesuffix(':80') if port == 80 else where}{path}"


V4 = Net("IPv4", 4, socket.AF_INET, "0.0.0.0", 65_507)
V6 = Net("IPv6", 6, socket.AF_INET6, "::", 65_527)
FAMILIES = (V4, V6)


def endpoint(address, port):
    """"192.0.2.1:80", "[fd00::1]:80": as weir writes them."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
