"""The generated classes that other tests stand on: the same again for the same seed, and as whole as a real gradebook."""

from tests.assessment.classes import a_class, grade_waiting
from tito.assessment.grades import grades
from tito.assessment.store import Gradebook


def read(room):
    book = Gradebook(room.gradebook)
    try:
        return grades(room, book), book.counts(), book.broken_at()
    finally:
        book.close()


def test_a_term(tmp_path):
    one, two = (a_class(tmp_path / name, students=12, modules=("06",)) for name in ("a", "b"))
    shown, counts, broken = read(one)
    assert shown == read(two)[0] and broken is None
    assert counts["queued"] == counts["running"] == 0 and counts["done"] >= 60
    assert {g.task for g in shown} >= {"basic_inference", "06_spatial"} and len(shown) == 12 * 6
    assert len({g.verdict for g in shown}) >= 3
    assert read(a_class(tmp_path / "c", students=12, modules=("06",), seed=1))[0] != shown


def test_a_batch_that_runs(tmp_path):
    room = a_class(tmp_path / "a", students=6, milestones=(1, 2), waiting=4)
    assert read(room)[1]["queued"] == 4
    assert grade_waiting(room, most=3) == 3 and read(room)[1]["queued"] == 1
    assert grade_waiting(room) == 1 and grade_waiting(room) == 0
