"""Submissions that do what they should not, and honest ones that look as if they did; one line each."""
