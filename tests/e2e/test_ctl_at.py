# SPDX-License-Identifier: MIT
"""ttlog-ctl --at: many machines are asked, by ttlog-fleet, servers and ttlog-ship; real recorders answer."""
import json
import os
import re
import signal
import subprocess
import threading

import jsonschema

from asked_fixture import Asker, start_asked
from ctl_fixture import LIST, STATUS, answers, ctl
from harness import BUILD, check, equal, wait_until
from live_fixture import start_beat
from ship_fixture import NatsClient, start_server, stop, wait_index

ODD = "a.b.>\x1b[31m"  # what a machine may be called


def at(server, *args, query="", **options):
    return ctl("--at", f"nats://127.0.0.1:{server.port}{query}", *args, **options)


def as_host(name):
    """What runs a program on a machine of that name."""
    script = "import os, socket, sys; socket.sethostname(sys.argv[1]); os.execv(sys.argv[2], sys.argv[2:])"
    return ["unshare", "--uts", "/usr/bin/python3", "-c", script, name]


def token_of(host):
    """As it is in subjects."""
    return re.sub(r"[^A-Za-z0-9_-]", lambda found: f"%{ord(found[0]):02X}", host)


def start_fleet(t, *args):
    """Two machines, which are one: (server, shippers, their HOSTs)."""
    server, ship, host = start_asked(t, *args)
    _, odd, _ = start_asked(t, *args, "--state", t.path("state2"), server=server, before=as_host(ODD))
    odd.err.wait(".*connected .*")
    odd_host = ODD + host[-9:]
    with Asker(server.port) as asker:
        wait_until(lambda: asker.ask(token_of(odd_host), "list"), "the second machine")
    return server, (ship, odd), (host, odd_host)


def end(app, collector, *ships):
    texts = [stop(ship) for ship in ships]
    app.close_stdin()
    app.end()
    collector.end()
    return texts


def test_ctl_at_two_machines(t):
    app, collector = start_beat(t)
    app.ask("beat")
    server, ships, hosts = start_fleet(t, "--allow", "status,list,trigger,level")
    for command, schema in (("status", STATUS), ("list", LIST)):
        out, errors = at(server, "--format", "json", command)
        equal(errors, "", "errors")
        found = [json.loads(line) for line in out.splitlines()]
        equal(sorted(answer.pop("host") for answer in found), sorted(hosts), "hosts")
        for answer in found:
            jsonschema.validate(answer, schema)
            equal([process["pid"] for process in answer["processes"]], [app.pid], "processes")
    shown = hosts[1].replace("\x1b", "?")
    out, errors = at(server, "list")
    check(errors == "" and "\x1b" not in out and out.count("PID") == 1, out)
    for host in (hosts[0], shown):
        check(f"{host}: {app.pid:8} beat" in out, out)
    out, _ = at(server, "status", query="?host=" + hosts[0][:-9])
    check(all(line.startswith(f"{hosts[0]}: ") for line in out.splitlines()) and f"collector {collector.pid} " in out, out)
    out, _ = at(server, "--as", "al.ice", "trigger", "before", query="?host=a.b*")
    equal(out.splitlines(), [f"{shown}: {path}" for path in t.files()], "paths")
    app.ask("beat")
    at(server, "trigger", "other", query="?service=other&host=" + hosts[0])
    equal(len(t.files()), 1, "files")
    out, _ = at(server, "trigger", "beats", query="?service=be*&host=" + hosts[0])
    equal([line[len(hosts[0]) + 2:] for line in out.splitlines()], [path for path in t.files() if "-beats." in path], "paths")
    equal(len(t.files()), 2, "files")
    out, errors = at(server, "--format", "json", "level", "warn", "--for", "1h", query="?service=beat&host=" + hosts[0])
    equal((json.loads(out)["host"], errors), (hosts[0], ""), "level")
    (status,) = answers("status")
    equal([(change["level"], change["service"]) for change in status["changes"]], [("warn", "beat")], "changes")
    at(server, "level", "default", "--service", "beat")
    texts = end(app, collector, *ships)
    check("al%2Eice asks: trigger \"before\"\n" in texts[1] and 'trigger "before"' not in texts[0], f"{texts}")
    check('root asks: trigger "beats" --service "be*"\n' in texts[0], f"{texts}")
    check('root asks: level "warn" --service "beat" --for 3600s\n' in texts[0], f"{texts}")


def test_ctl_at_fails_where_one_does(t):
    """Who refuses, fails, or does not answer is said; the others' answers are there."""
    app, collector = start_beat(t)
    server, ships, hosts = start_fleet(t, "--allow", "list,trigger")
    shown = hosts[1].replace("\x1b", "?")
    _, errors = at(server, "status", status=1)
    for host in (hosts[0], shown):
        check(f"ttlog-ctl: {host}: refused: status: ttlog-ship's --allow there does not name it\n" in errors, errors)
    out, errors = at(server, "trigger", "x", "-p", 1, status=1)
    check(out == "" and errors.count(".sock: nothing is recorded\n") == 2, errors)
    ships[1].signal(signal.SIGSTOP)
    # it does not tell its name, so it is not known; with the index it is
    with NatsClient(server.port) as client:
        at_bucket = f"nats://127.0.0.1:{server.port}/crashes"
        client.request(f"ttlog.index.crashes.{token_of(hosts[1])}.s.r.{'0' * 64}", b"{}")
        client.request(f"ttlog.index.crashes.gone-0a1b2c3d.s.r.{'0' * 64}", b"{}")
    out, errors = ctl("--at", at_bucket, "--wait", "4s", "list", status=1)
    check(f"{hosts[0]}: {app.pid:8} beat" in out, out + errors)
    equal(sorted(errors.splitlines()),
          sorted((f"ttlog-ctl: {shown}: silent: it did not answer in time",
                  "ttlog-ctl: gone-0a1b2c3d: absent: it is not connected, or allows nothing")), "errors")  # fmt: skip
    ships[1].signal(signal.SIGCONT)
    end(app, collector, *ships)


