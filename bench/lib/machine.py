# SPDX-License-Identifier: MIT
"""The machine of the figures, and how quiet it was."""
import contextlib
import os
import platform
import re
import subprocess


def cpu_model():
    with open('/proc/cpuinfo') as file:
        found = re.search(r'^(?:model name|CPU part)\s*:\s*(.*)$', file.read(), re.M)
    return found.group(1) if found else platform.machine()


@contextlib.contextmanager
def mappings(wanted):
    """Allows processes `wanted` mappings for a while, if we may; yields the number allowed."""
    path = '/proc/sys/vm/max_map_count'
    with open(path) as file:
        allowed = int(file.read())
    if wanted <= allowed or not os.access(path, os.W_OK):
        yield allowed
        return
    write(path, wanted)
    try:
        yield wanted
    finally:
        write(path, allowed)


def write(path, value):
    with open(path, 'w') as file:
        file.write(str(value))


def mem_kib(name):
    with open('/proc/meminfo') as file:
        return int(re.search(rf'^{name}:\s*(\d+)', file.read(), re.M).group(1))


def first_line_of(argv, cwd=None):
    try:
        done = subprocess.run(argv, capture_output=True, text=True, cwd=cwd, timeout=20,
                              check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip().splitlines()[0] if done.stdout.strip() else None


def package_version(name):
    return first_line_of(['dpkg-query', '-W', '-f', '${Version}', name])


def cpu_ticks():
    """(busy, stolen, all) of the whole machine."""
    with open('/proc/stat') as file:
        ticks = [int(word) for word in file.readline().split()[1:9]]
    return sum(ticks) - ticks[3] - ticks[4], ticks[7], sum(ticks)


def describe(bench):
    peers = {}
    if not bench.args.no_peers:
        for name in ('lttng-tools', 'liblttng-ust-dev', 'libspdlog-dev', 'bpftrace', 'linux-perf',
                     'babeltrace2'):
            peers[name] = package_version(name)
    dirty = first_line_of(['git', 'status', '--porcelain', '--untracked-files=no'], bench.root)
    commit = first_line_of(['git', 'rev-parse', '--short', 'HEAD'], bench.root)
    return {
        'cpu': cpu_model(), 'cpus': os.cpu_count(), 'memory_mib': mem_kib('MemTotal') // 1024,
        'kernel': platform.release(), 'machine': platform.machine(),
        'compiler': first_line_of(['gcc', '--version']),
        'commit': f'{commit}{" and changes" if dirty else ""}' if commit else None,
        'load_at_start': os.getloadavg()[0], 'peers': peers, 'quick': bench.quick,
        'runs': bench.runs,
    }
