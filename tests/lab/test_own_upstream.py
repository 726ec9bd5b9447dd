#!/usr/bin/env python3
"""weir between a server and itself: a resolver in the LAN that is also a client, and with `local = yes` a
proxy or a resolver on the router, or processes that are not to be intercepted at all."""

import os

from backends import for_each_backend
from harness import FAMILIES, V4, case, endpoint, eventually, main
from harness.proxies import danted
from harness.servers import dnsmasq, listening

WHY = "plain routing has no upstream"
LOCAL = "[gateway]\nworkers = 2\n[firewall]\ninterfaces = lan\nlocal = yes\n"


def dns_rule(server, use="pihole"):
    return (f"[firewall]\ninterfaces = lan\n[rule dns]\non = any/53\nuse = {use}\n"
            f"[upstream pihole]\ntype = forward\nserver = {server}\n")


def forwarder(lab, net, host):
    """A resolver on a host that knows nothing and asks north."""
    lab.dnsmasq(lab.north)
    program = host.start("dnsmasq", "-k", "-C", "/dev/null", "--no-resolv", "--no-hosts", "--user=root",
                         f"--server={lab.north.at(net)}", "--log-queries", "--log-facility=-", "--cache-size=0",
                         f"--pid-file={lab.work}/forwarder-{host}.pid")
    return program.until_ready(lambda: listening(host, 53, udp=True))


def resolves_once(lab, net, weir, server, use="pihole"):
    text = lab.alice.dig(lab.places.north2.at(net), "one.lab.test", net.pick("A", "AAAA"), "+notcp")
    assert "ANSWER: 1" in text, text
    asked = server.errors.count("query[")
    assert asked == 1, f"one question became {asked}"
    # The resolver's own is a flow as plain routing would carry it, by the same rule.
    record = weir.expect_record(protocol="udp", rule="dns", upstream="transparent",
                                destination=endpoint(lab.north.at(net), 53))
    assert record["client"].rsplit(":", 1)[0].strip("[]") == lab.bob.at(net), record
    weir.expect_event("own-server")
    weir.expect_record(protocol="udp", rule="dns", upstream=use,
                       destination=endpoint(lab.places.north2.at(net), 53))


@for_each_backend("a resolver in the LAN that its clients' rule leads to asks the Internet itself")
def own_server(lab, net, backend):
    server = forwarder(lab, net, lab.bob)
    with lab.weir(dns_rule(endpoint(lab.bob.at(net), 53)), backend=backend) as weir:
        resolves_once(lab, net, weir, server)
        # Over TCP, too; and a client that is no server still goes to the resolver.
        assert "ANSWER: 1" in lab.bob.dig(lab.north.at(net), "one.lab.test", net.pick("A", "AAAA"), "+tcp")
        weir.expect_record(protocol="tcp", upstream="transparent", destination=endpoint(lab.north.at(net), 53))


@case("the same where the resolver is given by its name, and as a member of a group", only_weir=WHY)
def own_server_by_name(lab, net):
    text = dns_rule("resolver.lab.test:53", use="any").replace("[firewall]", f"""[dns]
        servers = 127.0.0.1
        [upstream any]
        type = group
        members = pihole, direct
        [firewall]""")
    server = forwarder(lab, net, lab.bob)
    dnsmasq(lab.router, records=[f"resolver.lab.test,{lab.bob.v4},{lab.bob.v6}"])
    with lab.weir(text) as weir:
        eventually(lambda: any(s["addresses"] for u in weir.control.json("/v1/upstreams")["upstreams"]
                               for s in u.get("servers", [])), "the resolver's name is answered")
        resolves_once(lab, net, weir, server, "any")


@for_each_backend("a proxy on the router makes one flow of one request, and its own connection passes by",
                  families=FAMILIES)
def local_proxy(lab, net, backend):
    lab.nginx(lab.north)
    microsocks_here = microsocks_on(lab, net)
    text = LOCAL + (f"[rule web]\non = tcp/80\nuse = proxy\n[upstream proxy]\ntype = socks5\n"
                    f"server = {endpoint(microsocks_here, 9050)}\n")
    with lab.weir(text, backend=backend) as weir:
        for number in range(1, 4):
            page = lab.alice.curl(net.url(lab.north, "/64KiB"))
            assert page.returncode == 0 and len(page.stdout) == 64 * 1024, page
            eventually(lambda count=number: len(weir.records(rule="web")) == 2 * count, "two records a request")
        assert len(weir.records(upstream="proxy", end="closed")) == 3, weir.records()
        for record in weir.records(upstream="transparent"):
            assert record["destination"] == endpoint(lab.north.at(net), 80), record
        assert weir.metric("weir_events_total", reason="own-proxy") == 3
        # The router's own request goes through the proxy, as the rule says.
        assert lab.router.curl(net.url(lab.north, "/64KiB")).returncode == 0
        eventually(lambda: len(weir.records(upstream="proxy")) == 4 and len(weir.records(rule="web")) == 8,
                   "the router's own request, through the proxy")


def microsocks_on(lab, net):
    """On the router's loopback; its address."""
    address = net.pick("127.0.0.1", "::1")
    program = lab.router.start("microsocks", "-i", address, "-p", 9050)
    program.until_ready(lambda: endpoint(address, 9050) in lab.router.run("ss", "-Hnlt").stdout.decode())
    return address


