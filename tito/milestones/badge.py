"""The badge of a passed milestone, as SVG."""

from __future__ import annotations

from html import escape
from typing import Any

from .definitions import Milestone

COLOURS = {
    "capability": ("#1d4ed8", "#38bdf8"),
    "history": ("#92400e", "#fbbf24"),
    "curriculum": ("#166534", "#4ade80"),
}
GLYPHS = {  # a few strokes each, drawn in a box of 100 x 100
    "basic_inference": "M20 30 L50 20 M20 30 L50 50 M20 30 L50 80 M20 70 L50 20 M20 70 L50 50 M20 70 L50 80 M50 20 L80 50 M50 50 L80 50 M50 80 L80 50",
    "computer_vision": "M10 50 Q50 10 90 50 Q50 90 10 50 Z M50 35 A15 15 0 1 0 50.1 35 Z",
    "full_training": "M12 18 V85 H90 M18 25 Q28 70 50 74 T88 78",
    "advanced_vision": "M55 8 L25 55 H48 L42 92 L76 42 H53 Z",
    "language_generation": "M12 20 H88 V68 H50 L30 88 V68 H12 Z M26 36 H74 M26 51 H60",
    "perceptron": "M15 25 L55 50 M15 50 L55 50 M15 75 L55 50 M55 50 H90 M55 35 A15 15 0 1 1 54.9 35 Z",
    "xor": "M20 20 h.1 M80 80 h.1 M72 12 l16 16 m0 -16 l-16 16 M12 72 l16 16 m0 -16 l-16 16 M8 40 L40 8 M60 92 L92 60",
    "mlp_digits": "M30 25 Q50 5 66 25 Q72 45 30 85 H72",
    "cnn": "M14 14 H62 V62 H14 Z M26 26 H74 V74 H26 Z M38 38 H86 V86 H38 Z",
    "transformer": "M15 20 H30 M40 20 H55 M65 20 H80 M22 26 L72 76 M47 26 L72 76 M72 26 L72 76 M15 82 H30 M40 82 H55 M65 82 H80",
}
PLAIN = "M22 52 L42 72 L80 28"


def data_name(result: dict[str, Any]) -> str:
    """What the data is called, without where it lies on this machine."""
    return result.get("data", "").split("/")[0].rstrip(": ")


def badge_svg(one: Milestone, result: dict[str, Any], attested: str = "self-attested") -> str:
    """A medal with the milestone's name, what was measured, the day, and who says so."""
    dark, light = COLOURS[one.track]
    top = f"MILESTONE {one.number}" if one.number else one.track.upper()
    figures = next((str(value) for value in result.get("figures", {}).values()), "")
    name = one.name.partition(" - ")[2] or one.name
    size = min(19, 265 // len(name))  # a letter is about 0.7 of its size wide, the ring 190
    year = f'<text x="120" y="70" class="s">{one.entry["year"]}</text>' if "year" in one.entry else ""
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 280" width="240" height="280" role="img" aria-label="{escape(one.title)}">
<defs><linearGradient id="g" x2="0" y2="1"><stop stop-color="{light}"/><stop offset="1" stop-color="{dark}"/></linearGradient></defs>
<style>text{{font-family:Verdana,DejaVu Sans,sans-serif;fill:#fff;text-anchor:middle}}.n{{font-weight:bold}}.s{{font-size:11px;letter-spacing:1px}}.f{{font-size:12px}}</style>
<path d="M70 190 L52 272 L92 250 L108 276 L120 222 L132 276 L148 250 L188 272 L170 190 Z" fill="{dark}"/>
<circle cx="120" cy="116" r="112" fill="url(#g)"/><circle cx="120" cy="116" r="101" fill="none" stroke="#fff" stroke-opacity=".75" stroke-width="2"/>
<text x="120" y="44" class="s">{escape(top)}</text>{year}
<g transform="translate(84 {74 if year else 56}) scale(.72)"><path d="{GLYPHS.get(one.id, PLAIN)}" fill="none" stroke="#fff" stroke-width="5" stroke-linecap="round" stroke-linejoin="round"/></g>
<text x="120" y="{162 if year else 156}" class="n" font-size="{size}">{escape(name)}</text>
<text x="120" y="{181 if year else 178}" class="f">{escape(figures)}</text>
<text x="120" y="199" class="s">{escape(str(result.get("passed", ""))[:10])}</text>
<text x="120" y="212" class="f" style="font-size:8px">{escape(clipped(attested))}</text>
</svg>
"""


def clipped(text: str, room: int = 26) -> str:
    """As much of it as fits on the medal."""
    return text if len(text) <= room else f"{text[: room - 1]}…"
