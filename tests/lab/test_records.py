#!/usr/bin/env python3
"""Flow records: one line a flow, exactly the contract's keys, exact byte counts, and an `end` that says
how it was."""

import datetime
import json
import re
import time

from harness import case, endpoint, eventually, main, noise
from harness.host import read_all, read_exactly, reset
from harness.weir import read

KEYS = ["time", "opened", "id", "protocol", "client", "destination", "host", "rule", "upstream", "member",
        "server", "server_address", "source", "bytes_up", "bytes_down", "packets_up", "packets_down",
        "connect_ms", "handshake_ms", "first_byte_ms", "duration_ms", "attempts", "end", "error"]
CONFIG = """
[rule everything]
on = any/*
use = direct

[timeouts]
udp-idle = 1s
"""
OWN = "records are weir's"


def keys_of(record):
    """Without `device`, which is there once the client's neighbour entry is known."""
    return [key for key in record if key != "device"]


def moment(text):
    """A time of a record, in seconds since 1970."""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text), text
    return datetime.datetime.fromisoformat(text).timestamp()


def transfer(lab, net, port, up=70_001, down=30_003):
    """One TCP connection that carries exactly so many bytes; the client's address and port."""
    def answers(connection):
        read_exactly(connection, up)
        connection.sendall(noise(down))
        assert read_all(connection) == b""

    lab.serve(lab.north.listen(net, port), answers)
    with lab.alice.connect(net, lab.north.at(net), port) as client:
        name = client.getsockname()[:2]
        client.sendall(noise(up))
        assert read_exactly(client, down) == noise(down)
    return name


@case("a TCP record tells who, where, how much and how it ended")
def tcp(lab, net):
    with lab.weir(CONFIG) as weir:
        before = time.time()
        client = transfer(lab, net, 7800)
        record = weir.expect_record(end="closed")
        if not record:
            return
        assert keys_of(record) == KEYS, list(record)
        expected = {
            "protocol": "tcp", "client": endpoint(*client), "host": "", "rule": "everything",
            "destination": endpoint(lab.north.at(net), 7800), "upstream": "direct",
            "server_address": endpoint(lab.north.at(net), 7800), "bytes_up": 70_001,
            "bytes_down": 30_003, "packets_up": 0, "packets_down": 0, "attempts": 1, "error": ""}
        assert {key: record[key] for key in expected} == expected, record
        assert record["source"].startswith(endpoint(lab.places.router_north.at(net), 1)[:-1]), record
        assert 0 <= record["connect_ms"] <= record["first_byte_ms"] <= record["duration_ms"], record
        assert record["id"] and isinstance(record["id"], str)
        opened, ended = moment(record["opened"]), moment(record["time"])
        assert before - 0.01 <= opened <= ended <= time.time(), record
        assert abs(ended - opened - record["duration_ms"] / 1000) < 0.0021, record


@case("a UDP record counts datagrams and their payload")
def udp(lab, net):
    server = lab.closing(lab.north.udp(net, 7801))
    with lab.weir(CONFIG) as weir, lab.alice.udp(net) as client:
        for size in (0, 10, 1_000):
            client.sendto(bytes(size), (lab.north.at(net), 7801))
            data, peer = server.recvfrom(2_000)
            server.sendto(bytes(2 * size), peer)
            assert len(client.recv(3_000)) == 2 * size
        record = weir.expect_record(protocol="udp", end="idle")
        if record:
            assert keys_of(record) == KEYS, list(record)
            counts = {key: record[key] for key in ("packets_up", "packets_down", "bytes_up", "bytes_down")}
            assert counts == {"packets_up": 3, "packets_down": 3, "bytes_up": 1_010, "bytes_down": 2_020}
            assert record["client"] == endpoint(*client.getsockname()[:2]), record


@case("the text format carries the same keys and values", only_weir=OWN)
def text(lab, net):
    with lab.weir(CONFIG + "[log]\nformat = text\n") as weir:
        client = transfer(lab, net, 7802)
        line = eventually(lambda: [line for line in read(weir.log).splitlines() if "flow tcp " in line],
                          "a flow record in text")[0]
        start = (f"flow tcp {endpoint(*client)} -> {endpoint(lab.north.at(net), 7802)} "
                 "rule=everything upstream=direct ")
        assert start in line, line
        assert moment(line[:line.index(" ")]) and line.split(" ")[1] == "flow", line
        pairs = dict(re.findall(r"(\w+)=(\S+)", line[line.index(start):]))
        assert pairs["bytes_up"] == "70001" and pairs["bytes_down"] == "30003", line
        assert pairs["end"] == "closed" and pairs["attempts"] == "1", line
        assert set(pairs) <= {*KEYS, "device"}, line


