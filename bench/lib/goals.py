# SPDX-License-Identifier: MIT
"""The goals of issue 3: ratios and figures of one run, and whether they are met."""

NOISE = 1.03  # two equal things differ by this much from run to run

LTTNGS = ('lttng snapshot', 'lttng snapshot, its own sizes')


class Verdict:
    """A goal with the figures that it needs."""

    def __init__(self, what, goal):
        self.what, self.goal = what, goal
        self.parts = []
        self.holds = []  # True, False, or None: no figure

    def add(self, text, value, holds):
        """Adds one figure of the goal; value None: it is missing."""
        self.parts.append('?' if value is None else text.format(value))
        self.holds.append(None if value is None else bool(holds))

    @property
    def met(self):
        """Not met if any figure fails; else open if any is missing."""
        if False in self.holds:
            return False
        return None if None in self.holds or not self.holds else True

    def none_lost(self, lost):
        if lost:
            self.add('{} lost', lost, False)
        return self

    def as_dict(self):
        return {'what': self.what, 'goal': self.goal, 'measured': '; '.join(self.parts),
                'met': self.met}


def ratio(value, by):
    return value / by if value is not None and by else None


def at_most(verdict, text, value, limit):
    verdict.add(text, value, value is not None and value <= limit)


def at_least(verdict, text, value, limit):
    verdict.add(text, value, value is not None and value >= limit)


def fastest(bench, question, what, whos):
    values = [bench.value(question, what, who) for who in whos]
    return min((value for value in values if value is not None), default=None)


def scaled(value, by):
    return None if value is None else value / by


def judge_disabled(bench):
    verdict = Verdict('disabled site', '<= LTTng-UST\'s disabled tracepoint, and <= 0.4 ns')
    for what in ('one mark in a loop', 'sixteen in a row'):
        ours = bench.value('disabled', what)
        at_most(verdict, f'{what} {{:.2f}} ns', ours, 0.4)
        if not bench.args.no_peers:
            at_most(verdict, '{:.2f} x LTTng', ratio(ours, bench.value('disabled', what, 'lttng')),
                    NOISE)
    return verdict


def judge_two(bench):
    verdict = Verdict('two-integer event, recording, one thread, program\'s cost',
                      '<= 0.22 x LTTng-UST snapshot mode, <= 1.4 x the floor')
    ours = bench.value('cost', 'two')
    at_most(verdict, '{:.3f} x LTTng', ratio(ours, fastest(bench, 'cost', 'two', LTTNGS)), 0.22)
    at_most(verdict, '{:.2f} x the floor', ratio(ours, bench.value('cost', 'two', 'the floor')), 1.4)
    verdict.add('{:.1f} ns', ours, True)
    return verdict.none_lost(bench.lost('cost', 'two'))


def judge_trade(bench):
    verdict = Verdict('five-field trade event',
                      '<= 0.22 x LTTng-UST, <= 0.1 x spdlog basic, <= 1.4 x the floor')
    ours = bench.value('cost', 'trade')
    at_most(verdict, '{:.3f} x LTTng', ratio(ours, fastest(bench, 'cost', 'trade', LTTNGS)), 0.22)
    at_most(verdict, '{:.2f} x the floor', ratio(ours, bench.value('cost', 'trade', 'the floor')), 1.4)
    at_most(verdict, '{:.3f} x spdlog',
            ratio(ours, bench.value('cost', 'trade', 'spdlog basic')), 0.1)
    verdict.add('{:.1f} ns', ours, True)
    return verdict.none_lost(bench.lost('cost', 'trade'))


def judge_latency(bench):
    verdict = Verdict('p99 of one event\'s cost, flushes included; p99.9', '<= 60 ns; <= 10 us')
    for what in ('two', 'trade'):
        at_most(verdict, f'{what} {{:.1f}} ns', bench.value('latency', f'{what} p99'), 60)
        at_most(verdict, '{:.2f} us', scaled(bench.value('latency', f'{what} p99.9'), 1000), 10)
    return verdict


def judge_throughput(bench):
    verdict = Verdict('recorded events/s, one producer, zero loss, two-integer event',
                      '>= 60 million')
    at_least(verdict, '{:.1f} million', scaled(bench.value('throughput', 'two, 1 thread'), 1e6),
             60)
    return verdict.none_lost(bench.lost('throughput', 'two, 1 thread'))


