# SPDX-License-Identifier: MIT
"""Much at once: nothing is lost, and the events that are read back are those that were logged."""
import json
import re
import signal

from harness import alone, check, equal, view, Snapshot

SYMBOLS = ["AAPL", "MSFT", "GOOG", "AMZN", "NVDA", "TSLA", "META", "NFLX"]
NEWEST = 2000


def trade_fields(thread, event):
    """The events that tests/apps/trade.c logs."""
    return {
        "symbol": SYMBOLS[event % 8],
        "quantity": event,
        "price": 100 + thread + (event % 1000) * 0.25,
        "side": "SELL" if event % 2 else "BUY",
        "latency_us": thread * 1000000 + event % 1000000,
    }


def check_trades(events, threads, first, last):
    """These are events first to last (excluded) of each thread, in order, with all their fields."""
    numbers = {}
    for event in events:
        thread = event["fields"]["latency_us"] // 1000000
        number = numbers.setdefault(thread, first)
        equal(event["fields"], trade_fields(thread, number), f"thread {thread}, event {number}")
        equal([type(value) for value in event["fields"].values()], [str, int, float, str, int],
              "types")
        equal(list(event["fields"]), list(trade_fields(0, 0)), "order of fields")
        equal((event["probe"], event["msg"], event["level"], event["target"], event["func"]),
              ("trade_executed", "Trade executed", "INFO", "trade", "trade__log"), "site")
        check(event["file"].endswith("trade.c") and event["line"] > 0, "place of the site")
        numbers[thread] = number + 1
    equal(numbers, {thread: last for thread in range(threads)}, "events of each thread")


@alone
def test_trade_eight_million(t):
    """The ring has room for all, so every thread's newest events can be checked."""
    collector = t.collect("--on", "exit", "-s", "512M", "--", t.app("trade"), 8, 1000000).end()
    accounts = collector.only_accounts()
    equal((accounts.emitted, accounts.recorded, accounts.lost, accounts.overwritten),
          (8000000, 8000000, 0, 0), "accounts")
    (path,) = accounts.files
    info = json.loads(view("--info", "--format", "json", path))
    equal((info["events"], info["emitted"], info["recorded"], info["lost"]["total"]),
          (8000000, 8000000, 8000000, 0), "info")
    stats = view("--stats", "--group-by", "tid", "--format", "json", path).splitlines()
    counts = [json.loads(line) for line in stats]
    equal([row["events"] for row in counts], [1000000] * 8, "events of each thread")
    text = view("--format", "json", "--filter", f"quantity>={1000000 - NEWEST}", path)
    check_trades(map(json.loads, text.splitlines()), 8, 1000000 - NEWEST, 1000000)


@alone
def test_trade_default_ring_overwrites_the_oldest(t):
    collector = t.collect("--on", "exit", "--", t.app("trade"), 2, 1500000).end()
    accounts = collector.only_accounts()
    equal((accounts.emitted, accounts.recorded, accounts.lost), (3000000, 3000000, 0), "accounts")
    (path,) = accounts.files
    info = json.loads(view("--info", "--format", "json", path))
    check(accounts.overwritten > 0, "3,000,000 events fit into 64M")
    equal(info["overwritten"], accounts.overwritten, "overwritten in info")
    equal(info["events"], accounts.recorded - accounts.overwritten, "events in the file")
    # the kernel's buffer was used more than once, and no thread's name has old bytes of it
    listed = view("--info", path).split("\nThreads\n")[1].split("\n\n")[0].splitlines()
    equal([line.split()[3] for line in listed[1:]], ["trade", "trade"], "threads")


def run_small(t, name, threads=3, events=2000):
    t.collect("--on", "exit", "--", t.app(name), threads, events).end()
    snapshot = t.only_snapshot()
    equal(len(snapshot.events), threads * events, "events")
    check_trades(snapshot.events, threads, 0, events)
    return snapshot


def test_trade_all_read_back(t):
    snapshot = run_small(t, "trade")
    equal(snapshot.info["reason"], "exit", "reason")
    equal(snapshot.info["exit"], {"code": 0}, "exit")
    check("crash" not in snapshot.info, "a crash")
    equal(snapshot.info["service"], "trade", "service")
    equal(snapshot.info["exe"], t.path("trade"), "exe")
    equal(snapshot.info["comm"], "trade", "comm")
    check(re.fullmatch("[0-9a-f]{40}", snapshot.info["build_id"]), "build id")
    equal({event["comm"] for event in snapshot.events}, {"trade"}, "comm of threads")
    equal(len({event["tid"] for event in snapshot.events}), 3, "threads")
    equal({event["pid"] for event in snapshot.events}, {snapshot.pid}, "pid of events")


def test_trade_static(t):
    run_small(t, "trade_static")


def test_trade_no_pie(t):
    run_small(t, "trade_nopie")


def test_trade_stripped(t):
    run_small(t, "trade_stripped")


def check_ring(t, size):
    """A small ring: the file has the newest events, and the rest is counted."""
    collector = t.collect("--on", "exit", "-s", size, "--", t.app("trade"), 1, 60000).end()
    accounts = collector.only_accounts()
    snapshot = Snapshot(accounts.files[0])
    kept = len(snapshot.events)
    equal((accounts.emitted, accounts.recorded, accounts.lost), (60000, 60000, 0), "accounts")
    check(0 < kept < 60000, f"{kept} events in a ring of {size}")
    equal(accounts.overwritten, 60000 - kept, "overwritten")
    equal(snapshot.info["overwritten"], 60000 - kept, "overwritten in info")
    check_trades(snapshot.events, 1, 60000 - kept, 60000)
    return kept


def test_ring_of_256k(t):
    check_ring(t, "256K")


def test_ring_of_1m(t):
    kept = check_ring(t, "1M")
    check(kept * 40 > 2**19, f"a ring of 1M holds only {kept} events")


def test_buffer_too_small_counts_what_is_lost(t):
    """Events that don't fit into the kernel buffer while it is not drained are lost, and each is
    counted."""
    app = t.start(t.app("trade"), "--wait", 4, 500000)
    app.out.wait("ready")
    collector = t.collect("-p", app.pid, "--on", "exit", "-b", "64K", "-s", "512M")
    collector.recording(app.pid)
    collector.signal(signal.SIGSTOP)
    app.say()
    app.out.wait("done")
    collector.signal(signal.SIGCONT)
    app.say()
    app.end()
    collector.end()
    accounts = collector.only_accounts()
    equal(accounts.emitted, 2000000, "emitted")
    check(accounts.lost > 0, "nothing was lost")
    equal(accounts.causes, {"kernel_ring": accounts.lost}, "causes")
    (path,) = accounts.files
    info = json.loads(view("--info", "--format", "json", path))
    equal((info["emitted"], info["recorded"], info["lost"]["kernel_ring"], info["events"]),
          (2000000, accounts.recorded, accounts.lost, accounts.recorded), "info")


def test_rate_loses_nothing_while_snapshots_are_made(t):
    """Snapshots by a timer never stop the draining."""
    app = t.start(t.app("trade"), "--wait", "--rate", "20000", 2, 20000)
    app.out.wait("ready")
    collector = t.collect("-p", app.pid, "-i", "100ms", "--on", "exit")
    collector.recording(app.pid)
    app.finish()
    accounts = collector.end().only_accounts()
    equal((accounts.emitted, accounts.recorded, accounts.lost), (40000, 40000, 0), "accounts")
    check(len(accounts.files) >= 4, f"only {len(accounts.files)} snapshots in 1 s at 100ms")
    check_trades(Snapshot(accounts.files[-1]).events, 2, 0, 20000)
