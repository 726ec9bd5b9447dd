#!/usr/bin/env python3
"""The host that a client names, told to the upstream side: proxies look it up themselves (host-to-proxy), and
servers read it in the PROXY header. The name is that of an HTTP request; the proxies sit on east and ask the
resolver on north, which knows each name in one family only."""

from harness import case, endpoint, eventually, main
from harness.payload import sha256
from harness.proxies import haproxy, microsocks, squid
from harness.servers import CHECKSUMS, dnsmasq
from harness.topology import NORTH4, NORTH6, SOUTH4, SOUTH6

PROXY = "plain routing has no proxy"
SOCKS, SQUID = 1084, 3129
# Where the resolver says that they are.
RECORDS = (f"north4.lab.test,{NORTH4}.10", f"north6.lab.test,{NORTH6}:10",
           f"south4.lab.test,{SOUTH4}.20", f"south6.lab.test,{SOUTH6}:20")

RULES = """
[firewall]
interfaces = lan
[rule named]
on = tcp/80, tcp/7600-7699
host = !none
use = {use}
[rule rest]
on = tcp/80, tcp/7600-7699
use = {use}
"""


def upstream(name, kind, **keys):
    return f"[upstream {name}]\ntype = {kind}\n" + "".join(
        f"{key.replace('_', '-')} = {value}\n" for key, value in keys.items())


def office(lab, net, told="yes", **more):
    return upstream("office", "socks5", server=f"p1={endpoint(lab.east.at(net), SOCKS)}", host_to_proxy=told, **more)


def base(lab, net, **more):
    return upstream("base", "http-connect", server=f"b1={endpoint(lab.east.at(net), SQUID)}", host_to_proxy="yes", **more)


def resolver(lab):
    lab.shared(dnsmasq, lab.north, 53, RECORDS, ("--local=/lab.test/",))
    return lab.north.v4


def socks(lab, net):
    return lab.shared(microsocks, lab.east, net, SOCKS, "open", resolver(lab))


def name(place, net):
    return f"{place}{net.version}.lab.test"


def ask(lab, net, host, path="/name"):
    """What north's address answers to a request with that Host."""
    done = lab.alice.curl("-H", f"Host: {host}", net.url(lab.north, path))
    assert done.returncode == 0, done.stderr
    return done.stdout


@case("a page comes whole from a server that a SOCKS5 proxy has looked up")
def page(lab, net):
    lab.nginx(lab.north)
    proxy = socks(lab, net)
    host = name("north", net)
    with lab.weir(RULES.format(use="office") + office(lab, net)) as weir:
        assert sha256(ask(lab, net, host, "/1MiB")) == CHECKSUMS["/1MiB"]
        if weir:
            assert ask(lab, net, host, "/whoami").split()[0].decode() == lab.east.at(net)
            eventually(lambda: f"connected to {host}:80" in proxy.errors, "the proxy was told the name")
            record = weir.expect_record(rule="named", host=host, host_from="http", end="closed")
            assert (record["upstream"], record["server"]) == ("office", "p1"), record
            assert record["server_address"] == endpoint(lab.east.at(net), SOCKS), record
            assert record["destination"] == endpoint(lab.north.at(net), 80), record


@case("the proxy goes where the name leads, and without host-to-proxy to the address", only_weir=PROXY)
def elsewhere(lab, net):
    for host in (lab.north, lab.south):
        lab.nginx(host)
    socks(lab, net)
    for told, place in (("yes", b"south"), ("no", b"north")):
        with lab.weir(RULES.format(use="office") + office(lab, net, told)) as weir:
            assert ask(lab, net, name("south", net)) == place
            record = weir.expect_record(rule="named", host=name("south", net), end="closed")
            assert record["destination"] == endpoint(lab.north.at(net), 80), record


@case("who names no host goes to the address", only_weir=PROXY)
def nameless(lab, net):
    lab.nginx(lab.north)
    proxy = socks(lab, net)
    with lab.weir(RULES.format(use="office") + office(lab, net)) as weir:
        assert lab.alice.curl(net.url(lab.north, "/name")).stdout == b"north"
        weir.expect_record(rule="rest", host="", end="closed")
        eventually(lambda: f"connected to {lab.north.at(net)}:80" in proxy.errors, "the proxy was told the address")


