# SPDX-License-Identifier: MIT
"""Output: on the terminal, as JSON, and in the README."""
import json
import os
import textwrap
import time

from . import machine

BEGIN, END = '<!-- table -->', '<!-- end of table -->'

# (name, question, what, our recorder, the peer, whether more is better)
RATIOS = (
    ('disabled, one in a loop', 'disabled', 'one mark in a loop', 'ttlog', 'lttng', False),
    ('disabled, sixteen in a row', 'disabled', 'sixteen in a row', 'ttlog', 'lttng', False),
    *((f'{what} event', 'cost', what, 'ttlog', who, False) for what in ('two', 'trade')
      for who in ('lttng snapshot', 'lttng snapshot, its own sizes', 'lttng to disk',
                  'spdlog basic', 'spdlog async, blocks', 'spdlog async, overruns')),
    ('two event', 'cost', 'two', 'ttlog', 'bpftrace', False),
    ('two event', 'cost', 'two', 'ttlog', 'perf record', False),
    ('immediate', 'immediate', 'two', 'ttlog', 'bpftrace', False),
    *((f'latency, {what} {name}', 'latency', f'{what} {name}', 'ttlog', 'lttng snapshot', False)
      for what in ('two', 'trade') for name in ('p50', 'p99', 'p99.9')),
    *((f'events/s, {what}', 'throughput', what, 'ttlog', 'lttng snapshot', True)
      for what in ('two, 1 thread', 'two, 16 threads', 'trade, 1 thread', 'trade, 16 threads')),
    ('sustained events/s', 'sustained', 'trade, 1 thread', 'ttlog', 'lttng snapshot', True),
    ('1,024 threads, per event', 'threads', 'two', 'ttlog, 1024 threads', 'lttng, 1024 threads',
     False),
    ('bytes on disk', 'disk', 'varied trade', 'ttlog', 'lttng', False),
    ('counting events/s', 'view', 'count', 'ttlog --stats', 'babeltrace2 counter', True),
    ('printing events/s', 'view', 'print', 'ttlog text', 'babeltrace2 text', True),
    *((f'operations/s, {name}', 'servers', name, 'ttlog', 'marks compiled out', True)
      for name in ('memcached', 'redis-server')),
)


def number(value):
    if value is None:
        return '-'
    if abs(value) >= 1e6:
        return f'{value / 1e6:.2f} M'
    if abs(value) >= 1000:
        return f'{value:,.0f}'
    return f'{value:.2f}' if abs(value) >= 1 else f'{value:.3f}'


def columns(line):
    values = line.values
    return [number(min(values, default=None)), number(line.median),
            number(max(values, default=None)), line.unit,
            '-' if line.lost is None else str(line.lost),
            '-' if line.bytes_per_event is None else f'{line.bytes_per_event:.2f}',
            f'{line.as_dict()["cpu_s"]:.2f}' if line.cpu_s else '-']


def print_line(line):
    low, median, high, unit, lost, size, cpu = columns(line)
    print(f'  {line.what + ": " + line.who:<56} {low:>9} {median:>9} {high:>9} {unit:<12}'
          f' lost {lost:>6}  B/event {size:>7}  CPU s {cpu:>6}  {line.note}', flush=True)


def print_machine(bench):
    about = bench.machine
    print(f'ttlog bench: {about["cpu"]}, {about["cpus"]} CPUs, {about["memory_mib"]} MiB, Linux '
          f'{about["kernel"]} {about["machine"]}, {about["compiler"]}, commit {about["commit"]}')
    print('peers: ' + ', '.join(f'{name} {version or "(not installed)"}'
                                for name, version in about['peers'].items()))
    print(f'{bench.runs} runs a line, interleaved; each line: minimum, median, maximum')
    if about['load_at_start'] > 0.5:
        print(f'NOISE: the load is {about["load_at_start"]:.1f}: these figures are worth little')
    if bench.quick:
        print('QUICK: small counts; a look, not figures')


