#!/usr/bin/env python3
"""Pools under the load of wrk and dnsperf while servers die, return and change their addresses.

What a gateway of streams can promise: a connection whose server is gone before it is made goes to another
server, and the client notices nothing. What has reached a server that is then killed is lost with it. So
servers here die as seen from new connections: their port refuses or swallows what opens one, while what
they have accepted is answered; and one is killed, after it has answered what it had accepted.

Of datagrams the gateway can say less: one that has reached a server may have been answered or not. A flow
that never had an answer and is told that its server is unreachable is sent to another server, so a question from a
socket of its own is answered all the same; a socket that goes on asking loses what it had asked of the
server that died, and nothing after.
"""

import contextlib
import random

from harness import case, endpoint, eventually, main
from harness.servers import dnsmasq, nginx
from load import Askers, Dnsperf, Wrk
from pools import PORT, REFUSING, SILENT, at, config, gone, server, upstream, wait_for_state

POOL = "pools go where plain routing does not"


OWN_PORT = 8080  # of servers that a case kills


def web(lab, net, ports=None, **keys):
    keys = {"eject_time": "500ms", "eject_after": 3, **keys}
    servers = [at(host, net, port=(ports or {}).get(host, 80)) for host in lab.servers]
    return config(servers, on="tcp/80", **keys)


def page(lab, net):
    return net.url(lab.places.swallowed.at(net), "/name")


def served(weir, *names, count=200):
    """Waits until each of these servers has had so many more flows."""
    before = {name: server(weir, name)["flows_total"] for name in names}
    eventually(lambda: all(server(weir, name)["flows_total"] >= before[name] + count for name in names),
               f"{' and '.join(names)} get flows")


def left_alone(weir, name, among=600):
    """While others get so many more flows, this server gets hardly any: now and then one on trial."""
    def total():
        return sum(s["flows_total"] for s in upstream(weir)["servers"])
    began, mine = total(), server(weir, name)["flows_total"]
    eventually(lambda: total() >= began + among, "others get flows")
    assert server(weir, name)["flows_total"] - mine < among / 10


@case("under wrk two of three servers refuse and fall silent one after the other and come back, and no "
      "request fails", only_weir=POOL)
def dying(lab, net):
    for host in lab.servers:
        lab.nginx(host)
    with lab.weir(web(lab, net) + "[timeouts]\nconnect = 300ms\n") as weir:
        short = Wrk(lab.alice, page(lab, net))
        kept = Wrk(lab.bob, page(lab, net), keep=True)
        served(weir, "north", "east", "south")
        open_flows = {flow["id"] for flow in weir.flows(client=lab.bob.at(net))}
        assert len(open_flows) == 8
        with gone(lab.north, REFUSING, 80):
            wait_for_state(weir, "north", "ejected")
            with gone(lab.east, SILENT, 80):
                wait_for_state(weir, "east", "ejected")
                served(weir, "south")
                left_alone(weir, "north")
                left_alone(weir, "east")
            wait_for_state(weir, "east", "up")
            served(weir, "east")
        wait_for_state(weir, "north", "up")
        served(weir, "north", "east", "south")
        assert {flow["id"] for flow in weir.flows(client=lab.bob.at(net))} == open_flows
        for load in (short, kept):
            answered, failures, bodies = load.finish()
            assert not failures, (failures, answered)
            assert bodies <= {"north", "east", "south"} and answered > 1000, (bodies, answered)
        assert not [r for r in weir.records() if r["end"] not in ("closed", "client-reset")]


@case("under wrk a server is stopped, killed and started again, and no request fails", only_weir=POOL)
def killed(lab, net):
    for host in (lab.east, lab.south):
        lab.nginx(host)
    program = nginx(lab.north, OWN_PORT)
    ports = {lab.north: OWN_PORT}
    with lab.weir(web(lab, net, ports)) as weir:
        load = Wrk(lab.alice, page(lab, net))
        served(weir, "north", "east", "south")
        with gone(lab.north, REFUSING, OWN_PORT):  # first it takes no more, as one that ends in good order
            eventually(lambda: not open_at(lab.north, OWN_PORT), "what it had accepted is answered")
            program.kill()
        wait_for_state(weir, "north", "ejected")
        left_alone(weir, "north")
        nginx(lab.north, OWN_PORT)
        wait_for_state(weir, "north", "up")
        served(weir, "north")
        answered, failures, _ = load.finish()
        assert not failures, (failures, answered)


NAME = "pool.lab.test"


@contextlib.contextmanager
def name_means(lab, net, *hosts):
    """dnsmasq on bob, which gives the name these hosts' addresses, for a second each time."""
    records = [f"{NAME},{host.at(net)}" for host in hosts]
    with dnsmasq(lab.bob, records=records, options=["--local=/lab.test/", "--local-ttl=1"]) as program:
        yield program


@case("under wrk the addresses of a server's name come and go, and the DNS server with them: no request "
      "fails, and no open connection notices", only_weir=POOL)
