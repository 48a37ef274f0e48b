# SPDX-License-Identifier: MIT
"""ttlog-ship --webhook: it is told of each crash that is news, once."""
import os
import shutil
import signal
import sqlite3
import subprocess

from harness import TREE, check, equal, wait_until
from ship_fixture import CRASH, GOLDEN, OTHER, SHIP, make_spool, start_server, start_ship, stop, url_of, wait_index
from web_receiver import WebReceiver, answer


def start_receiver(t, **options):
    receiver = WebReceiver(**options)
    t.programs.append(receiver)
    return receiver


def hook_of(receiver, scheme="http"):
    return f"{scheme}://localhost:{receiver.port}/secret?key=1"


def add_crash(t, number, day):
    """The golden crash once more, by another name; its time is of that."""
    name = f"ttlog-{number}-202611{day:02}153021357-crash.bin"
    shutil.copy(os.path.join(GOLDEN, "v1-crash.bin"), t.path("new"))
    os.rename(t.path("new"), os.path.join(t.out, name))
    return name


def wait_told(receiver, count):
    wait_until(lambda: len(receiver.requests) >= count, f"{count} requests: {receiver.requests}")
    return receiver.bodies()


def seen(t):
    """How many crash files it has counted."""
    (path,) = [entry.path for entry in os.scandir(t.path("state")) if entry.name.startswith("signatures-")
               and entry.name.endswith(".db")]  # fmt: skip
    with sqlite3.connect(path) as db:
        return db.execute("SELECT count(*) FROM seen1").fetchone()[0]


def crash(t, how="SEGV"):
    """A program that is recorded ends so, always at the same place."""
    number = getattr(signal, "SIG" + how)
    t.collect("--", t.app("crash"), 2, 10, how).end(128 + number)


def test_ship_webhook_is_told_of_a_crash(t):
    """Once, whatever else is sent, also after a restart; a death that is no crash is no news."""
    receiver, server = start_receiver(t), start_server(t)
    os.makedirs(t.out)
    args = ["--to", url_of(server.port), "--webhook", hook_of(receiver)]
    ship = start_ship(t, *args)
    crash(t)
    (told,) = wait_told(receiver, 1)
    snapshot = t.only_snapshot()
    equal(receiver.requests[0].path, "/secret?key=1", "path")
    equal(receiver.requests[0].headers["Content-Type"], "application/json", "headers")
    ((_, message),) = wait_index(server, 1).items()
    equal({key: told[key] for key in ("event", "signature", "service", "reason", "signal", "count", "file", "time")},
          {"event": "new", "signature": snapshot.info["signature"], "service": "crash", "reason": "crash",
           "signal": "SIGSEGV", "count": 1, "file": os.path.basename(snapshot.path),
           "time": snapshot.info["created_at"]}, "what it was told")  # fmt: skip
    equal((told["object"], told["host"]), (message["object"], message["object"].split("/")[0]), "object and host")
    check(told["frame"] and told["text"] == f"crash crashed on {told['host']}: SIGSEGV in {told['frame']} (new)", told)
    # the same crash again, then a death by a signal that dumps no core
    crash(t)
    crash(t, "TERM")
    wait_index(server, 3)
    wait_until(lambda: seen(t) == 2, "two crashes that are counted")
    crash(t, "ABRT")
    told = wait_told(receiver, 2)[1]
    equal((told["signal"], told["event"]), ("SIGABRT", "new"), "another crash")
    check("webhook http://localhost:%d: it was told of 2 crashes, refused 0; 0 wait" % receiver.port in stop(ship),
          ship.err.text())  # fmt: skip
    ship = start_ship(t, *args)
    ship.err.wait(r".*connected .*")
    add_crash(t, 1, 22)
    equal(wait_told(receiver, 3)[2]["service"], "exchange", "what comes after a restart is first of what is news")
    stop(ship)
    check("secret" not in ship.err.text(), ship.err.text())


