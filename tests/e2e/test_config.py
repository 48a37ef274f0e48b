# SPDX-License-Identifier: MIT
"""Configuration files: --config, --dry-run, every option as a key."""
import os
import re
import signal
import subprocess

from ctl_fixture import ctl
from harness import COLLECT, TREE, Snapshot, alone, check, equal, view, wait_until
from test_options import LEVELS, LOGGED, run

# of --help, what is no key
NO_KEYS = {"config", "dry-run", "check", "list", "trigger", "help", "usage", "version"}
# a value of each option, by its word in --help or by its name; for others, one of VALUES is one
BY_WORD = {"PATH": "/x", "DIR": "/x", "PID": "1", "GLOB": "/*", "SPEC": "info", "EXPR": "target=net.*",
           "DURATION": "30s", "SIZE": "8M", "N": "3", "LIST": "exit", "KEY": "a=b",
           "ADDR:PORT": "127.0.0.1:9099", "LEVEL": "error", "PROVIDER:NAME": "libstdcxx:throw",
           "FILE:FUNCTION": "libc:getpid", "URL": "http://127.0.0.1:9098"}
VALUES = ["root", "crashed", "pid", "user:root=trigger", "segment", "throughput", "8M,200ms", "1", "all", "password"]


def write(t, text, name="collect.conf"):
    path = t.path(name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o600)
    return path


def options_of_help():
    """Long options that --help lists: name, and the word for its value, "" if it takes none."""
    _, text, _ = run("--help")
    found = re.findall(r"^ +(?:-.,)? +--([a-z-]+)(?:\[?=([A-Za-z:]+))?", text, re.M)
    check(len(found) > 20, f"options {found}")
    return found


def dry_run(*args):
    """What it prints, or None if it refuses that."""
    status, out, errors = run(*args, "--dry-run")
    check((status == 0) == (errors == "") and status in (0, 2), f"{args}: {status}, {errors}")
    return out if status == 0 else None


def test_config_has_every_option_as_a_key(t):
    """The same value on the command line and in a file gives the same, and changes something."""
    plain = dry_run("-p", 1)
    with open(t.path("recipient"), "w", encoding="utf-8") as file:
        file.write(view("--keygen", "-o", t.path("identity")))
    values = VALUES + [t.path("recipient")]
    for name, word in options_of_help():
        if name in NO_KEYS:
            status, _, errors = run("--config", write(t, f"pid = 1\n{name} = 1\n"))
            equal(status, 2, name)
            check(f"collect.conf:2: '{name}' is no key" in errors, f"{name}: {errors}")
            continue
        taken = False
        likely = [BY_WORD[word]] if word in BY_WORD else []
        for value in likely + values if word else ["yes"]:
            option = f"--{name}={value}" if word else f"--{name}"
            path = write(t, f"{name} = {value}\n")
            said = dry_run(option)
            equal(dry_run("--config", path), said, f"{name} = {value}")
            if not said:  # it does not say what to record
                said = dry_run(option, "-p", 1)
                equal(dry_run("--config", path, "-p", 1), said, f"{name} = {value}, with -p")
            if said and (said != plain or name == "pid"):
                taken = True
                break
        check(taken, f"no value of {name} changes anything")


def test_config_man_page_has_every_option(_t):
    with open(os.path.join(TREE, "man", "ttlog-collect.1"), encoding="utf-8") as file:
        described = set(re.findall(r"^\.It (?:Fl .*)?Fl -([a-z-]+)", file.read(), re.M))
    equal(described, {name for name, _ in options_of_help()}, "options of the man page")


def test_config_prints_all_that_holds(t):
    """Also in the same words when that is read again."""
    path = write(t, """exe = /bin/x
filter = target=net.*
level = info
[target api]
exe = *api*
ring-size = 256M
""")
    text = dry_run("--config", path, "-l", "warn,net.*=debug", "--filter", "probe=a b")
    keys = set(re.findall(r"^#?([a-z-]+) =", text, re.M))
    equal({name for name, _ in options_of_help()} - NO_KEYS - keys, set(), "options that it leaves out")
    for line in ("exe = /bin/x", "level = warn,net.*=debug", "filter = probe=a b",
                 "buffer-size = 64M", "[target api]", "ring-size = 256M"):
        check(line in text.splitlines(), f"{line} in {text}")
    check("net.*\n" not in text, f"a filter of the file in {text}")
    equal(dry_run("--config", write(t, text)), text, "what is printed, read again")


