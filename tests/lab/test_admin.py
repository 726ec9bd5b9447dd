#!/usr/bin/env python3
"""The admin interface under use and misuse: the API on the control socket, read-only HTTP, metrics."""

import json
import os
import socket
import stat
import time

from harness import V4, case, eventually, main
from harness.host import read_all

CONFIG = """
[gateway]
workers = 1

[rule rest]
on = any/7950-7960
use = transparent

[rule web]
on = tcp/80
use = pool

[upstream pool]
type = forward
server = web1=198.51.100.10:80

[rule refused]
on = udp/9999
use = reject
"""
OWN = "it is weir's interface"
NO_FAMILY = (None,)


def http_at(lab, net=None, port=9080):
    place = lab.places.router_lan
    address = place.v4 if net is None or net.version == 4 else f"[{place.v6}]"
    return f"{address}:{port}"


def with_http(lab, net=None, port=9080):
    return CONFIG + f"\n[admin]\nhttp = {http_at(lab, net, port)}\n"


@case("admin.http serves the page, JSON and metrics, and changes nothing", only_weir=OWN)
def read_only(lab, net):
    with lab.weir(with_http(lab, net)) as weir:
        url = f"http://{http_at(lab, net)}"
        assert b"weir_flows" in lab.alice.curl(url + "/metrics").stdout
        assert b"</html>" in lab.alice.curl(url + "/").stdout
        assert json.loads(lab.alice.curl(url + "/v1/status").stdout)["port"] == 50080
        for method, path in (("POST", "/v1/reload"), ("POST", "/v1/drain"), ("DELETE", "/v1/flows/x"),
                             ("PATCH", "/v1/log")):
            done = lab.alice.run("curl", "-s", "-X", method, "-w", "%{http_code}", url + path)
            body, code = done.stdout[:-3], done.stdout[-3:]
            assert code == b"405" and json.loads(body)["errors"], done.stdout
        status = weir.status()
        assert not status["draining"] and status["reloads"] == 0, status


@case("admin.http is asked by address, or by a name that was given, and by no other", only_weir=OWN)
def host_names(lab, net):
    with lab.weir(with_http(lab, net)) as weir:
        def answer(host):
            done = lab.alice.run("curl", "-s", "-w", "%{http_code}", "-H", f"Host: {host}",
                                 f"http://{http_at(lab, net)}/v1/flows")
            return done.stdout[-3:].decode(), done.stdout[:-3]

        assert answer(http_at(lab, net))[0] == answer("localhost:9080")[0] == "200"
        for name in ("evil.example", "evil.example:9080", "router.lan"):
            code, body = answer(name)
            assert code == "421" and "http-host" in json.loads(body)["errors"][0], (name, code, body)
        assert weir.reload(with_http(lab, net) + "http-host = Router.lan\n").returncode == 0
        assert answer("router.LAN:9080")[0] == "200"
        assert answer("evil.example")[0] == "421"


@case("one address holds at most eight connections to admin.http, and shuts no other address out", only_weir=OWN)
def per_address(lab, net):
    with lab.weir(with_http(lab, net)) as weir:
        place = lab.places.router_lan
        crowd = [lab.closing(lab.alice.connect(net, place.at(net), 9080)) for _ in range(100)]
        for one in crowd[8:]:
            assert read_all(one) == b""  # closed at once
        assert lab.bob.curl(f"http://{http_at(lab, net)}/v1/status", timeout=5).returncode == 0
        assert weir.status()["tcp_flows"] == 0


@case("admin.http comes, moves and goes with a reload", NO_FAMILY, only_weir=OWN)
def moves(lab):
    with lab.weir(CONFIG) as weir:
        def answers(port):
            return lab.alice.curl(f"http://{http_at(lab, port=port)}/v1/status").returncode == 0
        assert not answers(9080)
        assert weir.reload(with_http(lab)).returncode == 0
        assert answers(9080)
        assert weir.reload(with_http(lab, port=9081)).returncode == 0
        assert answers(9081) and not answers(9080)
        lab.closing(lab.router.listen(V4, 9082))
        refused = weir.reload(with_http(lab, port=9082))
        assert refused.returncode == 1 and "9082" in refused.stderr, refused
        assert answers(9081), "a reload that fails leaves everything as it was"
        assert weir.reload(CONFIG).returncode == 0
        assert not answers(9081)


