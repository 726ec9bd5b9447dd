"""The real servers of the lab, each ready to serve when its function returns."""

import os

from . import sandbox
from .payload import KIB, MIB, noise, sha256
from .topology import NORTH4, NORTH6
from .wait import eventually

# What nginx serves: path → content's size. Fetched and compared by checksum.
FILES = {"/1": 1, "/1KiB": KIB, "/64KiB": 64 * KIB, "/1MiB": MIB, "/64MiB": 64 * MIB}
CHECKSUMS = {}


def listening(host, port, udp=False):
    """Whether a socket holds that port on the host."""
    return bool(host.run("ss", "-Hna", "-lu" if udp else "-lt", "sport", "=", f":{port}").stdout)


def folder(name):
    path = f"{sandbox.WORK}/{name}"
    os.makedirs(path, exist_ok=True)
    os.chmod(path, 0o777)
    return path


def _files():
    www = folder("www")
    for path, size in FILES.items():
        if path not in CHECKSUMS:
            content = noise(size, seed=size)
            CHECKSUMS[path] = sha256(content)
            with open(www + path, "wb") as file:
                file.write(content)
    return www


def nginx(host, port=80):
    """FILES, PUT into /upload/, and /whoami, which answers the caller as "address port"."""
    work, www = folder(f"nginx-{host}" + (f"-{port}" if port != 80 else "")), _files()
    with open(f"{work}/nginx.conf", "w") as file:
        file.write(f"""
user root; worker_processes 1; pid {work}/pid; error_log stderr notice;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
  access_log {work}/access.log;
  client_max_body_size 0; client_body_temp_path {work}/body; client_body_buffer_size 128k;
  proxy_temp_path {work}/p; fastcgi_temp_path {work}/f; uwsgi_temp_path {work}/u; scgi_temp_path {work}/s;
  sendfile on; keepalive_requests 100000000; default_type application/octet-stream;
  server {{
    listen {port} backlog=2048; listen [::]:{port} backlog=2048;
    root {www};
    location /upload/ {{ root {work}; dav_methods PUT; create_full_put_path on; }}
    location = /whoami {{ default_type text/plain; return 200 "$remote_addr $remote_port"; }}
    location = /name {{ default_type text/plain; return 200 "{host}"; }}
    location = /empty {{ return 204; }}
  }}
}}
""")
    program = host.start("nginx", "-e", "stderr", "-c", f"{work}/nginx.conf", "-g", "daemon off;")
    program.uploads = f"{work}/upload"
    return program.until_ready(lambda: listening(host, port))


RECORDS = {"www.lab.test": (f"{NORTH4}.10", f"{NORTH6}:10"), "one.lab.test": ("192.0.2.201", "fd00::201")}
BIG_NAME, BIG_STRINGS = "big.lab.test", 12  # a TXT answer of some 2,400 bytes


def dnsmasq(host, port=53, records=(), options=()):
    """Answers for lab.test, with an answer that needs EDNS to fit into a datagram."""
    words = [f"--host-record={name},{v4},{v6}" for name, (v4, v6) in RECORDS.items()]
    words += [f"--host-record={record}" for record in records]
    words += ["--txt-record=" + BIG_NAME + "".join(f',"{n:03}' + "x" * 190 + '"' for n in range(BIG_STRINGS))]
    program = host.start(
        "dnsmasq", "-k", "-C", "/dev/null", "--no-resolv", "--no-hosts", "--conf-file=/dev/null",
        f"--port={port}", "--edns-packet-max=4096", "--log-queries=extra", "--log-facility=-",
        "--user=root", f"--pid-file={sandbox.WORK}/dnsmasq-{host}-{port}.pid", "--cache-size=0", *words,
        *options)
    return program.until_ready(lambda: listening(host, port, udp=True))


def iperf3(host, net, *ports):
    """A server on each port. Who asks several times takes another one each time: one that is asked again at
    once may still be busy with the time before, and take its last datagrams for the new client's."""
    for port in ports:
        program = host.start("iperf3", "-s", "-B", host.at(net), "-p", port, "--forceflush")
        program.until_ready(lambda: listening(host, port))


def sshd(host, port=22):
    """A server for root with a fresh key pair; `.options` are the ssh options that reach it."""
    work = folder(f"sshd-{host}")
    os.chmod(work, 0o700)
    for key in ("host", "client"):
        if not os.path.exists(f"{work}/{key}"):
            host.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{work}/{key}", check=True)
    program = host.start(
        "/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null", "-p", port, "-h", f"{work}/host",
        "-o", f"AuthorizedKeysFile={work}/client.pub", "-o", "StrictModes=no", "-o", "UsePAM=no",
        "-o", "PidFile=none", "-o", "PermitRootLogin=yes", "-o", "MaxStartups=100",
        # A bash that sshd starts would run root's ~/.bashrc, and whatever that waits for; a nested one
        # does not.
        "-o", "SetEnv=SHLVL=1")
    program.options = ["-F", "/dev/null", "-i", f"{work}/client", "-o", "BatchMode=yes", "-o",
                       "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o",
                       "ConnectTimeout=20", "-o", "LogLevel=ERROR"]
    return program.until_ready(lambda: listening(host, port))


def half_close_server(host, net, port, command):
    """socat: one connection after another, each fed to `command`."""
    kind = net.pick("TCP4-LISTEN", "TCP6-LISTEN")
    program = host.start("socat", "-t30", f"{kind}:{port},reuseaddr,fork", f"SYSTEM:{command}")
    return program.until_ready(lambda: listening(host, port))


def wait_for_bytes(path, size):
    return eventually(lambda: os.path.exists(path) and os.path.getsize(path) >= size and path,
                      f"{path} has {size} bytes")
