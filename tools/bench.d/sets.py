"""`sudo tools/bench sets --weir PATH`: what long lists of the firewall's cost. Each list is installed by
`weir firewall apply`, which loads it over netlink, and by nft from what `weir firewall show` prints; in a network
namespace that ends with the command. Memory of the kernel is what its slabs and vmalloc grew by."""

import os
import random
import resource
import subprocess
import sys
import tempfile
import time

LENGTHS = (10_000, 65_536, 100_000, 250_000, 1_000_000)
CONFIG = """[firewall]
max-set = 4000000
[set list]
file = {file}
[rule shut]
on = tcp/80
destination = @list
use = drop
"""


def prefixes(length):
    """Of IPv4 and all /25, spread as published lists are."""
    chosen = random.Random(7).sample(range(0x01000000 >> 7, 0xdf000000 >> 7), length)
    return "".join(f"{n << 7 >> 24}.{n >> 9 & 255}.{n >> 1 & 255}.{n << 7 & 255}/25\n" for n in sorted(chosen))


def kernel_memory():
    with open("/proc/meminfo") as file:
        fields = dict(line.split(":") for line in file)
    return sum(int(fields[name].split()[0]) for name in ("SUnreclaim", "VmallocUsed")) / 1024


def timed(words):
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(words)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"tools/bench: {' '.join(words)} failed")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - began, busy, used.ru_maxrss / 1024


def settled():
    """The kernel frees what is deleted a little later."""
    last = kernel_memory()
    while True:
        time.sleep(0.5)
        now = kernel_memory()
        if abs(now - last) < 0.5:
            return now
        last = now


def row(name, length, weir, words):
    before = settled()
    took, busy, resident = timed(words)
    grown = settled() - before
    began = time.monotonic()
    subprocess.run([weir, "firewall", "remove"], check=True)
    print(f"{name:6} {length:9,} {took:8.2f} {busy:8.2f} {resident:9.0f} {grown:9.0f} "
          f"{time.monotonic() - began:8.2f}", flush=True)


def main(weir):
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    print(f"{'by':6} {'prefixes':>9} {'seconds':>8} {'CPU s':>8} {'RSS MiB':>9} {'kernel MiB':>9} {'removal':>8}")
    with tempfile.TemporaryDirectory() as folder:
        config = f"{folder}/weir.ini"
        for length in LENGTHS:
            with open(f"{folder}/list", "w") as file:
                file.write(prefixes(length))
            with open(config, "w") as file:
                file.write(CONFIG.format(file=f"{folder}/list"))
            row("weir", length, weir, [weir, "firewall", "apply", "-c", config, "--backend", "nft"])
            shown = subprocess.run([weir, "firewall", "show", "-c", config, "--backend", "nft"], check=True,
                                   stdout=subprocess.PIPE).stdout
            with open(f"{folder}/script", "wb") as file:
                file.write(shown)
            row("nft", length, weir, ["sh", f"{folder}/script"])


def run(weir):
    """In a network of its own."""
    words = ["unshare", "--net", sys.executable, os.path.abspath(__file__), os.path.abspath(weir)]
    return subprocess.run(words).returncode


if __name__ == "__main__":
    main(sys.argv[1])
