# SPDX-License-Identifier: MIT
"""Probes that are not ours: --usdt, on a program that has ttlog's marks, too (tests/apps/foreign.c)."""
import os
import signal

from harness import Snapshot, check, children_of, equal, wait_until
from test_watches import order, start as start_watched

WORK = "foreign:work(count:i64,negative:i32,text:str)"


def start(t, *options):
    return start_watched(t, *options, path=t.app("foreign"))


def end(app, line="exit", status=0):
    app.process.stdin.write(line.encode() + b"\n")
    app.process.stdin.flush()
    app.end(status)


def finish(t, app, collector):
    """Ends both; returns the last snapshot, after a look at the accounts."""
    end(app)
    collector.end()
    return last(t)


def last(t):
    return Snapshot(max(t.files(), key=os.path.getmtime))


def test_foreign_usdt_values(t):
    app, collector = start(t, "--usdt", WORK, "--on", "exit")
    order(app, "hit 3")
    snapshot = finish(t, app, collector)
    equal(snapshot.fields("work", "count", "negative", "text"),
          [(0, 0, "even"), (1, -1, "odd"), (2, -2, "even")], "values")
    event = snapshot.of("work")[0]
    equal((event["target"], event["level"], event["msg"]), ("foreign", "INFO", "foreign:work"), "site")
    accounts = collector.only_accounts()
    equal((accounts.emitted, accounts.recorded, accounts.lost), (3, 3, 0), "accounts")


def test_foreign_usdt_without_a_signature(t):
    """Types come from the probe's own sizes and signs; what may be a text is a number."""
    app, collector = start(t, "--usdt", "foreign:work=WARN", "--on", "exit")
    order(app, "hit 2")
    snapshot = finish(t, app, collector)
    equal([event["fields"]["arg1"] for event in snapshot.of("work")], [0, -1], "the second argument")
    equal({event["level"] for event in snapshot.of("work")}, {"WARN"}, "level")


def test_foreign_order_among_marks(t):
    app, collector = start(t, "--usdt", WORK, "--on", "exit")
    order(app, "both 2000")
    snapshot = finish(t, app, collector)
    got = [(event["probe"], event["fields"]["count"]) for event in snapshot.events
           if event["probe"] in ("work", "mark")]
    want = [(probe, count) for count in range(2000) for probe in ("work", "mark")]
    equal(got, want, "the order of probes and marks")


def test_foreign_semaphore(t):
    """It is raised while somebody records, and low again after that."""
    app = t.start(t.app("foreign"))
    app.out.wait("ready")
    order(app, "plain")
    collector = t.collect("--usdt", "foreign:plain", "-p", app.pid)
    collector.recording(app.pid)
    order(app, "plain", "plain")
    collector.stop()
    order(app, "plain")
    end(app)
    equal([line for line in app.out.all() if line.startswith("on ")], ["on 0", "on 1", "on 2", "on 2"],
          "how often the semaphore was raised")
    equal(len(t.only_snapshot().of("plain")), 2, "events")


def test_foreign_texts(t):
    """Up to 4,000 bytes are whole; what is longer is cut and marked. No text, or none that can be
    read, is null; the second is counted."""
    app, collector = start(t, "--usdt", "foreign:text(bytes,text:str)", "--on", "exit")
    order(app, "text 0", "text 255", "text 256", "text 4000", "text 4001", "text 100000", "null")
    snapshot = finish(t, app, collector)
    got = [event["fields"]["text"] for event in snapshot.of("text")]
    equal([text and len(text.rstrip("…")) for text in got[:4]], ["" and 0, 255, 256, 4000], "lengths")
    for text in got[4:6]:
        check(text.startswith("x" * 4000) and len(text) < 4100, "a long text is cut")
    equal(got[6:], [None, None], "null texts")
    equal(snapshot.info["unread"], 1, "events with a value that could not be read")


def test_foreign_texts_with_a_length(t):
    """A field of the same name with _len, after the text: it ends there, if no zero comes before."""
    app, collector = start(t, "--usdt", "foreign:bounded(text:str,text_len)", "--on", "exit")
    order(app, "bounded 0", "bounded 6", "bounded 100", "bounded -1")
    snapshot = finish(t, app, collector)
    whole = "a text that goes on"
    equal(snapshot.fields("bounded", "text", "text_len"),
          [("", 0), ("a text", 6), (whole, 100), (whole, -1)], "texts")


def test_foreign_killed(t):
    """A death loses none: each probe is a message of its own."""
    app, collector = start(t, "--usdt", WORK)
    order(app, "both 500")
    end(app, "kill", -signal.SIGKILL)
    collector.end()
    snapshot = t.only_snapshot()
    equal(snapshot.info["reason"], "killed", "reason")
    equal(snapshot.fields("work", "count"), list(range(500)), "all probes")
    equal(snapshot.fields("mark", "count"), list(range(500)), "all marks")


def test_foreign_trigger_and_filter(t):
    app, collector = start(t, "--usdt", WORK, "--on", "event:probe=work and count=2")
    order(app, "hit 2")
    equal(t.files(), [], "nothing matched")
    order(app, "hit 1")
    t.wait_files(1)
    equal(t.only_snapshot().info["trigger"]["probe"], "work", "what fired")
    end(app)
    collector.end()


