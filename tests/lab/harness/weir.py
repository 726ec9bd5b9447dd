"""weir as a case sees it: started in the router with a configuration, asked over its control socket,
stopped with the case. And `Plain`, which stands in for it where the case runs against plain routing.

A configuration in a case names only what the case is about; the log (JSON records into a file) and
the control socket are added here. Leaving the `with` block also checks what must hold after every
single case: weir ends with status 0, no flow ended as `bug`, and the router's rules and routes are what
they were before.
"""

import http.client
import json
import os
import re
import signal

from . import configuration
from .control import Control, parse_metrics
from .records import Records, matches
from .wait import TIMEOUT, eventually


class Plain:
    """No weir: the kernel routes. Expectations about weir are met, so cases need no `if`."""

    def __bool__(self):
        return False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def expect_record(self, **_):
        return None

    def expect_event(self, reason, at_least=1):
        return None

    def expect_flows(self, count, **_):
        pass

    def source(self, net, client, server, source="gateway"):
        """The address that the server sees."""
        return client.at(net)

    def describe(self):
        return ""


class Weir:
    _count = 0

    def __init__(self, lab, text, backend="nft", firewall=True, prefix=(), check_exit=True,
                 keeps_firewall=False):
        """`firewall`: the rules are applied by command; `keeps_firewall`: weir does it itself."""
        Weir._count += 1
        firewall = firewall and not keeps_firewall
        self.lab, self.router, self.backend = lab, lab.router, backend
        self.firewall, self.prefix, self.check_exit = firewall, prefix, check_exit
        self.options = ("--firewall", "--backend", backend) if keeps_firewall else ()
        self.folder = f"{lab.work}/weir-{Weir._count}"
        os.mkdir(self.folder)
        self.config, self.log = f"{self.folder}/weir.ini", f"{self.folder}/weir.log"
        self.control = Control(f"{self.folder}/control.sock")
        self.killed = False
        self.program = None
        self._records = Records(self.log)
        self.write(text)

    # Life

    def write(self, text):
        """Puts a new configuration in place; `reload` applies it."""
        text = configuration.complete(text, self.log, self.control.path)
        with open(self.config + ".new", "w") as file:
            file.write(text)
        os.rename(self.config + ".new", self.config)

    def __enter__(self):
        self.before = router_state(self.router)
        try:
            self.start()
            if self.firewall:
                self.cli("firewall", "apply", "-c", self.config, "--backend", self.backend, check=True)
        except BaseException:
            self.__exit__(True, None, None)
            raise
        return self

    def start(self, *prefix, descriptors=()):
        self.killed = False
        self.program = self.router.start(*self.prefix, *prefix, self.lab.weir_path, "run", "-c", self.config,
                                         *self.options, name="weir", descriptors=descriptors)
        self.program.until_ready(self.control.answers)

    def successor(self, *options, path=None, prefix=()):
        """Another weir that is told to take over; it may or may not."""
        return self.router.start(*prefix, path or self.lab.weir_path, "run", "--takeover", "-c", self.config,
                                 *self.options, *options, name="weir")

    def take_over(self, text=None, **options):
        """A successor serves from now on; the process before it is returned, which still drains."""
        if text is not None:
            self.write(text)
        before, self.program = self.program, self.successor(**options)
        self.program.until_ready(lambda: self.serving_process() == self.program.pid)
        return before

    def serving_process(self):
        """The process that answers on the control socket; None: there is none at this moment."""
        try:
            status, text = self.control.request("GET", "/v1/status")
            return json.loads(text)["pid"] if status == 200 else None
        except (OSError, http.client.HTTPException):
            return None

    def kill(self):
        """As the kernel would: no chance to tidy up."""
        self.killed = True
        self.program.signal(signal.SIGKILL)
        self.program.wait()

    def __exit__(self, error, *_):
        rules = self._rules() if error else ""
        if self.program and self.options:
            status = self.end()  # or it would put back what is removed, and so would its cleanup process
            eventually(lambda: b"weir-firewall-guardian" not in
                       self.router.run("cat", "/proc/net/unix").stdout, "the cleanup process ends")
        removed = self.cli("firewall", "remove", "-c", self.config, "--backend", self.backend)
        if self.program and not self.options:
            status = self.end()
        if error:
            self.lab.evidence.append(self.describe() + rules)  # the log is complete only now
            return
        try:
            assert removed.returncode == 0, f"weir firewall remove failed: {removed.stderr}"
            if not self.killed and self.check_exit:
                assert status == 0, f"weir ended with {status}"
            assert not self.records(end="bug"), f"weir blames itself: {self.records(end='bug')}"
            after = router_state(self.router)
            assert after == self.before, (
                f"weir left something behind.\nbefore:\n{self.before}\nafter:\n{after}")
        except AssertionError:
            self.lab.evidence.append(self.describe())
            raise

    def end(self):
        """TERM drains; a second one, once the first was taken, ends weir at once. Its status."""
        def ended():
            self.program.signal(signal.SIGTERM)
            return not self.program.running
        try:
            eventually(ended, "weir ends when told twice", within=15)
        finally:
            self.program.stop()
        return self.program.process.returncode

    # Asking

    def cli(self, *arguments, check=False, timeout=60):
        """A weir command on the router."""
        return self.router.run(self.lab.weir_path, *arguments, check=check, timeout=timeout)

    def live(self, command, *arguments, check=False):
        """A command that talks to the running gateway."""
        return self.cli(command, "--socket", self.control.path, *arguments, check=check)

    def reload(self, text=None):
        if text is not None:
            self.write(text)
        return self.live("reload")

    def status(self):
        return self.control.json("/v1/status")

    def flows(self, **query):
        """Live flows as records."""
        return self.control.json("/v1/flows", query)["flows"]

    def metric(self, name, **labels):
        """The sum of a metric over every series with these labels."""
        return sum(value for series, have, value in parse_metrics(self.control.get("/metrics")[1])
                   if series == name and all(have.get(key) == wanted for key, wanted in labels.items()))

    def memory(self):
        """Resident bytes."""
        with open(f"/proc/{self.program.pid}/status") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS:"))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.program.pid}/fd"))

    # Expecting

    def records(self, **fields):
        """Records written so far whose fields have these values; a callable is a condition."""
        return [record for record in self._records.all() if matches(record, fields)]

    def expect_record(self, within=TIMEOUT, **fields):
        """Waits for a record with these fields and returns it."""
        try:
            return eventually(lambda: self.records(**fields), f"a flow record with {fields}", within)[0]
        except AssertionError as error:
            raise AssertionError(f"{error}; records so far: {self.records()[-8:]}") from None

    def wait_for_record(self, condition, within=TIMEOUT):
        return eventually(lambda: [r for r in self.records() if condition(r)], "a flow record", within)[0]

    def expect_event(self, reason, at_least=1):
        """Waits until weir has counted that reason."""
        eventually(lambda: self.metric("weir_events_total", reason=reason) >= at_least,
                   f"weir counts {reason}")

    def expect_flows(self, count, **query):
        """Waits until exactly so many flows are open."""
        eventually(lambda: len(self.flows(**query)) == count, f"{count} flows {query or ''} are open")

    def source(self, net, client, server, source="gateway"):
        """The address that the server sees."""
        return {"gateway": self.lab.router_towards(server).at(net),
                "client": client.at(net)}.get(source, source)

    def describe(self):
        """Everything a reader of a failure wants to know about weir."""
        return ("--- the configuration\n" + indented(read(self.config)) +
                "--- weir's log, without flows that ended well\n" +
                indented("\n".join(line for line in read(self.log).splitlines()
                                   if '"end":"closed"' not in line)))

    def _rules(self):
        """The router's rules, while they are there."""
        commands = [["nft", "list", "ruleset"], ["ip", "rule"], ["ip", "-6", "rule"]]
        if self.backend == "iptables":
            commands[1:1] = [["iptables-save"], ["ip6tables-save"]]
        return "--- the router's rules\n" + "".join(
            indented(self.router.run(*command).stdout.decode(), 200) for command in commands)


def router_state(router):
    """What a gateway that is gone must not have changed."""
    commands = (["nft", "list", "ruleset"], ["ip", "rule"], ["ip", "-6", "rule"],
                ["ip", "route", "show", "table", "all", "type", "local"],
                ["ip", "-6", "route", "show", "table", "all", "type", "local"])
    text = "".join(router.run(*command).stdout.decode() for command in commands)
    text = re.sub(r"counter packets \d+ bytes \d+", "counter", text)  # others' rules count on
    # iptables leaves its empty built-in chains once it was used; they decide nothing.
    return "\n".join(line for line in text.splitlines()
                     if not line.startswith("#") and line.strip() not in ("", "}")
                     and not _empty_iptables(line))


def _empty_iptables(line):
    words = line.split()
    return (words[:1] == ["table"] and words[1] in ("ip", "ip6") and words[2] in
            ("mangle", "filter", "nat", "raw")) or words[:1] == ["chain"] and words[1] in (
            "PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING") or (
            words[:1] == ["type"] and "policy accept;" in line and "hook" in words)


def indented(text, lines=80):
    """The last lines, for a report."""
    return "".join(f"    {line[:700]}\n" for line in text.splitlines()[-lines:])


def read(path):
    try:
        with open(path, errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""
