# SPDX-License-Identifier: MIT
"""What ttlog-ship --metrics says, as Prometheus reads it."""
import os
import re
import signal
import socket

from harness import DEADLINE_S, TREE, check, equal, wait_until
from nats_client import NatsClient
from ship_fixture import CRASH, make_spool, start_server, start_ship, stop, url_of, wait_audited, wait_index
from test_metrics import fetch, free_port, promtool, samples, wait_sample


def start(t, *args, **options):
    """A shipper, and where it serves metrics."""
    ship = start_ship(t, "--metrics", free_port(), *args, **options)
    return ship, ship.err.wait(r"ttlog-ship: metrics at http://(\S+)/metrics")[1]


def manual():
    """What the manual lists."""
    with open(os.path.join(TREE, "man/ttlog-ship.1"), encoding="utf-8") as file:
        return set(re.findall(r"^\.It (ttlog_\w+)", file.read(), re.M))


def test_ship_metrics_of_each_destination(t):
    """One that is down, and one that loses what it had."""
    server = start_server(t)
    make_spool(t)
    up, down = url_of(server.port), url_of(free_port())
    ship, at = start(t, "--to", up, "--to", down, "--audit-after", "1ms")
    after = wait_sample(at, ("ttlog_ship_audits_total", up, "whole"), 2)
    size = sum(os.stat(path).st_size for path in t.files())
    equal({key[0]: value for key, value in after.items() if key[1:2] == (up,) and key[2:] not in (("not_whole",), ("unaudited",))}, {
        "ttlog_ship_connected": 1, "ttlog_ship_backlog_files": 0, "ttlog_ship_backlog_bytes": 0,
        "ttlog_ship_lag_seconds": 0, "ttlog_ship_unaudited_files": 0,
        "ttlog_ship_crash_latency_seconds": after["ttlog_ship_crash_latency_seconds", up],
        "ttlog_ship_sent_files_total": 2, "ttlog_ship_sent_bytes_total": size, "ttlog_ship_audits_total": 2,
        "ttlog_ship_resends_total": 0, "ttlog_ship_failures_total": 0,
        "ttlog_ship_refused_files_total": 0, "ttlog_ship_rejected_records_total": 0, "ttlog_ship_dropped_files_total": 0,
    }, "where it is")  # fmt: skip
    # the spool's files are of November: their names say so
    check(after["ttlog_ship_crash_latency_seconds", up] > 3600, "since the crash")
    equal((after["ttlog_ship_connected", down], after["ttlog_ship_backlog_files", down],
           after["ttlog_ship_backlog_bytes", down], after["ttlog_ship_sent_files_total", down]),
          (0, 2, size, 0), "where it is down")  # fmt: skip
    check(after["ttlog_ship_failures_total", down] > 0, "failures")
    check(after["ttlog_ship_lag_seconds", down] > 3600, "the oldest file")
    with NatsClient(server.port) as client:
        check(client.api("STREAM.PURGE.TTLOG_INDEX_crashes")["success"], "purged")
    server.kill()
    server.start()
    after = wait_sample(at, ("ttlog_ship_audits_total", up, "whole"), 4)
    equal((after["ttlog_ship_resends_total", up], after["ttlog_ship_audits_total", up, "not_whole"]), (2, 2), "resends")
    check(after["ttlog_ship_failures_total", up] > 0, "failures")
    os.unlink(os.path.join(t.out, CRASH))
    wait_sample(at, ("ttlog_ship_dropped_files_total", down, "unsent"), 1)
    equal(promtool("check", "metrics", text=fetch(at)), (0, ""), "promtool check metrics")
    equal(sorted(manual()), sorted({key[0] for key in after}), "names in the man page")
    stop(ship)


def test_ship_metrics_rude_clients(t):
    """They delay neither what is sent nor other clients."""
    server = start_server(t)
    os.makedirs(t.out)
    ship, at = start(t, "--to", url_of(server.port), "--audit-after", "1ms")
    host, _, port = at.rpartition(":")
    rude = [socket.create_connection((host, int(port)), DEADLINE_S) for _ in range(5)]
    for client, text in zip(rude, (b"", b"GET /met", b"\0\xff" * 100, b"POST /metrics HTTP/1.1\r\n", b"x" * 100000)):
        client.send(text)
    make_spool(t)
    wait_index(server, 2)
    wait_audited(t, 2)
    wait_sample(at, ("ttlog_ship_audits_total", url_of(server.port), "whole"), 2)
    stop(ship)
    for client in rude:
        client.close()


def test_ship_metrics_refuses(t):
    """A port that is in use, and what is no address."""
    os.makedirs(t.out)
    with socket.socket() as used:
        used.bind(("127.0.0.1", 0))
        used.listen()
        for where, status, said in ((used.getsockname()[1], 1, "can't listen on 127.0.0.1:.*take another port"),
                                    ("there:1", 2, "'there:1' is not ADDR:PORT"), ("0", 2, "'0' is not ADDR:PORT")):
            ship = start_ship(t, "--to", url_of(1), "--metrics", where)
            ship.end(status)
            check(re.search(f"--metrics: {said}", ship.err.text()), ship.err.text())


def test_ship_metrics_rules(t):
    """Each alert fires when it should, and names what there is."""
    rules = os.path.join(TREE, "src/metrics/prometheus/ttlog-ship.rules.yml")
    for path in (rules, os.path.join(TREE, "tests/unit/metrics/ttlog-ship.rules_test.yml")):
        t.copy(path)
    status, text = promtool("test", "rules", t.path("ttlog-ship.rules_test.yml"))
    equal(status, 0, text)
    with open(rules, encoding="utf-8") as file:
        named = set(re.findall(r"expr: .*?(ttlog_ship_\w+)", file.read()))
    equal((len(named), named - manual()), (3, set()), "unknown names in rules")
