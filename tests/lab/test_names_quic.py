#!/usr/bin/env python3
"""Rules that ask for the host, and QUIC: the name of a connection decides where its flow goes, however many
datagrams its hello takes, and what is no QUIC waits for nothing."""

import base64
import hashlib
import os
import pathlib
import time

from harness import KIB, case, endpoint, main, noise
from harness.proxies import written
from harness.servers import folder, listening

OWN = "plain routing has no rules"
BODY = noise(300 * KIB, seed=20)
PAGE = "<!doctype html><p>as north has it</p>"
QUIC, RETRY, ECHO = 443, 8443, 8453  # ports: of a server, of one that validates addresses, of one that is no QUIC

CONFIG = """
[rule refused]
on = udp/443, udp/8443
host = .ads.example
use = reject

[rule dropped]
on = udp/443, udp/8443
host = .spy.example
use = drop

[rule shop]
on = udp/443, udp/8443, udp/8453
host = .shop.example, www.example.org
use = direct

[rule rest]
on = udp/443, udp/8443, udp/8453
use = transparent

[timeouts]
udp-idle = 1s
{more}
"""


def certificate(host):
    """A key and its certificate, and what Chromium knows the key by."""
    work = folder("quic-server")
    key, cert = f"{work}/key", f"{work}/cert"
    if not os.path.exists(cert):
        host.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                 "-days", "10", "-subj", "/CN=lab", "-addext", "subjectAltName=DNS:www.shop.example", "-keyout", key,
                 "-out", cert, check=True)
    text = host.run("openssl", "x509", "-in", cert, "-pubkey", "-noout", check=True).stdout.decode()
    known_by = hashlib.sha256(base64.b64decode(text.split("-----")[2])).digest()
    return key, cert, base64.b64encode(known_by).decode()


def quic_server(host, port, *options):
    """HTTP/3 in both families: /body and /page.html."""
    work = folder("quic-server")
    with open(f"{work}/body", "wb") as file:
        file.write(BODY)
    with open(f"{work}/page.html", "w") as file:
        file.write(PAGE)
    key, cert, _ = certificate(host)
    program = host.start("gtlsserver", "--quiet", f"--htdocs={work}", *options, "*", port, key, cert)
    return program.until_ready(lambda: listening(host, port, udp=True))


def server(lab, port=QUIC):
    lab.shared(quic_server, lab.north, port, *(("--validate-addr",) if port == RETRY else ()))


def fetch(lab, net, name, *options, port=QUIC):
    """What a connection under that name brings of /body; None: it could not be made."""
    got = folder(f"got-{name}-{net}")
    path = f"{got}/body"
    if os.path.exists(path):
        os.remove(path)
    # It says the name that it is given to look up.
    hosts = written(f"{got}/hosts", f"{lab.north.at(net)} {name}\n")
    done = lab.alice.run(
        "unshare", "--mount", "sh", "-c", f'mount --bind {hosts} /etc/hosts && exec "$@"', "sh",
        "gtlsclient", "--quiet", "--no-quic-dump", "--no-http-dump", "--exit-on-all-streams-close",
        "--handshake-timeout=3s", "--timeout=5s", f"--download={got}", *options, name, port,
        f"https://{name}/body")
    if not os.path.exists(path):
        return None
    with open(path, "rb") as file:
        data = file.read()
    assert data == BODY, f"{len(data)} bytes, {done.stderr[-1000:]}"
    return data


def seen_from(address):
    """A condition on a record's source."""
    return lambda source: source.startswith(endpoint(address, ""))


@case("the name of a QUIC connection decides, after a Retry too, and the record has it")
def name(lab, net):
    for port in (QUIC, RETRY):
        server(lab, port)
        with lab.weir(CONFIG.format(more="")) as weir:
            for host, rule, source in (("www.shop.example", "shop", "gateway"), ("other.example", "rest", "client")):
                assert fetch(lab, net, host, port=port) is not None
                weir.expect_record(rule=rule, host=host, host_from="quic",
                                   source=seen_from(weir.source(net, lab.alice, lab.north, source)))


