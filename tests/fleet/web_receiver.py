# SPDX-License-Identifier: MIT
"""A web server of a test's own, which keeps what is posted to it and answers what the test says."""
import collections
import http.server
import json
import ssl
import threading

Request = collections.namedtuple("Request", "path headers body")


def answer(status, body=b"", **headers):
    """Retry_After=1: the header Retry-After."""
    return status, {name.replace("_", "-"): str(value) for name, value in headers.items()}, body


class WebReceiver:
    """On a port of loopback. `tls`: paths of its certificate and key, and of the authority of clients', or None."""

    def __init__(self, tls=None):
        self.tls = tls
        self.requests = []  # in the order in which they were answered
        self.answers = collections.deque()  # the next ones, or what makes them of the request; then `otherwise`
        self.held = []
        self.port = 0
        self.server = None
        self.start()

    def otherwise(self, request):
        del request
        return answer(200)

    def hold(self):
        """The request for which it is the turn waits until the second event is set; the first one says that it came."""
        came, goes_on = threading.Event(), threading.Event()

        def wait(request):
            came.set()
            goes_on.wait()
            return self.otherwise(request)

        self.answers.append(wait)
        self.held.append(goes_on)
        return came, goes_on

    def start(self):
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers, text = receiver.take(Request(self.path, dict(self.headers), body))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, request, client_address):
                pass  # a client that ended

        self.server = Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        if self.tls:
            certificate, key, authority = self.tls
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            context.load_verify_locations(authority)
            context.verify_mode = ssl.CERT_REQUIRED
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def take(self, request):
        given = self.answers.popleft() if self.answers else self.otherwise
        given = given(request) if callable(given) else given
        self.requests.append(request)
        return given

    def stop(self):
        """Its port is closed; start() opens it again."""
        if self.server:
            self.server.shutdown()
            self.server.server_close()
        self.server = None

    def discard(self):
        """As a program of an end-to-end test."""
        for goes_on in self.held:
            goes_on.set()
        self.stop()

    def bodies(self):
        return [json.loads(request.body) for request in self.requests]
