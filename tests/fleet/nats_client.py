# SPDX-License-Identifier: MIT
"""NATS's protocol as far as tests need it: requests, JetStream's API, objects of a bucket."""
import base64
import hashlib
import json
import socket
import ssl
import time

DEADLINE_S = 60
# A request is lost that comes while a cluster has no leader.
ANSWER_S = 3


class NatsError(Exception):
    pass


def ask(port, question, host="127.0.0.1"):
    """What question() of a client gives; asked again, by a new connection, while there is no answer."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        try:
            with NatsClient(port, answer_s=ANSWER_S, host=host) as client:
                return question(client)
        except TimeoutError:
            if time.monotonic() > deadline:
                raise


class NatsClient:
    """tls: (CA, certificate, key)."""

    def __init__(self, port, tls=None, inbox="_INBOX.test", answer_s=DEADLINE_S, host="127.0.0.1", **options):
        self.socket = socket.create_connection((host, port), timeout=answer_s)
        info = b""
        while not info.endswith(b"\n"):
            byte = self.socket.recv(1)
            if not byte:
                raise NatsError("the connection ended")
            info += byte
        assert info.startswith(b"INFO "), info
        if tls:
            context = ssl.create_default_context(cafile=tls[0])
            context.load_cert_chain(*tls[1:])
            self.socket = context.wrap_socket(self.socket, server_hostname=host)
        self.file = self.socket.makefile("rb")
        self.inbox = inbox
        self.requests = 0
        options = {"verbose": False, "headers": True, "no_responders": True, **options}
        self._write("CONNECT %s\r\nSUB %s.* 1\r\n" % (json.dumps(options), self.inbox))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def _write(self, text):
        self.socket.sendall(text.encode() if isinstance(text, str) else text)

    def _read(self):
        """(subject, headers, payload) of the next message."""
        while True:
            words = self.file.readline().split()
            if not words:
                raise NatsError("the connection ended")
            if words[0] == b"PING":
                self._write("PONG\r\n")
            elif words[0] == b"-ERR":
                raise NatsError(b" ".join(words).decode())
            elif words[0] in (b"MSG", b"HMSG"):
                body = self.file.read(int(words[-1]) + 2)[:-2]
                cut = int(words[-2]) if words[0] == b"HMSG" else 0
                return words[1].decode(), body[:cut], body[cut:]

    def try_to(self, line):
        """Sends a line of the protocol; what the server says against it, or None."""
        self._write(line + "\r\nPING\r\n")
        said = None
        while True:
            answer = self.file.readline()
            if answer.startswith(b"-ERR"):
                said = answer.decode().strip()
            if answer.strip() == b"PONG":
                return said
            if not answer:
                raise NatsError("the connection ended")

    def request(self, subject, payload=b""):
        """(headers, payload) of the answer."""
        self.requests += 1
        reply = "%s.%d" % (self.inbox, self.requests)
        self._write(b"PUB %s %s %d\r\n%s\r\n" % (subject.encode(), reply.encode(), len(payload), payload))
        while True:
            to, headers, answer = self._read()
            if to == reply:
                return headers, answer

    def api(self, command, **arguments):
        """JetStream's API; None: there is no such thing."""
        headers, answer = self.request("$JS.API." + command, json.dumps(arguments).encode())
        if b" 503" in headers[:16]:
            raise NatsError("no JetStream")
        answer = json.loads(answer)
        if "error" in answer:
            # 503: the cluster has no leader now
            if answer["error"]["code"] in (404, 503):
                return None
            raise NatsError(str(answer["error"]))
        return answer

    def subjects(self, stream, below=">"):
        """Each subject of a stream with how many messages it has; None: no such stream."""
        info = self.api("STREAM.INFO." + stream, subjects_filter=below)
        return info and (info["state"].get("subjects") or {})

    def message(self, stream, **which):
        """The payload of the message seq=N or last_by_subj=SUBJECT; None: there is none."""
        answer = self.api("STREAM.MSG.GET." + stream, **which)
        return answer and base64.b64decode(answer["message"].get("data", ""))

    def follow(self, stream):
        """The payloads of a stream's messages, as a quorum has stored them; without end."""
        deliver = self.inbox + ".follow.1"
        wanted = {"stream_name": stream,
                  "config": {"deliver_subject": deliver, "deliver_policy": "all", "ack_policy": "none"}}  # fmt: skip
        self._write("SUB %s 2\r\n" % deliver)
        wanted = json.dumps(wanted)
        self._write("PUB $JS.API.CONSUMER.CREATE.%s %s.made %d\r\n%s\r\n" % (stream, self.inbox, len(wanted), wanted))
        while True:
            subject, _, payload = self._read()
            if subject != self.inbox + ".made":
                yield payload
            elif b'"error"' in payload:
                raise NatsError(payload.decode())

    # ---- a bucket ----

    def objects(self, bucket):
        """What a bucket says of each object, by its name."""
        found = {}
        for subject in self.subjects("OBJ_" + bucket, "$O.%s.M.>" % bucket) or ():
            meta = json.loads(self.message("OBJ_" + bucket, last_by_subj=subject))
            found[meta["name"]] = meta
        return found

    def content(self, bucket, meta):
        """The bytes of an object, checked."""
        subject, at, content = "$O.%s.C.%s" % (bucket, meta["nuid"]), 1, b""
        for _ in range(meta["chunks"]):
            answer = self.api("STREAM.MSG.GET.OBJ_" + bucket, seq=at, next_by_subj=subject)
            assert answer, "%s: a chunk is missing" % meta["name"]
            at = answer["message"]["seq"] + 1
            content += base64.b64decode(answer["message"]["data"])
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode()
        assert meta["digest"] == "SHA-256=" + digest, "%s: another digest" % meta["name"]
        assert meta["size"] == len(content), "%s: another size" % meta["name"]
        return content

    def index(self, bucket):
        """The messages of a bucket's index, by subject."""
        stream = "TTLOG_INDEX_" + bucket
        return {subject: json.loads(self.message(stream, last_by_subj=subject))
                for subject in self.subjects(stream) or ()}  # fmt: skip
