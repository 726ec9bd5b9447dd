#!/usr/bin/env python3
"""weir as an operator's machine runs it: as another user, under a service manager, watched by `weir top`,
and packaged."""

import fcntl
import os
import pty
import pwd
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import termios
import time

from harness import V4, case, endpoint, eventually, main
from harness.host import read_all, read_exactly, reset
from harness.weir import read

CONFIG = """
[gateway]
workers = 2

[rule dns]
on = any/53
use = transparent

[rule rest]
on = any/7950-7960
use = transparent

[rule refused]
on = udp/9999
use = reject
"""
OWN = "it is weir's life"
NO_FAMILY = (None,)
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UNIT = f"{ROOT}/systemd/weir.service"


# Privileges

def as_nobody(lab, backend):
    """A gateway that may not stay root, with a folder of the user nobody's."""
    weir = lab.weir(CONFIG.replace("[gateway]", "[gateway]\nuser = nobody"), backend=backend)
    if weir:
        nobody = pwd.getpwnam("nobody")
        os.chown(weir.folder, nobody.pw_uid, nobody.pw_gid)
    return weir


def status_of(pid):
    with open(f"/proc/{pid}/status") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def serves_as_nobody(lab, net, backend):
    lab.dnsmasq(lab.north)
    lab.serve(lab.north.listen(net, 7950), lambda connection: connection.sendall(
        str(connection.getpeername()[0]).encode()))
    with as_nobody(lab, backend) as weir:
        def works():
            assert "192.0.2.201" in lab.alice.dig(lab.north.at(net), "one.lab.test", "A")
            with lab.alice.connect(net, lab.north.at(net), 7950) as client:
                assert read_all(client).decode() == weir.source(net, lab.alice, lab.north, "client")
        works()
        nobody = pwd.getpwnam("nobody")
        for task in os.listdir(f"/proc/{weir.program.pid}/task"):
            status = status_of(f"{weir.program.pid}/task/{task}")
            assert set(status["Uid"].split()) == {str(nobody.pw_uid)}, status["Uid"]
            assert set(status["Gid"].split()) == {str(nobody.pw_gid)}, status["Gid"]
            # CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_NET_RAW
            assert int(status["CapEff"], 16) == 1 << 10 | 1 << 12 | 1 << 13, status["CapEff"]
            assert int(status["CapBnd"], 16) == 0, status["CapBnd"]
            assert status["NoNewPrivs"] == "1"
        # A reload replaces the firewall's rules, so the programs that do it are privileged enough.
        text = CONFIG.replace("[gateway]", "[gateway]\nuser = nobody") + "\n[rule more]\non = tcp/7970\nuse = direct\n"
        done = weir.reload(text)
        assert done.returncode == 0, done.stderr
        rules = lab.router.run(*(["nft", "list", "ruleset"] if backend == "nft" else ["iptables-save"]))
        assert b"7970" in rules.stdout
        works()
        refused = weir.reload(text.replace("nobody", "daemon"))
        assert refused.returncode == 1 and "gateway.user" in refused.stderr, refused


@case("as the user nobody weir serves transparent flows and replaces the rules (nft)", only_weir=OWN)
def nobody_nft(lab, net):
    serves_as_nobody(lab, net, "nft")


@case("as the user nobody weir serves transparent flows and replaces the rules (iptables)", only_weir=OWN)
def nobody_iptables(lab, net):
    serves_as_nobody(lab, net, "iptables")


