#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""The statistics of bench/compare: which results are worse, and which are noise."""
import math
import os
import random
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))

from lib import compare  # noqa: E402


def row(base, ours, unit="ns", lost=(0, 0)):
    made = compare.Row(("question", "what", "ttlog"), unit)
    made.base, made.ours = base, ours
    made.base_lost, made.our_lost = lost
    return made


def result(value, lost=None, what="what", unit="ns"):
    """bench/run's JSON of one run with one line."""
    return {"lines": [{"question": "question", "what": what, "who": "ttlog", "unit": unit,
                       "median": value, "lost": lost}]}


class Ratio(unittest.TestCase):
    def test_by_hand(self):
        """Logarithms of 2, 2, 2 and 4 in units of ln 2: 1, 1, 1, 2; mean 1.25, deviation 0.5."""
        ratio, noise = compare.ratio_of_pairs([1, 2, 3, 4], [2, 4, 6, 16])
        self.assertAlmostEqual(ratio, 1.25 * math.log(2))
        self.assertAlmostEqual(noise, 10.215 * 0.5 * math.log(2) / 2)

    def test_is_of_pairs(self):
        """The machine became three times slower meanwhile: not caused by our change."""
        ratio, noise = compare.ratio_of_pairs([10, 15, 20, 25, 30], [11, 16.5, 22, 27.5, 33])
        self.assertAlmostEqual(ratio, math.log(1.1))
        self.assertAlmostEqual(noise, math.log(1.03))

    def test_needs_pairs_of_positive_numbers(self):
        self.assertIsNone(compare.ratio_of_pairs([1, 2, 3], [1, 2, 3]))
        self.assertIsNone(compare.ratio_of_pairs([1, 2, 0, 4], [1, 2, 3, 4]))

    def test_quantile_is_on_the_careful_side(self):
        self.assertEqual([compare.t_quantile(n) for n in (3, 10, 14, 1000)],
                         [10.215, 4.144, 4.144, 3.385])


class Verdict(unittest.TestCase):
    BASE = [10.0, 10.1, 9.9, 10.0, 10.05]

    def test_worse_and_better_by_unit(self):
        slower = [value * 1.1 for value in self.BASE]
        for unit, verdict, other in (("ns/event", "WORSE", "better"), ("MiB", "WORSE", "better"),
                                     ("events/s", "better", "WORSE"), ("x", "better", "WORSE")):
            self.assertEqual(row(self.BASE, slower, unit).verdict, verdict, unit)
            self.assertEqual(row(slower, self.BASE, unit).verdict, other, unit)

    def test_equal_within_three_percent(self):
        self.assertEqual(row(self.BASE, [value * 1.02 for value in self.BASE]).verdict, "")

    def test_noise_hides_what_it_must(self):
        """Twice as slow in one pair of five is no regression; in all five it is."""
        self.assertEqual(row(self.BASE, [20, 10.1, 9.9, 10, 10.05]).verdict, "")
        self.assertEqual(row(self.BASE, [20, 20.1, 19.9, 20, 20.05]).verdict, "WORSE")

    def test_losses(self):
        self.assertEqual(row(self.BASE, self.BASE, lost=(0, 1)).verdict, "WORSE")
        self.assertEqual(row(self.BASE, self.BASE, lost=(5, 6)).verdict, "")

    def test_gone_and_new(self):
        self.assertEqual(row(self.BASE, []).verdict, "GONE")
        self.assertEqual(row([], self.BASE).verdict, "new")
        self.assertEqual([one.verdict for one in compare.got_worse(
            [row(self.BASE, []), row([], self.BASE), row(self.BASE, self.BASE)])], ["GONE"])

    def test_rates_of_error(self):
        """Builds that differ only by chance are hardly ever marked; one that is 1.3 times as slow
        is mostly marked."""
        chance = random.Random(7)

        def marked(times):
            figures = lambda by: [by * math.exp(chance.gauss(0, 0.05)) for _ in range(6)]
            return sum(row(figures(1), figures(times)).verdict == "WORSE" for _ in range(2000))

        self.assertLessEqual(marked(1), 8)
        self.assertGreaterEqual(marked(1.3), 1800)


class Collect(unittest.TestCase):
    def test_pairs_become_rows(self):
        (one,) = compare.collect([(result(i), result(2 * i, 3)) for i in (1, 2, 3, 4)])
        self.assertEqual((one.key, one.unit), (("question", "what", "ttlog"), "ns"))
        self.assertEqual((one.base, one.ours), ([1, 2, 3, 4], [2, 4, 6, 8]))
        self.assertEqual((one.base_lost, one.our_lost), (0, 12))

    def test_failed_in_one_run_has_no_figure(self):
        """Else pairs would be of different runs."""
        pairs = [(result(1), result(value)) for value in (1, None, 1, 1, 1)]
        (one,) = compare.collect(pairs)
        self.assertEqual((one.base, one.ours, one.verdict), ([1] * 5, [], "GONE"))

    def test_lines_of_one_side(self):
        rows = compare.collect([(result(1, what="old"), result(1, what="new"))] * 4)
        self.assertEqual([one.verdict for one in rows], ["GONE", "new"])
        self.assertEqual(compare.collect([(result(None), result(None))] * 4), [])


if __name__ == "__main__":
    unittest.main()
