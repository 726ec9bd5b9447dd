"""Load from programs that know nothing of the lab: wrk asks web servers, dnsperf asks DNS servers, as fast
as they are answered and until the case has seen enough. What they count as failed is the case's to judge.
"""

import json
import re
import signal
import threading

from harness import eventually, sandbox

_LONG = 600  # seconds; never reached: `finish` ends them

# Sees what weir's rules let by.
PASSED = b"""
table inet passed {
    counter datagrams { }
    chain forward {
        type filter hook forward priority 0; policy accept;
        udp dport 9 counter name "datagrams"
    }
}
"""
FLOOD = """
import socket, sys
there = socket.getaddrinfo(sys.argv[1], 9, type=socket.SOCK_DGRAM)[0]
sender = socket.socket(*there[:2])
sender.connect(there[4])
while True:
    try:
        sender.send(b"never")
    except ConnectionRefusedError:  # one came through
        pass
"""


def passed(lab):
    """Datagrams that the table PASSED has seen."""
    listed = lab.router.run("nft", "-j", "list", "counters", "table", "inet", "passed", check=True).stdout
    return next(entry["counter"]["packets"] for entry in json.loads(listed)["nftables"] if "counter" in entry)


def _interrupt(program):
    """Asks a program for its figures; before it is ready to be asked, the signal would only end it."""
    def catches():
        with open(f"/proc/{program.pid}/status") as file:
            return int(re.search(r"SigCgt:\s*(\w+)", file.read()).group(1), 16) >> (signal.SIGINT - 1) & 1
    assert program.running, program.report()
    eventually(catches, f"{program.name} takes signals")
    program.signal(signal.SIGINT)

# Every answer is looked at by wrk's own script, which also says what it saw.
_WRK = """
local threads = {{}}
function setup(thread) table.insert(threads, thread) end
function init() seen = "" other = 0 end
local names = {{}}
function response(status, headers, body)
  if status ~= 200 then other = other + 1 end
  if #body < 40 and not names[body] then names[body] = true seen = seen .. body .. " " end
end
wrk.headers["Connection"] = "{connection}"
function done(summary, latency)
  local all, wrong = "", 0
  for _, thread in ipairs(threads) do
    all = all .. thread:get("seen")
    wrong = wrong + thread:get("other")
  end
  local e = summary.errors
  io.write(string.format("counted requests=%d connect=%d read=%d write=%d timeout=%d other=%d longest_us=%d\\n",
    summary.requests, e.connect, e.read, e.write, e.timeout, wrong, latency.max))
  io.write("bodies " .. all .. "\\n")
end
"""


class Wrk:
    """wrk on a host. Each request a connection of its own unless it is told to keep them."""

    def __init__(self, host, url, connections=8, keep=False):
        script = f"{sandbox.WORK}/wrk-{'keep' if keep else 'close'}.lua"
        with open(script, "w") as file:
            file.write(_WRK.format(connection="keep-alive" if keep else "close"))
        self.program = host.start("wrk", "-t", 1, "-c", connections, "-d", _LONG, "--timeout", "20s",
                                  "-s", script, url)

    def finish(self):
        """Ends it; (how many requests were answered, {kind of failure: how many}, the bodies seen)."""
        _interrupt(self.program)
        output = self.program.expect_success().decode()
        counted = {k: int(n) for k, n in re.findall(r"(\w+)=(\d+)", output)}
        bodies = set(output.split("bodies ")[1].split())
        failures = {k: counted[k] for k in ("connect", "read", "write", "timeout", "other") if counted[k]}
        self.longest_ms = counted["longest_us"] / 1000
        return counted["requests"], failures, bodies


def carried(weir, count, **query):
    """Waits until exactly so many of those flows have answers, and returns their ids. wrk connects once
    before it begins: that connection is none of its flows."""
    def answered():
        ids = {flow["id"] for flow in weir.flows(**query) if flow["bytes_down"]}
        return ids if len(ids) == count else None
    return eventually(answered, f"{count} flows {query} have answers")


class Dnsperf:
    """dnsperf on a host, with that many sockets, each of which asks again and again."""

    def __init__(self, host, net, address, clients=10, outstanding=20, port=53, names=("one.lab.test A",),
                 max_rate=None, timeout=2):
        questions = f"{sandbox.WORK}/questions"
        with open(questions, "w") as file:
            file.write("".join(f"{name}\n" for name in names))
        self.program = host.start(
            "dnsperf", "-s", address.at(net), "-p", port, "-f", net.pick("inet", "inet6"), "-d", questions,
            "-l", _LONG, "-c", clients, "-q", outstanding, "-t", timeout,
            *(("-Q", max_rate) if max_rate else ()))

    def finish(self):
        """Ends it; (how many questions were answered well, how many were lost)."""
        _interrupt(self.program)
        output = self.program.expect_success().decode()
        said = {k.strip(): int(n) for k, n in re.findall(r"^ +([A-Z][\w ]+?): +(\d+)", output, re.M)}
        codes = dict(re.findall(r"([A-Z]+) (\d+) \(", output))
        assert set(codes) <= {"NOERROR"}, output
        self.output = output
        return int(codes.get("NOERROR", 0)), said.get("Queries lost", 0)


class Askers:
    """Clients that ask a DNS server for one.lab.test, each question from a socket of its own as resolvers
    do, one after the other until told to end."""

    QUESTION = b"\x12\x34\x01\0\0\1\0\0\0\0\0\0\3one\3lab\4test\0\0\1\0\1"

    def __init__(self, lab, net, client, address, count=4):
        self._net, self._client, self._address = net, client, address.at(net)
        self.answered, self.failures = 0, []
        self._over = threading.Event()
        self._tasks = [lab.task(self._ask) for _ in range(count)]

    def _ask(self):
        while not self._over.is_set():
            with self._client.udp(self._net, timeout=3) as asker:
                try:
                    asker.connect((self._address, 53))
                    asker.send(self.QUESTION)
                    answer = asker.recv(512)
                    assert answer[:2] == self.QUESTION[:2] and answer[7] == 1, answer
                    self.answered += 1
                except OSError as error:
                    self.failures.append(type(error).__name__)

    def wait_for(self, count):
        """Until so many more answers came."""
        wanted = self.answered + count
        eventually(lambda: self.answered >= wanted, f"{count} more answers")

    def finish(self):
        """Ends them; (how many questions were answered, why others were not)."""
        self._over.set()
        for task in self._tasks:
            task.result()
        return self.answered, self.failures
