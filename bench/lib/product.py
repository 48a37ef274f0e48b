# SPDX-License-Identifier: MIT
"""ttlog itself: the collector around a program, its accounts, its snapshots."""
import json
import os
import re
import signal
import time

from .process import Failed, Process, children_of, run

ACCOUNTS = re.compile(r'^pid (\d+): (\d+) emitted, (\d+) recorded, (\d+) lost(?: \(([^)]*)\))?, '
                      r'(\d+) overwritten, (.*)$', re.M)


class Accounts:
    """The last line that the collector prints for a process."""

    def __init__(self, match):
        self.pid, self.emitted, self.recorded, self.lost = (int(match[i]) for i in range(1, 5))
        self.causes = match[5] or ''
        self.overwritten = int(match[6])
        self.files = [] if match[7] == 'no snapshot' else match[7].split()

    def unaccounted(self, marks):
        """How many marks the program passed that the collector does not know: lost, too."""
        return abs(marks - self.emitted)


class Recorded:
    """A program that ran under the collector."""

    def __init__(self, ended, accounts):
        self.ended = ended
        self.accounts = accounts
        self.result = json.loads(ended.out.strip().splitlines()[-1])
        marks = self.result.get('marks')
        self.lost = accounts.lost + (accounts.unaccounted(marks) if marks is not None else 0)
        self.cpu_s = ended.cpu_s

    @property
    def note(self):
        if not self.lost:
            return ''
        marks = self.result.get('marks', self.accounts.emitted)
        return (f'lost {self.lost} of {marks}: {self.accounts.causes or "not in the accounts"}')


def read_accounts(text):
    return [Accounts(match) for match in ACCOUNTS.finditer(text)]


class Product:
    def __init__(self, bench):
        self.bench = bench
        self.collect = os.path.join(bench.build, 'ttlog-collect')
        self.view = os.path.join(bench.build, 'ttlog-view')

    def start(self, options, command=(), env=None):
        argv = [self.collect, *options]
        if '-o' not in options:
            argv += ['-o', self.bench.fresh_dir('snap')]
        return Process([*argv, *(['--', *command] if command else [])], env=env)

    @staticmethod
    def recorded(ended):
        accounts = read_accounts(ended.check().err)
        if len(accounts) != 1:
            raise Failed(f'{" ".join(ended.argv)}: no accounts: {ended.err[-300:]}')
        return Recorded(ended, accounts[0])

    def record(self, command, options=(), env=None, timeout=300):
        """Runs a program under the collector until both end."""
        return self.recorded(self.start(options, command, env).wait(timeout))

    def traced_pid(self, collector, name, timeout=10):
        """The pid of the collector's command, once it runs that program: a child of the broker."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            for pid in [pid for broker in children_of(collector.pid) for pid in children_of(broker)]:
                try:
                    if os.path.basename(os.readlink(f'/proc/{pid}/exe')) == name:
                        return pid
                except OSError:
                    pass
            time.sleep(0.005)
        raise Failed(f'{name} did not start under the collector')

    def trigger(self, pid, reason='bench'):
        """Asks for a snapshot: (seconds to the answer, path). The answer means: durable."""
        asked = run([self.collect, '--trigger', reason, '-p', str(pid)]).check()
        return asked.seconds, asked.out.strip().splitlines()[-1]

    def info(self, path):
        """The header of a snapshot; fails if the file is not whole."""
        return json.loads(run([self.view, path, '--info', '--format', 'json']).check().out)

    @staticmethod
    def end(collector, program_pid, timeout=60):
        """Ends the program early; the collector follows it."""
        os.kill(program_pid, signal.SIGTERM)
        return collector.wait(timeout)
