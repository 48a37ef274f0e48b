# SPDX-License-Identifier: MIT
"""The functions of a Python program that crashes."""
import os

from harness import TREE, equal
from readme import options

PROGRAM = os.path.join(TREE, "tests/programs/orders.py")


def test_python_functions(t):
    """Each function that has returned, in order, until the crash. function__entry of Python 3.11
    fires for few calls: python/cpython issue 98894."""
    collector = t.collect(*options("ttlog-collect", "python:"), "--", "/usr/bin/python3", PROGRAM)
    collector.end(128 + 11)
    snapshot = t.only_snapshot()
    equal(snapshot.info["crash"]["signal"], "SIGSEGV", "signal")
    ours = [event["fields"] for event in snapshot.of("function__return")
            if event["fields"]["file"] == PROGRAM]
    wanted = ["parse", "price_of", "<genexpr>"] * 2 + ["<genexpr>", "take_orders"]
    equal([fields["function"] for fields in ours], wanted, "functions that returned")
    with open(PROGRAM, encoding="utf-8") as file:
        lines = file.read().splitlines()
    equal(lines[ours[0]["line"] - 1].strip(), "return json.loads(line)", "the line of a return")
    accounts = collector.only_accounts()
    equal((accounts.recorded, accounts.lost), (len(snapshot.events), 0), "accounts")
