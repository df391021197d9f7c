"""How large a checkpoint of others may be before it is refused: each is far above what is published."""

# The largest published backbones have 7 billion parameters in 28 GB.
MOST_BYTES = 64 * 2**30
MOST_ELEMENTS = 2**31
# Entries of an archive, and steps of a pickle: ResNet-50 with its optimiser takes about 20,000.
MOST_ENTRIES = 200_000
MOST_STEPS = 20_000_000
# Containers within containers that are searched for weights, and containers in all.
DEEPEST = 24
MOST_CONTAINERS = 1_000_000


class BrokenPickleError(Exception):
    """A pickle that no library wrote: said to the user with the name of its file."""
