# SPDX-License-Identifier: MIT
"""The cost for a program that has no marks: PostgreSQL under pgbench, by its USDT probes."""
import os
import re
import sys
import tempfile

from .process import Failed, Unavailable
from .q_attach import Attached

sys.path.append(os.path.join(os.path.dirname(__file__), '..', '..', 'tests', 'programs'))
from cluster import POSTGRES, Cluster  # noqa: E402

MADE_BY = 'make check-programs installs PostgreSQL'
PROBES = ('transaction__*', 'query__start', 'query__done', 'lock__wait__*', 'checkpoint__*')
TPS = re.compile(r'^tps = ([\d.]+)', re.M)
TRANSACTIONS = re.compile(r'^number of transactions actually processed: (\d+)', re.M)
CLIENTS = 4


def load(bench, cluster, *options):
    """Transactions per second, and how many there were."""
    said = cluster.run('pgbench', '-n', '-c', CLIENTS, '-T', bench.scale(6, 2), *options)
    return float(TPS.search(said)[1]), int(TRANSACTIONS.search(said)[1])


def recorded(bench, cluster, *options):
    probes = [word for probe in PROBES for word in ('--usdt', f'postgresql:{probe}')]
    attached = Attached(bench, [*probes, '-e', POSTGRES])
    try:
        while f'recording {POSTGRES}' not in attached.text:
            if not attached.read(60):
                raise Failed(f'the collector ended: {attached.text[-300:]}')
        rate, transactions = load(bench, cluster, *options)
    finally:
        attached.process.signal()
        accounts, ended = attached.finish()
    ended.check()
    events = sum(account.emitted for account in accounts)
    return {'value': rate, 'lost': sum(account.lost for account in accounts),
            'note': f'{events / transactions:.1f} events a transaction'}


def postgres(bench):
    """transactions/s of pgbench: not recorded; and each transaction, statement, lock wait, checkpoint"""
    if not os.path.exists(POSTGRES):
        raise Unavailable(f'no {POSTGRES} ({MADE_BY})')
    # the user postgres must get there
    with tempfile.TemporaryDirectory(prefix='ttlog-bench-') as directory:
        os.chmod(directory, 0o755)
        cluster = Cluster(os.path.join(directory, 'cluster'))
        try:
            cluster.run('pgbench', '-iq', '-s', 10)
            for what, options in (('read and write', ()), ('read only', ('-S',))):
                bench.compare('postgres', what, '1/s', {
                    'nobody records': lambda: {'value': load(bench, cluster, *options)[0]},
                    'ttlog': lambda: recorded(bench, cluster, *options),
                })
        finally:
            cluster.stop()


QUESTIONS = {'postgres': postgres}
