"""The report as a record for programs, and as a table for a spreadsheet."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from ..analytics import Analysis
from ..sheets import guarded, number, written
from . import findings
from .page import SECTIONS


def record(a: Analysis) -> dict[str, Any]:
    """Everything the page shows, as plain values."""
    return plain_values(
        {
            "class": a.term.room.name, "at": a.term.at, "headline": findings.headline(a),
            "findings": {name: say(a) for name, (_, say) in SECTIONS.items()},
            "students": [
                {
                    "student": row.student.id, "name": row.student.name, "points": row.points, "of": row.most,
                    "tasks": {
                        g.task: {
                            "points": g.points, "of": g.most, "verdict": g.verdict, "score": g.score, "days_late": g.days_late,
                            "attempts": g.attempts, "handed_in": g.handed_in or None,
                        }
                        for g in row.grades
                    },
                }
                for row in a.rows
            ],
            **{name: [asdict(one) for one in getattr(a, name)] for name in ("pass_rates", "funnel", "histogram", "times", "progress", "items", "errors", "at_risk")},
            "health": asdict(a.health),
        }
    )  # fmt: skip


def plain_values(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: plain_values(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_values(one) for one in value]
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return round(value, 6) if isinstance(value, float) else value


def table(a: Analysis) -> str:
    """A row for each student: points, and for each task its points, verdict, hand-ins and days late."""
    columns = [
        f"{task} {what}" for task in a.term.tasks for what in ("points", "verdict", "hand-ins", "days late")
    ]
    rows = [["student", "name", "points", "of", *columns, "may need a word"]]
    reasons = {risk.student.id: "; ".join(risk.reasons) for risk in a.at_risk}
    for row in a.rows:
        cells = [guarded(row.student.id), guarded(row.student.name), number(row.points), number(row.most)]
        for g in row.grades:
            cells += [number(g.points), g.verdict, str(g.attempts), str(g.days_late)]
        rows.append([*cells, guarded(reasons.get(row.student.id, ""))])
    return written(rows)
