# SPDX-License-Identifier: MIT
"""Files that the collector can't read itself: --encrypt-to."""
import json
import os
import signal
import subprocess

from harness import VIEW, check, equal, view, wait_until

SECRETS = (b"AAPL", b"trade_executed", b"latency_us", b"Trade executed")


def make_keys(t, *names):
    """Makes keys; returns the file of their public halves."""
    recipients = t.path("recipients")
    with open(recipients, "w", encoding="ascii") as file:
        file.write("# who may read\n")
        for name in names:
            file.write(view("--keygen", "-o", t.path(name)))
    os.chmod(recipients, 0o644)
    return recipients


def check_sealed(t, path, *names):
    """It can be read with each key, and with no other; returns what is in it."""
    with open(path, "rb") as file:
        data = file.read()
    check(data.startswith(b"TTLOGENC"), f"{path} is in clear")
    for word in SECRETS:
        check(word not in data, f"{word} is in {path}")
    equal(os.stat(path).st_mode & 0o7777, 0o600, "mode")
    done = subprocess.run([VIEW, path], capture_output=True, check=False)
    equal((done.returncode, done.stdout), (1, b""), "a viewer without a key")
    check(b"it is encrypted" in done.stderr, done.stderr)
    texts = {view("--format", "json", "--identity", t.path(name), path) for name in names}
    equal(len(texts), 1, "contents")
    return [json.loads(line) for line in texts.pop().splitlines()], data


def test_encrypt_to_several(t):
    recipients = make_keys(t, "ada", "bob")
    t.collect("--encrypt-to", recipients, "--on", "exit", "--", t.app("trade"), 2, 5000).end()
    (path,) = t.files()
    events, data = check_sealed(t, path, "ada", "bob")
    equal(len(events), 10000, "events")
    info = json.loads(view("--info", "--format", "json", "--identity", t.path("ada"), path))
    equal((info["reason"], info["events"], info["lost"]["total"]), ("exit", 10000, 0), "info")
    # in clear are the label's words
    check(b"reason" in data and b"service" in data, "label")
    check(os.fsencode(t.dir) not in data, "its path is in clear")


def test_encrypt_a_crash(t):
    recipients = make_keys(t, "ada")
    collector = t.collect("--encrypt-to", recipients, "--", t.app("crash"), 2, 500, "SEGV").end(128 + signal.SIGSEGV)
    path = collector.only_file()
    events, data = check_sealed(t, path, "ada")
    equal(len(events), 1000, "events")
    check(b"SIGSEGV" in data[:2000] and b"level3" not in data, "what is in clear")
    info = json.loads(view("--info", "--format", "json", "--identity", t.path("ada"), path))
    symbols = [frame.get("symbol", "?").split("+")[0] for frame in info["crash"]["frames"]]
    check({"level3", "level2", "level1"} <= set(symbols), f"stack: {symbols}")
    check(info["signature"].encode() in data[:2000] if "signature" in info else True, "signature in the label")


def test_encrypt_what_a_killed_collector_left(t):
    """The next one was told no key: it takes those of the one that was killed."""
    recipients = make_keys(t, "ada")
    app = t.start(t.app("trade"), "--wait", 1, 200)
    app.out.wait("ready")
    collector = t.collect("--encrypt-to", recipients, "-p", app.pid)
    collector.recording(app.pid)
    app.ask("done")
    collector.signal(signal.SIGKILL)
    collector.wait()
    t.collect("--", "/bin/true").end()
    (path,) = t.files()
    equal(len(check_sealed(t, path, "ada")[0]), 200, "events")
    app.say()
    app.end()
    equal(os.listdir("/run/ttlog"), [], "what is left")


def test_encrypt_to_what_cannot_be(t):
    recipients = make_keys(t, "ada")
    files = {"nothing": (None, "No such file"), "empty": ("", "no public key"), "words": ("hello\n", "is no public key")}
    with open(t.path("ada"), encoding="ascii") as file:
        files["secret"] = (file.read(), "it has a secret key")
    for name, (text, word) in files.items():
        if text is not None:
            with open(t.path(name), "w", encoding="ascii") as file:
                file.write(text)
        collector = t.collect("--encrypt-to", t.path(name), "--", "/bin/touch", t.path("started")).end(2)
        check("--encrypt-to: " in collector.err.text() and word in collector.err.text(), collector.err.text())
        check("ttlog-secret" not in collector.err.text(), "it prints a secret")
    os.chmod(recipients, 0o666)
    collector = t.collect("--encrypt-to", recipients, "--", "/bin/touch", t.path("started")).end(2)
    check("others can write to it" in collector.err.text(), collector.err.text())
    check(not os.path.exists(t.path("started")), "the command has run")


def test_encrypt_a_stream(t):
    """Segments are sealed as they are written: read while one is open, and as one log in the end."""
    recipients = make_keys(t, "ada", "bob")
    app = t.start(t.app("trade"), "--wait", 2, 5000)
    app.out.wait("ready")
    collector = t.collect("--stream", "--sync", "batch", "--write-cache", "64K,10ms", "--on", "request",
                          "--encrypt-to", recipients, "-p", app.pid)
    collector.recording(app.pid)
    app.ask("done")

    def read(*paths):
        done = subprocess.run([VIEW, "--format", "json", "--identity", t.path("ada"), *paths], capture_output=True, check=False)
        equal((done.returncode, done.stderr), (0, b""), "status and stderr of ttlog-view")
        return [json.loads(line) for line in done.stdout.splitlines()]

    wait_until(lambda: os.path.isdir(t.out) and os.listdir(t.out) and len(read(t.out)) == 10000, "all events in the open segment")
    (name,) = os.listdir(t.out)
    check(name.endswith("-stream.bin.part"), name)
    app.say()
    app.end()
    collector.end()
    (name,) = os.listdir(t.out)
    path = os.path.join(t.out, name)
    equal(len(check_sealed(t, path, "ada", "bob")[0]), 10000, "events")
    info = json.loads(view("--info", "--format", "json", "--identity", t.path("ada"), path))
    equal((info["exit"], info["recorded"], info["missed"]), ({"code": 0}, 10000, 0), "info")
    middle = read(path)[5000]
    equal(read(t.out, "--since", middle["ts"])[0]["id"], middle["id"], "the first event since then")


def test_encrypt_a_stream_of_a_killed_collector(t):
    """The next one can't read it, and so can't give it an end: what is in it is shown, and that this is
    missing."""
    recipients = make_keys(t, "ada")
    app = t.start(t.app("trade"), "--wait", 1, 200)
    app.out.wait("ready")
    collector = t.collect("--stream", "--sync", "batch", "--on", "request", "--encrypt-to", recipients, "-p", app.pid)
    collector.recording(app.pid)
    app.ask("done")

    def read(path):
        return view("--format", "json", "--identity", t.path("ada"), path).splitlines()

    wait_until(lambda: os.path.isdir(t.out) and os.listdir(t.out) and len(read(t.out)) == 200, "all events in the open segment")
    collector.signal(signal.SIGKILL)
    collector.wait()
    (name,) = os.listdir(t.out)
    app.say()
    app.end()
    again = t.collect("--", "/bin/true").end()
    check(f"completed {t.out}/{name[:-5]}, which a collector left: it is encrypted" in again.err.text(), again.err.text())
    done = subprocess.run([VIEW, "--format", "json", "--identity", t.path("ada"), os.path.join(t.out, name[:-5])],
                          capture_output=True, check=False)  # fmt: skip
    equal((done.returncode, len(done.stdout.splitlines())), (1, 200), "status and events of the segment")
    check(b"there is no end" in done.stderr, done.stderr)
