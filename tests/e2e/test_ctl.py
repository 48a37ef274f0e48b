# SPDX-License-Identifier: MIT
"""ttlog-ctl: what it shows of running collectors, who may ask for what, and clients that misbehave."""
import json
import os
import signal
import socket
import stat
import struct
import subprocess

from ctl_fixture import answers, ctl, make_group, only_process
from harness import COLLECT, CTL, DEADLINE_S, NOBODY, check, equal
from live_fixture import connect, control_path, follow_request, is_hung_up, start_beat
from tmux import Terminal

COMMAND_MAGIC = 0x4B4C5454


def status_request(service=b"", command=1):
    texts = service + b"\0"
    return struct.pack("<4IQ2I", COMMAND_MAGIC, 1, command, 0, 0, 0, len(texts)) + texts


def read_reply(client):
    """(text, verdict) of a collector's reply."""
    text = b""
    while True:
        packet = client.recv(20000)
        check(packet, f"no verdict after {text!r}")
        if packet[:1] != b"t":
            return text.decode(), packet[:1]
        text += packet[1:]


# ---- status and list ----


def test_ctl_status(t):
    app, collector = start_beat(t, 0, 5000)
    equal(only_process(app.pid)["emitted"], 0, "emitted before")
    app.ask("beat")
    # what the program has not flushed is seen, too
    process = only_process(app.pid)
    equal((process["emitted"], process["recorded"], process["lost"]["total"]), (5000, 5000, 0), "counts")
    equal((process["service"], process["comm"], process["exe"]), ("beat", "beat", t.app("beat")), "identity")
    equal((process["sites"], process["enabled_sites"]), (2, 2), "sites")
    check(process["flushes"] > 0 and process["ring_used_bytes"] > 5000 * 24, f"{process}")
    equal(process["unsaved_bytes"], process["ring_used_bytes"], "in no snapshot yet")
    out, errors = ctl("trigger", "look", "-p", app.pid)
    equal((out.splitlines(), errors), (t.files(), ""), "paths")
    (answer,) = answers("status")
    equal(answer["collector"]["pid"], collector.pid, "collector")
    equal(answer["snapshots"]["by_reason"]["other"]["made"], 1, "snapshots")
    process = only_process(app.pid)
    equal((process["unsaved_bytes"], process["snapshots"]), (0, 1), "after a snapshot")
    app.close_stdin()
    app.end()
    collector.end()


def test_ctl_status_of_ended_processes(t):
    """Their counts stay with their service."""
    app, collector = start_beat(t, 0, 700)
    other = t.start(t.path("beat"))
    other.out.wait("ready")
    second = t.collect("-e", t.path("beat"))
    second.recording_path(t.path("beat"))
    for _ in range(3):
        child = t.start(t.path("beat"), 0, 100)
        child.out.wait("ready")
        child.ask("beat")
        child.close_stdin()
        child.end()
        second.accounts_of(child.pid)
    ended = next(answer for answer in answers("status") if answer["collector"]["pid"] == second.pid)["ended"]
    equal([(total["service"], total["processes"], total["emitted"], total["recorded"]) for total in ended],
          [("beat", 3, 300, 300)], "ended")  # fmt: skip
    for program in (app, other):
        program.close_stdin()
        program.end()
    collector.end()
    second.stop()


def test_ctl_list(t):
    app, collector = start_beat(t)
    (answer,) = answers("list", "--service", "be*")
    equal([process["pid"] for process in answer["processes"]], [app.pid], "listed")
    (answer,) = answers("list", "--service", "other")
    equal(answer["processes"], [], "listed")
    out, _ = ctl("list")
    check(str(app.pid) in out and t.app("beat") in out and " 2/2 " in out, out)
    out, _ = ctl("status")
    check(f"collector {collector.pid} " in out and str(app.pid) in out, out)
    app.close_stdin()
    app.end()
    collector.end()


def test_ctl_usage(_t):
    for args in ([], ["bogus"], ["status", "more"], ["trigger"], ["trigger", ""], ["trigger", "a", "b"],
                 ["trigger", "x" * 65], ["status", "-p", "x"], ["status", "-p", "1,2"], ["list", "--count", "1"],
                 ["status", "--format", "xml"], ["top", "--delay", "1ns"], ["--no-such-option"],
                 ["trigger", "a", "--format", "json"], ["status", "--service", ""]):  # fmt: skip
        out, errors = ctl(*args, status=2)
        check(out == "" and "ttlog-ctl: " in errors, f"{args}: {out}{errors}")


def test_ctl_without_a_collector(_t):
    for command in (["status"], ["list"], ["trigger", "x"], ["top"]):
        out, errors = ctl(*command, status=1)
        equal((out, errors), ("", "ttlog-ctl: no collector is running (see ttlog-collect)\n"), f"{command}")


