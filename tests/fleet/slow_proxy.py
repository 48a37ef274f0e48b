#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""A long way for TCP: slow_proxy.py LISTEN:PORT=TO:PORT...

Says "listens". Each number on stdin is so many seconds that bytes take from then on, each way. Ends with its stdin.
"""
import collections
import os
import selectors
import socket
import sys
import time

MOST_BYTES = 1 << 20
READ_BYTES = 1 << 16


class Way:
    """The bytes of a connection, one way."""

    def __init__(self, source, to):
        self.source, self.to = source, to
        self.bytes, self.waiting = 0, collections.deque()
        self.ended = False


class Proxy:
    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.delay = 0
        self.ways = []

    def listen(self, text):
        here, there = [(host, int(port)) for host, port in (part.rsplit(":", 1) for part in text.split("="))]
        listener = socket.create_server(here)
        listener.setblocking(False)
        self.selector.register(listener, selectors.EVENT_READ, lambda: self.accept(listener, there))

    def accept(self, listener, there):
        client, _ = listener.accept()
        try:
            server = socket.create_connection(there, timeout=2)
        except OSError:
            client.close()
            return
        for one in (client, server):
            one.setblocking(False)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.ways += [Way(client, server), Way(server, client)]

    def read(self, way):
        try:
            data = way.source.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        way.ended = not data
        way.bytes += len(data)
        way.waiting.append((time.monotonic() + self.delay, data))

    def write(self, way):
        """What is due; the end of the bytes ends the connection."""
        while way.waiting and way.waiting[0][0] <= time.monotonic():
            due, data = way.waiting.popleft()
            if not data:
                return False
            try:
                count = way.to.send(data)
            except BlockingIOError:
                count = 0
            except OSError:
                return False
            way.bytes -= count
            if count < len(data):
                way.waiting.appendleft((due, data[count:]))
                return True
        return True

    def close(self, way):
        for one in (way.source, way.to):
            if one in self.selector.get_map():
                self.selector.unregister(one)
            one.close()
        self.ways = [other for other in self.ways if other.source not in (way.source, way.to)]

    def watch(self):
        """Sets what each socket waits for; when the next bytes are due."""
        wanted, due, now = collections.Counter(), None, time.monotonic()
        for way in self.ways:
            wanted[way.source] |= 0 if way.ended or way.bytes >= MOST_BYTES else selectors.EVENT_READ
            wanted[way.to] |= selectors.EVENT_WRITE if way.waiting and way.waiting[0][0] <= now else 0
            if way.waiting and way.waiting[0][0] > now:
                due = min(due or way.waiting[0][0], way.waiting[0][0])
        for one, events in wanted.items():
            there = one in self.selector.get_map()
            if there and events:
                self.selector.modify(one, events)
            elif there:
                self.selector.unregister(one)
            elif events:
                self.selector.register(one, events)
        return None if due is None else max(due - now, 0)

    def command(self):
        data = os.read(0, 4096)
        if not data:
            sys.exit(0)
        self.delay = float(data.split()[-1])

    def run(self):
        self.selector.register(0, selectors.EVENT_READ, self.command)
        while True:
            for key, events in self.selector.select(self.watch()):
                if key.data:
                    key.data()
                elif events & selectors.EVENT_READ:
                    for way in [way for way in self.ways if way.source is key.fileobj]:
                        self.read(way)
            for way in list(self.ways):
                if way in self.ways and not self.write(way):
                    self.close(way)


def main():
    proxy = Proxy()
    for text in sys.argv[1:]:
        proxy.listen(text)
    print("listens", flush=True)
    proxy.run()


if __name__ == "__main__":
    main()