@case("1,000 silent connections slow neither flows nor the control socket", NO_FAMILY, only_weir=OWN)
def crowd(lab):
    lab.nginx(lab.north)
    with lab.weir(with_http(lab)) as weir:
        before = weir.descriptors()
        crowd = []
        address, port = http_at(lab).split(":")
        with lab.alice.inside():
            for _ in range(1000):
                one = socket.socket()
                one.setblocking(False)
                one.connect_ex((address, int(port)))
                crowd.append(lab.closing(one))
        local = []
        for i in range(1000):
            one = socket.socket(socket.AF_UNIX)
            one.setblocking(False)
            if one.connect_ex(weir.control.path) == 0:
                one.send(b"GET /v1/sta" if i % 2 else b"")
            local.append(lab.closing(one))
        eventually(lambda: weir.descriptors() >= before + 64, "the crowd is let in")
        assert lab.alice.curl("http://198.51.100.10/1KiB").returncode == 0
        assert weir.descriptors() <= before + 2 * 64 + 32, "connections are bounded"
        for one in local:
            one.close()
        assert weir.status()["tcp_flows"] == 0
        for one in crowd:
            one.close()
        # Those that wait in the backlog are taken, and counted for this address, before they are seen to be gone.
        eventually(lambda: lab.alice.curl(f"http://{http_at(lab)}/v1/status", timeout=5).returncode == 0,
                   "admin.http serves the address whose crowd is gone", within=30)


@case("a flow that is closed is reset and recorded as killed; others go on", only_weir=OWN)
def close(lab, net):
    for port in (7950, 7951):
        lab.serve(lab.north.listen(net, port), lambda connection: read_all(connection))
    lab.respond(lab.north.udp(net, 7952), lambda data, peer: data)
    with lab.weir(CONFIG) as weir:
        address = lab.north.at(net)
        first = lab.closing(lab.alice.connect(net, address, 7950))
        other = lab.closing(lab.alice.connect(net, address, 7951))
        with lab.alice.udp(net) as client:
            client.sendto(b"?", (address, 7952))
            assert client.recv(10) == b"?"
            weir.expect_flows(3)
            [udp] = weir.flows(protocol="udp")
            [tcp] = [flow for flow in weir.flows(protocol="tcp") if flow["destination"].endswith(":7950")]
            done = weir.live("close", tcp["id"], udp["id"], "nobody-0-1")
            assert done.returncode == 1, done
            assert done.stdout.decode() == f"closed {tcp['id']}\nclosed {udp['id']}\n", done
            assert "nobody-0-1" in done.stderr, done
        try:
            assert first.recv(1) == b"?", "a closed flow ends with a reset, not cleanly"
        except ConnectionResetError:
            pass
        weir.expect_record(id=tcp["id"], end="killed")
        weir.expect_record(id=udp["id"], end="killed")
        [left] = weir.flows()
        assert left["destination"].endswith(":7951")
        status, text = weir.control.request("DELETE", f"/v1/flows/{tcp['id']}")
        assert status == 404 and json.loads(text)["errors"], text
        other.close()


@case("drain lets flows finish, takes no new ones, and then weir ends", only_weir=OWN)
def drain(lab, net):
    lab.serve(lab.north.listen(net, 7950), lambda connection: connection.sendall(read_all(connection)))
    with lab.weir(CONFIG + "[timeouts]\ndrain = 60s\n") as weir:
        held = lab.closing(lab.alice.connect(net, lab.north.at(net), 7950))
        held.sendall(b"still ")
        weir.expect_flows(1)
        answer = json.loads(weir.live("drain", "--json", check=True).stdout)
        assert answer == {"draining": True, "tcp_flows": 1, "udp_flows": 0}, answer
        weir.live("drain", check=True)  # again changes nothing
        assert weir.status()["draining"]
        assert b"draining" in weir.live("status", check=True).stdout
        held.sendall(b"here")
        held.shutdown(socket.SHUT_WR)
        assert read_all(held) == b"still here"
        assert weir.program.wait(20) == 0
        weir.expect_record(end="closed")


