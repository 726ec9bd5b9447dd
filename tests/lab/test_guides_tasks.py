#!/usr/bin/env python3
"""The guides for single tasks work as they are written: port forward, proxy with fail-over, one resolver for all, logs
in JSON with rotation, Prometheus; and what the troubleshooting page names exists."""

import json
import os
import re
import time

import mmdb
from doctor_fixture import findings
from echo_servers import udp
from guide import DOCUMENTS, blocks, guide, no_failure
from harness import V4, case, endpoint, eventually, main
from harness.proxies import DANTED, danted
from harness.servers import dnsmasq, folder, listening

WHY = "it is a guide to weir"


@case("a port forward: two servers see the visitors, and one that is down gets none", only_weir=WHY)
def port_forward(lab, net):
    places = net.pick((lab.north.v4, lab.places.north2.v4), (lab.north.v6,))
    heard = []

    def web(place):
        def answer(connection):
            request = connection.recv(1000)
            if request:
                heard.append((place, connection.getpeername()[0]))
                connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + place.encode())
        return answer

    listeners = {place: lab.serve(lab.north.listen(net, 80, place), web(place)) for place in places}

    def visited():
        done = lab.south.curl("--http1.0", "http://" + net.pick("203.0.113.1", "[fd00:203:0:113::1]") + "/")
        assert done.returncode == 0, done
        return done.stdout.decode()

    with guide(lab, "port-forward", (("wan", "to-south"),)) as weir:
        assert not [f for f in no_failure(weir) if f != "servers"]
        seen = {visited() for _ in range(8)}
        assert seen == set(places), seen
        assert all(peer == lab.south.at(net) for place, peer in heard if peer not in weir_addresses(lab)), heard
        weir.expect_record(rule="site", source=lambda source: lab.south.at(net) in source)
        if net is V4:
            listeners[places[0]].close()
            assert {visited() for _ in range(6)} == {places[1]}
            eventually(lambda: "web1" in weir.live("upstreams").stdout.decode()
                       and re.search(r"web1 .* down ", weir.live("upstreams").stdout.decode()), "web1 is down")


def weir_addresses(lab):
    """Where weir's own checks come from."""
    return {lab.places.router_north.v4, lab.places.router_north.v6}


@case("the web through a SOCKS5 proxy, directly while it is down, and through it again", (V4,), only_weir=WHY)
def socks_failover(lab, net):
    lab.nginx(lab.north)
    proxy = danted(lab.east, net)
    with guide(lab, "socks-failover") as weir:
        assert no_failure(weir) == []

        def caller():
            done = lab.alice.curl(net.url(lab.north, "/whoami"))
            assert done.returncode == 0, done
            return done.stdout.split()[0].decode()

        assert caller() == lab.east.at(net)
        weir.expect_record(upstream="web", member="proxy", server="main")
        assert udp(lab, net, 443) == "refused"
        proxy.stop()
        assert [caller() for _ in range(5)] == [weir.source(net, lab.alice, lab.north)] * 5
        weir.expect_record(upstream="web", member="direct")
        eventually(lambda: not listening(lab.east, DANTED), "the proxy's port is free")
        danted(lab.east, net)
        eventually(lambda: caller() == lab.east.at(net), "the proxy is used again")


@case("one resolver for all: it sees who asks, and port 853 and listed addresses are refused", only_weir=WHY)
def one_resolver(lab, net):
    names = lab.dnsmasq(lab.north)
    addresses, = [block for block in blocks("one-resolver", "") if "8.8.8.8\n" in block and "▶" not in block]
    path = f"{lab.work}/doh.list"
    with open(path, "w") as file:
        file.write(addresses)
    with guide(lab, "one-resolver", replaced=(("@doh.list", f"@{path}"),)) as weir:
        assert no_failure(weir) == []
        asked = net.pick("8.8.8.8", "2001:4860:4860::8888")
        for transport in ("+notcp", "+tcp"):
            since = len(names.errors)
            assert "192.0.2.201" in lab.alice.dig(asked, "one.lab.test", "A", transport)
            eventually(lambda: f"from {lab.alice.at(net)}" in names.errors[since:], "the resolver sees alice")
        for port in (443, 853):
            try:
                lab.alice.connect(net, asked, port).close()
                raise AssertionError(f"{asked} is reached on port {port}")
            except ConnectionRefusedError:
                pass


