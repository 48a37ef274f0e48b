# SPDX-License-Identifier: MIT
"""ttlog-ship and three servers on this machine: how soon a crash is there, how fast a backlog goes, and
in how much memory."""
import json
import os
import signal
import subprocess
import threading
import time

from .fleet import (Follower, NatsError, Servers, Ship, finished, make_snapshots, memory_mib_of, total_bytes,
                    wait_for)
from .process import Failed, run
from .q_attach import Attached
from .q_live import built, read_until

BUCKET = 'crashes'
INDEX = 'TTLOG_INDEX_' + BUCKET
CHUNK = 128 << 10  # of objects
MIB = 1 << 20


# ---- how soon ----

class Arrivals:
    """When the message of each file was stored, in the index: a thread that follows it."""

    def __init__(self, servers, count):
        self.follower = Follower(servers, INDEX)
        self.count = count
        self.came_ns = {}
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            while len(self.came_ns) < self.count:
                came_ns, message = self.follower.next()
                self.came_ns[message['object'].rsplit('/', 1)[1]] = came_ns
        except (OSError, NatsError):
            pass  # what is missing is seen

    def wait(self):
        self.thread.join(60)
        if len(self.came_ns) < self.count:
            raise Failed(f'{len(self.came_ns)} of {self.count} crashes are in the index')
        self.follower.close()
        return self.came_ns


def crash_all(path, count):
    """{pid: nanoseconds of CLOCK_REALTIME when its parent saw it dead}, about five a second."""
    deaths = {}
    for number in range(count):
        program = subprocess.Popen([path, '1', '100', 'SEGV'], stdout=subprocess.DEVNULL)
        status = program.wait()
        deaths[program.pid] = time.time_ns()
        if status != -signal.SIGSEGV:
            raise Failed(f'{path} did not crash')
        time.sleep(0.1 + 0.02 * (number % 10))
    return deaths


def percentile(values, part):
    return sorted(values)[min(int(part * len(values)), len(values) - 1)]


def ship_latency(bench):
    """from a crash to its message in the index, stored by a quorum of three servers: ms"""
    path, count = built(bench, 'apps/crash'), bench.scale(200, 10)

    def once(servers, directory):
        collector = Attached(bench, ['-o', directory, '-e', path])
        try:
            read_until(collector, f'recording {path}', 1)
            arrivals = Arrivals(servers, count)
            deaths = crash_all(path, count)
            came_ns = arrivals.wait()
        finally:
            collector.process.signal()
            collector.finish()
        pids = {name: int(name.split('-')[1]) for name in came_ns}
        late = [(came_ns[name] - deaths[pid]) / 1e6 for name, pid in pids.items()]
        # the ctime of a file is when it was linked to its name
        linked = [(os.stat(os.path.join(directory, name)).st_ctime_ns - deaths[pid]) / 1e6
                  for name, pid in pids.items()]
        for what, part in (('p50', 0.5), ('p99', 0.99), ('latest', 1)):
            bench.line('ship_latency', what, 'ttlog', 'ms').add(percentile(late, part))
        for what, part in (('on this disk, p50', 0.5), ('on this disk, p99', 0.99)):
            bench.line('ship_latency', what, 'ttlog', 'ms').add(percentile(linked, part))

    directory = bench.fresh_dir('spool')
    with Servers(bench) as servers, Ship(bench, directory, servers.url(BUCKET)) as ship:
        ship.wait_said('connected to')
        once(servers, directory)


# ---- how fast ----

def ship_all(bench, servers, directory):
    """Seconds from the shipper's start until the index has all files."""
    count = len(finished(directory))
    begin = time.monotonic()
    with Ship(bench, directory, servers.url(BUCKET)) as ship:
        wait_for(lambda: servers.stored(INDEX) >= count, 'all files in the index', 900)
        seconds = time.monotonic() - begin
        ended = ship.end()
    servers.delete(BUCKET)
    return {'value': total_bytes(directory) / 1e6 / seconds, 'cpu_s': ended.cpu_s,
            'note': f'{count} files, {total_bytes(directory) / 1e6:.0f} MB'}


def publish_all(bench, servers, directory, pending):
    begin = time.monotonic()
    done = run([bench.program('publish'), servers.port, 'BARE', 3, CHUNK, pending, directory], timeout=900).check()
    seconds = time.monotonic() - begin
    sent = json.loads(done.out)
    if sent['bytes'] != total_bytes(directory):
        raise Failed(f'{sent["bytes"]} bytes were published')
    return {'value': sent['bytes'] / 1e6 / seconds, 'cpu_s': done.cpu_s}


def compare_backlog(bench, what, directory):
    with Servers(bench) as servers:
        bench.compare('ship_backlog', what, 'MB/s', {
            'ttlog': lambda: ship_all(bench, servers, directory),
            'nats.c, 32 on their way': lambda: publish_all(bench, servers, directory, 32),
            'nats.c, 256 on their way': lambda: publish_all(bench, servers, directory, 256),
        }, bench.repeats(5))


def ship_backlog(bench):
    """MB/s of a backlog to three servers, and of nats.c's asynchronous publish of the same bytes"""
    mixed, small = bench.fresh_dir('mixed'), bench.fresh_dir('small')
    # large ones have most of the bytes, small ones most of the files
    for count, ring, interval in ((bench.scale(32, 1), 64 * MIB, '1s'), (bench.scale(60, 4), 8 * MIB, '150ms'),
                                  (bench.scale(300, 20), MIB, '20ms')):
        make_snapshots(bench, mixed, count, ring, interval)
    compare_backlog(bench, 'mixed sizes', mixed)
    make_snapshots(bench, small, bench.scale(1000, 50), MIB // 8, '10ms')
    compare_backlog(bench, 'files of 100 KB', small)


# ---- memory ----

def make_sparse(directory, files, total):
    """So many files of so many bytes together, sparse, all different: half of the bytes in a hundredth of them."""
    large = max(files // 100, 1)
    for number in range(files):
        # the oldest goes first: some small ones, then large ones
        is_large = 100 <= number < 100 + large
        size = total // 2 // large if is_large else total // 2 // (files - large)
        with open(os.path.join(directory, f'ttlog-1-2026112115{number:07d}-timer.bin'), 'wb') as file:
            file.write(b'%d' % number)
            file.truncate(size)


def ship_memory(bench):
    """MiB of ttlog-ship at its peak, with a backlog of 10,000 files, 20 GB: servers up, and down"""
    directory = bench.fresh_dir('sparse')
    make_sparse(directory, bench.scale(10_000, 1_000), bench.scale(20_000_000_000, 2_000_000_000))
    seconds = bench.scale(30, 3)

    def peak_of(ship):
        return memory_mib_of(ship.process.pid, 'VmHWM')

    with Servers(bench) as servers, Ship(bench, directory, servers.url(BUCKET)) as ship:
        ship.wait_said('connected to')
        time.sleep(seconds)
        sent = servers.stored(INDEX)
        bench.line('ship_memory', 'servers up', 'ttlog', 'MiB').add(peak_of(ship), note=f'{sent} files sent')
        for server in servers.servers:
            server.kill()
        time.sleep(seconds)
        bench.line('ship_memory', 'then down', 'ttlog', 'MiB').add(peak_of(ship))
    with Ship(bench, directory, 'nats://127.0.0.1:1/' + BUCKET) as ship:
        time.sleep(seconds / 3)
        bench.line('ship_memory', 'always down', 'ttlog', 'MiB').add(peak_of(ship))


QUESTIONS = {'ship_latency': ship_latency, 'ship_backlog': ship_backlog, 'ship_memory': ship_memory}
