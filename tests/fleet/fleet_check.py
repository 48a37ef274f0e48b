# SPDX-License-Identifier: MIT
"""Whether a bucket has what was written: by NATS's protocol alone, message by message."""
import base64
import collections
import hashlib
import json
import time

from harness import check, equal
from nats_client import NatsClient, NatsError

HEALING_S = 300
PATIENCE_S = 20


def ask_any(nodes, question):
    """As nats_client's ask, of any server that answers now; None: none does."""
    for node in nodes:
        try:
            with NatsClient(4222, host=node.address, answer_s=3) as client:
                return question(client)
        except (TimeoutError, NatsError, OSError):
            continue
    return None


def not_well(nodes, stream):
    """Numbers of servers that have not all of a stream now; None: there is no leader."""
    info = ask_any(nodes, lambda client: client.api("STREAM.INFO." + stream))
    cluster = info and info["cluster"]
    if not cluster or not cluster.get("leader"):
        return None
    well = {cluster["leader"]} | {one["name"] for one in cluster["replicas"] if one["current"] and not one.get("offline")}
    return [node.number for node in nodes if f"s{node.number}" not in well]


def make_well(nodes, streams):
    """Waits until all servers have all. One that does not get there is started again, as people would; how often."""
    restarts = 0
    end = time.monotonic() + HEALING_S
    for stream in streams:
        next_restart = time.monotonic() + PATIENCE_S
        while (bad := not_well(nodes, stream)) != []:
            check(time.monotonic() < end, f"{stream}: after {HEALING_S} s these servers are not well: {bad}")
            if time.monotonic() > next_restart:
                for node in nodes:
                    if bad is None or node.number in bad:
                        node.server.kill()
                        node.server.start()
                        restarts += 1
                next_restart = time.monotonic() + PATIENCE_S
            time.sleep(0.05)
    return restarts


class Content:
    """All messages of a bucket and of its index."""

    def __init__(self, client, bucket):
        self.chunks = {}  # by nuid: how many, bytes, digest
        self.metas = collections.defaultdict(list)  # by name
        self.index = collections.defaultdict(list)  # by name
        hashes = {}
        for subject, data in messages(client, "OBJ_" + bucket):
            kind, name = subject.removeprefix(f"$O.{bucket}.").split(".", 1)
            if kind == "C":
                count, size = self.chunks.get(name, (0, 0))
                self.chunks[name] = (count + 1, size + len(data))
                hashes.setdefault(name, hashlib.sha256()).update(data)
            else:
                meta = json.loads(data)
                self.metas[meta["name"]].append(meta)
        self.digests = {nuid: one.digest() for nuid, one in hashes.items()}
        for subject, data in messages(client, "TTLOG_INDEX_" + bucket):
            message = json.loads(data)
            self.index[message["object"]].append((subject, message))

    def check(self, digests, gone=(), is_lost=False):
        """digests: in hexadecimal, by file name, of all that must be there, and nothing else. gone: files that are not here
        any more; is_lost: of these the servers lost some. How many messages of the index, objects that are not whole or
        have no message, and chunks are left of those."""
        by_file = {name.rsplit("/", 1)[1]: metas for name, metas in self.metas.items()}
        equal(sorted(by_file), sorted(digests), "files of the bucket")
        nuids, partly = set(), 0
        for name, metas in self.metas.items():
            file = name.rsplit("/", 1)[1]
            equal(len(metas), 1, f"messages of {name}")
            nuids.add(metas[0]["nuid"])
            if file in gone and not self.is_whole(metas[0]):
                partly += 1
                continue
            self._check_object(metas[0], digests[file])
            self._check_index(metas[0], digests[file])
        index, nuids = set(self.index) - set(self.metas), set(self.chunks) - nuids
        equal(sorted(name for name in index if name.rsplit("/", 1)[1] not in gone), [], "of the index, without an object")
        check(is_lost or not nuids, f"chunks of no object: {sorted(nuids)}")
        return len(index), partly, len(nuids)

    def is_whole(self, meta):
        return self.chunks.get(meta["nuid"]) == (meta["chunks"], meta["size"]) and meta["name"] in self.index

    def _check_object(self, meta, digest):
        name = meta["name"]
        count, size = self.chunks.get(meta["nuid"], (0, 0))
        equal((count, size), (meta["chunks"], meta["size"]), f"chunks and bytes of {name}")
        equal(self.digests[meta["nuid"]].hex(), digest, f"digest of {name}")
        equal(meta["digest"], said_of(digest), f"what the bucket says of {name}")

    def _check_index(self, meta, digest):
        name = meta["name"]
        equal(len(self.index[name]), 1, f"messages of the index for {name}")
        ((subject, message),) = self.index[name]
        equal((message["digest"], message["size"]), (said_of(digest), meta["size"]), f"what the index says of {name}")
        check(subject.endswith("." + digest), f"subject {subject} of {name}")


def said_of(digest):
    """As objects have it."""
    return "SHA-256=" + base64.urlsafe_b64encode(bytes.fromhex(digest)).decode()


def messages(client, stream):
    """(subject, payload) of each, in their order, as the leader has them."""
    at = 1
    while True:
        answer = client.api("STREAM.MSG.GET." + stream, seq=at, next_by_subj=">")
        if not answer:
            return
        message = answer["message"]
        yield message["subject"], base64.b64decode(message.get("data", ""))
        at = message["seq"] + 1
