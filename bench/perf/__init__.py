"""Speed of pretraining's parts beside lightly's, measured in one run on one machine."""
