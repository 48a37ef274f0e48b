# SPDX-License-Identifier: MIT
"""ttlog-ship --to s3://: objects that have the hash of their content in their names, whatever the server does."""
import glob
import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess

from harness import TREE, check, equal, wait_until
from s3_server import S3Server, fault
from ship_fixture import CRASH, GOLDEN, OTHER, SHIP, make_spool, read, start_ship, stop, wait_audited

KEYS = {"AWS_ACCESS_KEY_ID": "ID", "AWS_SECRET_ACCESS_KEY": "sec/ret+KEY"}
LARGE = 65 << 20  # more than a request may have: five parts
NONE = {name: "" for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_PROFILE",
                              "AWS_DEFAULT_REGION", "AWS_SHARED_CREDENTIALS_FILE")}  # fmt: skip


def start_s3(t, **options):
    server = S3Server(**options)
    t.programs.append(server)
    return server


def start(t, server, *args, environment=None, to="s3://crashes/web+1"):
    return start_ship(t, "--to", to, "--s3-endpoint", server.endpoint, *args,
                      env={**os.environ, **NONE, **(KEYS if environment is None else environment)})  # fmt: skip


def wait_objects(server, count):
    wait_until(lambda: len(server.objects) >= count, f"{count} objects")


def check_objects(t, server, prefix="web+1"):
    """Every file of the spool is there once, whole, and nothing else is, nor parts."""
    wanted = {}
    for path in t.files():
        stem = os.path.basename(path)[:-len(".bin")]
        wanted[f"{stem}.{hashlib.sha256(read(path)).hexdigest()}.bin"] = read(path)
    equal({key.rsplit("/", 1)[1]: content for key, content in server.objects.items()}, wanted, "objects")
    check(all(key.startswith(prefix + "/") and key.count("/") == 3 for key in server.objects), list(server.objects))
    equal(server.uploads, {}, "uploads that are not over")


def make_large(t):
    """Sparse: what counts is that it has several parts."""
    os.makedirs(t.out, exist_ok=True)
    with open(os.path.join(t.out, OTHER), "wb") as file:
        file.truncate(LARGE)


def test_ship_to_s3(t):
    """Read back once; what is there is not sent again; what was acknowledged and lost is."""
    server = start_s3(t, token="to/ken==", region="eu-central-1")
    environment = {**KEYS, "AWS_SESSION_TOKEN": "to/ken==", "AWS_REGION": "eu-central-1"}
    make_spool(t)
    server.forgets = 1
    ship = start(t, server, "--audit-after", "1ms", environment=environment)
    ship.err.wait(rf".*s3://crashes/web\+1: connected to localhost:{server.port} as \S+; 2 files to send")
    ship.err.wait(r".*audit: web\+1/.*\.bin is not there; it is sent again")
    wait_audited(t, 2)
    check_objects(t, server)
    equal(server.count("PUT"), 3, "objects that were sent")
    check("0 files wait, 0 were gone" in stop(ship), ship.err.text())
    shutil.rmtree(t.path("state"))
    ship = start(t, server, "--audit-after", "1ms", environment=environment)
    wait_audited(t, 2)
    equal(server.count("PUT"), 3, "objects that were sent, also if it does not know it any more")
    stop(ship)
    (key,) = [key for key in server.objects if "crash." in key]
    reads, server.objects[key] = server.count("GET"), b"another"
    # daily only its ETag is looked at
    age_ledger(t)
    ship = start(t, server, environment=environment)
    ship.err.wait(r".*audit: web\+1/.*crash\..*\.bin is another file there; it is sent again")
    wait_until(lambda: server.objects[key] != b"another", "another one")
    equal(server.count("GET"), reads, "objects that were read")
    check_objects(t, server)
    stop(ship)


def age_ledger(t):
    """As if it was a day older."""
    for path in glob.glob(t.path("state/ledger-*.db")):
        with sqlite3.connect(path) as db:
            db.execute("UPDATE files1 SET audited_s = audited_s - 90000, sent_s = sent_s - 90000")


