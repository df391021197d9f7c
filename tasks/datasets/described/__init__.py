"""Data sets that a YAML file describes, with no code: which files are images, which are labels, and what these mean."""
