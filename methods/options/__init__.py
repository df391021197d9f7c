"""Options of every built-in method: default, limits, meaning and source of each; torch-free."""
