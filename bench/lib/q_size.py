# SPDX-License-Identifier: MIT
"""Bytes: in the flight ring, on disk, in the collector; and how fast a snapshot is on disk."""
import os
import re
import threading
import time

from .process import run
from .q_cost import ring_bytes

RING = 64 << 20


def flight(bench):
    """bytes of a full flight ring per event that it keeps, all headers included"""
    def measure(what):
        def once():
            done = bench.product.record([bench.program('cost'), what, bench.scale(8_000_000,
                                                                                  4_000_000)])
            size = ring_bytes(done.accounts)
            return {'value': size, 'lost': done.lost, 'bytes_per_event': size,
                    'note': done.note}
        return once

    for what in ('two', 'trade', 'varied'):
        bench.compare('flight', what, 'bytes', {'ttlog': measure(what)}, 1)


def disk(bench):
    """bytes on disk per trade event with varied fields, the same events"""
    events = bench.scale(1_500_000, 300_000)

    def ours():
        done = bench.product.record([bench.program('cost'), 'varied', events], ['--on', 'exit'])
        path = done.accounts.files[-1]
        found = bench.product.info(path)['events']
        size = os.path.getsize(path) / found
        return {'value': size, 'lost': done.lost + abs(found - done.result['marks']),
                'bytes_per_event': size, 'cpu_s': done.cpu_s}

    def lttngs():
        # a buffer of 128 MiB per CPU: nothing is overwritten
        with bench.lttng.session('snapshot', 128) as session:
            ended = run([bench.program('cost_lttng'), 'varied', events], env=bench.lttng.app_env)
            ended.check()
            session.snapshot()
            size = session.bytes_on_disk() / (events + 1)
            found, _ = bench.tracers.count_with_babeltrace(session.out)
            return {'value': size, 'lost': events + 1 - found, 'bytes_per_event': size,
                    'note': 'CTF'}

    bench.compare('disk', 'varied trade', 'bytes', {'ttlog': ours, 'lttng': lttngs},
                  bench.repeats(3))


def snapshot(bench):
    """a full 64 MiB ring to a durable file, 10 million events/s meanwhile: seconds"""
    rate, times = 10_000_000, bench.scale(5, 2)

    def ours():
        collector = bench.product.start(['-s', str(RING)],
                                        [bench.program('rate'), 'two', 60, rate])
        pid = bench.product.traced_pid(collector, 'rate')
        time.sleep(1)
        seconds, least, sizes = [], None, []
        for _ in range(times):
            taken, path = bench.product.trigger(pid)
            seconds.append(taken)
            events = bench.product.info(path)['events']
            least = min(least or events, events)
            sizes.append(os.path.getsize(path) / events)
            time.sleep(0.3)
        done = bench.product.recorded(bench.product.end(collector, pid))
        line = bench.line('snapshot', 'two', 'ttlog', 's')
        for taken in seconds[1:]:
            line.add(taken)
        return {'value': seconds[0], 'lost': done.lost, 'cpu_s': done.cpu_s,
                'bytes_per_event': max(sizes),
                'note': done.note or f'at least {least} events each, '
                        f'{done.result["events_per_s"]:.3g} events/s'}

    def lttngs():
        with bench.lttng.session('snapshot') as session:
            program = bench.program('rate_lttng')
            # LTTng can't record 10 million/s
            ended = run([program, 'two', 2, 4_000_000], env=bench.lttng.app_env).check()
            taken = session.snapshot()
            return {'value': taken, 'cpu_s': ended.cpu_s,
                    'note': f'{session.bytes_on_disk() >> 20} MiB, nothing logged meanwhile, '
                            f'not waiting for the disk'}

    bench.compare('snapshot', 'two', 's', {'ttlog': ours, 'lttng snapshot': lttngs},
                  bench.repeats(2))


# ---- memory ----

MAPPING = re.compile(r'^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+\s*(.*)$')


def resident_kib(pid):
    """Resident KiB of a process's mappings: {'rings', 'kernel buffers', 'rest'}."""
    sums = {'rings': 0, 'kernel buffers': 0, 'rest': 0}
    kind = 'rest'
    with open(f'/proc/{pid}/smaps') as file:
        for text in file:
            mapping = MAPPING.match(text)
            if mapping:
                path = mapping[1]
                kind = 'rest'
                if 'bpf' in path and path.startswith('anon_inode'):
                    kind = 'kernel buffers'
                elif '/ttlog' in path and path.startswith(('/dev/shm', '/run', '/tmp')):
                    kind = 'rings'
            elif text.startswith('Rss:'):
                sums[kind] += int(text.split()[1])
    return sums


def status_kib(pid, name):
    with open(f'/proc/{pid}/status') as file:
        found = re.search(rf'^{name}:\s*(\d+) kB', file.read(), re.M)
    return int(found[1]) if found else 0


def own_kib(pid):
    """Without the rings' pages, which are shared memory."""
    return status_kib(pid, 'VmRSS') - status_kib(pid, 'RssShmem')


class Peak(threading.Thread):
    """Watches a process's resident size in the background."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.kib, self.over = pid, 0, False

    def run(self):
        while not self.over:
            self.kib = max(self.kib, own_kib(self.pid))
            time.sleep(0.002)

    def stop(self):
        self.over = True
        self.join()
        return self.kib


def memory(bench):
    """the collector's resident memory, one process at 10 million events/s, ring full: MiB"""
    collector = bench.product.start(['-s', str(RING)],
                                    [bench.program('rate'), 'two', 60, 10_000_000])
    pid = bench.product.traced_pid(collector, 'rate')
    time.sleep(1)
    steady = resident_kib(collector.pid)
    peak = Peak(collector.pid)
    peak.start()
    bench.product.trigger(pid)
    rest_peak = peak.stop() - steady['kernel buffers']
    high = status_kib(collector.pid, 'VmHWM')
    done = bench.product.recorded(bench.product.end(collector, pid))
    for name, kib in steady.items():
        bench.line('memory', name, 'ttlog', 'MiB').add(
            kib / 1024, lost=done.lost,
            note='data pages are mapped twice' if name == 'kernel buffers' else '')
    bench.line('memory', 'rest, at the peak of a snapshot', 'ttlog', 'MiB').add(rest_peak / 1024)
    bench.line('memory', 'all, ever (VmHWM)', 'ttlog', 'MiB').add(
        high / 1024, note='shared pages as often as they are mapped')


QUESTIONS = {'flight': flight, 'disk': disk, 'snapshot': snapshot, 'memory': memory}
