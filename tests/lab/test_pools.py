#!/usr/bin/env python3
"""Pools whose servers fail: no client loses a flow, dead servers are left alone, and those that come
back are used again."""

import collections
import contextlib

import pools
from harness import case, endpoint, eventually, main
from pools import Load, REFUSING, SILENT, ask, ask_udp, at, config, gone, serve_names, server, upstream
from pools import wait_for_state

POOL = "pools go where plain routing does not"


def all_of(lab, net, words=""):
    return [at(host, net, words) for host in lab.servers]


@case("two of three servers die one after the other, and no request fails", only_weir=POOL)
def dying(lab, net):
    serve_names(lab, net)
    text = config(all_of(lab, net), eject_time="500ms") + "[timeouts]\nconnect = 300ms\n"
    with lab.weir(text) as weir, Load(lab, net) as load:
        load.wait_for_all(["north", "east", "south"])
        with gone(lab.north, REFUSING):
            wait_for_state(weir, "north", "ejected")
            with gone(lab.east, SILENT):
                wait_for_state(weir, "east", "ejected")
                load.wait_for_all(["south"])
            wait_for_state(weir, "east", "up")  # a trial found it
        wait_for_state(weir, "north", "up")
        load.wait_for_all(["north", "east", "south"])
        assert not load.failures, load.failures[:5]
        weir.expect_event("retried")
        assert server(weir, "north")["failures_total"] >= 5


@case("servers of a single pool that are all ejected are tried all the same", only_weir=POOL)
def all_ejected(lab, net):
    serve_names(lab, net)
    with lab.weir(config([at(lab.north, net)], eject_time="1h", eject_after=2)) as weir:
        with gone(lab.north, REFUSING):
            for _ in range(3):
                with contextlib.suppress(OSError):
                    assert not ask(lab, net)
            wait_for_state(weir, "north", "ejected")
        assert ask(lab, net) == "north"
        wait_for_state(weir, "north", "up")


@case("eject-after = 0 never ejects", only_weir=POOL)
def never_ejected(lab, net):
    serve_names(lab, net)
    with lab.weir(config(all_of(lab, net), eject_after=0)) as weir, gone(lab.east, REFUSING):
        for _ in range(30):
            assert ask(lab, net) in ("north", "south")
        assert server(weir, "east")["state"] == "up"
        assert server(weir, "east")["failures_total"] >= 8


@case("a UDP server that refuses or never answers is ejected, and its first answer brings it back",
      only_weir=POOL)
def udp(lab, net):
    serve_names(lab, net)
    for how in (REFUSING, SILENT):
        text = config(all_of(lab, net), eject_time="500ms", eject_after=2)
        with lab.weir(text + "[timeouts]\nudp-idle = 400ms\n") as weir:
            with gone(lab.south, how):
                def ejected():
                    ask_udp(lab, net, timeout=0.5)
                    return server(weir, "south")["state"] == "ejected"
                eventually(ejected, "the server is ejected")
            eventually(lambda: ask_udp(lab, net) == "south", "it is tried again")
            wait_for_state(weir, "south", "up")


@case("a backup gets connections only while the others are out", only_weir=POOL)
def backup(lab, net):
    serve_names(lab, net)
    servers = [at(lab.north, net), at(lab.east, net, "backup"), at(lab.south, net)]
    with lab.weir(config(servers, eject_after=1, eject_time="500ms")) as weir:
        assert {ask(lab, net) for _ in range(12)} == {"north", "south"}
        with gone(lab.north, REFUSING), gone(lab.south, REFUSING):
            assert {ask(lab, net) for _ in range(6)} == {"east"}
        wait_for_names = {"north", "south"}
        eventually(lambda: {ask(lab, net) for _ in range(12)} == wait_for_names, "the backup rests again")
        assert server(weir, "east")["backup"]


@case("max-flows holds from the moment a connection is begun", only_weir=POOL)
def max_flows(lab, net):
    serve_names(lab, net)
    for host in (lab.north, lab.east):  # servers that keep their connections open
        lab.serve(host.listen(net, 7601), lambda connection: connection.recv(1))
    servers = [at(lab.north, net, "max-flows=2", 7601), at(lab.east, net, "max-flows=1 backup", 7601)]
    with lab.weir(config(servers)) as weir, contextlib.ExitStack() as held:
        def connect():
            return held.enter_context(lab.alice.connect(net, lab.places.swallowed.at(net), pools.PORT))
        for _ in range(3):
            connect()
        weir.expect_flows(3)
        eventually(lambda: (server(weir, "north")["flows"], server(weir, "east")["flows"]) == (2, 1),
                   "two and one")
        with contextlib.suppress(OSError):
            connect().recv(1)
        weir.expect_record(end="no-server")


@case("least-flows fills up the server that has fewer", only_weir=POOL)
def least_flows(lab, net):
    for host in lab.servers:
        lab.serve(host.listen(net, pools.PORT), lambda connection: connection.recv(1))
    with lab.weir(config(all_of(lab, net), balance="least-flows")) as weir, contextlib.ExitStack() as held:
        for _ in range(12):
            held.enter_context(lab.alice.connect(net, lab.places.swallowed.at(net), pools.PORT))
        eventually(lambda: [server(weir, host.name)["flows"] for host in lab.servers] == [4, 4, 4],
                   "four each")


@case("with source-hash a client stays with its server, also in a gateway that lists them otherwise",
      only_weir=POOL)
def source_hash(lab, net):
    serve_names(lab, net)
    seen, tables = {}, set()
    for order in (1, -1):
        with lab.weir(config(all_of(lab, net)[::order], balance="source-hash")) as weir:
            for client in (lab.alice, lab.bob):
                for _ in range(6):
                    assert ask(lab, net, client) == seen.setdefault(client, ask(lab, net, client))
            tables.add(upstream(weir)["checksum"])
            assert upstream(weir)["checksum"] in weir.live("upstreams", check=True).stdout.decode()
    assert len(tables) == 1 and None not in tables, tables


@case("flow-hash spreads one client's flows over the servers", only_weir=POOL)
def flow_hash(lab, net):
    serve_names(lab, net)
    with lab.weir(config(all_of(lab, net), balance="flow-hash")):
        assert {ask(lab, net) for _ in range(40)} == {"north", "east", "south"}


@case("a server's own source replaces the pool's", only_weir=POOL)
def own_source(lab, net):
    serve_names(lab, net)
    address = lab.router_towards(lab.east).at(net)
    with lab.weir(config([at(lab.east, net, f"source={address}")], source="client")) as weir:
        assert ask(lab, net) == "east"
        record = weir.expect_record(end="closed")
        assert record["source"].startswith(endpoint(address, 0)[:-1]), record


@case("slow start gives a server that came back little at first", only_weir=POOL)
def slow_start(lab, net):
    serve_names(lab, net)
    with lab.weir(config(all_of(lab, net)[:2], slow_start="1h")) as weir:
        for setting in ("down", "up"):
            assert weir.live("set-server", "pool", "north", setting).returncode == 0
        seen = collections.Counter(ask(lab, net) for _ in range(60))
        assert seen["east"] >= 55, seen


if __name__ == "__main__":
    main()
