"""Engines run calls somewhere; they know nothing of methods or tasks."""
