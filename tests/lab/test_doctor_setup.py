#!/usr/bin/env python3
"""`weir doctor` on a set-up: rules that are not the file's, ports, filters, servers, names and limits;
each broken alone, and found alone."""

from doctor_fixture import (HEALTHY, NO_FAMILY, SHOWS_CLIENT, WHY, expect, expect_healthy, findings, fix, healthy,
                            sysctl, typed, works)
from harness import case, eventually, main

BACKENDS = ("nft", "iptables")


def broken(name, **options):
    return case(name, NO_FAMILY, only_weir=WHY, **options)


@broken("with nothing installed it looks and makes nothing, and says how to begin")
def untouched(lab):
    with healthy(lab, firewall=False) as weir:
        weir.program.stop()
        lab.router.run("nft", "flush", "ruleset", check=True)
        wrong, status = findings(weir)
        assert [(f["name"], f["level"]) for f in wrong] == [("firewall-rules", "warn")], wrong
        assert status == 0 and "weir run --firewall" in wrong[0]["fix"], wrong
        assert not lab.router.run("nft", "list", "ruleset").stdout


@broken("weir that runs without rules is found")
def no_rules(lab):
    with healthy(lab, firewall=False) as weir:
        wrong = expect(weir, "firewall-rules", "FAIL", "nothing is intercepted")
        weir.cli(*wrong[0]["fix"].split()[1:], check=True)
        expect_healthy(weir)


@broken("rules that stand while no weir runs are found, and what they do")
def nobody_behind(lab):
    closed = HEALTHY.replace("interfaces = lan", "interfaces = lan\non-failure = closed")
    refuses = HEALTHY + "[rule no]\non = tcp/23\nuse = reject\n"
    for backend, text, level, said in (
            ("nft", HEALTHY, None, None), ("nft", refuses, "warn", "but what they reject"),
            ("nft", closed, "FAIL", "is refused"), ("iptables", HEALTHY, "FAIL", "gets no answer")):
        with healthy(lab, text, backend=backend) as weir:
            weir.kill()
            if level:
                wrong = expect(weir, "firewall-rules", level, said)
                fix(lab, [wrong[0] | {"fix": wrong[0]["fix"].replace("weir", lab.weir_path, 1)}])
                assert findings(weir)[0][0]["text"].startswith("none are installed")
            else:
                expect_healthy(weir)


@broken("rules of another configuration, and rules that another program changed, are found with either backend")
def other_rules(lab):
    for backend in BACKENDS:
        with healthy(lab, backend=backend) as weir:
            weir.write(HEALTHY.replace("any/53", "any/54"))
            expect(weir, "firewall-rules", "FAIL", "not those of")
            weir.write(HEALTHY)
            expect_healthy(weir)
            lab.router.run("sh", "-e", "-c", {
                "nft": "nft flush chain inet weir decide",
                "iptables": "ip6tables -t mangle -F WEIR-DECIDE"}[backend], check=True)
            expect(weir, "firewall-rules", "FAIL", "changed")


@broken("ip6tables without rules while clients have IPv6 is found")
def ipv6_forgotten(lab):
    with healthy(lab, backend="iptables") as weir:
        lab.router.run("ip6tables", "-t", "mangle", "-D", "PREROUTING", "-j", "WEIR", check=True)
        wrong, status = findings(weir)
        # The rules are not the file's any more either, and that is one thing seen from two sides.
        assert {f["name"] for f in wrong} == {"ipv6", "firewall-rules"} and status == 1, wrong


@broken("rules that no IPv6 client can meet are found")
def ipv6_not_meant(lab):
    with healthy(lab, HEALTHY.replace("on = ", "client = 192.0.2.0/24\non = ")
                 .replace("[gateway]", "[gateway]\ndefault = bypass")) as weir:
        wrong, _ = findings(weir)
        assert [f["name"] for f in wrong] == ["ipv6"], wrong


@broken("rules that match while weir sees nothing are found")
def lost_in_between(lab):
    with healthy(lab) as weir:
        # The kernel takes the packets for something else on their way in.
        with typed(lab, "nft 'add table inet eater; add chain inet eater c "
                        "{ type filter hook input priority 0; }; "
                        "add rule inet eater c meta mark and 1 == 1 drop'",
                   "nft delete table inet eater"):
            def counted():
                works(lab)
                return any(f["name"] == "firewall-counters" for f in findings(weir)[0])
            eventually(counted, "the counters tell")
            wrong, _ = findings(weir)
            assert {f["name"] for f in wrong} == {"firewall-counters", "input-policy"}, wrong
            assert any("seen no flow" in f["text"] for f in wrong), wrong


