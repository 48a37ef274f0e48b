# SPDX-License-Identifier: MIT
"""`ttlog-ctl level`, `filter` and `reload`: sites that are switched on and off while programs run, seen
by the events that are recorded."""
import os
import signal
import struct
import subprocess

from ctl_fixture import answers, ctl, make_group, only_process
from harness import CTL, DEADLINE_S, check, equal, wait_until
from live_fixture import connect
from test_ctl import COMMAND_MAGIC
from test_facilities import without

LEVEL, ALL = 3, {("net.http", "chat"), ("net.http", "word"), ("db", "chat"), ("db", "word")}
WORDS = {("net.http", "word"), ("db", "word")}


def start_talk(t, *options, **env):
    app = t.start(t.app("talk"))
    app.out.wait("ready")
    collector = t.collect(*options, "-p", app.pid, **env)
    collector.recording(app.pid)
    return app, collector


def end_talk(t, app, collector, status=0):
    """Ends both. Returns, for each n, the sites that were recorded then: (target, probe)."""
    app.close_stdin()
    app.end()
    if collector.runs():
        collector.signal(signal.SIGTERM)
    collector.end(status)
    said = {}
    for snapshot in t.snapshots():
        if snapshot.pid == app.pid:
            for event in snapshot.events:
                said.setdefault(event["fields"]["n"], set()).add((event["target"], event["probe"]))
    return said


def level_request(level, for_ns=0, service=b"", target=b"", pid=0):
    texts = b"".join(text + b"\0" for text in (service, target, level))
    return struct.pack("<4IQ2I", COMMAND_MAGIC, 1, LEVEL, pid, for_ns, 0, len(texts)) + texts


def wait_enabled(pid, count):
    wait_until(lambda: only_process(pid)["enabled_sites"] == count, f"{count} sites on in {pid}")


# ---- level ----


def level_of_all(t, **env):
    app, collector = start_talk(t, "--on", "exit", "-l", "info", **env)
    app.ask("talk")
    out, _ = ctl("level", "debug")
    equal(out, f"collector {collector.pid}: 4 of 4 sites are on in 1 process\n", "said")
    app.ask("talk")
    ctl("level", "off")
    app.ask("talk")
    ctl("level", "off,net.*=debug")
    app.ask("talk")
    ctl("level", "default")
    app.ask("talk")
    equal(only_process(app.pid)["enabled_sites"], 2, "at the end")
    said = end_talk(t, app, collector)
    equal(said, {0: WORDS, 1: ALL, 3: {("net.http", "chat"), ("net.http", "word")}, 4: WORDS}, "recorded")


def test_ctl_level(t):
    level_of_all(t)


def test_ctl_level_without_uprobe_multi(t):
    """Only what changes is opened and closed."""
    level_of_all(t, env=without("uprobe_multi"))


def test_ctl_level_of_a_target(t):
    app, collector = start_talk(t, "--on", "exit", "-l", "info")
    ctl("level", "debug", "--target", "net.*")
    app.ask("talk")
    (answer,) = answers("status")
    equal(answer["changes"], [{"level": "debug", "target": "net.*"}], "changes")
    # one for a time counts while it lasts, and the other one stays
    ctl("level", "error", "--target", "net.*", "--for", "1h")
    app.ask("talk")
    ctl("level", "default", "--target", "net.*")
    app.ask("talk")
    said = end_talk(t, app, collector)
    equal(said, {0: WORDS | {("net.http", "chat")}, 1: {("db", "word")}, 2: WORDS}, "recorded")


def test_ctl_level_is_for_a_time(t):
    """It comes back by itself, when ttlog-ctl has ended."""
    app, collector = start_talk(t, "--on", "exit", "-l", "info")
    ctl("level", "debug", "--for", "1h")
    ctl("level", "debug", "--for", "300ms")
    wait_enabled(app.pid, 2)
    app.ask("talk")
    (answer,) = answers("status")
    equal(answer["changes"], [], "changes")
    equal(end_talk(t, app, collector), {0: WORDS}, "recorded")


