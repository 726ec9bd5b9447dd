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


@case("the client's limit counts UDP flows too", only_weir=OWN)
def per_client_udp(lab, net):
    server = lab.closing(lab.north.udp(net, 7402, timeout=1.0))
    with lab.weir(EVERYTHING + "[limits]\nmax-flows = 100\nmax-flows-per-client = 4\n"
                  "[gateway]\nworkers = 1\n") as weir:
        for number in range(6):
            lab.closing(lab.alice.udp(net)).sendto(b"%d" % number, (lab.north.at(net), 7402))
        assert sorted(server.recv(10) for _ in range(4)) == [b"0", b"1", b"2", b"3"]
        weir.expect_event("max-flows-per-client", at_least=2)
        weir.expect_flows(4)


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
