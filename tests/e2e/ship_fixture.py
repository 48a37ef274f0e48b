# SPDX-License-Identifier: MIT
"""ttlog-ship and real nats-servers, run by a test; whether what was written is there."""
import contextlib
import glob
import os
import shutil
import signal
import sqlite3
import sys

from harness import BUILD, TREE, check, equal, wait_until

sys.path.append(os.path.join(TREE, "tests", "fleet"))

from nats_client import NatsClient, ask  # noqa: E402
from nats_server import NatsServer  # noqa: E402

SHIP = os.path.join(BUILD, "ttlog-ship")
GOLDEN = os.path.join(TREE, "tests", "golden")
CRASH = "ttlog-4222-20261121153021357-crash.bin"
OTHER = "ttlog-77-20261122153021357-timer.bin"


def start_server(t, name="server", config=None):
    server = NatsServer(t.path(name), config)
    t.programs.append(server)
    return server


def url_of(port, bucket="crashes"):
    return f"nats://127.0.0.1:{port}/{bucket}"


def start_ship(t, *args, spool=None, before=(), **options):
    return t.start(*before, SHIP, "--from", spool or t.out, "--state", t.path("state"), "--replicas", 1, *args, **options)


def make_spool(t):
    os.makedirs(t.out, exist_ok=True)
    shutil.copy(os.path.join(GOLDEN, "v1-crash.bin"), os.path.join(t.out, CRASH))
    shutil.copy(os.path.join(GOLDEN, "golden.bin"), os.path.join(t.out, OTHER))


def read(path):
    with open(path, "rb") as file:
        return file.read()


def wait_index(server, count, bucket="crashes"):
    """Until so many files are there with all that belongs to them: the index message comes last."""
    wait_until(lambda: len(ask(server.port, lambda client: client.subjects("TTLOG_INDEX_" + bucket)) or ()) >= count,
               f"{count} messages of the index")  # fmt: skip
    return ask(server.port, lambda client: client.index(bucket))


def shipped(t):
    """A server with what make_spool() has, and an empty index after it."""
    server = start_server(t)
    make_spool(t)
    ship = start_ship(t, "--to", url_of(server.port))
    wait_index(server, 2)
    stop(ship)
    return server


def check_all(t, server, bucket="crashes"):
    """Every file of the spool is in the bucket once, whole, with its message, and nothing else is."""
    with NatsClient(server.port) as client:
        objects, index = client.objects(bucket), client.index(bucket)
        names = {name.rsplit("/", 1)[1]: meta for name, meta in objects.items()}
        equal(sorted(names), sorted(map(os.path.basename, t.files())), "objects")
        for path in t.files():
            meta = names[os.path.basename(path)]
            check(client.content(bucket, meta) == read(path), f"{path} is another file there")
        equal(sorted(message["digest"] for message in index.values()),
              sorted(meta["digest"] for meta in objects.values()), "digests in the index")  # fmt: skip
        chunks = client.subjects("OBJ_" + bucket, f"$O.{bucket}.C.>")
        equal(chunks, {f"$O.{bucket}.C.{meta['nuid']}": meta["chunks"] for meta in objects.values()}, "chunks")
        return objects


def ledger(t, query):
    """None: it is not there yet."""
    for path in glob.glob(t.path("state/*.db")):
        with sqlite3.connect(path) as db, contextlib.suppress(sqlite3.OperationalError):
            return db.execute(query).fetchall()
    return None


def wait_audited(t, count):
    wait_until(lambda: ledger(t, "SELECT count(*) FROM files1 WHERE audited_s > 0") == [(count,)], "audits")


def stop(ship):
    ship.signal(signal.SIGTERM)
    ship.end()
    return ship.err.text()