@case("ids differ between flows and between runs", only_weir=OWN)
def ids(lab, net):
    lab.serve(lab.north.listen(net, 7803), read_all)
    seen = set()
    for _ in range(2):
        with lab.weir(CONFIG) as weir:
            for _ in range(10):
                lab.alice.connect(net, lab.north.at(net), 7803).close()
            eventually(lambda: len(weir.records()) == 10, "ten records")
            seen |= {record["id"] for record in weir.records()}
    assert len(seen) == 20, seen


@case("the end says who ended it", only_weir=OWN)
def ends(lab, net):
    """closed, idle, client-reset, server-reset and the rest have their cases elsewhere; here they
    stand side by side, one flow each, so that none is taken for another."""
    def resets(connection):
        read_exactly(connection, 1)
        reset(connection)

    lab.serve(lab.north.listen(net, 7804), read_all)
    lab.serve(lab.north.listen(net, 7805), resets)
    with lab.weir(CONFIG) as weir:
        address = lab.north.at(net)
        lab.alice.connect(net, address, 7804).close()
        with lab.alice.connect(net, address, 7805) as client:
            client.sendall(b"!")
            try:
                client.recv(1)
            except ConnectionResetError:
                pass
        client = lab.alice.connect(net, address, 7804)
        client.sendall(b"!")
        eventually(lambda: weir.flows(destination=endpoint(address, 7804)) and
                   weir.flows(destination=endpoint(address, 7804))[0]["bytes_up"] == 1, "the byte passed")
        reset(client)
        try:
            lab.alice.connect(net, address, 7899).recv(1)
        except OSError:
            pass
        wanted = [("closed", 7804), ("server-reset", 7805), ("client-reset", 7804), ("connect-failed", 7899)]
        for end, port in wanted:
            weir.expect_record(end=end, destination=endpoint(address, port))
        assert len(weir.records()) == 4, weir.records()
        assert weir.records(end="connect-failed")[0]["error"], "a failure without a reason"


@case("log = errors leaves out good flows, log = none all", only_weir=OWN)
def quiet(lab, net):
    for port in (7806, 7807, 7808):
        lab.serve(lab.north.listen(net, port), read_all)
    with lab.weir("""
            [rule errors]
            on = tcp/7806-7807
            use = direct
            log = errors

            [rule none]
            on = tcp/7809
            use = direct
            log = none

            [rule rest]
            on = tcp/*
            use = direct
            """) as weir:
        for port in (7806, 7810, 7809, 7807, 7808):
            try:
                lab.alice.connect(net, lab.north.at(net), port).close()
            except OSError:
                pass
        try:
            lab.alice.connect(net, lab.north.at(net), 7807).close()
        except OSError:
            pass
        weir.expect_record(rule="rest", end="closed")
        weir.expect_record(rule="rest", end="connect-failed")
        weir.expect_flows(0)
        assert not weir.records(rule="errors", end="closed") and not weir.records(rule="none")


@case("live flows are listed with the record's keys and without an end", only_weir=OWN)
def live(lab, net):
    lab.serve(lab.north.listen(net, 7811), read_all)
    with lab.weir(CONFIG) as weir, lab.alice.connect(net, lab.north.at(net), 7811) as client:
        client.sendall(b"12345")
        flow = eventually(lambda: [f for f in weir.flows() if f["bytes_up"] == 5], "a live flow")[0]
        assert keys_of(flow) == KEYS[1:-2], list(flow)
        assert flow["client"] == endpoint(*client.getsockname()[:2])
        client.close()
        record = weir.expect_record(end="closed", bytes_up=5)
        assert record["id"] == flow["id"]


@case("every line of a JSON log is an object", only_weir=OWN)
def all_json(lab, net):
    with lab.weir(CONFIG + "[log]\nlevel = debug\n") as weir:
        transfer(lab, net, 7812)
        weir.expect_record(end="closed")
        for line in read(weir.log).splitlines():
            assert isinstance(json.loads(line), dict), line


if __name__ == "__main__":
    main()
