# SPDX-License-Identifier: MIT
"""ttlog-view --follow: events of running collectors, as they come; and clients that are slow, many,
gone or hostile."""
import glob
import os
import re
import signal
import struct
import subprocess

from harness import DEADLINE_S, VIEW, alone, check, equal, view, wait_until
from live_fixture import (
    END, MAX_FOLLOWERS, TRIGGER_MAGIC, WINDOW, connect, follow, follow_json, follow_request, is_hung_up, receive,
    start_beat)


# ---- what is shown ----


def test_live_nobody(t):
    done = subprocess.run([VIEW, "--follow"], capture_output=True, timeout=DEADLINE_S, check=False)
    equal((done.returncode, done.stdout), (1, b""), "status and output")
    check(b"no collector is running" in done.stderr and b"ttlog-collect -p PID" in done.stderr,
          f"it says {done.stderr}")


def test_live_one_by_one(t):
    """The events of a thread that fills no batch come without --immediate, too."""
    app, collector = start_beat(t, 20)
    viewer = follow_json(t)
    for count in range(1, 11):
        app.ask("beat")
        events = viewer.wait_events(count)
    equal([event["fields"]["n"] for event in events], list(range(10)), "beats")
    collector.stop()
    viewer.end()


def test_live_only_what_comes(t):
    """Events from before the first follower are not shown, flushed or not."""
    app, collector = start_beat(t)
    app.ask("beat")
    viewer = follow_json(t)
    app.ask("beat")
    equal([event["fields"]["n"] for event in viewer.wait_events(1)], [1], "beats")
    collector.stop()
    equal(viewer.end().last_word(), (True, 1, 0, 0), "its last word")


def test_live_head_and_formats(t):
    app, collector = start_beat(t, 0, 3)
    text, logfmt = follow(t, "--head", 2), follow(t, "--format", "logfmt", "--head", 3)
    app.ask("beat")
    check(all(re.search(r" Beat n=\d at_ns=\d+$", line) for line in text.end().out.all()), "text")
    equal(text.last_word(), (False, 2, 0, 0), "its last word")
    equal([re.search(r" n=(\d) ", line)[1] for line in logfmt.end().out.all()], ["0", "1", "2"], "n")
    collector.stop()


def test_live_end_of_process(t):
    """The last events before a crash are shown, and then that the collector has ended."""
    app = t.start(t.app("crash"), "--wait", 2, 10, "SEGV")
    app.out.wait("start")
    collector = t.collect("-p", app.pid)
    collector.recording(app.pid)
    viewer = follow_json(t)
    app.say()
    app.out.wait("ready")
    app.say()
    app.wait()
    collector.end()
    equal(viewer.end().last_word(), (True, 20, 0, 0), "its last word")
    equal(len(viewer.events()), 20, "events")


def test_live_new_processes(t):
    """-e PATH: processes that start later show up by themselves, and end."""
    path = t.app("beat")
    collector = t.collect("-e", path)
    collector.recording_path(path)
    viewer = follow_json(t)
    apps = [t.start(path) for _ in range(3)]
    for app in apps:
        app.out.wait("ready")
        app.ask("beat")
    equal({event["pid"] for event in viewer.wait_events(3)}, {app.pid for app in apps}, "pids")
    for app in apps:
        app.close_stdin()
        app.end()
    collector.stop()
    equal(viewer.end().last_word(), (True, 3, 0, 0), "its last word")


def test_live_collector_killed(t):
    app, collector = start_beat(t)
    t.rings_may_stay = True
    viewer = follow_json(t)
    app.ask("beat")
    viewer.wait_events(1)
    collector.signal(signal.SIGKILL)
    equal(viewer.end().last_word(), (True, 1, 0, 0), "its last word")
    app.close_stdin()
    app.end()


def test_live_interrupted(t):
    app, collector = start_beat(t)
    viewer = follow_json(t)
    app.ask("beat")
    viewer.wait_events(1)
    viewer.signal(signal.SIGINT)
    equal(viewer.end().last_word(), (False, 1, 0, 0), "its last word")
    collector.stop()


