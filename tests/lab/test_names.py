#!/usr/bin/env python3
"""Rules that ask for the host: which name a client's first bytes say decides where its connection goes, and
nothing of them is lost."""

import time

from harness import KIB, case, endpoint, eventually, main, noise
from harness.host import read_all
from harness.proxies import postfix, written
from harness.servers import folder, listening, sshd

OWN = "plain routing has no rules"

CONFIG = """
[rule refused]
on = tcp/443, tcp/80
host = .ads.example
use = reject

[rule shop]
on = tcp/443, tcp/80
host = .shop.example
use = direct

[rule rest]
on = tcp/443, tcp/80
use = transparent
"""


def tls_nginx(host):
    """Over TLS on port 443: /name answers who asked, and for which server name."""
    work = folder(f"nginx-tls-{host}")
    host.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-days", "2", "-subj", "/CN=lab", "-keyout", f"{work}/key", "-out", f"{work}/cert", check=True)
    config = written(f"{work}/nginx.conf", f"""
user root; worker_processes 1; pid {work}/pid; error_log stderr notice;
events {{ }}
http {{
  access_log off; client_max_body_size 0;
  client_body_temp_path {work}/b; proxy_temp_path {work}/p; fastcgi_temp_path {work}/f;
  uwsgi_temp_path {work}/u; scgi_temp_path {work}/s;
  server {{
    listen 443 ssl; listen [::]:443 ssl; ssl_certificate {work}/cert; ssl_certificate_key {work}/key;
    ssl_protocols TLSv1.2 TLSv1.3;
    location /name {{ default_type text/plain; return 200 "$remote_addr $ssl_server_name"; }}
  }}
}}
""")
    program = host.start("nginx", "-e", "stderr", "-c", config, "-g", "daemon off;")
    return program.until_ready(lambda: listening(host, 443))


def https(lab, net, name, *more):
    """What the server of that name answers: who asked, and for which name."""
    done = lab.alice.curl("--insecure", "--connect-to", f"{name}:443:{endpoint(lab.north.at(net), 443)}",
                          f"https://{name}/name", *more)
    return done.returncode, done.stdout.decode()


@case("the name of a TLS hello decides, of version 1.2 as of 1.3, and the record has it")
def tls(lab, net):
    lab.shared(tls_nginx, lab.north)
    with lab.weir(CONFIG) as weir:
        for version in ("1.2", "1.3"):
            for name, rule, source in (("www.shop.example", "shop", "gateway"), ("other.example", "rest", "client")):
                code, answer = https(lab, net, name, "--tlsv" + version, "--tls-max", version)
                assert code == 0 and answer == f"{weir.source(net, lab.alice, lab.north, source)} {name}", answer
                weir.expect_record(rule=rule, host=name, host_from="sni")


@case("a name that a rule refuses is refused, and an address has none", only_weir=OWN)
def refused(lab, net):
    lab.shared(tls_nginx, lab.north)
    with lab.weir(CONFIG) as weir:
        code, _ = https(lab, net, "www.ads.example")
        assert code in (35, 56), code  # the connection was reset
        weir.expect_record(rule="refused", host="www.ads.example", end="rejected")
        done = lab.alice.curl("--insecure", net.url(lab.north, "/name", 443).replace("http:", "https:"))
        assert done.returncode == 0, done.stderr
        weir.expect_record(rule="rest", host="", end="closed")


@case("the Host of a request decides, and an upload behind it arrives whole")
def http(lab, net):
    server = lab.nginx(lab.north)
    body = noise(300 * KIB)
    path = f"{lab.work}/body"
    with open(path, "wb") as file:
        file.write(body)
    with lab.weir(CONFIG) as weir:
        done = lab.alice.curl("-T", path, "-H", "Host: Shop.Example", net.url(lab.north, f"/upload/names-{net}"))
        assert done.returncode == 0, done.stderr
        with open(f"{server.uploads}/names-{net}", "rb") as file:
            assert file.read() == body
        weir.expect_record(rule="shop", host="shop.example", host_from="http")


@case("Postfix's clients are silent: the first waits for timeouts.sniff, later ones hardly, sshd's not at all",
      only_weir=OWN)
def server_first(lab, net):
    lab.shared(postfix, lab.north, 25, "")
    ssh = lab.shared(sshd, lab.north)
    config = """
        [rule office]
        on = tcp/22, tcp/25
        host = office.example
        use = direct
        [rule rest]
        on = tcp/22, tcp/25
        use = transparent
        [timeouts]
        sniff = 800ms
        """

    def greeted():
        began = time.monotonic()
        with lab.alice.connect(net, lab.north.at(net), 25, timeout=10) as connection:
            assert connection.recv(100).startswith(b"220 ")
            took = time.monotonic() - began
            connection.sendall(b"QUIT\r\n")
            assert read_all(connection).startswith(b"221 ")
        return took

    with lab.weir(config) as weir:
        first = greeted()
        assert 0.8 <= first < 5, first
        weir.expect_event("server-first")
        eventually(lambda: greeted() < 0.5, "weir has learnt that this server speaks first")
        weir.expect_record(rule="rest", host="", destination=endpoint(lab.north.at(net), 25), end="closed")
        # ssh says its version at once, which is no name.
        said = lab.alice.run("ssh", *ssh.options, f"root@{lab.north.at(net)}", "echo", "hello")
        assert said.stdout == b"hello\n", said.stderr
        weir.expect_record(rule="rest", host="", destination=endpoint(lab.north.at(net), 22), end="closed")


if __name__ == "__main__":
    main()
