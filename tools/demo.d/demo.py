#!/usr/bin/env python3
"""The demo behind tools/demo: real programs on both sides of a router that runs weir with
etc/demo.ini. Prints what the clients saw, whom the servers saw, and weir's flow records. Exit status 1
when something did not come out as etc/demo.ini says it should.
"""

import argparse
import os
import pathlib
import re
import signal
import sys

import page
import window

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/lab"))
from harness import FAMILIES, V4, eventually, sandbox  # noqa: E402
from harness.control import Control  # noqa: E402
from harness.lab import Lab  # noqa: E402

CONFIG = ROOT / "etc/demo.ini"
SOCKET = "/run/weir/control.sock"

PICTURE = """
  alice  192.0.2.11 ──┐                  ┌── north  198.51.100.10    nginx
                      ├── {router} ────────┼── east   198.51.100.140   nginx
  bob    192.0.2.12 ──┘   {weir}           └── south  203.0.113.20     nginx, dnsmasq
"""


class Demo:
    def __init__(self, weir):
        self.weir = weir
        self.lab = lab = Lab(weir)
        for server in lab.servers:
            lab.nginx(server)
        self.dns = lab.dnsmasq(lab.south)
        self.names = {host.at(net): host.name for host in lab.hosts for net in FAMILIES}
        for place in ("router_north", "router_east", "router_south"):
            self.names |= {getattr(lab.places, place).at(net): "router" for net in FAMILIES}
        os.mkdir("/run/weir")
        self.program = lab.router.start(weir, "run", "-c", CONFIG, name="weir")
        self.control = Control(SOCKET)
        self.program.until_ready(self.control.answers)
        lab.router.run(weir, "firewall", "apply", "-c", CONFIG, check=True)
        self.held = True  # whether everything came out as it should

    def expect(self, condition, text):
        if not condition:
            self.held = False
        return page.green(text) if condition else page.red(text + "  (unexpected)")

    def caller(self, address):
        return f"{address} ({self.names.get(address, '?')})"

    def web(self, net, client, server, rule, answers, sees):
        """One row: curl to that server; who should answer, and whom that one should see."""
        url = net.url(server, "/name")
        logs = {host: f"{self.lab.work}/nginx-{host}/access.log" for host in self.lab.servers}
        before = {host: os.path.getsize(path) for host, path in logs.items()}
        done = client.curl(url)
        answer = done.stdout.decode()
        host = next((h for h in self.lab.servers if h.name == answer), None)
        seen = "nothing"
        if host:
            eventually(lambda: os.path.getsize(logs[host]) > before[host], "nginx logs the request")
            with open(logs[host]) as file:
                file.seek(before[host])
                seen = file.read().split()[0]
        return [f"{client}$ curl {url}", rule, self.expect(answer in answers, answer or done.stderr.strip()),
                self.expect(self.names.get(seen) == sees, f"nginx: {self.caller(seen)}")]

    def resolve(self, net, client, asked, name, rule, sees, *options):
        since = len(self.dns.errors)
        answer = client.dig(asked, name, net.pick("A", "AAAA"), "+short", *options).strip()
        wanted = net.pick("192.0.2.201", "fd00::201")
        seen = eventually(lambda: re.findall(r"from (\S+)\n", self.dns.errors[since:]), "dnsmasq logs")[0]
        return [f"{client}$ dig @{asked} {name}{''.join(' ' + o for o in options)}",
                rule, self.expect(answer == wanted, answer),
                self.expect(self.names.get(seen) == sees,
                            f"dnsmasq: {self.caller(seen)}")]

    def refused(self, net, client, server):
        url = net.url(server, port=23)
        done = client.curl(url)
        return [f"{client}$ curl {url}", "no-telnet: reject", self.expect(done.returncode == 7, "refused"),
                "nothing"]

    def rows(self, net):
        lab = self.lab
        yield self.web(net, lab.alice, lab.north, "web: transparent", ("north",), "alice")
        yield self.web(net, lab.bob, lab.east, "web: transparent", ("east",), "bob")
        for _ in range(2):
            yield self.web(net, lab.alice, lab.south, "pool: forward", ("north", "east"), "router")
        yield self.resolve(net, lab.bob, lab.south.at(net), "one.lab.test", "dns-of-south: transparent",
                           "bob")
        yield self.resolve(net, lab.alice, lab.places.no_route.at(net), "one.lab.test", "dns: forward", "router")
        yield self.resolve(net, lab.bob, lab.south.at(net), "one.lab.test", "dns-tcp: bypass", "bob",
                           "+tcp")
        yield self.refused(net, lab.alice, lab.north)

    def records(self, count):
        """The flow records in weir's log, once there are that many."""
        def found():
            lines = re.findall(r"\S+Z flow (?:tcp|udp) .*", self.program.errors + self.program.output.decode())
            return len(lines) >= count and lines
        return eventually(found, f"weir wrote {count} flow records")

    def show(self):
        version = self.lab.router.run(self.weir, "version").stdout.decode().split("\n")[0]
        page.heading("weir, a transparent interception gateway", version)
        print(PICTURE.format(router=page.bold("router"), weir=page.blue("weir")))
        status = self.control.json("/v1/status")
        print(f"  The firewall hands TCP and UDP of any destination to port {status['port']}; "
              f"{status['workers']} workers forward it by etc/demo.ini.")
        page.heading("What was sent, what came back, whom the server saw")
        rows = []
        for net in FAMILIES:
            rows += [None, *self.rows(net)] if rows else [*self.rows(net)]
        page.table(("command", "rule", "the client got", "the server saw"), rows)
        page.heading("Flow records", "bypassed and refused flows never reach weir: they leave none")
        # Four web requests and two DNS queries a family; DNS flows end a second after their answer.
        for line in self.records(6 * len(FAMILIES)):
            page.record(line)
        print()

    def keep(self):
        inside = sandbox.entrance()
        page.heading("It stays until Ctrl-C. From another terminal, as root:")
        router, port = self.lab.places.router_lan.v4, 9080
        address = window.open_towards(lambda: self.lab.router.connect(V4, router, port))
        page.table(("to", "type"), [
            ["see the page", f"{address}  (in a browser)"],
            ["enter alice's host", f"{inside} ip netns exec alice bash"],
            ["see live flows", f"{inside} ip netns exec router {self.weir} flows"],
            ["see the router's rules", f"{inside} ip netns exec router nft list ruleset"],
            ["read the metrics", f"{inside} curl -s --unix-socket {SOCKET} http://weir/metrics"]])
        try:
            signal.pause()
        except KeyboardInterrupt:
            print()

    def end(self):
        self.lab.router.run(self.weir, "firewall", "remove", "-c", CONFIG)
        self.program.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weir", required=True)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    if options.keep:
        window.cut()
    sandbox.enter()
    demo = Demo(options.weir)
    try:
        demo.show()
        if options.keep:
            demo.keep()
    except AssertionError as error:
        sys.exit(f"demo: {error}\n{demo.program.report()}")
    finally:
        demo.end()
    if not demo.held:
        sys.exit("demo: something did not come out as etc/demo.ini says it should")


if __name__ == "__main__":
    main()
