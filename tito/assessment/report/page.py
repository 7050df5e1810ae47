"""The report as one HTML file: no request leaves it, and only its own script and style run in it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from ..analytics import RULES, Analysis, title
from . import charts, findings

HERE = Path(__file__).parent / "templates"
SECTIONS = {  # in the page's order: what a part is called, and who says its title
    "help": ("Who needs help", findings.help_),
    "funnel": ("Where they stop", findings.funnel),
    "progress": ("Over time", findings.progress),
    "scores": ("Points", findings.scores),
    "students": ("Students", findings.students),
    "times": ("How long it takes", findings.times),
    "checks": ("Checks", findings.checks),
    "errors": ("Errors", findings.errors),
    "grader": ("The grader", findings.grader),
}
FIRST = 12  # rows of a list that are shown at once


@cache
def templates() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "title": title,
        "percent": lambda share: f"{share:.0%}",
        "when": when,
        "points": lambda x: f"{round(x, 2):,.10g}",
    }
    made.globals |= {"charts": charts, "findings": findings, "FIRST": FIRST, "RULES": RULES}
    return made


def when(moment: datetime | None) -> str:
    """A moment as the reader's clock shows it."""
    return "never" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M")


def page(a: Analysis, live: Markup | None = None, script: str = "") -> str:
    """The whole file. The dashboard gives it a live strip and a longer script, and sends the policy itself."""
    style, script = asset("style.css"), script or asset("script.js")
    policy = f"default-src 'none'; style-src {source(style)}; script-src {source(script)}; img-src data:; base-uri 'none'; form-action 'none'"
    return templates().get_template("report.html.j2").render(
        a=a, parts=list(sections(a, live is not None)), style=Markup(style), script=Markup(script), policy="" if live else policy, live=live
    )  # fmt: skip


def sections(a: Analysis, linked: bool = False) -> Iterator[tuple[str, str, str, Markup]]:
    """Each part: its name, what it is called, its title, its body; `linked`: the students' names lead to their own pages."""
    for name, (called, say) in SECTIONS.items():
        body = templates().get_template(f"sections/{name}.html.j2").render(a=a, linked=linked)
        yield name, called, say(a), Markup(body)


@cache
def asset(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def source(text: str) -> str:
    """How a content security policy names the one style or script that may run."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
