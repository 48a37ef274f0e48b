# SPDX-License-Identifier: MIT
"""Three nats-servers that are one cluster, and ttlog-ship with them."""
import json
import os
import re
import select
import sys
import time

from .process import Failed, Process, Unavailable

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'tests', 'fleet'))

import nats_client  # noqa: E402
import nats_server  # noqa: E402

NatsError = nats_client.NatsError

SERVERS = 3
TICK_S = 1 / os.sysconf('SC_CLK_TCK')


def wait_for(condition, what, timeout=60):
    """What condition() gives, once it is true."""
    until = time.monotonic() + timeout
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > until:
            raise Failed(f'not in {timeout} s: {what}')
        time.sleep(0.02)


class Servers:
    """A cluster on this machine; `with`. Its data are in the run's folder."""

    def __init__(self, bench):
        if not os.path.exists(nats_server.NATS_SERVER):
            raise Unavailable('no nats-server: apt-get install nats-server')
        self.folder = bench.fresh_dir('cluster')

    def __enter__(self):
        self.servers = nats_server.make_cluster(self.folder, SERVERS)
        try:
            # JetStream has a leader: it knows of no stream, and says so
            wait_for(lambda: self.ask(lambda client: client.api('STREAM.NAMES')), 'a leader')
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *unused):
        for server in self.servers:
            server.end()

    @property
    def port(self):
        return self.servers[0].port

    def url(self, bucket):
        return 'nats://' + ','.join(f'127.0.0.1:{server.port}' for server in self.servers) + '/' + bucket

    def ask(self, question):
        return nats_client.ask(self.port, question)

    def stored(self, stream):
        """How many messages a stream has."""
        info = self.ask(lambda client: client.api('STREAM.INFO.' + stream))
        return info['state']['messages'] if info else 0

    def delete(self, bucket):
        for stream in ('OBJ_' + bucket, 'TTLOG_INDEX_' + bucket):
            self.ask(lambda client, stream=stream: client.api('STREAM.DELETE.' + stream))

    def cpu_s(self):
        return sum(cpu_s_of(server.process.pid) for server in self.servers)

    def memory_mib(self):
        """Of the largest of them."""
        return max(memory_mib_of(server.process.pid, 'VmRSS') for server in self.servers)


def cpu_s_of(pid):
    with open(f'/proc/{pid}/stat') as file:
        fields = file.read().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def memory_mib_of(pid, what):
    with open(f'/proc/{pid}/status') as file:
        return int(re.search(rf'^{what}:\s+(\d+) kB', file.read(), re.M)[1]) / 1024


class Ship:
    """ttlog-ship in the background, whose stderr is read as it comes; `with`."""

    def __init__(self, bench, directory, url, options=()):
        self.reader, writer = os.pipe()
        self.text = ''
        try:
            self.process = Process([os.path.join(bench.build, 'ttlog-ship'), '--from', directory, '--to', url,
                                    '--state', bench.fresh_dir('state'), *options], stderr=writer)
        finally:
            os.close(writer)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.end()

    def wait_said(self, text, timeout=60):
        while text not in self.text:
            if not select.select([self.reader], [], [], timeout)[0]:
                raise Failed(f'ttlog-ship does not say "{text}": {self.text[-300:]}')
            more = os.read(self.reader, 65536).decode()
            if not more:
                raise Failed(f'ttlog-ship ended: {self.text[-300:]}')
            self.text += more

    def end(self):
        """Ended, the first time."""
        if self.process.popen.returncode is not None:
            return None
        self.process.signal()
        ended = self.process.wait()
        os.close(self.reader)
        return ended.check()


class Follower:
    """The messages of a stream, each when a server has it as stored: by a consumer, which is told after
    the quorum. Used by a thread of its own."""

    def __init__(self, servers, stream):
        self.client = nats_client.NatsClient(servers.port, inbox='_INBOX.follow')
        self.messages = self.client.follow(stream)

    def next(self):
        """(nanoseconds of CLOCK_REALTIME when it came, JSON)."""
        payload = next(self.messages)
        return time.time_ns(), json.loads(payload)

    def close(self):
        self.client.__exit__()


def make_snapshots(bench, directory, count, ring, interval, events_per_s=0):
    """So many real snapshots of a program whose events no compressor shortens: one each interval."""
    os.makedirs(directory, exist_ok=True)
    before = len(os.listdir(directory))
    collector = bench.product.start(['-q', '-o', directory, '-s', str(ring), '-i', interval],
                                    [bench.program('rate'), 'varied', '3600', str(events_per_s)])
    program = bench.product.traced_pid(collector, 'rate')
    try:
        wait_for(lambda: len(finished(directory)) - before >= count, f'{count} snapshots', 120)
    finally:
        bench.product.end(collector, program)
    for name in sorted(finished(directory))[before + count:]:
        os.unlink(os.path.join(directory, name))


def finished(directory):
    return [name for name in os.listdir(directory) if name.endswith('.bin')]


def total_bytes(directory):
    return sum(entry.stat().st_size for entry in os.scandir(directory))
