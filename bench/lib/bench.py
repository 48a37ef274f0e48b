# SPDX-License-Identifier: MIT
"""One run of the suite: its paths, its lines, and the loop that interleaves recorders."""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from . import lttng, machine, product, report, tracers
from .process import Failed, Process, Unavailable


class Line:
    """One printed line: question, measured thing, recorder, and the values of all runs."""

    def __init__(self, question, what, who, unit):
        self.question, self.what, self.who, self.unit = question, what, who, unit
        self.values = []
        self.cpu_s = []
        self.lost = None
        self.bytes_per_event = None
        self.note = ''

    def add(self, value, lost=None, cpu_s=None, bytes_per_event=None, note=''):
        self.values.append(value)
        if cpu_s is not None:
            self.cpu_s.append(cpu_s)
        if lost is not None:
            self.lost = (self.lost or 0) + lost
        if bytes_per_event is not None:
            self.bytes_per_event = bytes_per_event
        if note:
            self.note = note

    @property
    def median(self):
        return statistics.median(self.values) if self.values else None

    @property
    def key(self):
        return (self.question, self.what, self.who)

    def as_dict(self):
        return {
            'question': self.question, 'what': self.what, 'who': self.who, 'unit': self.unit,
            'min': min(self.values, default=None), 'median': self.median,
            'max': max(self.values, default=None), 'runs': self.values, 'lost': self.lost,
            'bytes_per_event': self.bytes_per_event,
            'cpu_s': statistics.median(self.cpu_s) if self.cpu_s else None, 'note': self.note,
        }


class Bench:
    def __init__(self, args):
        self.args = args
        self.quick = args.quick
        self.runs = args.runs or (1 if args.quick else 5)
        self.root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        self.build = os.path.abspath(args.build)
        self.lines = {}
        self.errors = []

    def __enter__(self):
        self.begin = time.monotonic()
        base = os.path.abspath(self.args.work or os.path.join(self.build, 'bench', 'work'))
        os.makedirs(base, exist_ok=True)
        self.work = tempfile.mkdtemp(prefix='run-', dir=base)
        self.product = product.Product(self)
        self.lttng = lttng.Lttng(self)
        self.tracers = tracers.Tracers(self)
        self.machine = machine.describe(self)
        self.ticks = machine.cpu_ticks()
        return self

    def __exit__(self, *unused):
        self.lttng.stop()
        self.tracers.clean()
        Process.end_all()
        shutil.rmtree(self.work, ignore_errors=True)

    # ---- paths ----

    def program(self, name, made_by='make deps-bench bench-bins'):
        path = os.path.join(self.build, 'bench', name)
        if not os.path.exists(path):
            raise Unavailable(f'{name} was not built ({made_by})')
        return path

    def fresh_dir(self, name):
        return tempfile.mkdtemp(prefix=name + '-', dir=self.work)

    def scale(self, full, quick):
        return quick if self.quick else full

    def repeats(self, at_most):
        """How many runs a long question gets."""
        return min(self.runs, at_most)

    # ---- measuring ----

    def ask(self, name, question):
        print(f'\n{name}: {question.__doc__.splitlines()[0]}', flush=True)
        begin = time.monotonic()
        try:
            question(self)
        except (Failed, Unavailable, OSError, subprocess.SubprocessError) as error:
            self.complain(name, error)
        for line in self.lines.values():
            if line.question == name:
                report.print_line(line)
        print(f'  ({time.monotonic() - begin:.1f} s)', flush=True)

    def complain(self, who, error):
        text = f'{who}: {error}'
        self.errors.append(text)
        print(f'  can\'t: {text}', file=sys.stderr, flush=True)

    def line(self, question, what, who, unit):
        line = self.lines.get((question, what, who))
        if not line:
            line = Line(question, what, who, unit)
            self.lines[line.key] = line
        return line

    def compare(self, question, what, unit, contestants, runs=None):
        """
        Interleaves: each run asks all contestants once, in the same order, so that drift of the
        machine hits all alike. contestants: {who: function that returns Line.add()'s arguments}.
        """
        lines = {who: self.line(question, what, who, unit) for who in contestants}
        out = set()
        for _ in range(runs or self.runs):
            for who, measure in contestants.items():
                if who in out or (self.args.no_peers and not self.is_ours(who)):
                    continue
                try:
                    lines[who].add(**measure())
                except (Failed, Unavailable, OSError) as error:
                    out.add(who)
                    lines[who].note = f'can\'t run: {error}'
                    if who.startswith('ttlog'):
                        self.complain(f'{question} {what} {who}', error)
                    # a recorder that failed in one run has no figure
                    lines[who].values.clear()

    @staticmethod
    def is_ours(who):
        return who.startswith('ttlog') or who in ('empty loop', 'nobody records',
                                                'marks compiled out', 'the floor')

    def value(self, question, what, who='ttlog'):
        """The median; None: there is no value."""
        line = self.lines.get((question, what, who))
        return line.median if line else None

    def lost(self, question, what, who='ttlog'):
        line = self.lines.get((question, what, who))
        return line.lost if line else None
