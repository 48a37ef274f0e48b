# SPDX-License-Identifier: MIT
"""The cost of a mark: disabled, recorded, with many threads, flushed one by one."""
import json
import os

from .process import run

EVENTS = {'two': 50_000_000, 'trade': 30_000_000}
RECORD_BYTES = {'two': 24, 'trade': 36}


def disabled(bench):
    """a mark while no collector records: ns per mark, the loop's own cost included"""
    iterations = bench.scale(400_000_000, 50_000_000)

    def measure(program, what):
        def once():
            count = iterations // 8 if what == 'sixteen' else iterations
            ended = run([bench.program(program), what, count]).check()
            return {'value': json.loads(ended.out)['ns_per_mark'], 'cpu_s': ended.cpu_s}
        return once

    bench.compare('disabled', 'one mark in a loop', 'ns/mark', {
        'empty loop': measure('disabled', 'empty'),
        'ttlog': measure('disabled', 'one'),
        'lttng': measure('disabled_lttng', 'one'),
    })
    bench.compare('disabled', 'sixteen in a row', 'ns/mark', {
        'ttlog': measure('disabled', 'sixteen'),
        'lttng': measure('disabled_lttng', 'sixteen'),
    })


def ring_bytes(accounts, size=64 << 20):
    """Bytes of a full ring per event in it, with all headers and the unused rest."""
    kept = accounts.recorded - accounts.overwritten
    return size / kept if accounts.overwritten and kept else None


def with_ttlog(bench, what, events, threads=1, options=(), unit='ns'):
    def once():
        done = bench.product.record([bench.program('cost'), what, events, threads], options)
        result = done.result
        value = result['wall_ns_per_event']
        kept = 1 - done.lost / result['marks']
        return {'value': value if unit == 'ns' else kept * 1e9 / value, 'lost': done.lost,
                'cpu_s': done.cpu_s, 'bytes_per_event': ring_bytes(done.accounts),
                'note': done.note}
    return once


def with_lttng(bench, what, events, mode, threads=1, unit='ns'):
    def once():
        result, discarded, cpu_s = bench.lttng.record(mode, 'cost_lttng', [what, events, threads])
        note = f'discarded {discarded} of {result["marks"]}' if discarded else ''
        value = result['wall_ns_per_event']
        return {'value': value if unit == 'ns' else 1e9 / value, 'lost': discarded,
                'cpu_s': cpu_s, 'note': note}
    return once


def with_spdlog(bench, what, events, mode):
    def once():
        log = os.path.join(bench.work, 'spdlog.log')
        ended = run([bench.program('cost_spdlog'), what, events],
                    env={'SPDLOG_FILE': log, 'SPDLOG_MODE': mode}).check()
        result = json.loads(ended.out)
        size = os.path.getsize(log)
        os.unlink(log)
        lost = result['lost']
        return {'value': result['wall_ns_per_event'], 'lost': lost, 'cpu_s': ended.cpu_s,
                'bytes_per_event': size / (result['marks'] - lost),
                'note': f'threw away {lost} of {result["marks"]}' if lost else ''}
    return once


def with_floor(bench, what):
    """The least cost of an event's parts on this machine: bench/floor.c."""
    def once():
        done = bench.product.record([bench.program('floor'), RECORD_BYTES[what]])
        parts = done.result
        return {'value': parts['floor_ns'], 'cpu_s': done.cpu_s,
                'note': f'clock {parts["clock_ns"]:.1f}, a trap {parts["trap_ns"]:.0f}, '
                        f'a byte {parts["copy_ns_per_byte"]:.3f} ns'}
    return once


def with_bpftrace(bench, events):
    def once():
        result, counted, cpu_s = bench.tracers.count_with_bpftrace(events)
        return {'value': result['wall_ns_per_event'], 'lost': result['marks'] - counted,
                'cpu_s': cpu_s, 'note': 'counts only'}
    return once


def with_perf(bench, events):
    def once():
        result, samples, cpu_s, size = bench.tracers.record_with_perf(events)
        lost = result['marks'] - samples
        return {'value': result['wall_ns_per_event'], 'lost': lost, 'cpu_s': cpu_s,
                'bytes_per_event': size / samples,
                'note': f'lost {lost} of {result["marks"]}' if lost else ''}
    return once


def cost(bench):
    """an event that is recorded, one thread: wall ns of the program per event"""
    traced = bench.scale(500_000, 30_000)
    for what, full in EVENTS.items():
        ours = bench.scale(full, 3_000_000)
        lttngs = bench.scale(5_000_000, 500_000)
        logged = bench.scale(1_000_000, 100_000)
        contestants = {
            'ttlog': with_ttlog(bench, what, ours),
            'the floor': with_floor(bench, what),
            'lttng snapshot': with_lttng(bench, what, lttngs, 'snapshot'),
            'lttng snapshot, its own sizes': with_lttng(bench, what, lttngs, 'snapshot-default'),
            'lttng to disk': with_lttng(bench, what, lttngs, 'disk'),
            'spdlog basic': with_spdlog(bench, what, logged, 'basic'),
            'spdlog async, blocks': with_spdlog(bench, what, logged, 'async'),
            'spdlog async, overruns': with_spdlog(bench, what, logged, 'overrun'),
        }
        if what == 'two':
            contestants['bpftrace'] = with_bpftrace(bench, traced)
            contestants['perf record'] = with_perf(bench, traced)
        bench.compare('cost', what, 'ns/event', contestants)


def left_out(bench):
    """a call that TTLOG_PROBE_EVERY (one of a million) or _LIMIT (10/s) leaves out: wall ns of the program"""
    def measure(what, calls):
        def once():
            done = bench.product.record([bench.program('cost'), what, calls])
            return {'value': done.result['wall_ns_per_event'], 'lost': done.accounts.lost, 'cpu_s': done.cpu_s}
        return once

    calls = bench.scale(300_000_000, 30_000_000)
    bench.compare('left_out', 'calls', 'ns/call', {what: measure(what, calls) for what in ('every', 'limit')})


def immediate(bench):
    """--immediate, one flush per event, against bpftrace that counts the same site"""
    events = bench.scale(1_000_000, 100_000)
    bench.compare('immediate', 'two', 'ns/event', {
        'ttlog': with_ttlog(bench, 'two', events, options=['--immediate']),
        'bpftrace': with_bpftrace(bench, events),
    })


def threads(bench):
    """1,024 threads at once, 100,000 events each, against 2: wall ns per event of all"""
    total = 1024 * bench.scale(100_000, 5_000)
    lttngs = total // 5
    bench.compare('threads', 'two', 'ns/event', {
        'ttlog, 2 threads': with_ttlog(bench, 'two', total // 2, 2),
        'ttlog, 1024 threads': with_ttlog(bench, 'two', total // 1024, 1024),
        'lttng, 2 threads': with_lttng(bench, 'two', lttngs // 2, 'snapshot', 2),
        'lttng, 1024 threads': with_lttng(bench, 'two', lttngs // 1024, 'snapshot', 1024),
    })


QUESTIONS = {'disabled': disabled, 'cost': cost, 'left_out': left_out, 'immediate': immediate, 'threads': threads}
