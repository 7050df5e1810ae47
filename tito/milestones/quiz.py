"""The capability questions of a milestone: asked one by one, answers explained, the score remembered."""

from __future__ import annotations

from typing import Any

from ..errors import TitoError
from .definitions import Milestone


def mark(one: Milestone, answers: list[int]) -> dict[str, Any]:
    """Hold answers (places, from 0) against the questions."""
    if not one.questions:
        raise TitoError(f"{one.title} has no questions")
    if len(answers) != len(one.questions):
        raise TitoError(
            f"{one.title} has {len(one.questions)} questions, and {len(answers)} answers were given",
            f"tito milestone quiz {one.handle} --answers 0,1,...",
        )
    rows = []
    for question, given in zip(one.questions, answers):
        if not 0 <= given < len(question["choices"]):
            raise TitoError(
                f"{given}: the answers to {question['ask']!r} are 0 to {len(question['choices']) - 1}"
            )
        rows.append(
            {
                "ask": question["ask"], "given": given, "right": given == question["answer"],
                "answer": question["choices"][question["answer"]], "because": question["because"],
            }
        )  # fmt: skip
    right = sum(row["right"] for row in rows)
    return {
        "milestone": one.id,
        "right": right,
        "of": len(rows),
        "passed": right == len(rows),
        "questions": rows,
    }
