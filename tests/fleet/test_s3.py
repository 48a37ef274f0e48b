# SPDX-License-Identifier: MIT
"""ttlog-ship --to s3:// with npm's s3rver: make deps-fleet, tests/e2e/run -d tests/fleet."""
import hashlib
import os

from harness import BUILD, check, equal
from ship_fixture import OTHER, make_spool, read, start_ship, stop, wait_audited

S3RVER = os.path.join(BUILD, "fleet/s3rver/node_modules/s3rver/bin/s3rver.js")
KEYS = {"AWS_ACCESS_KEY_ID": "S3RVER", "AWS_SECRET_ACCESS_KEY": "S3RVER"}
LARGE = 65 << 20  # sent in parts
CONTENT = "._S3rver_object"


def start_s3rver(t):
    """Its port."""
    check(os.path.exists(S3RVER), "s3rver is missing: make deps-fleet")
    server = t.start("node", S3RVER, "--directory", t.path("s3"), "--address", "localhost", "--port", 0,
                     "--configure-bucket", "crashes")  # fmt: skip
    return int(server.out.wait(r".*listening on .*:(\d+)")[1])


def stored(t):
    """The content of each object, by its key, as it lies on s3rver's disk."""
    top, found = t.path("s3/crashes"), {}
    for folder, _, names in os.walk(top):
        for name in names:
            if name.endswith(CONTENT):
                path = os.path.join(folder, name)
                found[os.path.relpath(path, top)[: -len(CONTENT)]] = read(path)
    return found


def start(t, port, **keys):
    return start_ship(t, "--to", "s3://crashes/web+1", "--s3-endpoint", f"http://localhost:{port}", "--audit-after", "1ms",
                      env={**os.environ, **KEYS, **keys})  # fmt: skip


def test_s3rver_has_all(t):
    """Small files, one that is sent in parts; once, whole, below names that have their hashes."""
    port = start_s3rver(t)
    make_spool(t)
    with open(os.path.join(t.out, OTHER), "r+b") as file:
        file.truncate(LARGE)
    ship = start(t, port)
    wait_audited(t, 2)
    stop(ship)
    wanted = {}
    for path in t.files():
        stem = os.path.basename(path)[: -len(".bin")]
        wanted[f"{stem}.{hashlib.sha256(read(path)).hexdigest()}.bin"] = read(path)
    objects = stored(t)
    equal(sorted(key.rsplit("/", 1)[1] for key in objects), sorted(wanted), "names")
    for key, content in objects.items():
        check(key.startswith("web+1/"), key)
        check(content == wanted[key.rsplit("/", 1)[1]], f"{key} is another file there")


def test_s3rver_does_not_know_the_key(t):
    """The files wait, and it is said why."""
    port = start_s3rver(t)
    make_spool(t)
    ship = start(t, port, AWS_ACCESS_KEY_ID="another")
    ship.err.wait(r".*: bucket crashes: the server says: InvalidAccessKeyId: .*; 2 files wait, it is tried again")
    check("2 files wait" in stop(ship), ship.err.text())
    equal(stored(t), {}, "objects")
