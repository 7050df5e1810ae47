"""Milestones: the tracker, the judges, and every way of cheating them that we could think of."""
