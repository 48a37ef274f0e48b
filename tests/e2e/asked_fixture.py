# SPDX-License-Identifier: MIT
"""Requests to ttlog-ship, as a user of the fleet sends them."""
import json
import os

from harness import wait_until
from ship_fixture import NatsClient, start_server, start_ship, url_of

NO_RESPONDERS = b"NATS/1.0 503"


class Asker(NatsClient):
    """A user: asks on ttlog.ctl.HOST.USER, and gets answers below his own inbox."""

    def __init__(self, port, user="alice", tls=None, **options):
        super().__init__(port, tls, f"_INBOX.{user}.t", **options)
        self.user = user

    def hello(self):
        """The HOST of the one that answers first, or None."""
        host = self._joined(f"ttlog.ctl.all.{self.user}")
        return host and host.decode()

    def _joined(self, subject, payload=b""):
        """A short answer has one part."""
        headers, answer = self.request(subject, payload)
        if NO_RESPONDERS in headers:
            return None
        parts, _, answer = answer.partition(b"\n")
        assert parts == b"1/1", parts
        return answer

    def ask_bytes(self, host, payload):
        """The answer to any bytes; None: that host does not listen. Asked again if it was too often."""
        while True:
            answer = self.ask_once(host, payload)
            if not answer or "too often" not in answer.get("why", ""):
                return answer

    def ask_once(self, host, payload):
        answer = self._joined(f"ttlog.ctl.{host}.{self.user}", payload)
        return answer and json.loads(answer)

    def flood(self, host, payload, count):
        """The answers to so many requests at once."""
        for number in range(count):
            head = f"PUB ttlog.ctl.{host}.{self.user} {self.inbox}.f{number} {len(payload)}\r\n"
            self._write(head.encode() + payload + b"\r\n")
        return [json.loads(self._read()[2].partition(b"\n")[2]) for _ in range(count)]

    def ask(self, host, command, **more):
        return self.ask_bytes(host, json.dumps({"version": 1, "command": command, **more}).encode())


def start_asked(t, *args, server=None, **options):
    """(server, ttlog-ship, HOST), once it can be asked."""
    os.makedirs(t.out, exist_ok=True)
    server = server or start_server(t)
    ship = start_ship(t, "--to", url_of(server.port), *args, **options)

    def hello():
        with Asker(server.port) as asker:
            return asker.hello()

    return server, ship, wait_until(hello, "ttlog-ship that can be asked")
