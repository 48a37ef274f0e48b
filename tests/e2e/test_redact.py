# SPDX-License-Identifier: MIT
"""Values that go into no file: --redact."""
import os
import subprocess

from harness import check, equal
from live_fixture import follow_json

SYMBOLS = (b"AAPL", b"MSFT", b"GOOG", b"AMZN", b"NVDA", b"TSLA", b"META", b"NFLX")


def content(path):
    return subprocess.run(["lz4", "-dcq", path], stdout=subprocess.PIPE, check=True).stdout


def check_hidden(snapshot, cnt):
    data = content(snapshot.path)
    for symbol in SYMBOLS:
        check(symbol not in data, f"{symbol} is in {snapshot.path}")
    check(b"BUY" in data, "other values are there")
    equal(snapshot.fields("trade_executed", "symbol", "quantity"), [("(redacted)", "(redacted)")] * cnt, "values")
    equal([fields % 2 for fields in snapshot.fields("trade_executed", "latency_us")], [0, 1] * (cnt // 2), "others")


def test_redact_in_snapshots(t):
    t.collect("--redact", "symbol,quan*", "--on", "exit", "--", t.app("trade"), 1, 1000).end()
    check_hidden(t.only_snapshot(), 1000)


def test_redact_nothing(t):
    """The test itself: without it the values are in the file."""
    t.collect("--on", "exit", "--", t.app("trade"), 1, 1000).end()
    data = content(t.only_snapshot().path)
    for symbol in SYMBOLS:
        check(symbol in data, f"{symbol} is in no file")


def test_redact_after_a_collector_was_killed(t):
    """The next one was told to hide something else: it hides both."""
    app = t.start(t.app("trade"), "--wait", 1, 200)
    app.out.wait("ready")
    collector = t.collect("--redact", "symbol", "-p", app.pid)
    collector.recording(app.pid)
    app.ask("done")
    collector.signal(9)
    collector.wait()
    t.collect("--redact", "quantity", "--", "/bin/true").end()
    check_hidden(t.only_snapshot(), 200)
    app.say()
    app.end()
    equal(os.listdir("/run/ttlog"), [], "what is left")


def test_redact_for_followers(t):
    """A filter can't find out what is hidden."""
    app = t.start(t.app("trade"), "--wait", 1, 1000)
    app.out.wait("ready")
    collector = t.collect("--redact", "symbol", "-p", app.pid)
    collector.recording(app.pid)
    asks = follow_json(t, "--filter", "symbol=AAPL")
    sees = follow_json(t, "--filter", "symbol=(redacted)")
    app.ask("done")
    app.say()
    app.end()
    collector.end()
    for one in (asks, sees):
        one.end()
    equal(len(asks.out.all()), 0, "events of a filter for a value that is hidden")
    equal(len(sees.out.all()), 1000, "events")
    check("AAPL" not in sees.out.text(), "a value that is hidden")


def test_redact_lists_that_cannot_be(t):
    for text in ("", "a,,b", "k" * 128):
        collector = t.collect("--redact", text, "--", "/bin/true").end(2)
        check("--redact: a key " in collector.err.text(), collector.err.text())
