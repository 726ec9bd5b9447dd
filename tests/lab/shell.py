#!/usr/bin/env python3
"""A shell in the lab's network, for developers: nginx and dnsmasq on every server, and the command
`on HOST PROGRAM…`. What is started in it, and the network itself, vanish with the shell. With a
program under test the shell has $WEIR and a configuration that intercepts everything in $CONFIG.
"""

import argparse
import os
import subprocess
import sys

from harness import configuration, sandbox

ON = """#!/bin/sh
# on HOST PROGRAM…: runs it on that host of the lab (no program: a shell).
host=$1; shift
[ -e "/run/netns/$host" ] || { echo "no host $host; there are: $(ls -x /run/netns)" >&2; exit 2; }
exec nsenter --net="/run/netns/$host" -- "${@:-sh}"
"""
EVERYTHING = "[rule everything]\non = any/*\nuse = transparent\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weir", default="none")
    weir = parser.parse_args().weir
    sandbox.enter()
    from harness import topology
    from harness.lab import Lab
    lab = Lab(weir)
    for server in lab.servers:
        lab.nginx(server)
        lab.dnsmasq(server)
    os.mkdir(f"{lab.work}/bin")
    with open(f"{lab.work}/bin/on", "w", opener=lambda p, f: os.open(p, f, 0o755)) as file:
        file.write(ON)
    environment = {**os.environ, "PATH": f"{lab.work}/bin:{os.environ['PATH']}", "PS1": "lab# "}
    print(topology.__doc__)
    print("on HOST PROGRAM…   runs a program on a host:  on alice curl http://198.51.100.10/whoami")
    if os.access(weir, os.X_OK):
        config = f"{lab.work}/weir.ini"
        with open(config, "w") as file:
            file.write(configuration.complete(EVERYTHING, f"{lab.work}/weir.log", f"{lab.work}/control.sock"))
        environment |= {"WEIR": weir, "CONFIG": config}
        print("on router $WEIR run -c $CONFIG &   then   on router $WEIR firewall apply -c $CONFIG")
    return subprocess.run(["bash", "--norc", "-i"] if sys.stdin.isatty() else ["bash"],
                          env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