def cpu_s(pid):
    """The seconds of processor time that it took."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        words = stat.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


@alone
def test_live_interrupted_in_a_flood(t):
    """It ends at the first signal, though there is always more to show."""
    counts = t.path("counts")
    with open(counts, "wb") as file:
        file.truncate(4096)
    app = t.start(t.app("flood"), counts, 1, 0)
    app.out.wait("ready")
    collector = collect_by_pid(t, app)
    # the viewer is slower than the program: the collector always has more to send
    viewer = follow(t, "--format", "json", "--search", "=[0-9]*$", "-o", "/dev/null")
    wait_until(lambda: cpu_s(viewer.pid) > 0.3, "it has work")
    viewer.signal(signal.SIGINT)
    check(not viewer.end().last_word()[0], "it says that the collector has ended")
    collector.stop()
    app.close_stdin()
    app.end()


def test_live_nobody_reads(t):
    """It ends with its reader, though no event comes."""
    _, collector = start_beat(t)
    reading, writing = os.pipe()
    with subprocess.Popen([VIEW, "--follow"], stdout=writing, stderr=subprocess.PIPE) as viewer:
        os.close(writing)
        equal(viewer.stderr.readline(), b"ttlog-view: following 1 collector\n", "its first line")
        os.close(reading)
        equal(viewer.wait(DEADLINE_S), 0, "status")
    collector.stop()


def test_live_several_collectors(t):
    apps = [t.start(t.app("beat", t.path(name))) for name in ("one", "two")]
    collectors = []
    for app in apps:
        app.out.wait("ready")
        collectors.append(t.collect("-p", app.pid))
        collectors[-1].recording(app.pid)
    viewer = follow_json(t)
    viewer.err.wait("ttlog-view: following 2 collectors")
    for app in apps:
        app.ask("beat")
    equal({event["pid"] for event in viewer.wait_events(2)}, {app.pid for app in apps}, "pids")
    collectors[0].stop()
    apps[1].ask("beat")
    viewer.wait_events(3)
    collectors[1].stop()
    equal(viewer.end().last_word(), (True, 3, 0, 0), "its last word")


def start_beats(t, *names):
    """How many of these programs wait."""
    apps = [t.start(t.app("beat", t.path(name))) for name in names]
    for app in apps:
        app.out.wait("ready")
    return apps


def collect_by_pid(t, app):
    collector = t.collect("-p", app.pid)
    collector.recording(app.pid)
    return collector


def test_live_two_collectors_of_one_process(t):
    """Each collector sends every event: it is shown once."""
    (app,) = start_beats(t, "one")
    collectors = [collect_by_pid(t, app) for _ in range(2)]
    viewer = follow_json(t)
    viewer.err.wait("ttlog-view: following 2 collectors")
    for done in range(1, 6):
        app.ask("beat")
        viewer.wait_events(done)
    for collector in collectors:
        collector.stop()
    equal(viewer.end().last_word(), (True, 5, 0, 0), "its last word")
    ids = {event["id"] for event in viewer.events()}
    equal(len(ids), 5, f"identities in {viewer.events()}")


def test_live_collectors_come_and_go(t):
    """Collectors that start later are followed, too. A message says that one has ended or was
    killed. The viewer ends with the last one."""
    t.rings_may_stay = True
    apps = start_beats(t, "one", "two", "three")
    collectors = [collect_by_pid(t, apps[0])]
    viewer = follow_json(t, "--filter", "n>=1")
    for number, app in enumerate(apps[1:], 2):
        collectors.append(collect_by_pid(t, app))
        viewer.err.wait(f"ttlog-view: following {number} collectors")
    for app in apps:
        app.ask("beat")
        app.ask("beat")
    equal({event["pid"] for event in viewer.wait_events(3)}, {app.pid for app in apps}, "pids")
    collectors[0].signal(signal.SIGKILL)
    viewer.err.wait("ttlog-view: a collector has ended: following 2 collectors")
    collectors[1].stop()
    viewer.err.wait("ttlog-view: a collector has ended: following 1 collector")
    collectors[1] = collect_by_pid(t, apps[1])
    said = viewer.err.lines
    wait_until(lambda: said.count("ttlog-view: following 2 collectors") == 2, "the new one is followed")
    apps[1].ask("beat")
    equal(viewer.wait_events(4)[3]["pid"], apps[1].pid, "pid of what the new one sends")
    equal([event["fields"]["n"] for event in viewer.events()], [1, 1, 1, 2], "beats")
    for collector in collectors[1:]:
        collector.stop()
    equal(viewer.end().last_word(), (True, 4, 0, 0), "its last word")
    equal(viewer.err.lines[-2], "ttlog-view: a collector has ended: following 1 collector", "before that")


def test_live_new_collector_is_full(t):
    """A collector that starts later and has no place for us says so, and the others go on."""
    apps = start_beats(t, "one", "two")
    collector = collect_by_pid(t, apps[0])
    viewer = follow_json(t)
    first = glob.glob("/run/ttlog/control-*.sock")
    viewer.signal(signal.SIGSTOP)
    full = collect_by_pid(t, apps[1])
    (path,) = set(glob.glob("/run/ttlog/control-*.sock")) - set(first)
    clients = [connect(path) for _ in range(MAX_FOLLOWERS)]
    for client in clients:
        client.send(follow_request())
        equal(receive(client)[0], b"o", "answer")
    viewer.signal(signal.SIGCONT)
    viewer.err.wait(f"ttlog-view: {os.path.basename(path)}: refused: too many follow already.*")
    apps[0].ask("beat")
    viewer.wait_events(1)
    full.stop()
    collector.stop()
    equal(viewer.end().last_word(), (True, 1, 0, 0), "its last word")
    check("a collector has ended" not in viewer.err.text(), f"it says {viewer.err.text()!r}")


# ---- filters at the source ----


FILTERS = [
    "symbol=AAPL", "symbol=A*", "symbol~^.M", "quantity>=90", "quantity=7 or quantity=8", "price=100.25",
    "price>120.5 and side=BUY", "not side=BUY", "latency_us>1s", "latency_us<5us", "has(symbol) and not has(x)",
    "level>=WARN", "probe=trade_*", "tid>0 and pid>0", "comm=trade", "msg~exec and file=*trade.c",
]


def test_live_collector_that_does_not_answer(t):
    """A message says so, and the others are followed."""
    app, collector = start_beat(t)
    stopped = [start_beat(t) for _ in range(2)]
    for _, silent in stopped:
        silent.signal(signal.SIGSTOP)
    viewer = follow_json(t, "--head", 1)
    app.ask("beat")
    viewer.end()
    said = viewer.err.text()
    equal(said.count(": the collector did not answer"), 2, f"who did not answer, in {said!r}")
    check("following 1 collector" in said, said)
    for _, silent in stopped:
        silent.signal(signal.SIGCONT)
        silent.stop()
    collector.stop()


def test_live_filters(t):
    """The collector's filter means the same as the viewer's, for each type of field."""
    app = t.start(t.app("trade"), "--wait", 2, 100)
    app.out.wait("ready")
    collector = t.collect("--on", "exit", "-p", app.pid)
    collector.recording(app.pid)
    clients = []
    for text in FILTERS:
        clients.append(connect())
        clients[-1].send(follow_request(text.encode() + b"\0"))
        equal(receive(clients[-1])[0], b"o", "answer")
    app.finish()
    collector.end()
    snapshot = t.files()[0]
    for text, client in zip(FILTERS, clients):
        shown = 0
        while True:
            kind, events, dropped, missed, fd = receive(client)
            if kind == b"e":
                break
            if kind == b"p":
                shown += events
                os.close(fd)
        want = len(view("--filter", text, snapshot).splitlines())
        equal((shown, dropped, missed), (want, 0, 0), f"events of {text}")
        client.close()


def test_live_filter_of_viewer(t):
    """And so does a viewer's with --search, which the collector does not know."""
    app, collector = start_beat(t, 0, 10)
    viewer = follow_json(t, "--filter", "n>=3", "--filter", "n<8", "--search", "n=[46]")
    app.ask("beat")
    equal([event["fields"]["n"] for event in viewer.wait_events(2)], [4, 6], "beats")
    collector.stop()
    equal(viewer.end().last_word(), (True, 2, 0, 0), "its last word")


