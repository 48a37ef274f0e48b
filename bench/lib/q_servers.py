# SPDX-License-Identifier: MIT
"""The cost for a real server: memcached and redis, two marks per operation, under load."""
import os
import re
import signal
import socket
import time
from functools import partial

from .process import Failed, Process, Unavailable, cpu_seconds_of, run
from .product import read_accounts

DEADLINE_S = 30
MADE_BY = 'make deps-bench-servers'
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
        """Operations per second: one set to nine gets of 100 bytes, 16 connections."""
        try:
            ended = run(['memcaslap', '-s', f'127.0.0.1:{port}', '-T', '1', '-c', '16', '-X', '100',
                         '-x', str(self.operations)]).check()
        except FileNotFoundError:
            raise Unavailable(f'no memcaslap ({MADE_BY})') from None
        found = TPS.search(ended.out)
        if not found:
            raise Failed(f'memcaslap says {ended.out[-300:]}')
        return int(found[1])


class Redis:
    name = 'redis-server'

    def __init__(self, bench):
        self.operations = bench.scale(200000, 20000)
        self.benchmark = bench.program('servers/redis-benchmark', MADE_BY)

    def command(self, path, port):
        return [path, '--bind', '127.0.0.1', '--port', str(port), '--save', '', '--daemonize', 'no']

    def load(self, port):
        """Operations per second: as many sets as gets, 50 connections that wait for each answer."""
        ended = run([self.benchmark, '-p', str(port), '-t', 'set,get', '-n', str(self.operations // 2),
                     '--csv']).check()
        rates = [float(rate) for rate in PER_SECOND.findall(ended.out)]
        if len(rates) != 2:
            raise Failed(f'redis-benchmark says {ended.out[-300:]}')
        return 2 / sum(1 / rate for rate in rates)


def ask(bench, server, who, path):
    """One run. The server's CPU time has its own line: it has less noise than its speed."""
    port = free_port()
    command = server.command(path, port)
    process = bench.product.start([], command) if who == 'ttlog' else Process(command)
    pid = process.pid
    try:
        if who == 'ttlog':
            pid = bench.product.traced_pid(process, os.path.basename(path))
        wait_listening(port, process)
        rate = server.load(port)
        cpu_us = 1e6 * cpu_seconds_of(pid) / server.operations
    finally:
        os.kill(pid, signal.SIGTERM)
        ended = process.wait()
    bench.line('servers', f'{server.name}, its CPU', who, 'us').add(cpu_us)
    if who != 'ttlog':
        return {'value': rate}
    (accounts,) = read_accounts(ended.err)
    note = f'{accounts.emitted / server.operations:.1f} events an operation'
    return {'value': rate, 'lost': accounts.lost, 'note': note}


def servers(bench):
    """operations/s of memcached and redis, and their CPU: marks compiled out, off, recorded"""
    variants = {'marks compiled out': 'plain', 'nobody records': 'marked', 'ttlog': 'marked'}
    for kind in (Memcached, Redis):
        server = kind(bench)
        paths = {who: bench.program(f'servers/{kind.name}-{variant}', MADE_BY)
                 for who, variant in variants.items()}
        bench.compare('servers', kind.name, '1/s',
                      {who: partial(ask, bench, server, who, path) for who, path in paths.items()})


QUESTIONS = {'servers': servers}
