"""The paper's own analyses of its data set, for any corpus."""