def test_config_records(t):
    """A service with all in files; nothing in the environment counts."""
    write(t, f"exe = {t.app('levels')}\noutput-dir = {t.path('elsewhere')}\non = exit\n")
    os.mkdir(t.path("conf.d"), 0o755)
    write(t, "level = error,net.*=off\n", "conf.d/10.conf")
    write(t, f"output-dir = {t.out}\n", "conf.d/20.conf")
    os.mkdir(t.path("temporary"))
    variables = {"LEVEL": "trace", "TTLOG_LEVEL": "trace", "RUST_LOG": "trace", "HOME": t.dir,
                 "XDG_RUNTIME_DIR": t.path("temporary"), "TMPDIR": t.path("temporary"),
                 "XDG_CONFIG_HOME": t.dir}
    collector = t.collect("--config", "collect.conf", out=False, env={**os.environ, **variables})
    collector.recording_path(t.path("levels"))
    app = t.start(t.path("levels")).end()
    collector.accounts_of(app.pid)
    collector.stop()
    wanted = [site for site in LOGGED if site[1] in LEVELS[4:] and site[0][:4] != "net."]
    events = t.only_snapshot().events
    equal(sorted((event["target"], event["level"], event["probe"]) for event in events),
          sorted(wanted), "events")
    check(not os.path.exists(t.path("elsewhere")), "the first output-dir is there")
    equal(os.listdir(t.path("temporary")), [], "files where a variable says")


def test_config_is_all_that_the_collector_heeds(_t):
    """Which sources ask for an environment variable: for the places of the rings of users other than
    root, and to find the CMD that is to be started, and its libraries."""
    asking = subprocess.run(["grep", "-rl", "getenv", "--include=*.[ch]", "--exclude-dir=ctl",
                             "--exclude-dir=ship", "src"],
                            cwd=TREE, stdout=subprocess.PIPE, check=True).stdout.decode().split()
    equal(sorted(asking), ["src/attach/foreign/needed_files.c", "src/collect/collect_targets.c",
                           "src/common/files/runtime_dir.c"], "sources")


def test_config_default_file(t):
    """Without arguments, as the service. /etc is another one here."""
    command = (f"mount -t tmpfs tmpfs /etc && mkdir /etc/ttlog && "
               f"echo 'pid = 1{os.linesep}levl = x' >/etc/ttlog/collect.conf && exec {COLLECT}")
    collector = t.start("unshare", "-m", "sh", "-c", command).end(2)
    equal(collector.err.all(), ["ttlog-collect: /etc/ttlog/collect.conf:2: 'levl' is no key"], "stderr")


def test_config_mistakes_start_nothing(t):
    path = t.app("levels")
    for text, wanted in (("levl = info", ":2: 'levl' is no key"),
                         ("ring-size = 0", ":2: ring-size: '0' is out of range"),
                         ("level = info,net=loud", ":2: level: 'loud'"),
                         ("[target a]", ":2: [target a] is for no process")):
        for option in ((), ("--dry-run",)):
            status, out, errors = run("--config", write(t, f"exe = {path}\n{text}\n"), *option)
            equal((status, out), (2, ""), text)
            check(f"collect.conf{wanted}" in errors and errors.count("\n") == 1, f"{text}: {errors}")
    os.chmod(t.path("collect.conf"), 0o666)
    status, out, errors = run("--config", t.path("collect.conf"))
    equal((status, out), (2, ""), "a file that all can write")
    check("collect.conf: others can write to it" in errors, errors)
    check(not os.path.exists(t.out), "there is an output directory")


def beat_all(t, collector, path, *, signal_number=None):
    """A program that is found logs 40,000 events: its accounts and its only snapshot."""
    app = t.start(path, 0, 40000)
    app.out.wait("ready")
    collector.recording(app.pid)
    app.ask("beat")
    if signal_number:
        app.signal(signal_number)
        app.end(-signal_number)
    else:
        app.close_stdin()
        app.end()
    accounts = collector.accounts_of(app.pid)
    equal((accounts.emitted, accounts.lost), (40000, 0), "accounts")
    equal(len(accounts.files), 1, f"files of {path}")
    return accounts, Snapshot(accounts.files[0], compare=False)


