# SPDX-License-Identifier: MIT
"""All functions of programs that nobody marked as spans: they do what they do without."""
import os
import subprocess

from harness import TREE, check, equal
from readme import options
from test_exception import build

# moving stacks, and programs with many functions
RING = ("--on", "exit", "--ring-size", "64M")


def run_recorded(t, probe, *argv):
    """What the program says, its snapshot and the collector."""
    collector = t.collect(*RING, "--span", probe, "--", *argv)
    collector.end()
    return collector.out.text(), t.only_snapshot(), collector


def test_functions_of_a_go_program(t):
    """Go moves stacks, switches them, and unwinds them: no return address may be another."""
    program = t.path("orders")
    subprocess.run(["go", "build", "-o", program, os.path.join(TREE, "tests/programs/orders.go")],
                   env={**os.environ, "HOME": t.dir, "GOFLAGS": "-buildvcs=false"}, check=True,
                   capture_output=True)
    alone = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    said, snapshot, collector = run_recorded(t, "orders:*", program)
    check(alone.strip() in said, f"it says {said}, not {alone}")
    # its goroutines share threads, so some spans have no place in the thread's table: they are counted
    arguments = {event["fields"]["n"] for event in snapshot.of("main.risky")
                 if "n" in event["fields"]}
    check(arguments <= set(range(60)) and len(arguments) > 10, f"arguments: {arguments}")
    accounts = collector.only_accounts()
    equal(accounts.emitted, accounts.recorded + accounts.lost, "accounts")
    check(len(snapshot.of("main.deep")) > 300, "calls")


def test_functions_of_python(t):
    """1,473 functions of an interpreter, which uses switches by computed jumps."""
    code = "print([i ** 3 for i in range(10)], sum(range(100)))"
    python = os.path.realpath("/usr/bin/python3")
    alone = subprocess.run([python, "-ISc", code], check=True, capture_output=True,
                           text=True).stdout
    said, snapshot, collector = run_recorded(t, python + ":*", python, "-ISc", code)
    check(alone.strip() in said, f"it says {said}, not {alone}")
    check(len({event["probe"] for event in snapshot.events}) > 300, "functions that are called")
    equal(collector.only_accounts().lost, 0, "accounts")


def test_functions_with_a_text(t):
    """The last call is the one that the program dies in."""
    collector = t.collect(*options("ttlog-collect", "take_order"), "--", build(t))
    collector.end(128 + 6)
    events = t.only_snapshot().of("take_order")
    equal([event["fields"]["text"] for event in events if "text" in event["fields"]],
          ["3", "many", "-4"], "orders")
    equal([event["fields"]["ret"] for event in events if "duration_ns" in event], [3, 1], "results")
