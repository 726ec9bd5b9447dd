#!/usr/bin/env python3
"""What a plan of the firewall's says of a packet (src/firewall/evaluate.h), the kernel does. The packets and
the rules are arbitrary, with a fixed seed; the program that compares them makes a network of its own."""

import os

from backends import for_each_backend
from harness import main


@for_each_backend("the kernel does with 300 packets under arbitrary rules what their plan says", families=(None,))
def meaning(lab, backend):
    compare = os.path.join(os.path.dirname(lab.weir_path), "tests/unit/unit-firewall")
    done = lab.router.run(compare, f"the kernel does what a plan says ({backend})")
    said = done.stdout.decode()
    assert done.returncode == 0 and "All tests passed" in said, said


if __name__ == "__main__":
    main()
