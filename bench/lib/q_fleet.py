# SPDX-License-Identifier: MIT
"""Many hosts at once, simulated, against three servers on this machine; how long their list takes."""
import json
import os
import signal
import subprocess
import time

from .fleet import Servers, cpu_s_of, memory_mib_of, wait_for
from .process import Failed, run
from .q_live import built

BUCKET = 'crashes'
WORKERS = 256      # hosts that send at the same time


class Hosts:
    """The program hosts, and its answers."""

    def __init__(self, bench, servers, count, snapshot, info):
        self.servers = servers
        self.program = subprocess.Popen([bench.program('hosts'), str(count), snapshot, info, servers.url(BUCKET)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.connecting = self.answer()

    def answer(self):
        line = self.program.stdout.readline()
        if not line:
            raise Failed('hosts ended')
        answer = json.loads(line)
        if answer['failed']:
            raise Failed(f'{answer["failed"]} of {answer["failed"] + answer["done"]} failed')
        return answer

    def say(self, command):
        """The answer, with CPU of all servers and of the hosts, in cores, meanwhile."""
        server_s, own_s, begin = self.servers.cpu_s(), cpu_s_of(self.program.pid), time.monotonic()
        self.program.stdin.write(command + '\n')
        self.program.stdin.flush()
        answer = self.answer()
        answer['wall_s'] = time.monotonic() - begin
        answer['server_s'] = self.servers.cpu_s() - server_s
        answer['own_s'] = cpu_s_of(self.program.pid) - own_s
        return answer

    def end(self):
        self.program.stdin.close()
        self.program.stdout.close()
        self.program.wait(60)


def make_crash(bench):
    """(path of a real snapshot of a crash, of about 50 KB; path of what --info says of it)."""
    directory = bench.fresh_dir('crash')
    collector = bench.product.start(['-q', '-o', directory], [bench.program('rate'), 'varied', '60', '5000'])
    program = bench.product.traced_pid(collector, 'rate')
    time.sleep(1)  # its events are the size
    os.kill(program, signal.SIGSEGV)
    collector.wait(60)
    (name,) = os.listdir(directory)
    info = os.path.join(directory, 'info.json')
    with open(info, 'w') as file:
        json.dump(bench.product.info(os.path.join(directory, name)), file)
    return os.path.join(directory, name), info


def add(bench, what, unit, value, note=''):
    bench.line('fleet', what, 'ttlog', unit).add(value, note=note)


def show_crashes(bench, what, answer):
    cores = answer['server_s'] / answer['wall_s']
    for name in ('p50', 'p99', 'latest'):
        add(bench, f'{what}, {name}', 'ms', answer[name + '_ms'])
    add(bench, f'{what}, CPU of all servers', '% of a core', 100 * cores,
        f'{1000 * answer["server_s"] / answer["done"]:.1f} ms a crash; the hosts '
        f'{1000 * answer["own_s"] / answer["done"]:.1f}')


def list_all(bench, servers, count):
    program = built(bench, 'ttlog-fleet')
    done = run([program, 'list', servers.url(BUCKET)]).check()
    found = done.out.count('\n')
    if found < count:
        raise Failed(f'{found} of {count} files are in the list')
    return done


def fleet(bench):
    """1,000 simulated hosts, 100 crashes a second, an index of 100,000 files: latencies, servers, the list"""
    hosts_cnt, rate, seconds = bench.scale(1000, 50), bench.scale(100, 20), bench.scale(60, 3)
    files = bench.scale(100_000, 1000)
    snapshot, info = make_crash(bench)
    sizes = [os.path.getsize(path) / 1000 for path in (snapshot, info)]
    add(bench, 'a crash', 'KB', sizes[0], f'its message in the index {sizes[1]:.1f}')
    with Servers(bench) as servers:
        idle_mib = servers.memory_mib()
        hosts = Hosts(bench, servers, hosts_cnt, snapshot, info)
        try:
            measure(bench, servers, hosts, (hosts_cnt, rate, seconds, files, idle_mib))
        finally:
            hosts.end()


def measure(bench, servers, hosts, scale):
    hosts_cnt, rate, seconds, files, idle_mib = scale
    add(bench, f'{hosts_cnt} hosts connect', 's', hosts.connecting['seconds'])
    add(bench, 'memory of the largest server, hosts idle', 'MiB', servers.memory_mib(), f'{idle_mib:.0f} before')
    add(bench, 'memory of all hosts', 'MiB', memory_mib_of(hosts.program.pid, 'VmRSS'))
    show_crashes(bench, f'{rate} crashes/s', hosts.say(f'burst {rate} {seconds} {WORKERS}'))
    filled = hosts.say(f'fill {files} {WORKERS}')
    add(bench, 'index alone', 'messages/s', filled['done'] / filled['seconds'])
    show_crashes(bench, f'{rate} crashes/s, index of {files}', hosts.say(f'burst {rate} {bench.scale(10, 3)} {WORKERS}'))
    for workers in (1, 16, WORKERS):
        most = hosts.say(f'burst 0 {bench.scale(5, 2)} {workers}')
        add(bench, f'as fast as {workers} hosts can', 'crashes/s', most['done'] / most['seconds'],
            f'p50 {most["p50_ms"]:.1f} ms, p99 {most["p99_ms"]:.1f} ms')
    audited = hosts.say(f'audit {bench.scale(5, 2)} {WORKERS}')
    add(bench, f'as fast as {WORKERS} hosts read back', 'crashes/s', audited['done'] / audited['seconds'],
        f'{1000 * audited["server_s"] / audited["done"]:.1f} ms of the servers\' CPU a crash')
    add(bench, 'memory of the largest server, then', 'MiB', servers.memory_mib())
    listed = list_all(bench, servers, files)
    add(bench, f'a list of {listed.out.count(chr(10))} files', 's', listed.seconds)
    add(bench, 'a server that was killed is back', 's', start_again(servers))


def start_again(servers):
    """Seconds until the server that was killed has all of both streams again."""
    def is_current():
        infos = [servers.ask(lambda client, name=name: client.api('STREAM.INFO.' + name))
                 for name in ('OBJ_' + BUCKET, 'TTLOG_INDEX_' + BUCKET)]
        return all(info and all(one['current'] for one in info['cluster']['replicas']) for info in infos)

    servers.servers[2].kill()
    begin = time.monotonic()
    servers.servers[2].start()
    wait_for(is_current, 'a server that is current', 120)
    return time.monotonic() - begin


QUESTIONS = {'fleet': fleet}
