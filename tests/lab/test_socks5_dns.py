#!/usr/bin/env python3
"""DNS through SOCKS5: a relay whose question is answered serves the next one, to the same resolver; no
other does. Whether two questions shared a relay is seen at the resolver, which they reach from one port
then."""

import contextlib
import itertools
import socket

from harness import V4, case, endpoint, eventually, main
from harness.proxies import DANTED, danted
from harness.questions import answer_to, question
from harness.relays import Relay

POOL = "a proxy goes where plain routing does not"
SILENT = b"silent"


def config(lab, net, port=DANTED, more="", **keys):
    # A relay is one worker's.
    return (f"[gateway]\nworkers = 1\n[firewall]\ninterfaces = lan\n{more}\n"
            "[rule r]\non = udp/53\nuse = office\n[upstream office]\n"
            f"type = socks5\nserver = p1={endpoint(lab.east.at(net), port)}\n"
            + "".join(f"{key.replace('_', '-')} = {value}\n" for key, value in keys.items()))


def resolver(lab, net, host):
    """Answers each question but SILENT; tells from where they came."""
    return lab.respond(host.udp(net, 53), lambda data, peer: None if SILENT in data else answer_to(data))


NUMBERS = itertools.count(1)


@contextlib.contextmanager
def client(lab, net, host=None):
    with lab.alice.udp(net) as made:
        made.connect(((host or lab.north).at(net), 53))
        yield made


def sends(asking, name=b"name"):
    """Asks with the next number, and returns the question."""
    made = question(next(NUMBERS), name)
    asking.send(made)
    return made


def hears(asking, asked):
    heard = asking.recv(100)
    assert heard == answer_to(asked), (heard, asked)


def ask(lab, net, host=None):
    """A client that asks once, and is answered."""
    with client(lab, net, host) as asking:
        hears(asking, sends(asking))


def answered(lab, net, relay):
    """A question that the case answers for the relay; what was answered, and to whom."""
    with client(lab, net) as asking:
        asked = sends(asking)
        data, source = relay.socket.recvfrom(100)
        relay.socket.sendto(answer_to(data), source)
        hears(asking, asked)
        return answer_to(data), source


def closed(weir, count):
    """Waits until so many flows are over."""
    return eventually(lambda: [records for records in [weir.records(end="closed")] if len(records) == count],
                      f"{count} records")[0]


@case("questions one after the other share a relay, each answered to who asked it", only_weir=POOL)
def shared(lab, net):
    seen = resolver(lab, net, lab.north)
    lab.shared(danted, lab.east, net)
    with lab.weir(config(lab, net)) as weir:
        for _ in range(5):
            ask(lab, net)
        assert len(set(seen.peers)) == 1, seen.peers
        records = closed(weir, 5)
        assert len({record["client"] for record in records}) == 5, records
        # Who went on with a relay was not connected for.
        assert [record["handshake_ms"] is None for record in records].count(True) == 4, records
        for record in records:
            assert record["server"] == "p1" and record["attempts"] == 1, record
            assert record["server_address"] == endpoint(lab.east.at(net), DANTED), record
            assert record["packets_up"] == record["packets_down"] == 1, record
        assert len({record["source"] for record in records}) == 1, records


@case("questions that wait at the same time have a relay each", only_weir=POOL)
def at_once(lab, net):
    receiver = lab.north.udp(net, 53)
    seen, held = set(), {}

    def hold(data, peer):
        seen.add(peer)
        held[peer] = data
        if len(seen) < 2:
            return None
        for other in seen - {peer}:
            receiver.sendto(answer_to(held[other]), other)
        return answer_to(data)

    lab.respond(receiver, hold)
    lab.shared(danted, lab.east, net)
    with lab.weir(config(lab, net)), client(lab, net) as one, client(lab, net) as other:
        asked = [sends(one), sends(other)]
        hears(one, asked[0])
        hears(other, asked[1])
        assert len(seen) == 2, seen


@case("another resolver is asked through a relay of its own", only_weir=POOL)
def other_resolver(lab, net):
    resolvers = [resolver(lab, net, host) for host in (lab.north, lab.south)]
    lab.shared(danted, lab.east, net)
    with lab.weir(config(lab, net)):
        for _ in range(2):
            for host in (lab.north, lab.south):
                ask(lab, net, host)
        ports = [set(one.peers) for one in resolvers]
        assert [len(one) for one in ports] == [1, 1] and ports[0] != ports[1], ports


@case("a question that was not answered keeps its relay", only_weir=POOL)
def unanswered(lab, net):
    seen = resolver(lab, net, lab.north)
    lab.shared(danted, lab.east, net)
    with lab.weir(config(lab, net)), client(lab, net) as asking:
        hears(asking, sends(asking))
        sends(asking, SILENT)
        eventually(lambda: len(seen.peers) == 2, "the second question arrives")
        ask(lab, net)
        assert len(set(seen.peers)) == 2 and seen.peers[0] == seen.peers[1], seen.peers


@case("with the client's address as source, or after a reload that changes the upstream, relays are not shared",
      only_weir=POOL)
