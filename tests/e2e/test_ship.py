# SPDX-License-Identifier: MIT
"""ttlog-ship, with real nats-servers: what was written is there, whole and once, whatever ends meanwhile."""
import glob
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess

from harness import NOBODY, TREE, check, children_of, equal, wait_until
from ship_fixture import (CRASH, GOLDEN, OTHER, SHIP, NatsClient, NatsServer, ask, check_all, ledger, make_spool,
                          start_server, start_ship, stop, url_of, wait_audited, wait_index)  # fmt: skip



def test_ship_a_crash(t):
    """It is there, proven, while the recorder goes on."""
    server = start_server(t)
    app = t.start(t.app("crash"), "--wait", 2, 10)
    app.out.wait("start")
    os.makedirs(t.out)
    collector = t.collect("-p", app.pid)
    collector.recording(app.pid)
    ship = start_ship(t, "--to", url_of(server.port), "--audit-after", "1ms")
    ship.err.wait(r".*connected to 127.0.0.1:.*")
    app.say()
    app.out.wait("ready")
    app.signal(signal.SIGSEGV)
    app.end(-signal.SIGSEGV)
    collector.end()
    ((subject, message),) = wait_index(server, 1).items()
    snapshot = t.only_snapshot()
    (name,) = check_all(t, server)
    host, service, _ = name.split("/")
    equal(service, "crash", "service")
    equal(subject.split(".")[:6], ["ttlog", "index", "crashes", host, "crash", "crash"], "subject")
    equal(message["object"], name, "object")
    equal(message["info"]["signature"], snapshot.info["signature"], "signature")
    equal(message["info"]["crash"]["signal"], "SIGSEGV", "signal")
    wait_audited(t, 1)
    check("0 files wait, 0 were gone" in stop(ship), ship.err.text())


