# SPDX-License-Identifier: MIT
"""ttlog-ship --to file:///DIR: a directory has the files, each whole or not at all."""
import glob
import os
import shutil
import signal
import subprocess

from harness import NOBODY, check, equal, wait_until
from ship_fixture import (CRASH, OTHER, SHIP, ledger, make_spool, read, start_server, start_ship, stop, url_of, wait_audited,
                          wait_index)  # fmt: skip
from test_metrics import free_port, samples


def make_place(t, name="there"):
    os.makedirs(t.path(name), exist_ok=True)
    return t.path(name), "file://" + t.path(name)


def there(place):
    """Its files and what else it has, by name."""
    found = {}
    for folder, _, names in os.walk(place):
        found.update((name, os.path.join(folder, name)) for name in names)
    return found


def check_place(t, place):
    """Every file of the spool is there, and nothing else is; whose they are is in the path."""
    found = there(place)
    equal(sorted(found), sorted(map(os.path.basename, t.files())), "files there")
    for path in t.files():
        copy = found[os.path.basename(path)]
        check(read(copy) == read(path), f"{copy} is another file")
        equal(int(os.stat(copy).st_mtime), int(os.stat(path).st_mtime), "its time")
    return found


def wait_files(place, count):
    return wait_until(lambda: len(glob.glob(f"{place}/*/*/ttlog-*")) >= count, f"{count} files in {place}")


def test_ship_to_a_directory(t):
    """Read back and compared; what is there is not written again, what is damaged or missing is."""
    place, url = make_place(t)
    make_spool(t)
    ship = start_ship(t, "--to", url, "--audit-after", "1ms")
    (host,) = ship.err.wait(rf".*connected to {place} as (\S+); 2 files to send").groups()
    wait_audited(t, 2)
    found = check_place(t, place)
    equal(os.path.relpath(found[CRASH], place), f"{host.replace('.', '%2E')}/exchange/{CRASH}", "path")
    inodes = {name: os.stat(path).st_ino for name, path in found.items()}
    check("0 files wait, 0 were gone" in stop(ship), ship.err.text())
    # what it had sent, it does not send again, also if it does not know that any more
    shutil.rmtree(t.path("state"))
    ship = start_ship(t, "--to", url, "--audit-after", "1ms")
    wait_audited(t, 2)
    equal({name: os.stat(path).st_ino for name, path in there(place).items()}, inodes, "files")
    stop(ship)
    with open(found[CRASH], "r+b") as file:
        file.seek(100)
        file.write(b"damage")
    os.unlink(found[OTHER])
    ship = start_ship(t, "--to", url, "--audit-after", "1ms")
    ship.err.wait(f".*audit: .*/{CRASH} is another file there; it is sent again")
    ship.err.wait(f".*audit: .*/{OTHER} is not there; it is sent again")
    wait_until(lambda: ledger(t, "SELECT count(*) FROM files1 WHERE audited_s > 0") == [(2,)] and len(there(place)) == 2,
               "both")  # fmt: skip
    check_place(t, place)
    stop(ship)


def test_ship_to_a_directory_and_elsewhere(t):
    """One that is full costs the other ones nothing; once there is room it has all, and nothing half."""
    server = start_server(t)
    full, url = make_place(t, "full")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", full], check=True, timeout=60)
    try:
        with open(os.path.join(full, "filler"), "wb") as file:
            file.write(bytes(56 << 10))
        make_spool(t)
        ship = start_ship(t, "--to", url, "--to", url_of(server.port), "--to", "file://" + make_place(t, "free")[0],
                          "--metrics", free_port())  # fmt: skip
        at = ship.err.wait(r"ttlog-ship: metrics at http://(\S+)/metrics")[1]
        wait_index(server, 2)
        wait_files(t.path("free"), 2)
        ship.err.wait(rf".*{url}: {full}: No space left on device; [12] files wait, it is tried again")
        wait_until(lambda: samples(at)["ttlog_ship_failures_total", url] >= 3, "that it was tried again")
        said = len(ship.err.lines)
        os.unlink(os.path.join(full, "filler"))
        ship.err.wait(rf".*{url}: connected to .* [01] files to send", said)
        wait_files(full, 2)
        check_place(t, full)
        says = stop(ship)
        equal((says.count("No space left"), says.count(f"{url}: connected")), (1, 2), "times that it is said")
    finally:
        subprocess.run(["umount", "-l", full], check=True, timeout=60)


