#!/usr/bin/env python3
"""The page at / in a real browser: whole without JavaScript, live with it, nothing fetched from elsewhere."""

import os
import re

from harness import V4, case, main

CONFIG = """
[gateway]
workers = 1

[rule odd-one]
on = tcp/7950
use = transparent

[rule web]
on = tcp/80
use = pool

[upstream pool]
type = forward
server = web1=198.51.100.10:80
server = lost=no-such-host.lab.test:80
"""
OWN = "it is weir's page"
NO_FAMILY = (None,)


def browse(lab, name, url, *options, timeout=90):
    """Chromium without a window; its output and what it complained about."""
    done = lab.alice.run(
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
        "--disable-dev-shm-usage", "--enable-logging=stderr", f"--user-data-dir={lab.work}/browser-{name}",
        *options, url, timeout=timeout)
    said = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return done.stdout.decode(), said


def with_page(lab):
    address = f"{lab.places.router_lan.v4}:9080"
    return CONFIG + f"\n[admin]\nhttp = {address}\n", f"http://{address}/"


@case("the browser shows tables and charts, and complains of nothing", NO_FAMILY, only_weir=OWN, limit=200)
def whole(lab):
    text, url = with_page(lab)
    lab.nginx(lab.north)
    with lab.weir(text) as weir:
        assert lab.alice.curl("http://203.0.113.20/1KiB").returncode == 0
        page, said = browse(lab, "whole", url, "--virtual-time-budget=3000", "--dump-dom")
        assert not said, said
        for part in ("web1", "odd-one", "serving", "its name has no address yet", "<svg",
                     "Lost or refused", "Went another way", "Needs a look"):
            assert part in page, (part, page[-4000:])
        # Everything it asked for was this page: a server elsewhere would not be reachable, but named.
        assert not re.search(r"""(src|href)=["'](?!/|data:)""", page), page
        # A picture of it is not one colour.
        for name, size in (("wide", "1280,1400"), ("phone", "400,1400")):
            path = f"{lab.work}/{name}.png"
            browse(lab, name, url, "--virtual-time-budget=3000", f"--window-size={size}", f"--screenshot={path}")
            assert os.path.getsize(path) > 20_000, os.path.getsize(path)


@case("the page renews itself, and says so when the gateway has gone", NO_FAMILY, only_weir=OWN, limit=200)
def live(lab):
    text, url = with_page(lab)
    with lab.weir(text):
        first = lab.alice.curl(url).stdout
        assert b'<span id="live"></span>' in first and b'<noscript><meta http-equiv="refresh"' in first
        asked = []

        def stand_in(answers):
            """A gateway whose page has a number, and that is gone after so many answers."""
            def answer(connection):
                request = b""
                while b"\r\n\r\n" not in request:
                    piece = connection.recv(4096)
                    if not piece:
                        return
                    request += piece
                if not request.startswith(b"GET / "):
                    return
                asked.append(request)
                if len(asked) <= answers:
                    body = first.replace(b"<h1>weir", b"<h1>number %d" % len(asked))
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
                                       b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            return answer

        for port, answers in ((9091, 1000), (9092, 2)):
            asked.clear()
            lab.serve(lab.bob.listen(V4, port), stand_in(answers))
            # In the browser's own time, of which it lets that much pass.
            page, _ = browse(lab, f"live-{port}", f"http://{lab.bob.at(V4)}:{port}/", "--virtual-time-budget=9000",
                             "--dump-dom")
            assert len(asked) >= 3, asked
            if answers == 2:
                assert "<h1>number 2" in page and "no answer for" in page, page[4000:7000]
            else:
                assert f"<h1>number {len(asked)}" in page and ">live</span>" in page, page[4000:7000]


@case("the answer forbids scripts and pictures from elsewhere", NO_FAMILY, only_weir=OWN)
def policy(lab):
    text, url = with_page(lab)
    with lab.weir(text):
        head = lab.alice.run("curl", "-s", "-D", "-", "-o", "/dev/null", url).stdout.decode().lower()
        assert "content-security-policy: default-src 'none'" in head, head
        assert "x-content-type-options: nosniff" in head and "cache-control: no-store" in head, head


if __name__ == "__main__":
    main()
