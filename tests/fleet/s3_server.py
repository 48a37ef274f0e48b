# SPDX-License-Identifier: MIT
"""A server of S3's protocol of a test's own: checks signatures as Amazon says, and has the faults that a test wants."""
import collections
import hashlib
import hmac
import http.server
import re
import ssl
import threading
import urllib.parse

Request = collections.namedtuple("Request", "method key query")
Fault = collections.namedtuple("Fault", "method status code headers")

CREDENTIAL = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, "
                        r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})")  # fmt: skip


def fault(status, code="", method="PUT", **headers):
    """Retry_After=1: the header Retry-After. code "": without words. status 0: the connection is closed."""
    return Fault(method, status, code, {name.replace("_", "-"): str(value) for name, value in headers.items()})


def sign(secret, date, region, text):
    key = ("AWS4" + secret).encode()
    for part in (date, region, "s3", "aws4_request", text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()


class S3Server:
    """One bucket, "crashes", on a port of loopback."""

    def __init__(self, keys=None, token=None, region="us-east-1", tls=None):
        self.keys = keys or {"ID": "sec/ret+KEY"}
        self.token, self.region, self.tls = token, region, tls
        self.objects = {}
        self.uploads = {}  # of parts, by their ids
        self.upload_cnt = 0
        self.requests = []
        self.faults = []  # the next ones, each once
        self.refused = set()  # methods that are not permitted
        self.forgets = 0  # so many objects are acknowledged, and not kept
        self.gate = threading.Event()  # closed: parts wait for their answer
        self.gate.set()
        self.lock = threading.Lock()
        self.port, self.server = 0, None
        self.start()

    @property
    def endpoint(self):
        return f"{'https' if self.tls else 'http'}://localhost:{self.port}"

    # ---- what a test says ----

    def start(self):
        handler = type("Handler", (S3Handler,), {"s3": self})
        server = type("Server", (http.server.ThreadingHTTPServer,),
                      {"daemon_threads": True, "handle_error": lambda *_: None})  # fmt: skip
        self.server = server(("127.0.0.1", self.port), handler)
        self.port = self.server.server_address[1]
        if self.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
        self.server = None

    def discard(self):
        """As a program of an end-to-end test."""
        self.gate.set()
        self.stop()

    def count(self, method, query=""):
        return len([request for request in list(self.requests) if request.method == method and query in request.query])

    def take_fault(self, method):
        with self.lock:
            for number, one in enumerate(self.faults):
                if one.method == method:
                    return self.faults.pop(number)
        return None


class S3Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    s3 = None

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in {"Content-Length": len(body), **headers}.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status, code, **headers):
        self.answer(status, b"" if not code else f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>It is &quot;{code}&quot;"
                    f"</Message></Error>".encode(), **headers)  # fmt: skip

    def wrong(self, body):
        """Why the request is not signed as it must be, as a code; None: it is."""
        match = CREDENTIAL.fullmatch(self.headers.get("Authorization", ""))
        claimed = self.headers.get("x-amz-content-sha256", "")
        path, _, query = self.path.partition("?")
        if not match or match[3] != self.s3.region:
            return "AuthorizationHeaderMalformed"
        if match[1] not in self.s3.keys:
            return "InvalidAccessKeyId"
        if self.s3.token != self.headers.get("x-amz-security-token"):
            return "InvalidToken"
        signed = match[4].split(";")
        must = {"host"} | {name.lower() for name in self.headers if name.lower().startswith("x-amz-")}
        if signed != sorted(signed) or not must <= set(signed):
            return "AccessDenied"
        pairs = sorted(pair if "=" in pair else pair + "=" for pair in query.split("&") if pair)
        headers = "".join(f"{name}:{self.headers[name].strip()}\n" for name in signed)
        canonical = "\n".join([self.command, path, "&".join(pairs), headers, match[4], claimed])
        text = "\n".join(["AWS4-HMAC-SHA256", self.headers["x-amz-date"], f"{match[2]}/{match[3]}/s3/aws4_request",
                          hashlib.sha256(canonical.encode()).hexdigest()])  # fmt: skip
        if sign(self.s3.keys[match[1]], match[2], match[3], text) != match[5]:
            return "SignatureDoesNotMatch"
        return None if hashlib.sha256(body).hexdigest() == claimed else "XAmzContentSHA256Mismatch"

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path, _, query = self.path.partition("?")
        bucket, _, key = urllib.parse.unquote(path).lstrip("/").partition("/")
        self.s3.requests.append(Request(self.command, key, query))
        wrong = self.wrong(body)
        planned = self.s3.take_fault(self.command)
        if planned and not planned.status:
            self.close_connection = True
        elif planned:
            self.refuse(planned.status, planned.code, **planned.headers)
        elif wrong:
            self.refuse(403, wrong)
        elif bucket != "crashes":
            self.refuse(404, "NoSuchBucket")
        elif self.command in self.s3.refused and key:
            self.refuse(403, "AccessDenied")
        else:
            getattr(self, "serve_" + self.command.lower())(key, dict(urllib.parse.parse_qsl(query, True)), body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = serve

    def serve_get(self, key, query, _body):
        del query
        if key not in self.s3.objects and key:
            self.refuse(404, "NoSuchKey")
        else:
            content = self.s3.objects.get(key, b"")
            self.answer(200, content, ETag=f'"{hashlib.md5(content).hexdigest()}"')

    serve_head = serve_get

    def keep(self, key, content):
        if self.s3.forgets:
            self.s3.forgets -= 1
        else:
            self.s3.objects[key] = content

    def serve_put(self, key, query, body):
        if "uploadId" not in query:
            self.keep(key, body)
        elif query["uploadId"] not in self.s3.uploads:
            self.refuse(404, "NoSuchUpload")
            return
        else:
            self.s3.uploads[query["uploadId"]][int(query["partNumber"])] = body
            self.s3.gate.wait()
        self.answer(200, ETag=f'"{hashlib.md5(body).hexdigest()}"')

    def serve_post(self, key, query, body):
        if "uploads" in query:
            self.s3.upload_cnt += 1
            name = f"up/load+{self.s3.upload_cnt}"
            self.s3.uploads[name] = {}
            self.answer(200, f"<Result><UploadId>{name}</UploadId></Result>".encode())
            return
        parts = self.s3.uploads[query["uploadId"]]
        listed = re.findall(rb"<PartNumber>(\d+)</PartNumber><ETag>&quot;(\w+)&quot;</ETag>", body)
        if listed != [(b"%d" % number, hashlib.md5(parts[number]).hexdigest().encode()) for number in sorted(parts)]:
            self.refuse(400, "InvalidPart")
        elif self.s3.take_fault("LATE"):
            self.refuse(200, "InternalError")
        else:
            self.keep(key, b"".join(parts[number] for number in sorted(parts)))
            del self.s3.uploads[query["uploadId"]]
            self.answer(200, b"<CompleteMultipartUploadResult></CompleteMultipartUploadResult>")

    def serve_delete(self, key, query, _body):
        del key
        if self.s3.uploads.pop(query["uploadId"], None) is None:
            self.refuse(404, "NoSuchUpload")
        else:
            self.answer(204)
