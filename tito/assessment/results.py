"""A job, and what came of it: what supervisor and driver tell each other. The gradebook keeps it (`store.py`); a driver needs no database."""

from __future__ import annotations

from dataclasses import dataclass, field

VERDICTS = (
    "passed", "failed", "partial", "timeout", "memory_limit", "output_limit", "crashed", "import_error", "syntax_error",
    "invalid_submission", "missing_submission", "policy_violation", "protocol_violation", "blocked", "not_run", "grader_error",
)  # fmt: skip


@dataclass(frozen=True)
class Job:
    """One submission to be graded for one task, and the lease under which it is done."""

    id: int
    submission: int
    student: str
    digest: str
    task: str
    epoch: int
    tries: int
    lease: str


@dataclass(frozen=True)
class Check:
    """What one check found."""

    name: str
    verdict: str
    score: float = 0.0
    weight: float = 1.0
    message: str = ""
    visible: bool = True
    value: float | None = (
        None  # what was measured: a share of right answers, a time in units of the calibration
    )


@dataclass(frozen=True)
class Result:
    """What came of a job. The score is a share, 0 to 1; points are the class's affair."""

    verdict: str
    score: float
    isolation: str
    seconds: float = 0.0
    checks: tuple[Check, ...] = field(default=())

    def __post_init__(self):
        for verdict in (self.verdict, *(c.verdict for c in self.checks)):
            if verdict not in VERDICTS:
                raise ValueError(f"verdict {verdict!r} is not one of {', '.join(VERDICTS)}")
        if not 0 <= self.score <= 1:
            raise ValueError(f"score is {self.score}; it is a share, from 0 to 1")
