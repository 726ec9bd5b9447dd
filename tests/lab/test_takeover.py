#!/usr/bin/env python3
"""`weir run --takeover`: a successor goes on with listeners and UDP flows, and the process before it finishes
its TCP flows. Nothing is lost, refused or counted twice."""

import os
import socket
import threading

from harness import MIB, V4, case, endpoint, main, noise, sha256
from harness.host import read_all
from harness.proxies import DANTED, danted
from takeover_fixture import Always, Echo, NO_FAMILY, OWN, Talker, config, took_over


@case("UDP flows go on through a takeover: same source, every datagram answered, one record with all",
      only_weir=OWN)
def udp_flows(lab, net):
    mapped, pooled = Echo(lab, lab.north, net, 7951), Echo(lab, lab.north, net, 7961)
    talkers = [Talker(lab, net, mapped.address, b"mapped%d" % i) for i in range(20)]
    talkers += [Talker(lab, net, pooled.address, b"pooled%d" % i) for i in range(20)]
    with lab.weir(config(net)) as weir:
        for talker in talkers:
            talker.exchange()
        ids = {flow["id"] for flow in weir.flows()}
        assert len(ids) == 40
        before = weir.take_over()
        assert before.wait(20) == 0
        assert {flow["id"] for flow in weir.flows()} == ids
        for talker in talkers:
            talker.exchange()
            talker.exchange()
        for talker in talkers:
            assert len((mapped if b"mapped" in talker.name else pooled).sources(talker.name)) == 1, talker.name
        # A peer that was never asked still reaches the client through its mapping.
        other = lab.closing(lab.north.udp(net, 7952))
        other.sendto(b"unasked", next(iter(mapped.sources(b"mapped0"))))
        data, peer = talkers[0].socket.recvfrom(100)
        assert (data, peer[1]) == (b"unasked", 7952)
        assert not weir.records(), weir.records()
        weir.end()
        records = [record for record in weir.records() if record["id"] in ids]
        assert {record["id"] for record in records} == ids and len(records) == 40
        assert all((r["packets_up"], r["packets_down"], r["rule"]) in ((3, 3, "mapped"), (3, 3, "pooled"))
                   for r in records), records
        assert all(r["server"] == "north" for r in records if r["rule"] == "pooled"), records
        flows, _ = took_over(weir)[0]
        assert flows == 40


@case("a TCP flow finishes in the old process while new ones go through the successor", only_weir=OWN)
def tcp_flow(lab, net):
    content = noise(4 * MIB, seed=11)
    release = threading.Event()

    def serve(connection):
        connection.sendall(content[:MIB])
        release.wait(60)
        connection.sendall(content[MIB:])
    lab.serve(lab.north.listen(net, 7901), serve)
    lab.serve(lab.north.listen(net, 7902), lambda connection: connection.sendall(read_all(connection)))
    with lab.weir(config(net) + "[timeouts]\ndrain = 60s\n") as weir:
        held = lab.closing(lab.alice.connect(net, lab.north.at(net), 7901))
        held.recv(1)
        before = weir.take_over()
        with lab.alice.connect(net, lab.north.at(net), 7902) as fresh:
            fresh.sendall(b"new")
            fresh.shutdown(socket.SHUT_WR)
            assert read_all(fresh) == b"new"
        assert before.running
        assert not weir.flows(protocol="tcp")  # the held one is not the successor's
        release.set()
        held.settimeout(30)
        got = read_all(held)
        assert sha256(content[:1] + got) == sha256(content)
        held.close()
        assert before.wait(30) == 0
        weir.expect_record(destination=f"{lab.north.at(net)}:7901" if net is V4
                           else f"[{lab.north.at(net)}]:7901", end="closed")


@case("the old process ends after timeouts.drain, its TCP flow with it", only_weir=OWN)
def drain_ends(lab, net):
    lab.serve(lab.north.listen(net, 7901), lambda connection: read_all(connection))
    with lab.weir(config(net) + "[timeouts]\ndrain = 1s\n") as weir:
        held = lab.closing(lab.alice.connect(net, lab.north.at(net), 7901))
        weir.expect_flows(1)
        assert weir.take_over().wait(20) == 0
        weir.expect_record(end="drained")
        assert os.path.exists(weir.control.path) and weir.serving_process() == weir.program.pid


