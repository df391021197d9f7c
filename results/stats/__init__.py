"""Statistics over seeds and data sets, each a small function with its source."""
