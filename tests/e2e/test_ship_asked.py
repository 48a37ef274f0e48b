# SPDX-License-Identifier: MIT
"""ttlog-ship hands requests of the fleet to the collectors: what --allow names, and the journal says who asked."""
import json
import os

from asked_fixture import Asker, start_asked
from ctl_fixture import USER, answers, make_group
from harness import check, equal
from live_fixture import start_beat
from ship_fixture import start_ship, stop, url_of


def only_answer(answer, verdict="done"):
    """What the only collector told."""
    equal(answer["verdict"], "done", f"verdict of the host: {answer}")
    (one,) = answer["answers"]
    equal(one["verdict"], verdict, f"verdict of the collector: {one}")
    return one["text"]


def end_beat(app, collector):
    app.close_stdin()
    app.end()
    collector.end()


def test_ship_asked_status_and_list(t):
    app, collector = start_beat(t)
    server, ship, host = start_asked(t)
    check(ship.err.text().count(" as ") == 0 or f" as {host};" in ship.err.text(), ship.err.text())
    with Asker(server.port) as alice:
        status = json.loads(only_answer(alice.ask(host, "status")))
        equal([process["pid"] for process in status["processes"]], [app.pid], "processes")
        for more, pids in (({}, [app.pid]), ({"service": "b*"}, [app.pid]), ({"service": "x*"}, []), ({"pid": app.pid}, [app.pid])):
            listed = json.loads(only_answer(alice.ask(host, "list", **more)))
            equal([process["pid"] for process in listed["processes"]], pids, f"listed with {more}")
        equal(alice.ask("other-0a1b2c3d", "list"), None, "an answer for another host")
        for command, more in (("trigger", {"argument": "x"}), ("level", {"argument": "info", "for_ns": 1})):
            answer = alice.ask(host, command, **more)
            equal((answer["verdict"], answer["answers"]), ("refused", []), "not allowed")
            equal(answer["why"], f"{command}: ttlog-ship's --allow there does not name it", "why")
            ship.err.wait(f".*{url_of(server.port)}: alice asks: {command}: ttlog-ship's --allow .*")
    equal(t.files(), [], "files")
    end_beat(app, collector)
    with Asker(server.port) as alice:
        answer = alice.ask(host, "list")
        equal((answer["verdict"], answer["why"]), ("failed", "no collector is running there"), "without a collector")
    stop(ship)


def test_ship_asked_to_change(t):
    """Twice the same cluster: each request is done once. The journal has all of it."""
    app, collector = start_beat(t)
    app.ask("beat")
    server, ship, host = start_asked(t, "--allow", "trigger,level")
    again = start_ship(t, "--to", url_of(server.port, "other"), "--to", url_of(server.port, "third"), "--allow",
                       "trigger,level", "--state", t.path("state2"))  # fmt: skip
    again.err.wait(".*third: connected .*")
    with Asker(server.port, "bob%2Eb") as bob:
        paths = only_answer(bob.ask(host, "trigger", argument="before\x1b[31mrestart", pid=app.pid)).splitlines()
        equal(paths, t.files(), "paths")
        equal(only_answer(bob.ask(host, "trigger", argument="x", pid=1), "failed")[:7], "error: ", "of no process")
        answer = bob.ask(host, "level", argument="warn", service="beat", for_ns=3_600_000_000_000)
        equal(json.loads(only_answer(answer))["processes"], 1, "processes")
        (status,) = answers("status")
        (change,) = status["changes"]
        equal((change["level"], change["service"]), ("warn", "beat"), "change")
        answer = bob.ask(host, "level", argument="no-such-level", for_ns=1)
        check("no-such-level" in only_answer(answer, "usage"), f"{answer}")
        answer = bob.ask(host, "level", argument="debug")
        check(answer["verdict"] == "refused" and "not said for how long" in answer["why"], f"{answer}")
        equal(json.loads(only_answer(bob.ask(host, "level", argument="default", service="beat")))["sites"], 2, "sites")
        check(bob.ask(host, "status")["verdict"] == "refused", "status is not allowed")
    text = stop(ship) + stop(again)
    for line in (f'bob%2Eb asks: trigger "before\\x1b[31mrestart" -p {app.pid}\n', 'bob%2Eb asks: trigger "x" -p 1\n',
                 'bob%2Eb asks: trigger "x" -p 1: control-', 'bob%2Eb asks: level "warn" --service "beat" --for 3600s\n',
                 "bob%2Eb asks: the request is not understood: level: it is not said for how long\n"):  # fmt: skip
        equal(text.count(line), 1, f"times that it is said: {line!r} in {text}")
    equal(len(t.files()), 1, "files")
    end_beat(app, collector)


