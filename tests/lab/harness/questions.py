"""DNS messages (RFC 1035, section 4.1), as far as a gateway looks at them."""

import struct

_QUESTION, _ANSWER = 0x0100, 0x8180
_COUNTS = struct.pack("!HHHH", 1, 0, 0, 0)


def question(number, name=b"name"):
    """For the address of that name, which is one label."""
    labels = bytes([len(name)]) + name + b"\0"
    return struct.pack("!HH", number, _QUESTION) + _COUNTS + labels + struct.pack("!HH", 1, 1)


def answer_to(data):
    """Of any question, with what stands before it (a relay's header)."""
    flags = data.rfind(struct.pack("!H", _QUESTION) + _COUNTS)
    return data[:flags] + struct.pack("!H", _ANSWER) + data[flags + 2:]