def moving_name(lab, net):
    for host in lab.servers:
        lab.nginx(host)
    text = config([f"web={NAME}:80"], on="tcp/80") + (
        f"[dns]\nservers = {endpoint(lab.bob.at(net), 53)}\nmin-ttl = 100ms\nmax-ttl = 1s\n")

    def means(*hosts):
        eventually(lambda: set(server(weir, "web")["addresses"]) == {host.at(net) for host in hosts},
                   f"the name means {' '.join(map(str, hosts))}")
        served(weir, "web")

    with contextlib.ExitStack() as dns, lab.weir(text) as weir:
        dns.enter_context(name_means(lab, net, lab.north))
        means_nothing = server(weir, "web")
        assert means_nothing["resolved_ms_ago"] is None or means_nothing["addresses"]
        eventually(lambda: server(weir, "web")["addresses"], "the name is resolved")
        short = Wrk(lab.alice, page(lab, net))
        kept = Wrk(lab.bob, page(lab, net), keep=True)
        means(lab.north)
        weir.expect_flows(8, client=lab.bob.at(net))
        for hosts in ((lab.north, lab.east), (lab.south,), (lab.east, lab.south, lab.north), (lab.east,)):
            dns.close()
            dns.enter_context(name_means(lab, net, *hosts))
            means(*hosts)
        dns.close()  # no answer comes any more
        eventually(lambda: server(weir, "web")["resolved_ms_ago"] > 2_500, "the answer gets old")
        assert server(weir, "web")["addresses"] == [lab.east.at(net)]
        served(weir, "web")
        dns.enter_context(name_means(lab, net, lab.north))
        means(lab.north)
        assert server(weir, "web")["resolved_ms_ago"] < 2_500
        flows = weir.flows(client=lab.bob.at(net))
        assert {flow["server_address"] for flow in flows} == {endpoint(lab.north.at(net), 80)}, flows
        for load, bodies in ((short, {"north", "east", "south"}), (kept, {"north"})):
            answered, failures, seen = load.finish()
            assert not failures, (failures, answered)
            assert seen == bodies and answered > 1000, (seen, answered)
        # Each lasted to the end. Before them all wrk looks whether it can connect, and asks nothing.
        whole = [r for r in weir.records(client=lambda c: lab.bob.at(net) in c) if r["bytes_up"]]
        assert len(whole) <= 8, whole


@case("two gateways that list their servers in another order send each of 200 clients to the same one, "
      "also when a server is gone", only_weir=POOL)
def two_gateways(lab, net):
    places = [(host, port) for host in lab.servers for port in range(7610, 7614)]
    for host, port in places:
        name = f"{host}-{port}".encode()
        lab.serve(host.listen(net, port), lambda connection, name=name: connection.sendall(name))
    clients = [net.pick(f"192.0.2.{n}", f"fd00:192:0:2::a:{n}") for n in range(20, 220)]
    width = net.pick(24, 64)

    def addresses(what, more=""):
        lab.alice.run("ip", "-batch", "-", check=True, input="".join(
            f"addr {what} {client}/{width} dev eth0{more}\n" for client in clients).encode())
    addresses("add", net.pick("", " nodad"))

    def whom_each_gets():
        got = {}
        for client in clients:
            with lab.alice.connect(net, lab.places.swallowed.at(net), PORT, source=(client, 0)) as made:
                got[client] = made.recv(100).decode()
        return got

    lines = [f"{host}-{port}={endpoint(host.at(net), port)} weight={1 + port % 3}" for host, port in places]
    seen, tables = [], []
    for shuffle in (lambda _: None, random.Random(7).shuffle, random.Random(8).shuffle):
        shuffle(lines)
        with lab.weir(config(lines, balance="source-hash")) as weir:
            tables.append(upstream(weir)["checksum"])
            all_there = whom_each_gets()
            assert weir.live("set-server", "pool", "east-7611", "down").returncode == 0
            seen.append((all_there, whom_each_gets()))
    assert seen[0] == seen[1] == seen[2] and len(set(tables)) == 1 and tables[0], tables
    addresses("del")
    before, after = seen[0]
    assert set(before.values()) == {f"{host}-{port}" for host, port in places}
    moved = {before[client] for client in clients if before[client] != after[client]}
    assert moved == {"east-7611"}, "only its own clients go elsewhere"


DNS = "[timeouts]\ndns-idle = 1s\n"


def names(lab, net, **keys):
    keys = {"eject_time": "500ms", "eject_after": 3, **keys}
    return config([at(host, net, port=53) for host in lab.servers], on="udp/53", **keys) + DNS


@case("a DNS server that is drained or found down by its check, and then dies, loses no question of "
      "dnsperf", only_weir=POOL)
