#!/usr/bin/env python3
"""Limits and the loop guard: weir refuses what would starve others or call itself, and says why."""

import socket

from harness import case, endpoint, eventually, main
from harness.host import read_exactly

EVERYTHING = """
[rule everything]
on = any/*
use = transparent
"""
OWN = "limits are weir's own"
GONE = (ConnectionResetError, ConnectionRefusedError, BrokenPipeError)


def echo(connection):
    while data := connection.recv(65_536):
        connection.sendall(data)


def serves(lab, net, client, address, port):
    """A connection that answers, or None where it was refused or reset."""
    try:
        made = lab.closing(client.connect(net, address, port))
        made.sendall(b"?")
        if made.recv(1) == b"?":
            return made
        raise AssertionError("a clean close")
    except GONE:
        return None


@case("limits.max-flows refuses further connections with RST and says so", only_weir=OWN)
def max_flows(lab, net):
    lab.serve(lab.north.listen(net, 7400), echo)
    with lab.weir(EVERYTHING + "[limits]\nmax-flows = 10\nmax-flows-per-client = 10\n"
                  "[gateway]\nworkers = 1\n") as weir:
        held = [serves(lab, net, lab.alice, lab.north.at(net), 7400) for _ in range(10)]
        assert all(held)
        assert serves(lab, net, lab.bob, lab.north.at(net), 7400) is None
        weir.expect_record(end="limit", client=lambda client: lab.bob.at(net) in client)
        weir.expect_event("max-flows")
        held[0].close()
        weir.expect_flows(9)
        assert serves(lab, net, lab.bob, lab.north.at(net), 7400)


@case("limits.max-flows-per-client stops one client, not the others", only_weir=OWN)
def per_client(lab, net):
    lab.serve(lab.north.listen(net, 7401), echo)
    with lab.weir(EVERYTHING + "[limits]\nmax-flows = 100\nmax-flows-per-client = 4\n"
                  "[gateway]\nworkers = 1\n") as weir:
        for _ in range(4):
            assert serves(lab, net, lab.alice, lab.north.at(net), 7401)
        assert serves(lab, net, lab.alice, lab.north.at(net), 7401) is None
        weir.expect_record(end="limit", client=lambda client: lab.alice.at(net) in client)
        weir.expect_event("max-flows-per-client")
        assert serves(lab, net, lab.bob, lab.north.at(net), 7401)


@case("at its limit a client's new UDP flow takes the place of the one that it left idle for longest",
      only_weir=OWN)
def per_client_udp(lab, net):
    server = lab.north.udp(net, 7402)
    lab.respond(server, lambda data, _: data)
    address = (lab.north.at(net), 7402)
    with lab.weir(EVERYTHING + "[limits]\nmax-flows = 100\nmax-flows-per-client = 4\n"
                  "[gateway]\nworkers = 1\n") as weir:
        def exchange(client):
            client.sendto(b"?", address)
            assert client.recv(10) == b"?"
        other = lab.closing(lab.bob.udp(net))
        exchange(other)
        clients = [lab.closing(lab.alice.udp(net)) for _ in range(6)]
        for client in clients:
            exchange(client)
            exchange(clients[0])  # is never the idle one
        weir.expect_event("evicted", at_least=2)
        weir.expect_flows(5)
        mine = {endpoint(lab.alice.at(net), client.getsockname()[1]) for client in clients}
        live = {flow["client"] for flow in weir.flows()}
        assert len(live & mine) == 4 and endpoint(lab.alice.at(net), clients[0].getsockname()[1]) in live
        weir.expect_record(end="limit", error="gave way to a new flow")
        exchange(other)
        assert weir.metric("weir_events_total", reason="max-flows-per-client") == 0


@case("where all flows are taken, the client with most gives way; what is in use does not", only_weir=OWN)
def taken(lab, net):
    lab.respond(lab.north.udp(net, 7405), lambda data, _: data)
    silent = lab.closing(lab.north.udp(net, 7406))
    with lab.weir(EVERYTHING + "[limits]\nmax-flows = 12\nmax-flows-per-client = 12\n"
                  "[gateway]\nworkers = 1\n") as weir:
        def ask(client, port=7405):
            client.sendto(b"?", (lab.north.at(net), port))
            return client
        flood = [ask(lab.closing(lab.alice.udp(net)), 7406) for _ in range(12)]
        for _ in flood:
            silent.recvfrom(10)
        for _ in range(5):
            assert ask(lab.closing(lab.bob.udp(net))).recv(10) == b"?"
        weir.expect_event("evicted", at_least=5)
        weir.expect_flows(12)
        mine = {endpoint(lab.alice.at(net), client.getsockname()[1]) for client in flood}
        # To those that live: to the mapping of one that gave way it would be a stranger's.
        for flow in weir.flows():
            if flow["client"] in mine:
                address, _, port = flow["source"].rpartition(":")
                silent.sendto(b"!", (address.strip("[]"), int(port)))
        eventually(lambda: all(flow["packets_down"] for flow in weir.flows() if flow["client"] in mine),
                   "all have their answers")
        # And none is idle for two minutes.
        ask(lab.closing(lab.bob.udp(net)))
        weir.expect_event("max-flows")
        weir.expect_flows(12)


