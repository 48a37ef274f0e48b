# SPDX-License-Identifier: MIT
"""What bench/run is made of: bench.py runs and keeps lines; product.py, lttng.py, tracers.py are
the recorders; q_*.py the questions; goals.py judges, report.py prints."""
