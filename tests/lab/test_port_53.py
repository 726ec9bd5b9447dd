#!/usr/bin/env python3
"""What goes to port 53 without being DNS, and DNS that asks more than one thing from one port: a flow ends
with its answer only when nothing more is to come."""

import threading

from harness import case, endpoint, eventually, main
from harness.questions import answer_to, question

RULE = "[rule d]\non = udp/53\nuse = "


def config(use="transparent", more=""):
    return f"[gateway]\nworkers = 1\n{more}{RULE}{use}\n"


def pool(lab, net, more=""):
    return (config("pool") + f"[upstream pool]\ntype = forward\nserver = a={endpoint(lab.north.at(net), 53)}\n"
            f"server = b={endpoint(lab.east.at(net), 53)} backup\n{more}")


def speaker(lab, net, delays):
    """Answers questions after the delay of their name, and everything else with itself, twice: the second
    time after `delays[b"push"]`."""
    socket = lab.north.udp(net, 53)

    def later(delay, data, peer):
        threading.Timer(delay, lambda: socket.sendto(data, peer)).start()

    def serve(data, peer):
        if data.startswith(b"\x04\0\0\0"):
            later(delays[b"push"], data + b"pushed", peer)
            return data
        delay = next((wait for name, wait in delays.items() if name in data), 0)
        if delay:
            later(delay, answer_to(data), peer)
            return None
        return answer_to(data)

    lab.respond(socket, serve)


@case("a slow second question from the same port is answered, and so is what a VPN's server says after a while")
def fixed_port(lab, net):
    speaker(lab, net, {b"slow": 2.2, b"push": 2.4})
    with lab.weir(config()) as weir:
        with lab.alice.udp(net) as forwarder, lab.alice.udp(net) as vpn:
            for made in (forwarder, vpn):
                made.connect((lab.north.at(net), 53))
            vpn.send(b"\x04\0\0\0keepalive")
            assert vpn.recv(100) == b"\x04\0\0\0keepalive"
            forwarder.send(question(1, b"fast"))
            assert forwarder.recv(100) == answer_to(question(1, b"fast"))
            forwarder.send(question(2, b"slow"))
            assert forwarder.recv(100) == answer_to(question(2, b"slow"))
            assert vpn.recv(100) == b"\x04\0\0\0keepalivepushed"
            if weir:
                weir.expect_record(client=endpoint(*forwarder.getsockname()[:2]), end="closed", packets_up=2,
                                   packets_down=2)
                weir.expect_flows(1)  # the VPN's
                assert not weir.records(client=endpoint(*vpn.getsockname()[:2]))


@case("of two questions at once one may be answered late")
def two_at_once(lab, net):
    speaker(lab, net, {b"slow": 2.2})
    with lab.weir(config()) as weir:
        with lab.alice.udp(net) as client:
            client.connect((lab.north.at(net), 53))
            client.send(question(1, b"slow"))
            client.send(question(2, b"fast"))
            assert client.recv(100) == answer_to(question(2, b"fast"))
            assert client.recv(100) == answer_to(question(1, b"slow"))
            weir.expect_record(end="closed", packets_up=2, packets_down=2)


@case("a question asked twice and answered once ends with the answer", only_weir="it is about weir's flows")
def repeated(lab, net):
    speaker(lab, net, {b"slow": 0.3})
    with lab.weir(config(more="[timeouts]\ndns-idle = 30s\n")) as weir:
        receiver = lab.alice.udp(net)
        with receiver as client:
            client.connect((lab.north.at(net), 53))
            client.send(question(1, b"slow"))
            client.send(question(1, b"slow"))
            assert client.recv(100) == answer_to(question(1, b"slow"))
            weir.expect_record(end="closed", packets_up=2)


@case("what is no question speaks against no server; a question that is not answered does",
      only_weir="it is about weir's servers")
def junk(lab, net):
    speaks = {"now": True}
    lab.respond(lab.north.udp(net, 53),
                lambda data, peer: answer_to(data) if speaks["now"] and data != b"junk" else None)
    lab.respond(lab.east.udp(net, 53), lambda data, peer: answer_to(data))
    text = pool(lab, net, "eject-after = 2\neject-time = 30s\n[timeouts]\nudp-idle = 300ms\ndns-idle = 300ms\n")
    with lab.weir(text) as weir:
        def server(name):
            return next(s for u in weir.control.json("/v1/upstreams")["upstreams"] if u["name"] == "pool"
                        for s in u["servers"] if s["name"] == name)

        def asks(number, host=lab.alice):
            with host.udp(net, timeout=1) as client:
                client.connect((lab.north.at(net), 53))
                client.send(question(number))
                try:
                    return client.recv(100) == answer_to(question(number))
                except TimeoutError:
                    return False
        assert asks(1)
        clients = [lab.closing(lab.alice.udp(net)) for _ in range(8)]
        for client in clients:
            client.sendto(b"junk", (lab.north.at(net), 53))
        eventually(lambda: len(weir.records(packets_down=0, end="idle")) == 8, "eight flows that idled out")
        assert server("a")["state"] == "up", server("a")
        speaks["now"] = False

        def is_out():
            for number, host in ((2, lab.alice), (3, lab.bob)):
                asks(number, host)
            return server("a")["state"] != "up"
        eventually(is_out, "the server that answers no question is out")
        eventually(lambda: asks(4), "another one answers")


if __name__ == "__main__":
    main()
