#!/usr/bin/env python3
"""A lab that is killed half-way leaves nothing behind: no process, no namespace, no rule.

This one runs outside any lab. It starts one as a child that builds everything (network, servers,
rules), kills it with SIGKILL in two ways, and looks at the machine from outside.
"""

import glob
import os
import signal
import subprocess
import sys
import uuid

from harness import eventually, sandbox

HOLD = "--hold"  # the child: build a lab, say so, and stay


def hold():
    sandbox.enter()
    from harness.lab import Lab
    lab = Lab(None)
    lab.nginx(lab.north)
    lab.dnsmasq(lab.south)
    lab.alice.start("socat", "-t300", "TCP-LISTEN:7000,fork", "SYSTEM:cat")
    lab.router.run("nft", "add table inet left_behind; add chain inet left_behind c", check=True)
    lab.router.run("ip", "rule", "add", "fwmark", "0x7e1e", "lookup", "717", check=True)
    print("ready", flush=True)
    signal.pause()


def processes():
    return [int(path.split("/")[2]) for path in glob.glob("/proc/[0-9]*")]


def marked(token):
    """Processes with the lab's mark in their environment (some servers write their title over it)."""
    found = []
    for process in processes():
        try:
            with open(f"/proc/{process}/environ", "rb") as file:
                if f"{sandbox.MARK}={token}".encode() in file.read().split(b"\0"):
                    found.append(process)
        except OSError:
            pass  # it ended meanwhile
    return found


def namespaces(kind, of):
    """The namespaces of that kind ("net", "pid") that these processes live in."""
    found = set()
    for process in of:
        try:
            found.add(os.readlink(f"/proc/{process}/ns/{kind}"))
        except OSError:
            pass
    return found


def outside():
    """What a lab could leave on the machine itself."""
    commands = (["ip", "netns", "list"], ["ip", "link"], ["ip", "rule"], ["nft", "list", "ruleset"],
                ["findmnt", "--noheadings", "--list", "-o", "TARGET,FSTYPE"])
    return [subprocess.run(command, capture_output=True, text=True).stdout.replace(" ", "")
            for command in commands]


def check(victim):
    """`victim` chooses whom SIGKILL hits: among the marked processes in the order they started."""
    token = uuid.uuid4().hex
    before = outside()
    lab = subprocess.Popen([sys.executable, __file__, HOLD], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                           env={**os.environ, sandbox.MARK: token})
    assert lab.stdout.readline() == "ready\n", "the lab did not come up"
    def settled():
        """Once all that was started has gone where it belongs: a process enters its namespaces by itself."""
        marks = sorted(marked(token))
        pids = namespaces("pid", marks) - namespaces("pid", [os.getpid()])
        within = [p for p in processes() if namespaces("pid", [p]) & pids]
        nets = namespaces("net", within)
        return len(within) >= 5 and len(nets) >= 4 and (marks, pids, nets)
    seen, box, rooms = eventually(settled, "the lab's processes are where they belong")
    assert outside() == before, "the lab shows outside while it runs"
    os.kill(victim(lab, seen), signal.SIGKILL)
    lab.wait(20)
    eventually(lambda: not marked(token) and not box & namespaces("pid", processes()),
               "every process of the lab is gone")
    assert not rooms & namespaces("net", processes()), "a namespace lives on"
    assert outside() == before, "the lab left something on the machine"


def unshare(lab, seen):
    return lab.pid


def first_inside(lab, seen):
    return next(p for p in seen if p != lab.pid)


if __name__ == "__main__":
    if HOLD in sys.argv:
        hold()
    failed = 0
    cases = {"a lab whose starter is killed leaves nothing behind": unshare,
             "a lab that is itself killed leaves nothing behind": first_inside}
    for name, victim in cases.items():
        try:
            check(victim)
            print(f"ok    {name}")
        except AssertionError as error:
            failed += 1
            print(f"FAIL  {name}: {error}")
    print(f"{len(cases) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
