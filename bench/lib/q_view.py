# SPDX-License-Identifier: MIT
"""How fast snapshots are read."""
import json
import os
import subprocess

from .process import Failed, Unavailable, run

NOISY = 'latency_us<10'  # mark.h: even over 0 to 9999, so it keeps 0.1%


def rate(events, ended):
    """Events per second of CPU time, that is of one core."""
    return {'value': events / max(ended.cpu_s, 1e-9), 'cpu_s': ended.cpu_s}


def run_to_null(argv):
    """With output to /dev/null."""
    with open(os.devnull, 'w') as null:
        begin = os.times()
        done = subprocess.run([str(arg) for arg in argv], stdout=null, stderr=subprocess.PIPE,
                              text=True, timeout=300, check=False)
        end = os.times()
    if done.returncode:
        raise Failed(f'{" ".join(map(str, argv))}: status {done.returncode}: {done.stderr[-300:]}')

    class Used:
        cpu_s = end.children_user + end.children_system - begin.children_user \
            - begin.children_system
    return Used


def view_ttlog(bench, path, marks):
    """The lines of ttlog-view; the output of each is checked once."""
    view = bench.product.view
    stats = run([view, path, '--stats', '--format', 'json']).check().out
    counted = sum(json.loads(text)['events'] for text in stats.splitlines())
    if counted != marks:
        bench.complain('view', f'--stats counts {counted} of {marks} events')
    kept = len(run([view, path, '--filter', NOISY, '--format', 'json']).check().out.splitlines())
    return {
        'stats': lambda: rate(marks, run([view, path, '--stats']).check()),
        'groups': lambda: rate(marks, run([view, path, '--stats', '--group-by',
                                           'symbol,side']).check()),
        'filter': lambda: {**rate(marks, run([view, path, '--filter', NOISY]).check()),
                           'note': f'keeps {100 * kept / marks:.3f} %'},
        'json': lambda: rate(marks, run_to_null([view, path, '--format', 'json'])),
        'text': lambda: rate(marks, run_to_null([view, path])),
    }


def view_babeltrace(bench, trace, marks):
    def count():
        found, ended = bench.tracers.count_with_babeltrace(trace)
        return {**rate(found, ended), 'lost': marks - found}

    def text():
        bench.tracers.need('babeltrace2')
        return rate(marks, run_to_null(['babeltrace2', trace]))

    return count, text


def view(bench):
    """reading the same events back: events/s of one core"""
    events = bench.scale(1_500_000, 300_000)
    done = bench.product.record([bench.program('cost'), 'varied', events],
                                ['--on', 'exit', '-o', bench.fresh_dir('view')])
    ours = view_ttlog(bench, done.accounts.files[-1], done.result['marks'])
    marks = done.result['marks']

    def ask_all(count, text):
        # all recorders of one name read the same events
        bench.compare('view', 'count', 'events/s', {
            'ttlog --stats': ours['stats'], 'ttlog --stats by two fields': ours['groups'],
            'babeltrace2 counter': count})
        bench.compare('view', 'a filter that keeps 0.1%', 'events/s', {'ttlog': ours['filter']})
        bench.compare('view', 'print', 'events/s', {
            'ttlog json': ours['json'], 'ttlog text': ours['text'], 'babeltrace2 text': text},
            bench.repeats(3))

    try:
        if bench.args.no_peers:
            raise Unavailable('--no-peers')
        with bench.lttng.session('snapshot', 128) as session:
            run([bench.program('cost_lttng'), 'varied', events], env=bench.lttng.app_env).check()
            session.snapshot()
            ask_all(*view_babeltrace(bench, session.out, marks))
    except Unavailable as error:
        def can_not():
            raise Unavailable(str(error))
        ask_all(can_not, can_not)


GROUPS = {
    'ttlog by site': [],
    'ttlog by level': ['--group-by', 'level'],
    'ttlog by two fields, 16 groups': ['--group-by', 'symbol,side'],
    'ttlog by a field, 10,000 groups': ['--group-by', 'latency_us'],
}


def stats(bench):
    """--stats of three numeric fields: events/s of one core, all groups printed"""
    events = bench.scale(10_000_000, 1_000_000)
    done = bench.product.record([bench.program('cost'), 'varied', events],
                                ['--on', 'exit', '-s', '512M', '-b', '512M',
                                 '-o', bench.fresh_dir('stats')])
    path, recorded = done.accounts.files[-1], done.accounts.recorded

    def ask(keys):
        argv = [bench.product.view, path, '--stats', *keys]
        told = [json.loads(text) for text in
                run([*argv, '--format', 'json']).check().out.splitlines()]
        counted = sum(group['events'] for group in told)
        without = sum(field['p50'] is None for group in told for field in group['fields'].values())
        if counted != recorded or without:
            bench.complain('stats', f'{keys}: {counted} of {recorded} events, '
                                    f'{without} fields without percentiles')
        return lambda: {**rate(recorded, run_to_null(argv)), 'note': f'{len(told)} groups'}

    bench.compare('stats', 'figures', 'events/s', {who: ask(keys) for who, keys in GROUPS.items()})


QUESTIONS = {'view': view, 'stats': stats}
