"""The real ufw on the lab's router, with files of its own: this machine's stay as they are."""

import contextlib
import os
import shutil

FOLDER = "/run/lab/ufw"


def ufw(lab, command):
    if not os.path.isdir(FOLDER):
        shutil.copytree("/etc/ufw", FOLDER)
        shutil.copy("/etc/default/ufw", f"{FOLDER}/default")
    return lab.router.run("unshare", "-m", "sh", "-e", "-c",
                          f"mount --bind {FOLDER} /etc/ufw; mount --bind {FOLDER}/default "
                          f"/etc/default/ufw; {command}", check=True)


@contextlib.contextmanager
def enabled(lab, *commands):
    """As after `ufw enable`; afterwards nothing of it is left, in the kernel or in its files."""
    try:
        ufw(lab, "; ".join((*commands, "ufw --force enable")))
        yield
    finally:
        ufw(lab, "ufw --force disable")
        lab.router.run("sh", "-c", "for i in iptables ip6tables; do $i -P INPUT ACCEPT; "
                                   "$i -P FORWARD ACCEPT; $i -F; $i -X; done")
        shutil.rmtree(FOLDER)
