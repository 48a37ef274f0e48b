#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Spans that are open at the end of the file, in --info: view_open_spans.py TTLOG-VIEW."""
import json
import os
import random
import sys
import tempfile

sys.path.insert(0, "tests")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from format_fixture import MS, NESTED, TORN, span_file  # noqa: E402
from view_harness import run, view  # noqa: E402


def open_spans(path):
    """(mono_ns, thread, probe), and the events as --format json has them."""
    info = json.loads(view("--info", "--format", "json", path))
    events = info.get("spans")
    assert events != [], "the key is there only where there is one"
    return [(e["mono_ns"], e["tid"] - 7, e["probe"][0]) for e in events or []], events or []


def check(events, want, threads=2):
    with tempfile.TemporaryDirectory() as folder:
        path = span_file(folder, events, threads)
        got, objects = open_spans(path)
        assert got == want, (got, want)
        lines = view("--format", "json", path).splitlines()
        every = [json.loads(line) for line in lines]
        for event in objects:
            assert event in every, event
        text = view("--info", path)
        assert ("Spans that were open" in text) == bool(want), text


def test_none_is_open():
    check(NESTED, [])


def test_left_by_longjmp_is_not_open():
    check(TORN, [(16 * MS, 0, "a"), (17 * MS, 0, "b")])


def test_oldest_first_over_threads():
    check([(1 * MS, 1, "+a"), (2 * MS, 0, "+b"), (3 * MS, 1, "+c"), (4 * MS, 1, "-c"), (5 * MS, 0, "+c"),
           (6 * MS, 1, "!")],  # fmt: skip
          [(1 * MS, 1, "a"), (2 * MS, 0, "b"), (5 * MS, 0, "c")])


def test_one_site_in_itself():
    """Recursion: an end belongs to the innermost span."""
    check([(i * MS, 0, "+a") for i in range(1, 6)] + [(6 * MS, 0, "-a"), (7 * MS, 0, "-a")],
          [(1 * MS, 0, "a"), (2 * MS, 0, "a"), (3 * MS, 0, "a")])


def test_end_without_a_begin():
    """Its span started before the file, or the start was lost: older spans stay open."""
    check([(1 * MS, 0, "+a"), (200 * MS, 0, "-b 1000"), (201 * MS, 0, "!")], [(1 * MS, 0, "a")])


def test_more_than_are_shown():
    with tempfile.TemporaryDirectory() as folder:
        path = span_file(folder, [(i * MS, i % 50, "+abc"[0:2]) for i in range(1, 1501)], 50)
        got, _ = open_spans(path)
        assert got == [(i * MS, i % 50, "a") for i in range(1, 1001)], (len(got), got[:3])
        assert "and 500 more" in view("--info", path)


def random_threads(dice):
    """Threads that nest at random and leave some spans by longjmp; returns the spans that are open
    at the end."""
    stacks, events, at = [[] for _ in range(3)], [], 0
    for _ in range(dice.randrange(400)):
        at += dice.choice((1000, 50000, 1 * MS, 30 * MS))
        thread = dice.randrange(3)
        stack = stacks[thread]
        if stack and dice.random() < 0.48:
            left = dice.randrange(len(stack)) if dice.random() < 0.1 else len(stack) - 1
            began, name = stack[left]
            # of equal names the fixture takes the innermost
            if name not in [inner for _, inner in stack[left + 1 :]]:
                del stack[left:]
                events.append((at, thread, f"-{name} {at - began}"))
        elif len(stack) < 20:
            name = dice.choice("abc")
            stack.append((at, name))
            events.append((at, thread, "+" + name))
    return events, sorted((at, thread, name) for thread, stack in enumerate(stacks) for at, name in stack)


def test_at_random():
    dice = random.Random(30)
    for _ in range(25):
        events, want = random_threads(dice)
        check(events, want, 3)


run(globals())
