#!/usr/bin/env python3
"""The forward policy: servers of a pool by turns and weight, the next one where one refuses, names
resolved through the router's DNS, UDP answered from the original destination."""

import collections

from harness import V4, V6, case, endpoint, eventually, main
from harness.servers import dnsmasq

POOL = "forward goes where plain routing does not"


def config(servers, on="any/7600, tcp/80", **keys):
    return (f"[rule pool]\non = {on}\nuse = pool\n[upstream pool]\ntype = forward\n"
            + "".join(f"server = {server}\n" for server in servers)
            + "".join(f"{key.replace('_', '-')} = {value}\n" for key, value in keys.items()))


def names(lab, port, net):
    """Each server host answers with its own name over TCP and UDP on that port."""
    def answer(host):
        name = host.name.encode()
        lab.serve(host.listen(net, port), lambda connection: connection.sendall(name))
        lab.respond(host.udp(net, port), lambda data, peer: name)

    for host in lab.servers:
        answer(host)


def ask_tcp(lab, net, address, port=7600, client=None):
    with (client or lab.alice).connect(net, address, port) as made:
        return made.recv(100).decode()


def ask_udp(lab, net, address, port=7600):
    with lab.alice.udp(net) as client:
        return asks(client, address, port)


def asks(client, address, port=7600):
    client.connect((address, port))  # so that only an answer from there counts
    client.send(b"who are you?")
    return client.recv(100).decode()


def servers(lab, net, port=7600, weights=(1, 1, 1)):
    return [f"{host.name}={endpoint(host.at(net), port)} weight={weight}"
            for host, weight in zip(lab.servers, weights)]


@case("without weir each server answers for itself", only_plain=True)
def plain(lab, net):
    names(lab, 7600, net)
    for host in lab.servers:
        assert ask_tcp(lab, net, host.at(net)) == ask_udp(lab, net, host.at(net)) == host.name


@case("connections go to the servers by turns", only_weir=POOL)
def turns(lab, net):
    names(lab, 7600, net)
    with lab.weir(config(servers(lab, net)) + "[gateway]\nworkers = 1\n") as weir:
        seen = collections.Counter(ask_tcp(lab, net, lab.north.at(net)) for _ in range(30))
        assert seen == {"north": 10, "east": 10, "south": 10}, seen
        record = weir.expect_record(server="east", upstream="pool", rule="pool")
        assert record["server_address"] == endpoint(lab.east.at(net), 7600)
        assert record["destination"] == endpoint(lab.north.at(net), 7600)


@case("weights decide how many connections a server gets", only_weir=POOL)
def weights(lab, net):
    names(lab, 7600, net)
    with lab.weir(config(servers(lab, net, weights=(3, 2, 1))) + "[gateway]\nworkers = 1\n"):
        seen = collections.Counter(ask_tcp(lab, net, lab.south.at(net)) for _ in range(60))
        assert seen == {"north": 30, "east": 20, "south": 10}, seen


@case("with several workers the turns still come out even", only_weir=POOL)
def turns_of_workers(lab, net):
    names(lab, 7600, net)
    with lab.weir(config(servers(lab, net)) + "[gateway]\nworkers = 4\n"):
        seen = collections.Counter(ask_tcp(lab, net, lab.north.at(net)) for _ in range(60))
        assert set(seen) == {"north", "east", "south"} and min(seen.values()) >= 12, seen


@case("UDP flows go by turns, and the answer comes from the original destination", only_weir=POOL)
def udp(lab, net):
    names(lab, 7600, net)
    with lab.weir(config(servers(lab, net)) + "[gateway]\nworkers = 1\n") as weir:
        # All open at a time: one that got the port of one before it would belong to that one's flow.
        clients = [lab.closing(lab.alice.udp(net)) for _ in range(30)]
        seen = collections.Counter(asks(client, lab.places.swallowed.at(net)) for client in clients)
        assert seen == {"north": 10, "east": 10, "south": 10}, seen
        weir.expect_flows(30, destination=endpoint(lab.places.swallowed.at(net), 7600))


@case("the datagrams of one UDP flow stay with their server", only_weir=POOL)
def udp_stays(lab, net):
    names(lab, 7600, net)
    with lab.weir(config(servers(lab, net))):
        with lab.alice.udp(net) as client:
            client.connect((lab.places.swallowed.at(net), 7600))
            seen = set()
            for _ in range(20):
                client.send(b"who are you?")
                seen.add(client.recv(100))
        assert len(seen) == 1, seen


