#!/usr/bin/env python3
"""Servers that are probed, groups that fail over, and what an operator wants of a server."""

import collections
import json

import pools
from harness import case, endpoint, eventually, main
from pools import REFUSING, SILENT, Load, ask, at, config, gone, serve_names, server, wait_for_state

POOL = "pools go where plain routing does not"
FAST = {"check_interval": "100ms", "check_timeout": "150ms", "rise": 2, "fall": 2}


def all_of(lab, net):
    return [at(host, net) for host in lab.servers]


@case("a server that does not accept probes gets no flows until it does again", only_weir=POOL)
def connect(lab, net):
    serve_names(lab, net)
    text = config(all_of(lab, net), check="connect", eject_after=0, **FAST)
    with lab.weir(text + "[timeouts]\nconnect = 1s\n") as weir, Load(lab, net) as load:
        for host, how, why in ((lab.east, REFUSING, "refused"), (lab.south, SILENT, "no connection within")):
            with gone(host, how):
                state = wait_for_state(weir, host.name, "down")
                assert why in state["why"] and state["since_ms"] >= 0 and state["check_ms"] > 0, state
                load.wait_for_all({"north", "east", "south"} - {host.name})
            wait_for_state(weir, host.name, "up")
        load.wait_for_all(["north", "east", "south"])
        assert not load.failures, load.failures[:5]
        lines = [line for line in pools_log(weir) if "server pool/" in line]
        assert [line.split("server ")[1].split(":")[0].split('"')[0] for line in lines] == [
            "pool/east is down", "pool/east is up", "pool/south is down", "pool/south is up"], lines


@case("while a server stays down its reason is that of the last check", only_weir=POOL)
def other_reason(lab, net):
    text = config([at(lab.north, net)], check="send:PING expect:PONG", **FAST)
    with lab.weir(text) as weir:
        assert "refused" in wait_for_state(weir, "north", "down")["why"]
        lab.serve(lab.north.listen(net, pools.PORT), lambda connection: (connection.recv(16), connection.sendall(b"busy")))
        eventually(lambda: "the answer is another one" in server(weir, "north")["why"], "the reason is the last one")
        assert server(weir, "north")["state"] == "down"
        assert len([line for line in pools_log(weir) if "server pool/" in line]) == 1, pools_log(weir)


def pools_log(weir):
    with open(weir.log, errors="replace") as file:
        return file.read().splitlines()


@case("checks are told from flows: they leave no record and are not intercepted", only_weir=POOL)
def no_records(lab, net):
    serve_names(lab, net)
    with lab.weir(config(all_of(lab, net), check="connect", **FAST)) as weir:
        eventually(lambda: all(server(weir, host.name)["check_ms"] for host in lab.servers), "all are probed")
        assert weir.records() == [] and weir.flows() == []


@case("the text that a check sends and expects decides", only_weir=POOL)
def exchange(lab, net):
    def hello(answer):
        def serve(connection):
            if connection.recv(100) == b"PING\r\n":
                connection.sendall(answer)
        return serve
    for host, answer in zip(lab.servers, (b"+PONG\r\n", b"-LOADING\r\n", b"")):
        lab.serve(host.listen(net, pools.PORT), hello(answer))
        lab.respond(host.udp(net, pools.PORT), lambda data, peer, answer=answer: (data == b"PING\r\n" and answer)
                    or None)
    for words in ("", "udp "):
        check = words + r"send:PING\r\n expect:+PONG"
        with lab.weir(config(all_of(lab, net), check=check, **FAST)) as weir:
            east = wait_for_state(weir, "east", "down")
            south = wait_for_state(weir, "south", "down")
            assert server(weir, "north")["state"] == "up"
            if words:
                assert "no answer within" in east["why"] and "no answer within" in south["why"]
            else:
                assert "the answer is another one" in east["why"]
                assert "closed without an answer" in south["why"]


@case("while every server is down the flow ends as no-server", only_weir=POOL)
def all_down(lab, net):
    with lab.weir(config([at(lab.north, net, port=7699)], check="connect", **FAST)) as weir:
        wait_for_state(weir, "north", "down")
        try:
            assert ask(lab, net) == "reset", "a clean close"
        except (ConnectionResetError, ConnectionRefusedError):
            pass
        weir.expect_record(end="no-server")


