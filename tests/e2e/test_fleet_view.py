# SPDX-License-Identifier: MIT
"""ttlog-view nats://: files of many machines, as if they were here."""
import glob
import json
import os
import shutil
import subprocess

from harness import BUILD, DEADLINE_S, check, equal
from ship_fixture import CRASH, OTHER, NatsClient, shipped, start_server, url_of

VIEW = os.path.join(BUILD, "ttlog-view")


def view(t, *args, status=0, cache="cache"):
    """What it shows, and what it says."""
    env = {"PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": t.path(cache)}
    done = subprocess.run([VIEW, *args], capture_output=True, timeout=DEADLINE_S, check=False, env=env)
    equal(done.returncode, status, f"status of {args}: {done.stderr}")
    return done.stdout.decode(), done.stderr.decode()


def cached(t, cache="cache"):
    return sorted(glob.glob(t.path(cache) + "/ttlog/*.bin"))


def test_fleet_view(t):
    """All that is shown of files is shown of URLs, also mixed."""
    server = shipped(t)
    url = url_of(server.port)
    here = [os.path.join(t.out, name) for name in (CRASH, OTHER)]
    for args in ([], ["--format", "json"], ["--stats", "--group-by", "host,service"], ["--head", "5"], ["--timeline"],
                 ["--stats", "--group-by", "signature"], ["--limit", "3", "--filter", "level>=WARN"],
                 ["--sql", "SELECT host, service, reason, events FROM snapshots ORDER BY 1, 2"]):  # fmt: skip
        equal(view(t, url, *args)[0], view(t, *here, *args)[0], f"{args}")
    equal(len(cached(t)), 2, "files in the cache")
    for path in cached(t):
        digest = subprocess.run(["sha256sum", path], capture_output=True, check=True).stdout.decode().split()[0]
        equal(os.path.basename(path), digest + ".bin", "name")
    equal(view(t, url + "?service=exchange", "--format", "json")[0], view(t, here[0], "--format", "json")[0], "service")
    equal(view(t, url + "?service=exchange", here[1], "--stats")[0], view(t, *here, "--stats")[0], "a URL and a file")
    equal(view(t, url, url + "?reason=crash", "--stats")[0], view(t, *here, "--stats")[0], "two URLs")


def test_fleet_view_info(t):
    """The list, without any file being fetched."""
    server = shipped(t)
    url = url_of(server.port)
    files = [json.loads(line) for line in view(t, "--info", "--format", "json", url)[0].splitlines()]
    equal([one["object"].rsplit("/", 1)[1] for one in files], [CRASH, OTHER], "files")
    lines = view(t, "--info", url)[0].splitlines()
    check(len(lines) == 3 and "SIGSEGV" in lines[1] and "side__remove" in lines[1], lines)
    equal(cached(t), [], "files in the cache")
    view(t, "--info", url, "-o", t.path("list"))
    with open(t.path("list")) as file:
        equal(file.read().splitlines(), lines, "with -o")
    equal(view(t, "--info", url + "?host=none"), ("", f"ttlog-view: {url}?host=none: there is no such file\n"), "none")
    both = view(t, "--info", url, os.path.join(t.out, CRASH))[0]
    check("rip" in both and both.endswith("\n".join(lines) + "\n"), both)


def test_fleet_view_of_what_is_not_there(t):
    """The rest is shown; names are those of the fleet."""
    server = shipped(t)
    url = url_of(server.port)
    with NatsClient(server.port) as client:
        (crash,) = [meta for name, meta in client.objects("crashes").items() if name.endswith(CRASH)]
        check(client.api("STREAM.PURGE.OBJ_crashes", filter=f"$O.crashes.C.{crash['nuid']}")["success"], "purged")
    out, err = view(t, url, "--format", "json", status=1)
    equal(out, view(t, os.path.join(t.out, OTHER), "--format", "json")[0], "the rest")
    equal(err, f"ttlog-fleet: {url}: {crash['name']}: a chunk is missing\n", "said")
    equal((len(cached(t)), glob.glob(t.path("cache/ttlog/part-*"))), (1, []), "cache")
    (path,) = cached(t)
    # what is damaged in the cache, by its size, is fetched again; else it is called as in the fleet
    with open(path, "r+b") as file:
        file.truncate(100)
    view(t, url + "?service=[!e]*", "--stats")
    with open(path, "r+b") as file:
        file.seek(200)
        file.write(b"\0" * 64)
    err = view(t, url + "?service=[!e]*", "--stats", status=1)[1]
    check(f"/{OTHER}: " in err and "cache/" not in err, err)


def test_fleet_view_keeps_within_its_cache(t):
    """What was not used for the longest time goes; a file in use stays; what is too large is said."""
    server = shipped(t)
    url = url_of(server.port)
    sizes = {name: os.path.getsize(os.path.join(t.out, name)) for name in (CRASH, OTHER)}
    most = str(sum(sizes.values()) - 1)
    view(t, url + "?service=exchange", "--stats", "--cache-size", most)
    view(t, url + "?service=[!e]*", "--stats", "--cache-size", most)
    total = sum(os.path.getsize(path) for path in cached(t))
    check(total <= int(most) and len(cached(t)) == 1, f"{total} of {most}")
    # both at once have no room: the newest is shown
    shutil.rmtree(t.path("cache"))
    out, err = view(t, url, "--format", "json", "--cache-size", most, status=1)
    equal(out, view(t, os.path.join(t.out, CRASH), "--format", "json")[0], "newest")
    check("older files with" in err and "--cache-size" in err, err)
    err = view(t, url, "--stats", "--cache-size", "10", status=1)[1]
    check(err.count("it is larger than the cache") == 1 and OTHER in err, err)


def test_fleet_view_several_at_once(t):
    """They share a cache, and each sees all."""
    server = shipped(t)
    url = url_of(server.port)
    want = view(t, url, "--format", "json", cache="other")[0]
    env = {"PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": t.path("cache")}
    many = [subprocess.Popen([VIEW, url, "--format", "json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
            for _ in range(6)]  # fmt: skip
    for one in many:
        out, err = one.communicate(timeout=DEADLINE_S)
        equal((one.returncode, err, out.decode()), (0, b"", want), "one of several")
    equal((len(cached(t)), glob.glob(t.path("cache/ttlog/part-*"))), (2, []), "cache")


def test_fleet_view_refuses(t):
    server = start_server(t)
    url = url_of(server.port)
    check("there is no index of bucket crashes" in view(t, url, status=1)[1], "no bucket")
    server.kill()
    for args in ([url], ["--info", url]):
        out, err = view(t, *args, status=1)
        check(err.startswith(f"ttlog-fleet: {url}: 127.0.0.1:{server.port}: ") and err.count("\n") == 1, err)
    for args, why in (
        (["nats://h"], "no bucket"),
        ([url + "?age=5"], "'age' is not host"),
        ([url, "--creds", "/nowhere"], "--creds /nowhere: No such file"),
        (["--creds", "/nowhere", "x.bin"], "go with nats://"),
        ([url, "--cache-size", "x"], "not a size"),
        (["--recompress", url], "--recompress is for files on this machine"),
    ):
        out, err = view(t, *args, status=2)
        check(why in err and not out, f"{args}: {err}")
