# SPDX-License-Identifier: MIT
"""Which processes are recorded, and how early: libraries, children, exec, namespaces, upgrades."""
import os
import re
import shutil
import signal
import subprocess

from harness import COLLECT, APPS, Snapshot, check, equal, wait_until
from notes import Semaphores
from test_crash import check_steps, own_frames, symbol_of
from test_trade import check_trades

# the events that tests/apps/early.c logs with one call: (target, probe)
EARLY = [("early.lib", "lib_constructor"), ("early.app", "constructor"), ("early.app", "main"),
         ("early.lib", "lib_work"), ("early.app", "work"), ("early.app", "at_exit"),
         ("early.app", "destructor"), ("early.lib", "lib_destructor")]
PYTHON = "/usr/bin/python3"
LOAD = """import ctypes, os, threading
lib = ctypes.CDLL("%s/libearly.so")
print("ready", os.getpid(), flush=True)
input()
"""


def snapshots_by_pid(collector):
    """Each process's only snapshot."""
    found = {}
    for pid, accounts in collector.all_accounts().items():
        equal((accounts.lost, len(accounts.files)), (0, 1), f"lost events and files of {pid}")
        found[pid] = Snapshot(accounts.files[0])
        equal(len(found[pid].events), accounts.recorded, f"events of {pid}")
    return found


# ---- early and late events ----


def test_early_events(t):
    """From the constructors of a library and of the program to their destructors."""
    collector = t.collect("--on", "exit", "--", t.app("early"), 1).end()
    equal(collector.recording()[1], 8, "sites")
    snapshot = t.only_snapshot()
    equal([(e["target"], e["probe"]) for e in snapshot.events], EARLY, "events")
    orders = [event["fields"]["order"] for event in snapshot.events if "order" in event["fields"]]
    equal(orders, [1, 2, 3, 7, 8, 9], "order")
    equal(snapshot.info["service"], "early", "service")


def test_early_events_static(t):
    t.collect("--on", "exit", "--", t.app("early_static"), 1).end()
    logged = [(event["target"], event["probe"]) for event in t.only_snapshot().events]
    equal(sorted(logged), sorted(EARLY), "events")
    equal(logged[2:6], EARLY[2:6], "events between constructors and destructors")


BLOCKED = "import os, signal; signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals()); "


def test_early_events_with_all_signals_blocked(t):
    """Some daemons are started like this."""
    code = BLOCKED + f"os.execv('{t.app('early')}', ['early', '1'])"
    t.collect("--on", "exit", "--", PYTHON, "-c", code).end()
    equal([(e["target"], e["probe"]) for e in t.only_snapshot().events], EARLY, "events")


def test_blocked_signals_stay_blocked(t):
    code = BLOCKED + f"os.execv('{t.app('trade')}', ['trade', '--wait', '1', '1'])"
    collector = t.collect("--", PYTHON, "-c", code)
    collector.out.wait("ready")
    pid, _ = collector.recording()
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        (mask,) = re.findall(r"SigBlk:\s+(\w+)", status.read())
    check(int(mask, 16) >> (signal.SIGURG - 1) & 1, f"SIGURG is let through: {mask}")
    collector.finish()


def test_early_events_of_a_child(t):
    """Programs that CMD starts are recorded, too."""
    path = t.app("early")
    collector = t.collect("--on", "exit", "--", "sh", "-c", f"true; {path} 1; {path} 1; exit 9").end(9)
    snapshots = snapshots_by_pid(collector)
    equal(len(snapshots), 2, "processes")
    for snapshot in snapshots.values():
        equal([(e["target"], e["probe"]) for e in snapshot.events], EARLY, "events")


def test_early_events_by_path(t):
    """-e on the library: every process that maps it, from its constructors on."""
    path, library = t.app("early"), t.path("libearly.so")
    collector = t.collect("--on", "exit", "-e", library)
    equal(collector.recording_path(library), 3, "sites")
    app = t.start(path, 1).end()
    accounts = collector.accounts_of(app.pid)
    equal([e["probe"] for e in Snapshot(accounts.files[0]).events],
          ["lib_constructor", "lib_work", "lib_destructor"], "events")
    collector.stop()


