"""Who takes part: how each gateway is configured, started, and what it cannot do.

Peers appear as installed (the settings they come with, save those without which the tests would not
fit: descriptors, connections) and as tuned by their manuals. All of them receive by the same TPROXY
rules; where one needs something else, it says so in its note.
"""

import json
import os
import shutil
import sys

from lab import FOUR, GATEWAY_CORE, PORT, SIX, SOCKS_SERVER, UDP_PORTS

HERE = os.path.dirname(os.path.abspath(__file__))


class Participant:
    name = ""
    packages = ()
    program = None            # what no package of Debian's has: it takes part where it is installed
    interception = "tproxy"   # or same-port, redirect; None: no gateway
    udp = True
    six = True
    socks = False             # reaches the server's services by way of its SOCKS server
    cores = GATEWAY_CORE
    ready = {"tcp": {PORT}, "tcp6": {PORT}, "udp": {PORT}, "udp6": {PORT}}
    children = 0              # processes it forks and that work for it
    most_udp_flows = 1_000_000
    note = ""

    def command(self, folder):
        """Writes what it needs into `folder`; returns the words that start it in the foreground."""
        raise NotImplementedError

    def cannot(self, metric):
        """Why it takes no part in that metric, or None."""
        if self.program and not shutil.which(self.program):
            return f"{self.program} is not installed, and Debian has no package of it"
        if self.socks and metric.kind == "iperf3":
            return "the SOCKS server knows the generator's services alone"
        if metric.udp and not self.udp:
            return "no UDP"
        if metric.six and not self.six:
            return "no IPv6"
        if metric.udp and metric.flows > self.most_udp_flows:
            return f"descriptors or settings allow for {self.most_udp_flows:,} UDP flows at most"
        return None


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write(text)
    return path


class Forwarding(Participant):
    name = "forwarding"
    interception = None
    ready = {}
    note = ("the kernel forwards, nothing intercepts; it runs on the generator's core, so it has no "
            "gateway CPU of its own")

    def command(self, folder):
        return None


class HAProxy(Participant):
    name = "haproxy"
    packages = ("haproxy",)
    udp = False
    ready = {"tcp": {PORT}, "tcp6": {PORT}}
    # Two descriptors a connection within the limit of 20,000.
    limits = "    maxconn 9500\n"
    defaults = ""
    note = "server 0.0.0.0: the original destination"

    def command(self, folder):
        file = write(folder, "haproxy.cfg", f"""\
global
{self.limits}defaults
    mode tcp
    timeout connect 5s
    timeout client 50s
    timeout server 50s
{self.defaults}frontend intercepted
    bind 0.0.0.0:{PORT} transparent
    bind :::{PORT} v6only transparent
    default_backend original
backend original
    server original 0.0.0.0
""")
        return ["haproxy", "-db", "-f", file]


class HAProxyTuned(HAProxy):
    name = "haproxy-tuned"
    limits = HAProxy.limits + ("    nbthread 1\n    tune.bufsize 131072\n"
                               "    tune.pipesize 1048576\n    maxpipes 400\n")
    defaults = "    option splice-auto\n"
    note = "nbthread 1, tune.bufsize 131072, tune.pipesize 1048576, option splice-auto"


