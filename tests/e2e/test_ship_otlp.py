# SPDX-License-Identifier: MIT
"""ttlog-ship --to otlp+http://: logs and spans at a receiver that is built from OpenTelemetry's definitions."""
import email.utils
import os
import shutil
import signal
import subprocess
import time

from harness import TREE, check, equal, view, wait_until
from otlp_receiver import OtlpReceiver, attributes
from ship_fixture import (CRASH, GOLDEN, OTHER, SHIP, check_all, ledger, make_spool, start_server, start_ship, stop,
                          url_of, wait_index)  # fmt: skip
from web_receiver import Request, WebReceiver, answer


def start_receiver(t, name="definitions", **options):
    os.mkdir(t.path(name))
    receiver = OtlpReceiver(t.path(name), **options)
    t.programs.append(receiver)
    return receiver


def to(receiver, scheme="http"):
    return f"otlp+{scheme}://localhost:{receiver.port}{receiver.prefix}"


def lines_of(path):
    """The requests that ttlog-view makes of a file."""
    return view("--format", "otlp-json", path).encode().splitlines()


def wait_sent(t, count):
    wait_until(lambda: ledger(t, "SELECT count(*) FROM files1 WHERE object != ''") == [(count,)], f"{count} files sent")


def data(receiver):
    """What was posted, without the empty requests that ask whether the receiver is there."""
    return [request.body for request in receiver.requests if b":[]}" not in request.body[:32]]


def check_received(t, receiver, files=None):
    """Each request of each file once, and nothing else; none was refused."""
    equal(receiver.refused, [], "refused")
    want = sorted(line for path in files or t.files() for line in lines_of(path))
    equal(sorted(data(receiver)), want, "requests")


def test_ship_otlp_receiver_is_strict(t):
    """What it accepts is OTLP/JSON: one that takes anything would prove nothing."""
    receiver = start_receiver(t)
    os.makedirs(t.out)
    shutil.copy(os.path.join(GOLDEN, "golden.bin"), os.path.join(t.out, OTHER))
    logs, spans = lines_of(os.path.join(t.out, OTHER))
    for line, path, old, new in (
        (logs, "/v1/logs", None, None),
        (spans, "/v1/traces", None, None),
        (logs, "/v1/traces", None, None),
        (spans, "/v1/traces", b'"kind":1', b'"kind":"SPAN_KIND_INTERNAL"'),
        (logs, "/v1/logs", b'"severityNumber":9', b'"severityNumber":"SEVERITY_NUMBER_INFO"'),
        (logs, "/v1/logs", b'"timeUnixNano"', b'"time_unix_nano"'),
        (logs, "/v1/logs", b'"body"', b'"message"'),
        (spans, "/v1/traces", b'"spanId":"', b'"spanId":"00'),
        (spans, "/v1/traces", b'"startTimeUnixNano":"', b'"startTimeUnixNano":"x'),
    ):
        changed = line.replace(old, new, 1) if old else line
        check(not old or changed != line, f"{old} is not in {line}")
        wanted = 200 if not old and path == ("/v1/logs" if line == logs else "/v1/traces") else 400
        status, _, _ = receiver.otherwise(Request(path, {"Content-Type": "application/json"}, changed))
        equal(status, wanted, f"{path}, {new}")


def test_ship_otlp_a_crash(t):
    """Logs, spans and the crash of a real program, beside another place."""
    receiver, server = start_receiver(t), start_server(t)
    os.makedirs(t.out)
    ship = start_ship(t, "--to", to(receiver), "--to", url_of(server.port))
    ship.err.wait(rf".*otlp\+http://localhost:{receiver.port}: connected to localhost:{receiver.port} .*")
    app = t.start(t.app("crash"), "--wait", 2, 10)
    app.out.wait("start")
    collector = t.collect("-p", app.pid)
    collector.recording(app.pid)
    app.say()
    app.out.wait("ready")
    app.signal(signal.SIGSEGV)
    app.end(-signal.SIGSEGV)
    collector.end()
    wait_until(lambda: [record for _, record in receiver.logs() if record.event_name == "crash"], "the crash")
    snapshot = t.only_snapshot()
    wait_sent(t, 2)
    check_received(t, receiver)
    equal(len(receiver.logs()), len(snapshot.events) + 1, "events, and the crash")
    ((resource, crash),) = [pair for pair in receiver.logs() if pair[1].event_name == "crash"]
    equal({key: attributes(resource)[key] for key in ("service.name", "process.pid")},
          {"service.name": snapshot.info["service"], "process.pid": app.pid}, "the process")  # fmt: skip
    equal(attributes(crash)["exception.type"], "SIGSEGV", "its signal")
    wait_index(server, 1)
    check_all(t, server)
    check("1 files wait" not in stop(ship), ship.err.text())


