# SPDX-License-Identifier: MIT
"""Arguments of USDT probes, wherever the compiler has put them (tests/apps/operands.c)."""
import os
import subprocess

from harness import TREE, Snapshot, check, equal

SOURCE = os.path.join(TREE, "tests", "apps", "operands.c")
PROBES = ("operands:locals(first,second,third,name:str)", "operands:inlined(n,name:str)",
          "operands:exact(a,b,c,d,e,f,g,h,i,j,text:str)", "operands:*")
BUILDS = [(compiler, *flags.split())
          for compiler in ("gcc", "clang")
          for flags in ("-O0 -fPIE -pie", "-O2 -fPIE -pie", "-O3 -fno-pie -no-pie", "-Os -static-pie -s")]


def test_foreign_operands(t):
    """Each event has the values that the program prints: by gcc and clang, optimised and not, and where
    the file is not loaded at the address that it was linked for. One without symbols has null there."""
    programs = []
    for number, build in enumerate(BUILDS):
        programs.append(t.path(f"operands{number}"))
        subprocess.run([*build, "-w", "-o", programs[-1], SOURCE], check=True)
    options = [word for probe in PROBES for word in ("--usdt", probe)]
    collector = t.collect(*options, "--on", "exit", "--", "/bin/sh", "-c",
                          "set -e; for program; do $program > $program.out; done", "sh", *programs,
                          env={**os.environ, "PATH": f"/usr/bin:{os.environ['PATH']}"})
    collector.end()
    snapshots = {os.path.basename(snapshot.info["exe"]): snapshot for snapshot in map(Snapshot, t.files())}
    for program, build in zip(programs, BUILDS):
        with open(f"{program}.out", encoding="ascii") as file:
            lines = file.read().splitlines()
        got = [[event["probe"], *map(str, event["fields"].values())]
               for event in snapshots[os.path.basename(program)].events]
        wanted = [line.split(" ", len(event) - 1) for line, event in zip(lines, got)]
        equal(len(got), len(lines), f"number of events of {build}")
        if "-s" in build:
            # what is at a symbol
            check("None" in got[-1][8:], f"{build}: {got[-1]}")
            wanted = [[null if null == "None" else value for value, null in zip(*both)]
                      for both in zip(wanted, got)]
        equal(got, wanted, f"values of {build}")
    for line in collector.err.all():
        check("can't" not in line and "invalid" not in line, line)