def test_ship_asked_nothing(t):
    server, ship, host = start_asked(t)
    stop(ship)
    ship = start_ship(t, "--to", url_of(server.port), "--allow", "none")
    ship.err.wait(".*connected .*")
    with Asker(server.port) as alice:
        equal((alice.hello(), alice.ask(host, "list")), (None, None), "answers")
    stop(ship)


def test_ship_asked_usage(t):
    for bad in ("", "status,", "reload", "none,list", "status;list", "all"):
        ship = start_ship(t, "--to", "nats://127.0.0.1:1/x", "--allow", bad)
        ship.end(2)
        check("--allow: '" in ship.err.text() and " is not status, list, trigger or level" in ship.err.text(), ship.err.text())


def test_ship_asked_by_hostile_users(t):
    """What is no request is refused, answers go nowhere else, and a flood is bounded; others are served after it."""
    app, collector = start_beat(t)
    server, ship, host = start_asked(t, "--allow", "status,list,trigger,level")
    with Asker(server.port, "eve") as eve:
        # to others' inboxes, and to what a host may write
        for reply in ("_INBOX.alice.t.1", "ttlog.index.crashes.x.s.r.i", "$JS.API.STREAM.PURGE.OBJ_crashes", "x"):
            with Asker(server.port, "alice") as alice:
                equal(alice.try_to(f"SUB {reply} 7"), None, "subscribed")
                request = b'{"version":1,"command":"list"}'
                equal(eve.try_to(f"PUB ttlog.ctl.{host}.eve {reply} {len(request)}\r\n{request.decode()}"), None, "asked")
                equal(eve.try_to(f"PUB ttlog.ctl.all.eve {reply} 0\r\n"), None, "asked")
                ship.err.wait(".*eve asks: an answer to another subject than _INBOX.USER.>")
                equal(alice.ask(host, "list")["verdict"], "done", "alice's own, and nothing before it")
        for bad in (b"", b"\0", b"{", b"[]" * 3000, b"[" * 8000, b"x" * 900_000, b'{"version":1,"command":"reload"}',
                    b'{"version":1,"command":"list","x":1}', b'{"version":1,"command":"trigger","argument":"\\u0000"}',
                    b'{"version":1,"command":"list","service":"\xff"}'):  # fmt: skip
            answer = eve.ask_bytes(host, bad)
            check(answer["verdict"] == "refused" and "not understood" in answer["why"], f"{bad[:40]}: {answer}")
        for subject in (f"ttlog.ctl.{host}.%", f"ttlog.ctl.{host}.a%41"):
            eve.try_to(f"PUB {subject} _INBOX.a.t.1 0\r\n")
        verdicts = [answer["verdict"] for answer in eve.flood(host, b'{"version":1,"command":"list"}', 60)]
        check("refused" in verdicts and "done" in verdicts, f"{verdicts}")
        with Asker(server.port) as alice:
            only_answer(alice.ask_once(host, b'{"version":1,"command":"list"}'))
    with open(f"/proc/{ship.pid}/status", encoding="utf-8") as file:
        (peak,) = [int(line.split()[1]) for line in file if line.startswith("VmHWM")]
    check(peak < 32 << 10, f"{peak} kB")
    text = stop(ship)
    check(text.count("eve asks") <= 40, text)
    end_beat(app, collector)


def test_ship_asked_without_rights_on_the_socket(t):
    """A shipper that is not in the group ttlog says so; one that is may do what the collector's --allow says."""
    member, outsider = make_group(t, "guest")
    app, collector = start_beat(t)
    os.chmod(t.dir, 0o755)
    os.makedirs(t.out, exist_ok=True)
    os.chmod(t.out, 0o755)
    server = None
    for groups, is_member in ((outsider, False), (member, True)):
        state = t.path(f"state-of-{is_member}")
        os.mkdir(state)
        os.chown(state, USER, USER)
        server, ship, host = start_asked(t, "--allow", "list,trigger", "--state", state, server=server,
                                         before=["setpriv", *groups])  # fmt: skip
        with Asker(server.port) as alice:
            answer = alice.ask(host, "list")
            if is_member:
                equal([process["pid"] for process in json.loads(only_answer(answer))["processes"]], [app.pid], "listed")
                check("not allowed: root may" in only_answer(alice.ask(host, "trigger", argument="x"), "failed"), "trigger")
                ship.err.wait('.*alice asks: trigger "x": control-.*not allowed: root may.*')
            else:
                why = "/run/ttlog: permission denied: ttlog-ship is not of the group ttlog there"
                equal((answer["verdict"], answer["why"]), ("failed", why), "of no group")
        stop(ship)
    equal(t.files(), [], "files")
    end_beat(app, collector)
