#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""libttlogread as other programs see it: view_library.py TTLOG-VIEW. Run from the top of the tree.

What is installed, what can be linked. The examples in the docs build and are right, ttlog-view is
built on the library alone, and manual pages have the options of --help.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

from datetime import datetime, timezone  # noqa: E402

from view_harness import DEADLINE_S, VIEW, events_of, run, view_bytes  # noqa: E402

BUILD = os.path.dirname(VIEW) or "."
HEADER = "include/ttlog/read.h"
INFO = "include/ttlog/info.h"
MAN = "man/libttlogread.3"
GOLDEN = ["tests/golden/%s.bin" % name for name in ("golden", "packed", "small")]
# Headers of src/common that are all inline, and the numbers of FORMAT.md.
INLINE = {"ascii.h", "boot_rule.h", "field.h", "format.h", "hash.h", "heap.h", "hex.h",
          "stream_mark.h"}
WARNINGS = "-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror".split()
C, CXX = os.environ.get("CC", "gcc"), os.environ.get("CXX", "g++")

scratch = tempfile.TemporaryDirectory(prefix="ttlog-library-")
ROOT = scratch.name + "/root"


def output(*command, **how):
    result = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            timeout=DEADLINE_S, **how)  # fmt: skip
    assert result.returncode == 0, (command, result.returncode, result.stdout.decode(errors="replace"))
    return result.stdout.decode()


def make(*args):
    output("make", "-s", "BUILD=" + BUILD, "DESTDIR=" + ROOT, "PREFIX=/usr", *args,
           env={key: value for key, value in os.environ.items() if not key.startswith("MAKE")})  # fmt: skip


def installed():
    if not os.path.exists(ROOT):
        make("install-files")
    return ROOT + "/usr"


def pkg_config(*args):
    installed()
    dirs = "%s/usr/lib/pkgconfig:%s/usr/share/pkgconfig" % (ROOT, ROOT)
    env = dict(os.environ, PKG_CONFIG_PATH=dirs, PKG_CONFIG_SYSROOT_DIR=ROOT)
    return output("pkg-config", *args, env=env).split()


def read(path):
    with open(path) as file:
        return file.read()


def declared():
    """The functions of the header that are not inline."""
    text = re.sub(r"/\*.*?\*/", "", read(HEADER) + read(INFO), flags=re.S)
    text = re.sub(r"^#.*(\\\n.*)*", "", text, flags=re.M)
    text = re.sub(r"static inline [^{;]*\{.*?\n\}", "", text, flags=re.S)
    names = re.findall(r"^[a-z][\w\s*]*?\b(ttlog_\w+)\(", text, flags=re.M)
    assert len(names) == len(set(names)) > 30, names
    return set(names)


def symbols(*command):
    return {line.split()[-1] for line in output("nm", "--defined-only", *command).splitlines() if " " in line}


def test_shared_library_exports_the_header():
    names = symbols("-D", BUILD + "/libttlogread.so.0")
    assert "LTTLOGREAD_0.2" in names
    assert names - {"LTTLOGREAD_0.2"} == {name + "@@LTTLOGREAD_0.2" for name in declared()}, names
    dynamic = output("readelf", "-d", BUILD + "/libttlogread.so.0")
    assert "soname: [libttlogread.so.0]" in dynamic, dynamic
    assert "TEXTREL" not in dynamic


def test_static_library_has_the_header_alone():
    assert symbols("-g", BUILD + "/libttlogread.a") == declared()


def test_manual_has_every_function():
    assert set(re.findall(r"^\.Fn (ttlog_\w+) [^.]*$", read(MAN), flags=re.M)) == declared()


def test_viewer_includes_nothing_else():
    own = {os.path.basename(path) for path in glob.glob("viewer/**/*.h", recursive=True)}
    own |= {os.path.basename(helper)[:-2] + ".h" for helper in helpers()} | INLINE
    for path in glob.glob("viewer/**/*.[ch]", recursive=True):
        for name in re.findall(r'#\s*include\s+"([^"]*)"', read(path)):
            assert os.path.basename(name) in own or name.endswith(".inc"), (path, name)
        for name in re.findall(r"#\s*include\s+<(ttlog/[^>]*)>", read(path)):
            assert name == "ttlog/read.h", (path, name)


def viewer_links(pattern):
    """What ttlog-view links besides its own objects and the library, for itself alone."""
    return re.findall(pattern, output("make", "-s", "--no-print-directory", "BUILD=" + BUILD, "print-view-libs"))


def helpers():
    """What it compiles again of src/common (VIEW_SHARED)."""
    return viewer_links(r"\S+src/common/\S+\.o")


