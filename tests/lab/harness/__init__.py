"""The namespace lab: a small language for tests that send real traffic through a router.

A test file imports from here, declares cases with `@case` and ends in `main()`:

    @case("a page arrives whole")
    def page(lab, net):
        with lab.weir("[rule web]\\non = tcp/80\\nuse = transparent\\n") as weir:
            assert lab.alice.curl(net.url(lab.north, "/1KiB"))...
            weir.expect_record(protocol="tcp", end="closed")

Every case runs twice for each address family: first against plain routing, where `lab.weir` yields a
stand-in that expects nothing, then through weir. So a failure says at once whether weir is at fault
or the lab.
"""

from .net import FAMILIES, V4, V6, endpoint
from .payload import KIB, MIB, noise, sha256
from .runner import case, main
from .wait import deadline, eventually

__all__ = ["FAMILIES", "KIB", "MIB", "V4", "V6", "case", "deadline", "endpoint", "eventually", "main",
           "noise", "sha256"]