@case("squid is asked for the name by CONNECT", only_weir=PROXY)
def http_connect(lab, net):
    for host in (lab.north, lab.south):
        lab.nginx(host)
    proxy = lab.shared(squid, lab.east, net, SQUID, resolver(lab))
    with lab.weir(RULES.format(use="base") + base(lab, net)) as weir:
        assert ask(lab, net, name("south", net)) == b"south"
        weir.expect_record(upstream="base", server="b1", host=name("south", net), end="closed")

    def logged():
        with open(proxy.access_log) as log:
            return f"CONNECT {name('south', net)}:80 " in log.read()
    eventually(logged, "squid's log has the name")


@case("of a chain the proxy that leads to the destination is told, and of a group each that wants it",
      only_weir=PROXY)
def chains(lab, net):
    for host in (lab.north, lab.south):
        lab.nginx(host)
    proxy = socks(lab, net)
    squid_log = lab.shared(squid, lab.east, net, SQUID, resolver(lab)).access_log
    chain = office(lab, net, via="base") + base(lab, net)
    for use, more, server in (("office", "", "base/b1>p1"),
                              ("out", upstream("out", "direct", via="office"), "base/b1>office/p1"),
                              ("all", upstream("all", "group", members="office, direct"), "base/b1>office/p1")):
        said = len(proxy.errors)
        with lab.weir(RULES.format(use=use) + more + chain) as weir:
            assert ask(lab, net, name("south", net)) == b"south"
            weir.expect_record(rule="named", host=name("south", net), server=server, end="closed")
        eventually(lambda: f"connected to {name('south', net)}:80" in proxy.errors[said:], f"{use} tells the name")
    with open(squid_log) as log:
        assert f"CONNECT {endpoint(lab.east.at(net), SOCKS)} " in log.read()


@case("a name that cannot be looked up fails the flow, and however many a client makes up, the proxy stays",
      only_weir=PROXY)
def made_up(lab, net):
    lab.nginx(lab.north)
    socks(lab, net)
    with lab.weir("[gateway]\nworkers = 1\n" + RULES.format(use="office")
                  + office(lab, net, eject_after=3, eject_time="1h")) as weir:
        for number in range(8):
            with lab.alice.connect(net, lab.north.at(net), 7600 + number) as made:
                made.sendall(b"GET / HTTP/1.1\r\nHost: nowhere%d.lab.test\r\n\r\n" % number)
                try:
                    assert made.recv(1), "a clean close"
                    raise AssertionError("an answer")
                except ConnectionResetError:
                    pass
        record = weir.expect_record(host="nowhere7.lab.test")
        assert record["error"] == "SOCKS5: general SOCKS server failure", record
        assert weir.control.json("/v1/upstreams")["upstreams"][0]["servers"][0]["state"] == "up"
        assert ask(lab, net, name("north", net)) == b"north"


@case("explain names the proxy that is told, and check warns of a destination", only_weir=PROXY)
def commands(lab, net):
    text = RULES.format(use="office").replace("[rule rest]", f"[rule rest]\ndestination = {lab.north.at(net)}")
    socks(lab, net)
    with lab.weir(text + office(lab, net)) as weir:
        asked = weir.cli("explain", "-c", weir.config, "--host", name("south", net), "tcp", lab.alice.at(net),
                         endpoint(lab.north.at(net), 80), check=True).stdout.decode()
        assert f"office: the proxy is told the host's name: {name('south', net)}\n" in asked, asked
        checked = weir.cli("check", "-c", weir.config, check=True)
        assert "[rule rest]: 'destination' holds for the address" in checked.stderr, checked.stderr


@case("HAProxy reads the name in the header, with and without a checksum", only_weir=PROXY)
def authority(lab, net):
    lab.shared(haproxy, lab.north)
    for version, keys in (("v1", {}), ("v2", {}), ("v2", {"proxy_protocol_crc32c": "yes"})):
        told = upstream("told", "forward", server=f"s1={endpoint(lab.north.at(net), 8082)}",
                        proxy_protocol=version, **keys)
        with lab.weir(RULES.format(use="told") + told) as weir:
            seen = ask(lab, net, "Shop.Example", "/").decode().split(" ")
            record = weir.expect_record(rule="named", host="shop.example", end="closed")
            assert seen[:2] == [lab.alice.at(net), lab.north.at(net)], seen
            assert seen[2:] == ([record["id"], "shop.example"] if version == "v2" else ["", ""]), seen
            nameless = lab.alice.curl(net.url(lab.north, "/")).stdout.decode().split(" ")
            assert nameless[3] == "", nameless


if __name__ == "__main__":
    main()