@case("a name that a rule refuses, or drops, is not reached, with whatever is sent again", only_weir=OWN)
def refused(lab, net):
    server(lab)
    with lab.weir(CONFIG.format(more="")) as weir:
        for host, rule, end in (("www.ads.example", "refused", "rejected"), ("www.spy.example", "dropped", "dropped")):
            assert fetch(lab, net, host) is None
            weir.expect_record(rule=rule, host=host, host_from="quic", end=end)
        weir.expect_event("dropped", at_least=2)  # it tried again
        assert not weir.records(rule="rest")


@case("a version that weir does not know has no name")
def version(lab, net):
    server(lab)
    with lab.weir(CONFIG.format(more="")) as weir:
        assert fetch(lab, net, "www.shop.example", "--version=v2draft") is not None
        weir.expect_record(rule="rest", host="")


def browse(lab, net, host):
    """The page of that name as Chromium shows it, which asks for it by QUIC alone."""
    address = lab.north.at(net)
    _, _, key = certificate(lab.north)
    done = lab.alice.run(
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--enable-quic",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--disable-dev-shm-usage", f"--user-data-dir={lab.work}/browser-{net}-{host}",
        f"--origin-to-force-quic-on={host}:443", f"--ignore-certificate-errors-spki-list={key}",
        f"--host-resolver-rules=MAP {host} {net.pick(address, f'[{address}]')}", "--dump-dom",
        f"https://{host}/page.html", timeout=90)
    return done.stdout.decode()


@case("Chromium, whose hello takes several datagrams, gets its page by the name's rule")
def chromium(lab, net):
    server(lab)
    with lab.weir(CONFIG.format(more="")) as weir:
        page = browse(lab, net, "www.shop.example")
        assert PAGE.removeprefix("<!doctype html>") in page, page[-2000:]
        weir.expect_record(rule="shop", host="www.shop.example", host_from="quic", end="idle")


@case("and nothing of a name that is dropped, though it sends parts of its hello again", only_weir=OWN)
def chromium_dropped(lab, net):
    server(lab)
    with lab.weir(CONFIG.format(more="")) as weir:
        page = browse(lab, net, "www.spy.example")
        assert "as north has it" not in page, page[-2000:]
        weir.expect_record(rule="dropped", host="www.spy.example", end="dropped")
        weir.expect_event("dropped", at_least=3)
        assert not weir.records(rule="rest")
        assert not weir.flows()


def recorded(name):
    """The first datagrams of a client that asks for www.example.org."""
    path = pathlib.Path(__file__).parents[1] / "unit/sniff/datagrams" / name
    return [bytes.fromhex(line) for line in path.read_text().splitlines() if not line.startswith(("host", "#"))]


@case("what is no QUIC is not held, half of a hello for timeouts.sniff, and a whole one until it is whole",
      only_weir=OWN)
def held(lab, net):
    lab.respond(lab.north.udp(net, ECHO), lambda data, peer: data)
    first, second = recorded("chromium-1")[:2]

    def answered(*datagrams):
        """How long all answers took, which come in order."""
        client = lab.closing(lab.alice.udp(net))
        began = time.monotonic()
        for datagram in datagrams:
            client.sendto(datagram, (lab.north.at(net), ECHO))
        for datagram in datagrams:
            assert client.recv(65_535) == datagram
        return time.monotonic() - began

    with lab.weir(CONFIG.format(more="sniff = 2s\n")) as weir:
        assert answered(b"no QUIC") < 1.5
        assert answered(first, second) < 1.5
        weir.expect_record(rule="shop", host="www.example.org", packets_up=2)
        assert 2 <= answered(first) < 10
        weir.expect_record(rule="rest", host="", packets_up=1, bytes_up=len(first))


if __name__ == "__main__":
    main()