@broken("where rules ask for hosts, answers that do not pass weir are found, and DNS over TLS")
def host_names(lab):
    dot = "[rule dot]\non = tcp/853\nuse = bypass\n"
    asks = HEALTHY + "[rule corp]\non = tcp/443\nhost = .corp.example\nuse = direct\n" + dot
    with healthy(lab, asks) as weir:
        expect_healthy(weir)
    with healthy(lab, asks.replace("any/53\nuse = direct", "any/53\nuse = bypass")) as weir:
        wrong = expect(weir, "host-names", "warn", "DNS answers do not pass weir")
        assert wrong[0]["fix"] == "write into [rule dns]: use = transparent", wrong
    with healthy(lab, asks.replace(dot, "")) as weir:
        expect(weir, "host-names", "warn", "port 853")


@broken("a port that another program holds is found, weir's own is not")
def port(lab):
    with healthy(lab) as weir:
        other = HEALTHY.replace("[gateway]", "[gateway]\nport = 50081")
        other += f"[admin]\nsocket = {weir.folder}/none.sock\n"
        with open(f"{weir.folder}/other.ini", "w") as out:
            out.write(other)
        from harness import V4, V6
        for net in (V4, V6):
            holder = lab.router.listen(net, 50081, net.any)
            wrong, status = findings(weir, f"{weir.folder}/other.ini")
            assert status == 1 and any(
                f["name"] == "port" and "50081" in f["text"] for f in wrong), wrong
            holder.close()
        wrong, _ = findings(weir, f"{weir.folder}/other.ini")
        assert not any(f["name"] == "port" for f in wrong), wrong


@broken("an interface that does not exist is found")
def no_such_interface(lab):
    with healthy(lab, HEALTHY.replace("= lan", "= lan, wlan9")) as weir:
        expect(weir, "interfaces", "FAIL", "wlan9")


@broken("an interface of a rule that does not exist is found, and a port of a bridge, by its bridge")
def names_that_meet_nothing(lab):
    rule = HEALTHY + "[rule games]\non = tcp/81\ninterface = {}\nuse = reject\n"
    with healthy(lab, rule.format("wlan9")) as weir:
        expect(weir, "interfaces", "FAIL", "wlan9", "[rule games]")
    port = "ip link add port9 type veth peer name port9b; ip link set port9 master lan"
    with typed(lab, port, "ip link del port9"):
        with healthy(lab, rule.format("port9")) as weir:
            expect(weir, "interfaces", "warn", "port9 is a port of lan", "[rule games]")
            said = weir.cli("check", "-c", weir.config)
            assert "port9 is a port of lan" in said.stderr and "[rule games]" in said.stderr, said
        with healthy(lab, HEALTHY.replace("= lan", "= lan, port9")) as weir:
            expect(weir, "interfaces", "warn", "port9 is a port of lan", "write lan")


@broken("an interface or a source towards servers that the router does not have is found")
def no_such_way(lab):
    ours = HEALTHY.replace("use = direct", "use = out") + "[upstream out]\ntype = direct\n"
    with healthy(lab, ours + "interface = wan9\n") as weir:
        expect(weir, "interfaces", "FAIL", "[upstream out] leaves by wan9")
    with healthy(lab, ours + "source = 198.51.100.77\n") as weir:
        expect(weir, "interfaces", "FAIL", "[upstream out] has the source 198.51.100.77")
    with healthy(lab, ours + f"source = {lab.places.router_north.v4}\n") as weir:
        expect_healthy(weir)


@broken("all interfaces and a server behind the router is found")
def interfaces(lab):
    with healthy(lab, HEALTHY.replace("interfaces = lan", "interfaces = all")) as weir:
        expect(weir, "interfaces", "warn", "pool/web1", "to-north")


@broken("no interfaces named, and none that leads outside or all that do, is found")
def outside(lab):
    text = HEALTHY.replace("interfaces = lan", "")
    with healthy(lab, text) as weir:
        expect(weir, "interfaces", "warn", "no interface carries a default route", "interfaces = NAME")


@broken("a server in the clients' own subnet that must see clients is found")
def same_subnet(lab):
    from harness import V4
    lab.serve(lab.bob.listen(V4, 80), lambda connection: None)
    with healthy(lab, SHOWS_CLIENT.format(server="192.0.2.12")) as weir:
        wrong, status = findings(weir)
        # That a server is where clients are is said as well, for what it sends itself.
        assert {f["name"] for f in wrong} == {"interfaces", "reply-path"} and status == 0, wrong
        assert any("192.0.2.12" in f["text"] and "past this router" in f["text"] for f in wrong), wrong
    with healthy(lab, SHOWS_CLIENT.format(server="192.0.2.12").replace("= client", "= gateway")) as weir:
        assert {f["name"] for f in findings(weir)[0]} == {"interfaces"}


@broken("a server on the router that is to see clients is found, and the word that fixes it")
def on_the_router(lab):
    from harness import V4
    lab.serve(lab.router.listen(V4, 80), lambda connection: None)
    server = lab.router.at(V4)
    with sysctl(lab, net__ipv4__tcp_early_demux=0):
        with healthy(lab, SHOWS_CLIENT.format(server=server)) as weir:
            [found] = expect(weir, "reply-path", "FAIL", f"pool/web1 ({server}) is on this router")
            assert "source=gateway" in found["fix"], found
        with healthy(lab, SHOWS_CLIENT.format(server=server).replace(":80", ":80 source=gateway")) as weir:
            expect_healthy(weir)


