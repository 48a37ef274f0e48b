# SPDX-License-Identifier: MIT
"""The parts of bench/run: bench.py runs and keeps lines; product.py, lttng.py, tracers.py are the
recorders; q_*.py the questions; goals.py judges, report.py prints."""
