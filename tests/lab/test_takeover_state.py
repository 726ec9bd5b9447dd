#!/usr/bin/env python3
"""`weir run --takeover`: what goes along besides flows. What was learnt of servers, the firewall's rules, the
page's address, the service manager."""

import os
import re
import socket

from backends import for_each_backend
from harness import V4, case, endpoint, eventually, main
from harness.host import read_all
from takeover_fixture import CONFIG, NO_FAMILY, OWN, config


@case("what was learnt of servers goes along: health, the operator's state and weight, names", NO_FAMILY,
      only_weir=OWN)
def learnt(lab):
    lab.dnsmasq(lab.north)
    text = f"""
[dns]
servers = {lab.north.v4}
min-ttl = 10m
max-ttl = 10m

[rule web]
on = tcp/7970
use = pool

[upstream pool]
type = forward
server = named=www.lab.test:7902
server = dead=198.51.100.10:7999
server = idle=198.51.100.10:7903
check = connect
check-interval = 100ms
check-timeout = 100ms
eject-after = 1
"""
    lab.serve(lab.north.listen(V4, 7902), lambda connection: connection.sendall(b"x"))
    with lab.weir(text) as weir:
        def servers():
            [pool] = [u for u in weir.control.json("/v1/upstreams")["upstreams"] if u["name"] == "pool"]
            return {server["name"]: server for server in pool["servers"]}
        eventually(lambda: servers()["dead"]["state"] == "down", "the dead server is found out")
        eventually(lambda: servers()["named"].get("addresses"), "the name is known")
        weir.live("set-server", "pool", "idle", "drain", check=True)
        weir.live("set-server", "pool", "named", "weight=7", check=True)
        before = servers()

        def asked():
            return lab.dnsmasq(lab.north).errors.count("query[A] www.lab.test")
        questions = asked()
        assert questions > 0
        assert weir.take_over().wait(20) == 0
        after = servers()
        for name in before:
            for key in ("state", "weight", "addresses", "why"):
                assert after[name].get(key) == before[name].get(key), (name, key, before[name], after[name])
        with lab.alice.connect(V4, lab.north.v4, 7970) as client:
            assert read_all(client) == b"x"
        assert asked() == questions  # the answer is good for ten minutes


@for_each_backend("the successor keeps the firewall's rules, and its death is answered as on-failure says",
                  families=NO_FAMILY)
def firewall(lab, backend):
    lab.serve(lab.north.listen(V4, 7902), lambda connection: connection.sendall(read_all(connection)))

    def rules():
        command = ["nft", "list", "ruleset"] if backend == "nft" else ["iptables-save"]
        return lab.router.run(*command).stdout

    def reaches():
        try:
            with lab.alice.connect(V4, lab.north.at(V4), 7902, timeout=3) as fresh:
                fresh.sendall(b"hi")
                fresh.shutdown(socket.SHUT_WR)
                return read_all(fresh) == b"hi"
        except OSError:
            return False

    def cleanup_process():
        return b"weir-firewall-guardian" in lab.router.run("cat", "/proc/net/unix").stdout
    for how in ("open", "closed"):
        text = CONFIG + f"[firewall]\non-failure = {how}\n"
        with lab.weir(text, backend=backend, keeps_firewall=True) as weir:
            assert b"7900" in rules()
            refused = lab.router.run(lab.weir_path, "run", "--takeover", "-c", weir.config)
            assert refused.returncode == 1 and "add --firewall" in refused.stderr, refused
            assert weir.take_over().wait(20) == 0
            assert b"7900" in rules() and reaches()
            # More ports with the next one.
            more = "\n[rule more]\non = tcp/7888\nuse = direct\n"
            assert weir.take_over(text + more).wait(20) == 0
            assert b"7888" in rules() and reaches()
            # What others take away is put back, by one.
            if backend == "nft":
                lab.router.run("nft", "delete", "table", "inet", "weir", check=True)
            else:
                lab.router.run("iptables", "-t", "mangle", "-F", "PREROUTING", check=True)
            eventually(lambda: b"7888" in rules() and weir.status()["firewall"]["repairs"] == 1,
                       "the rules are put back")
            assert cleanup_process() == (backend == "iptables")
            weir.kill()
            if how == "open":
                eventually(reaches, "traffic passes without the gateway")
            else:
                eventually(lambda: not cleanup_process(), "the cleanup process has done its work")
                assert not reaches()


@case("admin.http is the successor's, on the same address or another", only_weir=OWN)
def http(lab, net):
    def answered_by(port):
        with lab.router.connect(net, lab.places.router_lan.at(net), port) as asked:
            asked.sendall(b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return re.search(rb'"pid":\s*(\d+)', read_all(asked))

    def is_answered_by(port, program):
        try:
            found = answered_by(port)
        except OSError:
            return False
        return found is not None and int(found[1]) == program.pid
    address = lab.places.router_lan.at(net)
    with lab.weir(config(net), firewall=False) as weir:
        for port in (9180, 9180, 9181):
            with open(weir.config) as file:
                text = re.sub(r"\nhttp = .*", "", file.read())
            with open(weir.config, "w") as file:
                file.write(text.replace("[admin]", f"[admin]\nhttp = {endpoint(address, port)}"))
            assert weir.take_over().wait(20) == 0
            eventually(lambda: is_answered_by(port, weir.program), "the successor answers")  # noqa: B023


@case("a service manager is told of the successor, which goes on beating", NO_FAMILY, only_weir=OWN)
def main_pid(lab):
    path = f"{lab.work}/takeover-notify.sock"
    manager = lab.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    manager.bind(path)
    manager.settimeout(20)

    def hears(word):
        while True:
            fields = dict(line.split("=", 1) for line in manager.recv(4096).decode().splitlines())
            if word in fields:
                return fields[word]
    with lab.weir(CONFIG, firewall=False, prefix=("env", f"NOTIFY_SOCKET={path}", "WATCHDOG_USEC=200000")) as weir:
        hears("READY")
        weir.take_over()
        assert hears("MAINPID") == str(weir.program.pid)
        hears("READY")
        for _ in range(3):
            hears("WATCHDOG")
    os.unlink(path)


if __name__ == "__main__":
    main()
