"""From outcomes to metrics: one implementation, without torch, for whoever scores and whoever checks a score."""
