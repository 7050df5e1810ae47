"""Modules as nbgrader assignments, and what comes back.

    generate.py    COURSE/source/03_activations/03_activations.ipynb, for `nbgrader generate_assignment`
    cells.py       a taught symbol as a cell, with its solution marked; cells as files again
    kernel.py      what runs inside such a notebook: `%%build` and `check`
    submitted.py   COURSE/submitted/STUDENT/ASSIGNMENT/ as submissions that `tito assessment` grades

In nbgrader's own autograding a submission runs in one process with the checks, and can forge them; `tito assessment` grades the same
notebooks behind a wall.
"""
