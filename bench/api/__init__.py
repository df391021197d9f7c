"""The harness from Python: what `import bench as gb` offers, and what the `bench` command is a thin layer on."""
