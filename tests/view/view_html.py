#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""--format html: view_html.py TTLOG-VIEW. Run from the top of the tree.

What the page contains and does, in a headless Chromium (`make deps-browser`). Without one, only
tests that need none run, unless TTLOG_NEED_BROWSER makes that a failure (`make check-html`). The
results of the page's filters are compared with `ttlog-view --filter`, on the same files.
"""
import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, "tests")
sys.dont_write_bytecode = True

import make_snapshot as make  # noqa: E402
from browser import Browser  # noqa: E402
from format_fixture import FILES, NESTED, abort_file, odd_file, span_file  # noqa: E402
from html_fixture import (  # noqa: E402
    BIG, CONTRAST, Elements, GOLDEN, MARKUP, big_file, markup_file, page_of, read, summary_of, write)
from view_harness import DEADLINE_S, VIEW, events_of, figure, run, texts_of, view  # noqa: E402


# ---- Without a browser ----


def test_page_is_alone():
    """One file: nothing in it is loaded from elsewhere, and the policy allows only its own
    parts."""
    with tempfile.TemporaryDirectory() as folder:
        elements = Elements(read(page_of(folder, GOLDEN)))
    assert elements.loads == ["data:,"], elements.loads
    (style,) = elements.styles
    programs = [text for attrs, text in elements.scripts if "type" not in attrs]
    assert len(programs) == 1
    sums = {kind: "'sha256-%s'" % base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            for kind, text in (("script", programs[0]), ("style", style[1]))}  # fmt: skip
    parts = dict(part.strip().split(" ", 1) for part in elements.policy.split(";"))
    assert parts == {"default-src": "'none'", "script-src": sums["script"], "style-src": sums["style"],
                     "img-src": "data:", "base-uri": "'none'", "form-action": "'none'"}  # fmt: skip
    assert not re.search(r"https?:|url\(|@import", style[1] + programs[0])


def test_text_is_no_markup():
    with tempfile.TemporaryDirectory() as folder:
        plain = Elements(read(page_of(folder, GOLDEN)))
        text = read(page_of(folder, markup_file(folder)))
    elements = Elements(text)
    assert len(elements.scripts) == len(plain.scripts) and elements.loads == plain.loads
    assert "<img" not in text and "onerror=\"" not in text
    info = summary_of(elements)["files"][0]["info"]
    assert info["comm"] == MARKUP and info["lost"][MARKUP] == 3, "it reads back as it was"


def test_limit():
    with tempfile.TemporaryDirectory() as folder:
        def counts(*args):
            summary = summary_of(Elements(read(page_of(folder, *args))))
            return summary["events"], summary["held"], summary.get("limit")

        assert counts(GOLDEN) == (14, 14, 1_000_000)
        assert counts("--limit", 5, GOLDEN) == (5, 14, 5)
        assert counts("--head", 3, GOLDEN) == (3, 14, None)
        assert counts("--filter", "level=WARN", GOLDEN) == (2, 14, 1_000_000)


# ---- With a browser ----

READY = "page.then((it) => { window.it = it; })"
# of the rows in the table
ROWS = "Array.from(it.table.rows)"


def test_opens():
    with tempfile.TemporaryDirectory() as folder:
        path = page_of(folder, GOLDEN)
        BROWSER.open(path, READY)
        assert BROWSER.run("document.getElementById('heading').textContent") == "orders died of SIGSEGV"
        assert BROWSER.run("document.title") == "orders died of SIGSEGV"
        where = BROWSER.run("document.getElementById('where').textContent")
        assert "in execute at src/orders.c:12, thread worker-3 (1240)" in where, where
        assert "SEGV_MAPERR: nothing is mapped there, address 0x10" in where, where
        frames = BROWSER.run("[...document.querySelectorAll('.frame')].map((one) => one.textContent)")
        assert len(frames) == 3 and "execute" in frames[0] and "src/orders.c:12" in frames[0], frames
        assert "3 kernel_ring, 2 fault" in BROWSER.run("document.getElementById('notices').textContent")
        assert "0x7ffd12345678" in BROWSER.run("document.querySelector('.registers').textContent")
        assert BROWSER.run("document.querySelector('.registers').open") is False
        shown = BROWSER.run("[...document.querySelectorAll('#rows .row:not([hidden])')].map((one) => one.textContent)")
        assert any("Disk \\x1b[31mfull\\x1b[0m\\n100%" in row for row in shown), shown
        assert BROWSER.said() == [] and BROWSER.requests() == ["file://" + path]


def shown_fields(event):
    values = dict(event["fields"])
    if "duration_ns" in event:
        values["duration_ns"] = event["duration_ns"]
    return values


def test_values():
    """Every event of every file: the page has the same as JSON, digit by digit."""
    script = """Array.from({ length: it.events.count }, (_, row) => [
        timeText(it.events.realTime(row)), String(it.events.monoTime(row)), it.events.siteOf(row),
        { ...it.events.threadOf(row), shift: 0 },
        it.events.siteOf(row).fields.map((field, i) => [field.key, it.events.isNull(row, i) ? null
            : it.events.valueText(row, i) + (it.events.isCut(row, i) ? "\\u2026" : "")])])"""
    with tempfile.TemporaryDirectory() as folder:
        for files in [*FILES.values(), [odd_file(folder)], [*FILES["overlapping"], GOLDEN]]:
            BROWSER.open(page_of(folder, *files), READY)
            events = texts_of(*files)
            rows = BROWSER.run(script)
            assert len(rows) == len(events) > 0
            for event, (ts, mono, site, thread, fields) in zip(events, rows):
                assert (ts, mono) == (event["ts"], event["mono_ns"])
                assert (site["target"], site["probe"], site["msg"], site["file"], site["func"]) == tuple(
                    event[key] for key in ("target", "probe", "msg", "file", "func"))  # fmt: skip
                assert [thread["comm"], str(thread["pid"]), str(thread["tid"]), str(site["line"])] == [
                    event[key] for key in ("comm", "pid", "tid", "line")]  # fmt: skip
                want = {key: value if value is None else str(value).lower() if isinstance(value, bool) else value
                        for key, value in shown_fields(event).items()}  # fmt: skip
                # bytes that are not UTF-8: decoders differ in how many U+FFFD they give
                have = {key: value if value is None else re.sub("\ufffd+", "\ufffd", value) for key, value in fields}
                want = {key: value if value is None else re.sub("\ufffd+", "\ufffd", value)
                        for key, value in want.items()}  # fmt: skip
                assert have == want, (have, want)


FILTERS = {
    "golden": """level=INFO | level>=WARN | level!=TRACE | not level<=debug | target=net.* | target!=orders
        probe=all_* | probe=?ll_[io]* | probe=*[!sr] | msg~^S | msg~(Trade|Slow) | msg!~e | func=main and line=5
        comm=worker* | tid=1240 | tid>1234 | pid=1234 | pid!=1234 | tid~^12.0$ | tid!~0
        symbol=AAPL | symbol!=AAPL | not symbol=AAPL | has(symbol) | not has(symbol) | symbol~^[[:upper:]]{4}$
        quantity>500 | quantity<0 | quantity=-5 | quantity>=7 | quantity=7.0 | quantity<7.5 | quantity>6.5
        price=150.25 | price>150 | price=150.250 | price<=0.07 | price=0.07 | price=1.5e2 | price<0 | price=-0.01
        each=9223372036854775807 | each>9223372036854775806 | each<1e-39 | each>0 | each=-0.005 | each=7e-40
        u64=18446744073709551615 | u64>18446744073709551614 | u64>18446744073709551615 | u64>=9223372036854775808
        i64=-9223372036854775808 | i64<-9223372036854775807 | i64>-9223372036854775808 | i64<0 | u64<1e30
        p=0x7ffd12345678 | x=0xdeadbeef | x=3735928559 | x>1 | p=0x* | b=true | b=1 | b!=1 | c=A | c=65
        f32=0.1 | f64=0.1 | f32>3e38 | real=NaN | real=Infinity | real>0 | real<0 | real!=NaN | f64=1e+300
        scaled=1.234 | scaled32=-2 | f=2.5 | name=plain | name~quote | name="quote *" | odd=null | odd=cut
        blob=00ff10 | blob~^01 | blob=null | blob!=null | why="null pointer" | why=null pointer
        line=5 | line>5 | line<=12 | line~1 | line!=5 | line=nan | target<net | target>=net.http | comm>worker-2
        symbol>AAPL | symbol<=AAPL | symbol<M and symbol>A | msg<T | not msg<T | quantity<zero | each<zero | blob>a
        c>=A | c<A | odd<zero | name>2026-11-21 | f32>1e300 | f32<1e39 | f32=1e300 | real=nan | real!=nan | real>1e300
        real=inf | f64>1e-300 | f32>1e-60 | f32<1e-60 | each<nan | real<nan
        duration=1ms | duration>=1ms | took<2ms | duration>1000us | duration_ns=1000000 | latency_us>40us
        latency_us=42us | latency_us>0.04ms | latency_us<1s | ts>=-1s | ts<2026-11-21T05:59:59Z
        ts>2026-11-21T05:59:58.123456799Z | ts=2026-11-21T05:59:58.123456799Z | ts>=06:00 | ts<@1795240799
        ts>=2026-11-21 | ts<'2026-11-21 06:00:00' | ts>=2026-11-21T07:00:00+01:00 | ts<2026-11-21T06:59:59+0100 | ts<2026-11-21T06:59:59+01 | ts!=-1ns
        level=INFO and symbol=AAPL or level=FATAL | (level=INFO or level=WARN) and not symbol=AAPL
        level=INFO && (symbol=AAPL || has(path)) | !(has(symbol) or has(b)) | not not level=INFO
        path=/orders?id=1 2* | path~^/orders\\?id | symbol="AAPL" | 'symbol'=AAPL | fields.symbol=AAPL
        symbol=[A-M]* | symbol=\\AAPL | quantity~^1 | quantity=1* | nothing=1 | not nothing=1 | has(nothing)""",
    "packed": """one=1 | narrow>=253 | odd>18446744073709547520 | wide<0 | step>30000 | real>200 | real=174.37
        side=[AC] | price>0 | price<=-0.5 | price=-1.6 | price>0.015 or narrow=250 | step~7$""",
    "suppressed": """suppressed>5 | suppressed=9 | suppressed<=3 | has(suppressed) | not has(suppressed) | suppressed=some
        suppressed>=1099511627776 | suppressed~^9 | suppressed=7 or n=20""",
    "years": """ts=2026-11-21T05:59:58.123456664Z | ts>2026-11-21T05:59:58.123456664Z | ts<=1970-01-01T00:00:00.0099Z
        ts>=05:59:58.125456536 | level>=WARN or pid=51""",
    "overlapping": """n>5 | pid=50 | pid=51 | comm=side | n=7 | ts>=-100ns | n>=100 or comm=main""",
}


def test_filters():
    """A filter of the page finds the same as ttlog-view --filter."""
    tried = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, list_ in FILTERS.items():
            files = {**FILES, "suppressed": ["tests/golden/suppressed.bin"]}.get(name, [*FILES["overlapping"], GOLDEN])
            BROWSER.open(page_of(folder, *files), READY)
            lines = view("--format", "json", *files).splitlines()
            for source in re.split(r"\s+\|\s+|\n\s*", list_.strip()):
                want = view("--format", "json", "--filter", source, *files).splitlines()
                rows = BROWSER.run("it.setFilter(%s), %s" % (json.dumps(source), ROWS))
                assert [lines[row] for row in rows] == want, (name, source, rows)
                assert BROWSER.run("document.getElementById('error').hidden"), source
                tried += 1
    assert tried > 130, tried


TEXTS = ["BTC-USD", "BTCxUSD", "M\u00fcller", "Muller", "\ufeffx", "x", "a-", "\U0001f600", "]"]
TEXT_FILTERS = ["t=BTC-*", "t=*-*", "t=[A-C]TC[-x]US?", "t=[a-]*", "t=M?ller", "t=M??ller", "t=M[\u00e4-\u00fc]*", "t=?",
                "t=*x", "t=?x", "t=[]]", "t=BTC\\-*", "t=*/*", "t!=*-*", "t=\ufeff*"]  # fmt: skip


def test_filters_of_texts():
    """A minus in a glob, characters of several bytes, a byte order mark at the start of a text."""
    header = {"clock": {"mono_ns": 1000, "real_ns": make.REAL}, "pid": 5}
    made = make.Snapshot(header, [make.site("event", "INFO", "t", "T", 1, [("t", "str")])],
                         [{"pid": 5, "tid": 6, "comm": "c"}], {0: [make.plain]})  # fmt: skip
    made.chunk([(10 + i, 0, 0, [text]) for i, text in enumerate(TEXTS)])
    made.end()
    with tempfile.TemporaryDirectory() as folder:
        path = made.save(os.path.join(folder, "texts.bin"))
        BROWSER.open(page_of(folder, path), READY)
        assert BROWSER.run("Array.from(it.table.rows, (row) => it.events.valueText(row, 0))") == TEXTS
        lines = view("--format", "json", path).splitlines()
        for source in TEXT_FILTERS:
            want = view("--format", "json", "--filter", source, path).splitlines()
            rows = BROWSER.run("it.setFilter(%s), %s" % (json.dumps(source), ROWS))
            assert [lines[row] for row in rows] == want, (source, rows)
            assert BROWSER.run("document.getElementById('error').hidden"), source


def test_words():
    with tempfile.TemporaryDirectory() as folder:
        BROWSER.open(page_of(folder, GOLDEN), READY)
        events = events_of(GOLDEN)
        for source, wanted in {
            "slow": lambda e: e["msg"] == "Slow",
            '"trade executed" AAPL': lambda e: e["msg"] == "Trade executed" and e["fields"]["symbol"] == "AAPL",
            "aapl and level=WARN": lambda e: e["level"] == "WARN" and e["fields"]["symbol"] == "AAPL",
            "not trade": lambda e: e["msg"] != "Trade executed",
            "deadbeef": lambda e: e["fields"].get("x") == "0xdeadbeef",
            "slow or pointer": lambda e: e["msg"] in ("Slow", "Giving up"),
        }.items():
            rows = BROWSER.run("it.setFilter(%s), %s" % (json.dumps(source), ROWS))
            assert rows == [i for i, event in enumerate(events) if wanted(event)] != [], (source, rows)


MISTAKES = ["symbol=AAPL and level=LOUD", "(symbol=AAPL", "a=1)", "a=", "a= and b=1", "level~x", "line=x",
            "a=1 b=2", "tid=x", "a>5x", "a>1.2.3", "took>x", "ts=yesterday", "a!b", "has(a", "'a", "a='b", "not", "=1", "()",
            "msg~(", "msg~*", "a=(b", "a=1 and", "(a=1 b", "(" * 40 + "a=1"]  # fmt: skip


def test_mistakes():
    """Errors are shown where ttlog-view shows them, and the table stays as it was."""
    with tempfile.TemporaryDirectory() as folder:
        BROWSER.open(page_of(folder, GOLDEN), READY)
        BROWSER.run("it.setFilter('level=INFO')")
        rows = BROWSER.run(ROWS)
        for source in MISTAKES:
            result = subprocess.run([VIEW, "--filter", source, GOLDEN], capture_output=True, text=True)
            assert result.returncode == 2, source
            caret = next(line for line in result.stderr.splitlines() if re.fullmatch(" *\\^~*", line))
            BROWSER.run("it.setFilter(%s)" % json.dumps(source))
            shown = BROWSER.run("document.querySelector('#error pre').textContent").split("\n")
            assert not BROWSER.run("document.getElementById('error').hidden"), source
            assert shown[0] == source and BROWSER.run(ROWS) == rows, source
            if "msg~" not in source:
                assert shown[1].index("^") == caret.index("^") - 2, (source, shown, caret)
        assert BROWSER.said() == []


def point(selector, x, y):
    """A point of an element, by fractions of its width and height."""
    box = BROWSER.run("(({ left, top, width, height }) => [left, top, width, height])"
                      "(document.querySelector(%s).getBoundingClientRect())" % json.dumps(selector))  # fmt: skip
    return box[0] + x * box[2], box[1] + y * box[3]


FRAME = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))"


def test_range_and_details(path):
    """Dragging selects the events that JSON has in that time; a click on a row shows all of it."""
    events = events_of(path["bin"])
    BROWSER.open(path["html"], READY)
    BROWSER.run(FRAME)
    BROWSER.drag(point("#plot", 0.25, 0.3), point("#plot", 0.5, 0.3))
    BROWSER.run(FRAME)
    first, last, base = BROWSER.run(
        "[it.timeline.range.from, it.timeline.range.to, String(it.events.base)].map(String)")  # fmt: skip
    at = [event["mono_ns"] - events[0]["mono_ns"] for event in events]
    want = [i for i, ns in enumerate(at) if float(first) <= ns <= float(last)]
    assert BIG * 0.2 < len(want) < BIG * 0.3 and BROWSER.run(ROWS) == want and int(base)
    assert BROWSER.run("document.getElementById('count').textContent").startswith("{:,} of ".format(len(want)))
    seen = "[it.timeline.view.from, it.timeline.view.to]"
    whole = BROWSER.run(seen)
    BROWSER.press("z")
    assert BROWSER.run(seen) == [float(first), float(last)]
    BROWSER.press("z")
    assert BROWSER.run(seen) == whole
    BROWSER.drag(*[point("#rows .row:nth-child(3)", 0.5, 0.5)] * 2)
    BROWSER.run(FRAME)
    selected = BROWSER.run("it.table.selected")
    text = BROWSER.run("document.getElementById('details').innerText")
    event = events[selected]
    for value in [event["ts"], "src/orders.c:%d" % event["line"], "main", event["comm"], event["level"], event["msg"],
                  *map(str, event["fields"])]:  # fmt: skip
        assert value in text, (value, text)
    BROWSER.run("document.querySelector('#fields .term') && document.querySelector('#fields .term').click()")
    rows = BROWSER.run(ROWS)
    assert selected in rows and len(rows) < len(want)
    BROWSER.run("it.clear()")
    assert len(BROWSER.run(ROWS)) == BIG
    assert BROWSER.said() == []


def test_keys(path):
    events = events_of(path["bin"])
    errors = [i for i, event in enumerate(events) if event["level"] == "ERROR"]
    BROWSER.open(path["html"], READY)
    BROWSER.press("/")
    assert BROWSER.run("document.activeElement.id") == "filter"
    for letter in "level=ERROR":
        BROWSER.press(letter)
    BROWSER.press("Enter")
    assert BROWSER.run("document.activeElement.id") == "table" and BROWSER.run(ROWS) == errors
    BROWSER.press("x")
    BROWSER.press("Home")
    assert BROWSER.run("it.table.selected") == 0
    BROWSER.press("n")
    assert BROWSER.run("it.table.selected") == errors[0]
    BROWSER.press("n")
    BROWSER.press("[")
    assert BROWSER.run(ROWS) == list(range(errors[1], BIG))
    BROWSER.press("0")
    BROWSER.press("c")
    crashed = [i for i, event in enumerate(events) if event["tid"] == 71]
    assert BROWSER.run("it.table.selected") == crashed[-1]
    BROWSER.run(FRAME)
    assert BROWSER.run("document.getElementById(it.table.scroller.getAttribute('aria-activedescendant'))"
                       ".textContent.includes('SIGABRT after this')")  # fmt: skip
    BROWSER.press("Escape")
    assert BROWSER.run("it.table.selected") == -1 and BROWSER.run("document.getElementById('details').hidden")
    BROWSER.press("?")
    assert BROWSER.run("document.getElementById('help').open")


SCROLL = """(async () => {
    const scroller = document.getElementById("table"), frames = [];
    let last = performance.now();

    for (let i = 0; i < 90; i++) {
        scroller.scrollTop = i * 37 %% 90 / 90 * scroller.scrollHeight + i %% 7 * 24;
        await new Promise((done) => requestAnimationFrame(done));
        frames.push(performance.now() - last);
        last = performance.now();
    }
    return [frames.sort((a, b) => a - b)[45], frames[85],
        document.querySelectorAll("#rows .row").length];
})()"""


def test_more_rows_than_pixels(path):
    """Above 4,000,000 pixels the scroll bar has another scale: to the last row, and by one row with
    the wheel."""
    BROWSER.open(path["html"], READY)
    BROWSER.run("it.table.setRows(new Uint32Array(%d).map((_, i) => Math.floor(i / 5)))" % (5 * BIG))
    assert BROWSER.run("it.table.scale") > 2
    shown = "[...document.querySelectorAll('#rows .row:not([hidden])')].map((row) => Number(row.ariaRowIndex) - 2)"
    for top, row in (("1e9", 5 * BIG - 1), ("0", 0), ("it.table.scroller.scrollHeight / 2", 5 * BIG // 2)):
        BROWSER.run("it.table.scroller.scrollTop = " + top)
        BROWSER.run(FRAME)
        assert any(abs(one - row) < 50 for one in BROWSER.run(shown)), (top, row, BROWSER.run(shown))
    first = BROWSER.run(shown + ".sort((a, b) => a - b)[0]")
    x, y = point("#table", 0.5, 0.5)
    BROWSER.ask("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0, deltaY=24 * 7)
    BROWSER.run(FRAME)
    assert BROWSER.run(shown + ".sort((a, b) => a - b)[0]") == first + 7


FILTERED = """[%s].map((source) => {
    const start = performance.now();

    it.setFilter(source);
    it.timeline.drawNow();
    it.table.drawNow();
    return performance.now() - start;
}).sort((a, b) => a - b)"""


def test_many_events(path):
    """100,000 events: few rows are in the document. How long things take is a figure of `bench/run
    page`."""
    BROWSER.open(path["html"], READY)
    assert BROWSER.run("it.events.count") == BIG
    loaded = BROWSER.run("page.then(() => performance.getEntriesByName('read')[0].startTime)")
    middle, slow, rows = BROWSER.run(SCROLL.replace("%%", "%"))
    filters = BROWSER.run(FILTERED % "'level=ERROR','price>500 and symbol=AAPL','duration>100us','no room','msg~^T',''")
    print("read after %.0f ms; a frame of scrolling %.0f ms, 95 %% below %.0f ms; a filter %.0f ms, at most %.0f ms"
          % (loaded, middle, slow, filters[3], filters[-1]))  # fmt: skip
    for what, value in (("read", loaded), ("a frame of scrolling", middle), ("19 of 20 frames", slow),
                        ("a filter", filters[3]), ("the slowest filter", filters[-1])):  # fmt: skip
        figure(what, value / 1000)
    assert rows < 100, "only rows that are seen are in the document"


def test_hostile():
    with tempfile.TemporaryDirectory() as folder:
        path = page_of(folder, markup_file(folder), name="<b>.html")
        BROWSER.open(path.replace("<", "%3C").replace(">", "%3E"), READY)
        BROWSER.run("it.table.select(0), it.table.drawNow()")
        text = BROWSER.run("document.body.innerText")
        shown = MARKUP.replace('"', '"')
        assert text.count(shown) > 10, text
        assert BROWSER.run("window.hit") is None
        assert BROWSER.run("document.querySelectorAll('img, b *, #rows script').length") == 0
        assert BROWSER.run("document.scripts.length") == 2, "the summary and the page's own"
        for source in (MARKUP, "has(%s)" % json.dumps(MARKUP), "plain=<*"):
            BROWSER.run("it.setFilter(%s)" % json.dumps(source))
        assert "\\u202e\\x00<b>" in BROWSER.run("it.clear(), it.table.drawNow(), document.getElementById('rows').textContent")
        assert BROWSER.run("window.hit") is None and BROWSER.said() == [] and len(BROWSER.requests()) == 1


def test_damaged():
    """The page says what could not be read, and shows the rest."""
    with open(GOLDEN, "rb") as file:
        data = file.read()
    with tempfile.TemporaryDirectory() as folder:
        path = page_of(folder, write(folder, "cut.bin", data[: len(data) // 2]), status=1)
        BROWSER.open(path, READY)
        assert 0 < BROWSER.run("it.events.count") < 14
        assert "Damaged: " in BROWSER.run("document.getElementById('notices').textContent")
        path = page_of(folder, "--limit", 5, GOLDEN)
        BROWSER.open(path, READY)
        assert "Only the last 5 of the files’ 14 events" in BROWSER.run("document.getElementById('notices').textContent")
        path = page_of(folder, GOLDEN, os.path.join(folder, "none.bin"), status=1)
        BROWSER.open(path, READY)
        assert "1 file could not be read at all" in BROWSER.run("document.getElementById('notices').textContent")
        # no page is made if nothing in the file could be read
        empty = page_of(folder, write(folder, "empty.bin", b""), name="empty.html", status=1)
        assert not os.path.exists(empty) and BROWSER.said() == []


def test_little():
    """No event, few, of two machines: the parts that exist are whole, and the others are not
    shown."""
    text = "document.querySelector(%s).innerText"
    cut = """[...document.querySelectorAll("#table-head > div, #lane-names .name, #fields td")]
             .filter((of) => of.scrollWidth > of.clientWidth && of.getClientRects().length)
             .map((of) => of.textContent)"""
    with tempfile.TemporaryDirectory() as folder:
        BROWSER.open(page_of(folder, span_file(folder, [])), READY)
        assert "There is no event in it." in BROWSER.run(text % "'#table'")
        assert BROWSER.run(text % "'#heading'") == "spans, a snapshot"
        assert not BROWSER.run("document.getElementById('timeline').getClientRects().length")
        assert BROWSER.run("document.getElementById('next-error').disabled") and BROWSER.said() == []
        assert BROWSER.run(cut) == []
        BROWSER.size(380, 800)
        paths = [span_file(folder, NESTED, name="one.bin"), span_file(folder, NESTED, name="two.bin", host="other")]
        BROWSER.open(page_of(folder, *paths), READY)
        assert BROWSER.run("[...document.querySelectorAll('.file > summary')].map((of) => of.textContent)") == \
            ["spans 7 on h", "spans 7 on other"]  # fmt: skip
        assert BROWSER.run("it.lanes.shown.map((lane) => [it.lanes.list[lane].count, "
                           "it.timeline.countLane(lane, 0, 1e9)[2], it.timeline.countLane(lane, 0, 1e9)[3]])") == \
            [[9, 8, 1], [9, 8, 1], [3, 2, 1], [3, 2, 1]], "what the pointer says of a lane"  # fmt: skip
        for width in (380, 1440):
            BROWSER.size(width, 800)
            BROWSER.open(page_of(folder, GOLDEN), READY)
            assert not BROWSER.run("document.getElementById('next-error').disabled")
            BROWSER.run("it.table.select(0)")
            BROWSER.run(FRAME)
            assert BROWSER.run(cut) == [], width
            assert BROWSER.run("document.querySelector('#fields .value').clientWidth") > 100
            BROWSER.run("document.querySelector('.registers').open = true")
            assert BROWSER.run("[...document.querySelectorAll('.registers dl > div')]"
                               ".filter((of) => of.scrollWidth > of.clientWidth).length") == 0  # fmt: skip


def test_crash_as_info_shows_it():
    """The other threads, the open spans, and where a stack was cut."""
    def frames(*names):
        return [{"ip": "0x1", "symbol": name, "file": "src/deep.c", "line": 3} for name in names]

    header = {"clock": {"mono_ns": make.MONO, "real_ns": make.REAL}, "pid": 7, "host": "h", "comm": "deep",
              "reason": "crash", "left_out": {"mappings": 5, "text_bytes": 64},
              "crash": {"signal": "SIGSEGV", "number": 11, "tid": 7, "thread": "deep", "stack_overflow": True,
                        "frames": frames("sink+0x1", "sink+0x2"), "cut": "stack", "outer_frames": frames("run", "main"),
                        "threads": [{"tid": 8, "thread": "idle", "frames": frames("poll", "loop")}]}}  # fmt: skip
    sites = [make.site("span", "INFO", "handle", "handle", 4, [("n", "u64")], "net")]
    snapshot = make.Snapshot(header, sites, [{"pid": 7, "tid": 7, "comm": "deep"}], {0: [make.array("Q")]})
    snapshot.chunk([(make.MONO + i, 0, 0, [i]) for i in range(2)])
    snapshot.end()
    with tempfile.TemporaryDirectory() as folder:
        BROWSER.open(page_of(folder, snapshot.save(os.path.join(folder, "deep.bin"))), READY)
        text = lambda what: BROWSER.run("[...document.querySelectorAll(%s)].map((of) => of.textContent)"  # noqa: E731
                                        % json.dumps(what))  # fmt: skip
        assert ", stack overflow" in text("#where .cause")[0], text("#where .cause")
        stack = text("#files .file > .stack li")
        assert [row[: row.find("src/") if "src/" in row else None] for row in stack] == \
            ["#0sink", "#1sink", "\u2026 the rest of the stack was not copied", "#-2run", "#-1main"], stack  # fmt: skip
        assert text(".others > summary") == ["Stacks of the other threads (1)"]
        assert text(".others h4") == ["idle (8)"]
        assert [row.split("src/")[0] for row in text(".others li")] == ["#0poll", "#1loop"]
        spans = text(".open-spans li")
        assert len(spans) == 2 and re.fullmatch(r"net:handle since .* UTC, thread deep \(7\)", spans[0]), spans
        assert text("#notices li") == ["Left out of the header: 5 mappings, what texts of sites have beyond 64 bytes."]


def test_crash_of_others():
    """The program's own code comes first, in few words; the row of an event is beside its
    details."""
    covered = """document.querySelector(".row[aria-selected=true]").getBoundingClientRect().bottom -
                 document.getElementById("details").getBoundingClientRect().top"""
    with tempfile.TemporaryDirectory() as folder:
        path = page_of(folder, abort_file(folder))
        for width in (360, 1000, 1700):
            BROWSER.size(width, 780)
            BROWSER.open(path, READY)
            where = BROWSER.run("document.getElementById('where').textContent")
            assert where.startswith("in shop::Cart<std::string >::operator+=(int) at ../src/cart.cc:7, thread shop"), where
            assert where.endswith("shop::no_stock: sold out"), where
            assert BROWSER.run("[...document.querySelectorAll('.frame')].map((of) => of.className)") == \
                ["frame foreign"] * 3 + ["frame", "frame foreign"]  # fmt: skip
            assert BROWSER.run("document.getElementById('filter').clientWidth") > 250
            for key in ("c", "Home", "End"):
                BROWSER.press(key)
                BROWSER.run(FRAME)
                assert BROWSER.run(covered) <= 1, (width, key)


def test_hostile_files():
    """With any contents of a file, the page opens, and prints nothing to the console."""
    opened = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, data in make.hostile().items():
            source, path = write(folder, name, data), os.path.join(folder, "page.html")
            result = subprocess.run([VIEW, "--format", "html", "-o", path, source], capture_output=True, timeout=DEADLINE_S)
            assert result.returncode in (0, 1), (name, result)
            BROWSER.open(path, READY)
            assert BROWSER.said() == [], (name, BROWSER.said())
            if result.returncode:
                assert "Damaged: " in BROWSER.run("document.getElementById('notices').textContent"), name
            opened += 1
    assert opened > 20


def test_accessible():
    """Contrast of all text in light and dark; names and roles as the browser gives them to screen
    readers."""
    with tempfile.TemporaryDirectory() as folder:
        BROWSER.open(page_of(folder, GOLDEN), READY)
        BROWSER.run("it.setFilter('a='), it.toCrash()")
        for is_dark in (False, True):
            BROWSER.dark(is_dark)
            BROWSER.run(FRAME)
            bad = BROWSER.run(CONTRAST)
            assert bad == [], ("dark" if is_dark else "light", bad)
        BROWSER.dark(False)
        nodes = BROWSER.ask("Accessibility.getFullAXTree")["nodes"]
        names = [(node.get("role", {}).get("value"), node.get("name", {}).get("value")) for node in nodes
                 if not node.get("ignored")]  # fmt: skip
        for role in ("heading", "complementary", "main", "grid", "row", "columnheader", "gridcell", "textbox", "alert"):
            assert any(role == one for one, _ in names), role
        for role, name in names:
            assert role not in ("button", "textbox", "grid", "image") or name, (role, name)
        assert ("textbox", "Filter") in names and ("grid", "Events") in names


def test_windows_and_paper(path):
    """Nothing is wider than the window, and printing shows also what is scrolled out of sight."""
    for width in (360, 700, 1000, 1600):
        BROWSER.size(width, 900)
        BROWSER.open(path["html"], READY)
        BROWSER.run(FRAME)
        assert BROWSER.run("document.documentElement.scrollWidth") <= width, width
        assert BROWSER.run("document.getElementById('table').clientHeight") > 120, width
    BROWSER.size(1440, 900)
    BROWSER.ask("Emulation.setEmulatedMedia", media="print")
    BROWSER.run("it.table.print()")
    shown = BROWSER.run("['heading', 'histogram', 'printed', 'table', 'filter'].map((id) => "
                        "document.getElementById(id).getClientRects().length > 0)")  # fmt: skip
    BROWSER.ask("Emulation.setEmulatedMedia", media="")
    assert shown == [True, True, True, False, False], shown
    assert BROWSER.run("document.querySelectorAll('#printed .row').length") == 60


def with_browser(tests):
    """The tests as run() takes them: in one browser, some of them with the big file."""
    folder = tempfile.mkdtemp(prefix="ttlog-html-")
    path = {"bin": big_file(folder)}
    path["html"] = page_of(folder, path["bin"], name="big.html")

    def wrap(test):
        def called():
            BROWSER.size(1440, 900)
            test(*[path] * test.__code__.co_argcount)

        return called

    return folder, {name: wrap(test) for name, test in tests.items()}


if __name__ == "__main__":
    tests = {name: test for name, test in globals().items() if name.startswith("test_")}
    alone = ("test_page_is_alone", "test_text_is_no_markup", "test_limit")
    if not shutil.which("chromium"):
        print("no chromium: the page was not opened; make deps-browser installs it")
        if os.environ.get("TTLOG_NEED_BROWSER"):
            sys.exit(1)
        run({name: tests[name] for name in alone})
    folder, wrapped = with_browser({name: test for name, test in tests.items() if name not in alone})
    try:
        with Browser() as BROWSER:
            run({**{name: tests[name] for name in alone}, **wrapped})
    finally:
        shutil.rmtree(folder)
