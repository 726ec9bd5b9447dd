#!/usr/bin/env python3
"""`via`: servers reached through other upstreams. Each hop is a real proxy on a host of its own, and
sees only the one before it. Where a hop fails, the record says which."""

from harness import case, endpoint, main
from harness.payload import sha256
from harness.proxies import DANTED, SQUID, danted, microsocks, nginx_proxied, squid
from harness.servers import CHECKSUMS

POOL = "a proxy goes where plain routing does not"
HEAD = "[firewall]\ninterfaces = lan\n[rule r]\non = tcp/80, any/7600\nuse = {}\n"


def upstream(name, kind, servers, **keys):
    return (f"[upstream {name}]\ntype = {kind}\n" + "".join(f"server = {s}\n" for s in servers)
            + "".join(f"{key.replace('_', '-')} = {value}\n" for key, value in keys.items()))


def refused(lab, net):
    try:
        with lab.alice.connect(net, lab.places.swallowed.at(net), 7600) as made:
            assert made.recv(1), "a clean close"
            raise AssertionError("an answer")
    except (ConnectionResetError, ConnectionRefusedError):
        pass


def page(lab, net):
    return lab.alice.curl(net.url(lab.places.swallowed.at(net), "/whoami")).stdout.decode()


@case("a forward server is reached through socks5, over TCP and UDP", only_weir=POOL)
def forward_via_socks5(lab, net):
    lab.nginx(lab.north)
    lab.respond(lab.north.udp(net, 7600), lambda data, peer: data + peer[0].encode())
    lab.shared(danted, lab.east, net)
    text = (HEAD.format("web") + upstream("web", "forward", [f"web1={lab.north.at(net)}"], via="office")
            + upstream("office", "socks5", [f"p1={endpoint(lab.east.at(net), DANTED)}"]))
    with lab.weir(text) as weir:
        assert page(lab, net).split()[0] == lab.east.at(net)
        record = weir.expect_record(end="closed", protocol="tcp")
        assert record["server"] == "office/p1>web1" and record["upstream"] == "web", record
        assert record["server_address"] == endpoint(lab.east.at(net), DANTED), record
        with lab.alice.udp(net) as client:
            client.connect((lab.places.swallowed.at(net), 7600))
            client.send(b"from ")
            assert client.recv(100) == b"from " + lab.east.at(net).encode()
            weir.expect_flows(1, protocol="udp")
            assert weir.flows(protocol="udp")[0]["server"] == "office/p1>web1"


@case("the destination itself is reached through a proxy by a direct upstream", only_weir=POOL)
def direct_via_socks5(lab, net):
    lab.nginx(lab.north)
    lab.shared(danted, lab.east, net)
    text = (HEAD.format("out") + upstream("out", "direct", [], via="office")
            + upstream("office", "socks5", [f"p1={endpoint(lab.east.at(net), DANTED)}"]))
    with lab.weir(text) as weir:
        seen = lab.alice.curl(net.url(lab.north, "/whoami")).stdout.decode()
        assert seen.split()[0] == lab.east.at(net), seen
        assert weir.expect_record(end="closed")["server"] == "office/p1"


@case("an HTTP proxy is reached through socks5", only_weir=POOL)
def http_via_socks5(lab, net):
    lab.nginx(lab.north)
    lab.shared(squid, lab.south, net)
    lab.shared(microsocks, lab.east, net, 1082, "open")
    text = (HEAD.format("proxy").replace("any/7600", "tcp/7600")
            + upstream("proxy", "http-connect", [f"h1={endpoint(lab.south.at(net), SQUID)}"], via="office")
            + upstream("office", "socks5", [f"p1={endpoint(lab.east.at(net), 1082)}"]))
    with lab.weir(text) as weir:
        got = lab.alice.curl(net.url(lab.north, "/1MiB")).stdout
        assert sha256(got) == CHECKSUMS["/1MiB"]
        assert weir.expect_record(end="closed")["server"] == "office/p1>h1"


def three_hops(lab, net, squid_port=SQUID, web_port=8081):
    """forward through HTTP CONNECT through SOCKS5, with the PROXY protocol for the last one."""
    return (HEAD.format("web").replace("any/7600", "tcp/7600")
            + upstream("web", "forward", [f"web1={endpoint(lab.north.at(net), web_port)}"],
                       via="proxy", proxy_protocol="v2")
            + upstream("proxy", "http-connect", [f"h1={endpoint(lab.south.at(net), squid_port)}"], via="office")
            + upstream("office", "socks5", [f"p1={endpoint(lab.east.at(net), 1082)}"]))


@case("three hops, and the server at the end still learns who the client is", only_weir=POOL)
def chain(lab, net):
    lab.shared(nginx_proxied, lab.north)
    lab.shared(squid, lab.south, net)
    lab.shared(microsocks, lab.east, net, 1082, "open")
    with lab.weir(three_hops(lab, net)) as weir:
        seen = page(lab, net).split()
        assert (seen[0], seen[2], seen[3]) == (lab.alice.at(net), lab.places.swallowed.at(net), "80"), seen
        record = weir.expect_record(end="closed")
        assert record["server"] == "office/p1>proxy/h1>web1", record


@case("a broken hop is named, wherever it stands in the chain", only_weir=POOL)
def broken(lab, net):
    lab.shared(squid, lab.south, net)
    lab.shared(microsocks, lab.east, net, 1082, "open")
    with lab.weir(three_hops(lab, net, web_port=7699)) as weir:
        refused(lab, net)
        record = weir.expect_record(end="connect-failed")
        assert record["error"] == "handshake with proxy/h1: HTTP CONNECT: 503 Service Unavailable", record
        assert record["server"] == "office/p1>proxy/h1>web1", record
    with lab.weir(three_hops(lab, net, squid_port=7698)) as weir:
        refused(lab, net)
        error = weir.expect_record(end="connect-failed")["error"]
        assert error.startswith("handshake with office/p1: SOCKS5: connection refused"), error
    gone = three_hops(lab, net).replace(":1082", ":7697")
    with lab.weir(gone) as weir:
        refused(lab, net)
        error = weir.expect_record(end="connect-failed")["error"]
        assert error == "connect to office/p1: Connection refused", error


@case("when one proxy of two is gone the chain goes by the other", only_weir=POOL)
def other_proxy(lab, net):
    lab.nginx(lab.north)
    lab.shared(danted, lab.east, net)
    text = (HEAD.format("web").replace("any/7600", "tcp/7600") + "[gateway]\nworkers = 1\n"
            + upstream("web", "forward", [f"web1={lab.north.at(net)}"], via="office")
            + upstream("office", "socks5", [f"gone={endpoint(lab.south.at(net), 7696)}",
                                            f"p1={endpoint(lab.east.at(net), DANTED)}"]))
    with lab.weir(text) as weir:
        for _ in range(4):
            assert page(lab, net).split()[0] == lab.east.at(net)
        weir.expect_record(end="closed", attempts=2, server="office/p1>web1")


if __name__ == "__main__":
    main()
