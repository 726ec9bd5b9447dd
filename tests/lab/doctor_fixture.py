"""What the doctor's tests share: a set-up in which nothing is wrong, and how to look at what
`weir doctor` says of it. Each case breaks one thing and expects that finding and no other."""

import contextlib
import ctypes
import json

from harness import eventually

WHY = "it is weir's command"
NO_FAMILY = (None,)

HEALTHY = """
[gateway]
workers = 1

[firewall]
interfaces = lan

[rule web]
on = tcp/80
use = pool

[rule dns]
on = any/53
use = direct

[upstream pool]
type = forward
server = web1=198.51.100.10:80
server = web2=[fd00:198:51:100::11]:80
"""

SHOWS_CLIENT = """
[gateway]
workers = 1
[firewall]
interfaces = lan
[rule web]
on = tcp/80
use = pool
[upstream pool]
type = forward
source = client
server = web1={server}:80
"""


def findings(weir, config=None):
    """(everything but what is ok, the exit status)"""
    done = weir.cli("doctor", "--json", "-c", config or weir.config)
    assert done.returncode in (0, 1), (done.returncode, done.stderr)
    listed = json.loads(done.stdout)["findings"]
    assert len(listed) > 20 and all(set(f) == {"name", "level", "text", "fix"} for f in listed), listed
    return [f for f in listed if f["level"] != "ok" and f != _clock(listed)], done.returncode


def expect(weir, name, level, *words, config=None):
    """Exactly that check complains, at that level, with those words; returns its findings."""
    wrong, status = findings(weir, config)
    assert {(f["name"], f["level"]) for f in wrong} == {(name, level)}, wrong
    for word in words:
        assert any(word in f["text"] for f in wrong), (word, wrong)
    assert all(f["fix"] for f in wrong), wrong
    assert status == (1 if level == "FAIL" else 0), status
    return wrong


def expect_healthy(weir, config=None):
    wrong, status = findings(weir, config)
    assert not wrong and status == 0, (wrong, status)


def fix(lab, wrong):
    """Types what the doctor said."""
    for finding in wrong:
        lab.router.run("sh", "-e", "-c", finding["fix"], check=True)


def works(lab):
    """Whether a page gets through weir: what the finding is about, seen by a client."""
    got = lab.alice.run("curl", "-sf", "--max-time", "2", "http://198.51.100.10/1")
    return got.returncode == 0


def _clock(listed):
    """No test may set the machine's own clock: a finding about it is taken as right."""
    found = next(f for f in listed if f["name"] == "clock")
    assert (found["level"] == "ok") == _clock_is_kept(), found
    return found


def _clock_is_kept():
    buffer = (ctypes.c_long * 64)()
    time_error, status_word, unsynchronised = 5, 5, 0x40
    state = ctypes.CDLL(None).adjtimex(buffer)
    status = ctypes.cast(buffer, ctypes.POINTER(ctypes.c_int))[status_word * 2]
    return state != time_error and not status & unsynchronised


@contextlib.contextmanager
def healthy(lab, text=HEALTHY, **options):
    """A gateway with its rules installed, and the servers up."""
    lab.nginx(lab.north)
    lab.nginx(lab.east)
    with sysctl(lab, net__ipv4__tcp_early_demux=0), lab.weir(text, **options) as weir:
        yield weir


@contextlib.contextmanager
def sysctl(lab, **values):
    """Other values for the router's settings; dots are written __."""
    names = {name.replace("__", "."): value for name, value in values.items()}
    before = {name: lab.router.run("sysctl", "-n", name, check=True).stdout.decode().strip()
              for name in names}
    try:
        lab.router.run("sysctl", "-q", "-w", *(f"{n}={v}" for n, v in names.items()), check=True)
        yield
    finally:
        lab.router.run("sysctl", "-q", "-w", *(f"{n}={v}" for n, v in before.items()), check=True)


@contextlib.contextmanager
def typed(lab, do, undo):
    """A shell command on the router, and the one that takes it back."""
    try:
        lab.router.run("sh", "-e", "-c", do, check=True)
        yield
    finally:
        lab.router.run("sh", "-c", undo)