def wait_for_library(t, collector):
    """Waits until the library that Python has loaded is on."""
    pid = int(collector.out.wait(r"ready (\d+)")[1])
    semaphores = Semaphores(pid, t.path("libearly.so"))
    wait_until(lambda: "earlylib:lib_work" in semaphores.raised(), "the library's site is on")


def test_library_loaded_later(t):
    """dlopen() in a program that had no sites before."""
    t.app("early")
    code = LOAD % t.dir + "for i in range(50): lib.earlylib__work(i)"
    collector = t.collect("--on", "exit", "--", PYTHON, "-c", code)
    wait_for_library(t, collector)
    collector.say()
    collector.end()
    snapshot = t.only_snapshot()
    equal(snapshot.fields("lib_work", "value"), list(range(50)), "events")
    equal(collector.recording(snapshot.pid)[1], 3, "sites")


# ---- children ----


def test_children_of_a_shell(t):
    trade, levels = t.app("trade"), t.app("levels")
    command = f"{trade} 2 100 & {levels} 5; wait; {trade} 1 50"
    snapshots = snapshots_by_pid(t.collect("--on", "exit", "--", "sh", "-c", command).end())
    equal(sorted((s.info["comm"], len(s.events)) for s in snapshots.values()),
          [("levels", 100), ("trade", 50), ("trade", 200)], "processes and events")


def test_children_by_fork_and_spawn(t):
    """The events of parent and children are kept apart, whichever way the processes end. (The
    program that a child execs has run before: a marked program is traced no more, so the collector
    attaches a moment late to what it starts for the first time.)"""
    trade, children = t.app("trade"), t.app("children")
    command = f"{trade} 1 1; exec {children} 4 3 {trade} 2 10"
    collector = t.collect("--on", "exit", "--", "sh", "-c", command).end()
    snapshots = snapshots_by_pid(collector)
    equal(len(snapshots), 1 + 1 + 4 + 3 + 1, "processes")
    (first,) = [pid for pid, s in snapshots.items() if len(s.events) == 1]
    snapshots.pop(first)
    (parent,) = [pid for pid, s in snapshots.items() if s.probes()[0] == "parent_begin"]
    own = snapshots.pop(parent)
    equal(own.probes(), ["parent_begin"] + ["child_ended"] * 8 + ["parent_end"], "the parent's events")
    equal([kind for kind in own.fields("child_ended", "kind")], ["fork"] * 4 + ["spawn"] * 3 + ["exec"],
          "children")
    seen = []
    for pid, snapshot in snapshots.items():
        equal({event["pid"] for event in snapshot.events}, {pid}, "pid of events")
        if snapshot.info["comm"] == "trade":
            check_trades(snapshot.events, 2, 0, 10)
            continue
        (probe,) = set(snapshot.probes())
        numbers = snapshot.fields(probe, "number", "event")
        seen.append((probe, numbers[0][0]))
        equal(numbers, [(numbers[0][0], event) for event in range(3)], "a child's events")
    equal(sorted(seen), [("fork_child", i) for i in range(4)] + [("spawn_child", i) for i in range(3)],
          "children")


def test_children_of_a_process_that_has_logged_much(t):
    """100 forks: no child inherits or doubles an event."""
    collector = t.collect("--", t.app("children"), 100, 0).end()
    accounts = list(collector.all_accounts().values())
    equal(len(accounts), 101, "processes")
    equal(sum(a.recorded for a in accounts), 100 * 3 + 102, "events")
    equal(sum(a.lost for a in accounts), 0, "lost")


def test_children_not_followed_by_pid(t):
    """-p records that process alone, and what it execs."""
    collector = t.collect("--on", "exit", "--", t.app("children"), 2, 0).end()
    equal(len(collector.all_accounts()), 3, "processes of CMD")
    app = t.start("sh", "-c", f"read x; exec {t.app('trade')} 1 10")
    collector = t.collect("-p", app.pid)
    equal(collector.wait(), 1, "status: a shell has no sites")
    app.say()
    app.end()


