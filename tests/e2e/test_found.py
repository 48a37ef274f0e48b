# SPDX-License-Identifier: MIT
"""Programs that the collector finds: --all, --unit, --cgroup, [target] sections.

Tests with --all are alone: it records what other tests run, too."""
import contextlib
import os
import re
import shutil
import signal
import subprocess

from harness import DEADLINE_S, PYTHON, Skip, Snapshot, alone, check, equal, wait_until
from test_watches import die, order

EVENTS = 10
UNMARKED = 1000
SHARING = 80  # of one file: more than have links of their own


def collect_all(t, *args):
    collector = t.collect("--all", *args)
    collector.err.wait(r"ttlog-collect: recording every marked program \(now .*\)")
    return collector


def collect_chosen(t, *args):
    collector = t.collect(*args)
    collector.err.wait("ttlog-collect: recording the chosen programs")
    return collector


def collect_targets(t, text, *args):
    """With the sections of a configuration file."""
    path = t.path("collect.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return collect_chosen(t, "--config", path, *args)


def events_of(t, pid):
    """How many events its snapshots have."""
    return sum(len(snapshot.events) for snapshot in t.snapshots() if snapshot.pid == pid)


def opened_files(collector):
    """From -v: how many files it has opened, and how often it has looked at all processes."""
    match = collector.err.wait(r"ttlog-collect: found programs: (\d+) files were opened, (\d+) looks"
                               " at all processes")
    return int(match[1]), int(match[2])


def set_semaphores(path, pid):
    """The bytes of the program's section of semaphores, in the memory of its process."""
    text = subprocess.run(["readelf", "-SW", path], capture_output=True, check=True).stdout.decode()
    match = re.search(r" ttlog_sites +PROGBITS +([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+)", text)
    address, size = int(match[1], 16), int(match[3], 16)
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
        base = int(maps.readline().split("-")[0], 16)
    with open(f"/proc/{pid}/mem", "rb") as memory:
        memory.seek(base + address)
        return any(memory.read(size))


# ---- --all ----


@alone
def test_found_all_present_and_later(t):
    """What runs is recorded; what is started later, from its second start on from its beginning."""
    present = t.start(t.app("beat"))
    present.out.wait("ready")
    collector = collect_all(t)
    collector.recording(present.pid)
    present.ask("beat")
    crash = t.app("crash")
    first = t.start(crash, 1, EVENTS)
    first.out.wait("ready")
    collector.recording_path(crash)
    second = t.start(crash, 1, EVENTS)
    second.out.wait("ready")
    second.signal(signal.SIGSEGV)
    second.end(-signal.SIGSEGV)
    accounts = collector.accounts_of(second.pid)
    equal((accounts.emitted, accounts.recorded), (EVENTS, EVENTS), "events of the second start")
    equal(events_of(t, second.pid), EVENTS, "events in its snapshot")
    check(collector.runs(), "the collector has ended")
    collector.stop()
    equal(collector.all_accounts()[present.pid].recorded, 1, "events of the one that ran")


@alone
def test_found_all_takes_a_library_of_an_unmarked_program(t):
    """dlopen() of a file with sites, in a program without."""
    os.mkdir(t.path("libraries"))
    loader = t.app("loader")
    library = t.app("libearly.so", to=t.path("libraries/libearly.so"))
    collector = collect_all(t)
    app = t.start(loader, t.path("libraries"))
    app.out.wait("start")
    collector.recording_path(library)
    collector.recording(app.pid)
    app.say()
    app.end()
    equal(collector.accounts_of(app.pid).recorded, 2, "lib_work, and the library's end")
    collector.stop()


@alone
def test_found_all_in_other_namespaces(t):
    """A program that only its own mount namespace has, with a pid of its own pid namespace."""
    crash = t.app("crash")
    os.mkdir(t.path("inside"))
    collector = collect_all(t)
    script = (f"mount -t tmpfs none {t.path('inside')} && cp {crash} {t.path('inside')}/hidden &&"
              f" exec {t.path('inside')}/hidden --wait 1 {EVENTS} SEGV")
    app = t.start("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script)
    app.out.wait("start")
    sites = collector.recording_path(t.path("inside/hidden"))
    equal(sites, 1, "sites")
    app.say()
    app.out.wait("ready")
    app.say()
    app.wait()
    path = t.wait_files(1)[0]
    collector.stop()
    snapshot = [one for one in t.snapshots() if one.path == path][0]
    equal(snapshot.info["ns_pid"], 1, "its pid in its namespace")
    check(snapshot.pid not in (1, app.pid), f"its pid {snapshot.pid}")
    equal((snapshot.info["reason"], len(snapshot.events)), ("crash", EVENTS), "what is in the file")


@alone
def test_found_all_takes_the_file_that_replaces_another(t):
    """By rename, as an upgrade does it; and written over, with the same inode."""
    beat, crash = t.app("beat"), t.app("crash")
    collector = collect_all(t)
    old = t.start(beat)
    old.out.wait("ready")
    collector.recording_path(beat)
    shutil.copy(crash, t.path("new"))
    os.rename(t.path("new"), beat)
    done = len(collector.err.lines)
    new = t.start(beat, "--wait", 1, EVENTS)
    new.out.wait("start")
    collector.err.wait(rf"ttlog-collect: recording {re.escape(beat)} \(\d+ sites\)", after=done)
    for app, word in ((old, "beat"), (new, "ready")):
        app.ask(word)
    new.signal(signal.SIGKILL)
    new.wait()
    # the code stays where it is: for a moment the kernel has the probes of the old file in the new one
    with open(crash, "rb") as other, open(beat, "wb") as over:
        over.write(other.read().replace(b"\0step\0", b"\0stap\0"))
    done = len(collector.err.lines)
    third = t.start(beat, "--wait", 1, EVENTS)
    third.out.wait("start")
    collector.err.wait(rf"ttlog-collect: recording {re.escape(beat)} \(\d+ sites\)", after=done)
    third.ask("ready")
    third.signal(signal.SIGKILL)
    third.wait()
    collector.stop()
    accounts = collector.all_accounts()
    equal([accounts[app.pid].recorded for app in (old, new, third)], [1, EVENTS, EVENTS],
          "events of the three")
    (path,) = accounts[third.pid].files
    equal({event["probe"] for event in Snapshot(path).events}, {"stap"}, "probes of the last one")


@alone
def test_found_all_takes_a_file_without_a_name(t):
    """A program in a memfd, and one that was deleted before it was found."""
    with open(t.app("beat"), "rb") as program:
        text = program.read()
    fd = os.memfd_create("hidden", 0)
    os.write(fd, text)
    collector = collect_all(t)
    app = t.start(f"/proc/self/fd/{fd}", pass_fds=[fd])
    app.out.wait("ready")
    collector.recording(app.pid)
    app.ask("beat")
    app.close_stdin()
    app.end()
    equal(collector.accounts_of(app.pid).recorded, 1, "events of the memfd")
    collector.stop()


@alone
def test_found_all_takes_no_time_of_unmarked_programs(t):
    """It opens each file once, however often it is run; and no other collector, nor itself."""
    true = t.copy("/bin/true")
    collector = collect_all(t, "-v")
    status = subprocess.run(["sh", "-c", f"for i in $(seq {UNMARKED}); do {true}; done"], check=True,
                            timeout=DEADLINE_S).returncode
    equal(status, 0, "the unmarked programs")
    # the last one that is found: all before it were read
    beat = t.app("beat")
    app = t.start(beat)
    app.out.wait("ready")
    collector.recording_path(beat)
    collector.stop()
    opened, scans = opened_files(collector)
    equal(scans, 1, "looks at all processes")
    check(opened < UNMARKED // 2, f"{opened} files were opened")


# ---- chosen processes ----


def test_found_target_chooses_by_program(t):
    """A process of another file is not recorded, nor one of the same directory with another name."""
    ours, other = t.app("beat", to=t.path("ours")), t.app("beat", to=t.path("other"))
    present = t.start(ours)
    present.out.wait("ready")
    collector = collect_targets(t, f"[target mine]\nexe = {ours}\n")
    collector.recording(present.pid)
    later, bystander = t.start(ours), t.start(other)
    for app in (later, bystander):
        app.out.wait("ready")
    collector.recording(later.pid)
    for app in (present, later, bystander):
        app.ask("beat")
    check(set_semaphores(ours, later.pid), "the sites of the chosen one are off")
    check(not set_semaphores(other, bystander.pid), "the sites of the other one are on")
    collector.stop()
    accounts = collector.all_accounts()
    equal({pid: one.recorded for pid, one in accounts.items()}, {present.pid: 1, later.pid: 1},
          "events by process")


def test_found_target_has_children(t):
    """They are recorded as their parent is, and the crash of one gives a snapshot."""
    forks = t.app("forks")
    collector = collect_targets(t, f"[target mine]\nexe = {forks}\n")
    app = t.start(forks)
    app.out.wait("ready")
    collector.recording(app.pid)
    app.say()
    t.wait_files(1)
    app.out.wait("done")
    app.say()
    app.end()
    collector.stop()
    snapshot = t.snapshots()[0]
    check(snapshot.pid != app.pid, "the snapshot is of the parent")
    equal((snapshot.info["reason"], snapshot.info["crash"]["signal"]), ("crash", "SIGSEGV"), "its end")


@contextlib.contextmanager
def running(path, cnt):
    """Processes of a program that do nothing until the end."""
    stdin, end = os.pipe()
    processes = [subprocess.Popen([path], stdin=stdin, stdout=subprocess.DEVNULL) for _ in range(cnt)]
    os.close(stdin)
    try:
        yield processes
    finally:
        os.close(end)
        for process in processes:
            process.wait(DEADLINE_S)


def test_found_many_share_links(t):
    """Then sites are on in all processes of the file. Still only the chosen ones are recorded, and each
    from when it is."""
    ours, other = t.app("beat", to=t.path("ours")), t.path("other")
    os.link(ours, other)
    with running(ours, SHARING) as many:
        present, bystander = t.start(ours), t.start(other)
        present.out.wait("ready")
        bystander.out.wait("ready")
        collector = collect_targets(t, f"[target mine]\nexe = {ours}\n")
        for one in (*many, present):
            collector.recording(one.pid)
        later = t.start(ours)
        later.out.wait("ready")
        collector.recording(later.pid)
        check(set_semaphores(other, bystander.pid), "links are not shared")
        for app in (present, later, bystander):
            app.ask("beat")
        later.signal(signal.SIGSEGV)
        later.end(-signal.SIGSEGV)
        collector.stop()
    accounts = collector.all_accounts()
    equal({app.pid: accounts[app.pid].recorded for app in (present, later)},
          {present.pid: 1, later.pid: 1}, "events of the chosen ones")
    check(bystander.pid not in accounts, "the other one is recorded")
    equal({one.pid: one.info["reason"] for one in t.snapshots()},
          {present.pid: "shutdown", later.pid: "crash"}, "the snapshots")


@contextlib.contextmanager
def cgroup(name):
    """A group of version 2; yields its directory."""
    with open("/proc/mounts", encoding="utf-8") as mounts:
        roots = [line.split()[1] for line in mounts if line.split()[2] == "cgroup2"]
    if not roots:
        raise Skip("no cgroup v2 is mounted")
    path = os.path.join(roots[0], name)
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise Skip(f"{path}: {error}") from None
    try:
        yield path
    finally:
        wait_until(lambda: not members(path), "the end of what is in the group")
        os.rmdir(path)


def members(path):
    with open(os.path.join(path, "cgroup.procs"), encoding="utf-8") as file:
        return file.read().split()


def start_in(t, group, *argv):
    return t.start("sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', group, *argv)


def test_found_cgroup_chooses_its_processes(t):
    """Two processes of one file: the one in the group is recorded, the sites of the other are off."""
    beat = t.app("beat")
    with cgroup(f"ttlog-test-{os.getpid()}.service") as group:
        name = os.path.basename(group)
        collector = collect_chosen(t, "--cgroup", f"/{name}")
        inside, outside = start_in(t, group, beat), t.start(beat)
        for app in (inside, outside):
            app.out.wait("ready")
        collector.recording(inside.pid)
        for app in (inside, outside):
            app.ask("beat")
        check(set_semaphores(beat, inside.pid), "the sites in the group are off")
        check(not set_semaphores(beat, outside.pid), "the sites outside are on")
        for app in (inside, outside):
            app.close_stdin()
            app.end()
        collector.stop()
    equal({pid: one.recorded for pid, one in collector.all_accounts().items()}, {inside.pid: 1},
          "events by process")


def test_found_unit_chooses_its_processes(t):
    """The same by the name that systemd gives to a group; a glob."""
    beat = t.app("beat")
    with cgroup(f"ttlog-test-{os.getpid()}.service") as group:
        collector = collect_chosen(t, "--unit", f"ttlog-test-{os.getpid()}.*")
        inside = start_in(t, group, beat)
        inside.out.wait("ready")
        collector.recording(inside.pid)
        inside.ask("beat")
        inside.signal(signal.SIGSEGV)
        inside.wait()
        collector.accounts_of(inside.pid)
        collector.stop()
    equal(collector.only_accounts().recorded, 1, "events")
    info = t.only_snapshot().info
    name = os.path.basename(group)
    equal((info["cgroup"], info["unit"]), (f"/{name}", name), "where it ran")
    check(info["cgroup_id"] and info["boot_id"] and info["start_time"], f"other keys in {info}")


def test_found_as_another_user(t):
    """The capabilities that --check names are enough."""
    beat = t.app("beat")
    with cgroup(f"ttlog-test-{os.getpid()}.slice") as group:
        collector = t.collect_as_nobody("--cgroup", f"/{os.path.basename(group)}")
        collector.err.wait("ttlog-collect: recording the chosen programs")
        inside = start_in(t, group, beat)
        inside.out.wait("ready")
        collector.recording(inside.pid)
        inside.ask("beat")
        inside.close_stdin()
        inside.end()
        collector.stop()
    equal(collector.only_accounts().recorded, 1, "events")


def test_found_after_reports_were_lost(t):
    """More mappings than a buffer has room for: it says so, and looks at all processes."""
    flood = ("import mmap, os\nfd = os.open('/proc/self/exe', os.O_RDONLY)\n"
             "while True: mmap.mmap(fd, 1, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_EXEC).close()")
    beat = t.app("beat")
    collector = collect_targets(t, f"[target mine]\nexe = {beat}\n", "-v")
    app = t.start(PYTHON, "-c", flood)
    collector.err.wait(r"ttlog-collect: \d+ reports of programs and libraries were lost: .*")
    app.signal(signal.SIGKILL)
    app.wait()
    found = t.start(beat)
    found.out.wait("ready")
    collector.recording(found.pid)
    collector.stop()
    check(opened_files(collector)[1] >= 2, "it has looked at all processes once")


# ---- what sections say ----


def test_found_section_has_its_own_watches(t):
    """They take the place of those for all."""
    ours, others = t.app("watched", to=t.path("ours")), t.app("watched", to=t.path("others"))
    collector = collect_targets(t, "on = event:code=2\n"
                                f"[target others]\nexe = {others}\n"
                                f"[target ours]\nexe = {ours}\non = event:code=1\non = exit\n")
    apps = [t.start(path) for path in (ours, others)]
    for app in apps:
        app.out.wait("ready")
        collector.recording(app.pid)
    for count, code in enumerate((1, 2), 1):
        for app in apps:
            order(app, f"error {code}")
        t.wait_files(count)
    die(apps[0], "exit", 0)
    die(apps[1], "exit", 0)
    t.wait_files(3)
    collector.stop()
    equal([(snapshot.pid, snapshot.info["reason"], snapshot.info.get("trigger", {}).get("on"))
           for snapshot in t.snapshots() if snapshot.info["reason"] != "shutdown"],
          [(apps[0].pid, "event", "event:code=1"), (apps[1].pid, "event", "event:code=2"),
           (apps[0].pid, "exit", None)], "snapshots")


def test_found_section_has_its_own_settings(t):
    """Sites, tags and triggers of a section; of two processes of one program, by its name."""
    loud, quiet = t.app("levels", to=t.path("loud")), t.app("levels", to=t.path("quiet"))
    collector = collect_targets(t, f"on = exit\n[target loud]\nexe = {loud}\ntag = kind=loud\n"
                                f"[target quiet]\nexe = {quiet}\nlevel = error\non = crash,exit\n")
    apps = [t.start(loud, "--wait"), t.start(quiet, "--wait")]
    for app in apps:
        app.out.wait("ready")
    sites = [collector.recording(app.pid)[1] for app in apps]
    for app in apps:
        app.say()
        app.end()
    files = t.wait_files(2)
    collector.stop()
    by_pid = {snapshot.pid: snapshot for snapshot in map(Snapshot, files)}
    of_loud, of_quiet = [by_pid[app.pid] for app in apps]
    check(sites[0] > sites[1] > 0, f"sites {sites}")
    equal({event["level"] for event in of_quiet.events}, {"ERROR", "FATAL"}, "levels of the quiet one")
    check(len({event["level"] for event in of_loud.events}) == 6, "levels of the loud one")
    equal((of_loud.info.get("tags"), of_quiet.info.get("tags")), ({"kind": "loud"}, None), "tags")
