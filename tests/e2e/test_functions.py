# SPDX-License-Identifier: MIT
"""--uprobe and --span: functions of a program that nobody marked (tests/apps/functions.cc)."""
import os
import platform
import subprocess
from collections import Counter

from harness import Skip, Snapshot, check, equal
from test_watches import order, start as start_watched

LINES = ("submit 20", "throw 50", "threads 5", "jump 20", "switch 40")


def start(t, *options, app="functions"):
    return start_watched(t, "--on", "exit", *options, path=t.app(app))


def finish(app, collector, t):
    """Ends both; returns the last snapshot, and what the program said."""
    app.process.stdin.write(b"exit\n")
    app.process.stdin.flush()
    app.end()
    collector.end()
    return Snapshot(max(t.files(), key=os.path.getmtime)), app.out.lines[-1]


def unrecorded(t, app="functions"):
    """What it says when it is left alone."""
    lines = "\n".join(LINES + ("exit",)) + "\n"
    done = subprocess.run([t.app(app)], input=lines, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


def spans(snapshot, probe):
    """Those that ended: begin's fields and the end's."""
    return [event for event in snapshot.of(probe) if "duration_ns" in event]


def test_functions_arguments(t):
    wanted = "o.id,o.symbol:str,o.limit.units,o.limit.currency,note:str,factor,is_dry"
    app, collector = start(t, "--uprobe", f"functions:shop::submit({wanted})=WARN",
                           "--uprobe", "./functions:shop::book::add")
    order(app, "submit 3")
    snapshot, _ = finish(app, collector, t)
    equal([event["fields"] for event in snapshot.of("shop::submit")],
          [{"o.id": i, "o.symbol": "ODD" if i % 2 else "EVEN", "o.limit.units": 100 + i,
            "o.limit.currency": "EUR", "note": "note", "factor": None, "is_dry": True}
           for i in range(3)], "fields")
    event = snapshot.of("shop::submit")[0]
    equal((event["target"], event["level"], event["msg"], event["func"]),
          ("functions", "WARN", "shop::submit", "shop::submit"), "site")
    check(event["file"].endswith("functions.cc") and event["line"], "no line")
    equal([event["fields"]["amount"] for event in snapshot.of("shop::book::add")], [5, 106, 209],
          "amounts")
    accounts = collector.only_accounts()
    equal((accounts.emitted, accounts.recorded, accounts.lost), (6, 6, 0), "accounts")


def test_functions_results(t):
    app, collector = start(t, "--span", "functions:shop::book::*", "--span",
                           "functions:shop::guarded", "--span", "functions:choose")
    order(app, "submit 3", "throw 5")
    snapshot, _ = finish(app, collector, t)
    equal([event["fields"]["ret"] for event in spans(snapshot, "shop::book::add")],
          [5, 5 + 106, 5 + 106 + 209], "totals")
    # the length of the text that was thrown
    equal([event["fields"]["ret"] for event in spans(snapshot, "shop::guarded")],
          [5, 6, 7, 8, 9], "caught")
    equal(snapshot.of("choose"), [], "not called")


def test_functions_recursion_and_exceptions(t):
    """A function that an exception leaves ends with the one that catches it."""
    app, collector = start(t, "--span", "functions:shop::deep", "--span", "functions:shop::guarded")
    order(app, "throw 5")
    snapshot, _ = finish(app, collector, t)
    ended = spans(snapshot, "shop::deep")
    equal(len(ended), 1 + 2 + 3 + 4 + 5, "spans that ended")
    equal({event["fields"].get("ret") for event in ended}, {None}, "none of them returned")
    equal(len(spans(snapshot, "shop::guarded")), 5, "spans around them")


def all_functions(t, app_name):
    app, collector = start(t, "--span", f"{app_name}:*", "--ring-size", "8M", app=app_name)
    order(app, *LINES)
    snapshot, said = finish(app, collector, t)
    equal(said, unrecorded(t, app_name), "what it does")
    accounts = collector.only_accounts()
    equal((accounts.lost, accounts.emitted - accounts.recorded), (0, 0), "accounts")
    counts = Counter(event["probe"] for event in snapshot.events if "duration_ns" in event)
    # each start has its end
    begun = Counter(event["probe"] for event in snapshot.events if "duration_ns" not in event)
    for probe in ("shop::submit", "shop::deep", "shop::guarded", "jumps_out", "lands", "choose",
                  "own_place", "by_table"):
        check(counts[probe] >= 20, f"{probe}: {counts[probe]} spans")
        equal(begun[probe], counts[probe], f"starts and ends of {probe}")


def test_functions_all_of_a_program(t):
    """Exceptions, longjmp, threads that end inside, switches, calls in their own place: unharmed."""
    all_functions(t, "functions")


def test_functions_all_of_a_program_with_shadow_stacks(t):
    if platform.machine() != "x86_64":
        raise Skip("no shadow stacks on this machine")
    all_functions(t, "functions_cet")


def test_functions_all_of_libstdcxx(t):
    """4,000 functions, in the way of each exception."""
    app, collector = start(t, "--span", "libstdc++:*", "--ring-size", "32M")
    order(app, "throw 50")
    snapshot, said = finish(app, collector, t)
    equal(said, "sum 350", "what it does")
    check(len(spans(snapshot, "__cxa_begin_catch")) >= 50, "catches")