def test_foreign_filter_leaves_it_off(t):
    app, collector = start(t, "--usdt", WORK, "--usdt", "foreign:plain", "-F", "probe=plain", "--on", "exit")
    order(app, "hit 3", "plain")
    snapshot = finish(t, app, collector)
    equal(snapshot.probes(), ["plain"], "probes")


def test_foreign_flood_is_exact(t):
    """More than the smallest buffer takes: emitted = recorded + lost, by cause."""
    app, collector = start(t, "--usdt", "foreign:flood(thread,number)", "--on", "exit", "-b", "1M",
                           "-s", "64M")
    order(app, "flood 20000 4")
    snapshot = finish(t, app, collector)
    accounts = collector.only_accounts()
    equal(accounts.emitted, 80000, "emitted")
    equal(accounts.recorded + accounts.lost, 80000, "recorded and lost")
    equal(accounts.recorded, snapshot.info["recorded"], "the file agrees")


def test_foreign_flood_costs_others_nothing(t):
    app, collector = start(t, "--usdt", "foreign:flood(thread,number)", "--usdt", WORK, "--on", "exit",
                           "-b", "1M", "-s", "64M")
    order(app, "beside 5000 4")
    snapshot = finish(t, app, collector)
    equal(snapshot.fields("work", "count"), list(range(5000)), "the probe beside the flood")


def test_foreign_flood_of_many_threads(t):
    """More threads than there are chunks for their events, so some are messages: exact, and in order."""
    app, collector = start(t, "--usdt", "foreign:flood(thread,number)", "--on", "exit", "-b", "1M",
                           "-s", "64M")
    order(app, "flood 300 64", "flood 300 64")
    snapshot = finish(t, app, collector)
    accounts = collector.only_accounts()
    equal(accounts.emitted, 2 * 64 * 300, "emitted")
    equal(accounts.recorded + accounts.lost, accounts.emitted, "recorded and lost")
    numbers = {}
    for event in snapshot.of("flood"):
        numbers.setdefault(event["tid"], []).append(event["fields"]["number"])
    equal(sum(map(len, numbers.values())), accounts.recorded, "the file agrees")
    check(len(numbers) >= 64, "threads")
    for tid, found in numbers.items():
        equal(found, sorted(found), f"the order in thread {tid}")


def test_foreign_vfork(t):
    """The child's events are its parent's, in order."""
    app = t.start(t.app("foreign"))
    app.out.wait("ready")
    collector = t.collect("--usdt", WORK, "--on", "exit", "-e", t.app("foreign"))
    collector.recording(app.pid)
    order(app, "hit 2", "vfork", "vfork")
    end(app)
    t.wait_files(1)
    collector.stop()
    equal(t.only_snapshot().fields("work", "count"), list(range(8)), "events")


def test_foreign_thread_is_renamed(t):
    app, collector = start(t, "--usdt", WORK, "--on", "exit")
    order(app, "hit 1", "rename")
    snapshot = finish(t, app, collector)
    equal([event["comm"] for event in snapshot.of("work")], ["foreign", "another", "foreign"], "names")


def test_foreign_command(t):
    """-- CMD: from its first instruction."""
    collector = t.collect("--usdt", WORK, "--on", "exit", "--", t.app("foreign"))
    wait_until(lambda: "ready" in collector.out.text(), "the program's word")
    for line in (b"hit 3\n", b"exit\n"):
        collector.process.stdin.write(line)
        collector.process.stdin.flush()
    collector.end()
    equal(t.only_snapshot().fields("work", "count"), [0, 1, 2], "events")


def test_foreign_file(t):
    """-e: processes that run it now, and later."""
    path = t.app("foreign")
    first = t.start(path)
    first.out.wait("ready")
    collector = t.collect("--usdt", WORK, "--on", "exit", "-e", path)
    collector.recording(first.pid)
    second = t.start(path)
    second.out.wait("ready")
    order(first, "hit 2")
    order(second, "hit 3")
    end(first)
    end(second)
    t.wait_files(2)
    collector.stop()
    got = {s.info["pid"]: s.fields("work", "count") for s in t.snapshots()}
    equal(got, {first.pid: [0, 1], second.pid: [0, 1, 2]}, "events of both")


def test_foreign_death_before_the_first(t):
    """Of a program without marks: a death gives a file, also if no probe was passed; it is announced
    once."""
    collector = t.collect("--usdt", "libstdcxx:throw", "--", t.app("functions"))
    wait_until(lambda: "ready" in collector.out.text(), "the program's word")
    (app,) = children_of(collector.broker())
    os.kill(app, signal.SIGKILL)
    collector.end(128 + signal.SIGKILL)
    snapshot = t.only_snapshot()
    equal((snapshot.info["reason"], snapshot.events), ("killed", []), "the file")
    said = [line for line in collector.err.all() if "recording pid" in line]
    equal(len(said), 1, f"announcements in {said}")