def test_ctl_at_usage(t):
    server = start_server(t)
    for args in (["top"], ["reload"], ["filter", "level>=warn"], ["level", "warn"], ["list", "--wait", "0s"],
                 ["list", "--creds", "/nonexistent"], ["list", "--as", ""], ["list", "--tls-cert", "x"]):  # fmt: skip
        out, errors = at(server, *args, status=2)
        check(out == "" and errors.startswith(("ttlog-ctl: ", "ttlog-fleet: ")), f"{args}: {out}{errors}")
    for query in ("?since=1h", "?reason=crash", "?x=y", "?service=x&service=y"):
        at(server, "list", status=2, query=query)
    at(server, "trigger", "x", "-p", 1, status=2, query="?service=x")
    at(server, "list", "--service", "x", status=2, query="?service=x")
    ctl("--at", "http://127.0.0.1/", "list", status=2)
    _, errors = ctl("--wait", "1s", "list", status=2)
    check("mean nothing without --at" in errors, errors)
    _, errors = at(server, "list", status=1)
    check(errors.endswith(": no host that matches can be asked\n"), errors)
    _, errors = ctl("--at", "nats://127.0.0.1:1", "list", status=1)
    check("127.0.0.1:1: No server available for connection" in errors, errors)
    _, errors = at(server, "list", status=1, query="?host=gone-0a1b2c3d")
    check("gone-0a1b2c3d: absent: it is not connected" in errors, errors)
    # a bucket that is not there
    _, errors = at(server, "list", status=1, query="/none")
    check("none" in errors, errors)
    os.link(os.path.join(BUILD, "ttlog-ctl"), t.path("ttlog-ctl"))
    done = subprocess.run([t.path("ttlog-ctl"), "--at", "nats://x", "list"], capture_output=True, text=True, check=False)
    check(done.returncode == 2 and "install the package ttlog-fleet" in done.stderr, done.stderr)


class Impostor(NatsClient):
    """Listens as some host, and answers what it likes."""

    def serve(self, answer):
        while True:
            words = self.file.readline().split()
            if not words:
                return
            if words[0] == b"PING":
                self._write("PONG\r\n")
            if words[0] not in (b"MSG", b"HMSG"):
                continue
            self.file.read(int(words[-1]) + 2)
            said = b"1/1\nfake-0a1b2c3d" if words[1].startswith(b"ttlog.ctl.all.") else answer
            self._write(b"PUB %s %d\r\n%s\r\n" % (words[3], len(said), said))


def test_ctl_at_a_hostile_host(t):
    """What it sends is no answer, or no good one; none of it reaches the terminal as it is."""
    server = start_server(t)
    begin = b'1/1\n{"version":1,"verdict":"done","answers":'
    for answer, said in ((b"", "its answer is damaged"), (b"1/1\n{}", "its answer is damaged"),
                         (b"2/2\nx", "its answer is damaged"), (begin + b"[1]}", "its answer is damaged"),
                         (begin + b"[" * 5000, "its answer is damaged"),
                         (b'1/1\n{"version":1,"verdict":"refused","why":"\\u001b[31m\xc2\x9b","answers":[]}', "?[31m?"),
                         (begin + b'[{"collector":"\\u001b","verdict":"failed","text":"error: \\u001b]0;x"}]}', "?: \\x1b]0;x"),
                         (begin + b'[{"collector":"c","verdict":"done","text":"[1]\\u001b"}]}', "no JSON")):  # fmt: skip
        with Impostor(server.port) as host:
            equal(host.try_to("SUB ttlog.ctl.fake-0a1b2c3d.* 8"), None, "listening")
            equal(host.try_to("SUB ttlog.ctl.all.* 9"), None, "listening")
            thread = threading.Thread(target=host.serve, args=(answer,))
            thread.start()
            out, errors = at(server, "status", status=1, query="?host=fake-0a1b2c3d")
            check(said in errors and "fake-0a1b2c3d" in errors, f"{answer[:60]}: {errors}")
            check("\x1b" not in out + errors and "\x9b" not in out + errors, f"{answer[:60]}: {errors!r}")
            host.socket.shutdown(2)
            thread.join()


def test_ctl_at_a_service_of_odd_bytes(t):
    """A program called a.b.> has a token of its own, in requests and in the index."""
    server, ship, host = start_asked(t)
    app = t.start(t.app("unnamed", to=t.path("a.b.>")))
    app.out.wait("ready")
    collector = t.collect("-p", app.pid)
    collector.recording(app.pid)
    for service, count in (("a.b.>", 1), ("a.b.*", 1), ("a.b", 0), (">", 0)):
        out, _ = at(server, "--format", "json", "list", "--service", service, query="?host=" + host)
        equal(len(json.loads(out)["processes"]), count, f"of service {service}")
    app.signal(signal.SIGSEGV)
    app.end(-signal.SIGSEGV)
    collector.end()
    (subject,) = wait_index(server, 1)
    check(subject.startswith(f"ttlog.index.crashes.{host}.a%2Eb%2E%3E.crash."), subject)
    stop(ship)