def test_exec_by_a_thread_of_a_given_process(t):
    """The kernel finds the process of a link by its first thread, which is gone then."""
    events, library = 100, t.copy(os.path.join(APPS, "libearly.so"))
    app = t.start(t.app("thread_exec"), library, events)
    app.out.wait("start")
    collector = t.collect("--on", "exit", "-p", app.pid)
    collector.recording(app.pid)
    app.say()

    def is_on():
        said = len(app.out.lines)
        app.say()
        wait_until(lambda: len(app.out.lines) > said, "it says whether its marks are on")
        return app.out.lines[-1] != "off"

    wait_until(is_on, "its marks are on after the exec")
    app.out.wait("loaded")
    collector.err.wait(rf".*{re.escape(library)}.*")
    app.say()
    app.end()
    collector.end()
    snapshot = t.only_snapshot()
    for probe, field in ("before", "event"), ("after", "event"), ("lib_work", "value"):
        equal(snapshot.fields(probe, field), list(range(events)), f"events {probe}")
    equal(collector.only_accounts().lost, 0, "lost")


def test_library_loaded_again_without_main(t):
    """Main has ended since. By main, the kernel knew the process for which the library was
    linked."""
    events, library = 100, t.copy(os.path.join(APPS, "libearly.so"))
    app = t.start(t.app("reload"), library, events)
    app.out.wait("start")
    collector = t.collect("--on", "exit", "-p", app.pid)
    collector.recording(app.pid)
    app.ask("alone")
    app.ask("again")
    (thread,) = set(os.listdir(f"/proc/{app.pid}/task")) - {str(app.pid)}
    wait_until(Semaphores(thread, library).raised, "the library is attached to again")
    app.say()
    app.end()
    collector.end()
    snapshot = t.only_snapshot()
    equal(snapshot.fields("lib_work", "value"), list(range(2 * events)), "events of the library")
    equal(len(snapshot.of("over")), 1, "events of the program")
    equal(collector.only_accounts().lost, 0, "lost")


def test_exec_of_a_wrapper(t):
    collector = t.collect("--on", "exit", "--", "env", "nice", "-n", "0", t.app("trade"), 1, 10).end()
    accounts = collector.only_accounts()
    equal(accounts.recorded, 10, "recorded")
    check_trades(t.only_snapshot().events, 1, 0, 10)


def test_exec_from_marked_to_marked(t):
    """One process, two programs: the events of both, by the sites of each."""
    t.app("early")
    code = LOAD % t.dir + f"lib.earlylib__work(7); os.execv('{t.app('trade')}', ['trade', '1', '10'])"
    collector = t.collect("--on", "exit", "--", PYTHON, "-c", code)
    wait_for_library(t, collector)
    collector.say()
    collector.end()
    accounts = collector.only_accounts()
    snapshot = t.only_snapshot()
    equal(snapshot.fields("lib_work", "value"), [7], "events before")
    check_trades(snapshot.of("trade_executed"), 1, 0, 10)
    equal((accounts.recorded, accounts.lost), (len(snapshot.events), 0), "accounts")
    equal(snapshot.info["comm"], "trade", "comm")


def test_threads_that_end(t):
    """1,000 short-lived threads, each with one event in a library."""
    t.app("early")
    code = LOAD % t.dir + (
        "for i in range(0, 1000, 10):\n"
        "    threads = [threading.Thread(target=lib.earlylib__work, args=(i + j,)) for j in range(10)]\n"
        "    for thread in threads: thread.start()\n"
        "    for thread in threads: thread.join()\n")
    app = t.start(PYTHON, "-c", code)
    app.out.wait("ready .*")
    collector = t.collect("--on", "exit", "-p", app.pid)
    collector.recording(app.pid)
    app.say()
    app.end()
    accounts = collector.end().only_accounts()
    equal((accounts.emitted, accounts.lost), (1001, 0), "accounts: 1,000 and the destructor")
    snapshot = t.only_snapshot()
    equal(sorted(snapshot.fields("lib_work", "value")), list(range(1000)), "events")
    check(len({event["tid"] for event in snapshot.events}) > 900, "threads")


def test_thread_names(t):
    """Each event has the name that its thread had."""
    t.collect("--on", "exit", "--", t.app("names")).end()
    snapshot = t.only_snapshot()
    equal(len(snapshot.events), 6, "events")
    for thread in (0, 1):
        names = [e["fields"]["name"] for e in snapshot.events if e["fields"]["thread"] == thread]
        equal(names, [f"{word}-{thread}" for word in ("first", "second", "third")], "events")
    check({event["comm"] for event in snapshot.events} <=
          {"names"} | {e["fields"]["name"] for e in snapshot.events}, "names of threads")


