# SPDX-License-Identifier: MIT
"""Other tracers see and trace the same sites, also while ttlog-collect records."""
import re
import shutil
import signal
import struct
import subprocess

from harness import DEADLINE_S, Skip, check, equal, wait_until
from notes import Semaphores
from test_trade import check_trades, trade_fields

SCRIPT = """BEGIN { printf("begun\\n"); }
usdt:%s:trade:trade_executed {
	printf("%%s %%d %%lx %%s %%d\\n", str(arg0), arg1, arg2, str(arg3), arg4);
}"""


def need(tool):
    if not shutil.which(tool):
        raise Skip(f"{tool} is not installed")
    return tool


def start_bpftrace(t, pid):
    """bpftrace that prints the arguments of the program's events."""
    tracer = t.start(need("bpftrace"), "-p", pid, "-e", SCRIPT % t.path("trade"))
    tracer.out.wait("begun")
    return tracer


def check_printed(tracer, events):
    """It printed all events of thread 0, with the bits of floating-point numbers."""
    wanted = []
    for event in range(events):
        symbol, quantity, price, side, latency_us = trade_fields(0, event).values()
        bits = struct.unpack("<Q", struct.pack("<d", price))[0]
        wanted.append(f"{symbol} {quantity} {bits:x} {side} {latency_us}")
    printed = [line for line in tracer.out.all() if re.match(r"[A-Z]{4} \d", line)]
    equal(printed, wanted, f"what bpftrace printed; it said {tracer.err.text()!r}")


def start_trade(t, events):
    app = t.start(t.app("trade"), "--wait", 1, events)
    app.out.wait("ready")
    return app


def end_trade(app):
    app.out.wait("done")
    app.say()
    app.end()


def test_bpftrace_lists_sites(t):
    done = subprocess.run([need("bpftrace"), "-l", f"usdt:{t.app('levels')}:*"],
                          capture_output=True, timeout=DEADLINE_S, check=True)
    listed = [line.split(":", 2)[2] for line in done.stdout.decode().split()]
    equal(sorted(set(listed)), sorted(
        ["levels:" + name for name in ("trace", "debug", "info", "warn", "error", "fatal", "net_open",
                                       "disk_full")] + ["ttlog:control"]), "probes")


def test_bpftrace_lists_sites_of_a_process(t):
    app = start_trade(t, 1)
    done = subprocess.run([need("bpftrace"), "-p", str(app.pid), "-l", "usdt:*"],
                          capture_output=True, timeout=DEADLINE_S, check=True)
    check("trade:trade_executed" in done.stdout.decode(), f"probes: {done.stdout}")
    app.say()
    end_trade(app)


def test_bpftrace_traces_alone(t):
    """Without a collector; and nothing is logged into batches without a reader."""
    app = start_trade(t, 20)
    tracer = start_bpftrace(t, app.pid)
    app.say()
    end_trade(app)
    tracer.wait()
    check_printed(tracer, 20)


def test_bpftrace_traces_while_recorded(t):
    app = start_trade(t, 20)
    collector = t.collect("--on", "exit", "-p", app.pid)
    collector.recording(app.pid)
    tracer = start_bpftrace(t, app.pid)
    app.say()
    end_trade(app)
    tracer.wait()
    check_printed(tracer, 20)
    equal(collector.end().only_accounts().recorded, 20, "recorded")
    check_trades(t.only_snapshot().events, 1, 0, 20)


def interrupt(tracer):
    """Now and then, on a loaded machine, bpftrace 0.17 waits on after the first program."""
    while tracer.runs():
        tracer.signal(signal.SIGINT)
        try:
            tracer.process.wait(10)
        except subprocess.TimeoutExpired:
            continue
    tracer.wait()


def test_recorded_while_bpftrace_traces(t):
    """bpftrace came first; after both have ended, semaphores are 0."""
    app = start_trade(t, 20)
    tracer = start_bpftrace(t, app.pid)
    collector = t.collect("-p", app.pid)
    collector.recording(app.pid)
    app.say()
    app.out.wait("done")
    equal(collector.stop().only_accounts().recorded, 20, "recorded")
    check_trades(t.only_snapshot().events, 1, 0, 20)
    semaphores = Semaphores(app.pid, t.path("trade"))
    equal(semaphores.raised(), {"trade:trade_executed"}, "semaphores with bpftrace alone")
    interrupt(tracer)
    check_printed(tracer, 20)
    wait_until(lambda: not semaphores.raised(), "semaphores at 0")
    app.say()
    app.end()


def test_gdb_sees_probes(t):
    """gdb's `info probes` knows names, places and semaphores."""
    done = subprocess.run([need("gdb"), "-batch", "-nx", "-ex", "info probes stap", t.app("trade")],
                          capture_output=True, timeout=DEADLINE_S, check=True)
    rows = [line.split() for line in done.stdout.decode().splitlines()]
    probes = {(row[1], row[2]): row for row in rows if row[:1] == ["stap"]}
    equal(set(probes), {("trade", "trade_executed"), ("ttlog", "control")}, "probes")


def test_gdb_stops_at_a_site_while_recorded(t):
    """A debugger's breakpoint on the same nop that is traced, with the arguments."""
    app = start_trade(t, 3)
    collector = t.collect("--on", "exit", "-p", app.pid)
    collector.recording(app.pid)
    debugger = t.start(
        need("gdb"), "-batch", "-nx", "-p", app.pid, "-ex", "break -probe-stap trade:trade_executed",
        "-ex", "python print('begun', flush=True)", "-ex", "continue",
        "-ex", "printf \"%s %d\\n\", (char *)$_probe_arg0, (int)$_probe_arg1", "-ex", "detach")
    debugger.out.wait("begun")
    app.say()
    debugger.out.wait("AAPL 0")
    debugger.wait()
    end_trade(app)
    equal(collector.end().only_accounts().recorded, 3, "recorded")
    check_trades(t.only_snapshot().events, 1, 0, 3)