@case("while draining a UDP flow is served both ways and a new one is refused", only_weir=OWN)
def drain_of_udp(lab, net):
    server, other = (lab.closing(lab.north.udp(net, port)) for port in (7953, 7954))
    client = lab.closing(lab.alice.udp(net))
    with lab.weir(CONFIG + "[timeouts]\ndrain = 60s\nudp-idle = 2s\n") as weir:
        def exchange():
            client.sendto(b"question", server.getsockname()[:2])
            data, seen = server.recvfrom(100)
            server.sendto(b"answer", seen)
            data, peer = client.recvfrom(100)
            assert (data, peer[:2]) == (b"answer", server.getsockname()[:2])
            return seen
        source = exchange()
        weir.live("drain", check=True)
        for _ in range(3):
            assert exchange() == source
            client.sendto(b"too late", other.getsockname()[:2])
            other.sendto(b"unasked", source)
        weir.expect_event("draining", 6)
        other.settimeout(0)
        try:
            raise AssertionError(f"a new flow was served: {other.recv(100)}")
        except BlockingIOError:
            pass
        assert exchange() == source
        assert weir.program.wait(20) == 0  # not before the last flow has ended
        weir.expect_record(protocol="udp", end="idle", packets_up=5, packets_down=5)


@case("the log level changes at once and is the file's again after a reload", NO_FAMILY, only_weir=OWN)
def log_level(lab):
    with lab.weir(CONFIG, firewall=False) as weir:
        assert weir.live("log-level", "loud").returncode == 2
        weir.live("log-level", "error", check=True)
        assert weir.status()["log_level"] == "error"
        weir.live("log-level", "debug", "-c", weir.config, check=True)
        assert weir.status()["log_level"] == "debug"
        assert weir.reload().returncode == 0
        assert weir.status()["log_level"] == "info"
        status, text = weir.control.request("PATCH", "/v1/log", '{"level":"loud"}')
        assert status == 400 and json.loads(text)["errors"], text


@case("-c finds the control socket", NO_FAMILY, only_weir=OWN)
def config_option(lab):
    with lab.weir(CONFIG, firewall=False) as weir:
        status = json.loads(weir.cli("status", "-c", weir.config, "--json", check=True).stdout)
        assert status["pid"] == weir.program.pid
        assert weir.cli("status").returncode == 1  # nothing listens on the standard socket


@case("promtool has nothing to say about the metrics, and what happened is in them", only_weir=OWN)
def metrics(lab, net):
    lab.nginx(lab.north)
    lab.respond(lab.north.udp(net, 7950), lambda data, peer: data)
    with lab.weir(CONFIG) as weir:
        if net.version == 4:
            assert lab.alice.curl(net.url(lab.south, "/1KiB")).returncode == 0
        with lab.alice.udp(net) as client:
            for _ in range(3):
                client.sendto(b"12345", (lab.north.at(net), 7950))
                assert client.recv(10) == b"12345"
        text = weir.control.get("/metrics")[1]
        done = lab.router.run("promtool", "check", "metrics", input=text.encode())
        assert done.returncode == 0 and not done.stdout and not done.stderr, (done.stdout, done.stderr)
        assert weir.metric("weir_rule_datagrams_total", rule="rest", direction="up") == 3
        assert weir.metric("weir_upstream_datagrams_total", upstream="transparent", direction="down") == 3
        assert weir.metric("weir_rule_first_byte_seconds_count", rule="rest") == 1
        assert weir.metric("weir_worker_turn_seconds_count", worker="0") > 0
        assert weir.metric("weir_worker_longest_turn_seconds", worker="0") > 0
        if net.version == 4:
            assert weir.metric("weir_upstream_connect_seconds_count", upstream="pool") == 1
            assert weir.metric("weir_upstream_first_byte_seconds_count", upstream="pool") == 1
            assert weir.metric("weir_server_up", upstream="pool", server="web1") == 1


@case("reading rules and metrics starts nft once a second at most, and counts survive a reload",
      NO_FAMILY, only_weir=OWN)
