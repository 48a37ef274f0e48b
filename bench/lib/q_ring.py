# SPDX-License-Identifier: MIT
"""The flight ring by itself, in one process: no kernel, no other process."""
import json

from . import machine
from .process import run

SIDES = ((1, 1), (2, 2), (4, 4), (8, 8), (8, 4), (4, 8))
OTHER_MAPPINGS = 1000  # the program's own; each ring is one
KIB_PER_RING = 24  # with room: two entries of 4 KiB, the head's page, page tables


def rings(bench):
    """operations of producers and consumers (one ring per producer), 100,000 rings, memory MB/s"""
    seconds = bench.scale(1, 0.3)
    program = bench.program('rings')

    def ask(*args):
        ended = run([program, *args]).check()
        return json.loads(ended.out), ended

    def operations(producers, consumers):
        def once():
            result, ended = ask('ops', producers, consumers, seconds)
            bench.line('rings', f'{producers}P/{consumers}C read', 'ttlog', 'entries/s').add(
                result['read_per_s'])
            return {'value': result['written_per_s'], 'cpu_s': ended.cpu_s,
                    'note': 'one ring a producer, 44 bytes an entry'}
        return once

    for producers, consumers in SIDES:
        bench.compare('rings', f'{producers}P/{consumers}C written', 'entries/s',
                      {'ttlog': operations(producers, consumers)}, bench.repeats(3))

    def many():
        count = min(bench.scale(100_000, 10_000),
                    machine.mem_kib('MemAvailable') // KIB_PER_RING // 2)
        with machine.mappings(count + OTHER_MAPPINGS) as allowed:
            count = min(count, allowed - OTHER_MAPPINGS)
            result, ended = ask('many', count)
        note = (f'{count} rings of 512 KiB at once, {result["kib_per_ring"]:.0f} KiB each touched: '
                f'new {result["new_ns"]:.0f}, first write {result["first_write_ns"]:.0f}, '
                f'second {result["second_write_ns"]:.0f}, free {result["free_ns"]:.0f} ns')
        return {'value': result['rings_per_s'], 'cpu_s': ended.cpu_s, 'note': note}

    bench.compare('rings', 'many', 'rings/s', {'ttlog': many}, bench.repeats(3))

    def memory():
        result, ended = ask('memory', seconds * 3)
        bench.line('rings', 'memory, copies', 'ttlog', 'MB/s').add(result['copy_mb_per_s'])
        bench.line('rings', 'memory, the floor', 'memcpy', 'MB/s').add(result['memcpy_mb_per_s'])
        return {'value': result['write_mb_per_s'], 'cpu_s': ended.cpu_s}

    bench.compare('rings', 'memory, writes', 'MB/s', {'ttlog': memory}, bench.repeats(3))


QUESTIONS = {'rings': rings}
