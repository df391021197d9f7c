"""A small synthetic world in the public on-disk formats: the data the harness carries with it."""
