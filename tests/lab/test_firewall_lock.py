#!/usr/bin/env python3
"""The lock of the old iptables, which any program may hold for as long as it likes: what weir has to
change waits for it, and nothing else of weir does."""

import contextlib
import fcntl
import os
import signal
import time

from backends import WHY
from echo_servers import answers, tcp, udp
from harness import V4, case, eventually, main
from service_manager import Manager

CONFIG = """
[gateway]
workers = 1

[rule one]
on = any/7501
use = direct

[rule no]
on = tcp/7504
use = reject
"""
MORE = CONFIG + "\n[rule two]\non = any/7502\nuse = direct\n"
LOCK = "/run/xtables.lock"  # the lab has a /run of its own


def legacy(lab):
    """The programs of the old iptables under the plain names; a PATH."""
    folder = f"{lab.work}/legacy-bin"
    os.makedirs(folder, exist_ok=True)
    for program in ("iptables", "ip6tables"):
        for more in ("", "-save", "-restore"):
            with contextlib.suppress(FileExistsError):
                os.symlink("/usr/sbin/xtables-legacy-multi", f"{folder}/{program}{more}")
    return f"PATH={folder}:{os.environ['PATH']}"


@contextlib.contextmanager
def locked():
    with open(LOCK, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def past_the_lock(lab, *command):
    """Runs the old iptables as if the lock were free."""
    lab.router.run("env", "XTABLES_LOCKFILE=/run/another.lock", *command, check=True)


def wait_for_waiter():
    """Until a program wants the lock that is held."""
    inode = f":{os.stat(LOCK).st_ino} "

    def wants():
        with open("/proc/locks") as locks:
            return any("-> FLOCK" in line and inode in line for line in locks)
    eventually(wants, "a program waits for the lock", within=60)


def rules_of_weir(lab):
    return b"WEIR" in lab.router.run("iptables-legacy-save").stdout


class Alive:
    """That weir lives: its API, the watchdog, a flow that there was and new ones."""

    def __init__(self, lab, net, weir, manager):
        self.lab, self.net, self.weir, self.manager = lab, net, weir, manager
        self.flow = lab.closing(lab.alice.connect(net, lab.north.at(net), 7501))
        self.new_flows_meet = weir.source(net, lab.alice, lab.north)

    def check(self, seconds):
        """For so long; each question is answered within two seconds."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            beats = self.manager.heard.count("WATCHDOG=1")
            for path in ("/v1/status", "/v1/rules", "/metrics"):
                asked = time.monotonic()
                assert self.weir.control.request("GET", path)[0] == 200, path
                took = time.monotonic() - asked
                assert took < 2, f"{path} took {took:.1f} s"
            assert tcp(self.lab, self.net, 7501) == udp(self.lab, self.net, 7501) == self.new_flows_meet
            eventually(lambda: self.manager.heard.count("WATCHDOG=1") > beats, "weir says that it lives", within=3)


def gateway(lab, manager):
    return lab.weir(CONFIG, backend="iptables", keeps_firewall=True,
                    prefix=("env", legacy(lab), f"NOTIFY_SOCKET={manager.path}", "WATCHDOG_USEC=400000"))


def waiting_reload(lab, weir):
    """A reload to more rules, as a task, that waits for the lock by now."""
    weir.write(MORE)
    reload = lab.task(weir.live, "reload")
    wait_for_waiter()
    return reload


@case("while another program holds the lock of iptables, weir serves, and what was asked for comes afterwards",
      (V4,), only_weir=WHY, limit=300)
def serves(lab, net):
    for port in (7501, 7502):
        answers(lab, net, port)
    manager = Manager(lab)
    with gateway(lab, manager) as weir:
        alive = Alive(lab, net, weir, manager)
        with locked():
            reload = waiting_reload(lab, weir)
            alive.check(seconds=6)
            weir.program.signal(signal.SIGHUP)  # waits for its turn
            alive.check(seconds=1)
            assert tcp(lab, net, 7502) == lab.alice.at(net), "a rule is in force that is not in place"
        assert reload.result().returncode == 0
        eventually(lambda: weir.status()["reloads"] == 2, "both reloads are done")
        assert tcp(lab, net, 7502) == udp(lab, net, 7502) == alive.new_flows_meet
        assert weir.metric("weir_firewall_repairs_total") == 0


@case("a lock that stays makes a reload fail, and what others broke meanwhile is repaired once it is free",
      (V4,), only_weir=WHY, limit=300)
def fails(lab, net):
    for port in (7501, 7502):
        answers(lab, net, port)
    manager = Manager(lab)
    with gateway(lab, manager) as weir:
        alive = Alive(lab, net, weir, manager)
        with locked():
            reload = waiting_reload(lab, weir)
            alive.check(seconds=1)
            eventually(lambda: weir.status()["reloads_failed"] == 1, "the reload is refused", within=60)
            refused = reload.result()
            assert refused.returncode == 1 and "did not end within 20 s" in refused.stderr, refused
            past_the_lock(lab, "iptables-legacy", "-t", "mangle", "-F", "PREROUTING")
            assert tcp(lab, net, 7501) == lab.alice.at(net)
            wait_for_waiter()
            alive.new_flows_meet = lab.alice.at(net)
            alive.check(seconds=2)
        eventually(lambda: tcp(lab, net, 7501) == weir.source(net, lab.alice, lab.north), "weir repairs", within=60)
        eventually(lambda: weir.metric("weir_firewall_repairs_total") == 1, "weir says so")
        assert tcp(lab, net, 7502) == lab.alice.at(net)
        assert weir.live("reload").returncode == 0
        assert tcp(lab, net, 7502) == weir.source(net, lab.alice, lab.north)


@case("a gateway that is told to end while the lock is held serves until the rules let flows pass",
      (V4,), only_weir=WHY, limit=300)
def drains(lab, net):
    answers(lab, net, 7501)
    manager = Manager(lab)
    with gateway(lab, manager) as weir:
        alive = Alive(lab, net, weir, manager)
        with locked():
            weir.program.signal(signal.SIGTERM)
            eventually(lambda: weir.status()["draining"], "weir has heard the signal", within=5)
            wait_for_waiter()
            alive.check(seconds=3)
        eventually(lambda: tcp(lab, net, 7501) == lab.alice.at(net), "new flows pass by")
        alive.flow.close()
        assert weir.program.wait() == 0
        assert not rules_of_weir(lab)


@case("the cleanup process of a gateway that was killed waits for the lock, however long it takes",
      (V4,), only_weir=WHY, limit=300)
def cleanup_process_waits(lab, net):
    answers(lab, net, 7501)
    manager = Manager(lab)
    with gateway(lab, manager) as weir:
        with locked():
            weir.kill()
            wait_for_waiter()
            time.sleep(22)  # a gateway would have given up
            assert rules_of_weir(lab)
        eventually(lambda: tcp(lab, net, 7501, timeout=1) == lab.alice.at(net), "connections pass")


if __name__ == "__main__":
    main()