# ---- other views of the file system ----


def test_upgraded_on_disk(t):
    """The file was replaced while the program ran: the program that runs is recorded."""
    path = t.app("crash")
    app = t.start(path, "--wait", 8, 100, "SEGV")
    app.out.wait("start")
    build_id = re.search(r"Build ID: (\w+)", subprocess.run(
        ["readelf", "-n", path], capture_output=True, check=True).stdout.decode())[1]
    os.rename(t.app("trade"), path)
    collector = t.collect("-p", app.pid)
    equal(collector.recording(app.pid)[1], 1, "sites")
    app.say()
    app.out.wait("ready")
    app.say()
    app.end(-signal.SIGSEGV)
    collector.end()
    snapshot = t.only_snapshot()
    check_steps(snapshot)
    frames = snapshot.info["crash"]["frames"]
    equal((snapshot.info["build_id"], frames[0]["build_id"]), (build_id, build_id), "build id")
    equal([symbol_of(frame) for frame in own_frames(snapshot.info["crash"])[:3]],
          ["level3", "level2", "level1"], "symbols of the file that is gone")


def test_upgraded_while_recorded(t):
    path = t.app("crash")
    collector = t.collect("--", path, "--wait", 8, 100)
    collector.out.wait("start")
    pid, _ = collector.recording()
    os.rename(t.app("trade"), path)
    collector.say()
    collector.out.wait("ready")
    os.kill(pid, signal.SIGABRT)
    collector.end(128 + signal.SIGABRT)
    check_steps(t.only_snapshot())


def run_replaced(t, collector, path, cnt):
    """Runs the program that is at that path now, once the collector knows it."""
    line = f"ttlog-collect: recording {path} "
    # a change of mode counts as a new file
    wait_until(lambda: sum(line in said for said in collector.err.lines) >= cnt, "it knows the new one")
    app = t.start(path, 2, 25).end()
    accounts = collector.accounts_of(app.pid)
    equal((accounts.emitted, accounts.recorded), (50, 50), "accounts of the new one")
    check_trades(Snapshot(accounts.files[0]).events, 2, 0, 25)


def test_upgraded_while_recorded_by_path(t):
    """-e means the path: a file that is renamed or written there is recorded from its first event,
    and the programs that run go on."""
    path = t.app("crash")
    collector = t.collect("--on", "exit,crash", "-e", path)
    collector.recording_path(path)
    old = t.start(path, "--wait", 8, 100)
    old.out.wait("start")
    os.rename(t.app("trade"), path)
    run_replaced(t, collector, path, 2)
    os.unlink(path)
    t.app("trade", path)
    run_replaced(t, collector, path, 3)
    old.say()
    old.out.wait("ready")
    old.signal(signal.SIGABRT)
    old.end(-signal.SIGABRT)
    check_steps(Snapshot(collector.accounts_of(old.pid).files[0]))
    collector.stop()


def test_upgraded_by_a_link(t):
    """-e through a symbolic link whose target is changed."""
    link = t.path("current")
    os.symlink(t.app("crash"), link)
    collector = t.collect("--on", "exit", "-e", link)
    collector.recording_path(link)
    os.symlink(t.app("trade"), t.path("next"))
    os.rename(t.path("next"), link)
    run_replaced(t, collector, link, 2)
    collector.stop()


def test_upgraded_by_a_link_on_the_way(t):
    """As deployments do it: "current" points to the release's directory."""
    path = t.path("current/program")
    for number, name in enumerate(("crash", "trade")):
        os.mkdir(t.path(f"release{number}"))
        t.app(name, t.path(f"release{number}/program"))
    os.symlink("release0", t.path("current"))
    collector = t.collect("--on", "exit", "-e", path)
    collector.recording_path(path)
    os.symlink("release1", t.path("next"))
    os.rename(t.path("next"), t.path("current"))
    run_replaced(t, collector, path, 2)
    collector.stop()


