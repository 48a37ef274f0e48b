# SPDX-License-Identifier: MIT
"""Pages of --format html, made from difficult files; and the contents of a page, read again."""
import html.parser
import json
import os
import random
import sys

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import make_snapshot as make  # noqa: E402
from view_harness import view  # noqa: E402

GOLDEN = "tests/golden/golden.bin"
MARKUP = "</script><script>window.hit=1</script><img src=x onerror=\"window.hit=1\"><!--<script>]]>'\"&lt;"
BIG = 100_000


def page_of(folder, *args, name="page.html", status=0):
    path = os.path.join(folder, name)
    view("--format", "html", "-o", path, *args, status=status)
    return path


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Elements(html.parser.HTMLParser):
    """Scripts and styles with their text, and everything that could load something."""

    def __init__(self, text):
        super().__init__()
        self.scripts, self.styles, self.loads, self.inside, self.policy = [], [], [], None, None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.loads += [value for key, value in attrs.items() if key in ("src", "href", "action", "data")]
        assert not any(key.startswith("on") or key == "style" for key in attrs), (tag, attrs)
        if attrs.get("http-equiv") == "Content-Security-Policy":
            self.policy = attrs["content"]
        if tag in ("script", "style"):
            self.inside = self.scripts if tag == "script" else self.styles
            self.inside.append([attrs, ""])

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside is not None:
            self.inside[-1][1] += data


def summary_of(elements):
    return json.loads(next(text for attrs, text in elements.scripts if attrs.get("id") == "summary"))


# ---- Snapshots ----


def markup_file(folder):
    """Markup in every text of a file."""
    site = make.site("event", "ERROR", MARKUP, MARKUP, 1, [(MARKUP, "str"), ("plain", "str")], MARKUP, MARKUP)
    site["file"] = MARKUP
    frame = {key: MARKUP for key in ("ip", "module", "build_id", "offset", "symbol", "file")}
    header = {
        "clock": {"mono_ns": 1000, "real_ns": make.REAL}, "pid": 5, "created_at": make.time_text(make.REAL),
        **{key: MARKUP for key in ("host", "comm", "exe", "service", "kernel", "build_id", "reason")},
        "lost": {"total": 3, MARKUP: 3}, "exit": {"signal": MARKUP, "number": 11},
        "crash": {"signal": MARKUP, "number": 11, "code": 1, "address": MARKUP, "tid": 6, "thread": MARKUP,
                  "registers": {MARKUP: MARKUP}, "exception": {"type": MARKUP, "what": MARKUP},
                  "cut": "stack", "frames": [frame], "outer_frames": [frame],
                  "threads": [{"tid": 7, "thread": MARKUP, "frames": [frame]}]},
    }  # fmt: skip
    span = dict(site, kind="span")
    snapshot = make.Snapshot(header, [site, span], [{"pid": 5, "tid": 6, "comm": MARKUP}],
                             {0: [make.plain] * 2, 1: [make.plain] * 2})  # fmt: skip
    snapshot.chunk([(5, 1, 0, [MARKUP, MARKUP])])
    snapshot.chunk([(10, 0, 0, [MARKUP, "</script>"]), (11, 0, 0, ["\u202e\x00<b>", "<!--"])])
    snapshot.end()
    return snapshot.save(os.path.join(folder, "markup.bin"))


def write(folder, name, data):
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(data)
    return path


def big_file(folder):
    """Four threads, spans in them, a few errors, and a crash at the end."""
    random.seed(1)
    sites = [
        make.site("event", "INFO", "trade", "Trade executed", 10,
                  [("symbol", "str"), ("quantity", "i32"), ("price", "f64"), ("latency_us", "u32")]),
        make.site("event", "DEBUG", "tick", "Tick", 20, [("seq", "u64"), ("queue", "str")]),
        make.site("event", "ERROR", "error", "Order rejected", 30, [("order", "u64"), ("why", "str")]),
        make.site("span", "INFO", "handle", "handle", 40, [("path", "str")]),
        make.site("span_end", "INFO", "handle", "handle", 40, [("duration_ns", "u64")]),
    ]  # fmt: skip
    encoders = {0: [make.indexed, make.array("i"), make.scaled(2), make.array("I")],
                1: [make.array("Q"), make.indexed], 2: [make.array("Q"), make.plain],
                3: [make.plain], 4: [make.array("Q")]}  # fmt: skip
    header = {"clock": {"mono_ns": make.MONO, "real_ns": make.REAL}, "pid": 7, "host": "h", "comm": "big",
              "reason": "crash", "created_at": make.time_text(make.REAL),
              "crash": {"signal": "SIGABRT", "number": 6, "code": -6, "tid": 71, "thread": "worker-1"}}  # fmt: skip
    threads = [{"pid": 7, "tid": 70 + i, "comm": "worker-%d" % i} for i in range(4)]
    snapshot = make.Snapshot(header, sites, threads, encoders)
    rows, at, opened = [], make.MONO - 10**10, {}
    while len(rows) < BIG:
        at += random.randrange(200_000)
        thread, kind = random.randrange(4), random.random()
        if thread in opened and kind < 0.4:
            rows.append((at, 4, thread, [at - opened.pop(thread)]))
        elif thread not in opened and kind < 0.1:
            opened[thread] = at
            rows.append((at, 3, thread, ["/orders/%d" % len(rows)]))
        elif kind > 0.999:
            rows.append((at, 2, thread, [len(rows), "no room"]))
        elif kind > 0.6:
            rows.append((at, 1, thread, [len(rows), "queue-%d" % (len(rows) % 50)]))
        else:
            rows.append((at, 0, thread, [random.choice(["AAPL", "MSFT", "NVDA"]), random.randrange(1000),
                                         random.randrange(10**5) / 100, random.randrange(10**4)]))  # fmt: skip
    for start in range(0, BIG, 10_000):
        snapshot.chunk(rows[start : start + 10_000])
    snapshot.end()
    return snapshot.save(os.path.join(folder, "big.bin"))


CONTRAST = """(() => {
    const luminance = (colour) => {
        const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map((c) => c / 255)
            .map((c) => c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);

        return .2126 * r + .7152 * g + .0722 * b;
    };
    const behind = (one) => {
        for (; one; one = one.parentElement) {
            const colour = getComputedStyle(one).backgroundColor;

            if (!/, 0\\)$/.test(colour))
                return colour;
        }
        return "rgb(255, 255, 255)";
    };
    const bad = [];

    for (const one of document.querySelectorAll("body *")) {
        const has = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());

        if (!has || one.disabled || !one.getClientRects().length || one.closest(":disabled"))
            continue;

        const pair = [getComputedStyle(one).color, behind(one)].map(luminance).sort((a, b) => b - a);
        const contrast = (pair[0] + .05) / (pair[1] + .05);

        if (contrast < 4.5)
            bad.push(one.className + " " + one.textContent.slice(0, 30) + " " + contrast.toFixed(2));
    }
    return bad;
})()"""