@case("datagrams through a relay on the router pass by while the flow lives", only_weir=WHY)
def local_relay(lab, net):
    seen = lab.respond(lab.north.udp(net, 7600), lambda data, peer: data)
    danted_here = router_towards_lan(lab, net)
    text = LOCAL + (f"[rule u]\non = udp/7600\nuse = proxy\n[upstream proxy]\ntype = socks5\n"
                    f"server = {endpoint(danted_here, 1080)}\n")
    with lab.weir(text) as weir:
        with lab.alice.udp(net) as client:
            client.connect((lab.north.at(net), 7600))
            for number in range(20):
                client.send(b"%d" % number)
                assert client.recv(100) == b"%d" % number
        assert len(seen.peers) and weir.metric("weir_events_total", reason="own-proxy") == 1
        assert len(weir.flows(rule="u")) == 2, weir.flows()


def router_towards_lan(lab, net):
    danted(lab.router, net)
    return lab.router.at(net)


@case("a resolver on the router that is told nothing gets nothing of the router's own", only_weir=WHY)
def local_resolver(lab, net):
    server = forwarder(lab, net, lab.router)
    address = net.pick("127.0.0.1", "::1")
    with lab.weir(LOCAL + dns_rule(endpoint(address, 53)).split("\n", 2)[2]) as weir:
        assert "ANSWER: 1" in lab.alice.dig(lab.places.north2.at(net), "one.lab.test", net.pick("A", "AAAA"))
        assert server.errors.count("query[") == 1, server.errors
        weir.expect_event("own-server")


@for_each_backend("what an excluded user sends on the router is not intercepted")
def excluded_user(lab, net, backend):
    lab.serve(lab.north.listen(net, 7501), lambda c: c.sendall(c.getpeername()[0].encode()))
    text = LOCAL.replace("local = yes", "local = yes\nexclude-user = nobody") + \
        "[rule one]\non = tcp/7501\nuse = direct\n"
    fetch = ["bash", "-c", f"exec 3<>/dev/tcp/{lab.north.at(net)}/7501; cat <&3"]
    own = lab.router_towards(lab.north).at(net)
    with lab.weir(text, backend=backend) as weir:
        done = lab.router.run("setpriv", "--reuid=nobody", "--clear-groups", *fetch)
        assert done.stdout.decode() == own, done
        assert not weir.records() and not weir.flows()
        assert lab.router.run(*fetch).stdout.decode() == own
        weir.expect_record(rule="one")


class Cgroup:
    """A control group of version 2, if this machine lets us make one."""

    def __init__(self, name):
        mount = next(line.split()[1] for line in open("/proc/self/mounts") if line.split()[2] == "cgroup2")
        self.path, self.folder = name, f"{mount}/{name}"

    def make(self):
        os.makedirs(self.folder, exist_ok=True)

    def remove(self):
        if os.path.isdir(self.folder):
            eventually(lambda: not open(f"{self.folder}/cgroup.procs").read(), "the group is empty")
            os.rmdir(self.folder)

    def run(self, host, *argv):
        return host.run("bash", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', self.folder, *argv)


@for_each_backend("a control group is excluded from when it is there, and again when it is made anew",
                  families=(V4,))
def excluded_cgroup(lab, net, backend):
    lab.serve(lab.north.listen(net, 7501), lambda c: c.sendall(c.getpeername()[0].encode()))
    group = Cgroup(f"weir-lab-{os.getpid()}")
    text = LOCAL.replace("local = yes", f"local = yes\nexclude-cgroup = {group.path}") + \
        "[rule one]\non = tcp/7501\nuse = direct\n"
    fetch = ["bash", "-c", f"exec 3<>/dev/tcp/{lab.north.at(net)}/7501; cat <&3"]
    own = lab.router_towards(lab.north).at(net)
    try:
        with lab.weir(text, backend=backend, keeps_firewall=True) as weir:
            assert lab.router.run(*fetch).stdout.decode() == own
            weir.expect_record(rule="one")
            for _ in range(2):  # a service that is started, and started again
                group.make()

                def passes():
                    before = len(weir.records())
                    assert group.run(lab.router, *fetch).stdout.decode() == own
                    lab.router.run(*fetch)  # whose record shows that an earlier one would be there
                    eventually(lambda: len(weir.records()) > before, "the next record")
                    return len(weir.records()) == before + 1
                eventually(passes, "what the group sends is not intercepted")
                group.remove()
            assert "there is no control group" in open(weir.log).read()
    finally:
        group.remove()


@for_each_backend("clients of the router's own address reach servers on the router, though another rule rejects",
                  families=FAMILIES)
def servers_on_the_router(lab, net, backend):
    """What weir sends to them comes in by lo, with the mark that iptables' refusals carry, too."""
    lab.serve(lab.router.listen(net, 7301, address=net.any), lambda connection: connection.sendall(b"answer"))
    for server in (net.pick("127.0.0.1", "::1"), lab.router.at(net)):
        with lab.weir("[firewall]\ninterfaces = lan\nlocal-services = yes\n"
                      f"[upstream here]\ntype = forward\nserver = {endpoint(server, 7301)}\n"
                      "[rule here]\non = tcp/7300\nuse = here\n"
                      "[rule no]\non = tcp/7302, udp/7302\nuse = reject\n", backend=backend) as weir:
            with lab.alice.connect(net, lab.router.at(net), 7300) as client:
                assert client.recv(100) == b"answer"
            weir.expect_record(protocol="tcp", rule="here", end="closed")
            for place in (lab.router, lab.north):
                try:
                    lab.alice.connect(net, place.at(net), 7302).close()
                    raise AssertionError(f"{place} was reached")
                except ConnectionRefusedError:
                    pass


if __name__ == "__main__":
    main()
