"""The box that a lab runs in, so that nothing of it outlives it.

Named namespaces, processes and firewall rules are system-wide things that a test run killed half-way
leaves behind. Instead of cleaning up, the whole lab runs inside ONE unshare(1): a private mount
namespace with its own /run (where `ip netns` keeps the names), a private network namespace, and a
private PID namespace whose first process is the test run itself. When that process ends, for whatever
reason, the kernel kills all others and frees the rest; --kill-child makes it end with unshare. Several
labs can run side by side.

Every process of a lab carries WEIR_LAB=TOKEN in its environment, which is how the lab's own test finds
out from outside that none is left.
"""

import os
import subprocess
import sys
import uuid

MARK = "WEIR_LAB"
STARTER = "WEIR_LAB_STARTER"
WORK = "/run/lab"  # in memory, vanishes with the box


def enter():
    """Starts this program anew inside a box, unless it is in one already."""
    if MARK in os.environ and os.getpid() == 1:
        _settle()
        return
    if os.geteuid() != 0:
        sys.exit("the lab needs root: it makes network namespaces and firewall rules")
    os.environ.setdefault(MARK, uuid.uuid4().hex)
    os.environ[STARTER] = str(os.getpid())  # unshare's, once it has replaced us
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    sys.stdout.flush()
    command = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child=KILL", "--mount-proc",
               sys.executable, *sys.argv]
    os.execvp(command[0], command)


def _settle():
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "lab", "/run"], check=True)
    # squid shares memory by name with every other squid of the machine.
    subprocess.run(["mount", "-t", "tmpfs", "lab-shm", "/dev/shm"], check=True)
    for path in ("/run/netns", "/run/sshd", "/run/lock", WORK):
        os.mkdir(path)
    os.environ["TMPDIR"] = WORK
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def entrance():
    """The words before a command that run it inside the box, from outside."""
    starter = os.environ[STARTER]
    return f"nsenter --target {starter} --mount --net --pid=/proc/{starter}/ns/pid_for_children --"
