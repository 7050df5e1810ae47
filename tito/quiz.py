"""The capability questions of a module or a milestone: marked, explained, and written down where a grader finds the answers.

quiz = Quiz("XOR", "tito milestone quiz 1", questions, root / answers_of("milestone", "xor"))
record = quiz.mark([1, 0, 2])
quiz.write([1, 0, 2])
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import TitoError


def answers_of(kind: str, ident: str) -> str:
    """Where in a workspace the answers stand: a list of the choices' places, from 0."""
    return f"{kind}s/{ident}/answers.yaml"


@dataclass(frozen=True)
class Quiz:
    title: str
    command: str  # that asks it
    questions: list[dict[str, Any]]
    sheet: Path  # for the answers

    @property
    def is_marked(self) -> bool:
        """Whether the right answers are known here: in an instructor's archive they are not."""
        return all("answer" in question for question in self.questions)

    def mark(self, answers: list[int]) -> dict[str, Any]:
        """Hold answers against the questions; where the right ones are not known, `right` and `passed` are None."""
        if not self.questions:
            raise TitoError(f"{self.title} has no questions")
        if len(answers) != len(self.questions):
            raise TitoError(
                f"{self.title} has {len(self.questions)} questions, and {len(answers)} answers were given",
                f"{self.command} --answers 0,1,...",
            )
        rows = [self.row(place, given) for place, given in enumerate(answers)]
        right = sum(row["right"] for row in rows) if self.is_marked else None
        passed = right == len(rows) if self.is_marked else None
        return {"of": len(rows), "right": right, "passed": passed, "questions": rows}

    def row(self, place: int, given: int) -> dict[str, Any]:
        """One answer."""
        question = self.questions[place]
        if not 0 <= given < len(question["choices"]):
            raise TitoError(
                f"{given}: the answers to {question['ask']!r} are 0 to {len(question['choices']) - 1}"
            )
        row = {"ask": question["ask"], "given": given}
        if not self.is_marked:
            return row
        right = question["answer"]
        return row | {
            "right": given == right,
            "answer": question["choices"][right],
            "because": question["because"],
        }

    def write(self, answers: list[int]) -> None:
        """Keep the answers with the workspace: they are handed in with it."""
        self.sheet.parent.mkdir(parents=True, exist_ok=True)
        self.sheet.write_text(f"{answers}\n", encoding="utf-8")
