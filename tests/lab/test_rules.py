#!/usr/bin/env python3
"""Which rule a flow gets: the first whose conditions all hold, and the default where none does. The
record and the address that the server saw must tell the same story."""

import json

from backends import for_each_backend
from echo_servers import answers, tcp, udp
from harness import V4, case, endpoint, eventually, main

SERVERS_SEE = {"transparent": "client", "direct": "gateway"}


def seen_by(lab, net, client, server):
    return client.curl(net.url(server, "/whoami")).stdout.decode().split()[0]


def check(lab, net, weir, client, server, rule, use):
    """One request of that client to that server: it must have got `rule`, and `rule` uses `use`."""
    wanted = weir.source(net, client, server, SERVERS_SEE[use])
    seen = seen_by(lab, net, client, server)
    assert seen == wanted, f"{client} → {server}: rule {rule} shows {wanted}, the server saw {seen}"
    if weir:
        weir.expect_record(rule=rule, upstream=use, client=lambda text: client.at(net) in text,
                           destination=lambda text: server.at(net) in text)


def serve(lab):
    for server in (lab.north, lab.south, lab.east):
        lab.nginx(server)


@case("the first rule that matches wins")
def first_wins(lab, net):
    serve(lab)
    with lab.weir("""
            [rule first]
            on = tcp/80
            use = direct

            [rule second]
            on = tcp/80
            use = transparent
            """) as weir:
        check(lab, net, weir, lab.alice, lab.north, "first", "direct")


@case("rules choose by client, single, network and negated")
def by_client(lab, net):
    serve(lab)
    with lab.weir(f"""
            [rule bob]
            on = tcp/80
            client = {lab.bob.v4}, {lab.bob.v6}
            use = direct

            [rule not-bob]
            on = tcp/80
            client = 192.0.2.0/24, fd00:192:0:2::/64, !{lab.bob.v4}, !{lab.bob.v6}
            use = transparent
            """) as weir:
        check(lab, net, weir, lab.bob, lab.north, "bob", "direct")
        check(lab, net, weir, lab.alice, lab.north, "not-bob", "transparent")


@case("rules choose by destination")
def by_destination(lab, net):
    serve(lab)
    with lab.weir(f"""
            [rule south]
            on = tcp/80
            destination = 203.0.113.0/24, fd00:203::/32
            use = direct

            [rule others]
            on = tcp/*
            use = transparent
            """) as weir:
        check(lab, net, weir, lab.alice, lab.south, "south", "direct")
        check(lab, net, weir, lab.alice, lab.north, "others", "transparent")
        check(lab, net, weir, lab.alice, lab.east, "others", "transparent")


@case("a list of addresses may stand in a file")
def by_file(lab, net):
    serve(lab)
    with open(f"{lab.work}/list", "w") as file:
        file.write(f"# the south\n{lab.south.v4}\n{lab.south.v6}\n")
    with lab.weir(f"""
            [rule listed]
            on = tcp/80
            destination = @{lab.work}/list
            use = direct

            [rule others]
            on = tcp/80
            use = transparent
            """) as weir:
        check(lab, net, weir, lab.alice, lab.south, "listed", "direct")
        check(lab, net, weir, lab.alice, lab.north, "others", "transparent")


@case("rules choose by port and by range")
def by_port(lab, net):
    for port in (7700, 7701, 7710, 7720):
        lab.serve(lab.north.listen(net, port),
                  lambda connection: connection.sendall(connection.getpeername()[0].encode()))
    with lab.weir("""
            [rule range]
            on = tcp/7701-7710
            use = direct

            [rule single]
            on = tcp/7720, tcp/7700
            use = transparent
            """) as weir:
        for port, rule, use in ((7700, "single", "transparent"), (7701, "range", "direct"),
                                (7710, "range", "direct"), (7720, "single", "transparent")):
            with lab.alice.connect(net, lab.north.at(net), port) as client:
                seen = client.recv(100).decode()
            assert seen == weir.source(net, lab.alice, lab.north, SERVERS_SEE[use]), (port, seen)
            weir.expect_record(rule=rule, destination=lambda text: text.endswith(f":{port}"))