def test_viewer_links_with_the_shared_library():
    objects = sorted(glob.glob(BUILD + "/viewer/**/*.o", recursive=True))
    objects = [path for path in objects if os.path.exists(os.path.relpath(path, BUILD)[:-2] + ".c")]
    objects += helpers()
    lib, program = installed() + "/lib", scratch.name + "/view"
    output(C, "-o", program, *objects, "-L" + lib, "-lttlogread", "-Wl,--no-undefined", *viewer_links(r"-l\S+"))
    env = dict(os.environ, LD_LIBRARY_PATH=lib)
    for args in (["--format", "json"], ["--info"], ["--stats"]):
        shown = subprocess.run([program, *args, GOLDEN[0]], env=env, stdout=subprocess.PIPE, timeout=DEADLINE_S)
        assert shown.returncode == 0
        assert shown.stdout == view_bytes(*args, GOLDEN[0])


def test_versions_are_one():
    version = output(VIEW, "--version").split()[-1]
    numbers = [re.search(r"#define TTLOG_READ_%s +(\d+)" % part, read(HEADER))[1] for part in ("MAJOR", "MINOR", "PATCH")]
    assert ".".join(numbers) == version
    assert pkg_config("--modversion", "ttlogread") == [version]
    assert os.path.exists("%s/lib/libttlogread.so.%s" % (installed(), version))
    source = scratch.name + "/version.c"
    with open(source, "w") as file:
        file.write("#include <ttlog/read.h>\nint main(void) { return ttlog_read_version() != TTLOG_READ_VERSION; }\n")
    build_and_run(source, C, static=False)


def test_install_and_uninstall():
    installed()
    found = {os.path.relpath(os.path.join(dir, name), ROOT + "/usr") for dir, _, names in os.walk(ROOT) for name in names}
    for name in ("bin/ttlog-view", "bin/ttlog-collect", "bin/ttlog-ctl", "include/ttlog/ttlog.h", "include/ttlog/read.h", "include/ttlog/info.h",
                 "include/ttlog/types.h", "lib/libttlogread.so", "lib/libttlogread.so.0", "lib/libttlogread.a",
                 "lib/pkgconfig/ttlogread.pc", "share/pkgconfig/ttlog.pc", "share/man/man1/ttlog-view.1",
                 "share/man/man1/ttlog-collect.1", "share/man/man3/libttlogread.3", "lib/systemd/system/ttlog.service",
                 "lib/cmake/ttlog/ttlog-config.cmake", "share/bash-completion/completions/ttlog-view"):  # fmt: skip
        assert name in found, (name, found)
    other = tempfile.mkdtemp(dir=scratch.name)
    make("install-files", "DESTDIR=" + other)
    make("uninstall", "DESTDIR=" + other)
    left = [name for _, _, names in os.walk(other) for name in names]
    assert not left, left


# ---- the examples ----


def header_example():
    comment = read(HEADER).split("*/")[1]
    lines = [line[3:] for line in comment.splitlines() if line == " *" or line.startswith(" *\t")]
    text = "\n".join(lines).strip("\n") + "\n"
    return text[: text.rindex("}") + 2]


def manual_examples():
    found = re.findall(r"^\.Bd -literal\n(.*?)^\.Ed$", read(MAN), flags=re.S | re.M)
    return [text.replace("\\e", "\\") for text in found]


def build_and_run(source, compiler, static, *args):
    name = os.path.join(scratch.name, "example")
    language = ["-xc++", "-std=c++17"] if compiler == CXX else ["-xc", "-std=gnu17"]
    flags = pkg_config("--cflags", "--libs", *(["--static"] if static else []), "ttlogread")
    libs = [flag.replace("-lttlogread", "-l:libttlogread.a") if static else flag for flag in flags]
    output(compiler, *WARNINGS, *language, "-o", name, source, "-xnone", *libs)
    needed = output("readelf", "-d", name)
    assert ("libttlogread.so.0" in needed) != static, needed
    env = dict(os.environ, LD_LIBRARY_PATH=installed() + "/lib")
    return subprocess.run([name, *args], env=env, capture_output=True, timeout=DEADLINE_S)


