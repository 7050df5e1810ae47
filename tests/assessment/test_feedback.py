"""What a student is told: enough to go on with, nothing of the hidden checks, and nothing that runs."""

import json
import os
import re
import subprocess
import sys
from datetime import timedelta

import pytest
from markdown_it import MarkdownIt

from tests.assessment.browser import chromium, opened
from tests.assessment.classes import EVERY, START, a_class, leased
from tito.assessment.analytics import ReadOnly
from tito.assessment.feedback import feedback, html, markdown, sections, split, write
from tito.assessment.results import Check, Result
from tito.assessment.store import Gradebook
from tito.course import the_course

DUE = START + EVERY
EVIL = "</pre><script>window.hacked=1</script> `````\n# forged\n![x](http://evil.example/x.png) \x1b[2J\u202e"
ODD = "*[Ann](http://evil.example)* <img src=x onerror=window.hacked=1>"


def told(name, verdict="passed", message="", visible=True):
    return Check(name, verdict, float(verdict == "passed"), 1.0, message, visible)


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """Ann fails a visible check a day late; Bob a hidden one; Cyd's module; Dan passes; Eve writes what wants to be code; Fay meets a grader's error."""
    made = a_class(
        tmp_path_factory.mktemp("feedback") / "c", students=7, milestones=(2,), modules=("06",), waiting=10**6, names={"ann": ODD}
    )  # fmt: skip
    check = next(name for name, section in sections(the_course().module("06").checks).items() if section)
    hidden = told("the secret of the hidden check", "failed", "the answer is 42", False)
    book = Gradebook(made.gradebook)
    try:
        while (job := book.lease()) is not None:  # what the generator left in the queue is nobody's here
            assert book.finish(job, Result("grader_error", 0.0, "A"))
        for student, task, late, verdict, some in (
            ("ann", "computer_vision", 1, "partial", (told("gradients", "failed", "two lines\nexpected [1 2]\ngot      [2 1]\n         [3]"), told("accuracy"), hidden)),
            ("bob", "computer_vision", 0, "partial", (told("gradients"), hidden, told("b", "failed", "x", False))),
            ("cyd", "06_spatial", -1, "failed", (told("places_by_hand", "blocked", "needs x"), told(check, "failed", "shapes differ"))),
            ("dan", "computer_vision", 0, "passed", (told("gradients"), told("h", visible=False))),
            ("eve", "computer_vision", 0, "failed", (told("a<b onclick=x>*c*", "crashed", EVIL),)),
        ):  # fmt: skip
            submission = book.hand_in(student, f"{student}-{task}", DUE + late * timedelta(hours=1))
            book.enqueue(submission, task, "r", "e")
            score = sum(c.score for c in some) / len(some)
            assert book.finish(leased(book), Result(verdict, score, "A", 1.0, some))
        book.enqueue(book.hand_in("fay", "fay-x", DUE), "computer_vision", "r", "e")
        error = told("grader", "grader_error", "Traceback: /home/grader", False)
        assert book.finish(leased(book), Result("grader_error", 0.0, "A", 1.0, (error,)))
        book.decide("override", "gus", "computer_vision", "60", "a private matter")
    finally:
        book.close()
    return made


@pytest.fixture(scope="module")
def found(room):
    book = ReadOnly(room.gradebook)
    try:
        return feedback(room, book)
    finally:
        book.close()


def part(found, student, task="computer_vision"):
    (one,) = [p for p in found[student].parts if p.task.id == task]
    return one


def test_the_first_failure_and_what_to_do(found):
    ann = part(found, "ann")
    assert (ann.failure.message, ann.failure.expected, ann.failure.got) == ("two lines", "[1 2]", "[2 1]\n         [3]")  # fmt: skip
    assert ann.command == "tito milestone test 2" and "tito module view 02" in ann.failure.read
    assert ann.counted == "1 of 2 checks; 0 of 1 hidden" and ann.standing == "30 of 100 points"
    assert ann.notes == ["1 day late, which leaves 90% of what it was worth"]
    cyd = part(found, "cyd", "06_spatial")
    check, section = next((n, s) for n, s in sections(the_course().module("06").checks).items() if s)
    assert cyd.failure.check == check, "not the one that is blocked by another"
    assert cyd.command == f"tito module test 06 -k {check}" and f"“{section}”" in cyd.failure.read
    dan = part(found, "dan")
    assert dan.passed and not dan.failure and not dan.hint


def test_hidden_checks_are_counted_and_no_more(found):
    bob = part(found, "bob")
    assert bob.failure is None and "hidden checks ask the same" in bob.hint
    assert bob.counted == "1 of 1 check; 0 of 2 hidden"
    for student in found.values():
        for text in (markdown(student), html(student)):
            assert (
                "secret of the hidden" not in text
                and "the answer is 42" not in text
                and "/home/grader" not in text
            )
    assert part(found, "fay").notes == ["the grader failed, not you: it will be tried again"]
    assert part(found, "fay").standing == "not graded yet" and part(found, "fay").grade.points is None