@case("rules choose by the interface a flow came in on")
def by_interface(lab, net):
    serve(lab)
    with lab.weir("""
            [rule from-lan]
            on = tcp/80
            interface = lan
            use = direct

            [rule from-elsewhere]
            on = tcp/80
            use = transparent
            """) as weir:
        check(lab, net, weir, lab.alice, lab.north, "from-lan", "direct")
        check(lab, net, weir, lab.south, lab.north, "from-elsewhere", "transparent")


@case("firewall.interfaces limits interception to these")
def firewall_interfaces(lab, net):
    serve(lab)
    with lab.weir("""
            [firewall]
            interfaces = lan

            [rule web]
            on = tcp/80
            use = direct
            """) as weir:
        check(lab, net, weir, lab.alice, lab.north, "web", "direct")
        assert seen_by(lab, net, lab.south, lab.north) == lab.south.at(net)
        if weir:
            assert not weir.records(client=lambda text: lab.south.at(net) in text)


@for_each_backend("a star at the end of an interface's name stands for what begins like it")
def interface_pattern(lab, net, backend):
    for port in (7711, 7712):
        answers(lab, net, port)
    with lab.weir("""
            [firewall]
            interfaces = la*, north*

            [rule kept]
            on = any/7711
            interface = la*
            use = direct

            [rule refused]
            on = any/7712
            interface = l*
            use = reject
            """, backend=backend) as weir:
        seen = weir.source(net, lab.alice, lab.north)
        assert tcp(lab, net, 7711) == udp(lab, net, 7711) == seen
        assert tcp(lab, net, 7712) == udp(lab, net, 7712) == "refused"


@for_each_backend("on ports that only bypass, reject and drop name the rest passes, unless the file sets a default")
def firewall_alone(lab, net, backend):
    for port in (7711, 7712):
        answers(lab, net, port)
    rules = f"""
            [rule bob]
            on = any/*
            client = {lab.bob.v4}, {lab.bob.v6}
            use = bypass

            [rule one]
            on = any/7711
            use = direct
            """
    with lab.weir(rules, backend=backend) as weir:
        seen, own = weir.source(net, lab.alice, lab.north), lab.alice.at(net)
        assert tcp(lab, net, 7711) == udp(lab, net, 7711) == seen
        assert tcp(lab, net, 7712) == udp(lab, net, 7712) == own
        assert weir.reload("[gateway]\ndefault = direct\n" + rules).returncode == 0
        assert tcp(lab, net, 7712) == udp(lab, net, 7712) == seen
        assert weir.reload("[gateway]\ndefault = reject\n" + rules).returncode == 0
        assert tcp(lab, net, 7712) == udp(lab, net, 7712) == "refused"
        assert tcp(lab, net, 7711) == seen


@case("a flow that no rule matches gets the default", only_weir="it is weir's default")
def default(lab, net):
    serve(lab)
    with lab.weir(f"""
            [gateway]
            default = direct

            [rule bob]
            on = tcp/80
            client = {lab.bob.v4}, {lab.bob.v6}
            use = transparent
            """) as weir:
        check(lab, net, weir, lab.bob, lab.north, "bob", "transparent")
        check(lab, net, weir, lab.alice, lab.north, "(default)", "direct")


@case("explain says what the flow then gets", only_weir="it is weir's command")
def explain(lab, net):
    serve(lab)
    with lab.weir(f"""
            [rule bob]
            on = tcp/80
            client = {lab.bob.v4}, {lab.bob.v6}
            use = direct

            [rule rest]
            on = tcp/80
            use = transparent
            """) as weir:
        for client, rule in ((lab.bob, "bob"), (lab.alice, "rest")):
            done = weir.cli("explain", "-c", weir.config, "tcp", endpoint(client.at(net), 40_000),
                            endpoint(lab.north.at(net), 80), check=True)
            assert rule in done.stdout.decode(), done.stdout
        assert "client" in done.stdout.decode(), "why the earlier rule failed"
        check(lab, net, weir, lab.bob, lab.north, "bob", "direct")
        check(lab, net, weir, lab.alice, lab.north, "rest", "transparent")