def test_ship_to_several(t):
    """One that is down costs the other one nothing, and gets all once it is there."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        server = start_server(t)
        make_spool(t)
        ship = start_ship(t, "--to", url_of(port), "--to", url_of(server.port, "other"))
        ship.err.wait(rf".*{url_of(port)}: 127.0.0.1:{port}: .*; 2 files wait, it is tried again")
        wait_index(server, 2, "other")
        check_all(t, server, "other")
    late = NatsServer.__new__(NatsServer)
    late.folder, late.config, late.port = t.path("late"), None, port
    os.makedirs(late.folder)
    t.programs.append(late)
    late.start()
    wait_index(late, 2)
    check_all(t, late)
    stop(ship)


def test_ship_mends_what_servers_lost(t):
    """A chunk, a message of the index, all of it: after a new connection an audit finds it."""
    server = start_server(t)
    make_spool(t)
    ship = start_ship(t, "--to", url_of(server.port), "--audit-after", "1ms")
    wait_index(server, 2)
    wait_audited(t, 2)
    (crash,) = [meta for name, meta in check_all(t, server).items() if name.endswith(CRASH)]
    with NatsClient(server.port) as client:
        at = client.api("STREAM.MSG.GET.OBJ_crashes", last_by_subj=f"$O.crashes.C.{crash['nuid']}")
        check(client.api("STREAM.MSG.DELETE.OBJ_crashes", seq=at["message"]["seq"])["success"], "deleted")
        (subject,) = [subject for subject in client.subjects("TTLOG_INDEX_crashes") if ".orders." in subject]
        check(client.api("STREAM.PURGE.TTLOG_INDEX_crashes", filter=subject)["success"], "purged")
    server.kill()
    server.start()
    ship.err.wait(f".*audit: .*{CRASH}: a chunk is missing; it is sent again")
    ship.err.wait(f".*audit: .*{OTHER} has no message in the index; it is sent again")
    wait_index(server, 2)
    wait_until(lambda: nuid_of(server, CRASH) != crash["nuid"], "a new nuid")
    wait_audited(t, 2)
    check_all(t, server)
    # all three replicas could lose what they had acknowledged
    server.kill()
    shutil.rmtree(os.path.join(server.folder, "jetstream"))
    server.start()
    wait_index(server, 2)
    check_all(t, server)
    stop(ship)


def nuid_of(server, file):
    with NatsClient(server.port) as client:
        return [meta["nuid"] for name, meta in client.objects("crashes").items() if name.endswith(file)][0]


def start_large(t, server, name, rate):
    """A shipper that has sent some chunks of a file, and not all."""
    os.makedirs(t.out)
    with open(os.path.join(t.out, name), "wb") as file:
        file.write(os.urandom(3 << 20))
    ship = start_ship(t, "--to", url_of(server.port), "--rate", rate)
    with NatsClient(server.port) as client:
        wait_until(lambda: sum((client.subjects("OBJ_crashes") or {}).values()) > 6, "some chunks")
    return ship


def test_ship_killed(t):
    """What it had begun is sent once; so is what it had sent, also if it does not know that any more."""
    server = start_server(t)
    ship = start_large(t, server, CRASH, "512K")
    ship.signal(signal.SIGKILL)
    ship.end(-signal.SIGKILL)
    ship = start_ship(t, "--to", url_of(server.port))
    wait_index(server, 1)
    (meta,) = check_all(t, server).values()
    stop(ship)
    shutil.rmtree(t.path("state"))
    ship = start_ship(t, "--to", url_of(server.port), "--audit-after", "1ms")
    ship.err.wait(r".*1 files to send")
    wait_audited(t, 1)
    equal(check_all(t, server), {meta["name"]: meta}, "the same object")
    stop(ship)


def subjects(server, stream, below=">"):
    return sorted(ask(server.port, lambda client: client.subjects(stream, below)))


def test_ship_a_file_that_goes_half_sent(t):
    """Nothing of it stays: not its chunks, though its name is not there any more when they are purged."""
    server = start_server(t)
    ship = start_large(t, server, OTHER, "512K")
    ship.signal(signal.SIGKILL)
    ship.end(-signal.SIGKILL)
    os.unlink(os.path.join(t.out, OTHER))
    equal(len(subjects(server, "OBJ_crashes")), 1, "subjects of half an object")
    ship = start_ship(t, "--to", url_of(server.port))
    wait_until(lambda: not subjects(server, "OBJ_crashes"), "no chunks")
    stop(ship)


def test_ship_a_file_that_goes_before_its_index(t):
    """Its object is there, whole, so its message comes, too."""
    server = start_server(t)
    make_spool(t)
    stop_when_sent(t, server)
    with NatsClient(server.port) as client:
        (meta,) = [meta for name, meta in client.objects("crashes").items() if name.endswith(CRASH)]
        index = client.index("crashes")
        ((subject, message),) = [one for one in index.items() if one[1]["object"] == meta["name"]]
        check(client.api("STREAM.PURGE.TTLOG_INDEX_crashes", filter=subject)["success"], "purged")
    # as if it had been killed between the two
    (path,) = glob.glob(t.path("state/*.db"))
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO chunks1 VALUES(?, ?, ?)", (url_of(server.port), meta["nuid"], meta["name"]))
    os.unlink(os.path.join(t.out, CRASH))
    ship = start_ship(t, "--to", url_of(server.port))
    wait_index(server, 2)
    with NatsClient(server.port) as client:
        again = client.index("crashes")[subject]
    equal((again["object"], again["digest"], again["size"]), (meta["name"], meta["digest"], message["size"]), "its message")
    equal((again["info"]["reason"], again["info"]["pid"]), ("crash", 4222), "what it says")
    stop(ship)
    equal(ledger(t, "SELECT count(*) FROM chunks1"), [(0,)], "chunks that may be of no object")


def stop_when_sent(t, server):
    ship = start_ship(t, "--to", url_of(server.port))
    wait_index(server, 2)
    stop(ship)
    equal(ledger(t, "SELECT count(*) FROM chunks1"), [(0,)], "chunks that may be of no object")


def test_ship_a_crash_before_the_rest_of_a_large_file(t):
    server = start_server(t)
    ship = start_large(t, server, OTHER, "1M")
    shutil.copy(os.path.join(GOLDEN, "v1-crash.bin"), t.path("new"))
    os.rename(t.path("new"), os.path.join(t.out, CRASH))
    wait_index(server, 2)
    with NatsClient(server.port) as client:
        first = json.loads(client.message("TTLOG_INDEX_crashes", seq=1))
    equal(os.path.basename(first["object"]), CRASH, "what is there first")
    check_all(t, server)
    stop(ship)


def test_ship_to_a_full_bucket(t):
    """The limit is said once, and what waits goes when there is room."""
    server = start_server(t)
    make_spool(t)
    with NatsClient(server.port) as client:
        config = {"name": "OBJ_crashes", "subjects": ["$O.crashes.C.>", "$O.crashes.M.>"], "discard": "new",
                  "max_bytes": 2000, "allow_rollup_hdrs": True, "allow_direct": True, "storage": "file",
                  "num_replicas": 1}  # fmt: skip
        check(client.api("STREAM.CREATE.OBJ_crashes", **config), "made")
        ship = start_ship(t, "--to", url_of(server.port))
        ship.err.wait(r".*the server says: maximum bytes exceeded; 2 files wait, it is tried again")
        config["max_bytes"] = -1
        check(client.api("STREAM.UPDATE.OBJ_crashes", **config), "changed")
    wait_index(server, 2)
    check_all(t, server)
    equal(stop(ship).count("maximum bytes"), 1, "times that it is said")


def test_ship_needs_no_privileges(t):
    server = start_server(t)
    make_spool(t)
    os.chmod(t.dir, 0o755)
    os.chmod(t.out, 0o755)
    for name in (CRASH, OTHER):
        os.chmod(os.path.join(t.out, name), 0o644)
    os.mkdir(t.path("state"))
    os.chown(t.path("state"), NOBODY, NOBODY)
    ship = t.start("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", SHIP, "--from", t.out,
                   "--state", t.path("state"), "--replicas", 1, "--to", url_of(server.port))  # fmt: skip
    wait_index(server, 2)
    check_all(t, server)
    # a file that it may not read is said, and no reason to end
    shutil.copy(os.path.join(t.out, CRASH), t.path("private"))
    os.chmod(t.path("private"), 0o600)
    os.rename(t.path("private"), os.path.join(t.out, CRASH.replace("4222", "1")))
    ship.err.wait(r".*can't read ttlog-1-.*: Permission denied; 1 files wait, .*")
    second = start_ship(t, "--to", url_of(server.port))
    second.err.wait(".*another ttlog-ship uses it: use --state DIR")
    second.end(1)
    stop(ship)


def thread_states(pid):
    """What the kernel says of each thread."""
    for path in glob.glob(f"/proc/{pid}/task/*/status"):
        with open(path, encoding="utf-8") as file:
            yield dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def test_ship_by_tls_without_rights(t):
    """It finds the server by its name, and all its threads have given up what they don't need."""
    subprocess.run([os.path.join(TREE, "tests/fleet/make-certificates"), t.dir], check=True, timeout=60)
    config = t.path("server.conf")
    with open(config, "w", encoding="utf-8") as file:
        file.write('tls { cert_file: "%s", key_file: "%s", ca_file: "%s", verify: true }' %
                   tuple(map(t.path, ("server.pem", "server.key", "ca.pem"))))  # fmt: skip
    server = start_server(t, config=config)
    make_spool(t)
    url = f"nats://localhost:{server.port}/crashes"
    ship = start_ship(t, "--to", url, "--tls-ca", "ca.pem", "--tls-cert", "client.pem", "--tls-key", t.path("client.key"),
                      "--audit-after", "1ms")  # fmt: skip
    ship.err.wait(rf".*connected to localhost:{server.port} .*")
    wait_audited(t, 2)
    states = list(thread_states(ship.pid))
    check(len(states) > 2, f"threads: {states}")
    for state in states:
        equal((state["Seccomp"], state["NoNewPrivs"]), ("2", "1"), state["Name"])
        equal({state[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")}, {"0" * 16}, state["Name"])
    (helper,) = children_of(ship.pid)
    for state in thread_states(helper):
        equal((state["CapEff"], state["NoNewPrivs"]), ("0" * 16, "1"), "of the process that starts ttlog-view")
    stop(ship)


def test_ship_ends_without_its_helper(t):
    """A manager starts it again: no file is sent of which nothing could be asked."""
    server = start_server(t)
    os.makedirs(t.out)
    ship = start_ship(t, "--to", url_of(server.port))
    ship.err.wait(".*connected .*")
    (helper,) = children_of(ship.pid)
    os.kill(helper, signal.SIGKILL)
    ship.end(1)
    check("the process that starts ttlog-view: it has ended" in ship.err.text(), ship.err.text())


def test_ship_refuses(t):
    os.makedirs(t.out)
    cases = [
        ([], "--to URL is needed"),
        (["--to", "http://h/b"], "--to http://h/b: it does not begin with nats://, file://, "),
        (["--to", "nats://h"], "--to nats://h: no bucket: nats://HOST/BUCKET is needed"),
        (["--to", "nats://a:b@h/b"], "a URL has no user or password: use --creds FILE"),
        (["--to", "nats://h/b", "--to", "nats://h/b"], "it is there twice"),
        (["--to", "nats://h/b?host=x"], "'?host=x' means nothing here"),
        (["--to", "nats://h/b", "--replicas", "0"], "--replicas: '0' is not 1 to 5"),
        (["--to", "nats://h/b", "--rate", "fast"], "--rate: 'fast' is not a size such as 10M"),
        (["--to", "nats://h/b", "--audit-after", "x"], "--audit-after: 'x' is not a duration such as 5m"),
        (["--to", "nats://h/b", "--tls-ca", "/none"], "--tls-ca /none: No such file or directory"),
        (["--to", "nats://h/b", "--creds", "/etc/passwd"], "--creds /etc/passwd: it is no NATS credentials file"),
        (["--to", "nats://h/b", "--tls-cert", "/etc/passwd"], "--tls-cert and --tls-key are given together"),
        (["--to", "nats://h/b", "--from", "/none"], "/none: No such file or directory"),
        (["--to", "nats://h/b", "more"], "'more' is no option"),
    ]
    for args, says in cases:
        done = subprocess.run([SHIP, "--from", t.out, "--state", t.path("state"), *args], capture_output=True,
                              text=True, timeout=60)  # fmt: skip
        equal((done.returncode, done.stdout), (2, ""), f"status of {args}")
        check(says in done.stderr, f"{args}: {done.stderr}")
