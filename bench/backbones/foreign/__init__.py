"""Checkpoints of others: read without running any code, searched for a backbone's weights, and fitted to it.

`checkpoint.open_checkpoint` reads a file, `places` finds the state dicts in it, `fitting` finds the one that is the
backbone's and under which prefix, and `loading` puts it into a backbone and reports what was taken.
"""
