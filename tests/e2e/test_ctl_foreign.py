# SPDX-License-Identifier: MIT
"""`ttlog-ctl level` and `reload` for probes that are not ours: --usdt, --uprobe, --span."""
import os

from ctl_fixture import ctl
from harness import check, equal
from test_facilities import without
from test_foreign import WORK, end, last
from test_functions import finish as finish_functions, start as start_functions
from test_watches import order, start as start_watched


def start(t, *options, **env):
    return start_watched(t, "--on", "exit", "--usdt", WORK, "--usdt", "foreign:plain=debug", "-l", "info",
                         *options, path=t.app("foreign"), **env)


def finish(t, app, collector):
    """Ends both. The counts of foreign:work, and how many foreign:plain."""
    end(app)
    collector.end()
    snapshot = last(t)
    accounts = collector.accounts_of(app.pid)
    equal((accounts.recorded, accounts.lost), (len(snapshot.events), 0), "accounts")
    return [event["fields"]["count"] for event in snapshot.of("work")], len(snapshot.of("plain"))


def act(app):
    order(app, "hit 1", "plain")


def level_of_foreign(t, **env):
    app, collector = start(t, **env)
    act(app)
    out, _ = ctl("level", "debug")
    check("are on in 1 process" in out, out)
    act(app)
    ctl("level", "off")
    act(app)
    ctl("level", "off,foreign=debug")
    act(app)
    ctl("level", "warn")
    act(app)
    ctl("level", "default")
    act(app)
    works, plains = finish(t, app, collector)
    equal(works, [0, 1, 3, 5], "what was recorded of foreign:work")
    equal(plains, 2, "foreign:plain")
    equal([line for line in app.out.all() if line.startswith("on ")],
          ["on 0", "on 1", "on 1", "on 2", "on 2", "on 2"], "how often the semaphore was raised")


def test_ctl_foreign_level(t):
    level_of_foreign(t)


def test_ctl_foreign_level_without_uprobe_multi(t):
    level_of_foreign(t, env=without("uprobe_multi"))


def test_ctl_foreign_level_of_a_process(t):
    """Only there are more sites on."""
    one, collector = start(t)
    other = t.start(t.app("foreign"))
    other.out.wait("ready")
    more = t.collect("--on", "exit", "--usdt", "foreign:plain=debug", "-l", "info", "-p", f"{other.pid},{one.pid}",
                     "-o", t.path("more"))  # fmt: skip
    more.recording(other.pid)
    more.recording(one.pid)
    ctl("level", "debug", "-p", other.pid)
    act(one)
    act(other)
    # a change of all others makes its links anew, too
    ctl("level", "warn")
    act(other)
    ctl("level", "default", "-p", other.pid)
    act(other)
    end(other)
    end(one)
    more.end()
    collector.end()
    got = {app.pid: more.accounts_of(app.pid).recorded for app in (one, other)}
    equal(got, {one.pid: 0, other.pid: 2}, "events of foreign:plain")


def test_ctl_foreign_stays_on(t):
    """While other sites are switched, no event of one that stays on is recorded twice."""
    app, collector = start(t, "-s", "256M")
    app.process.stdin.write(b"hit 60000\n")
    app.process.stdin.flush()
    done = len(app.out.lines)
    for _ in range(2):
        ctl("level", "debug")
        ctl("level", "info")
    app.out.wait("ok", after=done)
    works, _ = finish(t, app, collector)
    equal(len(works), len(set(works)), "events that are there once")
    equal(works, sorted(works), "their order")
    check(len(works) > 30000, f"only {len(works)} events")


def test_ctl_foreign_functions(t):
    """Of a program that nobody marked; a span that has begun ends, too."""
    app, collector = start_functions(t, "--uprobe", "functions:shop::submit()=debug",
                                     "--span", "functions:shop::book::add()", "-l", "info")  # fmt: skip
    order(app, "submit 1")
    ctl("level", "debug")
    order(app, "submit 1")
    ctl("level", "off")
    order(app, "submit 1")
    ctl("level", "default")
    order(app, "submit 1")
    snapshot, _ = finish_functions(app, collector, t)
    counts = [len(snapshot.of("shop::submit")), len(snapshot.of("shop::book::add"))]
    equal(counts, [1, 2 * 3], "events and ends of spans")


def test_ctl_foreign_reload(t):
    path = t.path("collect.conf")

    def write(level):
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"level = {level}\non = exit\nusdt = {WORK}\nusdt = foreign:plain=debug\n")
        os.chmod(path, 0o600)

    app = t.start(t.app("foreign"))
    app.out.wait("ready")
    write("info")
    collector = t.collect("--config", path, "-p", app.pid)
    collector.recording(app.pid)
    act(app)
    write("debug")
    ctl("reload")
    act(app)
    write("off")
    ctl("reload")
    act(app)
    works, plains = finish(t, app, collector)
    equal((works, plains), ([0, 1], 1), "what was recorded")
