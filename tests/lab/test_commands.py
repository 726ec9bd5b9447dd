#!/usr/bin/env python3
"""weir's commands as an operator types them: what they print and their exit status (0 done, 1 it did
not hold, 2 bad usage or bad configuration)."""

import json
import os
import signal

from harness import V4, case, endpoint, eventually, main

CONFIG = """
[gateway]
workers = 1

[rule web]
on = tcp/80
use = pool

[rule rest]
on = any/7950-7960
use = transparent

[upstream pool]
type = forward
server = web1=198.51.100.10:80
"""
OWN = "it is weir's command"
NO_FAMILY = (None,)


@case("version says which", NO_FAMILY, only_weir=OWN)
def version(lab):
    with lab.weir(CONFIG, firewall=False) as weir:
        said = weir.cli("version", check=True).stdout
        assert b"0." in said
        assert weir.cli("--version", check=True).stdout == said


@case("what is no command is named, with what was probably meant", NO_FAMILY, only_weir=OWN)
def unknown(lab):
    with lab.weir(CONFIG, firewall=False) as weir:
        for words, answer in ((("chek",), "unknown command 'chek', did you mean 'check'?"),
                              (("zzzzzz", "-c", "x"), "unknown command 'zzzzzz'; weir --help lists them"),
                              (("--verison",), "unknown option '--verison' (options stand behind the command)"),
                              ((), "A subcommand is required")):
            done = weir.cli(*words)
            assert done.returncode == 2, done
            assert str(done.stderr).count(answer) == 1, (answer, done)


@case("check is quiet about a good file and names every problem of a bad one", NO_FAMILY, only_weir=OWN)
def check(lab):
    with lab.weir(CONFIG, firewall=False) as weir:
        assert weir.cli("check", "-c", weir.config).returncode == 0
        bad = f"{weir.folder}/bad.ini"
        with open(bad, "w") as file:
            file.write("[rule one]\non = tcp/80\nuze = direct\n\n[rule two]\non = tcp/99999\nuse = direct\n")
        done = weir.cli("check", "-c", bad)
        said = done.stdout.decode() + done.stderr
        assert done.returncode in (1, 2), done
        assert "bad.ini:3: error:" in said and "bad.ini:6: error:" in said and "did you mean" in said, said
        for missing in (f"{weir.folder}/none.ini", weir.folder):
            assert weir.cli("check", "-c", missing).returncode == 2


@case("run refuses a bad file with status 2", NO_FAMILY, only_weir=OWN)
def run_bad(lab):
    with lab.weir(CONFIG, firewall=False) as weir:
        bad = f"{weir.folder}/bad.ini"
        with open(bad, "w") as file:
            file.write("[rule one]\non = tcp/80\n")
        done = weir.cli("run", "-c", bad)
        assert done.returncode == 2 and "bad.ini:" in done.stderr, done.stderr


@case("a second gateway on the same port is told so and leaves the first alone", NO_FAMILY, only_weir=OWN)
def second(lab):
    with lab.weir(CONFIG, firewall=False) as weir:
        done = weir.cli("run", "-c", weir.config, timeout=20)
        said = [line for line in done.stderr.splitlines() if ": warning: " not in line]
        assert done.returncode == 1 and len(said) == 1, done
        assert said[0].startswith("weir: another weir is running, or still draining") and \
            "weir reload" in said[0] and "weir run --takeover" in said[0], said
        assert weir.status()["port"] == 50080
        with open(weir.log) as file:
            assert "takeover" not in file.read()


@case("bad usage ends with status 2", NO_FAMILY, only_weir=OWN)
def usage(lab):
    with lab.weir(CONFIG, firewall=False) as weir:
        for words in (["fly"], ["run", "--no-such-option"], ["explain"],
                      ["explain", "-c", weir.config, "icmp", "192.0.2.1:1", "192.0.2.2:2"],
                      ["firewall", "install"]):
            assert weir.cli(*words).returncode == 2, words


@case("live commands without a gateway end with status 1", NO_FAMILY, only_weir=OWN)
def nobody(lab):
    with lab.weir(CONFIG, firewall=False) as weir:
        for command in (["status"], ["flows"], ["reload"], ["drain"], ["close", "x-0-1"], ["log-level", "info"],
                        ["top"]):
            done = weir.cli(*command, "--socket", f"{weir.folder}/none.sock")
            assert done.returncode == 1 and done.stderr, (command, done)