def test_ship_to_s3_that_refuses(t):
    """What it says is said once, and waited for; other places have all meanwhile."""
    server = start_s3(t)
    make_spool(t)
    os.mkdir(t.path("there"))
    server.faults += [fault(503, "SlowDown", Retry_After=1), fault(0), fault(500), fault(403, "AccessDenied"),
                      fault(403, "AccessDenied")]  # fmt: skip
    ship = start(t, server, "--to", "file://" + t.path("there"))
    ship.err.wait(r'.*bucket crashes: the server says: SlowDown: It is "SlowDown" \(503\); 2 files wait, it is tried again')
    ship.err.wait(r".*localhost:\d+: .*; 2 files wait, it is tried again")
    ship.err.wait(r".*bucket crashes: the server answers 500; 2 files wait, it is tried again")
    ship.err.wait(r'.*bucket crashes: the server says: AccessDenied: It is "AccessDenied" \(403\); 2 files wait, .*')
    wait_objects(server, 2)
    check_objects(t, server)
    equal(len([name for _, _, names in os.walk(t.path("there")) for name in names]), 2, "files elsewhere")
    equal(stop(ship).count("AccessDenied ("), 0, "times that it is said otherwise")
    equal(ship.err.text().count("says: AccessDenied"), 1, "times that it is said")
    for to, says in (("s3://nothere", r"bucket nothere: the server answers 404: it is not there"),
                     ("s3://crashes", r"bucket crashes: the server answers 301: it is in another region: --s3-region")):  # fmt: skip
        server.faults += [fault(301, method="HEAD")] if "region" in says else []
        shutil.rmtree(t.path("state"))
        ship = start(t, server, to=to)
        ship.err.wait(rf".*{to}: {says}; 2 files wait, it is tried again")
        stop(ship)
    server.stop()
    ship = start(t, server)
    ship.err.wait(rf".*localhost:{server.port}: Connection refused; 2 files wait, it is tried again")
    stop(ship)


def test_ship_to_s3_in_parts(t):
    """What fails is aborted, also what a shipper that was killed had begun."""
    server = start_s3(t)
    make_large(t)
    server.faults += [fault(200, method="LATE")]
    server.gate.clear()
    ship = start(t, server)
    wait_until(lambda: any(server.uploads.values()), "a part")
    ship.signal(signal.SIGKILL)
    ship.end(-signal.SIGKILL)
    server.gate.set()
    equal(len(server.uploads), 1, "an upload that is not over")
    ship = start(t, server, "--audit-after", "1ms")
    ship.err.wait(r'.*the server says: InternalError: It is "InternalError" \(200\); 1 files wait, it is tried again')
    wait_audited(t, 1)
    check_objects(t, server)
    equal((server.upload_cnt, server.count("DELETE", "uploadId=up%2Fload%2B1"), server.count("DELETE")), (3, 1, 2),
          "uploads, those that were aborted")  # fmt: skip
    stop(ship)


def test_ship_to_s3_a_crash_before_the_rest_of_a_large_file(t):
    server = start_s3(t)
    make_large(t)
    ship = start(t, server, "--rate", "8M")
    wait_until(lambda: server.upload_cnt, "that it has begun")
    shutil.copy(os.path.join(GOLDEN, "v1-crash.bin"), t.path("new"))
    os.rename(t.path("new"), os.path.join(t.out, CRASH))
    wait_objects(server, 1)
    check("crash." in next(iter(server.objects)), "the crash is first")
    equal(len(server.uploads), 1, "what is on its way")
    stop(ship)
    equal(len(server.objects), 1, "objects")