def judge_cold(bench):
    verdict = Verdict('as fast as it goes into a ring of 64M, 1G and 4G without memory yet',
                      'zero loss')
    for size in ('64M', '1G', '4G'):
        what = f'trade, -s {size}'
        lost = bench.lost('cold', what)
        verdict.add(f'{size}: {{}} lost', lost, lost == 0)
    return verdict


def judge_sustained(bench):
    verdict = Verdict('recorded five-field events/s, zero loss, sustained for 10 s',
                      '>= 30 million')
    at_least(verdict, '{:.1f} million', scaled(bench.value('sustained', 'trade, 1 thread'), 1e6),
             30)
    return verdict.none_lost(bench.lost('sustained', 'trade, 1 thread'))


def judge_threads(bench):
    verdict = Verdict('1,024 threads at once, 100,000 events each',
                      'zero loss; <= 1.2 x the cost per event of 2 threads')
    at_most(verdict, '{:.2f} x', ratio(bench.value('threads', 'two', 'ttlog, 1024 threads'),
                                       bench.value('threads', 'two', 'ttlog, 2 threads')), 1.2)
    return verdict.none_lost(bench.lost('threads', 'two', 'ttlog, 1024 threads'))


def judge_light(bench):
    verdict = Verdict('CPU of a program that logs 100,000 events/s',
                      '< 1 % more, collector included < 2 % of one core')
    alone = bench.value('light', 'the program', 'nobody records')
    ours = bench.value('light', 'the program')
    collector = bench.value('light', 'the collector')
    more = ours - alone if None not in (ours, alone) else None
    both = more + collector if None not in (more, collector) else None
    verdict.add('{:.2f} % more', more, more is not None and more < 1)
    verdict.add('{:.2f} % with the collector', both, both is not None and both < 2)
    return verdict.none_lost(bench.lost('light', 'the program'))


def judge_watch(bench):
    verdict = Verdict('CPU of the collector with --on event:level>=ERROR that nothing matches, 5 million events/s',
                      '<= 1.05 x')
    for what in ('two', 'trade'):
        at_most(verdict, what + ' {:.2f} x', ratio(bench.value('watch', what, WATCHING), bench.value('watch', what)), 1.05)
    return verdict.none_lost(bench.lost('watch', 'two', WATCHING))


def judge_flight(bench):
    verdict = Verdict('bytes in the flight ring per two-integer / trade event',
                      '<= 24 / 44, all headers included')
    at_most(verdict, '{:.2f}', bench.value('flight', 'two'), 24)
    at_most(verdict, '{:.2f}', bench.value('flight', 'trade'), 44)
    return verdict


def judge_disk(bench):
    verdict = Verdict('bytes on disk per trade event, varied fields', '<= 0.25 x LTTng\'s CTF')
    ours = bench.value('disk', 'varied trade')
    at_most(verdict, '{:.3f} x CTF', ratio(ours, bench.value('disk', 'varied trade', 'lttng')),
            0.25)
    verdict.add('{:.2f} bytes', ours, True)
    return verdict.none_lost(bench.lost('disk', 'varied trade'))


def judge_snapshot(bench):
    verdict = Verdict('snapshot of a full 64 MiB ring to durable, 10 million events/s meanwhile',
                      '<= 0.3 s, zero loss')
    at_most(verdict, '{:.3f} s', bench.value('snapshot', 'two'), 0.3)
    return verdict.none_lost(bench.lost('snapshot', 'two'))


def judge_attach(bench):
    verdict = Verdict('enabling 10,000 sites / attaching to 200 running processes',
                      '<= 0.3 s / <= 1 s')
    at_most(verdict, '{:.3f} s', bench.value('enable', '10000 sites'), 0.3)
    for who in ('ttlog -p', 'ttlog -e'):
        at_most(verdict, who[6:] + ' {:.3f} s', bench.value('attach', '200 processes', who), 1)
    return verdict


