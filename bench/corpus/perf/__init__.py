"""Measurements of the corpus rooms on synthetic input."""
