# SPDX-License-Identifier: MIT
"""Memory cgroups, v1 or v2, which limit the memory of the processes in them; no swap."""
import contextlib
import os
import signal

from harness import Skip, wait_until

KINDS = (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max"))
MIB = 1 << 20


@contextlib.contextmanager
def memory_group(limit):
    """The group's directory, until all processes in it have ended; limit None: no limit."""
    for root, name in KINDS:
        path = os.path.join(root, f"ttlog-test-{os.getpid()}")
        try:
            os.mkdir(path)
        except OSError:
            continue
        if os.path.exists(os.path.join(path, name)):
            break
        os.rmdir(path)
    else:
        raise Skip("no memory cgroup can be made here")
    try:
        settings = [(name, limit), ("memory.swap.max", 0), ("memory.memsw.limit_in_bytes", limit)]
        for name, value in settings if limit else ():
            if os.path.exists(os.path.join(path, name)):
                write(path, name, value)
        yield path
    finally:
        # of a test that failed
        for pid in read(path, "cgroup.procs").split():
            os.kill(int(pid), signal.SIGKILL)
        wait_until(lambda: not read(path, "cgroup.procs"), "the end of all in the memory cgroup")
        os.rmdir(path)


def write(group, name, value):
    with open(os.path.join(group, name), "w", encoding="ascii") as file:
        file.write(str(value))


def read(group, name):
    with open(os.path.join(group, name), encoding="ascii") as file:
        return file.read()


def join(group, pid):
    write(group, "cgroup.procs", pid)


def used_bytes(group):
    for name in ("memory.usage_in_bytes", "memory.current"):
        if os.path.exists(os.path.join(group, name)):
            return int(read(group, name))
    raise AssertionError(group)
