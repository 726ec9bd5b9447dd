"""Cases about weir's own rules, once with each of the firewall's backends."""

import functools
import itertools
import os

from harness import FAMILIES, case

WHY = "it is weir's rules"
BACKENDS = ("nft", "iptables")
_families = itertools.cycle(FAMILIES)


def for_each_backend(name, families=None, **options):
    """Without `families`: with nft both, with iptables IPv4 and IPv6 in turn. There the same steps are printed
    once for iptables and once for ip6tables, and running those programs is most of what such a case costs.
    What packets themselves meet, in whichever family, says FAMILIES."""
    def declare(function):
        for backend in BACKENDS:
            chosen = families or (FAMILIES if backend == "nft" else (next(_families),))
            case(f"{name} ({backend})", only_weir=WHY, families=chosen, **options)(
                functools.partial(function, backend=backend))
        return function
    return declare


class BreakableNft:
    """An nft that is out of order when told so, for a gateway that is started with `prefix`. There is no
    library that would do without the program."""

    def __init__(self, lab):
        folder = f"{lab.work}/broken-bin"
        self._mark = f"{folder}/broken"
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/nft", "w", opener=lambda p, f: os.open(p, f, 0o755)) as out:
            out.write(f"#!/bin/sh\n[ -e {self._mark} ] && {{ echo 'Error: out of order' >&2; exit 1; }}\n"
                      'PATH=/usr/sbin:/sbin:/usr/bin:/bin exec nft "$@"\n')
        open(f"{folder}/libnftables.so.1", "w").close()
        self.prefix = ("env", f"PATH={folder}:{os.environ['PATH']}", f"LD_LIBRARY_PATH={folder}")

    def breaks(self):
        open(self._mark, "w").close()

    def works_again(self):
        os.unlink(self._mark)
