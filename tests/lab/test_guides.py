#!/usr/bin/env python3
"""Every guide in docs/guides works as it is written: its own configuration, its own commands, and what
it says to expect."""

import contextlib
import os
import re

from doctor_fixture import expect, findings, sysctl, works
from echo_servers import answers, tcp, udp
from guide import DOCUMENTS, guide, no_failure, type_commands
from harness import V4, case, endpoint, eventually, main

WHY = "it is a guide to weir"


@case("a home router with two networks: all questions end at one name server, guests send no mail",
      only_weir=WHY)
def home_router(lab, net):
    lab.dnsmasq(lab.north)
    lab.serve(lab.south.listen(net, 25), lambda connection: connection.sendall(b"220"))
    with guide(lab, "home-router", (("guest", "to-east"),)) as weir:
        assert no_failure(weir) == []
        for client in (lab.alice, lab.east):
            for transport in ("+notcp", "+tcp"):
                assert "198.51.100.10" in client.dig(lab.south.at(net), "www.lab.test", "A", transport)
        weir.expect_record(protocol="udp", rule="dns", upstream="names",
                           destination=endpoint(lab.south.at(net), 53))
        with lab.alice.connect(net, lab.south.at(net), 25) as mail:
            assert mail.recv(10) == b"220"
        try:
            lab.east.connect(net, lab.south.at(net), 25).close()
            raise AssertionError("guests can send mail")
        except ConnectionRefusedError:
            pass
        assert not weir.records(protocol="tcp", rule="mail") and not weir.records(rule="no-mail")


@case("servers that must see their clients see them, and the trap of the same subnet is found",
      (V4,), only_weir=WHY)
def see_clients(lab, net):
    for place in (lab.north.v4, lab.places.north2.v4):
        lab.serve(lab.north.listen(net, 80, place),
                  lambda connection: connection.sendall(connection.getpeername()[0].encode()))
    with sysctl(lab, net__ipv4__tcp_early_demux=1):
        type_commands(lab, "see-clients")
        with guide(lab, "see-clients") as weir:
            assert no_failure(weir) == []
            assert tcp(lab, net, 80) == lab.alice.v4
            weir.expect_record(source=lambda source: source.startswith(lab.alice.v4 + ":"))
            with open(weir.config) as file:
                trapped = file.read().replace("198.51.100.11:80", f"{lab.bob.v4}:80")
            lab.serve(lab.bob.listen(net, 80), lambda connection: None)
            with open(f"{weir.folder}/trapped.ini", "w") as file:
                file.write(trapped)
            wrong, _ = findings(weir, f"{weir.folder}/trapped.ini")
            assert any(f["name"] == "reply-path" and lab.bob.v4 in f["text"] for f in wrong), wrong


@case("two lines: what an upstream marks leaves by the second one", (V4,), only_weir=WHY)
def two_lines(lab, net):
    far = "100.64.0.1"  # somewhere in the Internet, reached by either line
    with contextlib.ExitStack() as after:
        for line in (lab.north, lab.south):
            line.run("ip", "addr", "add", f"{far}/32", "dev", "lo", check=True)
            after.callback(line.run, "ip", "addr", "del", f"{far}/32", "dev", "lo")
            for port in (80, 81):
                listener = line.listen(net, port, far)
                lab.serve(listener, lambda connection, name=line.name: connection.sendall(name.encode()))
        lab.router.run("ip", "route", "add", "default", "via", lab.north.v4, check=True)
        after.callback(lab.router.run, "ip", "route", "del", "default")
        after.callback(lab.router.run, "sh", "-c",
                       "ip rule del priority 60; ip route flush table 101")
        type_commands(lab, "two-lines")

        def line_of(port):
            with lab.alice.connect(net, far, port) as connection:
                return connection.recv(100).decode()
        with guide(lab, "two-lines") as weir:
            assert no_failure(weir) == []
            assert line_of(80) == "south" and line_of(81) == "north"
            weir.expect_record(rule="web", upstream="second-line")
            lab.router.run("sysctl", "-q", "-w", "net.ipv4.conf.to-south.rp_filter=1", check=True)
            after.callback(lab.router.run, "sysctl", "-q", "-w", "net.ipv4.conf.to-south.rp_filter=0")
            expect(weir, "rp-filter", "warn", "to-south")


@case("iptables only: the same, and it holds after kill -9", only_weir=WHY)
def iptables(lab, net):
    answers(lab, net, 80)
    with guide(lab, "iptables", backend="iptables") as weir:
        assert no_failure(weir) == []
        assert tcp(lab, net, 80) == weir.source(net, lab.alice, lab.north)
        assert udp(lab, net, 443) == "refused"
        assert b"table inet weir" not in lab.router.run("nft", "list", "ruleset").stdout
        weir.kill()
        eventually(lambda: tcp(lab, net, 80, timeout=1) == lab.alice.at(net), "connections pass")
        assert udp(lab, net, 443) == "refused"


@case("a router with Docker: refused with br_netfilter, intercepted after the guide's command",
      (None,), only_weir=WHY)
def docker(lab):
    lab.nginx(lab.north)  # stays on port 80: the last case of this file
    with contextlib.ExitStack() as after:
        for name in ("iptables", "ip6tables"):
            after.callback(lab.router.run, "sysctl", "-q", "-w", f"net.bridge.bridge-nf-call-{name}=0")
            lab.router.run("sysctl", "-q", "-w", f"net.bridge.bridge-nf-call-{name}=1", check=True)
        with guide(lab, "docker", (("docker0", "lan"),)) as weir:
            expect(weir, "bridge", "FAIL", "refused")
            assert not works(lab)
            type_commands(lab, "docker")
            assert no_failure(weir) == []
            assert works(lab)
            weir.expect_record(client=lambda client: client.startswith(lab.alice.v4))


@case("the README's ten lines are good, and explain says of them what the README shows", (None,), only_weir=WHY)
def readme(lab):
    with open(f"{DOCUMENTS}/../README.md") as file:
        text = file.read()
    folder = f"{lab.work}/readme"
    os.mkdir(folder)
    configuration, = re.findall(r"```ini\n(.*?)```", text, re.S)
    assert len([line for line in configuration.splitlines() if line]) == 10, configuration
    with open(f"{folder}/weir.ini", "w") as file:
        file.write(configuration)
    done = lab.router.run(lab.weir_path, "check", "-c", f"{folder}/weir.ini")
    assert done.returncode == 0 and not done.stderr, done
    shown = re.findall(r"`weir (explain [^`]*)`[^`]*```\n(.*?)```", text, re.S)
    assert len(shown) == 2, shown
    for command, output in shown:
        done = lab.router.run("sh", "-c", f"cd {folder} && {lab.weir_path} {command} -c weir.ini")
        assert done.stdout.decode() == output and not done.stderr, done


if __name__ == "__main__":
    main()
