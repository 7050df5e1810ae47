"""What goes into a class and out of it, besides the grading: one file for each format.

standing.py    the class as it stands, which is what every export writes
roster.py      who is in the class: merged, never overwritten
points.py      points decided elsewhere, taken back as overrides
spreadsheet.py, record.py, junit.py, canvas.py, gradescope.py, nbgrader.py     the formats
"""
