# SPDX-License-Identifier: MIT
"""How soon: an event at a follower, an event that triggers, a crash on disk, a program's sites off without a
collector."""
import calendar
import json
import os
import re
import subprocess
import time

from .process import Failed, Unavailable, run
from .q_attach import Attached


def built(bench, name):
    """A program that the tests use too."""
    path = os.path.join(bench.build, name)
    if not os.path.exists(path):
        raise Unavailable(f'{path} was not built')
    return path


def start(argv, ready):
    program = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if program.stdout.readline() != ready:
        program.kill()
        raise Failed(f'{" ".join(argv)} did not start')
    return program


def end(program):
    program.stdin.close()
    program.stdout.close()
    program.wait(60)


def say(program):
    program.stdin.write(b'\n')
    program.stdin.flush()


def ages_of_beats(viewer, beat, count):
    """How old, in ms, each event is when its line comes from ttlog-view."""
    ages = []
    while len(ages) < count:
        say(beat)
        line = viewer.stdout.readline()
        came_ns = time.monotonic_ns()
        if not line:
            raise Failed('ttlog-view --follow ended')
        ages.append((came_ns - json.loads(line)['fields']['at_ns']) / 1e6)
    return ages


def follow(bench):
    """the age of an event when ttlog-view --follow prints it; its thread fills no batch: ms"""
    path = built(bench, 'apps/beat')
    count = bench.scale(100, 10)

    def once():
        beat = start([path, '20'], b'ready\n')
        collector = Attached(bench, ['-p', str(beat.pid)])
        collector.wait_recording(1)
        viewer = subprocess.Popen([bench.product.view, '--follow', '--format', 'json', '--filter',
                                   f'pid={beat.pid} and probe=beat'],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            viewer.stderr.readline()  # it follows
            ages = sorted(ages_of_beats(viewer, beat, count))
        finally:
            viewer.terminate()
            viewer.communicate(timeout=60)
            end(beat)
            collector.finish()
        bench.line('follow', 'oldest', 'ttlog', 'ms').add(ages[-1])
        return {'value': ages[len(ages) // 2]}

    bench.compare('follow', 'median', 'ms', {'ttlog': once})


def wait_for_files(directory, count, timeout=60):
    until = time.monotonic() + timeout
    while len([name for name in os.listdir(directory) if name.endswith('.bin')]) < count:
        if time.monotonic() > until:
            raise Failed(f'{directory} has not got {count} snapshots')
        time.sleep(0.002)


def nanoseconds(timestamp):
    """Of a time such as 2026-11-21T15:30:21.357457254Z."""
    second, fraction = timestamp.rstrip('Z').split('.')
    return calendar.timegm(time.strptime(second, '%Y-%m-%dT%H:%M:%S')) * 1_000_000_000 + int(fraction.ljust(9, '0'))


def alarm(bench):
    """from an event, after which its thread sleeps, to the snapshot that --on event: makes of it: ms"""
    path = built(bench, 'apps/beat')
    count = bench.scale(50, 5)

    def once():
        beat = start([path, '20'], b'ready\n')
        directory = bench.fresh_dir('alarm')
        collector = Attached(bench, ['-o', directory, '--on', 'event:probe=beat', '-p', str(beat.pid)])
        try:
            collector.wait_recording(1)
            for number in range(1, count + 1):
                say(beat)
                wait_for_files(directory, number)
        finally:
            end(beat)
            (accounts,), _ = collector.finish()
        infos = map(bench.product.info, accounts.files)
        late = sorted((nanoseconds(info['created_at']) - nanoseconds(info['last_ts'])) / 1e6
                      for info in infos if info['reason'] == 'event')
        if len(late) != count:
            raise Failed(f'{len(late)} of {count} events made a snapshot')
        bench.line('alarm', 'latest', 'ttlog', 'ms').add(late[-1])
        return {'value': late[len(late) // 2]}

    bench.compare('alarm', 'median', 'ms', {'ttlog': once})


def read_until(collector, text, count):
    while collector.text.count(text) < count:
        if not collector.read(60):
            raise Failed(f'the collector ended: {collector.text[-300:]}')


def storm(bench):
    """250 processes crash at once: seconds from a death to its durable snapshot, the slowest"""
    path = built(bench, 'apps/storm')
    children, events = bench.scale(250, 50), 20

    def once():
        collector = Attached(bench, ['-e', path])
        try:
            read_until(collector, f'recording {path}', 1)
            program = start([path, str(children), str(events)], b'ready\n')
            say(program)
            gone = dict(map(int, line.split()) for line in program.stdout)
            end(program)
            read_until(collector, ' emitted, ', children)
        finally:
            collector.process.signal()
            accounts, ended = collector.finish()
        ended.check()
        # the ctime of a file is when it was linked to its name
        late = [(os.stat(account.files[-1]).st_ctime_ns - gone[account.pid]) / 1e9
                for account in accounts if account.pid in gone and account.files]
        lost = sum(account.lost for account in accounts) + children - len(late)
        return {'value': max(late), 'lost': lost, 'cpu_s': ended.cpu_s}

    bench.compare('storm', f'{children} crashes', 's', {'ttlog': once}, bench.repeats(3))


def killed(bench):
    """a collector is killed: ms until its program's sites are off, the slowest of all kills"""
    argv = [built(bench, 'stress/orphans'), bench.product.collect, bench.scale(30, 6)]

    def once():
        done = run(argv, timeout=300).check()
        return {'value': int(re.search(r'sites off after (\d+) ms at most', done.out)[1])}

    bench.compare('killed', f'{argv[-1]} kills', 'ms', {'ttlog': once}, bench.repeats(3))


QUESTIONS = {'follow': follow, 'alarm': alarm, 'storm': storm, 'killed': killed}
