"""A window out of the lab's box: the page that weir serves in there, for a browser on this machine.

The box has a network of its own, which no browser outside can reach. But a socket stays in the network it
was made in: the one opened here, before the box is entered, is inherited by what runs inside, which hands
every connection on to the router's admin.http.
"""

import os
import socket
import threading

_PLACE = "WEIR_DEMO_WINDOW"


def cut():
    """Opens the socket; to be called outside."""
    if _PLACE not in os.environ:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.set_inheritable(True)
        os.environ[_PLACE] = str(listener.detach())


def open_towards(connect):
    """Serves it, inside: `connect()` is a connection to the page. The address for the browser."""
    listener = socket.socket(fileno=int(os.environ[_PLACE]))

    def serve():
        while True:
            outside, _ = listener.accept()
            try:
                inside = connect()
            except OSError:
                outside.close()
                continue
            for one, other in ((outside, inside), (inside, outside)):
                threading.Thread(target=_pass_on, args=(one, other), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return "http://{}:{}/".format(*listener.getsockname())


def _pass_on(one, other):
    try:
        while piece := one.recv(65536):
            other.sendall(piece)
        other.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (one, other):
            end.close()
