# SPDX-License-Identifier: MIT
"""What --usdt, --uprobe and --span name is looked for before anything is attached: exit 2, with what
there is instead; and the catalogue, which gives fields their names."""
import os
import re
import shutil
import subprocess

from harness import COLLECT, Snapshot, check, equal


def run(*args, collect=COLLECT):
    done = subprocess.run([collect, *map(str, args)], capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, timeout=60)
    return done.returncode, done.stdout, done.stderr


def refused(t, line, *args):
    """All of stderr is this line; nothing was started, and nothing was written."""
    status, out, errors = run("-o", t.out, *args)
    equal((status, out, errors), (2, "", f"ttlog-collect: {line}\n"), f"of {args}")
    equal(os.listdir(t.out) if os.path.exists(t.out) else [], [], "files")


def test_asked_of_a_file(t):
    path = t.app("foreign")
    for option, text, said in (
            ("--usdt", "foreign:wrok", f"{path} has no probe wrok: is it 'work'?"),
            ("--usdt", "foriegn:work", f"{path} has no provider foriegn: is it 'foreign'?"),
            ("--usdt", "foreign:work(a,b,c,d)", f"it has 4 fields, and foreign:work no more than 3 ({path})"),
            ("--usdt", "foreign:work(a,b:str)",
             f"field 'b' can't be str: argument 2 of foreign:work has 4 bytes ({path})"),
            ("--uprobe", "foreign:foreign__fibb",
             f"{path} has no function 'foreign__fibb'; did you mean 'foreign__fib'?"),
            ("--span", "freign:foreign__fib", f"{path} has no file freign: is it 'foreign'?")):
        refused(t, f"{option} '{text}': {said}", "-e", path, option, text)


def test_asked_in_vain_is_wrong_usage(t):
    """What has no form at all: before anything is looked at."""
    for text, said in (("work", "it has no ':' between provider and probe"),
                       ("foreign:work(a:int)", "'int' is no type (of field 'a')"),
                       ("foreign:work=loud", "'loud' is no level")):
        status, _, errors = run("-o", t.out, "--all", "--usdt", text)
        equal(status, 2, "status")
        check(said in errors, f"--usdt {text} says {errors!r}")


def test_asked_of_a_process(t):
    app = t.start(t.app("foreign"))
    app.out.wait("ready")
    refused(t, f"--usdt 'foreign:wrok': {t.path('foreign')} has no probe wrok: is it 'work'?", "-p",
            app.pid, "--usdt", "foreign:wrok")
    # of a library that it may load later, and of any that may come
    collector = t.collect("--usdt", "python:gc__start", "--usdt", "xyz*:abc", "-p", app.pid)
    collector.recording(app.pid)
    for text, provider in ("python:gc__start", "python"), ("xyz*:abc", "xyz*"):
        collector.err.wait(re.escape(f"ttlog-collect: --usdt '{text}': pid {app.pid} has no "
                                     f"provider {provider} yet: there is foreign"))
    collector.stop()
    app.process.stdin.write(b"exit\n")
    app.process.stdin.flush()
    app.end()


def test_asked_of_a_command(t):
    """Nothing was started; its libraries count."""
    mark = t.path("started")
    status, _, errors = run("-o", t.out, "--usdt", "libstdcxx:trow", "--", t.app("thrown"), "runtime")
    equal(status, 2, "status")
    check(errors.endswith("has no probe trow: is it 'throw'?\n") and "libstdc++.so.6" in errors, errors)
    status, _, errors = run("-o", t.out, "--span", "touche:main", "--", "/bin/touch", mark)
    equal((status, errors), (2, "ttlog-collect: --span 'touche:main': /bin/touch, with its libraries, "
                                "has no file touche: is it 'touch'?\n"), "a file")
    check(not os.path.exists(mark), "it was started")
    # what it starts may have it
    status, _, errors = run("-o", t.out, "--usdt", "xyz:abc", "--", "/bin/touch", mark)
    equal(status, 0, "status")
    check("/bin/touch, with its libraries, has no provider xyz yet" in errors, errors)
    check(os.path.exists(mark), "it was not started")


def test_asked_catalogue(t):
    """Beside an installed program. A bad line is refused; a good one names the fields."""
    prefix = t.path("usr")
    probes = os.path.join(prefix, "share/ttlog/probes")
    os.makedirs(probes)
    os.makedirs(os.path.join(prefix, "bin"))
    collect = shutil.copy(COLLECT, os.path.join(prefix, "bin"))
    path = t.app("foreign")
    conf = os.path.join(probes, "foreign.conf")
    with open(conf, "w", encoding="ascii") as file:
        file.write("# ours\nforeign:work(number:int)\n")
    for args in ("-e", path), ("--list", path):
        status, _, errors = run("--usdt", "foreign:*", *args, collect=collect)
        equal(status, 2, "status")
        check(errors.startswith(f"ttlog-collect: {conf}:2: 'int' is no type (of field 'number')"), errors)
    with open(conf, "w", encoding="ascii") as file:
        file.write("foreign:work(number:i64,negative:i16,text:str)\n")
    status, out, errors = run("--usdt", "foreign:w*", "--list", path, collect=collect)
    equal((status, errors), (0, ""), "status and errors")
    equal([line.split() for line in out.split("\n\n")[1].splitlines()[1:]],
          [["foreign:work", "number:i64,negative:i16,text:str", "1"]], "the list")


def test_asked_exceptions(t):
    """The catalogue says where the name of the type is; the user, where the text of these is."""
    for probe in "libstdcxx:throw", "libstdcxx:throw(what:str@8,type:str@8)":
        app = t.collect("--usdt", f"{probe}=error", "--", "/bin/sh", "-c",
                        f"echo | {t.app('thrown')} runtime")
        app.end(134)
    first, second = (Snapshot(path).of("throw")[0] for path in sorted(t.files(), key=os.path.getmtime))
    equal((first["level"], set(first["fields"]), first["fields"]["type"]),
          ("ERROR", {"object", "type"}, "std::runtime_error"), "by the catalogue")
    equal(second["fields"], {"what": "no such order", "type": "St13runtime_error"}, "by a signature")