@for_each_backend("a reload follows the list of a set, in the firewall too; a bad list leaves the set as it was")
def follows_lists(lab, net, backend):
    answers(lab, net, 7080)
    path = f"{lab.work}/refused-{net.version}.list"

    def write(*lines):
        with open(path, "w") as file:
            file.write("".join(f"{line}\n" for line in lines))

    write("203.0.113.99")
    with lab.weir(f"""
            [set refused]
            file = {path}

            [rule refused]
            on = tcp/7080
            destination = @refused
            use = reject

            [rule web]
            on = tcp/7080
            destination = !@refused
            use = direct
            """, backend=backend, keeps_firewall=True) as weir:
        assert tcp(lab, net, 7080) != "refused"
        write("203.0.113.99 # some", lab.north.at(net))
        weir.reload()
        assert tcp(lab, net, 7080) == "refused"
        write("203.0.113.99", "neither this nor that")
        said = weir.live("reload").stdout.decode()
        assert f"{path}:2: warning: " in said and "[set refused] stays as it was" in said, said
        assert tcp(lab, net, 7080) == "refused"
        write(lab.north.at(net), "203.0.113.99")
        explained = weir.cli("explain", "-c", weir.config, "tcp", lab.alice.at(net),
                             endpoint(lab.north.at(net), 7080)).stdout.decode()
        assert f"because destination {lab.north.at(net)} is in @refused ({path}:1: " in explained, explained


@for_each_backend("lan:IF follows the networks of its interface, in the firewall too")
def follows_networks(lab, net, backend):
    answers(lab, net, 7080)
    lab.router.run("ip", "link", "add", "extra", "type", "veth", "peer", "name", "extra-end", check=True)
    try:
        for end in ("extra", "extra-end"):
            lab.router.run("ip", "link", "set", end, "up", check=True)
        with lab.weir("""
                [rule extra]
                on = tcp/7080
                destination = lan:extra
                use = reject

                [rule web]
                on = tcp/7080
                use = direct
                """, backend=backend, keeps_firewall=True):
            assert tcp(lab, net, 7080) != "refused"
            # The network behind it is the other end of the link alone.
            address = (net.pick("10.77.77.1", "fd77:77::1"), "peer", f"{lab.north.at(net)}/{net.pick(32, 128)}",
                       "dev", "extra")
            for how, is_refused in (("add", True), ("del", False)):
                lab.router.run("ip", f"-{net.version}", "addr", how, *address, check=True)
                eventually(lambda: (tcp(lab, net, 7080) == "refused") == is_refused, f"after {how} it is so")
    finally:
        lab.router.run("ip", "link", "del", "extra")


@case("explain --host says which rule a name leads to, and by which line of which list", (V4,), only_weir="it is weir's command")
def explained_host(lab, net):
    path = f"{lab.work}/explained.names"
    with open(path, "w") as file:
        file.write("# of the house\n||ads.example^\nxn--bcher-kva.example\n")
    with lab.weir(f"""
            [set ads]
            file = {path}

            [rule ads]
            on = tcp/443
            host = @ads, !good.ads.example
            use = reject

            [rule silent]
            on = tcp/443
            host = none
            use = direct

            [rule rest]
            on = tcp/443
            use = bypass
            """) as weir:
        flow = ("tcp", lab.alice.at(net), endpoint(lab.north.at(net), 443))

        def explain(*options):
            done = weir.cli("explain", "-c", weir.config, "--json", *options, *flow)
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)
        listed = explain("--host", "WWW.Ads.Example.")
        assert (listed["rule"], listed["host"]) == ("ads", "www.ads.example"), listed
        assert listed["because"] == [f"host www.ads.example is in @ads ({path}:2: .ads.example)"], listed
        assert explain("--host", "b\u00fccher.example")["rule"] == "ads"
        good = explain("--host", "good.ads.example")
        assert good["rule"] == "rest", good
        assert good["not_rules"][0]["why"] == "host good.ads.example is in !good.ads.example", good
        assert "[rule ads] first: bypass acts as transparent" in good["left_to_gateway"], good
        nameless = explain()
        assert (nameless["rule"], nameless["could_match"]) == ("silent", ["ads"]), nameless

        weir.live("set", "ads", "add", "*.example.com", check=True)
        added = explain("--host", "www.example.com")
        assert added["rule"] == "ads" and "(added by uid 0: *.example.com)" in added["because"][0], added
        refused = weir.cli("explain", "-c", weir.config, "--host", "192.0.2.1", *flow)
        assert refused.returncode == 2 and "--host: '192.0.2.1'" in refused.stderr, refused
        checked = weir.cli("check", "-c", weir.config)
        assert "[rule rest]: bypass acts as transparent on tcp/443" in checked.stderr, checked


if __name__ == "__main__":
    main()
