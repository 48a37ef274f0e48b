#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""--to-sqlite, and --sql without a statement: view_sql_shell.py TTLOG-VIEW. Run from the top of the
tree."""
import json
import os
import pty
import re
import resource
import select
import signal
import sqlite3
import subprocess
import sys
import tempfile
import termios
import time

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

from sql_fixture import GOLDEN, OVERLAP, big, message, sql  # noqa: E402
from view_harness import DEADLINE_S, VIEW, run, view  # noqa: E402


def test_forms():
    statement = "SELECT 1 AS a, 'x,\"y' AS b, NULL AS c, 1.5 AS d, x'00ff' AS e"
    assert view("--format", "csv", "--sql", statement, GOLDEN) == 'a,b,c,d,e\r\n1,"x,""y",,1.5,00ff\r\n'
    assert sql(statement, GOLDEN) == [{"a": 1, "b": 'x,"y', "c": None, "d": 1.5, "e": "00ff"}]
    text = view("--sql", "SELECT 'a' AS name, 10 AS n UNION ALL SELECT 'long', 7", GOLDEN)
    assert text == "name   n\na     10\nlong   7\n", text
    many = "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c LIMIT 2000) SELECT i FROM c"
    assert [int(line) for line in view("--sql", many, GOLDEN).splitlines()[1:]] == list(range(1, 2001))


# ---- --to-sqlite ----


def test_to_sqlite():
    """Python's sqlite3 and the sqlite3 program read what --sql shows."""
    with tempfile.TemporaryDirectory() as folder:
        path, target = big(folder), os.path.join(folder, "to.db")
        assert view("--to-sqlite", target, path) == ""
        db = sqlite3.connect("file:%s?mode=ro" % target, uri=True)
        rows = sql("SELECT * FROM events", path)
        names = [column[0] for column in db.execute("SELECT * FROM events LIMIT 1").description]
        assert names == list(rows[0])
        for row, copied in zip(rows, db.execute("SELECT * FROM events ORDER BY rowid")):
            for name, value in zip(names, copied):
                if name == "fields":
                    value = json.loads(value)
                elif name == "big" and value is not None:
                    # beyond 2^63 - 1 a column of integers makes a double of it; `fields` is exact
                    assert float(value) == float(row[name])
                    continue
                assert value == row[name], (name, value, row[name])
        assert db.execute("SELECT count(*) FROM events").fetchone() == (len(rows),)
        plan_text = str(db.execute("EXPLAIN QUERY PLAN SELECT * FROM events WHERE ts = '2'").fetchall())
        assert "events_ts" in plan_text, plan_text
        db.close()
        text = subprocess.run(["sqlite3", "-readonly", target, "PRAGMA integrity_check", "SELECT sum(n) FROM events"],
                              capture_output=True, text=True, timeout=DEADLINE_S, check=True).stdout  # fmt: skip
        assert text.split() == ["ok", str(sum(r["n"] or 0 for r in rows))]
        # never over a file, and no half database is left
        before = os.stat(target)
        assert "already" in message("--to-sqlite", target, GOLDEN, status=1)
        assert os.stat(target).st_mtime_ns == before.st_mtime_ns
        message("--to-sqlite", os.path.join(folder, "no", "x.db"), GOLDEN, status=1)
        assert sorted(os.listdir(folder)) == ["made.bin", "to.db"]
        with open(GOLDEN, "rb") as source, open(path, "wb") as to:
            to.write(source.read()[:-100])
        text = message("--to-sqlite", os.path.join(folder, "cut.db"), path, status=1)
        assert path in text and os.path.exists(os.path.join(folder, "cut.db"))


def test_to_sqlite_tables():
    """The other tables, row by row."""
    with tempfile.TemporaryDirectory() as folder:
        target = os.path.join(folder, "to.db")
        view("--to-sqlite", target, GOLDEN, *OVERLAP)
        db = sqlite3.connect(target)
        for table in ("spans", "threads", "sites", "frames", "registers", "losses", "snapshots"):
            expected = sql("SELECT * FROM %s" % table, GOLDEN, *OVERLAP)
            got = db.execute("SELECT * FROM %s" % table).fetchall()
            assert len(got) == len(expected) > 0, table
            for row, values in zip(expected, got):
                for (name, want), value in zip(row.items(), values):
                    assert (json.loads(value) if name == "fields" else value) == want, (table, name)
        db.close()


