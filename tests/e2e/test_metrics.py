# SPDX-License-Identifier: MIT
"""What --metrics says, as Prometheus reads it."""
import http.client
import json
import os
import re
import socket
import subprocess
import urllib.parse
import urllib.request

from harness import COLLECT, DEADLINE_S, TREE, check, equal, wait_until

AT = re.compile(r"ttlog-collect: metrics at http://(\S+)/metrics.*")
SAMPLE = re.compile(r"(ttlog_\w+)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def free_port():
    """One that is free now; the test's collector is the only program that asks for it."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def collect(t, *args, at="{}"):
    """A collector that serves metrics, and where."""
    collector = t.collect("--metrics", at.format(free_port()), *args)
    return collector, collector.err.wait(AT.pattern)[1]


def fetch(at):
    with urllib.request.urlopen(f"http://{at}/metrics", timeout=DEADLINE_S) as answer:
        return answer.read().decode()


def samples(at):
    """{(name, label values in their order): value}"""
    found = {}
    for line in fetch(at).splitlines():
        if line.startswith("#"):
            continue
        match = SAMPLE.fullmatch(line)
        check(match, f"line {line!r}")
        key = (match[1], *(value for _, value in LABEL.findall(match[2] or "")))
        check(key not in found, f"{key} is there twice")
        found[key] = float(match[3])
    return found


def wait_sample(at, key, value):
    return wait_until(lambda: samples(at).get(key) == value and samples(at), f"{key} is {value}")


def promtool(*args, text=None):
    done = subprocess.run(["promtool", *args], input=text, text=True, capture_output=True,
                          timeout=DEADLINE_S, check=False)
    return done.returncode, done.stdout + done.stderr


def test_metrics_of_a_service(t):
    """Counts are those of the last line, and stay when the process has ended."""
    app = t.start(t.app("trade"), "--wait", 2, 5000)
    app.out.wait("ready")
    collector, at = collect(t, "--immediate", "--on", "exit", "-e", app.argv[0])
    collector.recording_path(app.argv[0])
    app.ask("done")
    before = wait_sample(at, ("ttlog_events_recorded_total", "trade"), 10000)
    equal(before["ttlog_processes", "trade"], 1, "processes")
    check(before["ttlog_ring_used_bytes", "trade"] > 10000 * 24, "bytes in the ring")
    check(before["ttlog_ring_size_bytes", "trade"] == 64 << 20, "size of the ring")
    check(before["ttlog_flushes_total", "trade"] > 0, "flushes")
    check(0 <= before["ttlog_last_event_age_seconds", "trade"] < DEADLINE_S, "age")
    check(1e-8 < before["ttlog_trap_duration_seconds",] < 1, "cost of a trap")
    check(before["ttlog_collector_cpu_seconds_total",] > 0, "CPU")
    check(before["ttlog_collector_resident_bytes",] > 1 << 20, "memory")
    check(before["ttlog_kernel_buffer_peak_bytes", "batches"] > 0, "use of the kernel's buffer")
    equal(before["ttlog_bpf_program_misses_total", "control"], 0, "misses")
    app.say()
    app.end()
    after = wait_sample(at, ("ttlog_snapshots_total", "exit"), 1)
    equal(after["ttlog_events_recorded_total", "trade"], 10000, "after its end")
    equal(after["ttlog_processes", "trade"], 0, "processes after its end")
    equal(after["ttlog_snapshot_duration_seconds_count",], 1, "durations")
    equal(after["ttlog_snapshot_bytes_total", "exit"], os.stat(t.wait_files(1)[0]).st_size, "bytes")
    for (name, *labels), value in before.items():
        if name.endswith("_total"):
            check(after[(name, *labels)] >= value, f"{name}{labels} fell from {value}")
    collector.stop()
    accounts = collector.only_accounts()
    for name in ("emitted", "recorded", "overwritten"):
        equal(after[f"ttlog_events_{name}_total", "trade"], getattr(accounts, name), name)


def test_metrics_of_deleted_files(t):
    """By the option that limits them."""
    app = t.start(t.app("trade"), "--wait", 2, 10)
    app.out.wait("ready")
    collector, at = collect(t, "--max-snapshots", 2, "-p", app.pid)
    collector.recording(app.pid)
    app.ask("done")
    equal(samples(at)["ttlog_files_deleted_total", "max-snapshots"], 0, "before")
    for _ in range(3):
        subprocess.run([COLLECT, "--trigger", "x", "-p", str(app.pid)], check=True, stdout=subprocess.DEVNULL,
                       timeout=DEADLINE_S)
    after = wait_sample(at, ("ttlog_files_deleted_total", "max-snapshots"), 1)
    equal(after["ttlog_files_deleted_total", "max-disk"], 0, "because of another limit")
    app.say()
    app.end()
    collector.stop()


def test_metrics_by_process(t):
    """Two processes of one service, and what is left when one has ended."""
    apps = [t.start(t.app("trade"), "--wait", 1, events) for events in (100, 200)]
    for app in apps:
        app.out.wait("ready")
    collector, at = collect(t, "--immediate", "--metrics-by", "pid", "-e", apps[0].argv[0])
    collector.recording_path(apps[0].argv[0])
    for app in apps:
        app.ask("done")
    first, second = [("ttlog_process_events_recorded_total", "trade", str(app.pid)) for app in apps]
    wait_sample(at, first, 100)
    wait_sample(at, second, 200)
    wait_sample(at, ("ttlog_events_recorded_total", "trade"), 300)
    equal(promtool("check", "metrics", text=fetch(at)), (0, ""), "promtool check metrics")
    apps[0].say()
    apps[0].end()
    left = wait_until(lambda: first not in samples(at) and samples(at), "the first one is gone")
    equal((left[second], left["ttlog_events_recorded_total", "trade"]), (200, 300), "what is left")
    apps[1].say()
    apps[1].end()
    collector.stop()


def test_metrics_of_a_stream(t):
    """All events get into a segment, while the program runs, and stay counted at its end."""
    app = t.start(t.app("trade"), "--wait", 1, 1000)
    app.out.wait("ready")
    collector, at = collect(t, "--immediate", "--stream", "-e", app.argv[0])
    collector.recording_path(app.argv[0])
    app.ask("done")
    got = wait_sample(at, ("ttlog_stream_events_written_total",), 1000)
    check(0 <= got["ttlog_stream_lag_seconds", "trade"] < DEADLINE_S, "lag")
    wait_sample(at, ("ttlog_stream_lag_seconds", "trade"), 0)
    app.say()
    app.end()
    got = wait_sample(at, ("ttlog_processes_ended_total", "trade"), 1)
    equal((got["ttlog_stream_events_written_total",], got["ttlog_stream_events_missed_total",]),
          (1000, 0), "when it has ended")
    collector.stop()


def test_metrics_of_what_was_recovered(t):
    """Also what the collector before had left is a snapshot that was written."""
    app, killed = t.start_recorded(t.app("crash"), "--wait", 1, 10)
    app.say()
    app.out.wait("ready")
    killed.signal(9)
    killed.wait()
    t.rings_may_stay = True
    collector, at = collect(t, "-p", app.pid)
    wait_sample(at, ("ttlog_snapshots_total", "recovered"), 1)
    collector.stop()


def test_metrics_please_promtool(t):
    collector, at = collect(t, "--", t.app("crash"), "--wait", 2, 100, "SEGV")
    equal(promtool("check", "metrics", text=fetch(at)), (0, ""), "promtool check metrics")
    collector.say()
    collector.out.wait("ready")
    collector.say()
    collector.wait()


def query(at, text):
    url = f"http://{at}/api/v1/query?" + urllib.parse.urlencode({"query": text})
    try:
        with urllib.request.urlopen(url, timeout=DEADLINE_S) as answer:
            return json.load(answer)["data"]["result"]
    except OSError:
        return []  # it starts


def test_metrics_scraped_by_prometheus(t):
    """Debian's, as its users configure it, with our alert rules."""
    app = t.start(t.app("trade"), "--wait", 1, 1000)
    app.out.wait("ready")
    collector, at = collect(t, "--immediate", "-p", app.pid)
    collector.recording(app.pid)
    app.ask("done")
    with open(t.path("prometheus.yml"), "w", encoding="utf-8") as file:
        file.write("global: {scrape_interval: 200ms, evaluation_interval: 200ms}\n"
                   f"rule_files: [{TREE}/src/metrics/prometheus/ttlog.rules.yml]\n"
                   f"scrape_configs: [{{job_name: ttlog, static_configs: [{{targets: ['{at}']}}]}}]\n")
    prometheus_at = f"127.0.0.1:{free_port()}"
    prometheus = t.start("prometheus", f"--config.file={t.path('prometheus.yml')}",
                         f"--storage.tsdb.path={t.path('data')}",
                         f"--web.listen-address={prometheus_at}")
    result = wait_until(
        lambda: query(prometheus_at, 'ttlog_events_recorded_total{job="ttlog"} == 1000'),
        "Prometheus has what was recorded")
    equal(result[0]["metric"]["service"], "trade", "service")
    equal(query(prometheus_at, "up")[0]["value"][1], "1", "up")
    equal(len(query(prometheus_at, "ttlog_build_info")), 1, "build info")
    prometheus.signal(15)
    prometheus.end()
    app.say()
    app.end()
    collector.end()


def test_metrics_of_hostile_names(t):
    """A program without a service is called like its file, by a name made to break the page."""
    for name, label in (('a"} 1\nttlog_x 2', 'a\\"} 1?ttlog_x 2'), ("\\", "\\\\"),
                        ("\udcff\x1b[m", "??[m")):
        collector, at = collect(t, "--", t.app("unnamed", to=t.path(name)))
        collector.out.wait("ready")
        wait_sample(at, ("ttlog_processes", label), 1)
        equal(promtool("check", "metrics", text=fetch(at)), (0, ""), "promtool check metrics")
        collector.say()
        collector.end()


def test_metrics_port_in_use(t):
    """Said before anything is recorded or run, and no other port is taken."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        at = "127.0.0.1:%d" % server.getsockname()[1]
        app = t.start(t.app("trade"), "--wait", 1, 1)
        app.out.wait("ready")
        collector = t.collect("--metrics", at, "-p", app.pid).end(1)
        equal(collector.err.text(), f"ttlog-collect: --metrics: can't listen on {at}: Address already "
              "in use (another program listens there: take another port)", "what it says")
        t.collect("--metrics", at, "--", "/bin/touch", t.path("started")).end(125)
        check(not os.path.exists(t.path("started")), "the command has not run")
    app.finish()


def test_metrics_listens_where_it_is_told(t):
    """On loopback alone, unless another address is given."""
    for form, host in (("{}", "127.0.0.1"), (":{}", "127.0.0.1"), ("[::1]:{}", "::1")):
        collector, at = collect(t, "--", "/bin/cat", at=form)
        port = int(at.rpartition(":")[2])
        equal(at.rpartition(":")[0].strip("[]"), host, "address")
        with open("/proc/net/tcp" + ("6" if host == "::1" else ""), encoding="ascii") as file:
            found = [line.split()[1] for line in file if line.split()[1].endswith(":%04X" % port)
                     and line.split()[3] == "0A"]
        equal(found, [("0100007F" if host == "127.0.0.1" else "0" * 24 + "01000000") + ":%04X" % port],
              "listening sockets")
        collector.close_stdin()
        collector.end()


def test_metrics_rude_clients(t):
    """They delay neither the recording nor other clients."""
    app = t.start(t.app("trade"), "--wait", 1, 1000)
    app.out.wait("ready")
    collector, at = collect(t, "--immediate", "-p", app.pid)
    collector.recording(app.pid)
    host, _, port = at.rpartition(":")
    rude = []
    for text in (b"", b"GET /met", b"\0\xff" * 100, b"POST /metrics HTTP/1.1\r\n", b"x" * 100000):
        client = socket.create_connection((host, int(port)), DEADLINE_S)
        client.send(text)
        rude.append(client)
    app.ask("done")
    wait_sample(at, ("ttlog_events_recorded_total", "trade"), 1000)
    client = http.client.HTTPConnection(host, int(port), timeout=DEADLINE_S)
    client.request("POST", "/metrics", body="x" * 1000)
    equal(client.getresponse().status, 405, "POST")
    client.close()
    app.say()
    app.end()
    equal(collector.end().only_accounts().recorded, 1000, "recorded")
    for client in rude:
        client.close()


def names_of_page(at):
    """As queries name them: a histogram has three."""
    names = set()
    for line in fetch(at).splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            names |= {name + end for end in (("_bucket", "_sum", "_count") if kind == "histogram" else ("",))}
    return names


def dashboard_queries():
    with open(os.path.join(TREE, "src/metrics/grafana/ttlog.json"), encoding="utf-8") as file:
        dashboard = json.load(file)
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    queries += [one["expr"] for one in dashboard["annotations"]["list"]]
    queries += [one["definition"] for one in dashboard["templating"]["list"] if "definition" in one]
    return queries


def test_metrics_of_dashboard_rules_and_manual(t):
    """They name what there is, and all of it; the dashboard is of services."""
    collector, at = collect(t, "--metrics-by", "pid", "--stream", "--", "/bin/cat")
    there = names_of_page(at)
    collector.close_stdin()
    collector.end()
    with open(os.path.join(TREE, "src/metrics/prometheus/ttlog.rules.yml"), encoding="utf-8") as file:
        rules = re.findall(r"expr: (.*)", file.read())
    with open(os.path.join(TREE, "man/ttlog-collect.1"), encoding="utf-8") as file:
        manual = re.findall(r"^\.It (ttlog_\w+)", file.read(), re.M)
    dashboard = set(re.findall(r"ttlog_\w+", " ".join(dashboard_queries())))
    equal(set(re.findall(r"ttlog_\w+", " ".join(rules))) - there, set(), "unknown names in rules")
    equal(dashboard - there, set(), "unknown names in the dashboard")
    families = {re.sub("_(bucket|sum|count)$", "", name) for name in there}
    by_pid = {name for name in families if name.startswith("ttlog_process_")}
    equal(families - by_pid - {re.sub("_(bucket|sum|count)$", "", name) for name in dashboard}, set(),
          "names that the dashboard does not show")
    equal(sorted(manual), sorted(families), "names in the man page")


def test_metrics_rules(t):
    """Each alert fires when it should."""
    rules = os.path.join(TREE, "src/metrics/prometheus/ttlog.rules.yml")
    for path in (rules, os.path.join(TREE, "tests/unit/metrics/ttlog.rules_test.yml")):
        t.copy(path)
    status, text = promtool("check", "rules", rules)
    equal((status, "SUCCESS: 12 rules found" in text), (0, True), text)
    status, text = promtool("test", "rules", t.path("ttlog.rules_test.yml"))
    equal(status, 0, text)


def test_metrics_dashboard_queries(t):
    """Prometheus parses each query of the dashboard."""
    lines = []
    for number, text in enumerate(dashboard_queries()):
        if text.startswith("label_values"):
            continue
        for variable, value in (("$__rate_interval", "1m"), ("$__range", "1h"), ("$instance", ".*"),
                                ("$service", ".*")):
            text = text.replace(variable, value)
        lines.append(f"  - {{record: 'query:{number}', expr: '{text}'}}")
    check(len(lines) > 20, f"{len(lines)} queries")
    with open(t.path("queries.yml"), "w", encoding="utf-8") as file:
        file.write("groups:\n- name: dashboard\n  rules:\n" + "\n".join(lines) + "\n")
    status, text = promtool("check", "rules", t.path("queries.yml"))
    equal(status, 0, text)