class Nginx(Participant):
    name = "nginx"
    packages = ("nginx-light", "libnginx-mod-stream")
    interception = "same-port"
    ready = {"tcp": {PORT}, "tcp6": {PORT}, "udp": set(UDP_PORTS), "udp6": set(UDP_PORTS)}
    children = 1
    most_udp_flows = 15000
    tuning = ""
    bind = {4: "", 6: ""}
    note = ("it cannot open transparent listeners and replies from the port it listens on: it inherits "
            "such listeners, on the very UDP ports; proxy_pass $server_addr:$server_port")

    def command(self, folder):
        servers = ""
        for family, listen, target in ((4, "0.0.0.0:{}", "$server_addr"),
                                       (6, "[::]:{}", "[$server_addr]")):
            options = " ipv6only=on" if family == 6 else ""
            servers += self._server(listen.format(PORT) + options, target, self.bind[family])
            for port in UDP_PORTS:
                end = " proxy_responses 1;" if port == 53 else ""
                servers += self._server(listen.format(port) + " udp" + options, target,
                                        self.bind[family] + end)
        file = write(folder, "nginx.conf", f"""\
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off;
user root;
pid {folder}/nginx.pid;
error_log stderr error;
worker_processes 1;
worker_rlimit_nofile 20000;
events {{ worker_connections 39000; }}
stream {{
{self.tuning}{servers}}}
""")
        listeners = [f"tcp:{PORT}"] + [f"udp:{port}" for port in UDP_PORTS]
        return [sys.executable, os.path.join(HERE, "transparent_listeners.py"), ",".join(listeners),
                "nginx", "-p", folder, "-e", "stderr", "-c", file]

    @staticmethod
    def _server(listen, target, more):
        return f"    server {{ listen {listen}; proxy_pass {target}:$server_port;{more} }}\n"


class NginxTuned(Nginx):
    name = "nginx-tuned"
    tuning = "    proxy_buffer_size 128k;\n"
    bind = {4: f" proxy_bind {FOUR['router']};", 6: f" proxy_bind {SIX['router']};"}
    note = "proxy_buffer_size 128k, proxy_bind"


class Redsocks(Participant):
    name = "redsocks"
    packages = ("redsocks",)
    interception = "redirect"
    ready = {"tcp": {PORT}}
    udp = False
    six = False
    socks = True
    note = "via SOCKS; nft redirect, which tracks connections"

    def command(self, folder):
        file = write(folder, "redsocks.conf", f"""\
base {{ log_debug = off; log_info = off; log = "stderr"; daemon = off; redirector = iptables;
       redsocks_conn_max = 3200; }}
redsocks {{ local_ip = 0.0.0.0; local_port = {PORT}; ip = {SOCKS_SERVER}; port = 1080;
           type = socks5; listenq = 4096; }}
""")
        return ["redsocks", "-c", file, "-p", os.path.join(folder, "redsocks.pid")]


class Ipt2socks(Participant):
    name = "ipt2socks"
    program = "ipt2socks"
    socks = True
    most_udp_flows = 256
    note = "via SOCKS; one thread, room for 256 UDP flows"

    def command(self, folder):
        return [self.program, "-s", SOCKS_SERVER, "-p", "1080", "-l", str(PORT), "-b", "0.0.0.0",
                "-B", "::", "-c", str(self.most_udp_flows)]


class Ipt2socksTuned(Ipt2socks):
    name = "ipt2socks-tuned"
    most_udp_flows = 9000     # two descriptors each
    note = "room for 9,000 UDP flows: more than a row of new ones opens, so that none has to be closed"


class Hev(Participant):
    name = "hev"
    program = "hev-socks5-tproxy"
    ready = {"tcp6": {PORT}, "udp6": {PORT}}  # sockets of both families
    socks = True
    most_udp_flows = 9000
    pipeline = "false"
    note = ("hev-socks5-tproxy, via SOCKS; one worker (as installed it sends its greeting with MSG_MORE, "
            "which the kernel holds back for 200 ms)")

    def command(self, folder):
        file = write(folder, "hev.yml", f"""\
main:
  workers: 1
socks5:
  port: 1080
  address: {SOCKS_SERVER}
  udp: 'udp'
  pipeline: {self.pipeline}
tcp:
  port: {PORT}
  address: '::'
udp:
  port: {PORT}
  address: '::'
misc:
  log-file: stderr
  log-level: warn
  limit-nofile: 20000
""")
        return [self.program, file]


class HevTuned(Hev):
    name = "hev-tuned"
    pipeline = "true"
    note = "pipeline: true"