def test_ship_to_a_directory_killed(t):
    """Under its name a file is whole; what a shipper that was killed had begun goes, also if the file does."""
    place, url = make_place(t)
    os.makedirs(t.out)
    for name in (CRASH, OTHER):
        with open(os.path.join(t.out, name), "wb") as file:
            file.write(os.urandom(2 << 20))
    for kept in (OTHER, CRASH):
        ship = start_ship(t, "--to", url, "--rate", "512K")
        wait_until(lambda: any(name.startswith(".ttlog-ship-") and os.stat(path).st_size for name, path in there(place).items()),
                   "a part")  # fmt: skip
        ship.signal(signal.SIGKILL)
        ship.end(-signal.SIGKILL)
        equal([name for name in there(place) if not name.startswith(".")], [], "files that are whole")
        if kept == OTHER:
            os.unlink(os.path.join(t.out, CRASH))
    ship = start_ship(t, "--to", url, "--audit-after", "1ms")
    wait_audited(t, 1)
    wait_until(lambda: len(there(place)) == 1, "that nothing else is there")
    check_place(t, place)
    stop(ship)


def test_ship_to_a_directory_without_permission(t):
    """It is said, and tried again; links lead nowhere else; other directories are out of its reach."""
    place, url = make_place(t)
    make_spool(t)
    os.chmod(t.dir, 0o755)
    os.chmod(t.out, 0o755)
    for name in (CRASH, OTHER):
        os.chmod(os.path.join(t.out, name), 0o644)
    os.mkdir(t.path("state"))
    os.mkdir(t.path("elsewhere"))
    for path in ("state", "elsewhere"):
        os.chown(t.path(path), NOBODY, NOBODY)
    ship = t.start("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", SHIP, "--from", t.out,
                   "--state", t.path("state"), "--to", url)  # fmt: skip
    (host,) = ship.err.wait(r".*connected to .* as (\S+); .*").groups()
    ship.err.wait(rf".*{place}: Permission denied; 2 files wait, it is tried again")
    os.symlink(t.path("elsewhere"), os.path.join(place, host.replace(".", "%2E")))
    os.chown(place, NOBODY, NOBODY)
    ship.err.wait(rf".*{place}: Not a directory; 2 files wait, it is tried again")
    os.unlink(os.path.join(place, host.replace(".", "%2E")))
    wait_files(place, 2)
    check_place(t, place)
    equal(os.listdir(t.path("elsewhere")), [], "where the link led")
    # the directory goes while it runs; another one takes its place
    os.rename(place, t.path("moved"))
    ship.err.wait(rf".*{place}: No such file or directory; 0 files wait, it is tried again")
    os.mkdir(place)
    ship.err.wait(rf".*{place}: Permission denied \(if it was mounted anew, start ttlog-ship again\); .*")
    stop(ship)


def test_ship_to_a_directory_refuses(t):
    os.makedirs(t.out)
    with open(t.path("file"), "wb"):
        pass
    cases = [
        (f"file://{t.dir}/none", "No such file or directory: make it first"),
        (f"file://{t.dir}/file", "Not a directory"),
        ("file://host/dir", "it has a host: file:///DIR with three slashes is a directory of this machine"),
        ("file://", "it has a host"),
        ("file:///a?b", "'?b' means nothing here"),
        ("file:///a%zz", "a % needs two hexadecimal digits after it"),
    ]
    for url, says in cases:
        done = subprocess.run([SHIP, "--from", t.out, "--state", t.path("state"), "--to", url], capture_output=True,
                              text=True, timeout=60)  # fmt: skip
        equal((done.returncode, done.stdout), (2, ""), f"status of {url}")
        check(f"--to {url}: {says}" in done.stderr and done.stderr.count("\n") <= 2, f"{url}: {done.stderr}")
