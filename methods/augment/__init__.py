"""Batched augmentation: per-sample random parameters, applied to whole batches of tiles as tensors."""