def test_live_regex_gives_up(t):
    """If the collector gives up on a regular expression, the event goes to the viewer, which says
    so."""
    app, collector = start_beat(t, 0, 3)
    viewer = follow_json(t, "--filter", "at_ns~^(.|.|.)*[xy]$ or n=1")
    app.ask("beat")
    collector.stop()
    viewer.end(status=1)
    equal([event["fields"]["n"] for event in viewer.events()], [1], "beats")
    check("took too many steps on 3 texts, taken as not matching" in viewer.err.text(), viewer.err.text())


# ---- slow, gone, many ----


def flood(t, rate):
    app = t.start(t.app("flood"), t.path("counts"), 1, rate)
    app.out.wait("ready")
    return app


def flooded(t):
    with open(t.path("counts"), "rb") as counts:
        return struct.unpack("<Q", counts.read(8))[0]


def test_live_stopped_viewer(t):
    """A client that doesn't read causes no loss, and is told exactly how many events it was not
    shown."""
    app = flood(t, 100000)
    collector = t.collect("-p", app.pid)
    collector.recording(app.pid)
    viewer = follow_json(t)
    viewer.wait_events(1)
    viewer.signal(signal.SIGSTOP)
    stopped_at = flooded(t)
    wait_until(lambda: flooded(t) > stopped_at + 400000, "4 s of events")
    viewer.signal(signal.SIGCONT)
    resumed_at = flooded(t)
    wait_until(lambda: flooded(t) > resumed_at + 100000, "more events")
    app.close_stdin()
    app.end()
    accounts = collector.end().only_accounts()
    equal((accounts.emitted, accounts.lost), (flooded(t), 0), "emitted and lost")
    ended, shown, dropped, missed = viewer.end().last_word()
    check(ended and dropped > 0, f"its last word: {viewer.err.text()!r}")
    numbers = [event["fields"]["n"] for event in viewer.events()]
    equal(len(numbers), shown, "events shown")
    check(all(a < b for a, b in zip(numbers, numbers[1:])), "events out of order, or twice")
    # events before the first that was shown are from before it followed
    equal(shown + dropped + missed, accounts.emitted - (numbers[0] - 1), "shown, dropped and missed")
    equal(missed, 0, "missed")


