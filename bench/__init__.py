"""The harness: studies, plans, engines, jobs and the store."""

__version__ = "0.1.0"
