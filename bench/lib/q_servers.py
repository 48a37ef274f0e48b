# SPDX-License-Identifier: MIT
"""What a real server pays: memcached and redis with two marks an operation, under load generators."""
import os
import re
import signal
import socket
import time

from .process import Failed, Process, Unavailable, cpu_seconds_of, run
from .product import read_accounts

DEADLINE_S = 30
TPS = re.compile(r'TPS: (\d+)')
PER_SECOND = re.compile(r'^"(?:SET|GET)","([\d.]+)"', re.M)


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def wait_listening(port, server):
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        try:
            socket.create_connection(('127.0.0.1', port), 1).close()
            return
        except OSError:
            time.sleep(0.01)
    raise Failed(f'{server.argv[0]} does not listen')


class Memcached:
    name = 'memcached'

    def __init__(self, bench):
        self.operations = bench.scale(300000, 20000)

    def command(self, path, port):
        return [path, '-u', 'root', '-l', '127.0.0.1', '-p', str(port), '-U', '0', '-t', '2', '-m', '256']

    def load(self, port):
        """Operations a second: one set to nine gets, of 100 bytes, by 16 connections."""
        try:
            ended = run(['memcaslap', '-s', f'127.0.0.1:{port}', '-T', '1', '-c', '16', '-X', '100',
                         '-x', str(self.operations)]).check()
        except FileNotFoundError:
            raise Unavailable('no memcaslap (make deps-bench-servers)') from None
        found = TPS.search(ended.out)
        if not found:
            raise Failed(f'memcaslap says {ended.out[-300:]}')
        return int(found[1])


class Redis:
    name = 'redis-server'

    def __init__(self, bench):
        self.operations = bench.scale(200000, 20000)
        self.benchmark = bench.program('servers/redis-benchmark')

    def command(self, path, port):
        return [path, '--bind', '127.0.0.1', '--port', str(port), '--save', '', '--daemonize', 'no']

    def load(self, port):
        """Operations a second: as many sets as gets, by 50 connections, each when the last is answered."""
        ended = run([self.benchmark, '-p', str(port), '-t', 'set,get', '-n', str(self.operations // 2),
                     '--csv']).check()
        rates = [float(rate) for rate in PER_SECOND.findall(ended.out)]
        if len(rates) != 2:
            raise Failed(f'redis-benchmark says {ended.out[-300:]}')
        return 2 / sum(1 / rate for rate in rates)


class Asked:
    """A server, and whom its CPU time goes to: as noise goes, that tells more than its speed."""

    def __init__(self, bench, kind, server):
        self.bench, self.kind, self.server = bench, kind, server

    def add_cpu(self, who, pid):
        us = 1e6 * cpu_seconds_of(pid) / self.server.operations
        self.bench.line('servers', f'{self.kind.name}, its CPU', who, 'us').add(us)

    def alone(self, who, path):
        port = free_port()
        process = Process(self.server.command(path, port))
        try:
            wait_listening(port, process)
            rate = self.server.load(port)
            self.add_cpu(who, process.pid)
        finally:
            process.signal()
            process.wait()
        return {'value': rate}

    def recorded(self, who, path):
        port = free_port()
        product = self.bench.product
        collector = product.start([], self.server.command(path, port))
        try:
            wait_listening(port, collector)
            pid = product.traced_pid(collector, os.path.basename(path))
            rate = self.server.load(port)
            self.add_cpu(who, pid)
        finally:
            os.kill(product.traced_pid(collector, os.path.basename(path)), signal.SIGTERM)
            ended = collector.wait()
        (accounts,) = read_accounts(ended.err)
        note = f'{accounts.emitted / self.server.operations:.1f} events an operation'
        return {'value': rate, 'lost': accounts.lost, 'note': note}


def servers(bench):
    """operations a second of memcached and redis, and their CPU: marks compiled out, off, recorded"""
    for kind in (Memcached, Redis):
        plain, marked = (bench.program(f'servers/{kind.name}-{variant}')
                         for variant in ('plain', 'marked'))
        asked = Asked(bench, kind, kind(bench))
        bench.compare('servers', kind.name, '1/s', {
            'marks compiled out': lambda a=asked, p=plain: a.alone('marks compiled out', p),
            'nobody records': lambda a=asked, p=marked: a.alone('nobody records', p),
            'ttlog': lambda a=asked, p=marked: a.recorded('ttlog', p),
        })


QUESTIONS = {'servers': servers}