def judge_recover(bench):
    verdict = Verdict('start to "recording" with a full 64 MiB ring left by a killed collector',
                      '<= 1.2 x that with none')
    at_most(verdict, '{:.2f} x', ratio(bench.value('recover', '"recording"', 'ttlog, a full ring left'),
                                       bench.value('recover', '"recording"', 'ttlog, nothing left')), 1.2)
    return verdict


def judge_view(bench):
    verdict = Verdict('ttlog-view --stats, and a filter that keeps 0.1 %',
                      '>= 10 million events/s a core, >= 15 x babeltrace2 counting the same')
    theirs = bench.value('view', 'count', 'babeltrace2 counter')
    for name, ours in (('stats', bench.value('view', 'count', 'ttlog --stats')),
                       ('filter', bench.value('view', 'a filter that keeps 0.1%'))):
        at_least(verdict, f'{name} {{:.1f}} million', scaled(ours, 1e6), 10)
        if not bench.args.no_peers:
            at_least(verdict, '{:.1f} x', ratio(ours, theirs), 15)
    return verdict


def judge_json(bench):
    verdict = Verdict('ttlog-view --format json', '>= 2 million events/s')
    at_least(verdict, '{:.2f} million', scaled(bench.value('view', 'print', 'ttlog json'), 1e6), 2)
    return verdict


def judge_stats(bench):
    verdict = Verdict('ttlog-view --stats, figures of three fields', '>= 10 million events/s a core')
    for who in ('ttlog by site', 'ttlog by two fields, 16 groups',
                'ttlog by a field, 10,000 groups'):
        at_least(verdict, who[6:] + ' {:.1f} million',
                 scaled(bench.value('stats', 'figures', who), 1e6), 10)
    return verdict


def judge_sql(bench):
    verdict = Verdict('--sql: rows scanned', '>= 5 million/s a core')
    for who in ('ttlog count(*)', 'ttlog sum of a field'):
        at_least(verdict, who[6:] + ' {:.1f} million',
                 scaled(bench.value('sql', 'scan', who), 1e6), 5)
    return verdict


def judge_look_ups(bench):
    verdict = Verdict('--sql: look-ups by an index in memory', '>= 5 million/s a core')
    for what in ('prepared look-up', 'join by a key'):
        for keys in ('', ', scattered'):
            at_least(verdict, what + keys + ' {:.2f} million',
                     scaled(bench.value('sql', what + keys), 1e6), 5)
    return verdict


def judge_look_ups_of_another(bench):
    verdict = Verdict('--sql: prepared look-ups that read another field', '>= 2 million/s a core')
    for keys in ('', ', scattered'):
        at_least(verdict, 'prepared look-up' + keys + ' {:.2f} million',
                 scaled(bench.value('sql', 'prepared look-up' + keys, 'ttlog and another field'),
                        1e6), 2)
    return verdict


def judge_joins(bench):
    verdict = Verdict('--sql: a key alone in a join', '>= 10 million/s a core')
    for keys in ('', ', scattered'):
        at_least(verdict, 'join by a key' + keys + ' {:.2f} million',
                 scaled(bench.value('sql', 'join by a key' + keys), 1e6), 10)
    return verdict


def judge_again(bench):
    verdict = Verdict('--sql: the same statement again', '>= 2 x as fast')
    at_least(verdict, '{:.0f} x', bench.value('sql', 'the same statement again'), 2)
    return verdict


def judge_stream(bench):
    verdict = Verdict('--stream --sync segment: events/s on the way to disk, none missed', '>= 5 million')
    at_least(verdict, '{:.2f} million',
             scaled(bench.value('stream', 'two, no loss', 'ttlog, balanced, --sync segment'), 1e6), 5)
    return verdict.none_lost(bench.lost('stream', 'two, no loss', 'ttlog, balanced, --sync segment'))


def judge_stream_read(bench):
    verdict = Verdict('a directory of segments: --stats of all, of a hundredth of the time',
                      '>= 10 million events/s a core, <= a fifth of the time of all')
    rate = bench.value('stream', 'read', 'ttlog --stats')
    at_least(verdict, '{:.1f} million', scaled(rate, 1e6), 10)
    lines = (bench.lines.get(('stream', what, 'ttlog --stats')) for what in ('a range of time', 'read'))
    range_s, whole_s = (min(line.cpu_s, default=None) if line else None for line in lines)
    at_most(verdict, '{:.3f} x', ratio(range_s, whole_s), 0.2)
    return verdict


