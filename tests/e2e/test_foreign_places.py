# SPDX-License-Identifier: MIT
"""USDT probes of others in libraries that are loaded later, in files that were replaced, and in other
namespaces."""
import os
import shutil
import subprocess

from harness import PYTHON, equal
from test_watches import order

LIBRARY = """
#include <sys/sdt.h>
/* a page that nothing has touched is not in memory, and can't be read */
static char text[] = "A text";
void shop_sell(int n) { text[0] = 'a'; STAP_PROBE2(shop, sell, n, text); }
__attribute__((constructor)) static void begin(void) { STAP_PROBE1(shop, begin, 1); }
"""
LOAD = """
import ctypes
print("ready", flush=True)
input()
library = ctypes.CDLL(%r)
print("loaded", flush=True)
input()
for n in range(3):
    library.shop_sell(n)
"""
SELL = "shop:sell(n,text:str)"


def make_library(t):
    source, path = t.path("shop.c"), t.path("libshop.so")
    with open(source, "w", encoding="ascii") as file:
        file.write(LIBRARY)
    subprocess.run(["cc", "-O2", "-fPIC", "-shared", "-o", path, source], check=True)
    return path


def finish(app):
    app.process.stdin.write(b"exit\n")
    app.process.stdin.flush()
    app.end()


def test_foreign_library_is_late(t):
    """A running process loads it: what comes after that is recorded. A provider that is a glob need not
    be there yet; nor one of the catalogue."""
    path = make_library(t)
    app = t.start(PYTHON, "-c", LOAD % path)
    app.out.wait("ready")
    collector = t.collect("--usdt", SELL.replace("shop", "sho?"), "--usdt", "python:gc__done", "--on", "exit",
                          "-p", app.pid)
    collector.recording(app.pid)
    app.say()
    app.out.wait("loaded")
    collector.err.wait(f"ttlog-collect: pid {app.pid}: attached to {path} after loading: .*")
    app.say()
    app.end()
    collector.end()
    equal(t.only_snapshot().fields("sell", "n", "text"), [(n, "a text") for n in range(3)], "events")


def test_foreign_library_of_a_command(t):
    """The thread that loads it is held until it is attached to: its constructor is recorded, too."""
    path = make_library(t)
    script = t.path("load.py")
    with open(script, "w", encoding="ascii") as file:
        file.write(LOAD % path)
    t.collect("--usdt", SELL, "--usdt", "shop:*", "--on", "exit", "--", "/bin/sh", "-c",
              f"yes | {PYTHON} {script}").end()
    (snapshot,) = [one for one in t.snapshots() if one.of("sell")]
    equal([event["probe"] for event in snapshot.events if event["target"] == "shop"],
          ["begin", "sell", "sell", "sell"], "events")


def test_foreign_file_was_replaced(t):
    """By an upgrade: the process still runs the old one, which has no path any more."""
    path = t.app("foreign")
    app = t.start(path)
    app.out.wait("ready")
    shutil.copy("/bin/true", t.path("new"))
    os.rename(t.path("new"), path)
    collector = t.collect("--usdt", "foreign:work(n,negative,text:str)", "--on", "exit", "-p", app.pid)
    collector.recording(app.pid)
    order(app, "hit 2")
    finish(app)
    collector.end()
    equal(t.only_snapshot().fields("work", "n", "text"), [(0, "even"), (1, "odd")], "events")


def test_foreign_in_other_namespaces(t):
    """A program that only its own mount namespace has, with a pid of its own pid namespace."""
    inside = t.path("inside")
    os.mkdir(inside)
    app = t.start("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c",
                  f"mount -t tmpfs none {inside} && cp {t.app('foreign')} {inside}/hidden && exec {inside}/hidden")
    app.out.wait("ready")
    with open(f"/proc/{app.pid}/task/{app.pid}/children", encoding="ascii") as file:
        pid = int(file.read())
    collector = t.collect("--usdt", "foreign:plain", "--usdt", "foreign:text(bytes,text:str)", "--on", "exit",
                          "-p", pid)
    collector.recording(pid)
    order(app, "text 5", "plain")
    finish(app)
    collector.end()
    snapshot = t.only_snapshot()
    equal((snapshot.fields("text", "bytes", "text"), len(snapshot.of("plain"))), ([(5, "xxxxx")], 1), "events")
    equal(snapshot.info["ns_pid"], 1, "its pid in its namespace")