def dns_in_good_order(lab, net):
    servers = {host: dnsmasq(host) for host in lab.servers}
    text = names(lab, net, check="connect", check_interval="100ms", check_timeout="500ms", rise=2, fall=2)
    with lab.weir(text) as weir:
        # Each socket rests for longer than a DNS flow outlives its answer.
        load = Dnsperf(lab.alice, net, lab.places.swallowed, clients=200, outstanding=200, max_rate=100)
        asked = Askers(lab, net, lab.bob, lab.places.swallowed)
        served(weir, "north", "east", "south", count=30)
        assert weir.live("set-server", "pool", "north", "drain").returncode == 0
        eventually(lambda: server(weir, "north")["flows"] == 0, "what north was asked is answered")
        servers[lab.north].kill()
        asked.wait_for(100)
        with tcp_refused(lab.east, 53):  # that is how its check sees it
            wait_for_state(weir, "east", "down")
            eventually(lambda: server(weir, "east")["flows"] == 0, "what east was asked is answered")
            servers[lab.east].kill()
            asked.wait_for(100)
            for host in (lab.north, lab.east):
                dnsmasq(host)
            assert weir.live("set-server", "pool", "north", "up").returncode == 0
        for name in ("north", "east"):
            wait_for_state(weir, name, "up")
        served(weir, "north", "east", "south", count=30)
        answered, failures = asked.finish()
        assert not failures, (failures, answered)
        answered, lost = load.finish()
        assert not lost and answered, (answered, lost, load.output)


@case("a question from a socket of its own is answered although its server refuses; what a DNS server had "
      "taken when it is killed is lost, and of those that go on asking it nothing after", only_weir=POOL)
def dns_killed(lab, net):
    servers = {host: dnsmasq(host) for host in lab.servers}
    with lab.weir(names(lab, net)) as weir:
        asked = Askers(lab, net, lab.bob, lab.places.swallowed)
        served(weir, "north", "east", "south", count=10)
        with gone(lab.north, REFUSING, 53):
            wait_for_state(weir, "north", "ejected")
            with gone(lab.east, REFUSING, 53):
                wait_for_state(weir, "east", "ejected")
                asked.wait_for(200)
        for name in ("north", "east"):
            wait_for_state(weir, name, "up")
        answered, failures = asked.finish()
        assert not failures, (failures, answered)
        weir.expect_event("retried", at_least=6)
        waiting = 20
        first = Dnsperf(lab.alice, net, lab.places.swallowed, clients=10, outstanding=waiting)
        asked = Askers(lab, net, lab.bob, lab.places.swallowed)
        served(weir, "north", "east", "south", count=10)
        for host in (lab.north, lab.east):
            servers[host].kill()
            wait_for_state(weir, host.name, "ejected")
            asked.wait_for(100)
        # Those that come now meet the dead ones only when these are tried again, and lose nothing: what opens
        # a flow is asked again. (What follows it before the error has come would not be.)
        second = Dnsperf(lab.alice, net, lab.places.swallowed, clients=10, outstanding=1)
        asked.wait_for(200)
        for host in (lab.north, lab.east):
            dnsmasq(host)
            wait_for_state(weir, host.name, "up")
        served(weir, "north", "east", "south", count=30)
        answered, lost = second.finish()
        assert not lost and answered, (answered, lost, second.output)
        answered, lost = first.finish()
        assert lost <= 2 * waiting and answered, (answered, lost, first.output)
        answered, failures = asked.finish()
        assert len(failures) <= 2 * 4, (failures, answered)  # at most what each was waiting for


@case("a DNS server that falls silent loses questions until flows or its check have noticed, and none then",
      only_weir=POOL)
def dns_silent(lab, net):
    for host in lab.servers:
        lab.dnsmasq(host)
    for keys in ({}, {"check": "connect", "check_interval": "100ms", "check_timeout": "300ms", "fall": 2}):
        with lab.weir(names(lab, net, eject_after=3, eject_time="1h", **keys)) as weir:
            # They go on asking from the same sockets, which does not tie them to the server for ever.
            steady = Dnsperf(lab.alice, net, lab.places.swallowed, clients=10, outstanding=20)
            eventually(lambda: all(server(weir, host.name)["flows_total"] >= 3 for host in lab.servers),
                       "each server is asked")
            with gone(lab.north, SILENT, 53):
                asked = Askers(lab, net, lab.bob, lab.places.swallowed)
                wait_for_state(weir, "north", "down" if keys else "ejected")
                asked.wait_for(100)
                asked.finish()
                eventually(lambda: server(weir, "north")["flows"] == 0, "no flow waits for it any more")
                asked = Askers(lab, net, lab.bob, lab.places.swallowed)
                late = Dnsperf(lab.alice, net, lab.places.swallowed, clients=10, outstanding=20)
                asked.wait_for(500)
                answered, lost = late.finish()
                assert not lost and answered, (answered, lost)
                answered, failures = asked.finish()
                assert not failures, (failures, answered)
                assert steady.finish()[0] > 1000


@contextlib.contextmanager
def tcp_refused(host, port):
    host.run("nft", f"add table inet busy; add chain inet busy input {{ type filter hook input priority 0; }};"
             f"add rule inet busy input tcp dport {port} reject with tcp reset", check=True)
    try:
        yield
    finally:
        host.run("nft", "delete", "table", "inet", "busy", check=True)


def open_at(host, port):
    states = [word for state in ("syn-recv", "established", "close-wait") for word in ("state", state)]
    return host.run("ss", "-Hnt", *states, "sport", "=", f":{port}", check=True).stdout


if __name__ == "__main__":
    main()
