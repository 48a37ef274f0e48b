# SPDX-License-Identifier: MIT
"""The identity of processes: numbers that are used again, namespaces, names that change."""
import signal
import subprocess
import sys

import cbor2

from harness import DEADLINE_S, VIEW, Snapshot, check, equal, wait_until
from notes import read_batches
from test_trade import check_trades

# For a process with one thread: after clone3() in one of several, the child may wait for another
# thread's lock. struct clone_args: flags, pidfd, child_tid, parent_tid, exit_signal, stack, size,
# tls, set_tid, size
RUN_AS = """
import ctypes, os, signal, struct, sys
SYS_CLONE3 = 435
number = ctypes.c_int(int(sys.argv[1]))
args = struct.pack("<10Q", 0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, ctypes.addressof(number), 1)
child = ctypes.PyDLL(None).syscall(SYS_CLONE3, ctypes.create_string_buffer(args, len(args)), len(args))
if child == 0:
    os.dup2(os.open("/dev/null", os.O_RDWR), 1)
    os.execv(sys.argv[2], sys.argv[2:])
assert child > 0, "clone3"
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def run_as(pid, *argv):
    """Runs a program under that number, which must be free, to its end."""
    command = [sys.executable, "-c", RUN_AS, str(pid), *map(str, argv)]
    return int(subprocess.run(command, stdout=subprocess.PIPE, timeout=DEADLINE_S, check=True).stdout)


def header(path):
    """The header as another CBOR reader reads it."""
    content = subprocess.run(["lz4", "-dcq", path], capture_output=True, check=True).stdout
    return cbor2.loads(content)


def check_two_lives(t, collector, pid, out):
    """Each process has accounts, a snapshot, and its own events."""
    wait_until(lambda: len(t.files()) == 2, f"two snapshots in {out}")
    collector.stop()
    lines = [line for line in collector.err.lines if line.startswith(f"pid {pid}: ")]
    equal([line.split(", /")[0] for line in lines],
          ["pid %d: %d emitted, %d recorded, 0 lost, 0 overwritten" % (pid, n, n) for n in (30, 80)],
          "accounts")
    first, second = [Snapshot(path) for path in t.files()]
    check_trades(first.events, 1, 0, 30)
    check_trades(second.events, 2, 0, 40)


def test_number_that_comes_again(t):
    """-e: two processes, one after the other, with one number."""
    path = t.app("trade")
    collector = t.collect("--on", "exit", "-e", path)
    collector.recording_path(path)
    first = t.start(path, 1, 30).end()
    equal(run_as(first.pid, path, 2, 40), 0, "status of the second")
    check_two_lives(t, collector, first.pid, t.out)


def test_number_that_comes_again_unseen(t):
    """The collector learns of the end of the first when the second has ended, too."""
    path = t.app("trade")
    collector = t.collect("--on", "exit", "-e", path)
    collector.recording_path(path)
    collector.signal(signal.SIGSTOP)
    first = t.start(path, 1, 30).end()
    equal(run_as(first.pid, path, 2, 40), 0, "status of the second")
    collector.signal(signal.SIGCONT)
    check_two_lives(t, collector, first.pid, t.out)


def test_number_that_comes_again_as_another(t):
    """-p: a later process with the number is not the one that was meant."""
    path = t.app("trade")
    first = t.start(path, "--wait", 1, 30)
    first.out.wait("ready")
    collector = t.collect("--on", "exit,crash", "-p", first.pid)
    collector.recording(first.pid)
    first.say()
    first.out.wait("done")
    collector.signal(signal.SIGSTOP)
    first.say()
    first.end()
    equal(run_as(first.pid, t.app("crash"), 2, 40, "SEGV"), -signal.SIGSEGV, "status of the second")
    collector.signal(signal.SIGCONT)
    collector.end()
    accounts = collector.only_accounts()
    equal((accounts.emitted, accounts.recorded, len(accounts.files)), (30, 30, 1), "accounts")
    snapshot = t.only_snapshot()
    equal((snapshot.info["reason"], snapshot.info.get("crash")), ("exit", None), "end")
    check_trades(snapshot.events, 1, 0, 30)


def in_pid_namespace(script):
    return ["unshare", "-p", "-f", "--mount-proc", "sh", "-c", script]


def test_numbers_of_a_small_namespace(t):
    """Numbers are used again after a few processes. (Before 6.14 pid_max is the whole
    machine's.)"""
    path = t.app("trade")
    script = (f"echo 310 >/proc/sys/kernel/pid_max || exit 9; "
              f"for i in $(seq 200); do {path} 2 50 || exit 8; done")
    before = open("/proc/sys/kernel/pid_max", encoding="ascii").read()
    collector = t.collect("--on", "exit", "-e", path)
    collector.recording_path(path)
    t.start(*in_pid_namespace(script)).end()
    equal(open("/proc/sys/kernel/pid_max", encoding="ascii").read(), before, "pid_max of the machine")
    wait_until(lambda: len(t.files()) == 200, "200 snapshots")
    accounts = collector.stop().all_accounts()
    equal(len(accounts), 200, "processes")
    own = set()
    for pid, one in accounts.items():
        equal((one.emitted, one.recorded), (100, 100), f"accounts of {pid}")
        threads = header(one.files[0])["threads"]
        equal({thread["pid"] for thread in threads}, {pid}, "pid")
        check(all(thread["ns_tid"] < 310 for thread in threads), f"threads {threads}")
        own |= {thread["ns_pid"] for thread in threads}
    check(len(own) < 200, f"no number came again: {sorted(own)}")


def check_namespace_numbers(path, pid):
    threads = header(path)["threads"]
    equal({thread["pid"] for thread in threads}, {pid}, "pid")
    for thread in threads:
        check(0 < thread["ns_pid"] < 20 and 0 < thread["ns_tid"] < 20 and thread["tid"] > 20,
              f"numbers of {thread}")
    check(len({thread["ns_tid"] for thread in threads}) == len({thread["tid"] for thread in threads}),
          f"threads {threads}")


def test_numbers_of_a_pull(t):
    """Both numbers and the name of threads that have flushed nothing, and had a batch before."""
    path = t.app("trade")
    app = t.start(*in_pid_namespace(f"exec {path} --wait 3 20"), "x")
    app.out.wait("ready")
    with open(f"/proc/{app.pid}/task/{app.pid}/children", encoding="ascii") as children:
        pid = int(children.read())
    collector = t.collect("-p", pid)
    collector.recording(pid)
    app.say()
    app.out.wait("done")
    snapshot = Snapshot(collector.stop().only_file())
    check_trades(snapshot.events, 3, 0, 20)
    equal((snapshot.info["comm"], {event["comm"] for event in snapshot.events}), ("trade", {"trade"}),
          "names")
    check_namespace_numbers(snapshot.path, pid)
    app.say()
    app.end()


def test_names_at_the_time(t):
    """Each event has the name that its thread had then."""
    t.collect("--on", "exit", "--", t.app("names")).end()
    snapshot = t.only_snapshot()
    equal(sorted(event["comm"] for event in snapshot.events),
          sorted(event["fields"]["name"] for event in snapshot.events), "names")
    for event in snapshot.events:
        equal(event["comm"], event["fields"]["name"], "name of a thread")


def test_names_of_a_pull(t):
    """Events pulled from threads that end, start and change names meanwhile have the right thread,
    and the name that it had then."""
    app = t.start(t.app("churn"), 30)
    app.out.wait("ready")
    collector = t.collect("-p", app.pid, "-d", "1s")
    collector.recording(app.pid)
    # a follower causes pulls; it shows nothing
    follower = t.start(VIEW, "--follow", "--filter", "name=nobody")
    follower.err.wait(r"ttlog-view: following \d+ collectors?")
    accounts = collector.end().only_accounts()
    follower.end()
    app.close_stdin()
    app.end()
    equal(accounts.lost, 0, "lost")
    events = Snapshot(accounts.files[-1]).events
    wrong = [(e["comm"], e["tid"], e["fields"]) for e in events
             if (e["comm"], e["tid"]) != (e["fields"]["name"], e["fields"]["tid"])]
    equal(wrong[:5], [], f"names and numbers of {len(wrong)} of {len(events)} events")


def test_second_recording_knows_who(t):
    """A process whose batch is from an earlier recording, and is only pulled from: all facts are
    there."""
    path = t.app("loops")
    app = t.start(path, 200)
    app.out.wait("ready")

    def logged():
        return sum(events for events, _ in read_batches(app.pid, path))

    for _ in range(2):
        before = logged()
        collector = t.collect("-p", app.pid)
        wait_until(lambda: logged() > before + 5, "some events")
        snapshot = Snapshot(collector.stop().only_file())
        check(snapshot.events, "no events")
        equal({(e["pid"], e["tid"], e["comm"]) for e in snapshot.events}, {(app.pid, app.pid, "loops")},
              "who")
        equal((snapshot.info["comm"], snapshot.info["service"]), ("loops", "loops"), "process")
        facts = header(snapshot.path)
        equal((facts["uid"], facts["cgroup"] > 0), (0, True), "uid and cgroup")
    app.close_stdin()
    app.end()


def test_program_that_is_gone_before_it_was_seen(t):
    """It has no relatives. With -e the file is known, and the kernel says in which file each frame
    is, and where."""
    path = t.app("crash")
    collector = t.collect("-e", path)
    collector.recording_path(path)
    collector.signal(signal.SIGSTOP)
    t.start(path, 1, 10, "SEGV").end(-signal.SIGSEGV)
    collector.signal(signal.SIGCONT)
    t.wait_files(1)
    collector.stop()
    frames = t.only_snapshot().info["crash"]["frames"]
    symbols = [frame.get("symbol", "?").split("+")[0] for frame in frames]
    check("level3" in symbols, f"symbols {symbols}")
    first = symbols.index("level3")
    equal(symbols[first:first + 3], ["level3", "level2", "level1"], "symbols")
    equal({frame["module"] for frame in frames[:first + 3]}, {path}, "modules")


def test_child_that_is_gone_before_it_was_seen(t):
    """Its report names its program and library, which are its parent's."""
    path = t.app("forks")
    collector = t.collect("--", path)
    pid, _ = collector.recording()
    collector.out.wait("ready")
    collector.signal(signal.SIGSTOP)
    collector.say()
    collector.out.wait("done")
    collector.signal(signal.SIGCONT)
    collector.say()
    collector.end()
    child = t.only_snapshot()
    check(child.pid != pid, "a snapshot of the parent")
    equal(child.probes(), ["child"], "events")
    equal((child.info["exe"], child.info["crash"]["signal"]), (path, "SIGSEGV"), "program and end")
    check(path in {mapping["path"] for mapping in header(child.path)["mappings"]}, "no mapping of it")
    check(child.info["crash"]["frames"][0]["symbol"].startswith("main"), "symbol")
