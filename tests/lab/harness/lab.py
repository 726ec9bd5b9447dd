"""The lab that a case is handed: the topology, the servers on it, and weir (or not) in the router."""

from . import sandbox, servers
from .program import Program
from .task import Echo, Responder, Task
from .topology import Topology
from .weir import Plain, Weir


class Lab(Topology):
    def __init__(self, weir_path):
        super().__init__()
        self.weir_path = weir_path
        self.work = sandbox.WORK
        self.through_weir = False
        self.evidence = []  # what a failed case has to show, besides its programs
        self._kept = {}  # servers that all cases of a file share
        self._closing = []

    def weir(self, text, **options):
        """weir in the router with that configuration; `Plain` while the case runs without."""
        return Weir(self, text, **options) if self.through_weir else Plain()

    # Servers that stay for the whole file; the first case that asks starts them

    def nginx(self, host):
        return self._keep(("nginx", host), lambda: servers.nginx(host))

    def dnsmasq(self, host):
        return self._keep(("dnsmasq", host), lambda: servers.dnsmasq(host))

    def shared(self, start, *arguments):
        """`start(*arguments)`, once for all cases: `lab.shared(servers.danted, lab.east, net)`."""
        return self._keep((start.__name__, *map(str, arguments)), lambda: start(*arguments))

    def _keep(self, key, start):
        if key not in self._kept:
            self._kept[key] = start()
        assert self._kept[key].running, self._kept[key].report()
        return self._kept[key]

    # Things of one case

    def task(self, function, *arguments):
        """Runs beside the case; see Task."""
        return Task(function, *arguments)

    def serve(self, listener, function):
        """Answers every connection to that listener with `function(connection)`, until the case ends."""
        server = Echo(listener, function)
        self._closing.append(server)
        return server

    def respond(self, receiver, function):
        """Answers every datagram with `function(data, peer)`, until the case ends."""
        server = Responder(receiver, function)
        self._closing.append(server)
        return server

    def closing(self, thing):
        """Closes it with the case."""
        self._closing.append(thing)
        return thing

    def begin_case(self, through_weir):
        self.through_weir = through_weir
        self.evidence.clear()
        Program.started.clear()
        Task.started.clear()

    def report(self):
        kept = [p for p in self._kept.values() if p not in Program.started]
        return "".join(self.evidence) + "".join(p.report() for p in Program.started + kept)

    def end_case(self):
        """Ends what the case left; raises what one of its tasks died of."""
        for thing in self._closing:
            thing.close()
        self._closing.clear()
        for program in Program.started:
            if program not in self._kept.values():
                program.stop()
        for task in Task.started:
            task.raise_if_unasked()
