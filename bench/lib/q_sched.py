# SPDX-License-Identifier: MIT
"""What --sched costs each switch of threads."""
import json

from .process import Failed, run
from .q_attach import Attached


def sched(bench):
    """ns per switch of threads (with the byte through a pipe that causes it), with and without --sched"""
    command = [bench.program('switches'), bench.scale(300_000, 50_000)]

    def alone():
        return {'value': json.loads(run(command).check().out)['switch_ns']}

    def beside(*options):
        """Another program is recorded."""
        def once():
            attached = Attached(bench, [*options, '-e', bench.program('idle')])
            try:
                while 'recording ' not in attached.text:
                    if not attached.read(60):
                        raise Failed(f'the collector ended: {attached.text[-300:]}')
                return alone()
            finally:
                attached.process.signal()
                attached.finish()[1].check()
        return once

    def recorded(*options):
        def once():
            done = bench.product.record(command, options)
            return {'value': done.result['switch_ns'], 'lost': done.lost, 'note': done.note}
        return once

    bench.compare('sched', 'threads that are not recorded', 'ns', {
        'nobody records': alone, 'ttlog': beside(), 'ttlog --sched': beside('--sched'),
    }, bench.repeats(5))
    bench.compare('sched', 'recorded threads', 'ns', {
        'ttlog': recorded(), 'ttlog --sched': recorded('--sched'),
        'ttlog --sched=1ns, each wait an event': recorded('--sched=1ns'),
    }, bench.repeats(5))


QUESTIONS = {'sched': sched}
