"""A class with one student whose submission may be spoilt before it is graded."""

from __future__ import annotations

import shutil

import pytest

from tito.assessment import classroom
from tito.assessment.classroom import Class, Student
from tito.assessment.driver import grade
from tito.assessment.exams import Shelf
from tito.assessment.intake import take_in
from tito.assessment.isolation.launch import possible
from tito.assessment.results import Job
from tito.course import the_course
from tito.levels import write_level
from tito.milestones.definitions import find_milestone


@pytest.fixture(scope="session")
def reference_at(tmp_path_factory):
    """`reference_at(4)`: a folder with the reference's package as it is at that level; not to be changed."""
    made = {}

    def make(level: int):
        if level not in made:
            made[level] = tmp_path_factory.mktemp(f"level{level}")
            write_level(the_course().package, the_course().modules, level, made[level] / "tinytorch")
        return made[level]

    return make


@pytest.fixture(params=["A", "B"])
def tier(request):
    if why := possible(request.param):
        pytest.skip(why)
    return request.param


@pytest.fixture(scope="session")
def best_tier():
    """The strongest tier that can be tried here, or C."""
    return next(tier for tier in "ABC" if not possible(tier))


@pytest.fixture(scope="session")
def shelf():
    shelf = Shelf(practice=True)
    yield shelf
    shelf.close()


class Desk:
    """A class, and a way to have a folder graded for one of its milestones."""

    def __init__(self, folder, shelf: Shelf):
        self.room: Class = classroom.make(folder, "class", ["basic_inference", "xor"], [])
        self.room = classroom.replace(self.room, students=(Student("ann"), Student("bob")))
        self.shelf = shelf

    def grade(self, work, tier: str, milestone="1", student: str = "ann", epoch: int = 0):
        archive = take_in(work).keep(self.room.folder / "archives")
        one = find_milestone(milestone).id
        return grade(
            self.room, Job(1, 1, student, archive.stem, one, epoch, 1, "lease"), archive, tier, self.shelf
        )


@pytest.fixture
def desk(tmp_path, shelf):
    return Desk(tmp_path / "class", shelf)


@pytest.fixture
def work(reference_at, tmp_path):
    """A copy of the reference at level 4, to be handed in."""
    shutil.copytree(reference_at(4), tmp_path / "work")
    return tmp_path / "work"
