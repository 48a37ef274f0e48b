# SPDX-License-Identifier: MIT
"""The cost of SQL over snapshots."""
import json

from .process import run
from .q_view import rate

KEYS = 1_000_000
# A table of a million keys, and as many look-ups of random keys in one statement.
FILL = ('CREATE TABLE t(k INTEGER PRIMARY KEY, v INTEGER);'
        'WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c LIMIT %d) '
        'INSERT INTO t SELECT i, i * 2 FROM c;'
        'CREATE TABLE keys AS SELECT abs(random()) %% %d AS k FROM t;' % (KEYS, KEYS))
LOOK_UP = 'SELECT sum(t.v) FROM keys CROSS JOIN t ON t.k = keys.k;'
# The same in events, by a field with a different value in each; the time includes making its index.
LOOK_UP_EVENTS = 'SELECT count(e.a) FROM keys CROSS JOIN events e ON e.a = keys.k;'
LOOK_UP_FIELD = 'SELECT count(e.b) FROM keys CROSS JOIN events e ON e.a = keys.k;'
GROUPS = 'SELECT symbol, count(*), sum(quantity) FROM events GROUP BY symbol;'

# The name in the output of bench/look_up, and its line.
LOOKED_UP = (
    ('prepared', 'prepared look-up', 'ttlog'),
    ('prepared, other', 'prepared look-up', 'ttlog and another field'),
    ('prepared, own', 'prepared look-up', 'SQLite\'s own table'),
    ('prepared, at once', 'prepared look-up', 'SQLite alone'),
    ('prepared, no table', 'prepared look-up', 'SQLite without a table'),
    ('transaction', 'prepared look-up', 'ttlog in a transaction'),
    ('transaction, at once', 'prepared look-up', 'SQLite alone in a transaction'),
    ('join', 'join by a key', 'ttlog'),
    ('join, other', 'join by a key', 'ttlog and another field'),
    ('join, own', 'join by a key', 'SQLite\'s own table'),
    ('join, at once', 'join by a key', 'SQLite alone'),
)


def sql(bench):
    """SQL over a snapshot: rows/s of one core, with the start and the opening of the file"""
    events = bench.scale(4_000_000, 300_000)
    done = bench.product.record([bench.program('cost'), 'varied', events],
                                ['--on', 'exit', '-s', '512M', '-o', bench.fresh_dir('sql')])
    path, marks = done.accounts.files[-1], done.result['marks']
    recorded = int(run([bench.product.view, path, '--format', 'csv', '--sql',
                        'SELECT count(*) FROM events']).check().out.split()[-1])

    keyed = bench.product.record([bench.program('cost'), 'two', KEYS],
                                 ['--on', 'exit', '-s', '512M', '-o', bench.fresh_dir('sql-keyed')])
    keyed_path = keyed.accounts.files[-1]
    scattered = bench.product.record([bench.program('cost'), 'scattered', KEYS],
                                     ['--on', 'exit', '-s', '512M', '-o',
                                      bench.fresh_dir('sql-scattered')])

    def ask(statements, of=path):
        return run([bench.product.view, of, '--sql', statements]).check()

    def look_up(statement):
        without, ended = ask(FILL, keyed_path), ask(FILL + statement, keyed_path)
        return {'value': KEYS / max(ended.cpu_s - without.cpu_s, 1e-3), 'cpu_s': ended.cpu_s}

    def again():
        once, ended = ask(GROUPS), ask(GROUPS * 11)
        return {'value': once.cpu_s * 10 / max(ended.cpu_s - once.cpu_s, 1e-3),
                'cpu_s': ended.cpu_s}

    bench.compare('sql', 'scan', 'rows/s', {
        'ttlog count(*)': lambda: {**rate(recorded, ask('SELECT count(*) FROM events')),
                                   'note': f'{recorded} of {marks} events'},
        'ttlog sum of a field': lambda: rate(recorded, ask('SELECT sum(quantity) FROM events')),
        'ttlog group by a text': lambda: rate(recorded, ask(GROUPS)),
    }, bench.repeats(3))
    for _ in range(bench.repeats(3)):
        for path, keys in ((keyed_path, ''), (scattered.accounts.files[-1], ', scattered')):
            took = json.loads(run([bench.program('look_up'), path, 'a', 'b',
                                   bench.scale(300_000, 50_000)]).check().out)
            bench.line('sql', 'making an index' + keys, 'ttlog', 'events/s').add(
                1e9 / took['making, an event'])
            for name, what, who in LOOKED_UP:
                bench.line('sql', what + keys, who, 'look-ups/s').add(1e9 / took[name])
    bench.compare('sql', 'look-up of a key', 'look-ups/s', {
        'ttlog': lambda: look_up(LOOK_UP_EVENTS),
        'ttlog and another field': lambda: look_up(LOOK_UP_FIELD),
        'ttlog a table of one\'s own': lambda: look_up(LOOK_UP),
    }, bench.repeats(3))
    bench.compare('sql', 'the same statement again', 'x', {'ttlog': again}, bench.repeats(3))


QUESTIONS = {'sql': sql}