def test_ctl_trigger_of_an_unknown_process(t):
    app, collector = start_beat(t)
    out, errors = ctl("trigger", "x", "-p", collector.pid, status=1)
    check(out == "" and "nothing is recorded" in errors, errors)
    equal(t.files(), [], "files")
    app.close_stdin()
    app.end()
    collector.end()


# ---- rights ----


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_ctl_without_the_group(t):
    """As before: for root alone."""
    app, collector = start_beat(t)
    nobody = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    equal((mode("/run/ttlog"), mode(control_path())), (0o700, 0o600), "modes")
    _, errors = ctl("status", status=1, as_user=nobody)
    check("/run/ttlog: permission denied: only root and members of the group ttlog" in errors, errors)
    app.close_stdin()
    app.end()
    collector.end()


def test_ctl_by_a_member_of_the_group(t):
    member, other = make_group(t)
    app, collector = start_beat(t)
    equal((mode("/run/ttlog"), mode(control_path())), (0o750, 0o660), "modes")
    (answer,) = answers("status", as_user=member)
    equal([process["pid"] for process in answer["processes"]], [app.pid], "processes")
    answers("list", as_user=member)
    out, errors = ctl("trigger", "x", status=1, as_user=member)
    check(out == "" and "not allowed: root may, and who has the right 'trigger' by --allow" in errors, errors)
    equal(t.files(), [], "files")
    _, errors = ctl("status", status=1, as_user=other)
    check("permission denied" in errors, errors)
    # neither the rings nor events are theirs
    for entry in os.scandir("/run/ttlog"):
        equal(entry.stat(follow_symlinks=False).st_mode & 0o007, 0, f"mode of {entry.path}")
        check(entry.name.startswith("control-") or not entry.stat().st_mode & 0o070, f"mode of {entry.path}")
    # root's other programs leave the directory as it is
    app.ask("beat")
    equal(subprocess.run([COLLECT, "--trigger", "y"], capture_output=True, check=False).returncode, 0, "--trigger")
    equal(mode("/run/ttlog"), 0o750, "mode")
    app.close_stdin()
    app.end()
    collector.end()


def as_member(member, request):
    """The reply to a packet that a member of the group sends."""
    script = ("import socket, sys; c = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); c.connect(sys.argv[1]);"
              "c.send(bytes.fromhex(sys.argv[2])); sys.stdout.buffer.write(c.recv(1000))")  # fmt: skip
    done = subprocess.run(["setpriv", *member, "/usr/bin/python3", "-c", script, control_path(), request.hex()],
                          capture_output=True, timeout=DEADLINE_S, check=True)  # fmt: skip
    return done.stdout


def test_ctl_members_may_not_follow(t):
    """Events may hold secrets."""
    member, _ = make_group(t)
    app, collector = start_beat(t)
    check(b"not allowed" in as_member(member, follow_request()), "a member follows")
    app.close_stdin()
    app.end()
    collector.end()


def test_ctl_allow(t):
    member, _ = make_group(t, "guest")
    app = t.start(t.app("beat"))
    app.out.wait("ready")
    collector = t.collect("--allow", "user:guest=trigger", "--allow", "group:ttlog=status", "-p", app.pid)
    collector.recording(app.pid)
    app.ask("beat")
    out, _ = ctl("trigger", "mine", as_user=member)
    equal(out.splitlines(), t.files(), "paths")
    equal(t.only_snapshot().info["reason"], "mine", "reason")
    app.close_stdin()
    app.end()
    collector.end()
    check("can't reach" not in collector.err.text(), collector.err.text())


def test_ctl_allow_of_a_user_who_is_not_in_the_group(t):
    make_group(t)
    app = t.start(t.app("beat"))
    app.out.wait("ready")
    collector = t.collect("--allow", "user:guest=all", "-p", app.pid)
    collector.err.wait(".*--allow: user guest can't reach the control socket.*group ttlog can")
    collector.recording(app.pid)
    app.close_stdin()
    app.end()
    collector.end()


def test_ctl_allow_is_checked(t):
    for bad in ("root", "user:root", "user:root=follow", "user:no-such-user=status", "group:=status"):
        collector = t.collect("--allow", bad, "-p", os.getpid())
        collector.end(2)
        check("--allow: " in collector.err.text(), collector.err.text())


# ---- clients that misbehave ----


def test_ctl_rude_clients_delay_nobody(t):
    """Silent, huge, cut, with another's words, and gone; while others are served."""
    app, collector = start_beat(t)
    silent = [connect() for _ in range(20)]
    for rude in (b"", b"x", b"x" * 100000, status_request()[:-1], b"\0" * 32, status_request(b"y" * 16384)):
        client = connect()
        try:
            client.send(rude)
        except OSError:
            pass  # too long for the socket
        client.shutdown(socket.SHUT_WR)
        check(is_hung_up(client), f"an answer to {rude[:40]!r}")
        client.close()
    client = connect()
    client.send(status_request(command=99))
    text, verdict = read_reply(client)
    check(verdict == b"f" and "does not know the command" in text, text)
    gone = [connect() for _ in range(50)]
    for client in gone:
        try:
            client.send(status_request())
        except OSError:
            pass  # it has lost its place already
        client.close()
    equal(only_process(app.pid)["pid"], app.pid, "served")
    # those that are silent have lost their places, or lose them after ten seconds
    for client in silent:
        check(is_hung_up(client), "a silent client stays")
    app.ask("beat")
    equal(only_process(app.pid)["emitted"], 1, "emitted")
    app.close_stdin()
    app.end()
    collector.end()