@broken("a server whose answers to clients take another way is found")
def another_way(lab):
    with sysctl(lab, net__ipv4__tcp_early_demux=0):
        with healthy(lab, SHOWS_CLIENT.format(server="198.51.100.10")) as weir:
            expect_healthy(weir)
            lab.north.run("ip", "route", "add", "blackhole", "192.0.2.0/24", check=True)
            try:
                expect(weir, "reply-path", "FAIL", "pool/web1")
            finally:
                lab.north.run("ip", "route", "del", "192.0.2.0/24", check=True)


@broken("a server that cannot be reached is found; one of several is a warning")
def servers(lab):
    silent = "server = web3=198.51.100.66:80\n"
    with healthy(lab, HEALTHY + silent) as weir:
        expect(weir, "servers", "warn", "pool/web3", "does not answer")
    refusing = HEALTHY[:HEALTHY.index("server = web1")] + "server = web9=198.51.100.10:9\n"
    with healthy(lab, refusing) as weir:
        expect(weir, "servers", "FAIL", "pool/web9", "refuses connections", "no server of its upstream")


@broken("servers of a group's members are looked at")
def group_members(lab):
    group = (HEALTHY.replace("use = pool", "use = both")
             + "server = web3=198.51.100.66:80\n[upstream both]\ntype = group\nmembers = pool, direct\n")
    with healthy(lab, group) as weir:
        expect(weir, "servers", "warn", "pool/web3", "does not answer")


@broken("a proxy that wants a password is found, SOCKS5 and HTTP")
def proxies(lab):
    from harness import V4, endpoint
    from harness.proxies import MICROSOCKS, auth, microsocks
    text = ("[gateway]\nworkers = 1\n[firewall]\ninterfaces = lan\n[rule web]\non = tcp/80\nuse = office\n"
            "[upstream office]\ntype = {}\nserver = p1={}\n{}")
    microsocks(lab.east, V4)

    def wants_password(connection):
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
    lab.serve(lab.north.listen(V4, 3128), wants_password)
    password = "".join(f"{key} = {value}\n" for key, value in auth().items())
    for kind, server in (("socks5", endpoint(lab.east.at(V4), MICROSOCKS)),
                         ("http-connect", endpoint(lab.north.at(V4), 3128))):
        with healthy(lab, text.format(kind, server, "")) as weir:
            wrong, _ = findings(weir)
            assert [(f["name"], f["level"]) for f in wrong if f["name"] != "ipv6"] == [
                ("proxies", "FAIL")], wrong
            assert any("wants a user name" in f["text"] for f in wrong), wrong
        with healthy(lab, text.format(kind, server, password)) as weir:
            assert not any(f["name"] == "proxies" for f in findings(weir)[0])


@broken("where admin.http listens is looked at while weir does not run")
def admin_port(lab):
    from harness import V4
    with healthy(lab) as weir:
        other = HEALTHY.replace("[gateway]", "[gateway]\nport = 50081")
        other += f"[admin]\nsocket = {weir.folder}/none.sock\nhttp = 127.0.0.1:9090\n"
        with open(f"{weir.folder}/other.ini", "w") as out:
            out.write(other)
        holder = lab.router.listen(V4, 9090, "127.0.0.1")
        wrong, status = findings(weir, f"{weir.folder}/other.ini")
        assert status == 1 and any(f["name"] == "port" and "127.0.0.1:9090" in f["text"]
                                   for f in wrong), wrong
        holder.close()
        wrong, _ = findings(weir, f"{weir.folder}/other.ini")
        assert not any(f["name"] == "port" for f in wrong), wrong


@broken("a name server that does not answer is found")
def name_servers(lab):
    lab.dnsmasq(lab.north)
    named = HEALTHY.replace("web1=198.51.100.10:80", "web1=www.lab.test:80")
    with healthy(lab, named + "[dns]\nservers = 198.51.100.10\n") as weir:
        expect_healthy(weir)
    with healthy(lab, named + "[dns]\nservers = 198.51.100.10, 203.0.113.1:5399\n") as weir:
        expect(weir, "name-servers", "FAIL", "203.0.113.1:5399")


@broken("a limit on open files that is too small is found")
def files(lab):
    with healthy(lab, prefix=("prlimit", "--nofile=1024:1024")) as weir:
        expect(weir, "files", "warn", "at most 1024 open files")
    with healthy(lab, HEALTHY + "[limits]\nmax-flows = 15000\n",
                 prefix=("prlimit", "--nofile=8192:8192")) as weir:
        expect(weir, "files", "FAIL", "15000", "8192")


if __name__ == "__main__":
    main()
