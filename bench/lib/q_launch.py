# SPDX-License-Identifier: MIT
"""How much slower a program without marks starts under the collector."""
from .process import Failed, run

# Runs `true` $1 times; prints the microseconds of that, without the shell's own start.
LOOP = ('a=${EPOCHREALTIME/./}; for ((i = 0; i < $1; i++)); do /bin/true; done; '
        'b=${EPOCHREALTIME/./}; echo $((b - a))')


def launch(bench):
    """starting `true` under `ttlog-collect --`, without and with loading BPF programs: ms"""
    count = bench.scale(200, 20)
    loop = ['bash', '-c', LOOP, 'loop', str(count)]

    def per_start(ended):
        words = ended.out.split()
        if not words or not words[-1].isdigit():
            raise Failed(f'{" ".join(ended.argv)}: {(ended.err or ended.out)[-300:]}')
        return {'value': int(words[-1]) / 1000 / count}

    def in_all(argv):
        ended = run(argv).check()
        return {'value': 1000 * ended.seconds, 'cpu_s': ended.cpu_s}

    collect = [bench.product.collect, '-q', '-o', bench.fresh_dir('snap'), '--']
    bench.compare('launch', f'true, one of {count} by a shell', 'ms', {
        'nobody records': lambda: per_start(run(loop)),
        'ttlog': lambda: per_start(run([*collect, *loop])),
    })
    bench.compare('launch', 'true, with the collector\'s start and end', 'ms', {
        'nobody records': lambda: in_all(['/bin/true']),
        'ttlog': lambda: in_all([*collect, '/bin/true']),
    })


QUESTIONS = {'launch': launch}
