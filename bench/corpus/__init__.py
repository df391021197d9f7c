"""Land cover, tiling, building and reading a pretraining corpus. Nothing here imports torch."""
