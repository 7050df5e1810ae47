"""One HTML file that shows what was built: badges, figures, curves, samples, and the files of code behind them."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path
from typing import Any

from .badge import badge_svg, data_name
from .definitions import Milestone

STYLE = """:root{--ink:#1f2937;--paper:#fafafa;--card:#fff;--line:#e5e7eb;--soft:#f3f4f6;--dim:#6b7280;color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--ink:#e5e7eb;--paper:#0f172a;--card:#1e293b;--line:#334155;--soft:#0f172a;--dim:#94a3b8}}
body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:var(--ink);background:var(--paper)}
h1{margin-bottom:0}h2{margin:.2rem 0}section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1.2rem 1.5rem;margin:1.2rem 0}
.top{display:flex;gap:1.5rem;align-items:center;flex-wrap:wrap}.top svg{width:140px;height:auto;flex:none}.top>div{flex:1 1 18rem}
.pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(24rem,100%),1fr));gap:1rem;align-items:center;margin:1rem 0}
img{display:block;max-width:100%;margin:auto;border-radius:6px;background:#fff}
pre{background:var(--soft);padding:.8rem;border-radius:6px;white-space:pre-wrap;overflow-wrap:anywhere}
table{border-collapse:collapse}td{padding:.15rem 1rem .15rem 0}code{background:var(--soft);padding:0 .25rem;border-radius:4px}small{color:var(--dim)}
a{color:inherit}@media print{section{break-inside:avoid}}"""


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
    facts = (data_name(result), result["passed"][:10], f"build {result.get('fingerprint', '')}")
    return f"""<section id="{one.id}"><div class="top">{badge_svg(one, result).replace('id="g"', f'id="g-{one.id}"').replace("url(#g)", f"url(#g-{one.id})")}
<div><h2>{escape(one.title)}</h2><p>{escape(one.entry.get("portfolio", one.entry["description"]))}</p><table>{rows}</table></div></div>
<ul>{found}</ul><div class="pictures">{pictures}</div>{texts}
<details><summary>The code behind it</summary><ul>{code}</ul></details>
<small>{escape(" · ".join(filter(None, facts)))}</small></section>"""


def picture(path: Path) -> str:
    data = base64.b64encode(path.read_bytes()).decode()
    return f'<img alt="{escape(path.stem)}" src="data:image/png;base64,{data}">'


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
