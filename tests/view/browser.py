# SPDX-License-Identifier: MIT
"""A headless Chromium, driven through its DevTools protocol over a pair of pipes: no port, no
modules.

It keeps a page's console messages, its uncaught errors and all its network requests.
"""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

DEADLINE_S = 300


class Browser:
    """with Browser() as browser: browser.open(path)"""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="ttlog-browser-")
        ours, theirs = os.pipe(), os.pipe()  # we read, it reads
        command = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
                   "--user-data-dir=" + self.folder, "--no-first-run", "--hide-scrollbars=false",
                   "--disable-dev-shm-usage", "--disable-background-networking", "about:blank"]  # fmt: skip

        def connect():
            # the high numbers first: 3 and 4 may be among them
            reads, writes = os.dup(theirs[0]), os.dup(ours[1])
            os.dup2(reads, 3)
            os.dup2(writes, 4)

        self.log = open(os.path.join(self.folder, "log"), "wb")
        self.process = subprocess.Popen(command, preexec_fn=connect, close_fds=False, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log, start_new_session=True)  # fmt: skip
        os.close(theirs[0])
        os.close(ours[1])
        self.reads, self.writes = ours[0], theirs[1]
        self.buffer, self.number, self.session = b"", 0, None
        self.events = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(domain + ".enable")
        return self

    def __exit__(self, *_):
        try:
            self.session = None
            self.ask("Browser.close")
        except (OSError, EOFError, TimeoutError):
            pass
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, 9)
            self.process.wait()
        os.close(self.reads)
        os.close(self.writes)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- the protocol ----

    def receive(self, deadline):
        while b"\0" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.reads], [], [], left)[0]:
                raise TimeoutError("the browser says nothing")
            data = os.read(self.reads, 1 << 20)
            if not data:
                with open(self.log.name, errors="replace") as file:
                    raise EOFError("the browser has gone: " + file.read()[-800:])
            self.buffer += data
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method, timeout=DEADLINE_S, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.writes, data):]
        deadline = time.monotonic() + timeout
        while True:
            answer = self.receive(deadline)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError("%s: %s" % (method, answer["error"]))
                return answer["result"]
            if "method" in answer:
                self.events.append(answer)

    def wait_for(self, method, timeout=DEADLINE_S):
        deadline = time.monotonic() + timeout
        while not any(event["method"] == method for event in self.events):
            answer = self.receive(deadline)
            if "method" in answer:
                self.events.append(answer)

    # ---- the page ----

    def open(self, path, ready="true"):
        """Waits until `ready`, an expression of the page that may be a promise, has a value."""
        self.events.clear()
        self.ask("Page.navigate", url="file://" + os.path.abspath(path))
        self.wait_for("Page.loadEventFired")
        return self.run(ready)

    def run(self, expression, timeout=DEADLINE_S):
        result = self.ask("Runtime.evaluate", timeout, expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description") or details["text"])
        return result["result"].get("value")

    def size(self, width, height, scale=1):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=False)

    def dark(self, is_dark):
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme",
                                                          "value": "dark" if is_dark else "light"}])  # fmt: skip

    def screenshot(self, path):
        data = self.ask("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def pdf(self, path):
        data = self.ask("Page.printToPDF", printBackground=False)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def press(self, key, code=None):
        params = {"key": key, "code": code or key}
        if len(key) == 1:
            params["text"] = key
        self.ask("Input.dispatchKeyEvent", type="keyDown", **params)
        self.ask("Input.dispatchKeyEvent", type="keyUp", key=key, code=code or key)

    def drag(self, start, end):
        """With the left button; a click if both points are the same."""
        for kind, (x, y) in (("mousePressed", start), ("mouseMoved", end), ("mouseReleased", end)):
            self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)

    def said(self):
        """Errors and warnings, of the page and of the browser about the page."""
        texts = []
        for event in self.events:
            params = event["params"]
            if event["method"] == "Runtime.exceptionThrown":
                details = params["exceptionDetails"]
                texts.append(details.get("exception", {}).get("description") or details["text"])
            elif event["method"] == "Runtime.consoleAPICalled":
                texts.append(" ".join(str(arg.get("value")) for arg in params["args"]))
            elif event["method"] == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
                texts.append(params["entry"]["text"])
        return texts

    def requests(self):
        return [event["params"]["request"]["url"] for event in self.events
                if event["method"] == "Network.requestWillBeSent"]  # fmt: skip
