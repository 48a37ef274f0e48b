# SPDX-License-Identifier: MIT
"""Many processes: to record them, to let them go, to find programs among those that start, to say what
is recorded."""
import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.request

from .process import Failed, children_of, cpu_seconds_of, run
from .q_attach import Attached

RING = '512K'  # the least


class Herd:
    """Processes of one program, which log when told."""

    def __init__(self, bench, count):
        self.path = bench.program('herd')
        self.process = subprocess.Popen([self.path, str(count)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.expect(b'ready\n', f'{count} processes do not start')

    def expect(self, line, what):
        if self.process.stdout.readline() != line:
            self.process.kill()
            raise Failed(what)

    def log(self):
        self.process.stdin.write(b'l')
        self.process.stdin.flush()
        self.expect(b'logged\n', 'a process has ended')

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(120)


def tree_of(pid):
    """The collector's processes."""
    return [pid, *(below for child in children_of(pid) for below in tree_of(child))]


def memory_mib(pid):
    """Without what it has of files, but with rings."""
    total = 0
    for each in tree_of(pid):
        with open(f'/proc/{each}/status') as status:
            total += sum(int(line.split()[1]) for line in status
                         if line.startswith(('RssAnon:', 'RssShmem:')))
    return total / 1024


def descriptors(pid):
    return sum(len(os.listdir(f'/proc/{each}/fd')) for each in tree_of(pid))


def wait_all(attached, count, pattern):
    """Seconds until it records all: at the line of --all, or one a process."""
    if not pattern:
        return attached.wait_recording(count, 120)
    while not (found := re.search(pattern, attached.text)):
        if not attached.read(120):
            raise Failed(f'the collector ended: {attached.text[-300:]}')
    if int(found[1]) < count:
        raise Failed(f'it records {found[1]} of {count}')
    return time.monotonic() - attached.begin


EVERY = r'recording every marked program \(now \d+ files, (\d+) processes\)'


def targets(bench, path):
    """A configuration file that chooses this program."""
    config = os.path.join(bench.fresh_dir('config'), 'collect.conf')
    with open(config, 'w') as file:
        file.write(f'[target herd]\nexe = {path}\n')
    return ['--config', config]


class Goes:
    """One run: a herd is recorded, and let go."""

    def __init__(self, bench, count, who):
        self.bench, self.count, self.who = bench, count, who

    def add(self, what, unit, *args, **more):
        self.bench.line('many', f'{self.count} processes, {what}', self.who, unit).add(*args, **more)

    def end(self, attached, what):
        begin = time.monotonic()
        attached.process.signal(signal.SIGTERM)
        accounts, ended = attached.finish(300)
        ended.check()
        self.add(what, 's', time.monotonic() - begin)
        return sum(account.recorded for account in accounts)

    def run(self, options, pattern):
        herd = Herd(self.bench, self.count)
        try:
            attached = Attached(self.bench, ['-s', RING, *options])
            seconds = wait_all(attached, self.count, pattern)
            self.add('silent', 'MiB', memory_mib(attached.process.pid),
                     note=f'{descriptors(attached.process.pid)} descriptors')
            self.end(attached, 'silent, the end')
            attached = Attached(self.bench, ['-s', RING, *options])
            wait_all(attached, self.count, pattern)
            herd.log()
            self.add('an event each', 'MiB', memory_mib(attached.process.pid))
            lost = max(0, self.count - self.end(attached, 'an event each, the end'))
        finally:
            herd.end()
        return {'value': seconds, 'lost': lost}


def many(bench):
    """10,000 processes of one program: seconds to record them and to end, memory"""
    count = int(os.environ.get('BENCH_PROCESSES', bench.scale(10_000, 300)))
    path = bench.program('herd')
    bench.compare('many', f'{count} processes', 's', {
        'ttlog --all': lambda: Goes(bench, count, 'ttlog --all').run(['--all'], EVERY),
        'ttlog chosen': lambda: Goes(bench, count, 'ttlog chosen').run(targets(bench, path), None),
    }, 1)


def start_programs(bench, seconds):
    ended = run([bench.program('starts'), 1000, seconds, bench.program('tiny')],
                timeout=10 * seconds + 60).check()
    return json.loads(ended.out)


def cpu_of_tree(pid):
    return sum(cpu_seconds_of(each) for each in tree_of(pid))


def found(bench):
    """1,000 programs without marks start a second, under --all: % of a core of the collector"""
    seconds = bench.scale(10, 2)
    what = '1000 starts/s'

    def alone():
        return {'value': start_programs(bench, seconds)['cpu_us']}

    def under_all():
        attached = Attached(bench, ['-s', RING, '--all'])
        wait_all(attached, 0, EVERY)
        start_programs(bench, 1)
        begin, begin_cpu = time.monotonic(), cpu_of_tree(attached.process.pid)
        done = start_programs(bench, seconds)
        spent = cpu_of_tree(attached.process.pid) - begin_cpu
        rate = done['starts'] / (time.monotonic() - begin)
        bench.line('found', what, 'ttlog, the collector', '%').add(
            100 * spent / (time.monotonic() - begin), note=f'{rate:.0f} a second')
        attached.process.signal(signal.SIGTERM)
        attached.finish()[1].check()
        return {'value': done['cpu_us']}

    bench.compare('found', what + ', CPU of a start', 'us', {
        'nobody records': alone, 'ttlog --all': under_all})


def free_port():
    with socket.socket() as server:
        server.bind(('127.0.0.1', 0))
        return server.getsockname()[1]


def scrape(bench):
    """the page of --metrics with 1,000 recorded processes: ms, KiB"""
    count = bench.scale(1000, 100)
    what = f'{count} processes'

    def measure(who, *options):
        herd = Herd(bench, count)
        port = free_port()
        try:
            attached = Attached(bench, ['-s', RING, '--all', '--on', 'crash', '--metrics',
                                        f'127.0.0.1:{port}', *options])
            wait_all(attached, count, EVERY)
            herd.log()
            begin = time.monotonic()
            for _ in range(10):
                with urllib.request.urlopen(f'http://127.0.0.1:{port}/metrics') as answer:
                    page = answer.read()
            seconds = (time.monotonic() - begin) / 10
            bench.line('scrape', what + ', the page', who, 'KiB').add(
                len(page) / 1024, note=f'{page.count(10) - page.count(b"# ")} samples')
        finally:
            herd.end()
        attached.process.signal(signal.SIGTERM)
        attached.finish()[1].check()
        return {'value': 1000 * seconds}

    bench.compare('scrape', what, 'ms', {
        'ttlog': lambda: measure('ttlog'),
        'ttlog --metrics-by pid': lambda: measure('ttlog --metrics-by pid', '--metrics-by', 'pid')})


QUESTIONS = {'many': many, 'found': found, 'scrape': scrape}
