"""From records to a verdict: frame, statistics, tables, figures and page. Nothing here imports torch."""

from results.frame import from_records, load

__all__ = ["from_records", "load"]
