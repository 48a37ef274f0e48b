# SPDX-License-Identifier: MIT
"""Probes that are not ours: what a hit costs the program, beside others who record the same probe."""
import json
import os
import re

from .process import Unavailable, run
from .tracers import Tracers

PROBES = {
    'probe': ('a USDT probe with two integers', ('--usdt', 'bench_foreign:two(a:u64,b:u64)'),
              'usdt:{path}:bench_foreign:two', 'arg0, arg1', '%d %d'),
    'text': ('a USDT probe with a text of 40 bytes', ('--usdt', 'bench_foreign:text(text:str)'),
             'usdt:{path}:bench_foreign:text', 'str(arg0)', '%s'),
    'call': ('a call of a function', ('--uprobe', 'foreign:foreign__work(i:u64)'),
             'uprobe:{path}:foreign__work', 'arg0', '%d'),
}
PERF_EVENT = {'probe': 'sdt_bench_foreign:two', 'text': 'sdt_bench_foreign:text'}


def command(bench, kind):
    return [bench.program('foreign'), kind, bench.scale(200_000, 20_000)]


def alone(bench, kind):
    def once():
        return {'value': json.loads(run(command(bench, kind)).check().out)['wall_ns_per_event']}
    return once


def with_ttlog(bench, kind, options):
    def once():
        done = bench.product.record(command(bench, kind), options)
        lost = done.result['marks'] - done.accounts.recorded
        return {'value': done.result['wall_ns_per_event'], 'lost': lost, 'cpu_s': done.cpu_s,
                'note': done.note}
    return once


def with_bpftrace(bench, kind, script):
    def once():
        Tracers.need('bpftrace')
        argv = command(bench, kind)
        ended = run(['bpftrace', '-e', script, '-c', ' '.join(map(str, argv))],
                    env={'BPFTRACE_MAX_BPF_PROGS': '512'})
        result = re.search(r'^\{.*\}$', ended.out, re.M)
        if not result:
            raise Unavailable(f'bpftrace: {(ended.err.strip() or ended.out.strip())[-160:]}')
        result = json.loads(result[0])
        counted = re.search(r'^@: (\d+)$', ended.out, re.M)
        seen = int(counted[1]) if counted else ended.out.count('hit ')
        lost = result['marks'] - seen
        return {'value': result['wall_ns_per_event'], 'lost': lost, 'cpu_s': ended.cpu_s,
                'note': f'lost {lost} of {result["marks"]}' if lost else ''}
    return once


def with_perf(bench, kind):
    def once():
        Tracers.need('perf')
        perf_dir = bench.fresh_dir('perf')
        perf, event = ['perf', '--buildid-dir', perf_dir], PERF_EVENT[kind]
        run(['perf', 'probe', '--del', event])  # of an earlier run
        for argv in ([*perf, 'buildid-cache', '--add', bench.program('foreign')],
                     [*perf, 'probe', '--add', event]):
            ended = run(argv)
            if ended.status:
                raise Unavailable(f'{" ".join(argv[3:5])}: {ended.err.strip()[-200:]}')
        data = os.path.join(perf_dir, 'perf.data')
        ended = run(['perf', 'record', '-q', '-N', '-e', event, '-o', data, '--', *command(bench, kind)])
        run(['perf', 'probe', '--del', event])
        result = re.search(r'^\{.*\}$', ended.out, re.M)
        if not result:
            raise Unavailable(f'perf record: {ended.err.strip()[-200:]}')
        result = json.loads(result[0])
        found = re.search(r'SAMPLE events:\s*(\d+)', run(['perf', 'report', '--stats', '-i', data]).out)
        lost = result['marks'] - (int(found[1]) if found else 0)
        return {'value': result['wall_ns_per_event'], 'lost': lost, 'cpu_s': ended.cpu_s,
                'note': f'lost {lost} of {result["marks"]}' if lost else ''}
    return once


def foreign(bench):
    """a hit of a probe that is not ours: wall ns of the program, beside bpftrace and perf"""
    for kind, (what, options, place, values, form) in PROBES.items():
        place = place.format(path=bench.program('foreign'))
        contestants = {
            'nobody records': alone(bench, kind),
            'bpftrace count': with_bpftrace(bench, kind, f'{place} {{ @ = count(); }}'),
            'ttlog': with_ttlog(bench, kind, options),
            'bpftrace printf': with_bpftrace(
                bench, kind, f'{place} {{ printf("hit {form}\\n", {values}); }}'),
        }
        if kind in PERF_EVENT:
            contestants['perf record'] = with_perf(bench, kind)
        bench.compare('foreign', what, 'ns', contestants, bench.repeats(5))


QUESTIONS = {'foreign': foreign}