def test_live_told_to_end_while_stuck(t):
    """A viewer that writes into a full pipe ends at the first signal, and says how many events were
    not shown."""
    app = flood(t, 100000)
    collector = t.collect("-p", app.pid)
    collector.recording(app.pid)
    reading, writing = os.pipe()
    with subprocess.Popen([VIEW, "--follow"], stdout=writing, stderr=subprocess.PIPE) as viewer:
        os.close(writing)
        stuck_at = flooded(t)
        wait_until(lambda: flooded(t) > stuck_at + 100000, "a second of events")
        viewer.send_signal(signal.SIGTERM)
        said = viewer.communicate(timeout=DEADLINE_S)[1].decode().splitlines()
        equal(viewer.returncode, 0, "status")
    shown, dropped = map(int, END.fullmatch(said[-1]).group(2, 3))
    with open(reading, "rb") as pipe:
        equal(pipe.read().count(b"\n"), shown, "lines that were written")
    check(dropped > 50000, f"its last word: {said[-1]}")
    app.close_stdin()
    collector.end()


def test_live_gone_and_back(t):
    """A follower that disappears makes room, and costs nothing."""
    app, collector = start_beat(t)
    for i in range(2 * MAX_FOLLOWERS):
        viewer = follow_json(t)
        app.ask("beat")
        equal(viewer.wait_events(1)[0]["fields"]["n"], i, "beat")
        viewer.signal(signal.SIGKILL)
        viewer.wait()
    accounts = collector.stop().only_accounts()
    equal((accounts.emitted, accounts.lost), (2 * MAX_FOLLOWERS, 0), "emitted and lost")