@case("a device is one client with all its addresses, and its neighbours are others", only_weir=OWN)
def many_addresses(lab, net):
    """As every host of an IPv6 network can, alice takes thirty addresses more."""
    server = lab.north.udp(net, 7407)
    lab.respond(server, lambda data, _: data)
    prefix, size = net.pick((lab.alice.v4.rpartition(".")[0] + ".", 24),
                            (lab.alice.v6.rpartition(":")[0] + ":", 64))
    more = [f"{prefix}{number}" for number in range(101, 131)]
    for address in more:
        lab.alice.run("ip", "addr", "add", f"{address}/{size}", "dev", "eth0",
                      *net.pick((), ("nodad",)), check=True)
    def exchange(host, source):
        client = lab.closing(host.udp(net, 0, source))
        client.sendto(b"?", (lab.north.at(net), 7407))
        assert client.recv(10) == b"?"

    try:
        for address in more:
            exchange(lab.alice, address)  # so that the router's neighbour table has them all
        with lab.weir(EVERYTHING + "[limits]\nmax-flows = 100\nmax-flows-per-client = 8\n"
                      "[gateway]\nworkers = 1\n") as weir:
            for address in more:
                exchange(lab.alice, address)
            mine = [flow for flow in weir.flows()
                    if any(endpoint(one, 1)[:-1] in flow["client"] for one in more)]
            assert len(mine) == 8, mine
            for _ in range(8):
                exchange(lab.bob, lab.bob.at(net))
            bob = [flow for flow in weir.flows() if endpoint(lab.bob.at(net), 1)[:-1] in flow["client"]]
            assert len(bob) == 8, bob
    finally:
        for address in more:
            lab.alice.run("ip", "addr", "del", f"{address}/{size}", "dev", "eth0")


@case("a rule's max-flows and max-flows-per-client hold for that rule only", only_weir=OWN)
def rule_limits(lab, net):
    for port in (7403, 7404):
        lab.serve(lab.north.listen(net, port), echo)
    with lab.weir("""
            [rule tight]
            on = tcp/7403
            use = transparent
            max-flows = 3
            max-flows-per-client = 2

            [rule rest]
            on = tcp/*
            use = transparent
            """) as weir:
        address = lab.north.at(net)
        for _ in range(2):
            assert serves(lab, net, lab.alice, address, 7403)
        assert serves(lab, net, lab.alice, address, 7403) is None
        weir.expect_event("rule-max-flows-per-client")
        assert serves(lab, net, lab.bob, address, 7403)
        assert serves(lab, net, lab.bob, address, 7403) is None
        weir.expect_event("rule-max-flows")
        assert serves(lab, net, lab.alice, address, 7404)
        weir.expect_record(end="limit", rule="tight")


@case("a connection to weir's own port on the router ends as loop", only_weir="it is weir's guard")
def loop_tcp(lab, net):
    with lab.weir(EVERYTHING) as weir:
        for address in (lab.router.at(net), lab.places.router_north.at(net)):
            try:
                with lab.alice.connect(net, address, 50080) as client:
                    assert client.recv(1) != b"", "a clean close"
            except GONE:
                pass
            weir.expect_record(end="loop", destination=endpoint(address, 50080))
        weir.expect_event("loop")
        weir.expect_flows(0)


@case("a datagram to weir's own port on the router goes nowhere", only_weir="it is weir's guard")
def loop_udp(lab, net):
    with lab.weir(EVERYTHING) as weir:
        client = lab.closing(lab.alice.udp(net))
        client.sendto(b"hello", (lab.router.at(net), 50080))
        eventually(lambda: weir.metric("weir_events_total", reason="loop")
                   + weir.metric("weir_events_total", reason="no-original-destination"),
                   "weir counts the datagram")
        weir.expect_flows(0)
        assert weir.program.running