@case("rules by host name: a listed host is refused, another goes through the proxy, and nothing is to be warned of",
      only_weir=WHY)
def names(lab, net):
    lab.nginx(lab.north)
    lab.shared(danted, lab.east, net)
    proxy = (("198.51.100.140:1080", endpoint(lab.east.at(net), DANTED)),)
    with guide(lab, "names", replaced=proxy) as weir:
        assert no_failure(weir) == []
        checked = weir.cli("check", "-c", weir.config)
        assert checked.returncode == 0 and not checked.stderr, checked.stderr

        def caller(host):
            done = lab.alice.curl("-H", f"Host: {host}", net.url(lab.north, "/whoami"))
            return done.returncode, done.stdout.decode().split()[:1]

        assert caller("www.ads.example")[0] == 56, "the connection was reset"
        weir.expect_record(rule="ads", host="www.ads.example", host_from="http", end="rejected")
        assert caller("intranet.corp.example") == (0, [lab.east.at(net)])
        weir.expect_record(rule="office", host="intranet.corp.example", upstream="office")
        assert caller("www.example.org") == (0, [lab.alice.at(net)])
        weir.expect_record(rule="(default)", host="www.example.org")


@case("a resolver on the router is found, and the guide's other sections lead its answers through weir", (V4,),
      only_weir=WHY)
def names_of_own_resolver(lab, net):
    text, = blocks("names", "ini")
    own, = [block for block in blocks("names", "") if "local-services" in block]
    rest = text[text.index("; DNS over TLS"):]
    resolver = dnsmasq(lab.router)
    try:
        with guide(lab, "names") as weir:
            found, = [f for f in findings(weir)[0] if f["name"] == "host-names"]
            assert found["level"] == "warn" and lab.router.at(net) in found["text"], found
            assert "local-services = yes" in found["fix"] and "use = direct" in found["fix"], found
        with lab.weir(f"{own}\n{rest}", keeps_firewall=True) as weir:
            assert "host-names" not in [f["name"] for f in findings(weir)[0]]
            checked = weir.cli("check", "-c", weir.config)
            assert checked.returncode == 0 and not checked.stderr, checked.stderr
            assert "192.0.2.201" in lab.alice.dig(lab.router.at(net), "one.lab.test", "A", "+notcp")
            weir.expect_record(protocol="udp", rule="dns", destination=endpoint(lab.router.at(net), 53))
    finally:
        resolver.stop()


@case("a family's router: a device is off at night or paused, and a listed address is refused for all", only_weir=WHY)
def family(lab, net):
    for server in (lab.north, lab.east):
        lab.serve(server.listen(net, 8080), lambda connection: connection.recv(1))
    path = f"{lab.work}/blocked.list"
    with open(path, "w") as file:
        file.write(blocks("family", "")[-1] + lab.east.at(net) + "\nno address at all\n")
    link, = json.loads(lab.alice.run("ip", "-j", "link", "show", "dev", "eth0", check=True).stdout)

    def is_refused(client, server):
        try:
            client.connect(net, server.at(net), 8080, 5).close()
        except ConnectionRefusedError:
            return True
        return False

    devices = (("tablet 02:00:5e:10:00:01", f"tablet {link['address']}"), ("file = blocked.list", f"file = {path}"))
    for zone, is_night in ((until(22), True), (until(12), False)):
        with guide(lab, "family", replaced=devices, prefix=zone) as weir:
            examined = lab.router.run(*zone, lab.weir_path, "doctor", "-c", weir.config)
            assert examined.returncode == 0, examined.stdout.decode()
            assert is_refused(lab.alice, lab.north) == is_night
            assert not is_refused(lab.bob, lab.north)
            assert is_refused(lab.bob, lab.east)
            weir.live("set", "paused", "add", lab.bob.at(net), "--for", "1h", check=True)
            assert is_refused(lab.bob, lab.north)
            weir.live("set", "paused", "remove", lab.bob.at(net), check=True)
            assert not is_refused(lab.bob, lab.north)
            assert weir.records() == [], "all of it is the firewall's"
            assert "that weir skips" in weir.cli("check", "-c", weir.config).stderr


