#!/usr/bin/env python3
"""`local = yes`: what programs on the router send is intercepted like what clients send, with both
backends; what weir itself sends, and what the router answers, is not."""

from backends import for_each_backend
from echo_servers import answers, echoes, exchange, from_router, tcp, udp
from harness import FAMILIES, endpoint, eventually, main

LOCAL = "[gateway]\nworkers = 1\n[firewall]\nlocal = yes\n"


def rule(name, on, use, more=""):
    return f"[rule {name}]\non = {on}\nuse = {use}\n{more}"


def told(ask, *arguments, **options):
    """What the router's own program is told. When its kernel drops a datagram, sending fails."""
    try:
        return ask(*arguments, **options)
    except PermissionError:
        return "not permitted"


@for_each_backend("curl and dig on the router are intercepted, each flow once", families=FAMILIES)
def curl_and_dig(lab, net, backend):
    lab.nginx(lab.north)
    lab.dnsmasq(lab.north)
    text = LOCAL + rule("web", "tcp/80", "direct") + rule("dns", "any/53", "transparent")
    own = lab.router_towards(lab.north).at(net)
    with lab.weir(text, backend=backend) as weir:
        page = lab.router.curl(net.url(lab.north, "/64KiB"))
        assert page.returncode == 0 and len(page.stdout) == 64 * 1024, page
        weir.expect_record(protocol="tcp", rule="web", destination=endpoint(lab.north.at(net), 80),
                           client=lambda client: client.startswith(own) or f"[{own}]" in client)
        for _ in range(3):  # the socket that the first answer left from must not take the next question
            assert "198.51.100.10" in lab.router.dig(lab.north.at(net), "www.lab.test", "A", "+notcp")
        assert "198.51.100.10" in lab.router.dig(lab.north.at(net), "www.lab.test", "A", "+tcp")
        eventually(lambda: len(weir.records(rule="dns", protocol="udp")) == 3, "three flows over UDP")
        weir.expect_record(rule="dns", protocol="tcp", destination=endpoint(lab.north.at(net), 53))
        # weir's own connections to the server would have been further ones.
        assert len(weir.records(protocol="tcp")) == 2, weir.records()
        assert not weir.records(end="loop")


@for_each_backend("without it they are not")
def off(lab, net, backend):
    answers(lab, net, 7501)
    with lab.weir(LOCAL.replace("yes", "no") + rule("one", "any/7501", "direct"), backend=backend) as weir:
        here = from_router(lab)
        assert tcp(here, net, 7501) == lab.router_towards(lab.north).at(net)
        assert not weir.records() and not weir.flows()


@for_each_backend("rules decide for the router's own flows as for clients': bypass, reject, drop, clients", families=FAMILIES)
def verdicts(lab, net, backend):
    for port in range(7501, 7507):
        answers(lab, net, port)
    own = lab.router_towards(lab.north).at(net)
    text = (LOCAL + rule("let", "any/7501", "bypass", f"client = {own}, 192.0.2.99\n")
            + rule("no", "any/7502", "reject")
            + rule("hush", "any/7503", "drop", f"client = {own}\ndestination = {lab.north.at(net)}\n")
            + rule("lan", "any/7504", "reject", "interface = lan\n")
            + rule("alice", "any/7505", "reject", f"client = {lab.alice.at(net)}\n")
            + rule("rest", "any/7501, any/7504-7506", "direct"))
    text = text.replace("local = yes", f"local = yes\nexclude = {lab.east.at(net)}")
    here = from_router(lab)
    with lab.weir(text, backend=backend) as weir:
        assert tcp(here, net, 7501) == udp(here, net, 7501) == own
        assert not weir.records()
        assert tcp(here, net, 7502) == "refused"
        assert told(udp, here, net, 7502) in ("refused", "not permitted")
        assert told(tcp, here, net, 7503, timeout=1.3) in ("silence", "not permitted")
        assert told(udp, here, net, 7503) == "not permitted"
        for port in (7504, 7505, 7506):
            assert tcp(here, net, port) == udp(here, net, port) == own
            weir.expect_record(protocol="tcp", destination=endpoint(lab.north.at(net), port), rule="rest")
        # Clients as ever.
        assert tcp(lab, net, 7502) == tcp(lab, net, 7504) == tcp(lab, net, 7505) == "refused"
        assert tcp(lab, net, 7506) == weir.source(net, lab.alice, lab.north)


@for_each_backend("of the router's own flows those to some destinations are intercepted, the rest refused", families=FAMILIES)
def chosen(lab, net, backend):
    answers(lab, net, 7501)
    own = lab.router_towards(lab.north).at(net)
    text = (LOCAL + rule("one", "any/7501", "direct", f"destination = {lab.north.at(net)}\n")
            + rule("let", "any/7501", "bypass", f"destination = {lab.south.at(net)}\n")
            + rule("no", "any/7501", "reject", f"client = {own}\n") + rule("rest", "any/7501", "reject"))
    here = from_router(lab)
    with lab.weir(text, backend=backend) as weir:
        assert tcp(here, net, 7501) == udp(here, net, 7501) == own
        weir.expect_record(protocol="tcp", rule="one")
        here.north = lab.places.north2
        assert tcp(here, net, 7501) == "refused"