def test_ship_otlp_all_files(t):
    """Golden files with spans; after a restart nothing is sent again. Below a path, with a key."""
    receiver = start_receiver(t, prefix="/otlp")
    make_spool(t)
    environment = dict(os.environ, OTEL_EXPORTER_OTLP_HEADERS="api-key=a%20b,other=c")
    ship = start_ship(t, "--to", to(receiver), env=environment)
    wait_sent(t, 2)
    check_received(t, receiver)
    check(receiver.spans() and {"a b"} == {request.headers["api-key"] for request in receiver.requests}, "key")
    check("0 files wait, 0 were gone" in stop(ship), ship.err.text())
    ship = start_ship(t, "--to", to(receiver), env=environment)
    ship.err.wait(".*connected .*; 0 files to send")
    stop(ship)
    check_received(t, receiver)


def test_ship_otlp_partial_success(t):
    """What is rejected is said, counted, and not sent again."""
    receiver = start_receiver(t)
    make_spool(t)
    os.unlink(os.path.join(t.out, CRASH))
    logs, spans = lines_of(os.path.join(t.out, OTHER))
    receiver.answers.extend([answer(200, b"{}"), receiver.partial("/v1/logs", 3, "too\nold"),
                             receiver.partial("/v1/traces", 0, "slow down")])  # fmt: skip
    ship = start_ship(t, "--to", to(receiver))
    ship.err.wait(rf".*: {OTHER}: it rejected 3 log records: too\?old")
    ship.err.wait(rf".*: {OTHER}: it warns: slow down")
    wait_sent(t, 1)
    equal(data(receiver), [logs, spans], "each once")
    check("0 files were given up, 3 records were rejected" in stop(ship), ship.err.text())


def test_ship_otlp_later(t):
    """429, 502, 503 and 504 are tried again, not before the time that the receiver says, in both forms."""
    receiver = start_receiver(t)
    make_spool(t)
    os.unlink(os.path.join(t.out, OTHER))
    (line, *_) = lines_of(os.path.join(t.out, CRASH))
    soon = email.utils.formatdate(time.time() + 2, usegmt=True)
    receiver.answers.extend([answer(200), answer(429, Retry_After=1), answer(502), answer(503, Retry_After=soon),
                             answer(504)])  # fmt: skip
    begin = time.time()
    ship = start_ship(t, "--to", to(receiver))
    wait_sent(t, 1)
    equal(data(receiver)[:5], [line] * 5, "the same request")
    equal(len(data(receiver)), 4 + len(lines_of(os.path.join(t.out, CRASH))), "requests")
    check(time.time() >= begin + 1, "it did not wait")
    for status in (429, 502, 503, 504):
        ship.err.wait(f".*localhost:{receiver.port} answers {status}; 1 files wait, it is tried again")
    stop(ship)


def test_ship_otlp_refused(t):
    """Bad data is not sent again, also after a restart; the other file goes."""
    receiver = start_receiver(t)
    make_spool(t)
    receiver.answers.extend([answer(200), answer(400, b'{"message":"no such field"}')])
    ship = start_ship(t, "--to", to(receiver))
    ship.err.wait(f".*: {CRASH} is given up: localhost:{receiver.port} answers 400: no such field")
    wait_sent(t, 2)
    rest = lines_of(os.path.join(t.out, OTHER))
    equal(data(receiver)[1:], rest, "of the other file")
    # as --keep-until-shipped sees it
    equal(os.listdir(t.path("state/shipped")), [OTHER], "what is shipped")
    check("0 files wait" in stop(ship) and "1 files were given up" in ship.err.text(), ship.err.text())
    ship = start_ship(t, "--to", to(receiver))
    ship.err.wait(".*connected .*; 0 files to send")
    stop(ship)
    equal(data(receiver)[1:], rest, "after a restart")


def test_ship_otlp_goes_on_where_it_was(t):
    """A receiver that goes away in the middle of a file, and a shipper that is killed there: no request comes twice."""
    receiver = start_receiver(t)
    make_spool(t)
    path = os.path.join(t.out, OTHER)
    os.unlink(os.path.join(t.out, CRASH))
    lines = lines_of(path)
    equal(len(lines), 2, "requests of the file")
    receiver.answers.extend([answer(200), answer(200), answer(503, Retry_After=3600)])
    ship = start_ship(t, "--to", to(receiver))
    ship.err.wait(".*answers 503; 1 files wait, it is tried again")
    ship.signal(signal.SIGKILL)
    ship.end(-signal.SIGKILL)
    receiver.stop()
    ship = start_ship(t, "--to", to(receiver))
    ship.err.wait(".*Connection refused; 1 files wait, it is tried again")
    receiver.start()
    wait_sent(t, 1)
    equal(data(receiver), [lines[0], lines[1], lines[1]], "requests")
    stop(ship)


def test_ship_otlp_one_of_both(t):
    """A receiver that takes no logs, as Jaeger, and one that takes no spans, as Loki."""
    make_spool(t)
    for number, (path, says) in enumerate({"/v1/logs": "log records: only spans", "/v1/traces": "spans: only log records"}.items()):
        receiver = start_receiver(t, f"definitions{number}")
        take = receiver.otherwise
        receiver.otherwise = lambda request, path=path, take=take: answer(404) if request.path == path else take(request)
        ship = start_ship(t, "--to", to(receiver), "--state", t.path(f"state{number}"))
        ship.err.wait(f".*: it takes no {says} are sent")
        wait_until(lambda receiver=receiver, number=number: len(os.listdir(t.path(f"state{number}/shipped"))) == 2, "two files")
        check(bool(receiver.logs()) == (path != "/v1/logs") and bool(receiver.spans()) == (path == "/v1/logs"), path)
        check(not receiver.refused and "given up" not in stop(ship), ship.err.text())


