"""A certificate of a passed milestone: an SVG with name, day, figures, and a code that any tito can check.

The code is a digest of everything that stands on the certificate. It says that nothing on it was changed; that the milestone was passed, its
owner says himself (a course signs its own, see the assessment).
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from html import escape, unescape
from pathlib import Path
from typing import Any

from ..errors import TitoError
from .badge import badge_svg, data_name
from .definitions import Milestone, find_milestone

METADATA = re.compile(r"<metadata>(.*?)</metadata>", re.DOTALL)


def statement(one: Milestone, result: dict[str, Any], name: str) -> dict[str, Any]:
    """What the certificate says, and its code."""
    if not result.get("passed"):
        raise TitoError(f"{one.title} is not passed yet", f"tito milestone test {one.handle}")
    facts = {
        "name": name, "milestone": one.id, "title": one.title, "passed": result["passed"], "figures": result.get("figures", {}),
        "data": result.get("data", ""), "fingerprint": result.get("fingerprint", ""),
        "questions": "{right} of {of}".format(**result["questions"]) if result.get("questions") else "not answered",
    }  # fmt: skip
    return facts | {"code": code_of(facts)}


def code_of(facts: dict[str, Any]) -> str:
    plain = json.dumps({k: v for k, v in facts.items() if k != "code"}, sort_keys=True, ensure_ascii=False)
    digest = hashlib.sha256(plain.encode()).hexdigest()[:20].upper()
    return "-".join(digest[i : i + 5] for i in range(0, 20, 5))


def certificate_svg(facts: dict[str, Any]) -> str:
    one = find_milestone(facts["milestone"])
    inner = badge_svg(one, facts).replace(
        'width="240" height="280"', 'x="360" y="70" width="180" height="210"'
    )
    inner = (
        re.sub(r"<style>.*?</style>", "", inner)
        .replace('class="n"', 'class="bn"')
        .replace('class="s"', 'class="bs"')
        .replace('class="f"', 'class="bf"')
    )
    lines = [f"{what}: {value}" for what, value in facts["figures"].items()] + [
        f"questions: {facts['questions']}"
    ]
    figures = "".join(
        f'<text x="450" y="{432 + 22 * i}" class="t">{escape(line)}</text>'
        for i, line in enumerate(lines[:4])
    )
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 640" width="900" height="640" role="img" aria-label="Certificate: {escape(one.title)}">
<metadata>{escape(json.dumps(facts, ensure_ascii=False))}</metadata>
<style>text{{font-family:Georgia,DejaVu Serif,serif;text-anchor:middle;fill:#1f2937}}.h{{font-size:17px;letter-spacing:6px}}.name{{font-size:40px;font-style:italic}}.t{{font-size:15px}}.c{{font-size:18px}}.m{{font-family:DejaVu Sans Mono,monospace;font-size:13px}}.bn,.bs,.bf{{font-family:Verdana,DejaVu Sans,sans-serif;fill:#fff}}.bn{{font-size:16px;font-weight:bold}}.bs{{font-size:11px}}.bf{{font-size:12px}}</style>
<rect width="900" height="640" fill="#fffdf7"/><rect x="18" y="18" width="864" height="604" fill="none" stroke="#1d4ed8" stroke-width="3"/><rect x="27" y="27" width="846" height="586" fill="none" stroke="#93c5fd"/>
<text x="450" y="58" class="h">TINYTORCH MILESTONE</text>
{inner}
<text x="450" y="330" class="name">{escape(facts["name"])}</text>
<text x="450" y="365" class="c">{escape(one.entry.get("portfolio", one.entry["description"]))}</text>
<text x="450" y="392" class="t">measured on a build written from scratch, {escape(facts["passed"][:10])}</text>
{figures}
<text x="450" y="548" class="t">{escape(data_name(facts))}</text>
<text x="450" y="576" class="m">{facts["code"]}</text>
<text x="450" y="598" class="m">self-attested · build {escape(facts["fingerprint"])} · tito milestone certificate --verify FILE</text>
</svg>
"""


def verify(path: Path, tracker=None) -> dict[str, Any]:
    """Whether a certificate is the one that its code was made for; and if it is of this workspace, whether it is in its record."""
    found = METADATA.search(path.read_text(encoding="utf-8"))
    try:
        facts = json.loads(unescape(found[1])) if found else None
    except ValueError:
        facts = None
    if not isinstance(facts, dict) or "code" not in facts:
        raise TitoError(f"{path} is no certificate of a milestone")
    good = facts["code"] == code_of(facts) and path.read_text(encoding="utf-8") == certificate_svg(facts)
    here = tracker is not None and tracker.result(find_milestone(facts["milestone"]).id).get(
        "passed"
    ) == facts.get("passed")
    return {"file": str(path), "valid": good, "in_this_workspace": here} | facts


def owner() -> str:
    """The name git knows, for lack of a better one."""
    try:
        done = subprocess.run(
            ["git", "config", "user.name"], capture_output=True, encoding="utf-8", timeout=5
        )
    except OSError:
        return "A tinytorch student"
    return done.stdout.strip() or "A tinytorch student"