@case("twenty takeovers in a row under load: no connection refused, no datagram lost", only_weir=OWN,
      limit=300)
def twenty(lab, net):
    lab.nginx(lab.north)
    lab.dnsmasq(lab.north)
    lab.serve(lab.north.listen(net, 7902), lambda connection: connection.sendall(read_all(connection)))
    mapped, pooled = Echo(lab, lab.north, net, 7951), Echo(lab, lab.north, net, 7961)
    talkers = [Talker(lab, net, echo.address, b"%s%d" % (name, i))
               for echo, name in ((mapped, b"mapped"), (pooled, b"pooled")) for i in range(2)]

    def connects():
        with lab.alice.connect(net, lab.north.at(net), 7902) as fresh:
            fresh.sendall(b"payload")
            fresh.shutdown(socket.SHUT_WR)
            assert read_all(fresh) == b"payload"

    def asks_dns():
        with lab.alice.udp(net) as client:
            client.sendto(b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03one\x03lab\x04test\x00\x00\x01\x00\x01",
                          (lab.north.at(net), 53))
            assert client.recv(512)[:2] == b"\x12\x34"
    with lab.weir(config(net, workers=2) + "[rule web]\non = tcp/80\nuse = transparent\n"
                  "[timeouts]\ndrain = 60s\n") as weir:
        load = [Always(lab, talker.exchange) for talker in talkers]
        load += [Always(lab, connects), Always(lab, connects), Always(lab, asks_dns)]
        old = []
        for _ in range(20):
            old.append(weir.take_over())
            for each in load:
                each.has_gone_on()
        for each in load:
            each.end()
        for program in old:
            assert program.wait(60) == 0
        for talker in talkers:
            echo = mapped if b"mapped" in talker.name else pooled
            assert len(echo.sources(talker.name)) == 1, talker.name
        weir.end()
        for talker in talkers:
            port = str(talker.socket.getsockname()[1])
            [record] = weir.records(protocol="udp", client=lambda c, port=port: c.endswith(":" + port))
            assert (record["packets_up"], record["packets_down"]) == (talker.asked, talker.asked), record
        ids = [record["id"] for record in weir.records()]
        assert len(set(ids)) == len(ids), "an id was given twice"
        assert not weir.records(end=lambda end: end in ("client-reset", "server-reset", "connect-failed"))


@case("the number of workers may change; UDP flows stay with their sources", only_weir=OWN)
def workers(lab, net):
    lab.serve(lab.north.listen(net, 7902), lambda connection: connection.sendall(read_all(connection)))
    echo = Echo(lab, lab.north, net, 7951)
    talkers = [Talker(lab, net, echo.address, b"client%d" % i) for i in range(16)]
    with lab.weir(config(net, workers=4)) as weir:
        for count in (4, 2, 4, 1, 3):
            for talker in talkers:
                talker.exchange()
            assert weir.take_over(config(net, workers=count)).wait(20) == 0
            assert weir.status()["workers"] == count
            for talker in talkers:
                talker.exchange()
            for _ in range(12):
                with lab.alice.connect(net, lab.north.at(net), 7902) as fresh:
                    fresh.sendall(b"new")
                    fresh.shutdown(socket.SHUT_WR)
                    assert read_all(fresh) == b"new"
            assert len(weir.flows(protocol="udp")) == 16
        for talker in talkers:
            assert len(echo.sources(talker.name)) == 1


@case("a flow whose rule and upstream are gone goes on and keeps their names", only_weir=OWN)
def names(lab, net):
    pooled = Echo(lab, lab.north, net, 7961)
    talker = Talker(lab, net, pooled.address, b"one")
    with lab.weir(config(net)) as weir:
        talker.exchange()
        other = config(net).split("[rule pooled]")[0] + "[rule later]\non = udp/7960-7969\nuse = transparent\n"
        assert weir.take_over(other).wait(20) == 0
        talker.exchange()
        [flow] = weir.flows(protocol="udp")
        assert (flow["rule"], flow["upstream"]) == ("pooled", "pool"), flow
        assert weir.live("close", flow["id"]).returncode == 0
        weir.expect_record(id=flow["id"], rule="pooled", upstream="pool", packets_up=2, end="killed")
        talker.exchange()
        weir.expect_flows(1, rule="later")


