# SPDX-License-Identifier: MIT
"""How much can be recorded, and the cost for a program that logs a little."""
import time

from .process import Process, cpu_seconds_of
from .q_cost import ring_bytes, with_lttng, with_ttlog


def throughput(bench):
    """events/s recorded, none lost: one producer, 16 threads, as fast as they can"""
    total = bench.scale(200_000_000, 10_000_000)
    for what, count in (('two', total), ('trade', total // 2)):
        for threads in bench.scale((1, 16), (1,) if what == 'trade' else (1, 16)):
            name = f'{what}, {threads} thread{"s" if threads > 1 else ""}'
            bench.compare('throughput', name, 'events/s', {
                'ttlog': with_ttlog(bench, what, count // threads, threads, unit='rate'),
                'lttng snapshot': with_lttng(bench, what, count // 20 // threads, 'snapshot',
                                             threads, unit='rate'),
            }, bench.repeats(5))


def readable(bench):
    """every event counted as recorded is in the snapshot at the end or was overwritten"""
    def once():
        done = bench.product.record([bench.program('cost'), 'two', bench.scale(20_000_000,
                                                                               4_000_000)],
                                    ['--on', 'exit'])
        path = done.accounts.files[-1]
        info = bench.product.info(path)
        missing = done.accounts.recorded - done.accounts.overwritten - info['events']
        return {'value': info['events'], 'lost': done.lost + abs(missing), 'cpu_s': done.cpu_s,
                'bytes_per_event': ring_bytes(done.accounts),
                'note': f'{missing} neither in the snapshot nor overwritten' if missing else
                        f'and {done.accounts.overwritten} overwritten: all of '
                        f'{done.result["marks"]}'}
    bench.compare('readable', 'two', 'events', {'ttlog': once}, 1)


def cold(bench):
    """trade events as fast as possible into new rings, none lost: events/s"""
    def into(size, events):
        def once():
            done = bench.product.record([bench.program('cost'), 'trade', events], ['-s', size])
            return {'value': 1e9 / done.result['wall_ns_per_event'], 'lost': done.lost,
                    'cpu_s': done.cpu_s, 'note': done.note}
        return once

    # all rings but the smallest are filled at most once: every byte is new
    for size, events in (('64M', 10_000_000), ('1G', 10_000_000),
                         ('4G', bench.scale(50_000_000, 10_000_000))):
        bench.compare('cold', f'trade, -s {size}', 'events/s', {'ttlog': into(size, events)},
                      bench.repeats(3))


def sustained(bench):
    """five-field events/s for 10 s, none lost"""
    seconds = bench.scale(10, 2)

    def ours(threads):
        def once():
            done = bench.product.record([bench.program('rate'), 'trade', seconds, 0, threads])
            kept = 1 - done.lost / done.result['marks']
            return {'value': kept * done.result['events_per_s'], 'lost': done.lost,
                    'cpu_s': done.cpu_s, 'bytes_per_event': ring_bytes(done.accounts),
                    'note': done.note}
        return once

    def lttngs():
        result, lost, cpu_s = bench.lttng.record('snapshot', 'rate_lttng', ['trade', seconds])
        return {'value': result['events_per_s'], 'lost': lost, 'cpu_s': cpu_s}

    bench.compare('sustained', 'trade, 1 thread', 'events/s',
                  {'ttlog': ours(1), 'lttng snapshot': lttngs}, bench.repeats(3))
    if not bench.quick:
        bench.compare('sustained', 'trade, 2 threads', 'events/s', {'ttlog': ours(2)}, 1)


def percent_between(pids, seconds):
    """CPU use of each process over the next seconds, in percent of one core."""
    begin, before = time.monotonic(), [cpu_seconds_of(pid) for pid in pids]
    time.sleep(seconds)
    passed = time.monotonic() - begin
    return [100 * (cpu_seconds_of(pid) - was) / passed for pid, was in zip(pids, before)]


def light(bench):
    """CPU of a program that logs 100,000 events/s, and of the collector: % of one core"""
    seconds = bench.scale(6, 1)
    command = [bench.program('rate'), 'trade', seconds + 60, 100_000]

    def alone():
        program = Process(command)
        time.sleep(0.5)
        percent = percent_between([program.pid], seconds)[0]
        program.signal()
        program.wait(20).check()
        return {'value': percent}

    def recorded():
        collector = bench.product.start([], command)
        pid = bench.product.traced_pid(collector, 'rate')
        time.sleep(0.5)
        percents = percent_between([pid, collector.pid], seconds)
        done = bench.product.recorded(bench.product.end(collector, pid))
        bench.line('light', 'the collector', 'ttlog', '% of a core').add(percents[1])
        return {'value': percents[0], 'lost': done.lost, 'note': done.note}

    def with_lttng_on():
        with bench.lttng.session('snapshot') as session:
            program = Process([bench.program('rate_lttng'), *command[1:]],
                              env=bench.lttng.app_env)
            time.sleep(1)
            percent = percent_between([program.pid], seconds)[0]
            program.signal()
            program.wait(20).check()
            return {'value': percent, 'lost': session.stop()}

    bench.compare('light', 'the program', '% of a core', {
        'nobody records': alone, 'ttlog': recorded, 'lttng snapshot': with_lttng_on,
    }, bench.repeats(3))


def watch(bench):
    """CPU of the collector with and without a watch that nothing matches, 5 million events/s"""
    seconds = bench.scale(4, 1)

    def with_options(what, *options):
        command = [bench.program('rate'), what, seconds + 60, 5_000_000]

        def once():
            collector = bench.product.start(options, command)
            pid = bench.product.traced_pid(collector, 'rate')
            # until the ring is full for the first time: then its memory is new
            time.sleep(1)
            percent = percent_between([collector.pid], seconds)[0]
            done = bench.product.recorded(bench.product.end(collector, pid))
            return {'value': percent, 'lost': done.lost, 'note': done.note}
        return once

    for what in ('two', 'trade'):
        bench.compare('watch', what, '% of a core', {
            'ttlog': with_options(what),
            'ttlog, event:level>=ERROR': with_options(what, '--on', 'event:level>=ERROR', '--delay', '2s'),
            'ttlog, event:a=1 or quantity=-1': with_options(what, '--on', 'event:a=1 or quantity=-1'),
        }, bench.repeats(9))


QUESTIONS = {'throughput': throughput, 'readable': readable, 'cold': cold, 'sustained': sustained,
             'light': light, 'watch': watch}
