"""The real proxies of the lab, and the real servers that read the PROXY protocol. Each is ready to
serve when its function returns."""

import os

from .net import endpoint
from .servers import folder, listening

USER, PASSWORD = "router", "op3n-Sesame"
DANTED, MICROSOCKS, SSH, SQUID, TINYPROXY = 1080, 1081, 1083, 3128, 8888


def serving(host, net, port):
    """Whether a server listens there in that family, which may have one of its own."""
    return endpoint(host.at(net), port) in host.run("ss", "-Hnlt").stdout.decode()


def written(path, text, mode=0o644):
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def password_file(text=PASSWORD + "\n", mode=0o600):
    return written(f"{folder('secrets')}/password", text, mode)


def auth(**keys):
    """What an upstream says to a server that wants a password."""
    return {"username": USER, "password-file": password_file(), **keys}


def danted(host, net):
    """SOCKS5 with UDP ASSOCIATE."""
    work, address = folder(f"danted-{host}-{net}"), host.at(net)
    config = written(f"{work}/danted.conf", f"""
logoutput: stderr
internal: {address} port = {DANTED}
external: {address}
socksmethod: none
clientmethod: none
user.privileged: root
user.unprivileged: nobody
client pass {{ from: 0/0 to: 0/0 }}
socks pass {{ from: 0/0 to: 0/0 protocol: tcp udp }}
""")
    program = host.start("danted", "-f", config, "-p", f"{work}/pid")
    return program.until_ready(lambda: serving(host, net, DANTED))