@case("thousands of flows with sockets of their own change hands", NO_FAMILY, only_weir=OWN)
def thousands(lab):
    count = 4000
    sink = lab.closing(lab.north.udp(V4, 7961))
    text = f"""
[gateway]
workers = 2

[rule many]
on = udp/20000-39999
use = pool

[upstream pool]
type = forward
server = north=198.51.100.10:7961

[limits]
max-flows = {2 * count}
max-flows-per-client = {2 * count}
"""
    with lab.weir(text) as weir:
        client = lab.closing(lab.alice.udp(V4))

        def round_of(word):
            sources = {}
            for first in range(0, count, 50):
                for port in range(20_000 + first, 20_050 + first):
                    client.sendto(b"%s %d" % (word, port), (lab.north.v4, port))
                for _ in range(50):
                    data, source = sink.recvfrom(100)
                    assert data.startswith(word), data
                    sources[data.split()[1]] = source
            return sources
        before = round_of(b"before")
        assert len(before) == count
        assert weir.take_over().wait(30) == 0
        assert round_of(b"after") == before
        assert weir.control.json("/v1/status")["udp_flows"] == count
        [(flows, rest)] = took_over(weir)
        print(f"     {flows} flows: service paused for {rest:.1f} ms", flush=True)
        assert flows == count


@case("flows through a SOCKS5 relay go on, with the connection that the relay lives by", only_weir=OWN)
def relayed(lab, net):
    lab.shared(danted, lab.east, net)
    echo = Echo(lab, lab.north, net, 7600)
    text = (f"[firewall]\ninterfaces = lan\n[rule office]\non = udp/7600\nuse = office\n[upstream office]\n"
            f"type = socks5\nserver = p1={endpoint(lab.east.at(net), DANTED)}\n")
    # The same proxy by way of a pool that alone knows where it is.
    chained = (text.replace(lab.east.at(net), lab.places.no_route.at(net)) + "via = front\n"
               f"[upstream front]\ntype = forward\nserver = f1={endpoint(lab.east.at(net), DANTED)}\n")
    for more, way in ((text, "p1"), (text + "mapping = per-client\n", "p1"), (chained, "front/f1>p1")):
        talker = Talker(lab, net, echo.address, b"one-%d" % len(more))
        with lab.weir(more) as weir:
            talker.exchange()
            for _ in range(2):
                assert weir.take_over().wait(20) == 0
                talker.exchange()
            assert len(echo.sources(talker.name)) == 1
            [flow] = weir.flows()
            assert flow["server"] == way and flow["attempts"] == 1 and flow["packets_up"] == 3, flow
            assert weir.live("close", flow["id"]).returncode == 0
            record = weir.expect_record(protocol="udp", end="killed", packets_up=3, packets_down=3)
            assert record["server_address"] == endpoint(lab.east.at(net), DANTED), record


@case("a flow whose relay is not open yet ends as drained, and the next datagram opens another", only_weir=OWN)
def not_yet_relayed(lab, net):
    """The proxy accepts, and says nothing."""
    lab.serve(lab.east.listen(net, 1099), lambda connection: read_all(connection))
    text = (f"[firewall]\ninterfaces = lan\n[rule office]\non = udp/7600\nuse = office\n[upstream office]\n"
            f"type = socks5\nserver = p1={endpoint(lab.east.at(net), 1099)}\n")
    client = lab.closing(lab.alice.udp(net))
    with lab.weir(text) as weir:
        client.sendto(b"one", (lab.north.at(net), 7600))
        weir.expect_flows(1)
        [flow] = weir.flows()
        assert weir.take_over().wait(20) == 0
        weir.expect_record(id=flow["id"], end="drained", packets_up=0)
        assert not weir.flows()
        client.sendto(b"two", (lab.north.at(net), 7600))
        weir.expect_flows(1)
        assert weir.flows()[0]["id"] != flow["id"]


if __name__ == "__main__":
    main()