def judge_memory(bench):
    verdict = Verdict('collector\'s memory', 'rings + kernel buffers + <= 16 MiB')
    at_most(verdict, '{:.1f} MiB more', bench.value('memory', 'rest'), 16)
    at_most(verdict, '{:.1f} MiB while it writes a snapshot',
            bench.value('memory', 'rest, at the peak of a snapshot'), 16)
    return verdict


def judge_immediate(bench):
    verdict = Verdict('immediate mode per event', '<= 1.3 x bpftrace counting the same probe')
    ours = bench.value('immediate', 'two')
    at_most(verdict, '{:.2f} x', ratio(ours, bench.value('immediate', 'two', 'bpftrace')), 1.3)
    verdict.add('{:.0f} ns', ours, True)
    return verdict.none_lost(bench.lost('immediate', 'two'))


def judge_launch(bench):
    verdict = Verdict('starting a program without marks under the collector', '<= 3 ms more')
    what = f'true, one of {bench.scale(200, 20)} by a shell'
    ours, alone = bench.value('launch', what), bench.value('launch', what, 'nobody records')
    at_most(verdict, '{:.2f} ms more', ours - alone if None not in (ours, alone) else None, 3)
    return verdict


def judge_alarm(bench):
    verdict = Verdict('an event whose thread then sleeps triggers its snapshot (--on event:)', '<= 200 ms')
    at_most(verdict, '{:.0f} ms at most', bench.value('alarm', 'latest'), 200)
    return verdict


def judge_follow(bench):
    verdict = Verdict('age of an event when ttlog-view --follow prints it', '<= 200 ms')
    at_most(verdict, '{:.0f} ms at most', bench.value('follow', 'oldest'), 200)
    return verdict


def judge_storm(bench):
    verdict = Verdict('250 crashes at once: the last one on disk', '<= 12 s after its death')
    what = f'{bench.scale(250, 50)} crashes'
    at_most(verdict, '{:.2f} s', bench.value('storm', what), 12)
    return verdict.none_lost(bench.lost('storm', what))


def judge_killed(bench):
    verdict = Verdict('a collector is killed: sites are off', '<= 1 s later')
    at_most(verdict, '{:.0f} ms', bench.value('killed', f'{bench.scale(30, 6)} kills'), 1000)
    return verdict


def judge_many(bench):
    verdict = Verdict('10,000 processes of one program: the end of a collector', '<= 10 s, zero loss')
    for who in ('ttlog --all', 'ttlog chosen'):
        for (question, what, by), line in bench.lines.items():
            if question == 'many' and what.endswith('silent, the end') and by == who:
                at_most(verdict, who[6:] + ' {:.1f} s', line.median, 10)
            if question == 'many' and what.endswith('processes') and by == who:
                verdict.none_lost(line.lost)
    return verdict


def judge_found(bench):
    verdict = Verdict('1,000 programs without marks start a second, --all: CPU of the collector',
                      '< 2 % of one core')
    value = bench.value('found', '1000 starts/s', 'ttlog, the collector')
    verdict.add('{:.2f} %', value, value is not None and value < 2)
    return verdict


def judge_scrape(bench):
    verdict = Verdict('the page of --metrics, 1,000 processes', '<= 100 ms')
    for who in ('ttlog', 'ttlog --metrics-by pid'):
        at_most(verdict, (who[6:] or 'plain') + ' {:.1f} ms',
                bench.value('scrape', f'{bench.scale(1000, 100)} processes', who), 100)
    return verdict


# How long the user may wait for a step, in s: figures of q_screen.py.
WATCHING = 'ttlog, event:level>=ERROR'
WAITS = {
    'screen': ('ttlog-view --interactive over 10 million events, CPU of a step', {
        'first screen': 0.3, 'all known': 5, 'a page': 0.05, 'a jump': 1, 'a filter': 10,
        'to i and back': 0.15, 'all known, merged': 15, 'a jump, merged': 1, 'the end, merged': 1,
        'a page, merged': 0.25}),
    'page': ('the page of --format html, 100,000 events', {
        'read': 10, 'a frame of scrolling': 0.05, '19 of 20 frames': 0.3, 'a filter': 0.4,
        'the slowest filter': 2}),
    'hostile': ('1 MB of whatever input, CPU in the slowest format', {
        'a bomb': 2, 'what invites squares': 2}),
}