def test_an_override_keeps_its_reason_to_itself(found):
    assert "set by an instructor" in part(found, "gus").notes and "60 of 100" in markdown(found["gus"])
    assert all("private" not in text for text in (markdown(found["gus"]), html(found["gus"])))


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ("it is\nexpected 1\ngot      2", ("it is", "1", "2", "")),
        (
            "it is\ngot      2\ntinytorch/ops.py:3  return x",
            ("it is", "", "2", "tinytorch/ops.py:3  return x"),
        ),
        ("only words\nand more", ("only words\nand more", "", "", "")),
        ("expected 3 rows, there are 2", ("expected 3 rows, there are 2", "", "", "")),
        ("m\nexpected a\n  b\ngot      c\ngot d", ("m", "a\n  b", "c\ngot d", "")),
        ("", ("", "", "", "")),
    ],
)
def test_a_message_is_taken_apart(message, says):
    assert split(message) == says


def test_markdown_holds_no_foreign_markup(found):
    for student in ("ann", "eve"):
        text = markdown(found[student])
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", text)
        tokens = MarkdownIt("commonmark", {"html": True}).parse(text)
        flat = [t for token in tokens for t in (token, *(token.children or []))]
        assert not {t.type for t in flat} & {"link_open", "image", "html_block", "html_inline", "em_open"}
        heads = [tokens[i + 1].content for i, t in enumerate(tokens) if t.type == "heading_open"]
        assert len(heads) == 3 and not any("forged" in head for head in heads[1:])
    (block,) = [t.content for t in MarkdownIt().parse(markdown(found["eve"])) if t.type == "fence"]
    assert "# forged" in block and "`````" in block


def test_html_in_a_browser(found, tmp_path):
    files = write(found.values(), tmp_path, ("html",))
    assert sorted(p.name for p in files) == [f"{s}.html" for s in "ann bob cyd dan eve fay gus".split()]
    with chromium() as browser:
        for student in ("ann", "eve"):
            url = (tmp_path / f"{student}.html").as_uri()
            with opened(browser, url, width=380) as seen:
                assert seen.requests == [url] and seen.complaints == []
                assert seen.page.evaluate("window.hacked") is None
                assert seen.page.evaluate("document.documentElement.scrollWidth") <= 380
                assert seen.page.locator("img, script, a").count() == 0
        assert "onerror" in (tmp_path / "ann.html").read_text()


def test_the_commands(room, tmp_path):
    def tito(*words):
        return subprocess.run(
            [sys.executable, "-m", "tito", "assessment", *words, "--class", str(room.folder)],
            cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "COLUMNS": "80"},
        )  # fmt: skip

    done = tito("show", "ann@example.org", "--out", "out")
    assert done.returncode == 0, done.stderr
    assert "30 of 100 points" in done.stdout and "tito milestone test 2" in done.stdout
    assert "secret" not in done.stdout and sorted(p.name for p in (tmp_path / "out").iterdir()) == ["ann.html", "ann.md"]  # fmt: skip
    done = tito("show", "eve", "--task", "2")
    assert (
        "\x1b[2J" not in done.stdout and "\u202e" not in done.stdout and "✗ a<b onclick=x>*c*" in done.stdout
    )
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "secret of the hidden" in tito("show", "bob", "--task", "2", "--hidden").stdout
    plain = json.loads(tito("show", "bob", "--json").stdout)
    assert plain["tasks"][0]["hidden"] == {"passed": 0, "of": 2} and len(plain["tasks"][0]["checks"]) == 1
    assert "there is no student 'nobody'" in tito("show", "nobody").stderr
    assert "has no task" in tito("show", "ann", "--task", "transformer").stderr
    done = tito("feedback", "--out", "all", "--json")
    assert json.loads(done.stdout) == {"folder": "all", "students": 7, "files": 14}, done.stderr
    assert "md, html" in tito("feedback", "--format", "pdf").stderr


def test_what_was_handed_in_and_not_graded_yet_is_not_missing(tmp_path):
    made = a_class(tmp_path / "c", students=2, milestones=(2,), modules=(), waiting=10**6)
    book = Gradebook(made.gradebook)
    ann, bob = (student.id for student in made.students)
    with_none = book.newest()
    book.close()
    (made.folder / "gradebook.db").unlink()
    book = Gradebook(made.gradebook)
    book.enqueue(book.hand_in(ann, "x", DUE), "computer_vision", "r", "e")
    found = feedback(made, book)
    book.close()
    assert with_none and found[ann].parts[0].standing == "handed in, not graded yet"
    assert found[bob].parts[0].standing == "nothing handed in"
    assert "handed in, not graded yet" in markdown(found[ann])