@case("when a server refuses the next one gets the connection", only_weir=POOL)
def retries(lab, net):
    names(lab, 7600, net)
    refusing = f"closed={endpoint(lab.north.at(net), 7699)}"
    with lab.weir(config([refusing, *servers(lab, net)[1:]]) + "[gateway]\nworkers = 1\n") as weir:
        for _ in range(12):
            assert ask_tcp(lab, net, lab.north.at(net)) in ("east", "south")
        weir.expect_record(end="closed", attempts=2)
        weir.expect_event("retried")


@case("when every server refuses the client gets RST after all were tried", only_weir=POOL)
def all_refuse(lab, net):
    closed = [f"{host.name}={endpoint(host.at(net), 7699)}" for host in lab.servers]
    with lab.weir(config(closed)) as weir:
        try:
            assert ask_tcp(lab, net, lab.north.at(net)) == "reset", "a clean close"
        except (ConnectionResetError, ConnectionRefusedError):
            pass
        weir.expect_record(end="connect-failed", attempts=3)


@case("retries = 0 gives up with the first refusal", only_weir=POOL)
def no_retries(lab, net):
    closed = [f"{host.name}={endpoint(host.at(net), 7699)}" for host in lab.servers]
    with lab.weir(config(closed, retries=0)) as weir:
        try:
            assert ask_tcp(lab, net, lab.north.at(net)) == "reset", "a clean close"
        except (ConnectionResetError, ConnectionRefusedError):
            pass
        weir.expect_record(end="connect-failed", attempts=1)


@case("a server without a port gets the destination's", only_weir=POOL)
def port_of_destination(lab, net):
    for port in (7601, 7602):
        names(lab, port, net)
    address = lab.south.at(net)
    with lab.weir(config([address], on="any/7601-7602")) as weir:
        for port in (7601, 7602):
            assert ask_tcp(lab, net, lab.north.at(net), port) == "south"
            assert ask_udp(lab, net, lab.north.at(net), port) == "south"
            weir.expect_record(protocol="tcp", server_address=endpoint(address, port))


@case("a server by name is resolved through dns.servers", only_weir=POOL)
def by_name(lab, net):
    names(lab, 7600, net)
    record = net.pick(f"pool.lab.test,{lab.south.v4}", f"pool.lab.test,{lab.south.v6}")
    with dnsmasq(lab.east, records=[record], options=["--local=/lab.test/"]):
        dns = f"[dns]\nservers = {endpoint(lab.east.at(net), 53)}\n"
        with lab.weir(config(["pool.lab.test:7600"]) + dns) as weir:
            def resolved():
                try:
                    return ask_tcp(lab, net, lab.north.at(net)) == "south"
                except ConnectionResetError:
                    return False  # the first answer is still on its way
            eventually(resolved, "the name is resolved")
            assert ask_udp(lab, net, lab.north.at(net)) == "south"
            weir.expect_record(server_address=endpoint(lab.south.at(net), 7600), end="closed")


@case("a name that does not exist ends the flow as no-server", only_weir=POOL)
def no_such_name(lab, net):
    with dnsmasq(lab.east, options=["--local=/lab.test/"]):
        dns = f"[dns]\nservers = {endpoint(lab.east.at(net), 53)}\n"
        with lab.weir(config(["nobody.lab.test:7600"]) + dns) as weir:
            try:
                assert ask_tcp(lab, net, lab.north.at(net)) == "reset", "a clean close"
            except (ConnectionResetError, ConnectionRefusedError):
                pass
            weir.expect_record(end="no-server")
            weir.expect_event("no-server")


@case("source = client shows a pool's servers who is calling", only_weir=POOL)
def source_client(lab, net):
    lab.nginx(lab.east)
    target = f"web={endpoint(lab.east.at(net), 80)}"
    for source in ("client", "gateway"):
        with lab.weir(config([target], source=source)) as weir:
            seen = lab.bob.curl(net.url(lab.places.swallowed.at(net), "/whoami")).stdout.decode()
            assert seen.split()[0] == weir.source(net, lab.bob, lab.east, source), seen


@case("an IPv4 destination can be forwarded to an IPv6 server, and the other way round", only_weir=POOL)
def other_family(lab, net):
    other = V6 if net is V4 else V4
    names(lab, 7600, other)
    with lab.weir(config([f"web={endpoint(lab.east.at(other), 7600)}"])):
        assert ask_tcp(lab, net, lab.north.at(net)) == "east"
        assert ask_udp(lab, net, lab.north.at(net)) == "east"


if __name__ == "__main__":
    main()