class V2ray(Participant):
    name = "v2ray"
    packages = ("v2ray",)
    most_udp_flows = 9000
    ready = {"tcp6": {PORT}, "udp6": {PORT}}  # sockets of both families
    note = ("dokodemo-door, followRedirect, tproxy; freedom; uplinkOnly and downlinkOnly 0 (as installed, "
            "a connection whose server has closed stays open for two seconds)")

    def command(self, folder):
        file = write(folder, "v2ray.json", json.dumps({
            "log": {"loglevel": "error", "access": "none"},
            "inbounds": [{
                "listen": "0.0.0.0", "port": PORT, "protocol": "dokodemo-door",
                "settings": {"network": "tcp,udp", "followRedirect": True},
                "streamSettings": {"sockopt": {"tproxy": "tproxy"}}}],
            "policy": {"levels": {"0": {"uplinkOnly": 0, "downlinkOnly": 0}}},
            "outbounds": [{"protocol": "freedom"}]}))
        return ["v2ray", "-config", file]


class Weir(Participant):
    name = "weir"
    workers = 1
    busy_poll = 0             # microseconds
    flows = "none"
    target = ""
    upstream = ""
    use = "direct"
    more = ""                 # further keys of the rule
    note = "one worker, records off"

    def __init__(self, binary):
        self.binary = binary

    def command(self, folder):
        file = write(folder, "weir.ini", f"""\
[gateway]
port = {PORT}
workers = {self.workers}
busy-poll = {self.busy_poll}
[admin]
socket = {folder}/control.sock
[limits]
max-flows = 200000
max-flows-per-client = 200000
[log]
flows = {self.flows}
{self.target}{self.upstream}[rule bench]
on = tcp/*, udp/*
use = {self.use}
{self.more}""")
        return [self.binary, "run", "-c", file]


class WeirBefore(Weir):
    name = "weir-before"
    note = "the build given by --against, set as weir is"


class WeirTuned(Weir):
    name = "weir-tuned"
    busy_poll = 50
    note = "one worker, records off, busy-poll = 50"


class WeirTwoWorkers(Weir):
    name = "weir-2"
    workers = 2
    # Two cores beside the generator's, where the machine has them.
    cores = "1,2" if (os.cpu_count() or 1) > 2 else "0,1"
    note = ("two workers; on a machine of two cores one of them shares the generator's, so that this "
            "shows only that they do no harm")


class WeirRecords(Weir):
    name = "weir-records"
    flows = "all"
    target = "target = file:/dev/null\n"
    note = "one worker, a record of every flow to /dev/null"


class WeirLimits(Weir):
    name = "weir-limits"
    more = ("max-flows = 150000\nmax-flows-per-client = 150000\n")
    note = "one worker, records off, the rule's limits to be kept"


class WeirSocks(Weir):
    name = "weir-socks"
    socks = True
    upstream = f"[upstream socks]\ntype = socks5\nserver = {SOCKS_SERVER}:1080\n"
    use = "socks"
    note = "one worker, records off, via SOCKS"


class WeirSocksTuned(WeirSocks):
    name = "weir-socks-tuned"
    upstream = WeirSocks.upstream + "pipeline = yes\n"
    note = "the same, pipeline = yes"


PEERS = (Forwarding, HAProxy, HAProxyTuned, Nginx, NginxTuned, Redsocks, Ipt2socks, Ipt2socksTuned, Hev,
         HevTuned, V2ray)
WEIRS = (Weir, WeirTuned, WeirTwoWorkers, WeirRecords, WeirLimits, WeirSocks, WeirSocksTuned)
DEFAULT = [kind.name for kind in PEERS if kind.program is None] + [
    "weir", "weir-tuned", "weir-2", "weir-socks"]
NAMES = [kind.name for kind in PEERS + WEIRS]


def choose(names, weir, before=None):
    """The participants of those names, in the order of the table; `before` is another build of weir."""
    chosen = [kind() for kind in PEERS if kind.name in names]
    chosen += [WeirBefore(before)] if before else []
    return chosen + [kind(weir) for kind in WEIRS if kind.name in names]
