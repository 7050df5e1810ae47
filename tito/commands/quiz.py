"""What `tito module quiz` and `tito milestone quiz` share: asking, explaining, keeping the answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from .. import ui
from ..errors import TitoError
from ..quiz import Quiz

LETTERS = "abcdefghij"


def answer(
    quiz: Quiz, answers: str, as_json: bool, keep: Callable[[Quiz, list[int], dict[str, Any]], None]
) -> int:
    """Ask in the terminal, or take `answers`; the exit status."""
    if not answers and as_json:
        asked = [{"ask": q["ask"], "choices": q["choices"]} for q in quiz.questions]
        ui.give(True, {"title": quiz.title, "questions": asked})
        return 0
    given = places(answers) if answers else ask(quiz)
    record = quiz.mark(given)
    keep(quiz, given, record)
    if not ui.give(as_json, record):
        if answers:
            for row in record["questions"]:
                explain(row)
        ui.echo(f"\n{score(record)}", bold=True)
    return 1 if record["passed"] is False else 0


def places(answers: str) -> list[int]:
    try:
        return [int(part) for part in answers.split(",")]
    except ValueError:
        raise TitoError(
            f"--answers {answers}: numbers with commas between them are needed", "--answers 0,2,1"
        ) from None


def ask(quiz: Quiz) -> list[int]:
    """One by one, in the terminal; the places of the choices."""
    given: list[int] = []
    for number, question in enumerate(quiz.questions):
        ui.echo()
        ui.para(f"{number + 1}. {question['ask']}", bold=True)
        letters = LETTERS[: len(question["choices"])]
        for letter, choice in zip(letters, question["choices"]):
            ui.para(f"{letter}) {choice}", 3)
        letter = click.prompt("  your answer", type=click.Choice(list(letters)), show_choices=False)
        given.append(letters.index(letter))
        explain(quiz.row(number, given[-1]))
    return given


def explain(row: dict[str, Any]) -> None:
    if "right" not in row:
        return
    if row["right"]:
        ui.para(f"Right. {row['because']}", 3, fg="green")
    else:
        ui.para(f"No: {row['answer']}", 3, fg="red")
        ui.para(row["because"], 3)


def score(record: dict[str, Any]) -> str:
    if record["right"] is None:
        return f"{record['of']} answers written down; they are marked where you hand them in"
    return f"{record['right']} of {record['of']}"