@case("an office: visitors come from some countries only, a network is out of reach, and guests have hours", only_weir=WHY)
def office(lab, net):
    heard = []

    def site(connection):
        heard.append(connection.getpeername()[0])
        connection.sendall(b"site")

    lab.serve(lab.north.listen(net, 443), site)
    for place in (lab.north, lab.places.north2):
        lab.serve(lab.north.listen(net, 8080, place.at(net)), lambda connection: connection.sendall(b"server"))
    unwanted = mmdb.systems({f"{lab.places.north2.v4}/32": 64500, f"{lab.places.north2.v6}/128": 64500})
    files = tuple((f"file = {name}.mmdb", f"file = {lab.work}/{name}.mmdb") for name in ("country", "asn"))

    def got(host, address, port):
        try:
            with host.connect(net, address, port, 2) as client:
                return client.recv(100)
        except ConnectionRefusedError:
            return "refused"
        except TimeoutError:
            return "silence"

    for code, visitor_gets in (("AT", b"site"), ("US", "silence")):
        visitors = {"203.0.113.0/25": code, f"{lab.south.v6}/128": code} | {
            f"198.18.{number}.0/24": other for number, other in enumerate(("DE", "AT", "CH"))}
        for name, content in (("country", mmdb.countries(visitors)), ("asn", unwanted)):
            with open(f"{lab.work}/{name}.mmdb", "wb") as file:
                file.write(content)
        with guide(lab, "office", (("wan", "to-south"), ("guests", "to-east")), files, prefix=until(22)) as weir:
            assert not [f for f in no_failure(weir) if f != "servers"]
            assert got(lab.south, lab.places.router_south.at(net), 443) == visitor_gets
            assert got(lab.alice, lab.places.north2.at(net), 8080) == "refused"
            assert got(lab.alice, lab.north.at(net), 8080) == b"server"
            assert got(lab.east, lab.north.at(net), 8080) == "refused"
            said = weir.cli("explain", "-c", weir.config, "--interface", "to-south", "tcp", lab.south.at(net),
                            endpoint(lab.places.router_south.at(net), 443)).stdout.decode()
            assert f"rule {'site' if code == 'AT' else 'from-afar'} " in said, said
            assert "near" in weir.live("sets").stdout.decode()
    assert heard.count(lab.south.at(net)) == 1, heard


def until(hour):
    """What starts a program in a time zone in which it is that hour now."""
    hours = time.gmtime().tm_hour - hour
    return ("env", f"TZ=NOW{(hours + 12) % 24 - 12}")


@case("JSON logs: the queries answer, and after logrotate weir writes into a new file", (V4,), only_weir=WHY)
def json_logs(lab, net):
    lab.nginx(lab.north)
    logs = folder("logs")
    os.chmod(logs, 0o755)
    path = f"{logs}/weir.log"
    with guide(lab, "json-logs", replaced=(("/var/log/weir/weir.log", path),)) as weir:
        def written(file):
            if not os.path.exists(file):
                return []
            with open(file) as lines:
                return [line for line in map(json.loads, lines) if "protocol" in line]

        assert lab.alice.curl(net.url(lab.north, "/1KiB")).returncode == 0
        eventually(lambda: len(written(path)) == 1, "a record")
        queries = [block for block in blocks("json-logs", "sh") if block.startswith("jq ")]
        assert len(queries) == 2, queries
        by_client, failures = [lab.router.run("sh", "-c", query.replace("/var/log/weir/weir.log", path), check=True)
                               .stdout.decode() for query in queries]
        record = written(path)[0]
        assert by_client == f"{lab.alice.v4} {record['bytes_up'] + record['bytes_down']}\n", by_client
        assert failures == "", failures
        with open(f"{DOCUMENTS}/../packaging/logrotate") as file:
            shipped = file.read()
        assert shipped in blocks("json-logs", ""), "the guide shows another file than the package brings"
        # No weir user and no systemd in the lab: root, and the signal that systemctl would send.
        ours = (shipped.replace("/var/log/weir/", f"{logs}/").replace("weir weir", "root root")
                .replace("systemctl kill --kill-who=main -s HUP weir.service", f"kill -HUP {weir.program.pid}"))
        assert "systemctl" not in ours, ours
        with open(f"{lab.work}/rotate", "w") as file:
            file.write(ours)
        os.chmod(f"{lab.work}/rotate", 0o644)
        lab.router.run("logrotate", "-f", "-s", f"{lab.work}/rotate.state", f"{lab.work}/rotate", check=True)
        assert len(written(f"{path}.1")) == 1
        eventually(lambda: os.path.exists(path) and os.path.getsize(path), "the new file has the reload's message")
        assert lab.alice.curl(net.url(lab.north, "/1KiB")).returncode == 0
        eventually(lambda: len(written(path)) == 1, "a record in the new file")
        assert len(written(f"{path}.1")) == 1


