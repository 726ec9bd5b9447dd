#!/usr/bin/env python3
"""Rules with windows switch by the clock on the wall, in the gateway and in the firewall. The clock is
not set here: the time zone is one in which noon is a few seconds away."""

import datetime
import json
import select
import signal
import time

from backends import for_each_backend
from echo_servers import answers, echoes, exchange, tcp
from harness import V4, case, endpoint, main
from harness.wait import TIMEOUT, eventually

NOON = 12 * 3600
SOON = 12  # seconds: weir starts meanwhile


def noon_in(seconds):
    """What starts a program in a zone whose noon comes so soon."""
    return noon_at(int(time.time()) + seconds)


def noon_at(moment):
    """The same in a zone whose noon is then (POSIX: west of UTC is positive)."""
    west = (moment - NOON) % 86400
    west = west - 86400 if west > 43200 else west
    sign, west = ("-" if west < 0 else ""), abs(west)
    return ("env", f"TZ=NOON{sign}{west // 3600}:{west // 60 % 60:02}:{west % 60:02}")


def clock_state(weir, name):
    rules = weir.control.json("/v1/rules")["rules"]
    return next(rule["when"] for rule in rules if rule["name"] == name)


@for_each_backend("a rule that the firewall decides begins when its window opens")
def firewall_opens(lab, net, backend):
    answers(lab, net, 80)
    with lab.weir("""
            [rule lunch]
            on = tcp/80
            when = 12:00-12:30
            use = reject

            [rule web]
            on = tcp/80
            use = direct
            """, backend=backend, keeps_firewall=True, prefix=noon_in(SOON)) as weir:
        if clock_state(weir, "lunch") == "from 12:00":
            assert tcp(lab, net, 80) != "refused"
        eventually(lambda: tcp(lab, net, 80) == "refused", "the rule holds", 2 * SOON)
        assert clock_state(weir, "lunch") == "matches now, until 12:30"


@for_each_backend("a rule that the firewall decides ends when its window closes")
def firewall_closes(lab, net, backend):
    answers(lab, net, 80)
    with lab.weir("""
            [rule morning]
            on = tcp/80
            when = 6:00-12:00
            use = reject
            """, backend=backend, keeps_firewall=True, prefix=noon_in(SOON)) as weir:
        if clock_state(weir, "morning") == "matches now, until 12:00":
            assert tcp(lab, net, 80) == "refused"
        eventually(lambda: tcp(lab, net, 80) != "refused", "the rule is over", 2 * SOON)
        assert clock_state(weir, "morning") == "from 06:00"


@case("new flows get another rule from the moment on in which a window opens, and live ones stay",
      only_weir="it is weir's rules")
def gateway_switches(lab, net):
    echoes(lab, net, 80)
    with lab.weir("""
            [rule lunch]
            on = tcp/80
            when = 12:00-12:30
            use = direct

            [rule web]
            on = tcp/80
            use = transparent
            """, prefix=noon_in(SOON)) as weir:
        with lab.alice.connect(net, lab.north.at(net), 80) as before:
            before_port = before.getsockname()[1]
            eventually(lambda: clock_state(weir, "lunch").startswith("matches"), "the window is open", 2 * SOON)

            def is_lunch():
                with lab.alice.connect(net, lab.north.at(net), 80) as after:
                    exchange(after, b"x")
                return weir.records(rule="lunch", upstream="direct")

            eventually(is_lunch, "the workers have switched, too", 1)
            exchange(before, b"x")
        weir.expect_record(rule="web", upstream="transparent", client=endpoint(lab.alice.at(net), before_port))


def ended_at(record):
    return datetime.datetime.fromisoformat(record["time"]).timestamp()


