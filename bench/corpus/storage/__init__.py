"""A built corpus on disk, and the order in which it is read."""