def test_ctl_level_when_ttlog_ctl_is_killed(t):
    """It waits for an answer, and gets none: the change begins, and ends, all the same."""
    app, collector = start_talk(t, "--on", "exit", "-l", "info")
    collector.signal(signal.SIGSTOP)
    client = t.start(CTL, "level", "debug", "--for", "2s")
    wait_until(lambda: b"unix" in wchan(client.pid) or b"poll" in wchan(client.pid), "ttlog-ctl waits")
    client.signal(signal.SIGKILL)
    client.wait()
    collector.signal(signal.SIGCONT)
    wait_enabled(app.pid, 4)
    app.ask("talk")
    wait_enabled(app.pid, 2)
    app.ask("talk")
    equal(end_talk(t, app, collector), {0: ALL, 1: WORDS}, "recorded")


def wchan(pid):
    with open(f"/proc/{pid}/wchan", "rb") as file:
        return file.read()


def test_ctl_level_by_a_client_that_is_gone(t):
    app, collector = start_talk(t, "--on", "exit", "-l", "info")
    client = connect()
    client.send(level_request(b"debug"))
    client.close()
    wait_enabled(app.pid, 4)
    app.ask("talk")
    equal(end_talk(t, app, collector), {0: ALL}, "recorded")


# ---- of some processes ----


def test_ctl_level_of_one_process(t):
    """Its links are those of all processes: it has some of its own besides."""
    path = t.app("talk")
    apps = [t.start(path) for _ in range(2)]
    for app in apps:
        app.out.wait("ready")
    collector = t.collect("--on", "exit", "-l", "info", "-e", path)
    collector.recording_path(path)
    for app in apps:
        app.ask("talk")
    out, _ = ctl("level", "debug", "-p", apps[0].pid)
    check("4 of 4 sites are on in 1 process" in out, out)
    for app in apps:
        app.ask("talk")
    equal([only_process(app.pid)["enabled_sites"] for app in apps], [4, 2], "sites on")
    # nothing that all have is switched off for one
    ctl("level", "error", "-p", apps[0].pid)
    for app in apps:
        app.ask("talk")
    ctl("level", "debug", "--target", "db", "-p", apps[0].pid)
    for app in apps:
        app.ask("talk")
    for app in apps:
        app.close_stdin()
        app.end()
        collector.accounts_of(app.pid)
    equal(end_talk(t, apps[0], collector), {0: WORDS, 1: ALL, 2: WORDS, 3: WORDS | {("db", "chat")}}, "the one")
    said = {}
    for snapshot in t.snapshots():
        if snapshot.pid == apps[1].pid:
            for event in snapshot.events:
                said.setdefault(event["fields"]["n"], set()).add((event["target"], event["probe"]))
    equal(said, dict.fromkeys(range(4), WORDS), "the other")


def test_ctl_level_of_a_service(t):
    """Also of processes that come later, while it lasts."""
    path = t.app("talk")
    first = t.start(path)
    first.out.wait("ready")
    collector = t.collect("--on", "exit", "-l", "info", "-e", path)
    collector.recording_path(path)
    first.ask("talk")
    ctl("level", "debug", "--service", "ta*")
    first.ask("talk")
    equal(only_process(first.pid)["enabled_sites"], 4, "sites on")
    second = t.start(path)
    second.out.wait("ready")
    second.ask("talk")
    wait_enabled(second.pid, 4)
    second.ask("talk")
    ctl("level", "trace", "--service", "other")
    ctl("level", "default", "--service", "ta*")
    second.ask("talk")
    first.close_stdin()
    first.end()
    collector.accounts_of(first.pid)
    said = end_talk(t, second, collector)
    equal((said[1], said[2]), (ALL, WORDS), "the second")


def test_ctl_level_of_an_ended_process(t):
    """Its links go with it."""
    path = t.app("talk")
    collector = t.collect("-l", "info", "-e", path)
    collector.recording_path(path)
    ctl("level", "debug", "--service", "talk")
    for _ in range(3):
        app = t.start(path)
        app.out.wait("ready")
        app.ask("talk")
        wait_enabled(app.pid, 4)
        app.close_stdin()
        app.end()
        collector.accounts_of(app.pid)
    collector.stop()
    check("ttlog-collect: the sites of" not in collector.err.text(), collector.err.text())


# ---- filter, reload ----


def test_ctl_filter(t):
    app, collector = start_talk(t, "--on", "exit", "-F", "probe=chat")
    app.ask("talk")
    ctl("filter", "target=db", "level>=info")
    app.ask("talk")
    (answer,) = answers("status")
    equal(answer["filter"], ["target=db", "level>=info"], "filter")
    ctl("filter", "level>=trace")
    app.ask("talk")
    said = end_talk(t, app, collector)
    equal(said, {0: ALL - WORDS, 1: {("db", "word")}, 2: ALL}, "recorded")