def test_ship_webhook_alone(t):
    """Without a place to send to. What is back after a week is told again."""
    receiver = start_receiver(t)
    make_spool(t)
    ship = start_ship(t, "--webhook", hook_of(receiver))
    (told,) = wait_told(receiver, 1)
    equal((told["file"], told["event"], told["service"]), (CRASH, "new", "exchange"), "the first")
    add_crash(t, 5, 27)
    wait_until(lambda: seen(t) == 2, "another one that is counted")
    equal(os.listdir(t.path("state/shipped")), [], "what is elsewhere, for --keep-until-shipped")
    late = add_crash(t, 6, 29)
    wait_until(lambda: seen(t) == 3, "another one that is counted")
    stop(ship)
    with sqlite3.connect(next(entry.path for entry in os.scandir(t.path("state")) if entry.name.startswith("signatures-")
                              and entry.name.endswith(".db"))) as db:  # fmt: skip
        db.execute("UPDATE signatures1 SET last_s = last_s - 7 * 86400")
    ship = start_ship(t, "--webhook", hook_of(receiver))
    back = add_crash(t, 7, 30)
    told = wait_told(receiver, 2)[1]
    equal((told["file"], told["event"], told["count"]), (back, "back", 4), "what is back")
    equal(told["last_time"], "2026-11-22T15:30:21.000000000Z", f"before, by {late}")
    check("back after a week" in told["text"], told)
    # what is gone is not counted when its name comes again
    os.unlink(os.path.join(t.out, back))
    wait_until(lambda: seen(t) == 3, "forgotten")
    equal(len(receiver.requests), 2, "requests")
    stop(ship)


def test_ship_webhook_that_is_down(t):
    """It is told once it is there; what it asks to wait is waited; one that it refuses keeps no other from it."""
    receiver = start_receiver(t)
    receiver.stop()
    make_spool(t)
    os.unlink(os.path.join(t.out, OTHER))
    ship = start_ship(t, "--webhook", hook_of(receiver))
    ship.err.wait(rf"ttlog-ship: webhook http://localhost:{receiver.port}: localhost:{receiver.port}: Connection refused")
    ship.signal(signal.SIGKILL)
    ship.end(-signal.SIGKILL)
    os.unlink(os.path.join(t.out, CRASH))
    receiver.answers.extend([answer(503, Retry_After=1), answer(500), answer(404), answer(204)])
    receiver.start()
    ship = start_ship(t, "--webhook", hook_of(receiver))
    ship.err.wait(f".*it answers 404: it is not told of {CRASH} before ttlog-ship starts again")
    equal([body["file"] for body in wait_told(receiver, 3)], [CRASH] * 3, "the same, of a file that is gone")
    check("it answers 503; 1 wait, it is tried again" in ship.err.text(), ship.err.text())
    crash(t)
    equal(wait_told(receiver, 4)[3]["service"], "crash", "another one")
    check("it was told of 1 crashes, refused 1; 1 wait" in stop(ship), ship.err.text())
    ship = start_ship(t, "--webhook", hook_of(receiver))
    equal(wait_told(receiver, 5)[4]["file"], CRASH, "after a new start")
    stop(ship)


def test_ship_webhook_by_tls(t):
    """Only a server that has the name, and a certificate of the authority."""
    subprocess.run([os.path.join(TREE, "tests/fleet/make-certificates"), t.dir], check=True, timeout=60)
    make_spool(t)
    good = start_receiver(t, tls=tuple(map(t.path, ("server.pem", "server.key", "ca.pem"))))
    bad = start_receiver(t, tls=tuple(map(t.path, ("elsewhere.pem", "elsewhere.key", "ca.pem"))))
    tls = ["--tls-ca", "ca.pem", "--tls-cert", "client.pem", "--tls-key", "client.key"]
    ship = start_ship(t, "--webhook", hook_of(bad, "https"), *tls)
    ship.err.wait(".*no alternative certificate subject name matches target host name 'localhost'")
    stop(ship)
    ship = start_ship(t, "--webhook", hook_of(good, "https"))
    ship.err.wait(".*SSL certificate problem: .*")
    stop(ship)
    ship = start_ship(t, "--webhook", hook_of(good, "https"), *tls)
    wait_told(good, 1)
    stop(ship)
    equal(len(bad.requests), 0, "requests to another server")


def test_ship_webhook_refuses(t):
    os.makedirs(t.out)
    for url in ("ftp://h/secret", "http://", "https:///secret", "secret"):
        done = subprocess.run([SHIP, "--from", t.out, "--state", t.path("state"), "--webhook", url], capture_output=True,
                              text=True, timeout=60)  # fmt: skip
        equal((done.returncode, done.stdout), (2, ""), f"status of {url}")
        check("--webhook: it is not http://HOST... or https://HOST..." in done.stderr, done.stderr)
        check("secret" not in done.stderr, done.stderr)
