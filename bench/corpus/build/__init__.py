"""From scenes and land cover to a corpus."""
