#!/usr/bin/env python3
"""Clients by the device that they are: names of DHCP leases and of [devices], in the gateway, in the
firewall of either tool, and in what is shown of flows. dnsmasq gives the leases, in the router."""

import json
import random
import socket
import struct

from backends import for_each_backend
from echo_servers import answers, echoes, tcp, udp
from harness import V4, V6, case, endpoint, main
from harness.wait import eventually

WHY = "it is weir's rules"


def mac_of(host):
    link = host.run("ip", "-o", "link", "show", "dev", "eth0", check=True).stdout.decode()
    return link.split("link/ether ")[1].split()[0]


def dhcp_server(lab, path):
    """dnsmasq on the router's lan, which gives alice the address that she has, and keeps its leases in `path`."""
    return lab.router.start(
        "dnsmasq", "-k", "-C", "/dev/null", "--port=0", "--interface=lan", "--bind-dynamic", "--user=root",
        "--log-facility=-", "--log-dhcp", f"--pid-file={path}.pid", f"--dhcp-leasefile={path}",
        "--dhcp-authoritative", "--dhcp-range=192.0.2.100,192.0.2.199,1h",
        f"--dhcp-host={mac_of(lab.alice)},{lab.alice.v4}")


def asks_for_lease(host, name):
    """What a DHCP client of that name asks, and is given: DISCOVER, OFFER, REQUEST, ACK."""
    mac = bytes.fromhex(mac_of(host).replace(":", ""))
    number = random.getrandbits(32)

    def message(kind, *more):
        options = bytes([53, 1, kind, 12, len(name)]) + name.encode() + b"".join(more) + b"\xff"
        return (struct.pack("!BBBBIHH", 1, 1, 6, 0, number, 0, 0x8000) + bytes(16) + mac + bytes(10 + 192)
                + bytes([99, 130, 83, 99]) + options)

    def hears(asked, wanted):
        client.sendto(asked, ("255.255.255.255", 67))
        while True:
            try:
                answer = client.recv(2048)
            except TimeoutError:
                return None
            if struct.unpack_from("!I", answer, 4)[0] == number and answer[240:243] == bytes([53, 1, wanted]):
                return answer

    with host.socket(socket.AF_INET, socket.SOCK_DGRAM, timeout=1) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
        client.bind(("0.0.0.0", 68))
        offer = eventually(lambda: hears(message(1), 2), "an offer")
        address = offer[16:20]
        server = bytes([54, 4]) + socket.inet_aton("192.0.2.1")
        assert hears(message(3, bytes([50, 4]) + address, server), 5), "the lease"
    return socket.inet_ntoa(address)


def writes(path, *leases):
    """As dnsmasq does: the file is cut and written again. A lease: (address, MAC, name)."""
    with open(path, "w") as file:
        file.write("".join(f"4102444800 {mac} {address} {name} *\n" for address, mac, name in leases))


def lease_file(lab, net, backend):
    path = f"{lab.work}/leases-{net.version}-{backend}"
    writes(path)
    return path


@for_each_backend("a lease that dnsmasq gives names the device, in the firewall and in records", families=(V4,))
def leased(lab, net, backend):
    answers(lab, net, 7080)
    echoes(lab, net, 7081)
    path = f"{lab.work}/dnsmasq-{backend}.leases"
    with lab.weir(f"""
            [devices]
            leases = {path}

            [rule tablet]
            on = tcp/7080
            client = name:tablet
            use = reject

            [rule web]
            on = tcp/7080, tcp/7081
            use = direct
            """, backend=backend, keeps_firewall=True) as weir:
        assert tcp(lab, net, 7080) != "refused"
        with dhcp_server(lab, path):
            assert asks_for_lease(lab.alice, "Tablet") == lab.alice.v4
            eventually(lambda: tcp(lab, net, 7080) == "refused", "the firewall knows the tablet")
        with lab.alice.connect(net, lab.north.at(net), 7081) as flow:
            flow.sendall(b"x")
            assert flow.recv(1) == b"x"
            eventually(lambda: [one for one in weir.flows() if one.get("device") == "Tablet"], "the API names it")
            shown = weir.live("flows").stdout.decode()
            assert "DEVICE" in shown and "Tablet" in shown, shown
            top = weir.control.json("/v1/top")
            assert [one["device"] for one in top["clients"]] == ["Tablet"], top
        weir.expect_record(device="Tablet", rule="web")


@for_each_backend("a name follows its leases, in the firewall too, and touches no other rule")
def followed(lab, net, backend):
    answers(lab, net, 7080)
    path = lease_file(lab, net, backend)
    mac = mac_of(lab.alice)
    with lab.weir(f"""
            [devices]
            leases = {path}

            [rule tv]
            on = any/7080
            client = name:tv, name:console
            use = reject

            [rule web]
            on = any/7080
            use = direct
            """, backend=backend, keeps_firewall=True) as weir:
        assert tcp(lab, net, 7080) != "refused"
        leases = [((lab.alice.v4, mac, "tv"), True), ((lab.alice.v4, mac, "laptop"), False)]
        if net.version == 4:  # as behind a repeater: the address alone tells
            leases.append(((lab.alice.v4, "00:00:5e:00:53:01", "console"), True))
        for lease, is_refused in leases:
            writes(path, lease)
            eventually(lambda: (tcp(lab, net, 7080) == "refused") == is_refused, f"it is so with {lease}")
            eventually(lambda: (udp(lab, net, 7080) == "refused") == is_refused, f"over UDP, too, with {lease}")
        assert weir.status()["reloads"] == 0


