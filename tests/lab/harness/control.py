"""weir's control socket: HTTP over a Unix socket, as any monitoring would speak it."""

import http.client
import json
import re
import socket
import urllib.parse


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=20)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Control:
    def __init__(self, path):
        self.path = path

    def request(self, method, path, body=None):
        """(status, text)"""
        connection = _UnixConnection(self.path)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def get(self, path):
        status, text = self.request("GET", path)
        assert status == 200, f"GET {path} answers {status}: {text}"
        return status, text

    def post(self, path):
        """(status, the JSON answered)"""
        status, text = self.request("POST", path)
        return status, json.loads(text)

    def json(self, path, query=None):
        if query:
            path += "?" + urllib.parse.urlencode(query)
        return json.loads(self.get(path)[1])

    def answers(self):
        try:
            return self.request("GET", "/v1/status")[0] == 200
        except (OSError, http.client.HTTPException):
            return False


_SERIES = re.compile(r'^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)')
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def parse_metrics(text):
    """(name, labels, value) of every sample in the Prometheus text format."""
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, labels, value = _SERIES.match(line).groups()
            yield name, dict(_LABEL.findall(labels or "")), float(value)
