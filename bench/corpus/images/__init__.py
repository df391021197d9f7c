"""Corpora from plain images: pictures in folders or in a zip archive, without a place on the Earth."""
