# SPDX-License-Identifier: MIT
"""ttlog-ctl, run by a test, by root or by a made user; what its answers look like."""
import json
import os
import shutil
import subprocess

import jsonschema

from harness import CTL, DEADLINE_S, equal

GROUP, USER = 54323, 54321  # the group ttlog, and the user `guest`, in a test's own /etc

U64 = {"type": "integer", "minimum": 0}
TEXT = {"type": "string"}


def an_object(required, optional=()):
    return {"type": "object", "required": list(required), "additionalProperties": False,
            "properties": {**required, **dict(optional)}}


BUFFER = an_object({"bytes": U64, "used_bytes": U64})
LOST = an_object(dict.fromkeys(("total", "memory", "kernel_ring", "fault", "corrupt", "table_full"), U64))
COUNTS = {**dict.fromkeys(("emitted", "recorded", "overwritten", "bytes", "flushes"), U64), "lost": LOST}
IDENTITY = {**dict.fromkeys(("pid", "start_ns", "uid", "sites", "enabled_sites"), U64), "comm": TEXT,
            "ended": {"type": "boolean"}}
MORE_IDENTITY = {"ns_pid": U64, **dict.fromkeys(("service", "exe", "build_id", "cgroup", "unit", "container"), TEXT)}
SNAPSHOT_COUNT = an_object(dict.fromkeys(
    ("made", "failed", "suppressed", "events", "bytes", "duration_ns", "longest_ns"), U64))
PROGRAM = an_object({"name": TEXT, "runs": U64, "run_ns": U64, "missed": U64})
COLLECTOR = an_object(
    {**dict.fromkeys(("pid", "uptime_ns", "cpu_ns", "resident_bytes", "ring_memory_bytes", "untracked"), U64),
     "version": TEXT, "started_at": TEXT, "batches": BUFFER, "lifecycle": BUFFER,
     "programs": {"type": "array", "items": PROGRAM}},
    {"ring_memory_limit_bytes": U64})  # fmt: skip
PROCESS = an_object(
    {**IDENTITY, **COUNTS,
     **dict.fromkeys(("threads", "snapshots", "ring_bytes", "ring_used_bytes", "unsaved_bytes"), U64)},
    {**MORE_IDENTITY, **dict.fromkeys(("newest_age_ns", "durable_mono_ns", "streamed", "missed"), U64)})  # fmt: skip
STATUS = an_object({
    "version": {"const": 1}, "at": TEXT, "mono_ns": U64, "collector": COLLECTOR,
    "snapshots": an_object({"open": U64, "by_reason": {"type": "object", "additionalProperties": SNAPSHOT_COUNT}}),
    "processes": {"type": "array", "items": PROCESS},
    "ended": {"type": "array", "items": an_object({"processes": U64, **COUNTS}, {"service": TEXT})},
    "changes": {"type": "array", "items": an_object(
        {"level": TEXT}, {"pid": U64, "service": TEXT, "target": TEXT, "left_ns": U64})},
}, {"filter": {"type": "array", "items": TEXT}})  # fmt: skip
LIST = an_object({
    "version": {"const": 1}, "collector": an_object({"pid": U64}),
    "processes": {"type": "array", "items": an_object(IDENTITY, MORE_IDENTITY)},
})  # fmt: skip


def ctl(*args, status=0, as_user=None):
    """(stdout, stderr) of ttlog-ctl, which must end with that status."""
    before = ["setpriv", *as_user] if as_user else []
    done = subprocess.run([*before, CTL, *map(str, args)], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=DEADLINE_S, check=False)  # fmt: skip
    out, errors = done.stdout.decode(), done.stderr.decode()
    equal(done.returncode, status, f"status of ttlog-ctl {args}: {out}{errors}")
    return out, errors


def answers(command, *args, as_user=None):
    """The answers of all collectors, checked by their schema."""
    out, errors = ctl("--format", "json", command, *args, as_user=as_user)
    equal(errors, "", "errors")
    objects = [json.loads(line) for line in out.splitlines()]
    for answer in objects:
        jsonschema.validate(answer, STATUS if command == "status" else LIST)
    return objects


def only_process(pid):
    """The status of a process."""
    (answer,) = answers("status", "-p", pid)
    (process,) = answer["processes"]
    return process


def make_group(t, members=""):
    """The group ttlog and the user guest, for this test alone. Returns what setpriv needs to be
    guest, in that group and not."""
    for name, line in (("group", f"ttlog:x:{GROUP}:{members}\n"), ("passwd", f"guest:x:{USER}:{USER}::/:/bin/sh\n")):
        path = t.path("etc-" + name)
        shutil.copy("/etc/" + name, path)
        with open(path, "a", encoding="utf-8") as file:
            file.write(line)
        os.chmod(path, 0o644)
        subprocess.run(["mount", "--bind", path, "/etc/" + name], check=True)
    guest = [f"--reuid={USER}", f"--regid={USER}"]
    return [*guest, f"--groups={GROUP}"], [*guest, "--clear-groups"]
