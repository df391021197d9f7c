"""From a study to a plan: the grid, what it reads, and how long it takes."""
