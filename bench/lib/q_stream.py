# SPDX-License-Identifier: MIT
"""Streams: how much goes to segments without loss, when it is on disk, and reading it back."""
import glob
import json
import os
import re
import subprocess
import time

from .process import Failed, run

PROFILES = {
    'ttlog, balanced, --sync segment': ['--sync', 'segment'],
    'ttlog, latency': ['--profile', 'latency'],
    'ttlog, balanced': ['--profile', 'balanced'],
    'ttlog, throughput': ['--profile', 'throughput'],
    'ttlog, durable': ['--profile', 'durable'],
}
# At a million events/s: a segment of the default size would take a minute.
AGED_RATE = 1_000_000
AGED = {
    'ttlog, latency': ['--profile', 'latency'],
    'ttlog, balanced': ['--profile', 'balanced'],
    'ttlog, throughput, --segment-age 1s': ['--profile', 'throughput', '--segment-age', '1s'],
    'ttlog, durable': ['--profile', 'durable'],
}
DURABLE = re.compile(rb'"durable_mono_ns":(\d+)')
# Of what arrives while the program takes all the CPU that it gets: rates to try, until nothing is lost.
SHARES = (1.6, 1.3, 1, 0.8, 0.6, 0.4)
WHERE = {'p50': 0.5, 'p99': 0.99, 'p99.9': 0.999}


def segments(directory):
    return sorted(glob.glob(os.path.join(directory, '*-stream.bin')))


class Streamed:
    """A program that was streamed: what arrived, and what did not."""

    def __init__(self, bench, options, *args):
        self.out = bench.fresh_dir('stream')
        self.bench = bench
        self.collector = bench.product.start(['--stream', *options, '-o', self.out],
                                             [bench.program('rate'), *args])

    def end(self):
        done = self.bench.product.recorded(self.collector.wait(120))
        infos = [self.bench.product.info(path) for path in segments(self.out)]
        if not infos:
            raise Failed(f'no segment in {self.out}')
        self.marks, self.seconds = done.result['marks'], done.result['seconds']
        self.arrived = sum(info['events'] for info in infos)
        self.lost = self.marks - self.arrived
        self.cpu_s = done.cpu_s
        self.bytes = sum(os.path.getsize(path) for path in segments(self.out))
        return self

    def figures(self):
        return {'value': self.arrived / self.seconds, 'lost': self.lost, 'cpu_s': self.cpu_s,
                'bytes_per_event': self.bytes / max(self.arrived, 1)}


def clean(streamed):
    for path in glob.glob(os.path.join(streamed.out, '*')):
        os.unlink(path)


def fastest(bench, options, what):
    """The highest of some rates at which nothing is missed."""
    seconds = bench.scale(2, 1)

    def once():
        flood = Streamed(bench, options, what, seconds, 0).end()
        clean(flood)
        tried = flood
        for share in SHARES if flood.lost else ():
            tried = Streamed(bench, options, what, seconds,
                             int(share * flood.arrived / flood.seconds)).end()
            clean(tried)
            if not tried.lost:
                break
        return {**tried.figures(), 'note': f'as fast as it can: {flood.arrived / flood.seconds / 1e6:.2f} million/s '
                                           f'arrive, {100 * flood.lost / flood.marks:.0f} % do not'}
    return once


def ages(samples, begin_ns, end_ns):
    """How old events were when they were durable, sorted: one for each ms in which some were logged.
    samples: (moment, durable up to) in time."""
    result = []
    at_ns = begin_ns
    for now_ns, durable_ns in samples:
        while at_ns < min(durable_ns, end_ns):
            result.append(now_ns - at_ns)
            at_ns += 1_000_000
    return sorted(result)