def test_upgraded_to_one_without_marks(t):
    """A message says so."""
    path = t.app("trade")
    collector = t.collect("-e", path)
    collector.recording_path(path)
    shutil.copy("/bin/true", t.path("new"))
    os.rename(t.path("new"), path)
    collector.err.wait(f"ttlog-collect: {re.escape(path)} has no ttlog sites: .*")
    collector.stop()


def test_deleted_on_disk(t):
    path = t.app("crash")
    app = t.start(path, "--wait", 8, 100)
    app.out.wait("start")
    os.unlink(path)
    collector = t.collect("-p", app.pid)
    collector.recording(app.pid)
    app.say()
    app.out.wait("ready")
    app.signal(signal.SIGKILL)
    app.end(-signal.SIGKILL)
    collector.end()
    check_steps(t.only_snapshot())


def hidden(t, name, *args):
    """A command that runs the program from a file system that only it sees."""
    script = (f"mkdir -p {t.dir}/hidden && mount -t tmpfs hidden {t.dir}/hidden && "
              f"cp {os.path.join(APPS, name)} {t.dir}/hidden/ && exec {t.dir}/hidden/{name} \"$@\"")
    return ["unshare", "-m", "sh", "-c", script, "sh", *map(str, args)]


def test_other_mount_namespace_by_pid(t):
    app = t.start(*hidden(t, "crash", "--wait", 8, 100))
    app.out.wait("start")
    check(not os.path.exists(t.path("hidden/crash")), "the program can be seen from here")
    collector = t.collect("-p", app.pid)
    collector.recording(app.pid)
    app.say()
    app.out.wait("ready")
    app.signal(signal.SIGSEGV)
    app.end(-signal.SIGSEGV)
    collector.end()
    snapshot = t.only_snapshot()
    check_steps(snapshot)
    check(snapshot.info["crash"]["frames"], "no frames")


def test_other_mount_namespace_by_command(t):
    collector = t.collect("--", *hidden(t, "crash", 8, 100, "SEGV")).end(128 + signal.SIGSEGV)
    equal(collector.only_accounts().recorded, 800, "recorded")
    snapshot = t.only_snapshot()
    check_steps(snapshot)
    equal(symbol_of(own_frames(snapshot.info["crash"])[0]), "level3", "symbol")


def test_chroot_by_pid(t):
    os.mkdir(t.path("root"))
    t.app("trade_static", t.path("root/app"))
    app = t.start("chroot", t.path("root"), "/app", "--wait", 4, 50)
    app.out.wait("ready")
    collector = t.collect("--on", "exit", "-p", app.pid)
    collector.recording(app.pid)
    app.finish()
    collector.end()
    check_trades(t.only_snapshot().events, 4, 0, 50)


def test_chroot_by_command(t):
    os.mkdir(t.path("root"))
    t.app("early_static", t.path("root/app"))
    t.collect("--on", "exit", "--", "chroot", t.path("root"), "/app", 1).end()
    logged = [(event["target"], event["probe"]) for event in t.only_snapshot().events]
    equal(sorted(logged), sorted(EARLY), "events")


def test_chroot_with_libraries(t):
    """The program's interpreter and libraries lie in the chroot only."""
    root = t.path("root")
    os.makedirs(os.path.join(root, "bin"))
    t.app("early", os.path.join(root, "bin/early"))
    os.mkdir(os.path.join(root, "lib"))
    shutil.move(os.path.join(root, "bin/libearly.so"), os.path.join(root, "lib"))
    os.environ["LD_LIBRARY_PATH"] = os.path.join(root, "lib")
    ldd = subprocess.run(["ldd", os.path.join(root, "bin/early")], capture_output=True, check=True)
    for path in re.findall(r"(/\S+) \(0x", ldd.stdout.decode()):
        if not path.startswith(root):
            os.makedirs(root + os.path.dirname(path), exist_ok=True)
            shutil.copy(path, root + path)
    del os.environ["LD_LIBRARY_PATH"]
    t.collect("--on", "exit", "--", "chroot", root, "/bin/early", 1).end()
    equal([(e["target"], e["probe"]) for e in t.only_snapshot().events], EARLY, "events")


