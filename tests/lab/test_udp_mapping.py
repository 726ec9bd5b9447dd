#!/usr/bin/env python3
"""UDP mapping and filtering (RFC 4787): one client port has one outer address towards every peer, and
any peer may answer it."""

from harness import case, endpoint, eventually, main


def config(use):
    return f"[rule everything]\non = udp/*\nuse = {use}\n"


def upstream(**keys):
    lines = "".join(f"{key.replace('_', '-')} = {value}\n" for key, value in keys.items())
    return config("out") + f"[upstream out]\n{lines}"


PER_CLIENT = (config("transparent"), config("direct"), upstream(type="direct", source="client"))


@case("two servers see one client port as the same address and port")
def independent_mapping(lab, net):
    for text in PER_CLIENT:
        servers = [lab.closing(server.udp(net)) for server in (lab.north, lab.south)]
        client = lab.closing(lab.alice.udp(net))
        with lab.weir(text):
            seen = []
            for server in servers:
                client.sendto(b"who am I?", server.getsockname()[:2])
                seen.append(server.recvfrom(100)[1][:2])
            same_port = seen[0][1] == seen[1][1]
            # The gateway's address may differ by the uplink; the port may not, nor the client's own.
            assert same_port and ("use = direct" in text or seen[0] == seen[1]), seen


@case("a third peer's datagram reaches the client from that peer's address")
def independent_filtering(lab, net):
    for text in PER_CLIENT[:1] + PER_CLIENT[2:]:
        asked, third = lab.closing(lab.north.udp(net)), lab.closing(lab.east.udp(net))
        client = lab.closing(lab.alice.udp(net))
        with lab.weir(text):
            client.sendto(b"here I am", asked.getsockname()[:2])
            outer = asked.recvfrom(100)[1]
            third.sendto(b"a stranger calls", outer[:2])
            data, peer = client.recvfrom(100)
            assert data == b"a stranger calls" and peer[:2] == third.getsockname()[:2], peer
            client.sendto(b"hello stranger", peer[:2])
            # Not past weir, though for the kernel it answers what the stranger said.
            assert third.recvfrom(100) == (b"hello stranger", outer)
            asked.sendto(b"and still I", outer[:2])
            assert client.recvfrom(100)[0] == b"and still I"


@case("a third peer reaches the client through the router's address", only_weir="it is weir's mapping")
def filtering_of_direct(lab, net):
    asked, third = lab.closing(lab.north.udp(net)), lab.closing(lab.east.udp(net))
    client = lab.closing(lab.alice.udp(net))
    with lab.weir(config("direct")):
        client.sendto(b"here I am", asked.getsockname()[:2])
        outer = asked.recvfrom(100)[1]
        assert outer[0] == lab.places.router_north.at(net)
        third.sendto(b"a stranger calls", outer[:2])
        data, peer = client.recvfrom(100)
        assert data == b"a stranger calls" and peer[:2] == third.getsockname()[:2], peer


@case("replies from many peers each carry their own peer's address")
def many_peers(lab, net):
    peers = [lab.closing(server.udp(net)) for server in lab.servers for _ in range(10)]
    client = lab.closing(lab.alice.udp(net))
    with lab.weir(config("transparent")) as weir:
        for peer in peers:
            client.sendto(b"hello", peer.getsockname()[:2])
            data, caller = peer.recvfrom(100)
            peer.sendto(b"from %d" % peer.getsockname()[1], caller)
        for _ in peers:
            data, source = client.recvfrom(100)
            assert data == b"from %d" % source[1]
        weir.expect_flows(len(peers))


@case("mapping = per-flow gives each destination a source port of its own",
      only_weir="it is weir's mapping")
def per_flow(lab, net):
    servers = [lab.closing(server.udp(net)) for server in (lab.north, lab.south)]
    client = lab.closing(lab.alice.udp(net))
    with lab.weir(upstream(type="direct", mapping="per-flow")):
        for server in servers:
            client.sendto(b"hello", server.getsockname()[:2])
            data, seen = server.recvfrom(100)
            server.sendto(b"answer", seen)
            assert client.recvfrom(100)[1][:2] == server.getsockname()[:2]


@case("source=client:port keeps the client's port over UDP")
def keeps_port(lab, net):
    server = lab.closing(lab.south.udp(net))
    with lab.weir(upstream(type="direct", source="client:port")) as weir:
        client = lab.closing(lab.alice.udp(net, 42_000 + net.version + 10 * bool(weir)))
        client.sendto(b"hello", server.getsockname()[:2])
        data, seen = server.recvfrom(100)
        assert seen[:2] == client.getsockname()[:2], seen
        server.sendto(b"answer", seen)
        assert client.recvfrom(100)[0] == b"answer"


if __name__ == "__main__":
    main()
