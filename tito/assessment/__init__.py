"""Grading a class: a submission's code runs in a sandbox and answers with values; what they are worth is decided on this side."""
