"""Measurements of speed beside other libraries; outside the wheel. See `python -m benchmarks --help`."""
