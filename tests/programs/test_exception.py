# SPDX-License-Identifier: MIT
"""A C++ program that nobody marked dies of an exception."""
import os
import subprocess

from harness import TREE, check, equal, view
from readme import options


def build(t):
    program = t.path("orders")
    subprocess.run(["g++", "-O2", "-g", "-o", program, os.path.join(TREE, "tests/programs/orders.cc")],
                   check=True)
    return program


def test_exception_that_kills(t):
    """The throws are there with their types, and the stack of the crash with what was thrown."""
    collector = t.collect(*options("ttlog-collect", "libstdcxx"), "--", build(t))
    collector.end(128 + 6)
    snapshot = t.only_snapshot()
    throws = snapshot.fields("throw", "type")
    equal(throws, ["std::invalid_argument", "shop::bad_order"], "types of what was thrown")
    equal({event["target"] for event in snapshot.of("throw")}, {"libstdcxx"}, "target")
    equal(snapshot.fields("throw", "object")[1], snapshot.fields("catch", "object")[-1],
          "the second one is what the runtime caught in the end")
    equal(snapshot.info["reason"], "crash", "reason")
    equal(snapshot.info["crash"]["signal"], "SIGABRT", "signal")
    symbols = [frame.get("symbol", "") for frame in snapshot.info["crash"]["frames"]]
    for symbol in ("__cxa_throw", "take_order(std::", "main"):
        check(any(name.startswith(symbol) for name in symbols), f"{symbol} in {symbols}")
    accounts = collector.only_accounts()
    equal((accounts.recorded, accounts.lost), (len(snapshot.events), 0), "accounts")
    text = view("--info", snapshot.path)
    check("shop::bad_order: quantity -4" in text, f"what was thrown: {text}")