@case("status shows the gateway, for people and for machines", NO_FAMILY, only_weir=OWN)
def status(lab):
    with lab.weir(CONFIG, firewall=False) as weir:
        assert b"50080" in weir.live("status", check=True).stdout
        report = json.loads(weir.live("status", "--json", check=True).stdout)
        assert report["port"] == 50080 and report["workers"] == 1, report
        assert report["pid"] == weir.program.pid, report


@case("flows lists live flows and filters them", only_weir=OWN)
def flows(lab, net):
    lab.nginx(lab.north)
    for port in (7950, 7951):
        lab.serve(lab.north.listen(net, port), lambda connection: connection.recv(1))
    lab.respond(lab.north.udp(net, 7952), lambda data, peer: data)
    with lab.weir(CONFIG) as weir:
        address = lab.north.at(net)
        held = [lab.closing(lab.alice.connect(net, address, 7950)),
                lab.closing(lab.bob.connect(net, address, 7950)),
                lab.closing(lab.alice.connect(net, address, 7951))]
        with lab.alice.udp(net) as client:
            client.sendto(b"?", (address, 7952))
            assert client.recv(10) == b"?"
        weir.expect_flows(4)

        def count(*options):
            listed = json.loads(weir.live("flows", "--json", *options, check=True).stdout)
            return len(listed["flows"]), listed["total"]

        assert count() == (4, 4)
        assert count("--protocol", "tcp") == (3, 3)
        assert count("--protocol", "udp") == (1, 1)
        assert count("--client", lab.bob.at(net)) == (1, 1)
        assert count("--destination", endpoint(address, 7950)) == (2, 2)
        assert count("--rule", "rest") == (4, 4) and count("--rule", "web") == (0, 0)
        assert count("--upstream", "transparent") == (4, 4)
        assert count("--limit", "2") == (2, 4)
        said = weir.live("flows", check=True).stdout.decode()
        assert endpoint(*held[1].getsockname()[:2]) in said, said


@case("rules and upstreams are served over the control socket", only_weir=OWN)
def control(lab, net):
    lab.nginx(lab.north)
    with lab.weir(CONFIG) as weir:
        if net.version == 4:
            assert lab.alice.curl(net.url(lab.south, "/name")).stdout == b"north"
            weir.expect_record(server="web1", end="closed")
        rules = weir.control.json("/v1/rules")["rules"]
        assert [rule["name"] for rule in rules][:2] == ["web", "rest"], rules
        pool = next(u for u in weir.control.json("/v1/upstreams")["upstreams"] if u["name"] == "pool")
        assert pool["servers"][0]["name"] == "web1", pool
        if net.version == 4:
            eventually(lambda: weir.metric("weir_rule_flows_total", rule="web") == 1,
                       "the rule's flow is counted")
        assert weir.control.request("GET", "/v1/nothing")[0] == 404
        assert weir.control.request("DELETE", "/v1/status")[0] == 405


@case("curl speaks to the control socket", NO_FAMILY, only_weir=OWN)
def curl(lab):
    with lab.weir(CONFIG, firewall=False) as weir:
        done = lab.router.curl("--unix-socket", weir.control.path, "http://weir/metrics")
        assert done.returncode == 0 and b"weir_" in done.stdout, done
        done = lab.router.curl("-X", "POST", "--unix-socket", weir.control.path, "http://weir/v1/reload")
        assert done.returncode == 0 and json.loads(done.stdout), done


@case("told to stop again and again, weir still writes the records of all its flows", NO_FAMILY, only_weir=OWN)
def told_often(lab):
    lab.respond(lab.north.udp(V4, 7950), lambda data, peer: data)
    with lab.weir("[rule r]\non = udp/7950\nuse = transparent\n") as weir:
        clients = [lab.closing(lab.alice.udp(V4)) for _ in range(200)]
        for client in clients:
            client.sendto(b"x", (lab.north.v4, 7950))
            assert client.recv(10) == b"x"
        weir.expect_flows(200)
        while weir.program.running:
            weir.program.signal(signal.SIGTERM)
        assert weir.program.wait() == 0
        assert len(weir.records(end="drained")) == 200, weir.records()[-1:]


@case("TERM ends the gateway with status 0 and removes the socket", NO_FAMILY, only_weir=OWN)
def term(lab):
    with lab.weir(CONFIG, firewall=False) as weir:
        weir.program.signal(15)
        assert weir.program.wait(15) == 0
        assert not os.path.exists(weir.control.path)


@case("the socket of a gateway that was killed does not stop the next", NO_FAMILY, only_weir=OWN)
def stale_socket(lab):
    with lab.weir(CONFIG, firewall=False) as weir:
        weir.kill()
        assert os.path.exists(weir.control.path)
        weir.start()
        assert weir.status()["port"] == 50080


if __name__ == "__main__":
    main()
