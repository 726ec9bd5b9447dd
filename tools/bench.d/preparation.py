"""What has to be there before a run: packages, the generator, weir. All of it may be there already."""

import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TOOLS = ("g++", "cmake", "make", "nftables", "iproute2", "iperf3", "util-linux")
POLICY = "/usr/sbin/policy-rc.d"


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def _installed(package):
    state = subprocess.run(["dpkg-query", "-W", "-f", "${Status}", package], text=True,
                           capture_output=True).stdout
    return state.endswith(" installed")


def _starts_nothing():
    """Whether Debian's maintainer scripts are kept from starting daemons."""
    return subprocess.run([POLICY, "bench", "start"], capture_output=True).returncode == 101


def install(packages):
    missing = [name for name in sorted({*TOOLS, *packages}) if not _installed(name)]
    if not missing:
        return
    say("installing " + " ".join(missing))
    made = not os.path.exists(POLICY)
    if made:
        with open(POLICY, "w") as file:
            file.write("#!/bin/sh\nexit 101\n")
        os.chmod(POLICY, 0o755)
    elif not _starts_nothing():
        sys.exit(f"bench: {POLICY} lets packages start their daemons; install by hand: "
                 + " ".join(missing))
    try:
        command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends"] + missing
        quiet = {"stdout": subprocess.DEVNULL, "env": dict(os.environ, DEBIAN_FRONTEND="noninteractive")}
        if subprocess.run(command, stderr=subprocess.DEVNULL, **quiet).returncode != 0:
            subprocess.run(["apt-get", "update", "-qq"], check=True, **quiet)
            subprocess.run(command, check=True, **quiet)
    finally:
        if made:
            os.remove(POLICY)


def build_generator():
    folder = os.path.join(ROOT, "build", "bench", "load")
    for command in (["cmake", "-S", os.path.join(HERE, "load"), "-B", folder,
                     "-DCMAKE_BUILD_TYPE=Release"],
                    ["cmake", "--build", folder, "--parallel", "2"]):
        done = subprocess.run(command, text=True, capture_output=True)
        if done.returncode != 0:
            sys.exit(f"bench: {' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return os.path.join(folder, "load")


def build_rules_program():
    """The path of the program that measures how rules are found."""
    for command in (["cmake", "--preset", "release"],
                    ["cmake", "--build", "--preset", "release", "--target", "bench-rules"]):
        done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True)
        if done.returncode != 0:
            sys.exit(f"bench: {' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return os.path.join(ROOT, "build", "release", "tools", "bench.d", "rules", "bench-rules")


def build_weir(given):
    """The path of weir's binary, or None when there is none to measure."""
    if given:
        if not shutil.which(given):
            sys.exit(f"bench: {given} is no program")
        return os.path.abspath(given)
    build = os.path.join(ROOT, "tools", "build")
    if os.access(build, os.X_OK):
        done = subprocess.run([build, "release"], text=True, capture_output=True)
        if done.returncode != 0:
            tail = "\n".join((done.stdout + done.stderr).splitlines()[-5:])
            say(f"tools/build release failed:\n{tail}")
    weir = os.path.join(ROOT, "build", "release", "weir")
    return weir if os.access(weir, os.X_OK) else None
