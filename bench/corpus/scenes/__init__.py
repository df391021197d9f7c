"""Scenes as delivered: finding them, where they lie, and their values in 8 bits."""
