"""What the tests of grading at arm's length share: packages to be graded, and a class whose seeds are known."""

from __future__ import annotations

import zlib

import pytest

from tito.assessment.classroom import Task
from tito.assessment.isolation.launch import possible
from tito.assessment.modules import reference_level
from tito.assessment.remote.starting import Found, Work, run_apart
from tito.assessment.results import Job
from tito.course import the_course

COURSE = the_course()
TIER = next((tier for tier in ("B", "A") if not possible(tier)), "C")


class Room:
    """A class as far as grading a module asks for one."""

    def seed(self, *what) -> int:
        return zlib.crc32(repr(what).encode())

    def task(self, ident: str) -> Task:
        return Task("module", ident, 100.0)


def job(module: str, student: str = "ann") -> Job:
    return Job(1, 1, student, "digest", module, 0, 1, "lease")


def need(tier: str) -> str:
    if why := possible(tier):
        pytest.skip(why)
    return tier


def lay_out(folder, module, changes: dict[str, str] | None = None):
    """The reference up to a module in `folder`, with some files of the package written anew."""
    files = dict(reference_level(module.number)) | {n: text.encode() for n, text in (changes or {}).items()}
    for name, data in files.items():
        path = folder / "tinytorch" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def judged(folder, module, tier: str = TIER, **options) -> Found:
    return run_apart(Work(folder, module.checks, tier, **options))


def verdicts(found: Found) -> dict[str, str]:
    return {record["check"]: record["verdict"] for record in found.records}
