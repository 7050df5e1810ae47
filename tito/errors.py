"""The errors a user can meet. `cli.main` prints them, in one place; each family has an exit code that scripts can use."""

from __future__ import annotations


class TitoError(Exception):
    """Something the user can mend. `hint` is the next step, if there is one."""

    exit_code = 2

    def __init__(self, message: str, hint: str = "", **details):
        super().__init__(message)
        self.hint = hint
        self.details = details


class ChecksFailed(TitoError):
    """The student's code does not do yet what the module asks."""

    exit_code = 1


class CouldNotCheck(TitoError):
    """Nothing was learned about the student's code: the environment or the course is at fault."""

    exit_code = 3


class Conflict(TitoError):
    """Two edits of one thing; nothing was changed."""

    exit_code = 4


class CourseError(TitoError):
    """The course itself is wrong: a lesson names what is not there. For lesson authors."""

    exit_code = 5
