# SPDX-License-Identifier: MIT
"""PostgreSQL under load, killed: the last statements of each backend, its locks and checkpoints."""
import collections
import json
import os
import re
import signal

from cluster import Cluster, POSTGRES
from harness import Snapshot, check, equal, view, wait_until
from readme import options

CLIENTS = 4
STATEMENTS = 500  # of each backend
LOGGED = re.compile(r"^(\d+) LOG:  statement: (.*)$", re.M)


def logged(cluster):
    """The statements of each backend, as the server's log has them."""
    statements = collections.defaultdict(list)
    for pid, statement in LOGGED.findall(cluster.said()):
        statements[int(pid)].append(statement)
    return statements


def busy_backends(cluster):
    return {pid for pid, statements in logged(cluster).items() if len(statements) >= STATEMENTS}


def record(t, word):
    """A server with tables, its recorder, and pgbench, once each backend has worked."""
    cluster = Cluster(t.path("cluster"), "log_line_prefix=%p ")
    cluster.run("pgbench", "-iq")
    cluster.sql("ALTER SYSTEM SET log_statement = 'all'")
    cluster.sql("SELECT pg_reload_conf()")
    collector = t.collect(*options("ttlog-collect", word))
    collector.recording_path(POSTGRES)
    collector.recording(cluster.pid)
    load = cluster.start("pgbench", "-n", "-c", CLIENTS, "-T", 3600)
    wait_until(lambda: len(busy_backends(cluster)) == CLIENTS, "the load of each backend")
    return cluster, collector, load


def kill(cluster, collector, load, others=()):
    """Each process, with SIGKILL. The accounts of these and of pgbench's backends by pid, and the
    statements that the log has of the latter."""
    backends = busy_backends(cluster)
    for pid in cluster.processes():
        os.kill(pid, signal.SIGKILL)
    cluster.process.wait()
    load.communicate()
    accounts = {pid: collector.accounts_of(pid) for pid in [cluster.pid, *others, *backends]}
    collector.stop()
    statements = logged(cluster)
    return accounts, {pid: statements[pid] for pid in backends}


def file_of(accounts):
    equal((accounts.lost, accounts.overwritten, len(accounts.files)), (0, 0, 1), "lost, overwritten, files")
    return accounts.files[0]


def check_backend(snapshot, statements):
    """The probe comes before the log's line: one statement may be in the file only."""
    check(snapshot.info["reason"] in ("killed", "exit"), snapshot.info["reason"])
    started = snapshot.fields("query__start", "query")
    equal(started[:len(statements)], statements, "statements of the log and of the file")
    check(len(started) - len(statements) in (0, 1), f"{started[len(statements):]} in the file only")
    check(len(started) - len(snapshot.of("query__done")) in (0, 1), "statements that did not end")
    first = snapshot.events.index(snapshot.of("query__start")[0])  # before it: the connection's own
    commits = [event for event in snapshot.events[first:] if event["probe"] == "transaction__commit"]
    check(started.count("END;") - len(commits) in (0, 1), f"{len(commits)} transactions committed")


def check_slowest(word, files, statements):
    """As the README ranks them: times fall, and the statements are those of the log."""
    words = options("ttlog-view", word)
    text = view(*words[:words.index("--sql") + 2], "--format", "json", *files)
    rows = [json.loads(line) for line in text.splitlines()]
    equal(len(rows), 5, "rows")
    times = [row["ms"] for row in rows]
    equal(times, sorted(times, reverse=True), "the order of the slowest")
    everything = {statement for log in statements.values() for statement in log}
    check(all(row["query"] in everything for row in rows[1:]), rows)


def test_postgres_killed(t):
    cluster, collector, load = record(t, "postgresql:")
    cluster.sql("CHECKPOINT")
    checkpointer = int(cluster.sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"))
    accounts, statements = kill(cluster, collector, load, [checkpointer])
    snapshots = {pid: Snapshot(file_of(accounts[pid]), compare=False) for pid in (*statements, checkpointer)}
    for pid, log in statements.items():
        check_backend(snapshots[pid], log)
    waits = [event for pid in statements for event in snapshots[pid].events
             if event["probe"] == "lock__wait__start"]
    check(waits, "no backend waited for another one")
    check(all("mode" in event["fields"] for event in waits), "names of the lock's fields")
    done = snapshots[checkpointer]
    check(done.of("checkpoint__start") and done.fields("checkpoint__done", "buffers_written")[0] > 0,
          f"the checkpoint: {done.events}")
    check_slowest("lead(", [snapshots[pid].path for pid in statements], statements)


def test_postgres_spans(t):
    """A function of a program without debug information; its text is behind its argument."""
    cluster, collector, load = record(t, "standard_ExecutorRun")
    accounts, statements = kill(cluster, collector, load)
    files = [file_of(accounts[pid]) for pid in statements]
    for pid, log in statements.items():
        snapshot = Snapshot(file_of(accounts[pid]), compare=False)
        begun = [event["fields"]["query"] for event in snapshot.events if "query" in event["fields"]]
        executed = [statement for statement in log if statement not in ("BEGIN;", "END;")]
        equal(begun[:len(executed) - 1], executed[:-1], "what was executed, but for the last")
        check(len(snapshot.events) - 2 * len(begun) in (0, -1), "ends of spans")
    check_slowest("FROM spans", files, statements)