def test_to_sqlite_where_there_are_no_hard_links():
    """A file system may have no hard links, as vfat, or not know RENAME_NOREPLACE, as NFS, or
    neither, as exFAT."""
    injected = {"linkat": "EPERM", "renameat2": "EINVAL"}

    def write(target, *names):
        rules = ["inject=%s:error=%s" % (name, injected[name]) for name in names]
        return subprocess.run(["strace", "-f", "-o", "/dev/null", *("-e" + rule for rule in rules), VIEW, "--to-sqlite", target,
                               GOLDEN], capture_output=True, timeout=DEADLINE_S).returncode  # fmt: skip

    with tempfile.TemporaryDirectory() as folder:
        for names in (["linkat"], ["renameat2"], ["linkat", "renameat2"]):
            target = os.path.join(folder, "-".join(names) + ".db")
            assert write(target, *names) == 0
            assert sqlite3.connect(target).execute("SELECT count(*) FROM events").fetchone() == (14,)
            # an existing file stays
            with open(target, "wb") as file:
                file.write(b"another")
            assert write(target, *names) == 1
            with open(target, "rb") as file:
                assert file.read() == b"another"
        assert sorted(os.listdir(folder)) == ["linkat-renameat2.db", "linkat.db", "renameat2.db"]


def test_out_of_memory():
    """The message says so, and does not blame the statement."""

    def limit():
        resource.setrlimit(resource.RLIMIT_DATA, (100 << 20, 100 << 20))

    for statement in ("SELECT length(hex(zeroblob(400000000)))", "SELECT zeroblob(90000000) AS a"):
        told = subprocess.run([VIEW, "--sql=" + statement, GOLDEN], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              timeout=DEADLINE_S, preexec_fn=limit)  # fmt: skip
        assert told.returncode == 1 and b"memory" in told.stderr, (statement, told)


# ---- The shell ----


class Shell:
    """ttlog-view --sql on a terminal."""

    def __init__(self, folder, *args):
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.environ.update(XDG_STATE_HOME=folder, TERM="dumb", LC_ALL="C.UTF-8")
            os.execv(VIEW, [VIEW, "--sql", *args])
        self.text, self.at = "", 0

    def until(self, what):
        """The output up to that text, from the end of the last one on."""
        deadline = time.monotonic() + DEADLINE_S
        while what not in self.text[self.at:]:
            ready, _, _ = select.select([self.fd], [], [], max(0, deadline - time.monotonic()))
            assert ready, (what, self.text)
            self.text += os.read(self.fd, 65536).decode()
        end = self.text.index(what, self.at) + len(what)
        text, self.at = self.text[self.at:end], end
        return text

    def send(self, text):
        os.write(self.fd, text.encode())

    def say(self, line, answer, prompt="ttlog> "):
        self.send(line + "\r")
        text = self.until(prompt)
        assert answer in text, (line, text)

    def end(self):
        try:
            while os.read(self.fd, 65536):
                pass
        except OSError:
            pass
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def busy(pid):
    """Waits until the process has used some time: its statement runs."""
    deadline, begin = time.monotonic() + DEADLINE_S, None
    while time.monotonic() < deadline:
        with open("/proc/%d/stat" % pid) as file:
            used = int(file.read().rsplit(")", 1)[1].split()[11])
        begin = used if begin is None else begin
        if used > begin + 5:
            return
        time.sleep(0.01)
    raise AssertionError("it does not run")


