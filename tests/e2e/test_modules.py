# SPDX-License-Identifier: MIT
"""The collector drops a mapped file when the last process that maps it has ended, and no sooner."""
import os
import re
import shutil
import signal

from harness import APPS, Snapshot, equal, wait_until

MARKED = 40 # a process has no room for the thread variables of more
FILES = 300
MANY = 100          # libraries that are there from the start
MORE_FILES = 16      # descriptors of the collector that may be added for other reasons
MORE_KIB = 8 << 10   # 300 libraries took 25 MB


def libraries(t, name):
    directory = t.path(name)
    os.mkdir(directory)
    for number in range(FILES):
        library = "libearly.so" if number < MARKED else "libcallers.so"
        shutil.copy(os.path.join(APPS, library), os.path.join(directory, f"lib{number}.so"))
    return directory


def descriptors(collector):
    return len(os.listdir(f"/proc/{collector.pid}/fd"))


def own_kib(collector):
    """Resident memory without shared memory, which is the rings."""
    with open(f"/proc/{collector.pid}/status", encoding="ascii") as file:
        sizes = dict(re.findall(r"^(\w+):\s*(\d+) kB", file.read(), re.M))
    return int(sizes["VmRSS"]) - int(sizes["RssShmem"])


def attached(collector, directory):
    """How many files of the directory the collector keeps."""
    with os.scandir(f"/proc/{collector.pid}/fd") as entries:
        paths = [read_link(entry.path) for entry in entries]
    return len([path for path in paths if path.startswith(directory + "/")])


def is_attached(collector, directory):
    """All are kept, and the sites are on: the message about the last library may come before
    that."""
    return attached(collector, directory) == FILES and links(collector) >= MARKED


def links(collector):
    """Links of uprobes, and of the few programs on tracepoints."""
    with os.scandir(f"/proc/{collector.pid}/fd") as entries:
        return [read_link(entry.path) for entry in entries].count("anon_inode:bpf_link")


def read_link(path):
    try:
        return os.readlink(path)
    except FileNotFoundError:
        return ""


def deleted(collector):
    """Deleted files that only the collector's descriptors keep."""
    paths = [read_link(f"/proc/{collector.pid}/fd/{fd}")
             for fd in os.listdir(f"/proc/{collector.pid}/fd")]
    return [path for path in paths if path.endswith(".so (deleted)")]


def check_events(path):
    snapshot = Snapshot(path)
    equal(sorted(snapshot.fields("lib_work", "value")), list(range(MARKED)),
          f"events in {path}")


def test_modules_go_with_their_last_process(t):
    loader, first, second = t.app("loader"), libraries(t, "a"), libraries(t, "b")
    script = "".join(f"echo next; read x; {loader} {directory}; " for directory in (first, second))
    collector = t.collect("--on", "exit", "--", "/bin/sh", "-c", script + "echo next; read x")
    collector.out.wait("next")
    base, kib = descriptors(collector), 0
    for number, directory in enumerate((first, second), start=1):
        collector.say()
        wait_until(lambda: collector.out.lines.count("start") == number, "a loader")
        wait_until(lambda: is_attached(collector, directory), "its libraries are attached to")
        shutil.rmtree(directory)
        collector.say()
        wait_until(lambda: collector.out.lines.count("next") == number + 1, "it ends")
        wait_until(lambda: descriptors(collector) <= base + MORE_FILES, "descriptors are closed")
        wait_until(lambda: not deleted(collector), "no deleted file is kept")
        # what is made only once is there after the first; memory is freed a little after the files
        if number == 1:
            kib = own_kib(collector)
        wait_until(lambda: own_kib(collector) <= kib + MORE_KIB, "its memory goes too")
    collector.say()
    collector.end()
    for path in t.files():
        check_events(path)
    equal(len(t.files()), 2, "snapshots")


def test_modules_stay_with_a_child_that_has_not_logged(t):
    loader, first, second = t.app("loader"), libraries(t, "a"), libraries(t, "b")
    script = f"echo up; read x; {loader} --fork {first}; {loader} {second}; echo over; read x"
    collector = t.collect("--on", "exit", "--", "/bin/sh", "-c", script)
    collector.out.wait("up")
    base = descriptors(collector)
    collector.say()
    collector.out.wait("start", after=1)
    wait_until(lambda: is_attached(collector, first), "the first are attached to")
    collector.say()
    child = int(collector.out.wait(r"child (\d+)")[1])
    wait_until(lambda: collector.out.lines.count("start") == 2, "the second loader")
    wait_until(lambda: is_attached(collector, second), "the second are attached to")
    collector.say()
    collector.out.wait("over")
    # the second ones go, after a check of all processes for users that the collector does not know
    # of
    wait_until(lambda: not attached(collector, second), "the second go")
    equal(attached(collector, first), FILES, "of the first, whose child runs")
    os.kill(child, signal.SIGUSR1)
    collector.out.wait("logged")
    accounts = collector.accounts_of(child)
    equal((accounts.recorded, accounts.lost), (2 * MARKED, 0), "recorded, lost of the child")
    wait_until(lambda: descriptors(collector) <= base + MORE_FILES, "the first go with it")
    collector.say()
    collector.end()


def test_modules_many_in_one_process(t):
    """The collector attaches to all libraries with sites, even to more than a thread has room
    for."""
    names, empty = [t.path(f"lib{number}.so") for number in range(MANY)], t.path("empty")
    os.mkdir(empty)
    for name in names:
        shutil.copy(os.path.join(APPS, "libearly.so"), name)
    app = t.start(t.app("loader"), empty, env={**os.environ, "LD_PRELOAD": " ".join(names)})
    app.out.wait("start")
    collector = t.collect("--on", "exit", "-p", app.pid)
    collector.recording(app.pid)
    app.say()
    app.end()
    collector.end()
    equal(len(t.only_snapshot().of("lib_destructor")), MANY, "libraries that logged at their end")