@case("a user that does not exist, or that only root can become, is said", NO_FAMILY, only_weir=OWN)
def wrong_user(lab):
    with lab.weir(CONFIG, firewall=False) as weir:
        for user, runner, words, status in (
                ("nobody-at-all", [], "user.ini:2: error: 'user': there is no such user", 2),
                ("daemon", ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"], "only root", 1)):
            path = f"{weir.folder}/user.ini"
            with open(path, "w") as file:
                file.write(f"[gateway]\nuser = {user}\n[admin]\nsocket = {weir.folder}/other.sock\n")
            os.chmod(path, 0o644)
            done = lab.router.run(*runner, lab.weir_path, "run", "-c", path)
            assert done.returncode == status and words in done.stderr, (user, done)


@case("a connection that has weir's port by chance is named, and waited for", only_weir=OWN)
def port_taken(lab, net):
    lab.serve(lab.north.listen(net, 7990), read_all)
    weir = lab.weir(CONFIG, firewall=False)

    def held():
        made = lab.router.socket(net.af, socket.SOCK_STREAM, 20)
        made.bind((lab.places.router_north.at(net), 50080))
        made.connect((lab.north.at(net), 7990))
        return lab.closing(made)

    holder = held()
    done = lab.router.run(lab.weir_path, "run", "-c", weir.config)
    said = (f"TCP port 50080 is not free: Address already in use; process {os.getpid()} (", " has a TCP connection "
            f"from {endpoint(lab.places.router_north.at(net), 50080)} to "
            f"{endpoint(lab.north.at(net), 7990)}", "net.ipv4.ip_local_reserved_ports")
    assert done.returncode == 1 and all(words in done.stderr for words in said), done.stderr

    def lets_go():
        eventually(lambda: read(weir.log).count("tries again") == 2, "weir waits")
        reset(holder)

    waiting = lab.task(lets_go)
    with weir:
        waiting.result()
        assert weir.status()["port"] == 50080


@case("the control socket's folder is made for the user, and the socket goes with the gateway", NO_FAMILY,
      only_weir=OWN)
def socket_folder(lab):
    with as_nobody(lab, "nft") as weir:
        weir.live("drain", check=True)
        assert weir.program.wait(20) == 0
        assert not os.path.exists(weir.control.path)
        inner = f"{weir.folder}/deeper/control.sock"
        with open(weir.config) as file:
            text = file.read().replace(weir.control.path, inner)
        with open(weir.config, "w") as file:
            file.write(text)
        weir.control.path = inner
        weir.start()
        assert os.stat(os.path.dirname(inner)).st_uid == pwd.getpwnam("nobody").pw_uid
        weir.live("drain", check=True)
        assert weir.program.wait(20) == 0
        assert not os.path.exists(inner)


# A service manager

class Manager:
    """systemd's end of the notify socket."""

    def __init__(self, lab):
        self.path = f"{lab.work}/notify.sock"
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.socket = lab.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        self.socket.bind(self.path)
        self.socket.settimeout(20)

    def hears(self, word):
        """Waits for a message with that line; its fields."""
        while True:
            fields = dict(line.split("=", 1) for line in self.socket.recv(4096).decode().splitlines())
            if word in fields:
                return fields


@case("the service manager hears ready, reloading, alive and stopping", NO_FAMILY, only_weir=OWN)
def notify(lab):
    manager = Manager(lab)
    with lab.weir(CONFIG, firewall=False,
                  prefix=("env", f"NOTIFY_SOCKET={manager.path}", "WATCHDOG_USEC=200000")) as weir:
        assert "50080" in manager.hears("READY")["STATUS"]
        for _ in range(3):
            assert manager.hears("WATCHDOG")["WATCHDOG"] == "1"
        before = time.clock_gettime(time.CLOCK_MONOTONIC)
        assert weir.reload().returncode == 0
        said = manager.hears("RELOADING")
        assert int(said["MONOTONIC_USEC"]) >= before * 1e6 - 1
        assert manager.hears("READY")["READY"] == "1"
        weir.write("[rule broken]\n")
        assert weir.live("reload").returncode == 1
        assert "refused" in manager.hears("READY")["STATUS"]
        weir.program.signal(signal.SIGTERM)
        assert int(manager.hears("STOPPING")["EXTEND_TIMEOUT_USEC"]) >= 30_000_000
        assert weir.program.wait(20) == 0


@case("a worker that hangs silences the watchdog", NO_FAMILY, only_weir=OWN)
def watchdog(lab):
    manager = Manager(lab)
    with lab.weir(CONFIG, firewall=False,
                  prefix=("env", f"NOTIFY_SOCKET={manager.path}", "WATCHDOG_USEC=100000")) as weir:
        manager.hears("WATCHDOG")
        folder = f"/proc/{weir.program.pid}/task"
        [worker] = [task for task in os.listdir(folder)
                    if open(f"{folder}/{task}/comm").read().strip() == "worker-1"]
        # A debugger that holds one thread: ptrace stops a thread, signals stop the process.
        holder = subprocess.Popen(["python3", "-c", f"""
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
assert libc.ptrace(0x4206, {worker}, 0, 0) == 0, ctypes.get_errno()  # PTRACE_SEIZE
assert libc.ptrace(0x4207, {worker}, 0, 0) == 0, ctypes.get_errno()  # PTRACE_INTERRUPT
print("held", flush=True)
sys.stdin.read()
"""], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert holder.stdout.readline() == b"held\n"
        manager.socket.settimeout(1)

        def silent():
            try:
                manager.socket.recv(4096)
                return False
            except TimeoutError:
                return True
        eventually(silent, "the watchdog hears nothing for ten intervals")
        holder.stdin.close()  # lets go
        holder.wait(10)
        manager.socket.settimeout(20)
        manager.hears("WATCHDOG")


@case("the unit is valid and exposes little", NO_FAMILY, only_weir=OWN)
def unit(lab):
    file = UNIT
    done = lab.router.run("systemd-analyze", "security", "--offline=yes", "--threshold=20", file)
    assert done.returncode == 0, done.stdout.decode()[-300:]
    done = lab.router.run("systemd-analyze", "verify", "--man=no", file)
    lines = [line for line in done.stderr.splitlines() if "weir.service" in line
             and "not executable" not in line]  # it is not installed here
    assert not lines, lines


def unit_setting(name):
    """The values of a setting of the unit, in its order."""
    with open(UNIT) as file:
        return [line.split("=", 1)[1].strip() for line in file if line.startswith(name + "=")]


def calls_of(group):
    """The system calls in one of systemd's groups."""
    calls = set()
    text = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", group], capture_output=True,
                          text=True, check=True).stdout
    for line in text.splitlines()[1:]:
        word = line.strip()
        if word.startswith("@"):
            calls |= calls_of(word)
        elif word and not word.startswith("#"):
            calls.add(word)
    return calls


@case("the unit's user, capabilities and system calls are enough for all that weir does", NO_FAMILY,
      only_weir=OWN)
def enough(lab):
    """systemd itself is not here: setpriv gives what the unit gives, strace says what it would refuse."""
    lab.nginx(lab.north)
    lab.dnsmasq(lab.north)
    capabilities = ",".join(f"+{name.lower().removeprefix('cap_')}"
                            for name in unit_setting("AmbientCapabilities")[0].split())
    calls = f"{lab.work}/calls"
    # Becoming the user nobody with capabilities takes system calls that are not weir's: the trace begins at its exec.
    runner = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", f"--inh-caps=-all,{capabilities}",
              f"--ambient-caps=-all,{capabilities}", f"--bounding-set=-all,{capabilities}", "--no-new-privs",
              "strace", "-f", "-qq", "-o", calls)
    with open(calls, "w"):
        os.chmod(calls, 0o666)
    own = lab.weir(CONFIG + "\n[rule web]\non = tcp/80\nuse = pool\n[upstream pool]\ntype = forward\n"
                   "server = web1=198.51.100.10:80\nserver = lost=no-such.lab.test:80\n",
                   firewall=False, prefix=runner)
    os.chmod(own.folder, 0o777)
    lab.weir_path = shutil.copy(lab.weir_path, f"{lab.work}/weir")  # the clone may be root's alone
    with own as weir:
        with open(weir.config) as file:
            text = file.read()
        weir.live("drain", check=True)
        assert weir.program.wait(30) == 0
        # Once more, with its own firewall.
        weir.program = lab.router.start(*runner, lab.weir_path, "run", "--firewall", "-c", weir.config, name="weir")
        weir.program.until_ready(weir.control.answers)
        assert "192.0.2.201" in lab.alice.dig(lab.north.at(V4), "one.lab.test", "A")
        assert lab.alice.curl("http://203.0.113.20/1MiB").returncode == 0
        with lab.alice.udp(V4) as client:
            client.sendto(b"?", (lab.north.at(V4), 7959))
        weir.expect_event("icmp-from-server")
        weir.control.get("/")
        assert weir.reload(text + "\n[rule more]\non = tcp/81\nuse = direct\n").returncode == 0
        weir.live("drain", check=True)
        assert weir.program.wait(30) == 0
    allowed = calls_of("@default")
    for setting in unit_setting("SystemCallFilter"):
        if setting.startswith("~"):
            allowed -= set().union(*(calls_of(group) for group in setting[1:].split()))
        else:
            allowed |= set().union(*(calls_of(group) for group in setting.split()))
    with open(calls) as file:
        trace = {match[1] for match in (re.match(r"\d+\s+([a-z_0-9]+)\(", line) for line in file) if match}
    assert len(trace) > 40, trace
    assert trace <= allowed, trace - allowed


@case("after a failure the rules go if it fails open, and stay if it fails closed", NO_FAMILY, only_weir=OWN)
def after_failure(lab):
    for how, expected in (("open", False), ("closed", True)):
        with lab.weir(CONFIG + f"\n[firewall]\non-failure = {how}\n") as weir:
            weir.kill()
            weir.cli("firewall", "remove", "--on-failure", "-c", weir.config, check=True)
            rules = lab.router.run("nft", "list", "ruleset").stdout
            assert (b"table inet weir" in rules) == expected, (how, rules)


# weir top

def screen(lab, weir, keys, rows=30, columns=120, term="xterm", shown=lambda: None):
    """What `weir top` writes into a terminal of that size until it ends on `keys`; and its status. `shown`
    is called whenever it has written something."""
    process, terminal = pty.fork()
    if process == 0:
        os.environ["TERM"] = term
        command = lab.router.enter_command() + [lab.weir_path, "top", "--socket", weir.control.path]
        os.execvp(command[0], command)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    said = b""

    def read():
        nonlocal said
        while select.select([terminal], [], [], 0.05)[0]:
            try:
                piece = os.read(terminal, 65536)
            except OSError:
                return
            if not piece:
                return
            said += piece
            shown()
    try:
        for wanted, key in keys:
            eventually(lambda: read() or wanted in said, f"top shows {wanted}: {said[-3000:]}")
            os.write(terminal, key)
        ended = []

        def over():
            read()
            ended[:] = os.waitpid(process, os.WNOHANG)
            return ended[0] == process
        eventually(over, "top ends")
        return said, os.waitstatus_to_exitcode(ended[1])
    finally:
        os.close(terminal)


@case("top shows the gateway until q", NO_FAMILY, only_weir=OWN)
def top(lab):
    def send(connection):
        try:
            while connection.recv(1):
                connection.sendall(bytes(10_000))
        except OSError:
            pass
    lab.serve(lab.north.listen(V4, 7950), send)
    with lab.weir(CONFIG) as weir:
        client = lab.closing(lab.alice.connect(V4, lab.north.at(V4), 7950))
        weir.expect_flows(1)
        said, status = screen(lab, weir, ((b"traffic", b"x"), (b"KiB/s down", b"q")),
                              shown=lambda: (client.sendall(b"?"), read_exactly(client, 10_000)))
        assert status == 0 and b"192.0.2.11" in said and b"transparent" in said, said
        # The smallest of screens: the keys, a filter that nothing fits, and the end.
        said, status = screen(lab, weir, ((b"traffic", b"?"), (b"only rows that have it", b"?"), (b"", b"/"),
                                          (b"only rows with:", b"zzz\n"), (b"'zzz'", b"q")), rows=24, columns=80)
        assert status == 0, (status, said)
        done = weir.live("top")
        assert done.returncode == 2 and "terminal" in done.stderr, done
        said, status = screen(lab, weir, ((b"TERM", b""),), term="no-such-terminal")
        assert status == 2, (status, said)
        # A gateway that goes is said, and one that comes is shown.
        said, status = screen(lab, weir, ((b"serving", b" "),) + ((b"", b"q"),))
        assert status == 0


if __name__ == "__main__":
    main()