def test_live_too_many(t):
    app, collector = start_beat(t)
    clients = [connect() for _ in range(MAX_FOLLOWERS)]
    for client in clients:
        client.send(follow_request())
        equal(receive(client)[0], b"o", "answer")
    done = subprocess.run([VIEW, "--follow"], capture_output=True, timeout=DEADLINE_S, check=False)
    equal((done.returncode, done.stdout), (1, b""), "status and output")
    check(b"too many follow already" in done.stderr, f"it says {done.stderr}")
    app.ask("beat")
    for client in clients:
        kind, events, dropped, missed, fd = receive(client)
        equal((kind, events, dropped, missed), (b"p", 1, 0, 0), "chunk")
        os.close(fd)
    clients.pop().close()
    viewer = wait_until(lambda: try_follow(t), "a place")
    viewer.signal(signal.SIGINT)
    viewer.end()
    collector.stop()


def try_follow(t):
    viewer = t.start(VIEW, "--follow")
    wait_until(lambda: viewer.err.lines, "a line")
    return viewer if "following" in viewer.err.lines[0] else None


# ---- hostile clients ----


def test_live_rubbish(t):
    """The collector hangs up on a client that sends anything but a request; the others notice
    nothing."""
    app, collector = start_beat(t)
    viewer = follow_json(t)
    for packet in [
        b"\0", b"x" * 3, b"x" * 70000, os.urandom(4096), follow_request()[:15], follow_request(magic=0),
        follow_request(version=2), follow_request(format=0), follow_request(bytes=1),
        follow_request(bytes=0xFFFFFFFF), follow_request(b"level=INFO"), follow_request(b"a=1\0", bytes=3),
        follow_request(b"x" * 16384 + b"\0"), struct.pack("<3I", TRIGGER_MAGIC, 1, 0) + b"x" * 68,
    ]:
        with connect() as client:
            client.send(packet)
            check(is_hung_up(client), f"{packet[:40]!r} was not refused")
    with connect() as client:
        client.send(follow_request(b"level>=\0"))
        reply = client.recv(1000)
        check(reply.startswith(b"terror: ") and b"level>=\n" in reply and b"^" in reply,
              f"a bad filter is told {reply!r}")
        equal((client.recv(100), client.recv(100)), (b"f", b""), "verdict and end")
    app.ask("beat")
    viewer.wait_events(1)
    collector.stop()
    equal(viewer.end().last_word(), (True, 1, 0, 0), "its last word")


def test_live_answers_rubbish(t):
    """A follower that answers without a question, or anything but a byte, is dropped."""
    app, collector = start_beat(t)
    for rubbish in (b"a", b"aa", b"x" * 100000):
        with connect() as client:
            client.send(follow_request())
            equal(receive(client)[0], b"o", "answer")
            client.send(rubbish)
            check(is_hung_up(client), f"{rubbish[:9]} was not refused")
    collector.stop()
    app.close_stdin()
    app.end()


def test_live_window(t):
    """A client that does not answer gets a fixed number of chunks, and the rest is counted."""
    app, collector = start_beat(t)
    viewer = follow_json(t)
    with connect() as client:
        client.send(follow_request())
        equal(receive(client)[0], b"o", "answer")
        for i in range(WINDOW + 4):
            app.ask("beat")
            viewer.wait_events(i + 1)
        collector.stop()
        packets = []
        while not packets or packets[-1][0] != b"e":
            packets.append(receive(client))
            if packets[-1][4] is not None:
                os.close(packets[-1][4])
    chunks = [packet for packet in packets if packet[0] == b"p"]
    equal(sum(packet[1] for packet in chunks), WINDOW, "events in chunks")
    equal(packets[-1][1:4], (0, 4, 0), "the last counts")
    equal(viewer.end().last_word(), (True, WINDOW + 4, 0, 0), "the other's last word")


def test_live_thousand_connections(t):
    """Clients that connect and never ask."""
    app, collector = start_beat(t)
    viewer = follow_json(t)
    clients = []
    for _ in range(1000):
        clients.append(connect())
    app.ask("beat")
    viewer.wait_events(1)
    equal(sum(is_open(client) for client in clients) <= 16, True, "few are kept")
    other = follow_json(t)
    app.ask("beat")
    other.wait_events(1)
    collector.stop()
    equal(other.end().last_word(), (True, 1, 0, 0), "its last word")


def is_open(client):
    client.setblocking(False)
    try:
        return client.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False
