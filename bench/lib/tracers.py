# SPDX-License-Identifier: MIT
"""bpftrace and perf on the same USDT site, and babeltrace2."""
import json
import os
import re
import shutil

from .process import Unavailable, run

PERF_EVENT = 'sdt_bench:two_integers'


class Tracers:
    def __init__(self, bench):
        self.bench = bench
        self.perf_dir = None
        self.perf_why_not = None

    @staticmethod
    def need(command):
        if not shutil.which(command):
            raise Unavailable(f'{command} is not installed')

    def count_with_bpftrace(self, events):
        """
        Runs cost under bpftrace, which counts: (JSON of cost, count, CPU seconds of both). Without
        CAP_SYS_RESOURCE bpftrace says that it can't raise RLIMIT_MEMLOCK, and goes on: since Linux
        5.11 BPF memory does not count there.
        """
        self.need('bpftrace')
        cost = self.bench.program('cost')
        ended = run(['bpftrace', '-e', f'usdt:{cost}:bench:two_integers {{ @ = count(); }}',
                     '-c', f'{cost} two {events}'])
        result = re.search(r'^\{.*\}$', ended.out, re.M)
        counted = re.search(r'^@: (\d+)$', ended.out, re.M)
        if not result or not counted:
            said = (ended.err.strip() or ended.out.strip())[-160:]
            raise Unavailable(f'bpftrace: {said}')
        return self.check_seen('bpftrace', json.loads(result[0]), int(counted[1])), \
            int(counted[1]), ended.cpu_s

    @staticmethod
    def check_seen(who, result, seen):
        if not seen:
            raise Unavailable(
                f'{who} attached, but did not see one of {result["marks"]} events: it did not '
                f'raise the site\'s semaphore')
        return result

    def make_perf_event(self):
        if self.perf_why_not:
            raise Unavailable(self.perf_why_not)
        if self.perf_dir:
            return
        self.need('perf')
        self.perf_dir = self.bench.fresh_dir('perf')
        cost = self.bench.program('cost')
        perf = ['perf', '--buildid-dir', self.perf_dir]
        run(['perf', 'probe', '--del', PERF_EVENT])  # of an earlier run
        for argv in ([*perf, 'buildid-cache', '--add', cost],
                     [*perf, 'probe', '--add', PERF_EVENT]):
            ended = run(argv)
            if ended.status:
                self.perf_why_not = f'{" ".join(argv[3:5])}: {ended.err.strip()[-200:]}'
                raise Unavailable(self.perf_why_not)

    def record_with_perf(self, events):
        """perf record: (JSON, samples in the file, CPU seconds, bytes of the file)."""
        self.make_perf_event()
        data = os.path.join(self.perf_dir, 'perf.data')
        ended = run(['perf', 'record', '-q', '-N', '-e', PERF_EVENT, '-o', data, '--',
                     self.bench.program('cost'), 'two', events])
        result = re.search(r'^\{.*\}$', ended.out, re.M)
        if not result:
            raise Unavailable(f'perf record: {ended.err.strip()[-200:]}')
        stats = run(['perf', 'report', '--stats', '-i', data]).out
        found = re.search(r'SAMPLE events:\s*(\d+)', stats)
        samples = int(found[1]) if found else 0
        return self.check_seen('perf', json.loads(result[0]), samples), samples, ended.cpu_s, \
            os.path.getsize(data)

    def clean(self):
        if self.perf_dir:
            run(['perf', 'probe', '--del', PERF_EVENT])

    def babeltrace(self, trace, *args):
        self.need('babeltrace2')
        return run(['babeltrace2', trace, *args], timeout=300).check()

    def count_with_babeltrace(self, trace):
        """(events, Ended)"""
        ended = self.babeltrace(trace, '-c', 'sink.utils.counter', '-p', 'step=+0')
        found = re.findall(r'(\d+) Event messages', ended.out)
        return int(found[-1]) if found else 0, ended
