# SPDX-License-Identifier: MIT
"""A Java program: its threads, its monitors and its collections, until it is killed."""
import os
import signal

from harness import TREE, check, children_of, equal
from readme import options

JAVA = "/usr/lib/jvm/java-17-openjdk-amd64/bin/java"
PROGRAM = os.path.join(TREE, "tests/programs/Orders.java")


def test_java_threads_monitors_collections(t):
    collector = t.collect(*options("ttlog-collect", "hotspot:"), "--", JAVA,
                          "-XX:+DTraceMonitorProbes", PROGRAM)
    collector.out.wait("ready")
    (java,) = children_of(collector.broker())
    os.kill(java, signal.SIGKILL)
    collector.end(128 + 9)
    snapshot = t.only_snapshot()
    check_threads(snapshot)
    check_monitors(snapshot)
    collections = snapshot.fields("gc__begin", "full")
    equal(collections.count(True), 2, f"full collections of {collections}")
    equal(len(snapshot.of("gc__end")), len(collections), "collections that ended")
    equal(snapshot.info["reason"], "killed", "reason")
    accounts = collector.only_accounts()
    equal((accounts.recorded, accounts.lost), (len(snapshot.events), 0), "accounts")


def check_threads(snapshot):
    """Their names have no zero byte at their end."""
    for probe in ("thread__start", "thread__stop"):
        names = [name for name in snapshot.fields(probe, "name") if name.startswith("orders-")]
        equal(sorted(names), ["orders-1", "orders-2"], probe)


def check_monitors(snapshot):
    tids = {event["fields"]["native"] for event in snapshot.of("thread__start")
            if event["fields"]["name"].startswith("orders-")}
    for probe in ("monitor__contended__enter", "monitor__contended__entered"):
        seen = [event for event in snapshot.of(probe) if event["fields"]["class"] == "Orders$Book"]
        equal({event["tid"] for event in seen}, tids, f"threads with {probe}")
    check(snapshot.of("monitor__wait"), "main waits for the threads")