def test_ship_otlp_to_who_does_not_know_it(t):
    """A wrong key is no reason to give files up: they go once it is right."""
    receiver = start_receiver(t)
    make_spool(t)
    receiver.answers.extend([answer(401, b'{"message":"who?"}'), answer(200), answer(403), answer(403)])
    ship = start_ship(t, "--to", to(receiver))
    ship.err.wait(f".*localhost:{receiver.port} answers 401: who[?]; 2 files wait, it is tried again")
    ship.err.wait(f".*localhost:{receiver.port} answers 403; 2 files wait, it is tried again")
    wait_sent(t, 2)
    check("given up" not in stop(ship), ship.err.text())
    equal(receiver.refused, [], "refused")


def test_ship_otlp_what_can_not_be_read(t):
    """An encrypted file is given up, and said; of a damaged one what can be read is sent."""
    receiver = start_receiver(t)
    os.makedirs(t.out)
    shutil.copy(os.path.join(GOLDEN, "small.sealed"), os.path.join(t.out, CRASH))
    with open(os.path.join(GOLDEN, "golden.bin"), "rb") as file, open(os.path.join(t.out, OTHER), "wb") as cut:
        cut.write(file.read(3000))
    ship = start_ship(t, "--to", to(receiver))
    ship.err.wait(rf".*: {CRASH} is given up: ttlog-view can't read it here \(is it encrypted\?\)")
    ship.err.wait(f".*: {OTHER} is damaged: what could be read was sent")
    wait_sent(t, 2)
    check(receiver.logs() and not receiver.refused, receiver.refused)
    stop(ship)


def test_ship_otlp_by_tls(t):
    """Only to a server that has the name, and a certificate of the authority; without rights."""
    subprocess.run([os.path.join(TREE, "tests/fleet/make-certificates"), t.dir], check=True, timeout=60)
    make_spool(t)
    good = start_receiver(t, tls=tuple(map(t.path, ("server.pem", "server.key", "ca.pem"))))
    bad = start_receiver(t, "other", tls=tuple(map(t.path, ("elsewhere.pem", "elsewhere.key", "ca.pem"))))
    tls = ["--tls-ca", "ca.pem", "--tls-cert", "client.pem", "--tls-key", "client.key"]
    ship = start_ship(t, "--to", to(bad, "https"), "--to", to(good, "https"), *tls)
    ship.err.wait(".*no alternative certificate subject name matches target host name 'localhost'; 2 files wait, .*")
    wait_sent(t, 2)
    check_received(t, good)
    equal(bad.requests, [], "requests to another server")
    stop(ship)


def test_ship_otlp_a_crash_first(t):
    """A crash does not wait for the rest of a file that is on its way, of which nothing is sent twice."""
    receiver = start_receiver(t)
    make_spool(t)
    os.rename(os.path.join(t.out, CRASH), t.path("later"))
    logs, spans = lines_of(os.path.join(t.out, OTHER))
    receiver.answers.append(answer(200))
    came, goes_on = receiver.hold()
    hook = WebReceiver()
    t.programs.append(hook)
    ship = start_ship(t, "--to", to(receiver), "--webhook", f"http://localhost:{hook.port}/")
    wait_until(came.is_set, "the first request")
    os.rename(t.path("later"), os.path.join(t.out, CRASH))
    wait_until(lambda: hook.requests, "the crash, where others are told of it")
    goes_on.set()
    wait_sent(t, 2)
    equal(data(receiver), [logs, *lines_of(os.path.join(t.out, CRASH)), spans], "requests")
    stop(ship)


def test_ship_otlp_refuses(t):
    os.makedirs(t.out)
    cases = [
        (["--to", "otlp+ftp://h"], "it does not begin with nats://, ", {}),
        (["--to", "otlp+http://h:x"], "'h:x' is not HOST or HOST:PORT", {}),
        (["--to", "otlp+http://u:p@h"], "a URL has no user or password: use OTEL_EXPORTER_OTLP_HEADERS", {}),
        (["--to", "otlp+http://h/?a"], "'?a' means nothing here", {}),
        (["--to", "otlp+http://h"], "OTEL_EXPORTER_OTLP_HEADERS: it is not NAME=VALUE",
         {"OTEL_EXPORTER_OTLP_HEADERS": "secret"}),
        (["--to", "otlp+https://h", "--tls-ca", "/none"], "--tls-ca /none: No such file or directory", {}),
    ]  # fmt: skip
    for args, says, environment in cases:
        done = subprocess.run([SHIP, "--from", t.out, "--state", t.path("state"), *args], capture_output=True,
                              text=True, timeout=60, env=dict(os.environ, **environment))  # fmt: skip
        equal((done.returncode, done.stdout), (2, ""), f"status of {args}")
        check(says in done.stderr and "secret" not in done.stderr, f"{args}: {done.stderr}")
