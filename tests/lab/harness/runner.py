"""Runs the cases of a test file: each for both families, first against plain routing, then through
weir. A case that already fails without weir is the lab's fault, and the report says so.

    python3 test_tcp.py --weir build/dev/weir [--case WORDS] [--family 4|6] [--plain] [--list]

Exit status 0 when every case held, 1 otherwise; the last line is `N passed, N failed`.
"""

import argparse
import dataclasses
import os
import resource
import signal
import sys
import time
import traceback

from . import sandbox
from .net import FAMILIES

_cases = []
_began = time.monotonic()


@dataclasses.dataclass
class Case:
    name: str
    function: object
    families: tuple
    without_weir: bool
    with_weir: bool
    limit: int


def case(name, families=FAMILIES, only_weir=None, only_plain=None, limit=120):
    """Declares a case. Its name is a sentence. `only_weir` says why plain routing can't show it;
    `families=(None,)` is for a case that is about no address family. `limit` is in seconds."""
    def declare(function):
        _cases.append(Case(name, function, tuple(families), not only_weir, not only_plain, limit))
        return function
    return declare


class _TooLong(AssertionError):
    pass


def main():
    options = _options()
    chosen = [c for c in _cases if options.case.lower() in c.name.lower()]
    if options.list:
        print("\n".join(c.name for c in chosen))
        return
    weir = os.path.abspath(options.weir) if options.weir else None
    if not options.plain and not (weir and os.access(weir, os.X_OK)):
        sys.exit(f"no weir at {weir}; build it, name it with --weir, or ask for --plain")
    sandbox.enter()
    from .lab import Lab  # only now: it is made of namespaces
    signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
    signal.signal(signal.SIGALRM, _alarm)
    lab = Lab(weir)
    passed, failures = 0, []
    for one in chosen:
        for net in one.families:
            if options.family and net and net.version != options.family:
                continue
            runs = [through for through, wanted in ((False, one.without_weir),
                                                    (True, one.with_weir and not options.plain)) if wanted]
            for through_weir in runs:
                failure = _run(lab, one, net, through_weir)
                if failure:
                    failures.append(failure)
                    break  # weir is not blamed for what fails without it
                passed += 1
    print(_cost())
    for failure in failures:  # in brief, for who reads only the end
        print(failure)
    print(f"{passed} passed, {len(failures)} failed", flush=True)
    sys.stdout.flush()
    # Threads of a failed case don't hold this up.
    os._exit(0 if not failures and (passed or options.plain) else 1)


def _cost():
    """What a test takes of the machine: whether others may run beside it (CMakeLists.txt) is seen by this."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return f"{time.monotonic() - _began:.0f} s, CPU time {sum(u.ru_utime + u.ru_stime for u in used):.0f} s"


def _options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weir", help="the program under test")
    parser.add_argument("--case", default="", help="only cases whose name contains these words")
    parser.add_argument("--family", type=int, choices=(4, 6))
    parser.add_argument("--plain", action="store_true", help="only against plain routing")
    parser.add_argument("--list", action="store_true", help="print the cases' names")
    return parser.parse_args()


def _alarm(*_):
    raise _TooLong("the case took longer than its limit")


def _run(lab, one, net, through_weir):
    """Runs one case; returns nothing, or in two lines which one failed and of what."""
    label = f"{'weir ' if through_weir else 'plain'} {str(net or '-'):4}  {one.name}"
    began = time.monotonic()
    lab.begin_case(through_weir)
    error = None
    signal.alarm(one.limit)
    try:
        one.function(lab, net) if net else one.function(lab)
    except Exception:
        error = traceback.format_exc()
    signal.alarm(0)
    report = lab.report() if error else ""
    try:
        lab.end_case()
    except Exception:
        report = report or lab.report()
        error = (error or "") + "\nand at its end:\n" + traceback.format_exc()
    took = time.monotonic() - began
    print(f"{'FAIL' if error else 'ok  '} {label} ({took:.1f} s)", flush=True)
    if error:
        if not through_weir and one.without_weir:
            print("The lab is at fault, not weir: this run had no weir in it.")
        print("\n".join("    " + line for line in error.splitlines()))
        print(report, flush=True)
        return f"FAIL {label}\n     {error.strip().splitlines()[-1][:300]}"
    return None