class LiveFlows:
    """Connections and datagrams of alice's to north that are answered, on ports 80 and 81."""

    def __init__(self, lab, net):
        self.lab, self.net, self.servers = lab, net, []
        self.tcp, self.udp = {}, {}
        for port in (80, 81):
            lab.serve(lab.north.listen(net, port), self._serve)
            lab.respond(lab.north.udp(net, port), lambda data, peer: data)

    def _serve(self, connection):
        port = connection.getsockname()[1]
        try:
            while data := connection.recv(65536):
                connection.sendall(data)
        except ConnectionResetError:
            self.servers.append(port)

    def open(self):
        for port in (80, 81):
            self.tcp[port] = self.lab.closing(self.lab.alice.connect(self.net, self.lab.north.at(self.net), port))
            self.udp[port] = self.lab.closing(self.lab.alice.udp(self.net))
            self.udp[port].connect((self.lab.north.at(self.net), port))
            self.go_on(port)

    def go_on(self, port):
        exchange(self.tcp[port], b"still there?")
        assert self.asks(port) == "answered"

    def asks(self, port):
        """How a datagram is answered."""
        try:
            self.udp[port].send(b"still there?")
            return "answered" if self.udp[port].recv(100) else "?"
        except ConnectionRefusedError:
            return "refused"

    def is_reset(self, port):
        """Whether the client has heard so, without saying anything."""
        if not select.select([self.tcp[port]], [], [], 0)[0]:
            return False
        try:
            assert self.tcp[port].recv(1) == b"", "the server said something"
            raise AssertionError("a clean close")
        except ConnectionResetError:
            return True


@for_each_backend("at-change = close: a window that opens ends the live flows that it takes, and no others")
def opening_closes(lab, net, backend):
    live = LiveFlows(lab, net)
    noon = int(time.time()) + SOON
    with lab.weir("""
            [rule lunch]
            on = any/80
            when = 12:00-12:30
            at-change = close
            use = reject

            [rule web]
            on = any/80, any/81
            use = transparent
            """, backend=backend, keeps_firewall=True, prefix=noon_at(noon)) as weir:
        live.open()
        assert clock_state(weir, "lunch") == "from 12:00 (at-change = close)", "the machine is too slow for this"
        eventually(lambda: live.is_reset(80), "the client hears a reset", 2 * SOON)
        for protocol in ("tcp", "udp"):
            record = weir.expect_record(protocol=protocol, rule="web", end="time-over",
                                        destination=endpoint(lab.north.at(net), 80))
            assert noon <= ended_at(record) < noon + 1, record
        eventually(lambda: live.servers == [80], "the server hears a reset, too")
        eventually(lambda: tcp(lab, net, 80) == "refused" and live.asks(80) == "refused",
                   "the firewall's rules have switched")
        live.go_on(81)
        assert not weir.records(destination=endpoint(lab.north.at(net), 81))


@for_each_backend("at-change = close: a window that closes ends the live flows of its rule, and no others",
                  families=(V4,))
def closing_closes(lab, net, backend):
    live = LiveFlows(lab, net)
    noon = int(time.time()) + SOON
    with lab.weir("""
            [rule morning]
            on = any/80
            when = 6:00-12:00
            at-change = close
            use = direct

            [rule web]
            on = any/80, any/81
            use = transparent
            """, backend=backend, keeps_firewall=True, prefix=noon_at(noon)) as weir:
        live.open()
        assert clock_state(weir, "morning").startswith("matches now"), "the machine is too slow for this"
        eventually(lambda: live.is_reset(80), "the client hears a reset", 2 * SOON)
        for protocol in ("tcp", "udp"):
            record = weir.expect_record(protocol=protocol, rule="morning", end="time-over")
            assert noon <= ended_at(record) < noon + 1, record
        live.go_on(81)
        # What the client says next goes by the rules of now.
        assert live.asks(80) == "answered"
        with lab.alice.connect(net, lab.north.at(net), 80) as after:
            exchange(after, b"x")
            assert sorted(flow["rule"] for flow in weir.flows()) == ["web"] * 4, weir.flows()


@for_each_backend("a window that opens ends flows that the firewall let pass, with their next packet", families=(V4,))
def bypassed_flows_end(lab, net, backend):
    live = LiveFlows(lab, net)
    with lab.weir("""
            [rule lunch]
            on = any/80
            when = 12:00-12:30
            at-change = close
            use = reject
            """, backend=backend, keeps_firewall=True, prefix=noon_in(SOON)) as weir:
        live.open()
        assert not weir.flows()
        eventually(lambda: clock_state(weir, "lunch").startswith("matches"), "the window is open", 2 * SOON)

        def is_cut():
            try:
                exchange(live.tcp[80], b"x")
                return False
            except ConnectionResetError:
                return True
        eventually(is_cut, "the connection is cut")
        eventually(lambda: live.asks(80) == "refused", "the datagrams are refused")
        live.go_on(81)
        assert not weir.records()


