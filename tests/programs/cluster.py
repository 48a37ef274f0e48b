# SPDX-License-Identifier: MIT
"""A PostgreSQL server of its own: its data and its socket are in a directory, and it has no port."""
import os
import pwd
import subprocess
import time

BIN = "/usr/lib/postgresql/15/bin"
POSTGRES = f"{BIN}/postgres"
DEADLINE_S = 300


class Cluster:
    """directory: must not exist. It survives no crash of the machine: it never waits for a disk."""

    def __init__(self, directory, *settings):
        self.directory, self.data = directory, os.path.join(directory, "data")
        self.log = os.path.join(directory, "log")
        self.env = {**os.environ, "PGHOST": directory, "PGUSER": "postgres", "PGDATABASE": "postgres"}
        os.mkdir(directory)
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(directory, user.pw_uid, user.pw_gid)
        self.run("initdb", "-D", self.data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync")
        words = ["fsync=off", "listen_addresses=", f"unix_socket_directories={directory}", *settings]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                self.command("postgres", "-D", self.data, *(f"--{word}" for word in words)),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.env)
        self.pid = self.process.pid
        self.wait_ready()

    def command(self, program, *args):
        """As the user postgres: the server refuses root."""
        drop = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        return [*(drop if os.geteuid() == 0 else []), f"{BIN}/{program}", *map(str, args)]

    def run(self, program, *args):
        """What it says."""
        done = subprocess.run(self.command(program, *args), stdin=subprocess.DEVNULL, env=self.env,
                              cwd="/", capture_output=True, timeout=DEADLINE_S, check=False)
        if done.returncode:
            raise OSError(f"{program}: status {done.returncode}: {done.stderr.decode()}")
        return done.stdout.decode()

    def start(self, program, *args):
        return subprocess.Popen(self.command(program, *args), stdin=subprocess.DEVNULL, env=self.env,
                                cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def sql(self, statement):
        return self.run("psql", "-qAtc", statement).strip()

    def wait_ready(self):
        end = time.monotonic() + DEADLINE_S
        while True:
            try:
                self.run("pg_isready", "-q")
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise OSError(f"postgres does not start: {self.said()}") from None
                time.sleep(0.01)

    def said(self):
        with open(self.log, encoding="utf-8") as log:
            return log.read()

    def processes(self):
        """The server and all that it started, itself first."""
        with open(f"/proc/{self.pid}/task/{self.pid}/children", encoding="ascii") as children:
            return [self.pid, *map(int, children.read().split())]

    def stop(self):
        """At once, but as the server itself does it."""
        if self.process.poll() is None:
            self.run("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")
        self.process.wait()