@for_each_backend("a connection of the router's own that is under way when weir starts goes on, and later ones "
                  "are intercepted")
def under_way(lab, net, backend):
    echoes(lab, net, 7501)
    here = from_router(lab)
    with here.alice.connect(net, lab.north.at(net), 7501) as connection:
        exchange(connection, b"before")
        with lab.weir(LOCAL + rule("one", "any/7501", "direct"), backend=backend, keeps_firewall=True) as weir:
            exchange(connection, b"with weir")
            with here.alice.connect(net, lab.north.at(net), 7501) as fresh:
                exchange(fresh, b"through weir")
                # Over a reload that writes other rules, too.
                text = LOCAL + rule("one", "any/7501", "direct") + rule("two", "any/7502", "direct")
                assert weir.reload(text).returncode == 0
                exchange(fresh, b" for ever")
            weir.expect_record(rule="one", protocol="tcp", bytes_up=21)
            exchange(connection, b"still")
            assert len(weir.records(protocol="tcp")) == 1


@for_each_backend("with every port named, the router's own services still answer, and so does weir")
def answers_pass(lab, net, backend):
    answers(lab, net, 7501)
    lab.serve(lab.router.listen(net, 7510), lambda connection: connection.sendall(b"service"))
    lab.respond(lab.router.udp(net, 7510), lambda data, peer: b"service")
    with lab.weir(LOCAL + rule("all", "any/*", "direct"), backend=backend) as weir:
        with lab.alice.connect(net, lab.router.at(net), 7510) as connection:
            assert connection.recv(100) == b"service"
        with lab.alice.udp(net) as sock:
            sock.connect((lab.router.at(net), 7510))
            sock.send(b"?")
            assert sock.recv(100) == b"service"
        seen = weir.source(net, lab.alice, lab.north)
        assert tcp(lab, net, 7501) == udp(lab, net, 7501) == seen
        assert tcp(from_router(lab), net, 7501) == udp(from_router(lab), net, 7501) == seen
        weir.live("flows", check=True)
        assert not weir.records(end="loop"), weir.records()


@for_each_backend("weir's own questions to name servers are not intercepted")
def own_questions(lab, net, backend):
    lab.nginx(lab.north)
    lab.dnsmasq(lab.north)
    text = (LOCAL + rule("dns", "any/53", "direct") + rule("web", "tcp/80", "pool")
            + "[upstream pool]\ntype = forward\nserver = web=www.lab.test:80\n"
            + f"[dns]\nservers = {endpoint(lab.north.at(net), 53)}\n")
    with lab.weir(text, backend=backend, keeps_firewall=True) as weir:
        # The rules come after the first answers: only a new name makes weir ask again.
        asked = text.replace("web=www.lab.test:80", "web=www.lab.test:80\nserver = one=one.lab.test:80")
        assert weir.reload(asked).returncode == 0
        eventually(lambda: all(server["addresses"] for upstream in
                               weir.control.json("/v1/upstreams")["upstreams"]
                               for server in upstream["servers"]), "weir knows both names")
        assert lab.alice.curl(net.url(lab.south, "/1")).returncode == 0
        weir.expect_record(rule="web", end="closed")
        assert not weir.flows(protocol="udp") and not weir.records(protocol="udp")
        # While those of others are.
        assert "198.51.100.10" in lab.router.dig(lab.north.at(net), "www.lab.test", "A", "+notcp")
        weir.expect_record(rule="dns", protocol="udp")


@for_each_backend("under run --firewall on-failure holds for the router's own flows, too")
def on_failure(lab, net, backend):
    answers(lab, net, 7501)
    own = lab.router_towards(lab.north).at(net)
    here = from_router(lab)
    for setting, after in (("open", own), ("closed", "refused")):
        text = LOCAL + f"on-failure = {setting}\n" + rule("one", "any/7501", "direct")
        with lab.weir(text, backend=backend, keeps_firewall=True) as weir:
            assert tcp(here, net, 7501) == udp(here, net, 7501) == own
            weir.expect_record(protocol="tcp", rule="one")
            weir.kill()
            count = len(weir.records())
            eventually(lambda: tcp(here, net, 7501, timeout=1) == after, f"connections: {after}")
            allowed = (own,) if setting == "open" else ("refused", "not permitted")
            eventually(lambda: told(udp, here, net, 7501, timeout=1) in allowed, f"datagrams: {allowed}")
            assert len(weir.records()) == count


if __name__ == "__main__":
    main()
