"""Payloads that show damage: pseudo-random bytes that are the same for the same seed, and checksums."""

import hashlib
import random

KIB = 1024
MIB = 1024 * 1024


def noise(size, seed=1):
    """`size` bytes without a period: a lost, doubled or swapped block changes the checksum."""
    return random.Random(seed).randbytes(size)


def sha256(data):
    return hashlib.sha256(data).hexdigest()
