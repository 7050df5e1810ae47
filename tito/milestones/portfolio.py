"""One HTML file that shows what was built: badges, figures, curves, samples, and the files of code behind them."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path
from typing import Any

from .badge import badge_svg
from .definitions import Milestone

STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1f2937;background:#fafafa}
section{background:#fff;border:1px solid #e5e7eb;border-radius:12px;padding:1.2rem 1.5rem;margin:1.2rem 0}
.top{display:flex;gap:1.5rem;align-items:center;flex-wrap:wrap}.top svg{width:140px;height:auto}img{max-width:100%;border-radius:6px}
pre{background:#f3f4f6;padding:.8rem;border-radius:6px;white-space:pre-wrap;overflow-wrap:anywhere}table{border-collapse:collapse}td{padding:.15rem 1rem .15rem 0}
code{background:#f3f4f6;padding:0 .25rem;border-radius:4px}small{color:#6b7280}@media print{section{break-inside:avoid}}"""


def portfolio_html(tracker, passed: list[Milestone], name: str) -> str:
    root = tracker.workspace.root
    sections = "\n".join(section(tracker, one, root / "runs" / one.id) for one in passed)
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(name)}: what I built</title><style>{STYLE}</style></head><body>
<h1>{escape(name)}</h1><p>A deep-learning framework, written from scratch on NumPy, and what it can do, measured.</p>
{sections}
<p><small>Made with tinytorch. Every figure was measured on this build; the fingerprint names the code it was measured on.</small></p>
</body></html>
"""


def section(tracker, one: Milestone, folder: Path) -> str:
    result: dict[str, Any] = tracker.result(one.id)
    rows = "".join(
        f"<tr><td>{escape(what)}</td><td><b>{escape(str(value))}</b></td></tr>"
        for what, value in result.get("figures", {}).items()
    )
    found = "".join(f"<li>{escape(one['message'])}</li>" for one in result.get("findings", []))
    pictures = "".join(picture(path) for path in sorted(folder.glob("*.png")))
    texts = "".join(
        f"<h3>{escape(p.stem)}</h3><pre>{escape(p.read_text(encoding='utf-8'))}</pre>"
        for p in sorted(folder.glob("*.txt"))
    )
    code = "".join(
        f"<li><a href='{escape(link)}'><code>{escape(link)}</code></a></li>"
        for link in code_links(tracker, one)
    )
    return f"""<section id="{one.id}"><div class="top">{badge_svg(one, result).replace('id="g"', f'id="g-{one.id}"').replace("url(#g)", f"url(#g-{one.id})")}
<div><h2>{escape(one.title)}</h2><p>{escape(one.entry.get("portfolio", one.entry["description"]))}</p><table>{rows}</table></div></div>
<ul>{found}</ul>{pictures}{texts}
<details><summary>The code behind it</summary><ul>{code}</ul></details>
<small>{escape(result.get("data", ""))} · {escape(result["passed"][:10])} · build {escape(result.get("fingerprint", ""))}</small></section>"""


def picture(path: Path) -> str:
    data = base64.b64encode(path.read_bytes()).decode()
    return f'<p><img alt="{escape(path.stem)}" src="data:image/png;base64,{data}"></p>'


def code_links(tracker, one: Milestone) -> list[str]:
    """What the student wrote for it: the files that hold taught symbols, of the modules it needs."""
    course = tracker.workspace.course
    files = {f"../tinytorch/{t.file}" for name in one.requires for t in course.taught(course.module(name))}
    return sorted(files) + [f"../milestones/{one.track}/{one.id}/run.py"]


def share_text(one: Milestone, result: dict[str, Any]) -> str:
    """What one would post."""
    figures = ", ".join(f"{what} {value}" for what, value in result.get("figures", {}).items())
    return (
        f"{one.entry.get('portfolio', one.entry['description'])}: I passed {one.title!r} with a deep-learning framework that I wrote from scratch"
        f" in NumPy ({figures}). #tinytorch"
    )
