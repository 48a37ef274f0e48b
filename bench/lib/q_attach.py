# SPDX-License-Identifier: MIT
"""How long a collector takes until it records: many sites, many processes."""
import contextlib
import os
import re
import select
import signal
import subprocess
import time

from .process import Failed, Process
from .product import read_accounts


class Attached:
    """A collector whose stderr is watched as it comes."""

    def __init__(self, bench, options):
        self.reader, writer = os.pipe()
        self.text = ''
        self.begin = time.monotonic()
        try:
            self.process = Process([bench.product.collect, '-o', bench.fresh_dir('snap'),
                                    *options], stderr=writer)
        finally:
            os.close(writer)

    def read(self, timeout):
        """The next part of stderr; '' at the end."""
        if not select.select([self.reader], [], [], timeout)[0]:
            raise Failed(f'the collector says nothing more: {self.text[-300:]}')
        more = os.read(self.reader, 65536).decode()
        self.text += more
        return more

    def wait_recording(self, count, timeout=60):
        """Seconds until it has said that it records so many processes."""
        while len(set(re.findall(r'recording pid (\d+)', self.text))) < count:
            if not self.read(timeout):
                raise Failed(f'the collector ended: {self.text[-300:]}')
        return time.monotonic() - self.begin

    def finish(self, timeout=180):
        """Reads until it ends: (accounts, Ended)."""
        with contextlib.suppress(Failed):
            while self.read(timeout):
                pass
        os.close(self.reader)
        ended = self.process.wait(timeout)
        return read_accounts(self.text), ended


def start_programs(path, count):
    programs = [subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                for _ in range(count)]
    for program in programs:
        if program.stdout.readline() != b'ready\n':
            raise Failed(f'{path} did not start')
    return programs


def end_programs(programs):
    for program in programs:
        with contextlib.suppress(BrokenPipeError):
            program.stdin.close()
    for program in programs:
        program.wait(30)
        program.stdout.close()


def attach_to(bench, path, count, by_path, events_each, ending):
    """
    Attaches to `count` processes of a program. Then they log, and the accounts must have all events.
    ending: the line that gets the seconds from the end of the programs to that of the collector.
    """
    programs = start_programs(path, count)
    try:
        options = ['-e', path] if by_path else \
            ['-p', ','.join(str(program.pid) for program in programs)]
        attached = Attached(bench, options)
        seconds = attached.wait_recording(count)
    finally:
        end_programs(programs)
    begin = time.monotonic()
    if by_path:
        attached.process.signal(signal.SIGTERM)
    accounts, ended = attached.finish()
    ended.check()
    ending.add(time.monotonic() - begin)
    recorded = sum(account.recorded for account in accounts)
    lost = sum(account.lost for account in accounts) + abs(count * events_each - recorded)
    return {'value': seconds, 'lost': lost, 'cpu_s': ended.cpu_s,
            'note': f'{recorded} of {count * events_each} events came' if lost else ''}


def enable(bench):
    """enabling many sites: seconds from the collector's start to "recording" """
    many = bench.scale(10_000, 1_000)

    def measure(what, name, events):
        ending = bench.line('enable', f'{what}, its end', 'ttlog', 's')
        path = bench.program(name)
        bench.compare('enable', what, 's', {
            'ttlog': lambda: attach_to(bench, path, 1, False, events, ending)})

    measure(f'{many} sites', f'sites_{many}', many)
    measure('1 site', 'idle', 1)


def attach(bench):
    """attaching to 200 running processes: seconds until the collector says that it records all"""
    count = bench.scale(200, 20)
    what = f'{count} processes'
    path = bench.program('idle')

    def measure(who, by_path):
        ending = bench.line('attach', f'{what}, the end', who, 's')
        return lambda: attach_to(bench, path, count, by_path, 1, ending)

    bench.compare('attach', what, 's', {
        'ttlog -p': measure('ttlog -p', False), 'ttlog -e': measure('ttlog -e', True),
    }, bench.repeats(3))


LEFT_RING = 64 << 20


def leave_ring(bench):
    """Kills a collector that has a full ring of a program, and the program."""
    program = Process([bench.program('rate'), 'two', 60, 20_000_000])
    attached = Attached(bench, ['-s', str(LEFT_RING), '-p', str(program.pid)])
    attached.wait_recording(1)
    # 480 MB/s: one second fills several rings
    time.sleep(1)
    for process in (attached.process, program):
        process.signal(signal.SIGKILL)
    program.wait()
    attached.finish()


def recover(bench):
    """a collector that starts after another was killed: seconds to "recording" """
    ending = bench.line('recover', '"recording"', 'and all that was left is written', 's')

    def measure(left):
        if left:
            leave_ring(bench)
        (program,) = start_programs(bench.program('idle'), 1)
        try:
            attached = Attached(bench, ['-p', str(program.pid)])
            seconds = attached.wait_recording(1)
            while left and 'a collector that was killed had of' not in attached.text:
                if not attached.read(60):
                    raise Failed(f'nothing was recovered: {attached.text[-300:]}')
            if left:
                ending.add(time.monotonic() - attached.begin)
        finally:
            end_programs([program])
        _, ended = attached.finish()
        ended.check()
        return {'value': seconds, 'cpu_s': ended.cpu_s}

    bench.compare('recover', '"recording"', 's', {
        'ttlog, nothing left': lambda: measure(False),
        'ttlog, a full ring left': lambda: measure(True),
    })


QUESTIONS = {'enable': enable, 'attach': attach, 'recover': recover}