@case("Prometheus reads the metrics, its alerts are good, and every panel's query answers", (V4,), only_weir=WHY)
def prometheus(lab, net):
    work = folder("prometheus")
    main_file, rules = blocks("prometheus", "yaml")
    for name, text in (("prometheus.yml", main_file.replace("15s", "1s")), ("weir.rules.yml", rules)):
        with open(f"{work}/{name}", "w") as file:
            file.write(text)
    done = lab.router.run("promtool", "check", "config", f"{work}/prometheus.yml")
    assert done.returncode == 0 and "SUCCESS" in done.stdout.decode(), done
    lab.nginx(lab.north)
    page = b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n1"
    web2 = lab.serve(lab.east.listen(net, 80), lambda connection: connection.recv(1000) and connection.sendall(page))
    with open(f"{DOCUMENTS}/guides/prometheus.md") as file:
        panels = re.findall(r"(?m)^\| [^|`]* \| `([^`]*)` \|$", file.read())
    assert len(panels) >= 6, panels
    with guide(lab, "prometheus") as weir:
        assert no_failure(weir) == []
        server = lab.alice.start("prometheus", f"--config.file={work}/prometheus.yml", f"--storage.tsdb.path={work}/data",
                                 "--web.listen-address=127.0.0.1:9090", "--log.level=error")
        server.until_ready(lambda: listening(lab.alice, 9090))

        def answer(query):
            done = lab.alice.run("promtool", "query", "instant", "http://127.0.0.1:9090", query)
            assert done.returncode == 0, (query, done)
            return done.stdout.decode().strip()

        def answered(query):
            assert lab.alice.curl(net.url(lab.south, "/1")).returncode == 0  # so that there is a rate
            return answer(query)

        eventually(lambda: answer("weir_server_up == 1"), "Prometheus knows the servers", within=30)
        for alert in re.findall(r"expr: (.*)", rules):
            assert answer(alert) == "", (alert, answer(alert))
        events = [query for query in panels if "weir_events_total" in query]
        assert len(events) == 1, panels
        for query in panels:
            if query not in events:
                eventually(lambda query=query: answered(query), f"Prometheus answers {query}", within=30)
        web2.close()  # and its share of the requests is tried again elsewhere
        eventually(lambda: "connect-refused" in answered(events[0]) or "retried" in answered(events[0]),
                   "Prometheus knows the reason", within=30)
        eventually(lambda: 'server="web2"' in answer("weir_server_up == 0"), "the alert's expression names web2",
                   within=30)



@case("every check and every reason that the troubleshooting page names exists", (None,), only_weir=WHY)
def troubleshooting(lab):
    with open(f"{DOCUMENTS}/troubleshooting.md") as file:
        text = file.read()
    with open(f"{DOCUMENTS}/events.md") as file:
        events = set(re.findall(r"(?m)^\| `([a-z-]+)` \|", file.read()))
    with lab.weir("[rule web]\non = tcp/80\nuse = transparent\n") as weir:
        checks = {one["name"] for one in json.loads(weir.cli("doctor", "--json", "-c", weir.config).stdout)["findings"]}
        status = weir.status()
    assert set(status["events"]) <= events, set(status["events"]) - events
    named = set(re.findall(r"`(?:FAIL|warn) ([a-z-]+)", text))
    assert len(named) > 15 and named <= checks, named - checks
    counted = {name for sentence in re.findall(r"(?:reasons? |counted as )((?:`[a-z-]+`(?:, | or )?)+)", text)
               for name in re.findall(r"`([a-z-]+)`", sentence)}
    assert len(counted) > 5 and counted <= events, counted - events



if __name__ == "__main__":
    main()