def test_ctl_silent_client_is_cut_off(t):
    """After ten seconds, also if no other one needs its place."""
    app, collector = start_beat(t)
    client = connect()
    check(is_hung_up(client), "a silent client stays")
    equal(only_process(app.pid)["pid"], app.pid, "served")
    app.close_stdin()
    app.end()
    collector.end()


def test_ctl_members_leave_room_for_root(t):
    """However many a member of the group connects, a client of root that was there before keeps its place."""
    member, _ = make_group(t)
    app, collector = start_beat(t)
    root = connect()
    script = ("import socket, sys; all = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(40)];"
              "[c.connect(sys.argv[1]) for c in all]; print('ready', flush=True); sys.stdin.read()")  # fmt: skip
    crowd = t.start("setpriv", *member, "/usr/bin/python3", "-c", script, control_path())
    crowd.out.wait("ready")
    equal(only_process(app.pid)["pid"], app.pid, "served")
    root.send(status_request())
    text, verdict = read_reply(root)
    equal((verdict, json.loads(text)["collector"]["pid"]), (b"d", collector.pid), "reply")
    crowd.close_stdin()
    crowd.end()
    app.close_stdin()
    app.end()
    collector.end()


def test_ctl_two_requests_at_once(t):
    """A second one cuts the client off, before or after its answer."""
    app, collector = start_beat(t)
    client = connect()
    client.send(status_request())
    try:
        client.send(status_request())
        while client.recv(20000):
            pass
    except (BrokenPipeError, ConnectionResetError):
        pass
    equal(only_process(app.pid)["pid"], app.pid, "served")
    app.close_stdin()
    app.end()
    collector.end()


# ---- top ----


def test_ctl_top_screen(t):
    app, collector = start_beat(t, 0, 3000)
    Terminal.viewer = CTL
    with Terminal(100, 20) as terminal:
        terminal.type(f"clear; {CTL} top -d 200ms; echo status=$?\n")
        terminal.wait(r"1 process, 1 collector", r"EVENTS/S", rf"^ +{app.pid} .* beat +beat")
        app.ask("beat")
        terminal.wait(rf"^ +{app.pid} +[1-9]")
        for key, name in ("lf", "fill"), ("s", "service"), ("e", "events"):
            terminal.keys(*key)
            terminal.wait(f"by {name}")
        terminal.keys("h")
        terminal.wait("h: this help")
        terminal.keys("h")
        terminal.wait(rf"^ +{app.pid} ")
        # a small terminal
        terminal.tmux("resize-window", "-x", "30", "-y", "3")
        terminal.until("small", lambda: len(terminal.lines()) == 4 and str(app.pid) in terminal.text())
        terminal.tmux("resize-window", "-x", "12", "-y", "1")
        terminal.until("tiny", lambda: len(terminal.lines()) == 2)
        terminal.tmux("resize-window", "-x", "100", "-y", "20")
        terminal.wait(rf"^ +{app.pid} ")
        app.close_stdin()
        app.end()
        collector.end()
        # the collector may come back: it waits
        terminal.wait("no collector is running")
        terminal.keys("q")
        terminal.wait("^status=0$")


def test_ctl_top_tables(t):
    app, collector = start_beat(t)
    out, _ = ctl("top", "--count", 2, "-d", "100ms")
    lines = out.splitlines()
    equal(len([line for line in lines if "EVENTS/S" in line]), 2, "tables")
    equal(len([line for line in lines if line.split()[:1] == [str(app.pid)]]), 2, "rows")
    # without an end, until it is told
    top = t.start(CTL, "top", "-d", "100ms")
    top.out.wait(rf" *{app.pid} .*")
    top.signal(signal.SIGINT)
    top.end()
    # a pipe without a reader
    with subprocess.Popen([CTL, "top", "-d", "100ms"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as top:  # fmt: skip
        top.stdout.close()
        check(top.wait(DEADLINE_S) != 0, "it prints to a closed pipe")
    app.close_stdin()
    app.end()
    collector.end()


def test_ctl_top_by_services(t):
    app, collector = start_beat(t)
    out, _ = ctl("top", "--count", 1, "-d", "100ms", "--service", "other")
    check("0 processes, 1 collector" in out, out)
    equal(json.loads(ctl("--format", "json", "status")[0])["version"], 1, "version")
    app.close_stdin()
    app.end()
    collector.end()
