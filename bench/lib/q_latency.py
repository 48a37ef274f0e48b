# SPDX-License-Identifier: MIT
"""How long one event takes by itself."""
import json
import os

from .process import run

PERCENTILES = ('p50', 'p90', 'p99', 'p99.9', 'p99.99', 'max')


def with_ttlog(bench, what, events, gap):
    def once():
        done = bench.product.record([bench.program('latency'), what, events, gap])
        return done.result, done.lost, done.cpu_s
    return once


def with_lttng(bench, what, events, gap):
    def once():
        return bench.lttng.record('snapshot', 'latency_lttng', [what, events, gap])
    return once


def with_spdlog(bench, what, events, gap):
    def once():
        log = os.path.join(bench.work, 'spdlog.log')
        ended = run([bench.program('latency_spdlog'), what, events, gap],
                    env={'SPDLOG_FILE': log, 'SPDLOG_MODE': 'basic'}).check()
        os.unlink(log)
        return json.loads(ended.out), 0, ended.cpu_s
    return once


def spread(bench, question, what, who, measure):
    """One run gives one line per percentile; `compare` gets the median."""
    def once():
        result, lost, cpu_s = measure()
        for name in PERCENTILES:
            note = f'with the clock {result["raw"][name]:.1f}'
            if name != 'p50':
                bench.line(question, f'{what} {name}', who, 'ns').add(
                    result['net'][name], lost=lost, note=note)
        for name in ('p50', 'p99'):
            bench.line(question, f'the clock itself {name}', who, 'ns').add(result['clock'][name])
        return {'value': result['net']['p50'], 'lost': lost, 'cpu_s': cpu_s,
                'note': f'with the clock {result["raw"]["p50"]:.1f}'}
    return once


def latency(bench):
    """one event's time less the clock's median, with flushes: ns at percentiles"""
    ours = bench.scale(10_000_000, 500_000)
    theirs = bench.scale(2_000_000, 100_000)
    for what in ('two', 'trade'):
        for gap in bench.scale((0, 1000), (0,)):
            count = (ours if not gap else ours // 5, theirs if not gap else theirs // 2)
            name = what if not gap else f'{what}, 1 us apart'
            contestants = {'ttlog': with_ttlog(bench, what, count[0], gap),
                           'lttng snapshot': with_lttng(bench, what, count[1], gap)}
            if not gap:
                contestants['spdlog basic'] = with_spdlog(bench, what, count[1] // 4, gap)
            bench.compare('latency', f'{name} p50', 'ns', {
                who: spread(bench, 'latency', name, who, measure)
                for who, measure in contestants.items()}, bench.repeats(5))


QUESTIONS = {'latency': latency}
