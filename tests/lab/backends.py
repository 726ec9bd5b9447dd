"""Cases about weir's own rules, once with each of the firewall's backends."""

import functools

from harness import case

WHY = "it is weir's rules"
BACKENDS = ("nft", "iptables")


def for_each_backend(name, **options):
    def declare(function):
        for backend in BACKENDS:
            case(f"{name} ({backend})", only_weir=WHY, **options)(
                functools.partial(function, backend=backend))
        return function
    return declare
