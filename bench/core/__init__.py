"""The ground floor: errors, files, keys, seeds, registries; imports nothing of ours."""
