"""Waiting for conditions. The only sleep of the whole lab is in here; nothing waits for time to pass.

Deadlines are generous because the machine may be busy compiling: they decide when to give up, never
how long a passing test takes.
"""

import time

TIMEOUT = 30.0  # seconds until a condition that should hold soon is declared broken
_INTERVAL = 0.004


class deadline:
    """How much of `seconds` is left: `while deadline.left > 0`. For sockets' timeouts too."""

    def __init__(self, seconds=TIMEOUT):
        self.end = time.monotonic() + seconds

    @property
    def left(self):
        return max(0.0, self.end - time.monotonic())


def eventually(condition, what, within=TIMEOUT):
    """The first true value of `condition()`. `what` is a sentence that names it for the failure."""
    until = deadline(within)
    while True:
        value = condition()
        if value:
            return value
        if until.left == 0:
            raise AssertionError(f"{what}: still not so after {within:g} s")
        time.sleep(_INTERVAL)