def sample_durable(bench, pid, until):
    """(moment, durable up to), as often as ttlog-ctl tells."""
    samples = []
    while time.monotonic() < until:
        asked = subprocess.run([os.path.join(bench.build, 'ttlog-ctl'), '--format', 'json', 'status', '-p', str(pid)],
                               stdin=subprocess.DEVNULL, capture_output=True, check=False).stdout
        found = DURABLE.search(asked)
        if found:
            samples.append((time.monotonic_ns(), int(found[1])))
        time.sleep(0.002)
    return samples


def durable_ages(bench, name, options, what):
    """Adds a line for each percentile."""
    seconds = bench.scale(5, 3)
    streamed = Streamed(bench, options, what, seconds, AGED_RATE)
    pid = bench.product.traced_pid(streamed.collector, 'rate')
    samples = sample_durable(bench, pid, time.monotonic() + seconds)
    streamed.end()
    clean(streamed)
    # at first, all memory is new
    sorted_ages = ages(samples, samples[0][0] + 500_000_000, samples[-1][1]) if samples else []
    if not sorted_ages:
        raise Failed(f'{name}: nothing was durable before the end')
    for which, share in WHERE.items():
        bench.line('stream', f'age when durable, {which}', name, 'ms').add(
            sorted_ages[int(share * (len(sorted_ages) - 1))] / 1e6, lost=streamed.lost)


def read_back(bench):
    """A directory of segments: events/s of one core, and a range of time without the rest."""
    seconds, rate = bench.scale(10, 3), 1_000_000
    streamed = Streamed(bench, ['--segment-size', '4M', '-s', '1G'], 'varied', seconds, rate).end()
    view, out, events = bench.product.view, streamed.out, streamed.arrived
    first = json.loads(run([view, out, '--format', 'json', '--head', '1']).check().out)['ts']
    last = json.loads(run([view, out, '--format', 'json', '--limit', '1']).check().out)['ts']

    def whole(*argv):
        def once():
            ended = run([view, out, *argv]).check()
            return {'value': events / max(ended.cpu_s, 1e-9), 'cpu_s': ended.cpu_s,
                    'note': f'{events} events in {len(segments(out))} segments'}
        return once

    counted = sum(json.loads(text)['events'] for text in
                  run([view, out, '--stats', '--format', 'json']).check().out.splitlines())
    if counted != events:
        bench.complain('stream', f'--stats counts {counted} of {events} events')
    bench.compare('stream', 'read', 'events/s', {
        'ttlog --stats': whole('--stats'),
        'ttlog --sql count(*)': whole('--sql', 'SELECT count(*) FROM events')})

    def a_range():
        begin, end = part_of(first, last, 0.5), part_of(first, last, 0.51)
        ended = run([view, out, '--stats', '--since', begin, '--until', end]).check()
        return {'value': ended.cpu_s, 'cpu_s': ended.cpu_s,
                'note': f'a hundredth of the time, in the middle of {events} events'}
    bench.compare('stream', 'a range of time', 's', {'ttlog --stats': a_range})


def part_of(first, last, share):
    """The time of that share between two times."""
    def nanoseconds(text):
        second, _, rest = text.rstrip('Z').partition('.')
        return int(time.mktime(time.strptime(second, '%Y-%m-%dT%H:%M:%S')) - time.timezone) * 10**9 + int(rest)

    at_ns = nanoseconds(first) + int(share * (nanoseconds(last) - nanoseconds(first)))
    return time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(at_ns // 10**9)) + f'.{at_ns % 10**9:09}Z'


def stream(bench):
    """events/s to segments without loss, the age of an event when it is on disk, and reading back"""
    bench.compare('stream', 'two, no loss', 'events/s', {
        name: fastest(bench, options, 'two') for name, options in PROFILES.items()}, bench.repeats(2))
    bench.compare('stream', 'varied trade, no loss', 'events/s', {
        name: fastest(bench, options, 'varied') for name, options in list(PROFILES.items())[:1]}, bench.repeats(2))
    for _ in range(bench.repeats(2)):
        for name, options in AGED.items():
            durable_ages(bench, name, options, 'two')
    read_back(bench)


QUESTIONS = {'stream': stream}