def judge_waits(name):
    def judge(bench):
        what, limits = WAITS[name]
        verdict = Verdict(what, ', '.join(f'{step} <= {limit} s' for step, limit in limits.items()))
        for step, limit in limits.items():
            at_most(verdict, step + ' {:.3f} s', bench.value(name, step), limit)
        return verdict
    return judge


def judge_foreign(bench):
    verdict = Verdict('a hit of a probe that is not ours', '<= 1.15 x bpftrace\'s count of it, none lost')
    for what in ('a USDT probe with two integers', 'a USDT probe with a text of 40 bytes',
                 'a call of a function'):
        count = bench.value('foreign', what, 'bpftrace count')
        at_most(verdict, f'{what} {{:.3f}} x', ratio(bench.value('foreign', what), count), 1.15)
        verdict.none_lost(bench.lost('foreign', what))
    return verdict


def judge_ship_latency(bench):
    verdict = Verdict('a crash, recorded and shipped to three servers: its message in the index', 'p99 <= 1 s')
    at_most(verdict, 'p99 {:.0f} ms', bench.value('ship_latency', 'p99'), 1000)
    verdict.add('p50 {:.0f} ms', bench.value('ship_latency', 'p50'), True)
    return verdict


def judge_ship_backlog(bench):
    verdict = Verdict('a backlog to three servers, mixed sizes', '>= 0.6 x nats.c\'s asynchronous publish')
    bare = [bench.value('ship_backlog', 'mixed sizes', f'nats.c, {cnt} on their way') for cnt in (32, 256)]
    fastest_of_bare = max((value for value in bare if value is not None), default=None)
    at_least(verdict, '{:.2f} x', ratio(bench.value('ship_backlog', 'mixed sizes'), fastest_of_bare), 0.6)
    return verdict


def judge_ship_memory(bench):
    verdict = Verdict('ttlog-ship with 10,000 files, 20 GB: its memory at the peak', '<= 32 MiB')
    for what in ('servers up', 'then down', 'always down'):
        at_most(verdict, what + ' {:.1f} MiB', bench.value('ship_memory', what), 32)
    return verdict


def judge_fleet(bench):
    verdict = Verdict('a list of a fleet\'s 100,000 files', '<= 2 s')
    for (question, what, _), line in bench.lines.items():
        if question == 'fleet' and what.startswith('a list of'):
            at_most(verdict, '{:.2f} s', line.median, 2)
    return verdict


JUDGES = {
    'disabled': (judge_disabled,), 'cost': (judge_two, judge_trade), 'latency': (judge_latency,),
    'throughput': (judge_throughput,), 'cold': (judge_cold,),
    'sustained': (judge_sustained,),
    'threads': (judge_threads,), 'light': (judge_light,), 'watch': (judge_watch,), 'flight': (judge_flight,),
    'disk': (judge_disk,), 'snapshot': (judge_snapshot,), 'enable': (judge_attach,),
    'recover': (judge_recover,), 'launch': (judge_launch,), 'follow': (judge_follow,), 'alarm': (judge_alarm,),
    'storm': (judge_storm,), 'killed': (judge_killed,), 'many': (judge_many,), 'found': (judge_found,),
    'scrape': (judge_scrape,), 'view': (judge_view, judge_json),
    'stats': (judge_stats,),
    'sql': (judge_sql, judge_look_ups, judge_look_ups_of_another, judge_joins, judge_again),
    'stream': (judge_stream, judge_stream_read), 'memory': (judge_memory,),
    'ship_latency': (judge_ship_latency,), 'ship_backlog': (judge_ship_backlog,),
    'ship_memory': (judge_ship_memory,), 'fleet': (judge_fleet,),
    'immediate': (judge_immediate,), 'foreign': (judge_foreign,), **{name: (judge_waits(name),) for name in WAITS},
}


def judge(bench):
    """The goals of the questions that were asked."""
    asked = bench.args.question or JUDGES
    return [judge_one(bench) for name, judges in JUDGES.items() if name in asked
            for judge_one in judges]