def ns_of(ts):
    moment = datetime.strptime(ts[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return int(moment.timestamp()) * 10**9 + int(ts[20:29])


def in_every_way(text, *args):
    """The output of the example, the same for every build."""
    source = scratch.name + "/example.c"
    with open(source, "w") as file:
        file.write(text)
    results = [build_and_run(source, compiler, static, *args) for compiler in (C, CXX) for static in (False, True)]
    for result in results:
        assert (result.returncode, result.stdout) == (results[0].returncode, results[0].stdout), results
    return results[0]


def test_first_example():
    assert header_example() == manual_examples()[0], header_example()
    for path in GOLDEN:
        wanted = ["%d %s %s\n" % (ns_of(event["ts"]), event["level"], event["msg"])
                  for event in events_of("--filter", "level>=WARN", path)]  # fmt: skip
        result = in_every_way(header_example(), path)
        assert result.returncode == 0, result
        assert result.stdout.decode() == "".join(wanted), result
    result = in_every_way(header_example(), "/nonexistent")
    assert result.returncode == 1 and result.stderr.strip() == b"No such file or directory", result
    assert in_every_way(header_example()).stderr.startswith(b"usage:")


def test_readme_commands():
    """As the README has them: the shared library, and the static one."""
    (example,) = re.findall(r"```c\n(#include <stdio.h>\n.*?)```", read("README.md"), flags=re.S)
    (block,) = re.findall(r"```sh\n(cc tool\.c .*?)```", read("README.md"), flags=re.S)
    commands = [line for line in block.splitlines() if not line.startswith("#")]
    installed()
    env = dict(os.environ, PKG_CONFIG_PATH=ROOT + "/usr/lib/pkgconfig", PKG_CONFIG_SYSROOT_DIR=ROOT,
               LD_LIBRARY_PATH=ROOT + "/usr/lib")  # fmt: skip
    wanted = "".join("%s\n" % event["msg"] for event in events_of(GOLDEN[0]))
    shared = []
    for command in commands:
        with tempfile.TemporaryDirectory(dir=scratch.name) as folder:
            with open(folder + "/tool.c", "w") as file:
                file.write(example)
            output("sh", "-c", command, cwd=folder, env=env)
            shared.append("libttlogread.so.0" in output("readelf", "-d", folder + "/a.out"))
            assert output(folder + "/a.out", os.path.abspath(GOLDEN[0]), env=env) == wanted, command
    assert shared == [True, False], (commands, shared)


def test_readme_example():
    (example,) = re.findall(r"```c\n(#include <stdio.h>\n.*?)```", read("README.md"), flags=re.S)
    for path in GOLDEN:
        result = in_every_way(example, path)
        wanted = "".join("%s\n" % event["msg"] for event in events_of(path))
        assert (result.returncode, result.stdout.decode()) == (0, wanted), result
    result = in_every_way(example, "/nonexistent")
    assert (result.returncode, result.stderr) == (1, b"No such file or directory\n"), result
    assert in_every_way(example).returncode == 1


def test_column_example():
    """In a file of one chunk, each site's mean is known from its events."""
    path = "tests/golden/overlap-other.bin"
    fields = {}
    for event in events_of(path):
        for key, value in event["fields"].items():
            if isinstance(value, int) and not isinstance(value, bool):
                fields.setdefault("%s.%s" % (event["probe"], key), []).append(value)
    result = in_every_way(manual_examples()[1], path)
    assert result.returncode == 0 and not result.stderr, result
    shown = dict(line.rsplit(" ", 1) for line in result.stdout.decode().splitlines())
    assert shown
    for name, mean in shown.items():
        values = fields[name]
        assert "%g" % (sum(values) / len(values)) == mean, (name, mean, values)


def test_a_program_may_record_and_read():
    source = scratch.name + "/both.c"
    with open(source, "w") as file:
        file.write('#include <ttlog/ttlog.h>\n#include <ttlog/read.h>\n'
                   'int main(void) { TTLOG_INFO("both", "n", 1); return ttlog_level_name(0) == NULL; }\n')  # fmt: skip
    for compiler in (C, CXX):
        assert build_and_run(source, compiler, False).returncode == 0


def test_header_stands_alone():
    include = "-I%s/include" % installed()
    for compiler in (C, "clang"):
        for language in ("-xc -std=c99", "-xc -std=c11", "-xc -std=gnu17", "-xc++ -std=c++11", "-xc++ -std=c++20"):
            output(compiler, *WARNINGS, *language.split(), include, "-fsyntax-only", "-include", "ttlog/read.h", "-", input=b"")


def test_python_example():
    blocks = re.findall(r"```python\n(.*?)```", read("README.md"), flags=re.S)
    assert len(blocks) == 1
    slowest = {}
    for event in events_of(*GOLDEN):
        if "duration_ns" in event:
            slowest[event["probe"]] = max(event["duration_ns"], slowest.get(event["probe"], 0))
    env = dict(os.environ, PATH=installed() + "/bin:" + os.environ["PATH"])
    shown = output(sys.executable, "-c", blocks[0], *GOLDEN, env=env)
    assert slowest and {(line.split()[0], int(line.split()[1])) for line in shown.splitlines()} == set(slowest.items())


# ---- manual pages ----


def options_of_help(program):
    options = set()
    for line in output(BUILD + "/" + program, "--help").splitlines():
        match = re.match(r" {2,6}(?:-([^- ]))?(?:, |    )?(?:--([a-z][a-z0-9-]*))?", line)
        if match and line.lstrip().startswith("-"):
            options |= {option for option in match.groups() if option}
    assert {"help", "V", "version"} < options, options
    return options


def options_of_manual(program):
    options = set()
    for line in re.findall(r"^\.It (Fl .*)$", read(glob.glob("man/%s.[18]" % program)[0]), flags=re.M):
        options |= {name.replace("\\&", "").lstrip("-") for name in re.findall(r"\bFl (\S+)", line)}
    return options


def test_manual_pages_have_the_options_of_help():
    for program in ("ttlog-view", "ttlog-collect", "ttlog-ctl", "ttlog-ship", "ttlog-fleet"):
        shown, told = options_of_help(program), options_of_manual(program)
        assert shown == told, "the manual of %s lacks %s, and has %s, which --help has not" % (
            program, sorted(shown - told), sorted(told - shown))  # fmt: skip


if __name__ == "__main__":
    run(dict(globals()))
