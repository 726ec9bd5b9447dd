"""Databases in MaxMind's format, as small as can be: https://maxmind.github.io/MaxMind-DB/ (2.0)."""

import ipaddress
import struct

SEPARATOR = bytes(16)


class Unsigned(int):
    """Of another width than the 32 bits that other numbers have."""
    kind, form = 5, "!H"


class Long(Unsigned):
    kind, form = 9, "!Q"


def encoded(value):
    """A value of the data section."""
    if isinstance(value, str):
        text = value.encode()
        return control(2, len(text)) + text
    if isinstance(value, dict):
        return control(7, len(value)) + b"".join(encoded(key) + encoded(one) for key, one in value.items())
    if isinstance(value, list):
        return control(11, len(value)) + b"".join(map(encoded, value))
    kind, form = (value.kind, value.form) if isinstance(value, Unsigned) else (6, "!I")
    return control(kind, struct.calcsize(form)) + struct.pack(form, value)


def control(kind, size):
    assert size < 29, "longer ones have a size of their own"
    return bytes([kind << 5 | size]) if kind < 8 else bytes([size, kind - 7])


class Tree:
    """Of 128 bits; IPv4 stands below ::/96."""

    def __init__(self):
        self.nodes = [[None, None]]

    def add(self, network, value):
        network = ipaddress.ip_network(network)
        bits = int(network.network_address)
        length = network.prefixlen + (96 if network.version == 4 else 0)
        at = 0
        for depth in range(length):
            bit = bits >> (127 - depth) & 1
            if depth == length - 1:
                self.nodes[at][bit] = value
                return
            if self.nodes[at][bit] is None:
                self.nodes.append([None, None])
                self.nodes[at][bit] = len(self.nodes) - 1
            at = self.nodes[at][bit]


def database(kind, networks):
    """`networks`: what is known of each."""
    tree, data = Tree(), b""
    for network, facts in networks.items():
        tree.add(network, ("data", len(data)))
        data += encoded(facts)
    count = len(tree.nodes)

    def record(value):
        number = count if value is None else value if isinstance(value, int) else count + 16 + value[1]
        return struct.pack("!I", number)

    nodes = b"".join(record(side) for node in tree.nodes for side in node)
    about = {"binary_format_major_version": Unsigned(2), "binary_format_minor_version": Unsigned(0),
             "build_epoch": Long(1),
             "database_type": kind, "description": {"en": "of a test"}, "ip_version": Unsigned(6),
             "languages": ["en"], "node_count": count, "record_size": Unsigned(32)}
    return nodes + SEPARATOR + data + b"\xab\xcd\xefMaxMind.com" + encoded(about)


def countries(networks):
    return database("Test-Country", {network: {"country": {"iso_code": code}} for network, code in networks.items()})


def systems(networks):
    return database("Test-ASN", {network: {"autonomous_system_number": number} for network, number in networks.items()})