def ratios(bench):
    rows = []
    for name, question, what, ours, theirs, more in RATIOS:
        mine, other = bench.value(question, what, ours), bench.value(question, what, theirs)
        line = bench.lines.get((question, what, theirs))
        if not mine or not other:
            if line and line.note.startswith("can't"):
                rows.append((name, number(mine), theirs, '-', line.note))
            continue
        times = mine / other if more else other / mine
        note = '' if question == 'latency' else line.note
        note = note or (f'lost {line.lost}' if line.lost else '')
        rows.append((name, number(mine), theirs, number(other), f'{times:.2f} x', note))
    return [row if len(row) == 6 else (*row[:4], '-', row[4]) for row in rows]


def print_ratios(bench):
    print('\nratios (medians; more than 1 x: ttlog is better)')
    for name, mine, theirs, other, times, note in ratios(bench):
        print(f'  {name:<28} ttlog {mine:>9}   {theirs:<30} {other:>9}  {times:>9}  {note}')


def mark(verdict):
    return {True: 'met', False: 'NOT MET', None: 'not measured'}[verdict.met]


def print_goals(verdicts):
    print('\ngoals')
    for verdict in verdicts:
        print(f'  {mark(verdict):<13} {verdict.what}: {verdict.goal}')
        print(textwrap.fill('; '.join(verdict.parts), 100, initial_indent=' ' * 18,
                            subsequent_indent=' ' * 18))


def stolen_percent(bench):
    now = machine.cpu_ticks()
    return 100 * (now[1] - bench.ticks[1]) / max(now[2] - bench.ticks[2], 1)


def print_end(bench):
    for error in bench.errors:
        print(f'FAILED: {error}')
    print(f'\n{time.monotonic() - bench.begin:.0f} s; the hypervisor took '
          f'{stolen_percent(bench):.2f} % of the CPUs')


def write_json(bench, verdicts, path):
    content = {
        'machine': bench.machine, 'stolen_percent': stolen_percent(bench),
        'seconds': time.monotonic() - bench.begin, 'errors': bench.errors,
        'lines': [line.as_dict() for line in bench.lines.values()],
        'goals': [verdict.as_dict() for verdict in verdicts],
    }
    with open(path + '.tmp', 'w') as file:
        json.dump(content, file, indent=1)
        file.write('\n')
    os.replace(path + '.tmp', path)


# ---- README ----

def table(heads, rows):
    def cell(text):
        return str(text).replace('|', '\\|')
    return '\n'.join(['| ' + ' | '.join(heads) + ' |', '|' + '---|' * len(heads),
                      *('| ' + ' | '.join(cell(text) for text in row) + ' |' for row in rows)])


def markdown(bench, verdicts):
    about = bench.machine
    peers = ', '.join(f'{name} {version or "(none)"}' for name, version in about['peers'].items())
    parts = [
        f'Made {time.strftime("%Y-%m-%d", time.gmtime())} on {about["cpu"]}, {about["cpus"]} CPUs, '
        f'{about["memory_mib"]} MiB, Linux {about["kernel"]}, {about["compiler"]}, commit '
        f'{about["commit"]}; load at the start {about["load_at_start"]:.2f}, taken by the '
        f'hypervisor {stolen_percent(bench):.2f} %. Peers: {peers}.',
        '### Goals',
        table(('what', 'goal', 'measured', ''),
              [(v.what, v.goal, '; '.join(v.parts), mark(v)) for v in verdicts]),
        '### Ratios',
        table(('what', 'ttlog', 'peer', 'its figure', 'ttlog is better by', ''), ratios(bench)),
        '### Every line',
        table(('question', 'what', 'who', 'min', 'median', 'max', 'unit', 'lost', 'bytes/event',
               'CPU s', ''),
              [(line.question, line.what, line.who, *columns(line), line.note)
               for line in bench.lines.values()]),
    ]
    if bench.errors:
        parts.append('Failed: ' + '; '.join(bench.errors))
    return '\n\n'.join(parts)


def write_readme(bench, verdicts):
    path = os.path.join(bench.root, 'bench', 'README.md')
    with open(path) as file:
        text = file.read()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f'{path} has no place for the table: {BEGIN} ... {END}')
    with open(path + '.tmp', 'w') as file:
        file.write(f'{before}{BEGIN}\n\n{markdown(bench, verdicts)}\n\n{END}{after}')
    os.replace(path + '.tmp', path)
