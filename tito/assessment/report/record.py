"""The report as a record for programs, and as a table for a spreadsheet."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from ..analytics import Analysis
from . import findings
from .page import SECTIONS

STARTS_A_FORMULA = "=+-@\t\r"


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
    """A row for each student: points, and for each task its points, verdict, tries and days late."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["student", "name", "points", "of", *(f"{task} {what}" for task in a.term.tasks for what in ("points", "verdict", "hand-ins", "days late")), "may need a word"])  # fmt: skip
    reasons = {risk.student.id: "; ".join(risk.reasons) for risk in a.at_risk}
    for row in a.rows:
        cells: list[object] = [guarded(row.student.id), guarded(row.student.name), f"{row.points:.10g}", f"{row.most:.10g}"]
        for g in row.grades:
            cells += ["" if g.points is None else f"{g.points:.10g}", g.verdict, g.attempts, g.days_late]
        rows.writerow([*cells, guarded(reasons.get(row.student.id, ""))])
    return out.getvalue()


def guarded(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] and text[0] in STARTS_A_FORMULA else text