def test_ctl_reload(t):
    path = t.path("collect.conf")

    def write(text):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o600)

    app = t.start(t.app("talk"))
    app.out.wait("ready")
    write("level = info\non = exit\n")
    collector = t.collect("--config", path, "-p", app.pid)
    collector.recording(app.pid)
    ctl("level", "trace")
    app.ask("talk")
    # what was changed for good ends, what is for a time does not
    ctl("level", "debug", "--target", "db", "--for", "1h")
    out, _ = ctl("reload")
    check("changed: nothing" in out, out)
    app.ask("talk")
    write("level = warn\non = exit\n")
    out, _ = ctl("reload")
    check("changed: level" in out, out)
    app.ask("talk")
    write("level = warn\nbogus = exit\n")
    _, errors = ctl("reload", status=1)
    check(f"the configuration stays as it was: {path}:2: 'bogus' is no key" in errors, errors)
    ctl("level", "default", "--target", "db")
    app.ask("talk")
    said = end_talk(t, app, collector)
    equal(said, {0: ALL, 1: WORDS | {("db", "chat")}, 2: {("db", "chat"), ("db", "word")}}, "recorded")


# ---- what is refused ----


def test_ctl_level_usage(t):
    app, collector = start_talk(t)
    for args in (["level"], ["level", "a", "b"], ["level", "info", "--for", "x"], ["level", "info", "--for", "0s"],
                 ["level", "bogus"], ["level", "net=bogus"], ["level", ""], ["filter"], ["filter", "bogus"],
                 ["filter", "target=x", "level>=bogus"], ["reload", "x"], ["status", "--for", "1s"],
                 ["filter", "target=x", "--target", "y"], ["level", "x" * 20000]):  # fmt: skip
        out, errors = ctl(*args, status=1 if args[-1] == "x" * 20000 else 2)
        check(out == "" and "ttlog-ctl: " in errors, f"{args}: {out}{errors}")
    _, errors = ctl("level", "debug", "-p", collector.pid, status=1)
    check(f"pid {collector.pid} is not recorded" in errors, errors)
    (answer,) = answers("status")
    equal((answer["changes"], answer["processes"][0]["enabled_sites"]), ([], 4), "changes")
    end_talk(t, app, collector)


def test_ctl_level_rights(t):
    member, _ = make_group(t, "guest")
    app, collector = start_talk(t, "--allow", "user:guest=level")
    ctl("level", "info", as_user=member)
    equal(only_process(app.pid)["enabled_sites"], 2, "sites on")
    for command, right in (["filter", "target=x"], "filter"), (["reload"], "reload"), (["trigger", "x"], "trigger"):
        _, errors = ctl(*command, status=1, as_user=member)
        check(f"not allowed: root may, and who has the right '{right}'" in errors, errors)
    end_talk(t, app, collector)


def test_ctl_level_has_a_bound(t):
    app, collector = start_talk(t, "-l", "info")
    for i in range(64):
        ctl("level", "debug", "--target", f"t{i}")
    _, errors = ctl("level", "debug", "--target", "more", status=1)
    check("there are 64 changes already: end one by 'level default'" in errors, errors)
    ctl("level", "default", "--target", "t7")
    ctl("level", "debug", "--target", "more")
    end_talk(t, app, collector)


def test_ctl_level_to_all_collectors(t):
    first, second = start_talk(t, "-l", "info"), start_talk(t, "-l", "info")
    out, _ = ctl("level", "debug")
    equal(sorted(out.splitlines()),
          sorted(f"collector {c.pid}: 4 of 4 sites are on in 1 process" for _, c in (first, second)), "said")  # fmt: skip
    # one that does not have the process is no failure
    ctl("level", "default")
    out, errors = ctl("level", "debug", "-p", second[0].pid)
    equal((len(out.splitlines()), errors), (1, ""), "said")
    for app, collector in (first, second):
        end_talk(t, app, collector)


def test_ctl_changes_end_with_the_collector(t):
    app, collector = start_talk(t, "-l", "info")
    ctl("level", "debug")
    collector.signal(signal.SIGKILL)
    collector.wait()
    t.rings_may_stay = True
    done = subprocess.run([CTL, "status"], stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE_S,
                          check=False)  # fmt: skip
    equal((done.returncode, done.stdout), (1, b""), "status")
    app.close_stdin()
    app.end()