def kernel_counters(lab):
    folder = f"{lab.work}/counting"
    os.makedirs(folder, exist_ok=True)
    real = lab.router.run("sh", "-c", "command -v nft", check=True).stdout.decode().strip()
    with open(f"{folder}/nft", "w") as file:
        file.write(f"#!/bin/sh\necho run >> {folder}/runs\nexec {real} \"$@\"\n")
    os.chmod(f"{folder}/nft", 0o755)

    def runs():
        try:
            with open(f"{folder}/runs") as file:
                return len(file.readlines())
        except FileNotFoundError:
            return 0

    with lab.weir(CONFIG, prefix=("env", f"PATH={folder}:{os.environ['PATH']}")) as weir:
        def packets():
            rules = weir.control.json("/v1/rules")["rules"]
            return next(rule for rule in rules if rule["name"] == "refused")["firewall_packets"]

        with lab.alice.udp(V4) as client:
            for _ in range(4):
                client.sendto(b"?", ("198.51.100.10", 9999))
        eventually(lambda: packets() == 4, "the kernel's count arrives")
        before, began = runs(), time.monotonic()
        for _ in range(40):
            packets()
            weir.control.get("/metrics")
        took = time.monotonic() - began
        # A reading is `nft list` twice: is there a table, and its counters.
        assert runs() - before <= 2 * (took + 2), (runs() - before, took)
        assert weir.reload().returncode == 0
        assert packets() == 4, "what was counted before a reload counts"


@case("a scrape costs no worker's time, with 1,000 servers and flows aplenty", NO_FAMILY, only_weir=OWN,
      limit=240)
def scrape(lab):
    net = V4
    servers = "\n".join(f"server = s{i}=198.51.100.10:{10000 + i}" for i in range(1000))
    text = CONFIG + f"\n[upstream many]\ntype = forward\n{servers}\n\n[rule many]\non = tcp/81\nuse = many\n"
    lab.serve(lab.north.listen(net, 7950, backlog=4096), lambda connection: connection.recv(1))
    with lab.weir(text) as weir:
        held = [lab.closing(lab.alice.connect(net, lab.north.at(net), 7950)) for _ in range(500)]
        weir.expect_flows(500)

        def worker_ns():
            folder = f"/proc/{weir.program.pid}/task"
            for task in os.listdir(folder):
                with open(f"{folder}/{task}/comm") as file:
                    if file.read().strip() == "worker-0":
                        with open(f"{folder}/{task}/schedstat") as stat_file:
                            return int(stat_file.read().split()[0])
            raise AssertionError("no thread is called worker-0")

        before, scrapes = worker_ns(), 10
        for _ in range(scrapes):
            assert weir.control.get("/metrics")[1].count("weir_server_up") >= 1000
        cost = (worker_ns() - before) / scrapes / 1e6
        assert cost < 5, f"a scrape costs {cost} ms of the worker's time"
        # The page looks at every flow, once a second however many ask.
        before = worker_ns()
        for _ in range(scrapes):
            weir.control.get("/")
        cost = (worker_ns() - before) / scrapes / 1e6
        assert cost < 5, f"the page costs {cost} ms of the worker's time"
        assert len(held) == 500


@case("the busiest clients and flows are found by what they move now", only_weir=OWN)
def busiest(lab, net):
    def acknowledge(connection):
        while data := connection.recv(1 << 16):
            connection.sendall(b"." * data.count(b"!"))
    lab.serve(lab.north.listen(net, 7950), acknowledge)
    with lab.weir(CONFIG) as weir:
        quiet = [lab.closing(lab.bob.connect(net, lab.north.at(net), 7950)) for _ in range(30)]
        for one in quiet:
            one.sendall(bytes(100_000))
        busy = lab.closing(lab.alice.connect(net, lab.north.at(net), 7950))
        weir.expect_flows(31)

        def alice_first():
            busy.sendall(bytes(999) + b"!")  # something moves between any two answers
            assert busy.recv(1) == b"."
            answer = weir.control.json("/v1/top")
            return (answer["clients"][0]["client"] == lab.alice.at(net)
                    and answer["clients"][0]["bytes_per_second"] > 0
                    and answer["flows"][0]["client"].startswith(
                        lab.alice.at(net) if net.version == 4 else f"[{lab.alice.at(net)}")
                    and answer["flows_total"] == 31 and answer["clients_total"] == 2)
        eventually(alice_first, "alice is the busiest although bob has moved more")


@case("the control socket is its owner's and group's", NO_FAMILY, only_weir=OWN)
def mode(lab):
    with lab.weir(CONFIG, firewall=False) as weir:
        assert stat.S_IMODE(os.stat(weir.control.path).st_mode) == 0o660


if __name__ == "__main__":
    main()
