# SPDX-License-Identifier: MIT
"""The options for what is recorded, printed and kept: -l -F --immediate -q -v -V --help --list
--check -o --max-*."""
import os
import re
import signal
import subprocess

from harness import COLLECT, DEADLINE_S, Snapshot, check, equal
from notes import Semaphores, read_batches

LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]
# the sites that tests/apps/levels.c passes in a round: (target, level, probe)
LOGGED = [(target, level, level.lower()) for target in ("levels", "net.http", "net.dns")
          for level in LEVELS]
LOGGED += [("net.http", "INFO", "net_open"), ("disk", "ERROR", "disk_full")]


def run(*args):
    """Runs ttlog-collect to its end: (status, stdout, stderr)."""
    done = subprocess.run([COLLECT, *map(str, args)], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=DEADLINE_S, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


# ---- which sites ----


def record_levels(t, options, wanted):
    """Only these sites are recorded, and only their number is announced."""
    collector = t.collect(*options, "--on", "exit", "--", t.app("levels"), 3).end()
    _, sites = collector.recording()
    equal(sites, len(wanted), "sites")
    accounts = collector.only_accounts()
    equal((accounts.emitted, accounts.recorded), (3 * len(wanted), 3 * len(wanted)), "accounts")
    logged = [(event["target"], event["level"], event["probe"]) for event in t.only_snapshot().events]
    equal(sorted(logged), sorted(wanted * 3), "events")


def test_level_default(t):
    record_levels(t, [], LOGGED)


def test_level_warn(t):
    record_levels(t, ["-l", "warn"], [site for site in LOGGED if site[1] in LEVELS[3:]])


def test_level_fatal(t):
    record_levels(t, ["--level", "FATAL"], [site for site in LOGGED if site[1] == "FATAL"])


def test_level_by_target(t):
    wanted = [site for site in LOGGED if site[1] in LEVELS[3:] and site[0] == "levels"]
    wanted += [site for site in LOGGED if site[1] in LEVELS[1:] and site[0] == "net.http"]
    record_levels(t, ["-l", "warn,net.*=debug,disk=off,net.dns=off"], wanted)


def test_filter_target(t):
    record_levels(t, ["-F", "target=net.*"], [site for site in LOGGED if site[0][:4] == "net."])


def test_filter_probe(t):
    record_levels(t, ["-F", "probe=net_op?n"], [("net.http", "INFO", "net_open")])


def test_filter_file(t):
    record_levels(t, ["-F", "file=levels.c"], LOGGED)


def test_filter_level(t):
    record_levels(t, ["-F", "level>=error"], [s for s in LOGGED if s[1] in ("ERROR", "FATAL")])


def test_filters_must_all_match(t):
    wanted = [site for site in LOGGED if site[0] == "net.http" and site[1] in LEVELS[2:]]
    record_levels(t, ["-F", "target=net.http", "-F", "level>=info"], wanted)


def test_filter_leaves_other_sites_off(t):
    """Only semaphores of the chosen sites are raised."""
    app = t.start(t.app("trade"), "--wait", 1, 10)
    app.out.wait("ready")
    semaphores = Semaphores(app.pid, t.path("trade"))
    equal(semaphores.raised(), set(), "semaphores before")
    collector = t.collect("-p", app.pid, "-F", "probe=none_of_that_name")
    equal(collector.recording(app.pid)[1], 0, "sites")
    check("trade:trade_executed" not in semaphores.raised(), "a site that was not chosen is on")
    collector.stop()
    app.finish()


def test_filter_wrong(t):
    for wrong in ("symbol=AAPL", "target", "level>=loud", "=x", ""):
        status, out, errors = run("-F", wrong, "--", "true")
        equal((status, out), (2, ""), f"-F {wrong!r}")
        check("--filter" in errors, f"-F {wrong!r} says {errors!r}")


def test_enabled(t):
    """TTLOG_ENABLED is true for recorded sites; only their fields are evaluated."""
    def run_enabled(*options):
        collector = t.collect(*options, "--on", "exit", "--", t.app("enabled")).end()
        return [line for line in collector.out.all() if line != "no info"]

    equal(run_enabled(), ["debug 1", "info 1", "warn 1", "net 1", "evaluated 5"], "all")
    equal(run_enabled("-l", "info"), ["debug 0", "info 1", "warn 1", "net 1", "evaluated 4"], "info")
    equal(run_enabled("-F", "target=net.*"), ["debug 0", "info 0", "warn 0", "net 1", "evaluated 0"],
          "net")
    app = t.start(t.app("enabled")).end()
    equal(app.out.all(), ["no info", "debug 0", "info 0", "warn 0", "net 0", "evaluated 0"],
          "without a collector")


# ---- --immediate ----


def log_some(t, *options):
    """Two threads log 20 events each. Returns (events, how many of them are flushed) of each batch
    in the program."""
    app = t.start(t.app("trade"), "--wait", 2, 20)
    app.out.wait("ready")
    semaphores = Semaphores(app.pid, t.path("trade"))
    equal(semaphores.raised(), set(), "semaphores before")
    collector = t.collect(*options, "-p", app.pid)
    collector.recording(app.pid)
    raised = semaphores.raised()
    app.say()
    app.out.wait("done")
    batches = read_batches(app.pid, t.path("trade"))
    app.signal(signal.SIGKILL)
    app.end(-signal.SIGKILL)
    accounts = collector.end().only_accounts()
    equal((accounts.emitted, accounts.recorded, accounts.lost), (40, 40, 0), "accounts")
    equal(len(t.only_snapshot().events), 40, "events")
    return raised, batches


def test_immediate(t):
    """Every event is flushed as it comes: nothing waits in the threads' batches."""
    raised, batches = log_some(t, "--immediate")
    equal(raised, {"trade:trade_executed", "ttlog:control", "immediate"}, "semaphores")
    equal(batches, [(20, 20), (20, 20)], "events of the threads, and how many are flushed")


def test_immediate_is_off_by_default(t):
    raised, batches = log_some(t)
    equal(raised, {"trade:trade_executed", "ttlog:control"}, "semaphores")
    equal(batches, [(20, 0), (20, 0)], "events of the threads, and how many are flushed")


# ---- messages ----


def test_quiet(t):
    collector = t.collect("-q", "--", t.app("crash"), 2, 10, "SEGV").end(139)
    equal(collector.out.all(), ["ready"], "stdout")
    equal(collector.err.all(), [], "stderr")
    equal(len(t.only_snapshot().events), 20, "events")


def test_verbose(t):
    collector = t.collect("-v", "--", t.app("trade"), 1, 10).end()
    check(len(collector.err.all()) >= 2, "it says nothing more")
    collector.recording()
    equal(collector.only_accounts().recorded, 10, "recorded")


def test_version(_t):
    for option in ("-V", "--version"):
        status, out, errors = run(option)
        equal((status, errors), (0, ""), option)
        check(re.fullmatch(r"ttlog-collect \d+\.\d+\.\d+\n", out), f"{option} says {out!r}")


def test_help(_t):
    status, out, errors = run("--help")
    equal((status, errors), (0, ""), "status")
    options = ("-p PID", "-e PATH", "-- CMD", "--trigger", "--list", "--check", "--level", "--filter",
               "--output-dir", "--ring-size", "--buffer-size", "--interval", "--on", "--immediate",
               "--max-snapshots", "--max-disk", "--max-age", "--keep-free", "--max-memory", "--duration", "--quiet", "--verbose", "--version")
    equal([option for option in options if option not in out], [], "options that it says nothing of")


def test_usage_errors(t):
    path = t.app("loops")
    for wrong in ((), ("--",), ("-p",), ("-p", "x"), ("-p", "0"), ("-x",), ("trade",),
                  ("-p", "1", "--", "true"), ("-e", path, "-p", "1"), ("-l", "loud", "--", "true"), ("-l", "info,net=loud", "--", "true"),
                  ("-s", "0", "--", "true"), ("-s", "many", "--", "true"),
                  ("-b", "3G", "--", "true"), ("-i", "1x", "--", "true"),
                  ("-d", "-1s", "--", "true"), ("--on", "death", "--", "true"),
                  ("--max-snapshots", "-1", "--", "true"), ("--max-disk", "x", "--", "true"),
                  ("--list",), ("--trigger", ""), ("--trigger", "x", "-p", "1,2"),
                  ("--check", "-e", path), ("-q", "-v", "--", "true")):
        status, out, errors = run(*wrong)
        equal((status, out), (2, ""), f"status and output of {wrong}")
        check("ttlog-collect" in errors, f"{wrong} says {errors!r}")


# ---- --list, --check ----


def rows(text):
    """The table of --list: dictionaries with the headings as keys."""
    lines = text.split("\n\n")[0].splitlines()
    starts = [match.start() for match in re.finditer(r"\S+", lines[0])]
    names = lines[0].split()
    return [{name: line[start:end].strip() for name, start, end
             in zip(names, starts, starts[1:] + [None])} for line in lines[1:]]


def check_levels_list(text):
    sites = [(row["TARGET"], row["LEVEL"], row["PROBE"]) for row in rows(text)]
    equal(sorted(sites), sorted(LOGGED), "sites")
    (row,) = [row for row in rows(text) if row["PROBE"] == "net_open"]
    equal((row["KIND"], row["MESSAGE"], row["FIELDS"], row["FUNCTION"]),
          ("event", '"Connection opened"', "round:i32", "levels__log_http"), "a site")
    check(re.fullmatch(r"\S*levels\.c:\d+", row["FILE:LINE"]), f"place {row['FILE:LINE']}")


def test_list_path(t):
    for args in (("--list", t.app("levels")), (f"--list={t.app('levels')}",)):
        status, out, errors = run(*args)
        equal((status, errors), (0, ""), "status and errors")
        check_levels_list(out)


def test_list_pid(t):
    """The sites of the program and of the libraries that it maps."""
    app = t.start(t.app("early"), 1)
    app.end()
    app = t.start(t.app("loops"), 10)
    app.out.wait("ready")
    status, out, errors = run("--list", "-p", app.pid)
    equal((status, errors), (0, ""), "status and errors")
    equal([(row["PROBE"], row["KIND"], row["FIELDS"]) for row in rows(out)],
          [("tick", "event", "count:u64")], "sites")
    app.close_stdin()
    app.end()


def test_list_pid_with_a_library(t):
    t.app("early")
    code = f"import ctypes; ctypes.CDLL('{t.dir}/libearly.so'); print('ready', flush=True); input()"
    app = t.start("/usr/bin/python3", "-c", code)
    app.out.wait("ready")
    status, out, errors = run("--list", "-p", app.pid)
    equal((status, errors), (0, ""), "status and errors")
    equal(sorted(row["PROBE"] for row in rows(out)), ["lib_constructor", "lib_destructor", "lib_work"],
          "sites")
    equal(usdt_rows(out)["python:gc__start"][0], "generation:i32", "a probe of Python's own")
    app.say()
    app.end()


def usdt_rows(out):
    """Of the second table: {probe: (fields, places)}."""
    lines = out.splitlines()
    start = next((at for at, line in enumerate(lines) if line.startswith("USDT PROBE ")), len(lines))
    return {probe: (fields, int(places))
            for probe, fields, places, *_ in map(str.split, lines[start + 1:])}


def test_list_of_usdt_probes(t):
    """Those of others, with the names that the catalogue has, after our own sites."""
    library = os.path.realpath(subprocess.check_output(
        ("g++", "-print-file-name=libstdc++.so.6"), text=True).strip())
    status, out, errors = run("--list", library)
    equal((status, errors), (0, ""), "status and errors")
    equal(usdt_rows(out)["libstdcxx:throw"], ("object:ptr,type:cxx", 1), "a probe")


def test_list_shows_types(t):
    status, out, _ = run("--list", t.app("types"))
    equal(status, 0, "status")
    types = {row["PROBE"]: row["FIELDS"] for row in rows(out)}
    equal(types["type_bool"], "yes:bool,no:bool", "bool")
    equal(types["type_decimal"].split(",")[0], "price:decimal", "decimal")
    equal(types["fields_0"], "-", "no fields")


def test_list_of_spans(t):
    status, out, _ = run("--list", t.app("spans"))
    equal(status, 0, "status")
    equal({row["KIND"] for row in rows(out) if row["PROBE"] == "handle_request"}, {"span"}, "kind")


def test_list_failures(t):
    text = t.path("text")
    with open(text, "w", encoding="ascii") as file:
        file.write("no program")
    unmarked = t.start("/bin/cat")
    for args in ((text,), (t.path("missing"),), ("/bin/true",), (t.dir,), ("-p", "999999999"),
                 ("-p", str(unmarked.pid))):
        status, out, errors = run("--list", *args)
        equal((status, out), (1, ""), f"--list {args}")
        check(errors.startswith("ttlog-collect: "), f"--list {args} says {errors!r}")
    unmarked.close_stdin()
    unmarked.end()


def test_check(t):
    status, out, errors = run("--check", "-o", t.out)
    equal((status, errors), (0, ""), "status and errors")
    equal(out.splitlines()[-1], "Recording is possible.", "the last line")
    for what in ("BTF", "CAP_BPF", "uprobes", "tmpfs", "output directory"):
        check(what in out, f"nothing of {what} in {out}")


# ---- files ----


def test_directory_and_names(t):
    """Made with 0700, default /var/lib/ttlog; the time in the name is now, in UTC."""
    collector = t.collect("--", t.app("crash"), 2, 10, "SEGV", out=False).end(139)
    (path,) = collector.only_accounts().files
    equal(os.path.dirname(path), "/var/lib/ttlog", "directory")
    equal(os.stat("/var/lib/ttlog").st_mode & 0o7777, 0o700, "mode of the directory")
    check(re.fullmatch(r"/var/lib/ttlog/ttlog-\d+-\d{17}-crash\.bin", path), path)
    snapshot = Snapshot(path)
    times = [event["ts"] for event in snapshot.events]
    check(times[-1] <= snapshot.info["created_at"], "events from the future")
    equal(os.listdir("/var/lib/ttlog"), [os.path.basename(path)], "files")


def test_directory_is_made_private_whatever_the_umask(t):
    os.umask(0)
    directory = t.path("deep/deeper")
    t.collect("-o", directory, "--", t.app("crash"), 2, 10, "SEGV", out=False).end(139)
    equal(os.stat(directory).st_mode & 0o7777, 0o700, "mode of the directory")
    (path,) = t.files(directory)
    Snapshot(path)


def test_directory_that_cannot_be(t):
    with open(t.path("file"), "w", encoding="ascii"):
        pass
    for directory in (t.path("file"), t.path("file/below"), "/proc/none"):
        status, _, errors = run("-o", directory, "--", t.app("loops"))
        equal(status, 125, f"status with {directory}")
        check(directory in errors, f"it says {errors!r}")


def request_snapshots(t, count, *options):
    """Makes so many snapshots of one process, one after the other. Returns their paths."""
    app = t.start(t.app("trade"), "--wait", 2, 500)
    app.out.wait("ready")
    collector = t.collect(*options, "-p", app.pid)
    collector.recording(app.pid)
    app.say()
    app.out.wait("done")
    made = []
    for _ in range(count):
        status, out, errors = run("--trigger", "again", "-p", app.pid)
        equal((status, errors), (0, ""), "--trigger")
        made += out.split()
    app.say()
    app.end()
    collector.end()
    equal(len(set(made)), count, "snapshots made")
    return made


def test_max_snapshots(t):
    made = request_snapshots(t, 6, "--max-snapshots", 3)
    equal(t.files(), made[-3:], "files")


def test_max_disk(t):
    (first,) = request_snapshots(t, 1)
    size = os.path.getsize(first)
    made = request_snapshots(t, 6, "--max-disk", size * 3)
    left = t.files()
    check(sum(map(os.path.getsize, left)) <= size * 3, f"{len(left)} files of {size}")
    equal(left, made[-len(left):], "files")
    check(len(left) >= 2, f"only {len(left)} files are left")


def test_max_spares_other_files(t):
    os.mkdir(t.out)
    names = ["ttlog-notes.txt", "ttlog-1-2-x.bin", "core"]
    for name in names:
        with open(os.path.join(t.out, name), "w", encoding="ascii"):
            pass
    collector = t.collect("--max-snapshots", 1, "--", t.app("crash"), 2, 10, "SEGV").end(139)
    (path,) = collector.only_accounts().files
    equal(sorted(os.listdir(t.out)), sorted(names + [os.path.basename(path)]), "files")


def test_max_after_the_clock_was_set_back(t):
    """A file written when the clock was in 2099 is older than a file written now."""
    os.mkdir(t.out)
    in_2099 = 4073000000
    for day in range(1, 4):
        path = os.path.join(t.out, f"ttlog-1-2099010{day}000000000-crash.bin")
        with open(path, "wb"):
            pass
        os.utime(path, (in_2099 + day, in_2099 + day))
    made = []
    for _ in range(3):
        collector = t.collect("--max-snapshots", 2, "--", t.app("crash"), 2, 10, "SEGV").end(139)
        made += collector.only_accounts().files
        check(made[-1] in t.files(), f"{made[-1]} was just written, and is gone")
    equal(t.files(), made[-2:], "files")
