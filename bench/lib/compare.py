# SPDX-License-Identifier: MIT
"""The figures of two builds, measured in pairs: ratio, noise, and verdict."""
import math
import statistics

# Student's t, one-sided 0.1 %, by degrees of freedom: with 200 equal lines, chance marks one of them
# in one comparison of five.
T = {3: 10.215, 4: 7.173, 5: 5.893, 6: 5.208, 7: 4.785, 8: 4.501, 9: 4.297, 10: 4.144, 15: 3.733,
     20: 3.552, 30: 3.385}
LEAST_PAIRS = min(T) + 1
EQUAL = math.log(1.03)  # two equal builds differ by so much, by where code and pages lie

WORSE, BETTER, SAME, GONE, NEW, UNKNOWN = 'WORSE', 'better', '', 'GONE', 'new', '?'


def more_is_better(unit):
    """Whether the unit is a rate, or says how many times as fast something is."""
    return unit.endswith('/s') or unit in ('x', 'events')


def t_quantile(freedom):
    """Student's t; between two lines of the table, the one with fewer degrees, which is careful."""
    return T[max(known for known in T if known <= freedom)]


def ratio_of_pairs(base, ours):
    """
    (ratio, noise) of our figures to the base's, by pairs: drift hits both of a pair. Both are natural
    logarithms: of the mean ratio, and of how far it may be from 1 by chance. None: there are too few
    pairs, or a figure is not positive.
    """
    pairs = list(zip(base, ours))
    if len(pairs) < LEAST_PAIRS or any(min(pair) <= 0 for pair in pairs):
        return None
    logs = [math.log(our / was) for was, our in pairs]
    error = statistics.stdev(logs) / math.sqrt(len(logs))
    return statistics.mean(logs), max(t_quantile(len(logs) - 1) * error, EQUAL)


class Row:
    """One line of the two builds: values by pair, events lost in all of them."""

    def __init__(self, key, unit):
        self.key, self.unit = key, unit
        self.base, self.ours = [], []
        self.base_lost = self.our_lost = 0

    @property
    def ratio(self):
        """Our figure divided by the base's; its noise, a factor above 1. (None, None): unknown."""
        found = ratio_of_pairs(self.base, self.ours)
        return (math.exp(found[0]), math.exp(found[1])) if found else (None, None)

    @property
    def verdict(self):
        if self.our_lost and not self.base_lost:
            return WORSE
        if not self.base or not self.ours:
            return GONE if self.base else NEW if self.ours else UNKNOWN
        found = ratio_of_pairs(self.base, self.ours)
        if not found:
            return UNKNOWN
        gain, noise = found if more_is_better(self.unit) else (-found[0], found[1])
        return WORSE if gain < -noise else BETTER if gain > noise else SAME


def collect(pairs):
    """The rows of pairs [(base's, ours)] of bench/run's JSON, in the order of the lines."""
    rows = {}
    for pair in pairs:
        for which, result in enumerate(pair):
            for line in result['lines']:
                key = (line['question'], line['what'], line['who'])
                row = rows.setdefault(key, Row(key, line['unit']))
                if line['median'] is not None:
                    (row.ours if which else row.base).append(line['median'])
                if which:
                    row.our_lost += line['lost'] or 0
                else:
                    row.base_lost += line['lost'] or 0
    for row in rows.values():
        # a recorder that failed in one run has no figure
        row.base, row.ours = (values if len(values) == len(pairs) else []
                              for values in (row.base, row.ours))
    # without peers, which are not asked, and without what neither build can do
    return [row for row in rows.values() if row.base or row.ours]


def got_worse(rows):
    return [row for row in rows if row.verdict in (WORSE, GONE)]
