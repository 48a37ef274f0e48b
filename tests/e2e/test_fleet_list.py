# SPDX-License-Identifier: MIT
"""ttlog-fleet list: what a bucket has, whatever hosts send."""
import base64
import json
import os
import subprocess

from harness import BUILD, DEADLINE_S, check, equal
from ship_fixture import CRASH, OTHER, NatsClient, shipped, start_server, url_of

FLEET = os.path.join(BUILD, "ttlog-fleet")
HOST = "web1-0a1b2c3d"


def fleet(*args, status=0):
    done = subprocess.run([FLEET, *args], capture_output=True, timeout=DEADLINE_S, check=False)
    equal(done.returncode, status, f"status of {args}: {done.stderr}")
    return done.stdout.decode(), done.stderr.decode()


def listed(*args, status=0):
    out, err = fleet("list", "--format", "json", *args, status=status)
    return [json.loads(line) for line in out.splitlines()], err


def put(server, host, service, reason, number, info, file=None, **more):
    """A message of the index, as a host may send it."""
    name = file or f"ttlog-{number}-20261121153021357-{reason}.bin"
    message = {"object": f"{host}/{service}/{name}", "size": 5, "info": info, **more}
    with NatsClient(server.port) as client:
        headers, answer = client.request(f"ttlog.index.crashes.{host}.{service}.{reason}.{number:064x}",
                                         json.dumps(message).encode())
        check(b"seq" in answer, f"{headers} {answer}")


def test_fleet_list(t):
    """Newest first; by globs and time; as table and JSON."""
    server = shipped(t)
    url = url_of(server.port)
    files, err = listed(url)
    equal(([one["object"].rsplit("/", 1)[1] for one in files], err), ([CRASH, OTHER], ""), "files")
    with NatsClient(server.port) as client:
        metas = client.objects("crashes")
    for one in files:
        meta = metas[one["object"]]
        digest = base64.urlsafe_b64decode(meta["digest"].removeprefix("SHA-256="))
        equal((one["digest"], one["size"]), (digest.hex(), meta["size"]), "digest")
    crash = files[0]
    equal((crash["signal"], crash["service"], crash["pid"], crash["reason"], crash["created_at"]),
          ("SIGSEGV", "exchange", 4222, "crash", "2026-11-21T15:30:21.357457254Z"), "crash")  # fmt: skip
    equal(crash["frame"], "side__remove+0x10 (exchange.c:169)", "frame")
    lines = fleet("list", url)[0].splitlines()
    equal(lines[0].split(), ["TIME", "HOST", "SERVICE", "REASON", "FRAME", "FILE"], "titles")
    equal(lines[1].split(), ["2026-11-21T15:30:21.357Z", crash["host"], "exchange", "SIGSEGV", "side__remove+0x10",
                             "(exchange.c:169)", CRASH], "line")  # fmt: skip
    for query, count in (("reason=crash", 2), ("reason=timer", 0), ("service=exch*", 1), ("host=none", 0), ("host=*-*&reason=*", 2),
                         ("since=2026-11-21T15:30:00Z", 1), ("since=2030-01-01", 0)):  # fmt: skip
        equal(len(listed(f"{url}?{query}")[0]), count, query)
    equal(len(listed(url + "?service=exchange", url + "?service=" + files[1]["service"])[0]), 2, "of two URLs")


def test_fleet_list_of_hostile_hosts(t):
    """Names, times and texts that are wrong; no byte of them writes to a terminal."""
    server = shipped(t)
    url = url_of(server.port)
    put(server, HOST, "a%2Eb%2E%3E", "crash", 1, {"pid": 1, "created_at": "2026-11-22T00:00:00Z",
                                                  "exit": {"signal": "\x1b]0;x\x07\u009b"}})  # fmt: skip
    put(server, HOST, "%FF%1B", "crash", 2, {"created_at": "2999-01-01T00:00:00Z"})
    put(server, HOST, "other", "crash", 3, {"created_at": "what"})
    files, err = listed(url)
    equal(([(one["host"], one["service"]) for one in files if one["host"] == HOST], err),
          ([(HOST, "other"), (HOST, "%FF%1B"), (HOST, "a.b.>")], ""), "names")  # fmt: skip
    check(all("2026-11" <= one["created_at"] < "2990" for one in files), f"times {files}")
    out, _ = fleet("list", url)
    check(all(c == "\n" or c.isprintable() for c in out) and "\\x1b]0;x" in out, out)
    # files of others, and what is none of ours
    put(server, HOST, "s", "crash", 4, {}, object="web2-0a1b2c3d/s/ttlog-4-20261121153021357-crash.bin")
    put(server, HOST, "s", "crash", 5, {}, file="../../x")
    put(server, HOST, "s", "crash", 6, {}, file="ttlog-4-20261121153021357-a\x1b.bin")
    put(server, HOST, "s", "crash", 7, {"signature": 5}, object=None)
    more, err = listed(url, status=1)
    equal((len(more), err), (5, "ttlog-fleet: index: 4 entries are damaged, or name files of other hosts\n"), "rest")


def test_fleet_list_refuses(t):
    server = start_server(t)
    url = url_of(server.port)
    equal(listed(url, status=1)[1],
          f"ttlog-fleet: {url}: 127.0.0.1:{server.port}: there is no index of bucket crashes\n", "no bucket")  # fmt: skip
    server.kill()
    check(listed(url, status=1)[1].startswith(f"ttlog-fleet: {url}: 127.0.0.1:{server.port}: "), "no server")
    for args, why in (
        (["list"], "a command and a URL are needed"),
        (["lost", url], "'lost' is no command"),
        (["list", "nats://h"], "no bucket"),
        (["list", url + "?age=5"], "'age' is not host, service, reason or since"),
        (["list", url, "--creds", "/nowhere"], "--creds /nowhere: No such file"),
        (["list", url, "--tls-cert", "/dev/null"], "--tls-cert and --tls-key are given together"),
        (["list", url, "--tls-ca", "/dev/null"], "--tls-ca /dev/null"),
        (["list", url, "--format", "xml"], "there is text json"),
    ):
        out, err = fleet(*args, status=2)
        check(why in err and not out, f"{args}: {err}")
