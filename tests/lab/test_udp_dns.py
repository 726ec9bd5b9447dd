#!/usr/bin/env python3
"""DNS through the router: answers of every size, from exactly the address that was asked, also while
another program holds the port on the router."""

import re

from doctor_fixture import sysctl
from harness import case, endpoint, eventually, main
from harness.servers import BIG_NAME, BIG_STRINGS, RECORDS, dnsmasq

TRANSPARENT = """
[rule dns]
on = any/53
use = transparent
"""
DIRECT = TRANSPARENT.replace("transparent", "direct")


@case("dig gets its answer, and dnsmasq sees the client")
def dig(lab, net):
    server = lab.dnsmasq(lab.north)
    with lab.weir(TRANSPARENT) as weir:
        since = len(server.errors)
        for name, twins in RECORDS.items():
            for kind, address in zip(("A", "AAAA"), twins):
                assert f"\t{address}\n" in lab.alice.dig(lab.north.at(net), name, kind)
        assert asked_by(server, since, lab.alice.at(net))
        record = weir.expect_record(protocol="udp", rule="dns", upstream="transparent",
                                    destination=endpoint(lab.north.at(net), 53))
        if record:
            assert record["source"].startswith(endpoint(lab.alice.at(net), 0)[:-1]), record


@case("with direct dnsmasq sees the router")
def dig_direct(lab, net):
    server = lab.dnsmasq(lab.south)
    with lab.weir(DIRECT) as weir:
        since, seen = len(server.errors), weir.source(net, lab.alice, lab.south)
        assert "192.0.2.201" in lab.alice.dig(lab.south.at(net), "one.lab.test", "A")
        assert asked_by(server, since, seen)


@case("a large answer with EDNS arrives whole in one datagram")
def edns(lab, net):
    lab.dnsmasq(lab.north)
    with lab.weir(TRANSPARENT) as weir:
        text = lab.alice.dig(lab.north.at(net), BIG_NAME, "TXT", "+bufsize=4096", "+ignore")
        assert text.count("x" * 190) == BIG_STRINGS and "flags: qr aa rd tc" not in text, text
        size = int(re.search(r"MSG SIZE  rcvd: (\d+)", text)[1])
        assert size > 2_000
        weir.expect_record(protocol="udp", bytes_down=size, packets_up=1, packets_down=1)


@case("a truncated answer is asked for again over TCP")
def truncated(lab, net):
    lab.dnsmasq(lab.north)
    with lab.weir(TRANSPARENT) as weir:
        text = lab.alice.dig(lab.north.at(net), BIG_NAME, "TXT", "+bufsize=512")
        assert text.count("x" * 190) == BIG_STRINGS, text
        weir.expect_record(protocol="udp")
        weir.expect_record(protocol="tcp", end="closed")


@case("dig over TCP")
def dig_tcp(lab, net):
    lab.dnsmasq(lab.east)
    with lab.weir(TRANSPARENT) as weir:
        assert "192.0.2.201" in lab.alice.dig(lab.east.at(net), "one.lab.test", "A", "+tcp")
        weir.expect_record(protocol="tcp", end="closed", destination=endpoint(lab.east.at(net), 53))


@case("a reply leaves from the address the client sent to")
def reply_address(lab, net):
    lab.dnsmasq(lab.north)
    with lab.weir(TRANSPARENT):
        # dig refuses an answer from another address, and a connected socket would not see it.
        for address in (lab.north.at(net), lab.places.north2.at(net), lab.places.north3.at(net)):
            assert "192.0.2.201" in lab.alice.dig(address, "one.lab.test", "A")


@case("a reply leaves from there also while another program holds port 53 on every address")
def port_held(lab, net):
    lab.dnsmasq(lab.north)
    # --port with no --bind-interfaces binds 0.0.0.0:53 and [::]:53, without SO_REUSEADDR's help.
    with dnsmasq(lab.router, records=["router.lab.test,192.0.2.99"], options=["--interface=lo"]):
        with lab.weir(TRANSPARENT) as weir:
            for _ in range(5):
                text = lab.alice.dig(lab.north.at(net), "one.lab.test", net.pick("A", "AAAA"))
                assert f"\t{RECORDS['one.lab.test'][net.version == 6]}\n" in text
            text = lab.alice.dig(lab.north.at(net), BIG_NAME, "TXT", "+bufsize=4096", "+ignore")
            assert text.count("x" * 190) == BIG_STRINGS
            assert "192.0.2.99" not in lab.alice.dig(lab.north.at(net), "router.lab.test")
            weir.expect_record(protocol="udp", packets_down=1)


@case("a reply leaves from there also where the router may bind addresses that it does not have (VRRP)")
def others_addresses(lab, net):
    lab.dnsmasq(lab.north)
    with sysctl(lab, net__ipv4__ip_nonlocal_bind=1, net__ipv6__ip_nonlocal_bind=1), lab.weir(DIRECT) as weir:
        for _ in range(5):
            assert "192.0.2.201" in lab.alice.dig(lab.north.at(net), "one.lab.test", "A")
        if weir:
            assert weir.metric("weir_events_total", reason="reply-socket-taken") == 0, "raw replies"


@case("the router's own DNS stays the router's")
def own_service(lab, net):
    with dnsmasq(lab.router, records=["router.lab.test,192.0.2.99"]), lab.weir(TRANSPARENT) as weir:
        assert "192.0.2.99" in lab.alice.dig(lab.router.at(net), "router.lab.test")
        if weir:
            assert not weir.records() and not weir.flows(), "a local service was intercepted"


@case("two clients asking the same server get their own answers")
def two_clients(lab, net):
    lab.dnsmasq(lab.north)
    with lab.weir(TRANSPARENT) as weir:
        tasks = [lab.task(client.dig, lab.north.at(net), name)
                 for _ in range(10) for client, name in ((lab.alice, "www.lab.test"),
                                                         (lab.bob, "one.lab.test"))]
        for number, task in enumerate(tasks):
            wanted = ("198.51.100.10", "192.0.2.201")[number % 2]
            assert wanted in task.result()
        if weir:
            eventually(lambda: len(weir.records(packets_up=1, packets_down=1)) == 20,
                       "every query has its record")


def asked_by(server, since, address):
    """dnsmasq logs each query with the address that asked."""
    return eventually(lambda: f"from {address}\n" in server.errors[since:], f"dnsmasq sees {address}")


if __name__ == "__main__":
    main()
