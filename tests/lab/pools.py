"""What the cases about pools share: servers that say their names, clients that never stop asking, and
ways for a server to go away that leave what it is doing alone."""

import contextlib
import threading

from harness import endpoint, eventually

PORT = 7600


def config(servers, on=f"any/{PORT}", name="pool", **keys):
    """A rule to a pool, and the pool."""
    return f"[rule {name}]\non = {on}\nuse = {name}\n" + pool(name, servers, **keys)


def pool(name, servers, **keys):
    return (f"[upstream {name}]\ntype = forward\n" + "".join(f"server = {server}\n" for server in servers)
            + "".join(f"{key.replace('_', '-')} = {value}\n" for key, value in keys.items()))


def at(host, net, words="", port=PORT):
    """That host as a pool's server."""
    return f"{host.name}={endpoint(host.at(net), port)} {words}"


def serve_names(lab, net, port=PORT):
    """Each server host answers with its own name over TCP and UDP."""
    for host in lab.servers:
        name = host.name.encode()
        lab.serve(host.listen(net, port), lambda connection, name=name: connection.sendall(name))
        lab.respond(host.udp(net, port), lambda data, peer, name=name: name)


def ask(lab, net, client=None, source=None):
    with (client or lab.alice).connect(net, lab.places.swallowed.at(net), PORT, source=source) as made:
        return made.recv(100).decode()


def ask_udp(lab, net, timeout=1.0):
    """The answer, or why there is none."""
    with lab.alice.udp(net, timeout=timeout) as client:
        client.connect((lab.places.swallowed.at(net), PORT))
        client.send(b"who are you?")
        try:
            return client.recv(100).decode()
        except OSError as error:
            return type(error).__name__


class Load:
    """Clients that ask again and again until the `with` block ends; every failure is kept."""

    def __init__(self, lab, net, clients=6):
        self.lab, self.net = lab, net
        self.answers, self.failures = [], []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(clients)]

    def _ask(self):
        while not self._over.is_set():
            try:
                answer = ask(self.lab, self.net)
                (self.answers if answer else self.failures).append(answer)
            except OSError as error:
                self.failures.append(repr(error))

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        self.wait_for(20)
        return self

    def wait_for(self, count):
        """Until so many more answers came."""
        wanted = len(self.answers) + count
        eventually(lambda: len(self.answers) >= wanted or self.failures, f"{count} more answers")

    def wait_for_all(self, names, among=30):
        """Until the latest answers come from exactly these."""
        self.wait_for(among)
        eventually(lambda: set(self.answers[-among:]) == set(names) or self.failures,
                   f"answers come from {names}")

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join(30)


@contextlib.contextmanager
def gone(host, how, port=PORT):
    """New connections and datagrams to that port are refused ("reject with tcp reset") or swallowed
    ("drop"); what is open goes on."""
    udp = "reject" if how != "drop" else "drop"
    host.run("nft", "-f", "-", check=True, input=f"""
table inet gone {{
  chain input {{
    type filter hook input priority 0;
    tcp dport {port} tcp flags & (syn | ack) == syn {how}
    udp dport {port} {udp}
  }}
}}""".encode())
    try:
        yield
    finally:
        host.run("nft", "delete", "table", "inet", "gone", check=True)


REFUSING, SILENT = "reject with tcp reset", "drop"


def upstream(weir, name="pool"):
    return next(u for u in weir.control.json("/v1/upstreams")["upstreams"] if u["name"] == name)


def server(weir, name, of="pool"):
    return next(s for s in upstream(weir, of)["servers"] if s["name"] == name)


def wait_for_state(weir, name, state, of="pool"):
    return eventually(lambda: (s := server(weir, name, of))["state"] == state and s,
                      f"server {name} is {state}")
