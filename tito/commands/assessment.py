"""`tito assessment`: the instructor's side. Each command is imported when it is called, so that a missing extra hurts only where it is needed."""

from __future__ import annotations

import click

from ..cli import Lazy
from ..errors import TitoError

TABLE = {
    "setup": ("commands.grading.setup:setup", "Make a class: its folder, its settings, its secret."),
    "doctor": (
        "commands.grading.doctor:doctor",
        "Try to break out of each sandbox; say which one holds here.",
    ),
    "batch": ("commands.grading.batch:batch", "Grade what was handed in and has no grade yet."),
    "status": ("commands.grading.batch:status", "How the grading stands: counts, what waits, what failed."),
    "grade": ("commands.grading.grade:grade", "Grade one submission for one task; keep nothing."),
    "import": ("commands.grading.importing:importing", "Students, submissions or points from elsewhere."),
    "override": ("commands.grading.deciding:override", "Set a student's points for a task, with a reason."),
    "extension": ("commands.grading.deciding:extension", "Give a student more time for a task."),
    "show": ("commands.grading.feedback:show", "One student: points, what fails first, what to do about it."),
    "feedback": ("commands.grading.feedback:feedback", "A Markdown and an HTML file for every student."),
    "dashboard": (
        "commands.grading.dashboard:dashboard",
        "The report in a browser, live while a batch runs.",
    ),
    "report": ("commands.grading.report:report", "What the gradebook tells: a page, a table, a record."),
    "export": (
        "commands.grading.export:export",
        "Grades for csv, json, junit, canvas, gradescope, nbgrader.",
    ),
    "release": (
        "commands.grading.handing_out:release",
        "The students' archive: lessons and checks, no solutions.",
    ),
    "gradescope-zip": ("commands.grading.handing_out:gradescope_zip", "An autograder for Gradescope."),
    "github-classroom": (
        "commands.grading.handing_out:github_classroom",
        "A workflow that grades each push.",
    ),
    "badge": ("commands.grading.badge:badge", "Signed badges: issue, verify, revoke."),
    "similarity": (
        "commands.grading.similarity:similarity",
        "Passages that two students share: please look.",
    ),
    "challenge": ("commands.grading.challenge:challenge", "The class's own leaderboard of measured results."),
}


EXTRA = (
    "sqlalchemy",
    "jinja2",
    "markupsafe",
    "starlette",
    "uvicorn",
    "nbformat",
    "nbclient",
)  # what `tinytorch[assessment]` brings


class WithExtra(Lazy):
    """A group whose commands need packages that not everybody has."""

    def invoke(self, context):
        try:
            return super().invoke(context)
        except ModuleNotFoundError as error:
            package = (error.name or "").split(".")[0]
            if package not in EXTRA:
                raise
            told = f"`tito assessment {context.invoked_subcommand or ''}` needs {package}, which is not installed"
            raise TitoError(told, "pip install 'tinytorch[assessment]'") from None


@click.group(cls=WithExtra, table=TABLE)
def assessment():
    """Grade a class, safely and fairly."""