@case("at-change = close holds through a takeover: flows end by the clock in both processes",
      (V4,), only_weir="it is weir's life")
def takeover_closes(lab, net):
    live = LiveFlows(lab, net)
    noon = int(time.time()) + 2 * SOON
    with lab.weir("""
            [rule lunch]
            on = any/80
            when = 12:00-12:30
            at-change = close
            use = direct

            [rule web]
            on = any/80, any/81
            use = transparent

            [timeouts]
            drain = 60s
            """, prefix=noon_at(noon)) as weir:
        live.open()
        before = weir.take_over(prefix=noon_at(noon))
        assert time.time() < noon, "the machine is too slow for this"
        for protocol in ("tcp", "udp"):  # the one in the process before, the other in its successor
            record = weir.expect_record(2 * SOON + TIMEOUT, protocol=protocol, rule="web", end="time-over",
                                        destination=endpoint(lab.north.at(net), 80))
            assert noon <= ended_at(record) < noon + 2, record  # the old process looks once a second
        live.go_on(81)
        live.tcp[81].close()
        assert before.wait(30) == 0


@case("a window that opens while a takeover is under way ends the flows that it takes",
      (V4,), only_weir="it is weir's life")
def takeover_in_between(lab, net):
    live = LiveFlows(lab, net)
    noon = int(time.time()) + SOON
    with lab.weir("""
            [rule lunch]
            on = any/80
            when = 12:00-12:30
            at-change = close
            use = direct

            [rule web]
            on = any/80, any/81
            use = transparent
            """, prefix=noon_at(noon)) as weir:
        live.open()
        eventually(lambda: time.time() > noon - 0.5, "it is nearly noon", SOON)
        before = weir.program
        before.signal(signal.SIGSTOP)
        try:
            assert time.time() < noon, "the machine is too slow for this"
            weir.program = weir.successor(prefix=noon_at(noon))
            eventually(lambda: time.time() > noon + 0.5, "it is noon")
        finally:
            before.signal(signal.SIGCONT)
        for protocol in ("tcp", "udp"):
            weir.expect_record(protocol=protocol, rule="web", end="time-over",
                               destination=endpoint(lab.north.at(net), 80))
        weir.program.until_ready(lambda: weir.serving_process() == weir.program.pid)
        assert live.asks(81) == "answered"
        live.tcp[81].close()
        assert before.wait(60) == 0


@case("explain says what another time would bring, and why a rule does not hold then", only_weir="it is weir's rules")
def explained(lab, net):
    with lab.weir("""
            [rule night]
            on = tcp/80
            when = mon-fri 20:00-07:00
            at-change = close
            use = direct

            [rule web]
            on = tcp/80
            use = transparent
            """) as weir:
        def explain(when):
            done = weir.cli("explain", "-c", weir.config, "--json", "--time", when, "tcp", lab.alice.at(net),
                            endpoint(lab.north.at(net), 80))
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)
        by_night = explain("2026-07-06T20:00:00Z")
        assert by_night["rule"] == "night"
        assert by_night["because"] == ["it matches now, until 07:00 (at-change = close)"], by_night
        assert explain("2026-07-07T06:59:59+00:00")["rule"] == "night"
        by_day = explain("2026-07-07T12:00:00Z")
        assert by_day["rule"] == "web"
        assert by_day["not_rules"][0]["why"] == "it is Tue 12:00, the rule holds mon-fri 20:00-07:00 (from 20:00)", by_day
        refused = weir.cli("explain", "-c", weir.config, "--time", "noon", "tcp", lab.alice.at(net),
                           endpoint(lab.north.at(net), 80))
        assert refused.returncode == 2 and "'noon' is no time" in refused.stderr, refused


if __name__ == "__main__":
    main()