def test_other_pid_namespace(t):
    """pid and tid are those of the collector's namespace."""
    collector = t.collect("--on", "exit", "--", "unshare", "-p", "-f", t.app("trade"), 2, 20).end()
    pid = collector.recording()[0]
    snapshot = t.only_snapshot()
    equal((snapshot.pid, {event["pid"] for event in snapshot.events}), (pid, {pid}), "pid")
    check(all(event["tid"] > 10 for event in snapshot.events), "tid of its own namespace")
    check_trades(snapshot.events, 2, 0, 20)


# ---- two collectors ----


def test_two_collectors(t):
    """Both have everything; when one ends, the other goes on."""
    app = t.start(t.app("crash"), "--wait", 8, 100)
    app.out.wait("start")
    outs = [t.path("one"), t.path("two")]
    first, second = [t.collect("-o", out, "-p", app.pid, out=False) for out in outs]
    first.recording(app.pid)
    second.recording(app.pid)
    app.say()
    app.out.wait("ready")
    equal(first.stop().only_accounts().recorded, 800, "recorded by the first")
    app.signal(signal.SIGSEGV)
    app.end(-signal.SIGSEGV)
    accounts = second.end().only_accounts()
    equal((accounts.emitted, accounts.recorded, accounts.lost), (800, 800, 0), "the second's accounts")
    for out, reason in zip(outs, ("shutdown", "crash")):
        (path,) = t.files(out)
        snapshot = Snapshot(path)
        equal(snapshot.info["reason"], reason, "reason")
        check_steps(snapshot)


def test_two_collectors_by_path_and_pid(t):
    path = t.app("trade")
    app = t.start(path, "--wait", 4, 3000)
    app.out.wait("ready")
    by_path = t.collect("-o", t.path("one"), "--on", "exit", "-e", path, out=False)
    by_pid = t.collect("-o", t.path("two"), "--on", "exit", "-p", app.pid, out=False)
    by_path.recording(app.pid)
    by_pid.recording(app.pid)
    app.finish()
    by_path.accounts_of(app.pid)
    by_path.stop()
    by_pid.end()
    for out in ("one", "two"):
        (file,) = t.files(t.path(out))
        check_trades(Snapshot(file).events, 4, 0, 3000)


def test_collector_after_collector(t):
    """A second recording of the same process has what was logged since the first, and nothing
    twice."""
    app = t.start(t.app("loops"), 1000)
    app.out.wait("ready")
    counts = []
    for _ in range(2):
        collector = t.collect("-p", app.pid, "-d", "100ms")
        collector.recording(app.pid)
        accounts = collector.end().only_accounts()
        snapshot = Snapshot(accounts.files[0])
        counts.append(snapshot.fields("tick", "count"))
        equal((accounts.lost, len(counts[-1])), (0, accounts.recorded), "accounts")
        equal(counts[-1], list(range(counts[-1][0], counts[-1][-1] + 1)), "ticks")
    check(counts[0][-1] < counts[1][0], f"{counts[0][-1]} and {counts[1][0]}: an event twice")
    app.close_stdin()
    app.end()


def test_many_processes_by_path(t):
    """Twenty at once, from start to end."""
    path = t.app("trade")
    collector = t.collect("--on", "exit", "-s", "1M", "-e", path)
    collector.recording_path(path)
    apps = [t.start(path, 2, 500) for _ in range(20)]
    for app in apps:
        app.end()
    for app in apps:
        accounts = collector.accounts_of(app.pid)
        equal((accounts.emitted, accounts.recorded, accounts.lost), (1000, 1000, 0), "accounts")
        check_trades(Snapshot(accounts.files[0]).events, 2, 0, 500)
    collector.stop()
    done = subprocess.run([COLLECT, "--trigger", "x"], capture_output=True, check=False)
    equal(done.returncode, 1, "--trigger after the end")


def test_waits_for_a_path_that_starts_often(t):
    """Programs that end before the collector can look at them."""
    path = t.app("levels")
    collector = t.collect("-e", path)
    collector.recording_path(path)
    pids = [t.start(path).end().pid for _ in range(10)]
    wait_until(lambda: all(f"pid {pid}: 20 emitted, 20 recorded, 0 lost" in collector.err.text()
                           for pid in pids), "accounts of all")
    collector.stop()
