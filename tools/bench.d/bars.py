#!/usr/bin/env python3
"""Draws docs/figures/peers.svg from the tables in docs/benchmark.md: weir and its peers beside forwarding by the
kernel, which is 1. tools/bench.d/bars.py [FILE [PICTURE]]; it changes no figure.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ROWS = (("bulk-8-up", "upload, 8 TCP connections"), ("bulk-8-down", "download, 8 TCP connections"),
        ("rr-64", "requests on 64 connections"), ("connections", "connections: connect, ask, close"),
        ("udp-64-1", "datagrams of 64 bytes, 1 flow"), ("udp-1200-256", "datagrams of 1,200 bytes, 256 flows"),
        ("udp-gso", "datagrams of a GSO sender"), ("udp-new-200", "new UDP flows, a DNS question each"))
PEERS = ("weir", "haproxy-tuned", "nginx-tuned", "redsocks", "v2ray")
LEFT, WIDTH, BAR, GAP = 250, 620, 11, 14
LONGEST = 1.75  # of forwarding; longer bars end there, with their number


def ratios(text):
    """{metric: {participant: its rate, of forwarding's}}, of each metric's first table."""
    found = {}
    for name, table in re.findall(r"(?m)^([a-z0-9-]+): .*\n((?:  +\S.*\n)+)", text):
        rows = [line.split() for line in table.splitlines()[1:]]
        found.setdefault(name, {row[0]: float(next(word for word in row if word.endswith("×"))[:-1])
                                for row in rows if any(word.endswith("×") for word in row)})
    return found


def picture(found):
    parts, y = [], 58
    for metric, title in ROWS:
        peers = [peer for peer in PEERS if peer in found[metric]]
        middle = y + len(peers) * BAR / 2 + 4
        parts.append(f'<text x="{LEFT - 12}" y="{middle:.0f}" text-anchor="end">{title}</text>')
        for peer in peers:
            ratio = found[metric][peer]
            length = min(ratio, LONGEST) / LONGEST * WIDTH
            parts.append(f'<rect class="{peer}" x="{LEFT}" y="{y}" width="{length:.0f}" height="{BAR - 2}"/>')
            parts.append(f'<text class="small" x="{LEFT + length + 5:.0f}" y="{y + BAR - 3}">{ratio:.2f}</text>')
            y += BAR
        y += GAP
    legend = "".join(
        f'<rect class="{peer}" x="{LEFT + n * 120}" y="22" width="12" height="12"/>'
        f'<text x="{LEFT + n * 120 + 18}" y="32">{peer.replace("-tuned", ", tuned")}</text>'
        for n, peer in enumerate(PEERS))
    one = LEFT + WIDTH / LONGEST
    height = y + 26
    bars = "\n  ".join(parts)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 {height}" role="img" aria-labelledby="t"
     font-family="system-ui, sans-serif" font-size="12">
  <title id="t">Rates of weir and its peers, relative to forwarding by the kernel</title>
  <style>
    .page {{ fill: #fff; }} text {{ fill: #1b2733; }} .small {{ font-size: 10px; fill: #51606e; }} .one {{ stroke: #51606e; stroke-dasharray: 4 3; }}
    .weir {{ fill: #1d6fb8; }} .haproxy-tuned {{ fill: #c98a3a; }} .nginx-tuned {{ fill: #4f9a63; }} .redsocks {{ fill: #a0628f; }} .v2ray {{ fill: #9aa5b0; }}
    @media (prefers-color-scheme: dark) {{
      .page {{ fill: #0d1117; }} text {{ fill: #e6edf3; }} .small {{ fill: #9fb0c0; }} .one {{ stroke: #9fb0c0; }}
    }}
  </style>
  <rect class="page" width="960" height="{height}" rx="8"/>
  {legend}
  <path class="one" d="M{one:.0f} 46V{y - 6}"/>
  <text class="small" x="{one:.0f}" y="{y + 10}" text-anchor="middle">forwarding by the kernel = 1</text>
  {bars}
</svg>
"""


def main():
    source = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs/benchmark.md"
    target = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "docs/figures/peers.svg"
    target.write_text(picture(ratios(source.read_text())))


if __name__ == "__main__":
    main()
