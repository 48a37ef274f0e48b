# SPDX-License-Identifier: MIT
"""Processes that come and go: nothing grows with the number of those that have ended.

TTLOG_WEEKS is how many there are (4,000), half of them marked; `make check-weeks` takes 200,000."""
import os
import subprocess

from harness import DEADLINE_S, alone, check, equal, wait_until
from test_found import collect_all, collect_targets

COUNT = int(os.environ.get("TTLOG_WEEKS", "4000"))
WARM_UP = 2000
MAX_KIB = 24 << 10
MAX_DESCRIPTORS = 128 + 4 * os.cpu_count()  # none is of a process that has ended
MAX_THREADS = 2 * 64 + 32  # two work queues, which take more threads on a loaded machine, and keep them


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return int([line for line in status if line.startswith("RssAnon:")][0].split()[1])


def held(collector):
    return (resident_kib(collector.pid), len(os.listdir(f"/proc/{collector.pid}/fd")),
            len(os.listdir(f"/proc/{collector.pid}/task")))


def rings():
    return [name for _, _, names in os.walk("/run/ttlog") for name in names if name.endswith(".ring")]


def rest(collector):
    """Waits until what has ended is forgotten; returns what the collector holds then."""
    wait_until(lambda: len(rings()) <= 1, "the end of rings")
    wait_until(lambda: held(collector)[1] <= MAX_DESCRIPTORS, f"{MAX_DESCRIPTORS} descriptors or less")
    return held(collector)


def spawn_marked(path, cnt):
    """Each logs three events; one after another."""
    while cnt > 0:
        done = subprocess.run([path, "0", str(min(cnt, 1000))], capture_output=True, timeout=DEADLINE_S,
                              check=False)
        equal((done.returncode, done.stderr), (0, b""), "the spawned processes")
        cnt -= 1000


def spawn(path, cnt):
    """So many short processes: half of them are marked, the others run meanwhile."""
    loop = f"i=0; while [ $i -lt {cnt // 2} ]; do /bin/true; i=$((i + 1)); done"
    with subprocess.Popen(["sh", "-c", loop]) as unmarked:
        spawn_marked(path, cnt - cnt // 2)
        equal(unmarked.wait(max(DEADLINE_S, cnt // 10)), 0, "the unmarked processes")


def check_flat(t, collector, path):
    """One process of the file lives on: so the file's links and what belongs to it stay."""
    stays = t.start(t.app("beat"))
    stays.out.wait("ready")
    spawn(path, WARM_UP)
    before = rest(collector)
    spawn(path, COUNT)
    after = rest(collector)
    print(f"\n{COUNT} processes: KiB, descriptors, threads: {before}, then {after}", flush=True)
    check(after[0] <= before[0] + MAX_KIB, f"{before[0]} KiB before, {after[0]} KiB after")
    check(after[2] <= MAX_THREADS, f"{before[2]} threads before, {after[2]} after")
    collector.stop()


@alone
def test_weeks_of_all(t):
    children = t.app("children")
    check_flat(t, collect_all(t, "-s", "1M"), children)


@alone
def test_weeks_of_chosen_processes(t):
    """Each has links of its own; the parent of the short ones lives as long as they come."""
    children, beat = t.app("children"), t.app("beat")
    collector = collect_targets(t, f"[target x]\nexe = {children}\nexe = {beat}\n", "-s", "1M")
    check_flat(t, collector, children)