def test_config_sections(t):
    """The first section that takes a process says how it is recorded."""
    names = ["first", "second", "third"]
    paths = [t.app("beat", to=t.path(name)) for name in names]
    collector = t.collect("--config", write(t, """tag = from=all
on = killed
[target first]
exe = first
on = exit
ring-size = 256K
tag = from=section
tag = more=x
[target second]
exe = */second
service = b?at
[target never]
exe = */third
service = other
"""))
    collector.err.wait("ttlog-collect: recording the chosen programs")
    accounts, snapshot = beat_all(t, collector, paths[0])
    check(accounts.overwritten > 10000, f"{accounts.overwritten} events did not fit")
    equal((snapshot.info["reason"], snapshot.info["tags"]), ("exit", {"from": "section", "more": "x"}),
          "reason and tags of the first one")
    third = t.start(paths[2])
    third.out.wait("ready")
    accounts, snapshot = beat_all(t, collector, paths[1], signal_number=signal.SIGKILL)
    equal(accounts.overwritten, 0, "what did not fit into the default ring")
    equal((snapshot.info["reason"], snapshot.info["tags"]), ("killed", {"from": "all"}),
          "reason and tags of the second one")
    third.ask("beat")
    third.close_stdin()
    third.end()
    collector.stop()
    check(third.pid not in collector.all_accounts(), "the third one was recorded")


def run_levels(t, collector, path, sites):
    """A program that is found; returns what its snapshot has of it."""
    app = t.start(path, "--wait")
    app.out.wait("ready")
    equal(collector.recording(app.pid)[1], sites, f"sites of {path}")
    app.say()
    app.end()
    (file,) = collector.accounts_of(app.pid).files
    return {(event["target"], event["level"]) for event in Snapshot(file).events}


def test_config_sections_stream(t):
    """Of one section only, all events go to segments too."""
    names = ["kept", "other"]
    paths = [t.app("beat", to=t.path(name)) for name in names]
    collector = t.collect("--config", write(t, "on = exit\n[target kept]\nexe = kept\nstream\n"
                                               "[target other]\nexe = other\n"))
    collector.err.wait("ttlog-collect: recording the chosen programs")
    pids = []
    for path in paths:
        app = t.start(path)
        app.out.wait("ready")
        collector.recording(app.pid)
        app.ask("beat")
        app.close_stdin()
        app.end()
        pids.append(app.pid)
        collector.accounts_of(app.pid)
    collector.stop()
    reasons = sorted((pids.index(int(os.path.basename(path).split("-")[1])),
                      os.path.basename(path)[:-4].rsplit("-", 1)[1]) for path in t.files())
    equal(reasons, [(0, "exit"), (0, "stream"), (1, "exit")], "files")


def test_config_sections_have_levels(t):
    """Sites of a process by its section: fewer or more than all others have."""
    names = ["fewer", "more", "others"]
    paths = [t.app("levels", to=t.path(name)) for name in names]
    collector = t.collect("--config", write(t, """level = error
on = exit
[target fewer]
exe = */fewer
level = off,net.dns=fatal
[target more]
service = levels
exe = more
filter = target=net.*
level = debug
[target others]
exe = others
"""))
    collector.err.wait("ttlog-collect: recording the chosen programs")
    wanted = [{("net.dns", "FATAL")},
              {(target, level) for target, level, _ in LOGGED
               if target[:4] == "net." and level != "TRACE"},
              {(target, level) for target, level, _ in LOGGED if level in LEVELS[4:]}]
    sites = [sum((target, level) in own for target, level, _ in LOGGED) for own in wanted]
    for path, own, cnt in zip(paths, wanted, sites):
        equal(run_levels(t, collector, path, cnt), own, path)
    collector.stop()


def test_config_sections_levels_are_changed_by_ctl(t):
    """`ttlog-ctl level` counts on top of what the section says: for all, or for its service."""
    path = t.app("levels")
    for selector in ([], ["--service", "levels"]):
        collector = t.collect("--config", write(t, "on = exit\n[target a]\nexe = levels\nlevel = fatal\n"))
        collector.err.wait("ttlog-collect: recording the chosen programs")
        app = t.start(path, "--wait")
        app.out.wait("ready")
        collector.recording(app.pid)
        ctl("level", "debug", *selector)
        app.say()
        app.end()
        (file,) = collector.accounts_of(app.pid).files
        equal({event["level"] for event in Snapshot(file).events}, set(LEVELS[1:]), f"levels, {selector}")
        collector.stop()


def test_config_sections_level_needs_links_of_one_process(t):
    """With -e all processes are switched on by one link: that is said."""
    collector = t.collect("--config", write(t, "[target a]\nexe = *\nlevel = off\n"), "-e",
                          t.app("levels"))
    collector.err.wait(r"ttlog-collect: level and filter of \[target\] sections mean nothing with -e: "
                       "those of all hold")
    collector.recording_path(t.path("levels"))
    collector.stop()


