# SPDX-License-Identifier: MIT
"""Programs crash, and servers, networks, disks, collectors and shippers fail at random: nothing that was written is missing.

FLEET_S: for so many seconds; FLEET_SEED: with the faults of an earlier run.
"""
import os
import random

from fleet_check import Content, ask_any, make_well
from fleet_faults import Faults
from fleet_load import LINES, Copies, Crashes, Recorder, Seen, Shipper, digest_of
from fleet_net import COUNT, Node, absent, address_of, isolate
from harness import check, equal

SECONDS = float(os.environ.get("FLEET_S", 90))
SEED = os.environ.get("FLEET_SEED") or str(random.randrange(10**6))
MOST_KIB = 32 << 10
IDLE_S = 300
# what comes in that time is half of it
DISK_MIB = 128 + int(2 * SECONDS)
URL = "nats://" + ",".join(f"{address_of(number)}:4222" for number in range(COUNT))


def start_servers(t):
    isolate()
    nodes = [Node(t.dir, number, DISK_MIB) for number in range(COUNT)]
    t.programs += nodes
    for node in nodes:
        node.start()
    return nodes


def streams_of(*buckets):
    return [kind + bucket for bucket in buckets for kind in ("OBJ_", "TTLOG_INDEX_")]


def check_bucket(nodes, bucket, digests):
    content = ask_any(nodes, lambda client: Content(client, bucket))
    check(content, f"{bucket} can't be read")
    content.check(digests)
    return content


def say(text):
    print("# " + text, flush=True)


def figures(bucket, shipper, content):
    size = sum(size for _, size in content.chunks.values())
    said = ", ".join(f"{shipper.lines[kind]} {kind}" for kind in LINES)
    say(f"{bucket}: {len(content.metas)} files, {size / 1e6:.1f} MB; shipper: killed {shipper.kills} times, at most "
        f"{shipper.most_kib / 1024:.1f} MiB, {said}")  # fmt: skip


def test_faults_lose_nothing(t):
    """A directory that keeps all, and one whose oldest files go while the shipper can't follow."""
    say(f"FLEET_S={SECONDS:g} FLEET_SEED={SEED}")
    nodes = start_servers(t)
    say(absent())
    kept, few = t.path("kept"), t.path("few")
    recorder = Recorder(t, t.app("crash"), kept)
    second = Recorder(t, t.app("crash", t.path("other")), few, "--max-snapshots", 12)
    seen = Seen(few)
    shipper = Shipper(t, "kept", kept, [URL + "/kept"])
    slow = Shipper(t, "few", few, [URL + "/few"], "--rate", "64K")
    proven = Seen(slow.marks)
    crashes = [Crashes(recorder.app, SEED, 1.2), Crashes(second.app, SEED, 0.6)]
    copies = Copies(kept, t.path("scratch"), SEED, 4)
    t.programs += [*crashes, copies]
    make_well(nodes, streams_of("kept", "few"))
    faults = Faults(nodes, shipper, recorder, streams_of("kept", "few"), SEED, SECONDS)
    faults.run()
    for one in (*crashes, copies):
        one.discard()
    recorder.stop()
    second.stop()
    restarted = make_well(nodes, streams_of("kept", "few"))
    faults.say(f"all servers are well; {restarted} had to be started again")
    for one in (shipper, slow):
        one.stop()
        one.start_anew()
    for one in (shipper, slow):
        one.wait_idle(IDLE_S)
        one.stop()
    faults.say("all files are audited")
    say(", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in sorted(faults.counts.items())))
    say(f"{sum(one.count for one in crashes)} programs died; the collector was killed {recorder.kills} times")
    figures("kept", shipper, check_bucket(nodes, "kept", {name: digest_of(os.path.join(kept, name)) for name in os.listdir(kept)}))
    check_dropped(nodes, few, seen, proven, slow)
    for one in (shipper, slow):
        check(one.most_kib <= MOST_KIB, f"memory of a shipper: {one.most_kib} KiB")


def check_dropped(nodes, few, seen, proven, slow):
    """What retention deleted before it was sent is counted. What the servers lost when it was not here any more can't be
    mended: of that it was proven before that they had it."""
    content = ask_any(nodes, lambda client: Content(client, "few"))
    there = {name.rsplit("/", 1)[1] for name in content.metas}
    missing = set(seen.digests) - there
    equal(sorted(missing & set(os.listdir(few))), [], "files that are still here, and not there")
    lost = missing & set(proven.digests)
    gone = set(seen.digests) - set(os.listdir(few))
    rest = content.check({name: seen.digests[name] for name in there}, gone, is_lost=len(missing) > slow.gone)
    figures("few", slow, content)
    check(len(missing - lost) <= slow.gone + slow.unproven and slow.gone <= len(missing),
          f"{len(missing)} files are missing, {len(missing - lost)} were never proven; ttlog-ship says that {slow.gone} were "
          f"gone, {slow.unproven} unproven")  # fmt: skip
    say(f"of {len(seen.digests)} files retention deleted {slow.gone} before they were sent, {slow.unproven} before their audit; "
        f"{len(missing)} are missing: all counted by ttlog-ship")  # fmt: skip
    say(f"{len(lost)} of these the servers lost after it was proven that they had them, and they were deleted here; "
        f"{rest[0]} messages of the index, {rest[1]} objects in part and {rest[2]} chunk subjects are left of such files")  # fmt: skip