def test_commands():
    """The shell's commands work without a terminal, too."""
    tables = view("--sql", ".tables", GOLDEN).split()
    assert tables[0] == "name" and {"events", "spans", "frames"} <= set(tables)
    assert [row["column"] for row in sql(".schema losses", GOLDEN)] == ["snapshot", "cause", "count"]
    told = subprocess.run([VIEW, "--sql", GOLDEN, "--format", "table"], capture_output=True, timeout=DEADLINE_S,
                          input=b".mode csv\n\nSELECT 1 AS a,\n2 AS b;\n.tables\n.quit\nSELECT 3;\n")  # fmt: skip
    assert told.returncode == 0 and told.stdout.split()[:3] == [b"a,b", b"1,2", b"name"] and b"3" not in told.stdout
    assert "no such command" in message("--sql", ".nothing", GOLDEN, status=2)
    assert "no such command" in message("--sql", GOLDEN, status=2, stdin=".nothing\nSELECT 1;")
    assert "No such file" in message("--sql", "./nothing.bin", status=1)


def test_shell():
    with tempfile.TemporaryDirectory() as folder:
        shell = Shell(folder, GOLDEN)
        shell.until("ttlog> ")
        shell.say(".tables", "snapshots")
        shell.say(".schema frames", "build_id")
        shell.say("SELECT count(*) AS n", "", prompt="...> ")
        shell.say("FROM events;", "14")
        shell.say(".mode json", "")
        shell.say("SELECT 'x' AS a;", '{"a":"x"}')
        shell.say("SELECT 'x' AS a;", '{"a":"x"}')
        shell.say("SELEC;", "syntax error")
        shell.say(".nothing", "no such command")
        shell.say("SELECT 'gr\u00fc\u00df' AS \u4e2d;", '{"\u4e2d":"gr\u00fc\u00df"}')
        # Ctrl-C ends a statement that would take forever, and a line
        shell.send("WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT max(i) FROM c;\r")
        shell.until("FROM c;")
        busy(shell.pid)
        os.kill(shell.pid, signal.SIGINT)
        assert "interrupted" in shell.until("ttlog> ")
        shell.say("SELECT", "", prompt="...> ")
        shell.send("\x03")
        shell.until("ttlog> ")
        # changed tables are read again
        shell.say("CREATE TABLE t(i);", "")
        for n in (0, 1, 2):
            shell.say("SELECT count(*) AS n FROM t;", '{"n":%d}' % n)
            shell.say("SELECT count(*) AS n FROM t;", '{"n":%d}' % n)
            shell.say("INSERT INTO t VALUES (1);", "")
        shell.send(".quit\r")
        assert shell.end() == 0
        history = os.path.join(folder, "ttlog", "sql_history")
        with open(history) as file:
            assert "count" in file.read()
        assert os.stat(history).st_mode & 0o77 == 0


def wait_until(condition):
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_ctrl_c_while_a_line_is_drawn():
    """It ends the line only while the editor waits for a key: elsewhere the editor may be in the
    middle of anything."""

    def status_of(pid, name):
        with open("/proc/%d/%s" % (pid, name)) as file:
            return file.read()

    with tempfile.TemporaryDirectory() as folder:
        shell = Shell(folder, GOLDEN)
        shell.until("ttlog> ")
        slave = os.open("/proc/%d/fd/0" % shell.pid, os.O_RDWR | os.O_NOCTTY)
        termios.tcflow(slave, termios.TCOOFF)
        shell.send("SELECT 1")
        wait_until(lambda: re.search("wait_woken|tty_write", status_of(shell.pid, "wchan")))
        blocked = int(re.search(r"SigBlk:\s*(\w+)", status_of(shell.pid, "status")).group(1), 16)
        os.kill(shell.pid, signal.SIGINT)
        termios.tcflow(slave, termios.TCOON)
        os.close(slave)
        shell.until("^C")
        shell.until("ttlog> ")
        shell.say("SELECT 'gr\u00fc\u00df' AS a;", "gr\u00fc\u00df")
        # bytes that are no character are left out, and no other character is lost
        os.write(shell.fd, b"SELECT 'x\xffy\xc3z' AS a;\r")
        assert "xyz" in shell.until("ttlog> ").rsplit("AS a;", 1)[1]
        shell.send("\x04")
        assert shell.end() == 0
        assert blocked & 1 << signal.SIGINT - 1, hex(blocked)


if __name__ == "__main__":
    run(globals())