@alone
def test_config_sections_with_all(t):
    """Every marked program, those of sections in their own way."""
    beat, plain = t.app("beat", to=t.path("chosen")), t.app("beat", to=t.path("plain"))
    collector = t.collect("--config", write(t, f"""all
on = killed
[target chosen]
exe = {beat}
on = exit
ring-size = 256K
"""))
    collector.err.wait("ttlog-collect: recording every marked program")
    accounts, snapshot = beat_all(t, collector, beat)
    equal((snapshot.info["reason"], accounts.overwritten > 10000), ("exit", True), "of its section")
    accounts, snapshot = beat_all(t, collector, plain, signal_number=signal.SIGTERM)
    equal((snapshot.info["reason"], accounts.overwritten), ("killed", 0), "of no section")
    collector.stop()


# ---- reload ----


def reload(collector):
    """Sends SIGHUP; returns the first line that it says then, without the collector's name."""
    said = len(collector.err.lines)
    collector.signal(signal.SIGHUP)
    return collector.err.wait(r"ttlog-collect: (the configuration .*)", after=said)[1]


def reasons_of_run(t, collector):
    """Runs the program once: reasons of its snapshots."""
    app = t.start(t.path("levels")).end()
    return [Snapshot(path).info["reason"] for path in collector.accounts_of(app.pid).files]


def test_config_reload(t):
    """SIGHUP changes what can change, and names what can't; recording goes on meanwhile."""
    base = f"exe = {t.app('levels')}\noutput-dir = {t.out}\n"
    collector = t.collect("--config", write(t, base), out=False)
    collector.recording_path(t.path("levels"))
    equal(reload(collector), "the configuration was read again; changed: nothing", "without a change")
    equal(reasons_of_run(t, collector), [], "reasons by default")

    write(t, base + "on = exit\nbuffer-size = 8M\n[target a]\nexe = *\n")
    equal(reload(collector), "the configuration was read again; changed: on", "reload")
    collector.err.wait("ttlog-collect: at the next start this will change, too: "
                       r"buffer-size, \[target\] sections")
    equal(reasons_of_run(t, collector), ["exit"], "reasons after a reload")

    # a mistake anywhere leaves all as it was
    write(t, base + "on = crash\nbuffer-size = 0\n")
    equal(reload(collector), f"the configuration stays as it was: {t.path('collect.conf')}:4: buffer-size: "
          "'0' is out of range; it takes a size such as 64M, up to 2G", "reload of a mistake")
    equal(reasons_of_run(t, collector), ["exit"], "reasons after a mistake")
    os.unlink(t.path("collect.conf"))
    equal(reload(collector), f"the configuration stays as it was: {t.path('collect.conf')}: can't open it: "
          "No such file or directory", "reload without a file")
    equal(reasons_of_run(t, collector), ["exit"], "reasons without a file")

    write(t, base)
    equal(reload(collector), "the configuration was read again; changed: on", "back again")
    equal(reasons_of_run(t, collector), [], "reasons by default, again")
    collector.stop()


def test_config_reload_interval(t):
    """A timer that was off at the start."""
    base = f"exe = {t.app('loops')}\noutput-dir = {t.out}\n"
    collector = t.collect("--config", write(t, base), "--max-snapshots", 3, out=False)
    collector.recording_path(t.path("loops"))
    app = t.start(t.path("loops"), 1000)
    app.out.wait("ready")
    write(t, base + "interval = 20ms\nmax-snapshots = 9")
    # the command line goes on to win
    equal(reload(collector), "the configuration was read again; changed: interval", "reload")
    wait_until(lambda: any("-timer." in name for name in t.files()), "a snapshot by the timer")
    write(t, base)
    equal(reload(collector), "the configuration was read again; changed: interval", "reload")
    app.close_stdin()
    app.end()
    collector.stop()


def test_config_reload_limits(t):
    """What is too much is deleted at once."""
    base = f"exe = {t.app('levels')}\noutput-dir = {t.out}\non = exit\n"
    collector = t.collect("--config", write(t, base), out=False)
    collector.recording_path(t.path("levels"))
    for _ in range(4):
        equal(reasons_of_run(t, collector), ["exit"], "reasons")
    kept = t.files()[2:]
    write(t, base + "max-snapshots = 2")
    equal(reload(collector), "the configuration was read again; changed: max-snapshots", "reload")
    wait_until(lambda: t.files() == kept, "only two files")
    collector.stop()