def resolving(resolver, *command):
    """The command, with names looked up at that address instead of where this machine does."""
    config = written(f"{folder('resolvers')}/{resolver}", f"nameserver {resolver}\noptions timeout:2 attempts:1\n")
    return ("unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', config, *command)


def microsocks(host, net, port=MICROSOCKS, access="password", resolver=None):
    """SOCKS5 without UDP; `access` is "password" or "open". It says on stderr where clients want to go."""
    command = ("microsocks", "-i", host.at(net), "-p", port,
               *(("-u", USER, "-P", PASSWORD) if access == "password" else ()))
    program = host.start(*(resolving(resolver, *command) if resolver else command), name="microsocks")
    return program.until_ready(lambda: serving(host, net, port))


def ssh_socks(host, sshd_options, net):
    """ssh -D on the host, towards the sshd on that same host."""
    program = host.start("ssh", "-N", *sshd_options, "-D", endpoint(host.at(net), SSH), f"root@{host.at(net)}")
    return program.until_ready(lambda: serving(host, net, SSH))


def squid(host, net, port=SQUID, resolver=None):
    """`.access_log` is its list of requests."""
    work = folder(f"squid-{host}-{net}-{port}")
    config = written(f"{work}/squid.conf", f"""
http_port {endpoint(host.at(net), port)}
acl any src all
http_access allow all
pid_filename none
cache deny all
cache_log {work}/cache.log
access_log stdio:{work}/access.log
coredump_dir {work}
shutdown_lifetime 0 seconds
pinger_enable off
{f"dns_nameservers {resolver}" if resolver else ""}
""")
    for name in ("access.log", "cache.log"):  # squid becomes the user proxy
        written(f"{work}/{name}", "", 0o666)
    program = host.start("squid", "-N", "-n", f"{host}{net}{port}", "-f", config)
    program.access_log = f"{work}/access.log"
    return program.until_ready(lambda: serving(host, net, port))


def tinyproxy(host, net):
    """CONNECT with Basic authentication."""
    work = folder(f"tinyproxy-{host}-{net}")
    config = written(f"{work}/tinyproxy.conf",
                     f"Port {TINYPROXY}\nListen {host.at(net)}\nUser root\nGroup root\n"
                     f"BasicAuth {USER} {PASSWORD}\nLogLevel Info\n")
    program = host.start("tinyproxy", "-d", "-c", config)
    return program.until_ready(lambda: serving(host, net, TINYPROXY))


# Servers that read the PROXY protocol: who do they think is calling?

def nginx_proxied(host, port=8081):
    """/ answers "CLIENT PORT DESTINATION PORT" of the PROXY header."""
    work = folder(f"nginx-proxied-{host}")
    config = written(f"{work}/nginx.conf", f"""
user root; worker_processes 1; pid {work}/pid; error_log stderr notice;
events {{ }}
http {{
  access_log off;
  client_body_temp_path {work}/b; proxy_temp_path {work}/p; fastcgi_temp_path {work}/f;
  uwsgi_temp_path {work}/u; scgi_temp_path {work}/s;
  server {{
    listen {port} proxy_protocol; listen [::]:{port} proxy_protocol;
    location / {{ default_type text/plain;
      return 200 "$proxy_protocol_addr $proxy_protocol_port $proxy_protocol_server_addr $proxy_protocol_server_port"; }}
  }}
}}
""")
    program = host.start("nginx", "-e", "stderr", "-c", config, "-g", "daemon off;")
    return program.until_ready(lambda: listening(host, port))


def haproxy(host, port=8082):
    """/ answers "CLIENT DESTINATION UNIQUE-ID AUTHORITY" of the PROXY header."""
    work = folder(f"haproxy-{host}")
    config = written(f"{work}/haproxy.cfg", f"""
defaults
  mode http
  timeout client 20s
  timeout server 20s
  timeout connect 20s
frontend in
  bind :::{port} v4v6 accept-proxy
  http-request return status 200 content-type text/plain lf-string "%[src] %[dst] %[fc_pp_unique_id] %[fc_pp_authority]"
""")
    program = host.start("haproxy", "-db", "-f", config)
    return program.until_ready(lambda: listening(host, port))


def mariadb(host, routers, port=3306):
    """Reads the header from `routers`; `query(...)` asks it through weir."""
    work = folder(f"mariadb-{host}")
    host.run("mariadb-install-db", "--no-defaults", "--user=mysql", f"--datadir={work}/m",
             f"--tmpdir={work}", "--auth-root-authentication-method=normal", "--skip-test-db", check=True)
    program = host.start(
        "mariadbd", "--no-defaults", "--user=mysql", f"--datadir={work}/m", f"--socket={work}/m/s", f"--tmpdir={work}",
        "--bind-address=*", f"--port={port}", "--skip-name-resolve", f"--pid-file={work}/m/p",
        "--innodb-buffer-pool-size=16M", f"--proxy-protocol-networks={','.join(routers)},localhost")
    program.until_ready(lambda: os.path.exists(f"{work}/m/s") and listening(host, port))
    host.run("mariadb", "--no-defaults", f"--socket={work}/m/s", "-u", "root", "-e",
             "create user 'any'@'%' identified by 'x'", check=True)
    return program


def postfix(host, port=2525, expects="haproxy"):
    """smtpd; `expects`: its smtpd_upstream_proxy_protocol."""
    work = folder(f"postfix-{host}-{port}")
    os.chmod(work, 0o755)  # postfix refuses folders that others may write
    for name in ("queue", "data"):
        os.makedirs(f"{work}/{name}", exist_ok=True)
    host.run("chown", "postfix", f"{work}/data", check=True)
    log = f"{work}/mail.log"
    written(f"{work}/main.cf", f"""
compatibility_level = 3.6
queue_directory = {work}/queue
data_directory = {work}/data
maillog_file = {log}
maillog_file_prefixes = {work}
inet_interfaces = all
inet_protocols = all
myhostname = mail.lab.test
mydestination = s.test
local_recipient_maps =
alias_maps =
""")
    written(f"{work}/master.cf", f"""
{port} inet n - n - - smtpd -o smtpd_upstream_proxy_protocol={expects} -o smtpd_peername_lookup=no
cleanup unix n - n - 0 cleanup
rewrite unix - - n - - trivial-rewrite
qmgr unix n - n 300 1 qmgr
defer unix - - n - 0 bounce
bounce unix - - n - 0 bounce
error unix - - n - - error
local unix - n n - - local
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
""")
    program = host.start("postfix", "-c", work, "start-fg")
    program.maillog = log
    return program.until_ready(lambda: listening(host, port))


def dnsdist(host, backend, port=5300):
    """Expects PROXY v2 on every datagram; sends questions on to `backend` and logs who asked."""
    work = folder(f"dnsdist-{host}")
    config = written(f"{work}/dnsdist.conf", f"""
setLocal("0.0.0.0:{port}")
addLocal("[::]:{port}")
setACL({{"0.0.0.0/0", "::/0"}})
setProxyProtocolACL({{"0.0.0.0/0", "::/0"}})
newServer({{address="{backend}", healthCheckMode="up"}})
addAction(AllRule(), LogAction("{work}/queries", false, true, false, true, true))
setSecurityPollSuffix("")
""")
    program = host.start("dnsdist", "--supervised", "-C", config)
    program.queries = f"{work}/queries"
    return program.until_ready(lambda: listening(host, port, udp=True))
