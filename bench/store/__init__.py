"""The store: a folder of weights, records and jobs."""
