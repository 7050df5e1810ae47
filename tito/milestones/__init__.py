"""Milestones: what a student's build can do, measured.

definitions.py   what there is (tito/configs/milestones.json and milestones/TRACK/NAME)
tracker.py       who has unlocked and passed what: the one home of that
session.py       the student's code in a process of its own (probe.py is what runs there)
judging.py       the trusted side: it knows the answers, and gets values, never verdicts
exam.py          `test`: train or restore, measure, judge
training.py      `train`: a recorded run; fingerprint.py and replay.py hold a run to its record
"""
