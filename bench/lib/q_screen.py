# SPDX-License-Identifier: MIT
"""How long a user waits for the viewer: figures that its tests measure but do not assert."""
import json
import os
import shutil

from .process import Failed, Unavailable, run

LIMIT_S = 900


def figures(bench, suite, *tests):
    """The figures of these tests of tests/view/view_SUITE.py: {what: seconds}."""
    script = os.path.join('tests', 'view', f'view_{suite}.py')
    ended = run(['env', '-C', bench.root, script, bench.product.view, '--figures', *tests],
                timeout=LIMIT_S).check()
    found = json.loads(ended.out.splitlines()[-1])
    if not found:
        raise Failed(f'{script} {" ".join(tests)}: no figures')
    return found


def ask(bench, question, suite, *tests, runs=None):
    for _ in range(runs or bench.repeats(3)):
        for what, seconds in figures(bench, suite, *tests).items():
            bench.line(question, what, 'ttlog', 's').add(seconds)


def screen(bench):
    """the full screen over 10 million events, in one file and merged: s of CPU per step"""
    ask(bench, 'screen', 'screen_big', 'test_ten_million',
        *bench.scale(('test_four_processes', 'test_overlapping_snapshots'), ()))


def page(bench):
    """the page of --format html in Chromium, 100,000 events: s per step"""
    if not shutil.which('chromium'):
        raise Unavailable('no chromium (make deps-browser)')
    ask(bench, 'page', 'html', 'test_many_events')


def hostile(bench):
    """1 MB that is made to take long, in every format: s of CPU of the slowest"""
    ask(bench, 'hostile', 'hostile', 'test_squares', *bench.scale(('test_bombs',), ()), runs=1)


QUESTIONS = {'screen': screen, 'page': page, 'hostile': hostile}
