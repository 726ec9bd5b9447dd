#!/usr/bin/env python3
"""Servers by name while the names change: answers that move, a DNS server that dies, and services whose
records say which servers there are."""

import contextlib

import pools
from harness import case, endpoint, eventually, main
from harness.servers import dnsmasq
from pools import Load, ask, config, serve_names, server, upstream, wait_for_state

POOL = "pools go where plain routing does not"
NAME, SERVICE = "pool.lab.test", "_web._tcp.lab.test"


def dns(lab, net):
    return f"[dns]\nservers = {endpoint(lab.bob.at(net), 53)}\nmin-ttl = 100ms\nmax-ttl = 200ms\n"


def host_record(lab, net, *hosts, name=NAME):
    return [f"{name},{host.at(net)}" for host in hosts]


@contextlib.contextmanager
def answering(lab, records=(), services=()):
    """dnsmasq on bob: host records, and SRV records as (target, port, priority, weight)."""
    options = ["--local=/lab.test/", "--local-ttl=0"] + [
        f"--srv-host={SERVICE},{','.join(map(str, service))}" for service in services]
    with dnsmasq(lab.bob, records=records, options=options) as program:
        yield program


def answers_from(load, *hosts):
    load.wait_for_all([host.name for host in hosts])


@case("a name that moves takes new flows along, and none fails", only_weir=POOL)
def moves(lab, net):
    serve_names(lab, net)
    with contextlib.ExitStack() as first:
        first.enter_context(answering(lab, host_record(lab, net, lab.north)))
        with lab.weir(config([f"{NAME}:{pools.PORT}"]) + dns(lab, net)) as weir:
            eventually(lambda: upstream(weir)["servers"][0]["addresses"], "the name is resolved")
            with Load(lab, net) as load:
                answers_from(load, lab.north)
                for host in (lab.east, lab.south, lab.north):
                    first.close()
                    first.enter_context(answering(lab, host_record(lab, net, host)))
                    answers_from(load, host)
                assert not load.failures, load.failures[:5]


@case("a name with an address that refuses and one that serves fails no flow", only_weir=POOL)
def one_refuses(lab, net):
    serve_names(lab, net)
    # Nothing listens on bob; which of both comes first changes with every answer of his.
    with answering(lab, host_record(lab, net, lab.bob, lab.north)):
        with lab.weir(config([f"web={NAME}:{pools.PORT}"]) + dns(lab, net)) as weir:
            eventually(lambda: len(server(weir, "web")["addresses"]) == 2, "the name is resolved")
            for _ in range(40):
                assert ask(lab, net) == "north"


@case("while the DNS server is dead the last good answer stays, and its age is shown", only_weir=POOL)
def dead(lab, net):
    serve_names(lab, net)
    with contextlib.ExitStack() as first:
        first.enter_context(answering(lab, host_record(lab, net, lab.east)))
        with lab.weir(config([f"web={NAME}:{pools.PORT}"]) + dns(lab, net)) as weir:
            eventually(lambda: server(weir, "web")["addresses"], "the name is resolved")
            first.close()
            eventually(lambda: server(weir, "web")["resolved_ms_ago"] > 1_500, "the answer gets old")
            assert ask(lab, net) == "east"
            first.enter_context(answering(lab, host_record(lab, net, lab.south)))
            eventually(lambda: ask(lab, net) == "south", "the name is resolved again")
            eventually(lambda: server(weir, "web")["resolved_ms_ago"] < 1_500, "and its answer fresh")


@case("a name that never resolved is a server that is down", only_weir=POOL)
def never(lab, net):
    with answering(lab):
        with lab.weir(config([f"web={NAME}:{pools.PORT}"]) + dns(lab, net)) as weir:
            state = wait_for_state(weir, "web", "down")
            assert state["why"] == "its name has no address yet" and state["resolved_ms_ago"] is None


@case("the records of a service are its servers: they come, go and step in by priority", only_weir=POOL)
def service(lab, net):
    serve_names(lab, net)
    hosts = [record for host in lab.servers for record in host_record(lab, net, host, name=f"{host}.lab.test")]

    def target(host, priority=10):
        return f"{host}.lab.test", pools.PORT, priority, 5

    with contextlib.ExitStack() as first:
        first.enter_context(answering(lab, hosts, [target("north"), target("east"), target("south", 20)]))
        with lab.weir(config([f"srv:{SERVICE}"], eject_after=1, eject_time="500ms") + dns(lab, net)) as weir:
            def ready(*names):
                servers = {s["name"]: s for s in upstream(weir)["servers"]}
                return set(servers) == {f"{name}.lab.test:{pools.PORT}" for name in names} and all(
                    s["addresses"] for s in servers.values())
            eventually(lambda: ready("north", "east", "south"), "the service has its servers")
            with Load(lab, net) as load:
                answers_from(load, lab.north, lab.east)
                with pools.gone(lab.north, pools.REFUSING), pools.gone(lab.east, pools.REFUSING):
                    answers_from(load, lab.south)
                answers_from(load, lab.north, lab.east)
                # One leaves, one comes nearer: flows that are open stay where they are.
                flows = server(weir, f"east.lab.test:{pools.PORT}")["flows_total"]
                first.close()
                first.enter_context(answering(lab, hosts, [target("east"), target("south")]))
                answers_from(load, lab.east, lab.south)
                assert ready("east", "south")
                assert server(weir, f"east.lab.test:{pools.PORT}")["flows_total"] > flows  # it kept its counters
                first.close()  # no answer comes: the last good list stays
                load.wait_for(50)
                assert ready("east", "south")
                eventually(lambda: upstream(weir)["services"][0]["resolved_ms_ago"] > 1_500,
                           "the list gets old, and its age is shown")
                assert upstream(weir)["services"][0]["targets"] == 2
                assert f"srv:{SERVICE}" in weir.live("upstreams", check=True).stdout.decode()
                assert not load.failures, load.failures[:5]


@case("a flow stays with its server when the service's records no longer name it", only_weir=POOL)
def flow_stays(lab, net):
    echo = lab.serve(lab.north.listen(net, pools.PORT), lambda c: c.sendall(c.recv(10)))
    serve_names_of = lab.serve(lab.south.listen(net, pools.PORT), lambda c: c.sendall(b"south"))
    hosts = [r for host in lab.servers for r in host_record(lab, net, host, name=f"{host}.lab.test")]
    with contextlib.ExitStack() as first:
        first.enter_context(answering(lab, hosts, [("north.lab.test", pools.PORT, 1, 1)]))
        with lab.weir(config([f"srv:{SERVICE}"]) + dns(lab, net)) as weir:
            eventually(lambda: [s["addresses"] for s in upstream(weir)["servers"]] not in ([], [[]]), "resolved")
            with lab.alice.connect(net, lab.places.swallowed.at(net), pools.PORT) as client:
                eventually(lambda: echo.peers, "the server is called")
                first.close()
                first.enter_context(answering(lab, hosts, [("south.lab.test", pools.PORT, 1, 1)]))
                eventually(lambda: [s["name"] for s in upstream(weir)["servers"]] == [
                    f"south.lab.test:{pools.PORT}"] and upstream(weir)["servers"][0]["addresses"],
                    "the records are new")
                assert ask(lab, net) == "south" and serve_names_of.peers
                client.sendall(b"still here")
                assert client.recv(10) == b"still here"


if __name__ == "__main__":
    main()