def write_keys(t, text):
    with open(t.path("new"), "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(t.path("new"), t.path("credentials"))


def test_ship_to_s3_with_keys_of_a_file(t):
    """By TLS; new ones are taken; who may only write does so."""
    subprocess.run([os.path.join(TREE, "tests/fleet/make-certificates"), t.dir], check=True, timeout=60)
    server = start_s3(t, tls=(t.path("server.pem"), t.path("server.key")))
    make_spool(t)
    server.refused = {"HEAD", "GET"}
    write_keys(t, "# keys\n[other]\naws_access_key_id = ID\n[default]\r\naws_access_key_id=OLD\n"
               "aws_secret_access_key = other\nregion = x\n")  # fmt: skip
    args = ["--s3-credentials", t.path("credentials"), "--tls-ca", t.path("ca.pem"), "--audit-after", "1ms"]
    ship = start(t, server, *args, environment={})
    ship.err.wait(r".*the server says: InvalidAccessKeyId: .* \(403\); 2 files wait, it is tried again")
    write_keys(t, "[default]\naws_access_key_id = ID\naws_secret_access_key = sec/ret+KEY\n")
    wait_objects(server, 2)
    check_objects(t, server)
    ship.err.wait(r".*audit: bucket crashes: the server says: AccessDenied: .* \(403\); 0 files wait, it is tried again")
    says = stop(ship)
    check("sec/ret" not in says, says)
    ship = start(t, server, *args[:2], environment={})
    ship.err.wait(r".*SSL certificate problem: .*; .*")
    stop(ship)


def test_ship_to_s3_refuses(t):
    os.makedirs(t.out)
    write_keys(t, "[default]\naws_access_key_id = ID\n")
    endpoint, region = ["--s3-endpoint", "http://h"], ["--s3-region", "eu-central-1"]
    cases = [
        (["s3://crashes", *region], {}, "no credentials: --s3-credentials FILE, or AWS_ACCESS_KEY_ID and"),
        (["s3://crashes"], KEYS, "no region: --s3-region NAME, or AWS_REGION in the environment"),
        (["s3://crashes"], {**KEYS, "AWS_REGION": "a/b"}, "'a/b' is no region such as eu-central-1"),
        (["s3://crashes", *endpoint], {**KEYS, "AWS_SESSION_TOKEN": "a b"}, "AWS_SESSION_TOKEN can't be such a key"),
        (["s3://Crashes", *endpoint], KEYS, "bucket 'Crashes': it has 3 to 63 small letters, digits, dots and -"),
        (["s3:///x", *endpoint], KEYS, "bucket '': it has 3 to 63"),
        (["s3://crashes", "--s3-endpoint", "h:9"], KEYS, "--s3-endpoint: 'h:9' is not http://HOST... or https://HOST..."),
        (["s3://crashes", "--s3-endpoint", "http://h/?x"], KEYS, "--s3-endpoint: '?x' means nothing here"),
        (["s3://crashes", "--s3-endpoint", "http://a:b@h/"], KEYS, "--s3-endpoint: '@h/' means nothing here"),
        (["s3://crashes", "--s3-region", "EU"], KEYS, "--s3-region: 'EU' is no region such as eu-central-1"),
        (["s3://crashes", *region, "--s3-credentials", "/none"], {}, "--s3-credentials /none: No such file or directory"),
        (["s3://crashes", *region, "--s3-credentials", t.path("credentials")], {},
         "[default] has no aws_access_key_id and aws_secret_access_key that could be such keys"),
        (["s3://crashes", *region, "--s3-credentials", t.path("credentials")], {"AWS_PROFILE": "p"}, "[p] has no"),
    ]  # fmt: skip
    for args, environment, says in cases:
        done = subprocess.run([SHIP, "--from", t.out, "--state", t.path("state"), "--to", *args], capture_output=True,
                              text=True, timeout=60, env={**os.environ, **NONE, **environment})  # fmt: skip
        equal((done.returncode, done.stdout), (2, ""), f"status of {args}")
        check(says in done.stderr and "sec/ret" not in done.stderr, f"{args}: {done.stderr}")