@case("a forward upstream that names weir itself ends as loop", only_weir="it is weir's guard")
def loop_forward(lab, net):
    with lab.weir(f"""
            [rule everything]
            on = any/*
            use = out

            [upstream out]
            type = forward
            server = {endpoint(lab.router.at(net), 50080)}
            """) as weir:
        assert serves(lab, net, lab.alice, lab.north.at(net), 80) is None
        weir.expect_record(end="loop")
        weir.expect_flows(0)
        assert len(weir.records()) <= 2, "it went round more than once"


@case("a client that is refused again and again leaves one record, and every refusal is counted", only_weir=OWN)
def refusals(lab, net):
    own_port = (lab.places.router_lan.at(net), 50080)
    with lab.weir(EVERYTHING + "[gateway]\nworkers = 1\n") as weir:
        for _ in range(200):
            assert serves(lab, net, lab.alice, *own_port) is None
        weir.expect_event("loop", at_least=200)
        weir.expect_record(end="loop")
        weir.expect_flows(0)
        assert len(weir.records(end="loop")) == 1, len(weir.records(end="loop"))


@case("TCP that has taken all descriptors it can leaves UDP enough to answer", only_weir=OWN)
def shares(lab, net):
    lab.serve(lab.north.listen(net, 7407), echo)
    lab.respond(lab.north.udp(net, 7408), lambda data, peer: data)
    limits = "[gateway]\nworkers = 1\n[limits]\nmax-flows = 10000\nmax-flows-per-client = 10000\n"
    with lab.weir(EVERYTHING.replace("transparent", "direct") + limits,
                  prefix=("prlimit", "--nofile=200:200")) as weir:
        held = []
        while connection := serves(lab, net, lab.alice, lab.north.at(net), 7407):
            held.append(connection)
            assert len(held) <= 100, "more connections than descriptors"
        weir.expect_event("out-of-descriptors")
        asking = [lab.closing(lab.alice.udp(net)) for _ in range(30)]
        for client in asking:
            client.sendto(b"question", (lab.north.at(net), 7408))
        for client in asking:
            assert client.recv(100) == b"question"


@case("UDP that has taken all descriptors it can leaves TCP enough to connect", only_weir=OWN)
def shares_of_tcp(lab, net):
    lab.serve(lab.north.listen(net, 7409), echo)
    lab.respond(lab.north.udp(net, 7410), lambda data, peer: data)
    limits = "[gateway]\nworkers = 1\n[limits]\nmax-flows = 10000\nmax-flows-per-client = 10000\n"
    with lab.weir(EVERYTHING.replace("transparent", "direct") + limits,
                  prefix=("prlimit", "--nofile=200:200")) as weir:
        sockets = [lab.closing(lab.alice.udp(net)) for _ in range(150)]
        for client in sockets:
            client.sendto(b"question", (lab.north.at(net), 7410))
        weir.expect_event("out-of-descriptors")
        held = [serves(lab, net, lab.alice, lab.north.at(net), 7409) for _ in range(15)]
        assert all(held), f"{held.count(None)} of 15 connections were refused"


@case("port 50080 of a server elsewhere is an ordinary destination")
def own_port_elsewhere(lab, net):
    lab.serve(lab.north.listen(net, 50080), echo)
    with lab.weir("[rule web]\non = tcp/80\nuse = transparent\n"):
        with lab.alice.connect(net, lab.north.at(net), 50080) as client:
            client.sendall(b"hello")
            assert read_exactly(client, 5) == b"hello"


@case("a reply towards a client port that a rule names is still a reply")
def client_port_named_by_rule(lab, net):
    """Return traffic goes to the client's port; were that port intercepted, the answer would open a
    flow of its own."""
    server = lab.closing(lab.north.udp(net, 7405))
    lab.serve(lab.north.listen(net, 7405), echo)
    with lab.weir(EVERYTHING) as weir:
        client = lab.closing(lab.alice.udp(net, 7405))
        client.sendto(b"hello", (lab.north.at(net), 7405))
        data, peer = server.recvfrom(100)
        server.sendto(b"answer", peer)
        assert client.recv(100) == b"answer"
        with lab.alice.connect(net, lab.north.at(net), 7405, source=(lab.alice.at(net), 7406)) as tcp:
            tcp.sendall(b"hello")
            assert read_exactly(tcp, 5) == b"hello"
            tcp.shutdown(socket.SHUT_WR)
            assert tcp.recv(1) == b""
        weir.expect_record(protocol="tcp", end="closed")
        weir.expect_flows(1)


if __name__ == "__main__":
    main()
