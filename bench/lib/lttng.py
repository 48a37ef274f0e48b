# SPDX-License-Identifier: MIT
"""LTTng-UST: our own session daemon, sessions, and how many events they lose."""
import contextlib
import json
import os
import re
import shutil
import time

from .process import Failed, Process, Unavailable, children_of, cpu_seconds_of, run

# As much memory as our flight ring, 64 MiB: LTTng has one buffer per CPU.
RING_MIB = 64


class Lttng:
    def __init__(self, bench):
        self.bench = bench
        self.daemon = None
        self.why_not = None if shutil.which('lttng-sessiond') else 'lttng-tools is not installed'
        self.sessions = 0
        # programs wait until the daemon knows them, so their first event counts
        self.app_env = {'LTTNG_UST_REGISTER_TIMEOUT': '-1'}

    def start(self):
        if self.why_not:
            raise Unavailable(self.why_not)
        if self.daemon:
            return
        self.home = self.bench.fresh_dir('lttng')
        self.env = {'LTTNG_HOME': self.home, 'HOME': self.home}
        self.daemon = Process(['lttng-sessiond', '--no-kernel', '--quiet'], env=self.env)
        for _ in range(100):
            if run(['lttng', 'list'], env=self.env).status == 0:
                return
            time.sleep(0.05)
        self.why_not = 'lttng-sessiond does not answer'
        self.stop()
        raise Unavailable(self.why_not)

    def stop(self):
        if not self.daemon:
            return
        self.daemon.signal()
        with contextlib.suppress(Failed):
            self.daemon.wait(20)
        self.daemon = None

    def tell(self, *words):
        return run(['lttng', *words], env=self.env).check()

    def daemon_cpu_s(self):
        pids = [self.daemon.pid, *children_of(self.daemon.pid)]
        return sum(cpu_seconds_of(pid) for pid in pids)

    def subbuffers(self):
        """How many of 1 MiB each CPU gets; the number must be a power of two."""
        return 1 << max((RING_MIB // os.cpu_count()).bit_length() - 1, 1)

    @contextlib.contextmanager
    def session(self, mode, subbuffers=None):
        """
        mode: 'snapshot' (overwrite, as much memory as ours), 'snapshot-default' (overwrite, its own
        sizes), 'disk' (writes to disk all the time; a full buffer discards events).
        """
        self.start()
        self.sessions += 1
        name = f'bench{self.sessions}'
        out = self.bench.fresh_dir('ctf')
        channel = ['enable-channel', '-u', '-s', name, 'events']
        if mode != 'snapshot-default':
            channel += ['--subbuf-size=1M', f'--num-subbuf={subbuffers or self.subbuffers()}']
        if mode == 'disk':
            self.tell('create', name, f'--output={out}')
        else:
            self.tell('create', name, '--snapshot', f'--output={out}')
            channel += ['--overwrite']
        try:
            self.tell(*channel)
            self.tell('enable-event', '-u', '-s', name, '-c', 'events', 'bench:*')
            self.tell('start', name)
            yield Session(self, name, out)
        finally:
            run(['lttng', 'destroy', name], env=self.env)
            shutil.rmtree(out, ignore_errors=True)

    def record(self, mode, program, args):
        """Runs a program in a session: its JSON, what was discarded, CPU of it and the daemons."""
        program = self.bench.program(program)
        with self.session(mode) as session:
            before = self.daemon_cpu_s()
            ended = run([program, *args], env=self.app_env, timeout=300).check()
            discarded = session.stop()
            cpu_s = ended.cpu_s + self.daemon_cpu_s() - before
        return json.loads(ended.out), discarded, cpu_s


class Session:
    def __init__(self, owner, name, out):
        self.owner, self.name, self.out = owner, name, out

    def stop(self):
        """Ends tracing; returns how many events were discarded (overwrite mode discards none)."""
        self.owner.tell('stop', self.name)
        listing = self.owner.tell('list', self.name).out
        return sum(int(n) for n in re.findall(r'Discarded events:\s*(\d+)', listing))

    def snapshot(self):
        """Writes a snapshot; seconds until the command is done (it does not wait for the disk)."""
        return self.owner.tell('snapshot', 'record', '-s', self.name).seconds

    def bytes_on_disk(self):
        return sum(os.path.getsize(os.path.join(folder, name))
                   for folder, _, names in os.walk(self.out) for name in names)
