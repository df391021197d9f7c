"""Land-cover products: their legends, their rasters, and the shares of classes under a footprint."""
