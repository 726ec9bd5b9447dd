#!/usr/bin/env python3
"""Programs for test_names_sets.py that know nothing of the lab.

    serve ADDRESS…   answers DNS questions on port 53 there, and tells connections to port 9000 who they are
    load JSON        looks names up and connects to each address right after its answer

A name is iNUMBER.KIND.test, and its address is the number's, whatever the kind: i7.ads.test and
i7.pass.test share one.
"""

import ipaddress
import json
import selectors
import socket
import struct
import sys
import threading
import time

PORT = 9000
FIRST = {4: ipaddress.ip_address("198.18.0.0"), 6: ipaddress.ip_address("fd00:198:18::")}
TYPES = {4: 1, 6: 28}


def address_of(family, number):
    return FIRST[family] + 256 + number


def labels(name):
    return b"".join(bytes([len(part)]) + part for part in name.encode().split(b".")) + b"\0"


def question(number, name, family):
    return struct.pack("!HHHHHH", number, 0x0100, 1, 0, 0, 0) + labels(name) + struct.pack("!HH", TYPES[family], 1)


def answer(data):
    length = data[12]
    number = int(data[14:13 + length])
    kind, = struct.unpack("!H", data[-4:-2])
    packed = address_of(4 if kind == 1 else 6, number).packed
    return (data[:2] + struct.pack("!HHHHH", 0x8180, 1, 1, 0, 0) + data[12:]
            + struct.pack("!HHHIH", 0xc00c, kind, 1, 60, len(packed)) + packed)


def serve(*addresses):
    waiting = selectors.DefaultSelector()
    listener = socket.create_server(("::", PORT), family=socket.AF_INET6, backlog=4096, dualstack_ipv6=True)

    def on_question(resolver):
        data, peer = resolver.recvfrom(2048)
        resolver.sendto(answer(data), peer)

    def on_connection():
        connection, peer = listener.accept()
        waiting.register(connection, selectors.EVENT_READ, (on_request, connection, peer))

    def on_request(connection, peer):
        waiting.unregister(connection)
        try:
            connection.recv(2048)
            connection.sendall(peer[0].removeprefix("::ffff:").encode())
        except OSError:
            pass
        connection.close()

    for address in addresses:
        resolver = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        resolver.bind((address, 53))
        waiting.register(resolver, selectors.EVENT_READ, (on_question, resolver))
    waiting.register(listener, selectors.EVENT_READ, (on_connection,))
    print("ready", flush=True)
    while True:
        for key, _ in waiting.select():
            function, *arguments = key.data
            function(*arguments)


def seen_by(family, number, name):
    """As whom the server sees a connection to that address; "refused" where there is none."""
    with socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, socket.SOCK_STREAM) as client:
        client.settimeout(10)
        # A client is done with a port at once: there are more connections than ports.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        try:
            client.connect((str(address_of(family, number)), PORT))
            client.sendall(f"GET / HTTP/1.0\r\nHost: {name}\r\n\r\n".encode())
            return client.recv(100).decode()
        except ConnectionError:
            return "refused"


def load(family, resolver, count, rate, threads, names, expect, first=0, connects=True):
    """`names`: the kinds that are looked up one after the other; of several the last one's flow is made."""
    delays, wrong, lock = [], [], threading.Lock()
    begin = time.monotonic()

    def one_after_the_other(mine):
        asking = socket.socket(socket.AF_INET6 if ":" in resolver else socket.AF_INET, socket.SOCK_DGRAM)
        asking.settimeout(10)
        asking.connect((resolver, 53))
        own, bad = [], []
        for number in range(mine, count, threads):
            wait = begin + number / rate - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            for kind in names[number % len(names)]:
                name = f"i{first + number}.{kind}.test"
                asked = time.perf_counter()
                asking.send(question(number & 0xffff, name, family))
                asking.recv(2048)
                own.append(time.perf_counter() - asked)
            if connects:
                seen = seen_by(family, first + number, name)
                if seen != expect[kind]:
                    bad.append([name, seen])
        with lock:
            delays.extend(own)
            wrong.extend(bad)

    workers = [threading.Thread(target=one_after_the_other, args=(mine,)) for mine in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    delays.sort()
    took = time.monotonic() - begin
    print(json.dumps({"answers": len(delays), "a_second": len(delays) / took, "wrong": wrong[:20],
                      "wrong_in_all": len(wrong), "p50_ms": 1000 * delays[len(delays) // 2],
                      "p99_ms": 1000 * delays[len(delays) * 99 // 100], "most_ms": 1000 * delays[-1]}))


if __name__ == "__main__":
    serve(*sys.argv[2:]) if sys.argv[1] == "serve" else load(**json.loads(sys.argv[2]))