def not_shared(lab, net):
    seen = resolver(lab, net, lab.north)
    lab.shared(danted, lab.east, net)
    with lab.weir(config(lab, net, source="client")) as weir:
        ask(lab, net)
        ask(lab, net)
        assert len(set(seen.peers)) == 2, seen.peers
        weir.reload(config(lab, net))
        ask(lab, net)
        weir.reload(config(lab, net, retries=1))
        ask(lab, net)
        assert len(set(seen.peers)) == 4, seen.peers


@case("an answer that comes twice reaches no other flow, and a flow that waits keeps the relay", only_weir=POOL)
def twice(lab, net):
    relay = Relay(lab, net, server_port=1090)
    with lab.weir(config(lab, net, relay.server_port)) as weir:
        late, source = answered(lab, net, relay)
        with client(lab, net) as second, client(lab, net) as third:
            asked = sends(second)
            data, its_source = relay.socket.recvfrom(100)
            assert its_source == source, (its_source, source)
            relay.socket.sendto(late, source)
            weir.expect_event("relay-stale-reply")
            sends(third)
            assert relay.socket.recvfrom(100)[1] != source, "the relay of who still waits was taken"
            relay.socket.sendto(answer_to(data), source)
            hears(second, asked)


@case("what is no DNS keeps its relay, whatever port it goes to", only_weir=POOL)
def no_dns(lab, net):
    seen = lab.respond(lab.north.udp(net, 53), lambda data, peer: data)
    lab.shared(danted, lab.east, net)
    with lab.weir(config(lab, net)):
        for count in (1, 2, 3):
            with client(lab, net) as talking:
                for size in (1, 30, 100):
                    talking.send(b"x" * size)
                    assert talking.recv(200) == b"x" * size
            assert len(set(seen.peers)) == count, seen.peers


@case("relays by one way are not for those who go by another", only_weir=POOL)
def ways(lab, net):
    seen = resolver(lab, net, lab.north)
    lab.shared(danted, lab.east, net)
    wans = ("[upstream wans]\ntype = group\nmembers = wan1, wan2\nbalance = round-robin\n"
            "[upstream wan1]\ntype = direct\ndscp = 8\n[upstream wan2]\ntype = direct\ndscp = 16\n")
    with lab.weir(config(lab, net, via="wans") + wans):
        for _ in range(6):
            ask(lab, net)
        assert seen.peers == seen.peers[:2] * 3 and seen.peers[0] != seen.peers[1], seen.peers


@case("a takeover ends resting relays, and what others go on with is opened anew", only_weir=POOL)
def taken_over(lab, net):
    relay = Relay(lab, net, server_port=1090)
    with lab.weir(config(lab, net, relay.server_port)) as weir:
        answered(lab, net, relay)
        closed(weir, 1)
        with client(lab, net) as asking:
            asked = sends(asking)
            data, source = relay.socket.recvfrom(100)
            relay.socket.sendto(answer_to(data), source)
            hears(asking, asked)
            assert relay.associations == 1
            assert weir.take_over().wait(20) == 0  # with a flow that has its answer
            answered(lab, net, relay)
            answered(lab, net, relay)
        assert relay.associations == 2, relay.associations
        closed(weir, 2)


@case("a relay rests when its flow is over: what comes late is counted, and the next question goes through it",
      only_weir=POOL)
def rests(lab, net):
    relay = Relay(lab, net, server_port=1090)
    with lab.weir(config(lab, net, relay.server_port)) as weir:
        late, source = answered(lab, net, relay)
        closed(weir, 1)
        weir.expect_flows(0)
        relay.socket.sendto(late, source)
        weir.expect_event("relay-stale-reply")
        assert answered(lab, net, relay)[1] == source and relay.associations == 1


@case("a relay that no flow takes within timeouts.dns-idle is closed", families=(V4,), only_weir=POOL)
def let_go(lab, net):
    relay = Relay(lab, net, server_port=1090)
    with lab.weir(config(lab, net, relay.server_port, more="[timeouts]\ndns-idle = 1s")) as weir:
        answered(lab, net, relay)
        closed(weir, 1)
        assert relay.ended.wait(10), "the relay's connection is still open"


@case("a resting relay that its server ends is forgotten", only_weir=POOL)
def ended_by_server(lab, net):
    relay = Relay(lab, net, server_port=1090)
    # Long enough that it is not the end of its rest that ends it.
    with lab.weir(config(lab, net, relay.server_port, more="[timeouts]\ndns-idle = 5m")) as weir:
        answered(lab, net, relay)
        closed(weir, 1)
        weir.expect_flows(0)
        relay.connection.shutdown(socket.SHUT_WR)
        assert relay.ended.wait(10), "weir keeps its end open"
        answered(lab, net, relay)
        assert relay.associations == 2, relay.associations


@case("a thousand questions need few relays", families=(V4,), only_weir=POOL)
def thousand(lab, net):
    seen = resolver(lab, net, lab.north)
    lab.shared(danted, lab.east, net)
    with lab.weir(config(lab, net)):
        for _ in range(1000):
            ask(lab, net)
        assert len(set(seen.peers)) <= 2, len(set(seen.peers))


if __name__ == "__main__":
    main()