@case("a group fails over to its next member and back, and ends with a built-in", only_weir=POOL)
def group(lab, net):
    serve_names(lab, net)
    text = (f"[rule all]\non = any/{pools.PORT}\nuse = all\n"
            "[upstream all]\ntype = group\nmembers = first, second, reject\n"
            + pools.pool("first", [at(lab.north, net)], check="connect", **FAST)
            + pools.pool("second", [at(lab.east, net)], check="connect", **FAST))
    with lab.weir(text) as weir, Load(lab, net) as load:
        load.wait_for_all(["north"])
        with gone(lab.north, REFUSING):
            load.wait_for_all(["east"])
            record = weir.expect_record(server="east", end="closed")
            assert (record["upstream"], record["member"]) == ("all", "second"), record
        load.wait_for_all(["north"])
        assert not load.failures, load.failures[:5]
        counted = {one["name"]: one for one in weir.control.json("/v1/upstreams")["upstreams"]}
        for name, least in (("first", 20), ("second", 10)):
            assert counted[name]["flows_total"] >= least and counted[name]["bytes_down"] > 0, counted[name]
        assert counted["all"]["flows_total"] >= counted["first"]["flows_total"] + counted["second"]["flows_total"]
        explained = weir.cli("explain", "-c", weir.config, "tcp", lab.alice.at(net),
                             endpoint(lab.south.at(net), pools.PORT)).stdout.decode()
        assert "first: north" in explained and "second: east" in explained and "reject" in explained
    with lab.weir(text) as weir, gone(lab.north, REFUSING), gone(lab.east, REFUSING):
        for of, name in (("first", "north"), ("second", "east")):
            wait_for_state(weir, name, "down", of)
        try:
            assert ask(lab, net) == "reset", "a clean close"
        except (ConnectionResetError, ConnectionRefusedError):
            pass
        weir.expect_record(end="rejected", upstream="all", member="reject")


@case("a group's balance spreads over its members", only_weir=POOL)
def group_balance(lab, net):
    serve_names(lab, net)
    text = (f"[rule all]\non = any/{pools.PORT}\nuse = all\n"
            "[upstream all]\ntype = group\nmembers = first, second\nbalance = round-robin\n"
            + pools.pool("first", [at(lab.north, net)]) + pools.pool("second", [at(lab.east, net)]))
    with lab.weir(text + "[gateway]\nworkers = 1\n"):
        seen = collections.Counter(ask(lab, net) for _ in range(20))
        assert seen == {"north": 10, "east": 10}, seen


@case("a server that drains keeps its flows and gets no new ones, until it is wanted again",
      only_weir=POOL)
def drain(lab, net):
    serve_names(lab, net)
    echo = lab.serve(lab.north.listen(net, 7601), lambda c: c.sendall(c.recv(10)))
    text = config(all_of(lab, net)) + f"[rule long]\non = tcp/7601\nuse = long\n" + pools.pool(
        "long", [at(lab.north, net, port=7601)])
    with lab.weir(text) as weir:
        with lab.alice.connect(net, lab.places.swallowed.at(net), 7601) as client:
            eventually(lambda: echo.peers, "the server is called")
            for upstream in ("pool", "long"):
                done = weir.live("set-server", upstream, "north", "drain")
                said = f"{upstream}/north is draining: set by the operator; weight 1, "
                assert done.returncode == 0 and done.stdout.decode().startswith(said), done
            assert {ask(lab, net) for _ in range(12)} == {"east", "south"}
            state = server(weir, "north")
            assert (state["state"], state["why"]) == ("draining", "set by the operator"), state
            assert server(weir, "north", "long")["flows"] == 1
            client.sendall(b"still here")
            assert client.recv(10) == b"still here"
        assert weir.reload(text + "[log]\nlevel = debug\n").returncode == 0
        assert server(weir, "north")["state"] == "draining"
        assert weir.live("set-server", "pool", "north", "up").returncode == 0
        assert {ask(lab, net) for _ in range(12)} == {"north", "east", "south"}


@case("an operator's weight holds at once and across reloads", only_weir=POOL)
def weight(lab, net):
    serve_names(lab, net)
    text = config(all_of(lab, net)[:2]) + "[gateway]\nworkers = 1\n"
    with lab.weir(text) as weir:
        assert weir.live("set-server", "pool", "north", "weight=3").returncode == 0
        for _ in range(2):
            assert server(weir, "north")["weight"] == 3
            seen = collections.Counter(ask(lab, net) for _ in range(40))
            assert seen == {"north": 30, "east": 10}, seen
            assert weir.reload(text + "[limits]\nbuffer = 32KiB\n").returncode == 0


@case("a state that does not exist changes nothing and says why", only_weir=POOL)
def wrong_wishes(lab, net):
    with lab.weir(config(all_of(lab, net))) as weir:
        for arguments, status, why in (
                (("pool", "north", "away"), 2, "'away' is not up, down, drain or weight=N"),
                (("pool", "north", "weight=0"), 2, "weight is a number from 1 to 256"),
                (("pool", "west", "up"), 1, "upstream 'pool' has no server 'west'"),
                (("puddle", "north", "up"), 1, "there is no upstream 'puddle'")):
            done = weir.live("set-server", *arguments)
            assert (done.returncode, done.stderr) == (status, f"weir: {why}\n"), (arguments, done)
        for body, status in ((b"", 400), (b"{", 400), (b'{"state": "up", "speed": 1}', 400),
                             (b'{"weight": "3"}', 400), (b'{"weight": 257}', 400),
                             (b'{"state": "up", "weight": 1}', 200)):
            answered, text = weir.control.request("PATCH", "/v1/upstreams/pool/servers/north", body)
            assert answered == status, (body, answered, text)
            assert ("errors" in json.loads(text)) == (status != 200), text


if __name__ == "__main__":
    main()