@case("[devices] names a device, and a reload names it otherwise", only_weir=WHY)
def named(lab, net):
    echoes(lab, net, 7080)
    text = """
            [devices]
            leases = /nonexistent/leases
            name = {name} {mac}

            [rule tv]
            on = any/7080
            client = name:tv
            use = direct

            [rule web]
            on = any/7080
            use = transparent
            """
    with lab.weir(text.format(name="tv", mac=mac_of(lab.alice))) as weir:
        assert tcp_says(lab, net)
        weir.expect_record(rule="tv", device="tv", protocol="tcp")
        weir.reload(text.format(name="kitchen", mac=mac_of(lab.alice)))
        eventually(lambda: tcp_says(lab, net) and weir.records(rule="web", device="kitchen"), "the new name")


def tcp_says(lab, net):
    with lab.alice.connect(net, lab.north.at(net), 7080) as client:
        client.sendall(b"x")
        return client.recv(1) == b"x"


@case("the first flow from a device's new address is the device's", families=(V6,), only_weir=WHY)
def new_address(lab, net):
    echoes(lab, net, 7080)
    mac = mac_of(lab.alice)
    with lab.weir(f"""
            [rule tv]
            on = any/7080
            client = mac:{mac}
            use = direct

            [rule web]
            on = any/7080
            client = ::/0
            use = transparent
            """) as weir:
        for number, protocol in enumerate(("tcp", "udp", "tcp", "udp")):
            address = f"fd00:192:0:2::7:{number}"
            lab.alice.run("ip", "addr", "add", f"{address}/64", "dev", "eth0", "nodad", check=True)
            if protocol == "tcp":
                with lab.alice.connect(net, lab.north.at(net), 7080, source=(address, 0)) as client:
                    client.sendall(b"x")
                    assert client.recv(1) == b"x"
            else:
                with lab.alice.udp(net, address=address) as client:
                    client.sendto(b"x", (lab.north.at(net), 7080))
                    assert client.recv(1) == b"x"
            flow = eventually(lambda: [one for one in weir.flows() + weir.records()
                                       if one["client"].startswith(f"[{address}]")], f"the flow of {address}")[0]
            assert flow["rule"] == "tv" and flow["device"] == mac, flow


@case("a takeover keeps what a flow's device is called", only_weir=WHY)
def taken_over(lab, net):
    echoes(lab, net, 7080)
    text = f"""
            [devices]
            name = tv {mac_of(lab.alice)}

            [rule web]
            on = udp/7080
            use = direct
            """
    with lab.weir(text) as weir, lab.alice.udp(net) as client:
        client.sendto(b"x", (lab.north.at(net), 7080))
        assert client.recv(1) == b"x"
        weir.take_over(text.replace("tv", "kitchen"))
        flow, = weir.flows()
        assert flow["device"] == "tv", flow


@case("explain, check and doctor say which device a client is, and why one is not known", families=(V4,), only_weir=WHY)
def explained(lab, net):
    path = f"{lab.work}/explained.leases"
    mac = mac_of(lab.alice)
    writes(path, (lab.alice.v4, mac, "tv"))
    with lab.weir(f"""
            [devices]
            leases = {path}

            [rule tv]
            on = tcp/80
            client = name:tv
            use = direct

            [rule radio]
            on = tcp/80
            client = name:radio, mac:00:00:5e:00:53:99
            use = direct
            """) as weir:
        def explain(client, *options):
            done = weir.cli("explain", "-c", weir.config, *options, "tcp", client, endpoint(lab.north.v4, 80))
            assert done.returncode == 0, done.stderr
            return done.stdout.decode()

        said = explain(lab.alice.v4)
        assert f"device tv, {mac}" in said and f"because client {lab.alice.v4} is in name:tv (tv, {mac})" in said, said
        assert "another router is in between" in explain("203.0.113.250"), explain("203.0.113.250")
        assert "no entry for 192.0.2.77" in explain("192.0.2.77"), explain("192.0.2.77")
        assert "is in name:tv" in explain("192.0.2.77", "--mac", mac)
        checked = weir.cli("check", "-c", weir.config).stderr
        assert "[rule radio] 'name:radio' holds for no client now: no device is called 'radio'" in checked, checked
        assert "'mac:00:00:5e:00:53:99' holds for no client now: " in checked, checked
        assert "name:tv" not in checked, checked
        found = json.loads(lab.router.run(lab.weir_path, "doctor", "--json", "-c", weir.config).stdout)
        texts = [one["text"] for one in found["findings"] if one["name"] == "devices"]
        assert len(texts) == 2 and "rule radio asks for name:radio: no device is called" in texts[0], texts


if __name__ == "__main__":
    main()
