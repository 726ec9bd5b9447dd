#!/usr/bin/env python3
"""Makes docs/figures/page-light.png and page-dark.png anew: the page of a weir that serves real traffic in the
lab's namespaces, as Chromium shows it. sudo python3 tools/demo.d/screenshot.py --weir build/release/weir
"""

import argparse
import pathlib
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/lab"))
from harness import sandbox  # noqa: E402
from harness.lab import Lab  # noqa: E402

CONFIG = """
[firewall]
interfaces = lan

[rule dns]
on = any/53
use = resolvers

[rule web]
on = tcp/80
use = web

[rule ssh]
on = tcp/22
use = bypass

[rule no-quic]
on = udp/443
use = reject

[upstream resolvers]
type = forward
server = main=198.51.100.10:53
server = main6=[fd00:198:51:100::10]:53
source = client

[upstream web]
type = forward
server = web1=198.51.100.10:80
server = web2=198.51.100.140:80 weight=2
server = web3=203.0.113.20:8080
check = connect

[admin]
http = 192.0.2.1:9080
"""
# Chromium's PreferredColorScheme.
SCHEMES = {"dark": 0, "light": 1}
TRAFFIC = """
while :; do
  curl -s -o /dev/null --limit-rate $((RANDOM % 4 + 2))M http://203.0.113.20/64MiB &
  for n in 1 2 3 4 5 6; do
    curl -s -o /dev/null http://203.0.113.20/1MiB
    dig +short @8.8.8.8 www.lab.test
    dig +short @2001:db8::8 www.lab.test
    sleep 0.$((RANDOM % 9))
  done
  echo | socat -t 0.1 - udp:203.0.113.20:443
  echo | socat -t 0.1 - tcp:203.0.113.20:22
done >/dev/null 2>&1
"""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weir", required=True)
    parser.add_argument("--seconds", type=int, default=240, help="traffic before the picture")
    parser.add_argument("--into", type=pathlib.Path, default=ROOT / "docs/figures")
    options = parser.parse_args()
    sandbox.enter()
    lab = Lab(str(pathlib.Path(options.weir).resolve()))
    lab.begin_case(True)
    for server in (lab.north, lab.east):
        lab.nginx(server)
    lab.dnsmasq(lab.north)
    with lab.weir(CONFIG, keeps_firewall=True, check_exit=False):
        for client in (lab.alice, lab.bob):
            client.start("bash", "-c", TRAFFIC)
        time.sleep(options.seconds)
        for scheme, number in SCHEMES.items():
            done = lab.router.run(
                "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
                "--disable-background-networking", "--disable-dev-shm-usage", f"--user-data-dir={lab.work}/{scheme}",
                f"--blink-settings=preferredColorScheme={number}", "--window-size=1200,1000",
                f"--screenshot={options.into.resolve()}/page-{scheme}.png", "http://192.0.2.1:9080/", timeout=90)
            assert done.returncode == 0, done
    lab.end_case()


if __name__ == "__main__":
    main()
