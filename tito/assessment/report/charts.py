"""Pictures as SVG, drawn here: no library, no script, colours by class only, so that the page's style decides and none is fetched.

Lengths along x are in percent, so a picture takes the width it is given while its text keeps its size; curves stand in an inner
picture that is stretched. Nothing uses a style attribute: the page's content security policy forbids them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from markupsafe import Markup, escape

from ..analytics import Bin, Line, Row, Times
from ..grades import Grade

LEVELS = 5  # of colour in the heat map, from nothing to full points


def tag(name: str, *inside: object, **attributes: object) -> Markup:
    """An element; `class_` and `stroke_width` are `class` and `stroke-width`. What is no Markup is escaped."""
    told = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(short(value))}"' for key, value in attributes.items() if value is not None)  # fmt: skip
    return Markup(f"<{name}{told}>{''.join(map(escape, inside))}</{name}>")


def short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def percent(share: float) -> str:
    return f"{100 * share:.4g}%"


def picture(height: int, label: str, *inside: object, class_: str = "chart") -> Markup:
    return tag("svg", *inside, class_=class_, width="100%", height=height, role="img", aria_label=label)


def stretched(across: float, up: float, *inside: object, **place: object) -> Markup:
    return tag(
        "svg", *inside, viewBox=f"0 0 {across:g} {up:g}", preserveAspectRatio="none",
        **({"width": "100%", "height": "100%"} | place),
    )  # fmt: skip


def level(share: float | None) -> str:
    """The class of a heat map's cell: h0 to h4, full points alone are h4, `none` is blank."""
    if share is None:
        return "none"
    return f"h{LEVELS - 1 if share >= 1 - 1e-9 else min(int(share * (LEVELS - 1)), LEVELS - 2)}"


def cell(share: float | None, grade: Grade) -> Markup:
    """One field of the heat map."""
    name, text, late = cell_parts(share, grade)
    return Markup(f'<td class="{name}">{text}{f"<i>{late}</i>" if late else ""}</td>')


def cell_parts(share: float | None, grade: Grade) -> tuple[str, str, str]:
    """Its class; the share in percent, with `*` where a person decided and `!` where one has to; how many days late."""
    mark = "!" if grade.verdict == "grader_error" else "–" if share is None else f"{100 * share:.0f}"
    return level(share), mark + "*" * bool(grade.why), f"+{grade.days_late}" if grade.days_late else ""


# ---------------------------------------------------------------- bars


def nested(parts: Sequence[tuple[float, str]], label: str, height: int = 22) -> Markup:
    """Bars over each other, the longest first: of those who reached a task, who tried, who passed."""
    bars = [tag("rect", width=percent(share), height="100%", class_=name, rx=2) for share, name in parts]
    return picture(height, label, *bars, class_="bar")


def meter(share: float, label: str, name: str = "b3", height: int = 10) -> Markup:
    return nested([(1.0, "b0"), (max(share, 0.0), name)], label, height)


def signed(value: float, label: str, height: int = 10) -> Markup:
    """A correlation, from -1 to 1: a bar to the left or the right of the middle."""
    left, width = (0.5, value / 2) if value >= 0 else (0.5 + value / 2, -value / 2)
    return picture(
        height, label, tag("rect", width="100%", height="100%", class_="b0", rx=2),
        tag("rect", x=percent(left), width=percent(width), height="100%", class_="b3" if value >= 0.1 else "warn"),
        tag("line", x1="50%", x2="50%", y1=0, y2="100%", class_="axis"), class_="bar",
    )  # fmt: skip


def columns(bins: Sequence[Bin], middle: float, label: str, height: int = 210) -> Markup:
    """A histogram with its median. Under 100 px a column its number stands on it."""
    top, base = 34, height - 22
    most = max((b.students for b in bins), default=0) or 1
    drawn = []
    for b in bins:
        tall = (base - top) * b.students / most
        x = percent(b.low + 0.002)
        drawn.append(tag("rect", x=x, width=percent(b.high - b.low - 0.004), y=base - tall, height=tall, class_="b3", rx=1))  # fmt: skip
        if b.students:
            place = percent((b.low + b.high) / 2)
            drawn.append(tag("text", str(b.students), x=place, y=base - tall - 4, class_="mid num quiet"))
    marks = [
        tag("text", f"{tick}%", x=f"{tick}%", y=height - 6, class_="start" if tick == 0 else "end" if tick == 100 else "mid")
        for tick in (0, 25, 50, 75, 100)
    ]  # fmt: skip
    at = percent(middle)
    side = "end" if middle > 0.5 else "start"
    return picture(
        height, label, *drawn, tag("line", x1=0, x2="100%", y1=base, y2=base, class_="axis"), *marks,
        tag("line", x1=at, x2=at, y1=8, y2=base, class_="median"),
        tag("text", f"half have {middle:.0%} or more", x=at, y=14, dx=-6 if side == "end" else 6, class_=f"{side} strong"),
    )  # fmt: skip


# ---------------------------------------------------------------- curves


def staircase(points: Iterable[tuple[float, float]], width: float, height: float) -> str:
    """A path that keeps each value until the next one; x and y are shares."""
    told = [f"M0 {height:g}"]
    for x, y in points:
        told.append(f"H{x * width:.4g}V{(1 - y) * height:.4g}")
    return "".join(told) + f"H{width:g}"


def climb(line: Line, students: int, label: str, before: int = 10, after: int = 4) -> Markup:
    """The share of the class that has passed a task, day by day around its due date; without one, from the first pass to the last."""
    if line.due:
        start, end = line.due.date() - timedelta(before), line.due.date() + timedelta(after)
    elif line.points:
        start, end = line.points[0][0] - timedelta(1), line.points[-1][0]
    else:
        start = end = date.min
    span = max((end - start).days, 1)
    points, last = [], 0.0
    for day, total in line.points:
        last = total / max(students, 1)
        if day <= end:
            points.append((max((day - start).days, 0) / span, last))
    path = staircase(points, 1000, 100)
    shown = [
        tag("path", d=f"{path}V100H0Z", class_="area"),
        tag("path", d=path, class_="curve", vector_effect="non-scaling-stroke"),
    ]
    grid = [tag("line", x1=0, x2="100%", y1=f"{y}%", y2=f"{y}%", class_="grid") for y in (0.7, 50, 99.3)]
    due = []
    if line.due:
        at = percent(before / span)
        due = [tag("line", x1=at, x2=at, y1=0, y2="100%", class_="due")]
    return picture(92, label, *grid, stretched(1000, 100, *shown), *due)


def whole(lines: Sequence[Line], students: int, label: str, height: int = 170) -> Markup:
    """All passes so far, of all there can be, from the first to the last day; a tick at each due date."""
    per_day: dict[date, int] = {}
    for line in lines:
        before = 0
        for day, total in line.points:
            per_day[day] = per_day.get(day, 0) + total - before
            before = total
    stops = [line.due.date() for line in lines if line.due]
    days = sorted([*per_day, *stops])
    if not days:
        return Markup("")
    start, end = days[0] - timedelta(1), days[-1] + timedelta(1)
    span, most = (end - start).days, max(students * len(lines), 1)
    base, top = height - 20, 8
    points, total = [], 0
    for day in sorted(per_day):
        total += per_day[day]
        points.append(((day - start).days / span, total / most))
    path = staircase(points, 1000, 100)
    grid = [
        part
        for y in (0, 50, 100)
        for part in (
            tag("line", x1=0, x2="100%", y1=base - (base - top) * y / 100, y2=base - (base - top) * y / 100, class_="grid"),
            tag("text", f"{y}%", x=0, y=base - (base - top) * y / 100 + (12 if y == 100 else -4), class_="start quiet") if y else "",
        )
    ]  # fmt: skip
    due = []
    for stop in sorted(set(stops)):
        at = percent((stop - start).days / span)
        due.append(tag("line", x1=at, x2=at, y1=top, y2=base, class_="due"))
        due.append(tag("text", f"{stop.day} {stop:%b}", x=at, y=height - 4, class_="end" if (stop - start).days > 0.97 * span else "mid"))  # fmt: skip
    curves = stretched(
        1000, 100, tag("path", d=f"{path}V100H0Z", class_="area"), tag("path", d=path, class_="curve", vector_effect="non-scaling-stroke"),
        y=top, height=base - top,
    )  # fmt: skip
    return picture(height, label, *grid, curves, *due)


# ---------------------------------------------------------------- the class as a piece of cloth


def cloth(rows: Sequence[Row], label: str, band: int = 26) -> Markup:
    """A column for each student, the best on the left, a band for each task; neighbours of one colour are one shape."""
    if not rows:
        return Markup("")
    order = sorted(rows, key=lambda row: (-row.share, row.student.id))
    count = len(rows[0].cells)
    paths: dict[str, list[str]] = {}
    for task in range(count):
        begun, name = 0, level(order[0].cells[task])
        for i in range(1, len(order) + 1):
            here = level(order[i].cells[task]) if i < len(order) else ""
            if here != name:
                paths.setdefault(name, []).append(f"M{begun} {task * 10}h{i - begun}v9h-{i - begun}z")
                begun, name = i, here
    shapes = [tag("path", d="".join(told), class_=f"f-{name}") for name, told in sorted(paths.items())]
    return picture(
        band * count, label, stretched(len(order), 10 * count, *shapes, shape_rendering="crispEdges"),
        class_="chart cloth",
    )  # fmt: skip


# ---------------------------------------------------------------- ranges


def span(row: Times, low: float, high: float, label: str) -> Markup:
    """How many days before the due date the middle half passed; the dot is the median, the line the due date."""
    there = row.before_due
    if there is None:
        return Markup("")
    place = lambda value: percent((high - min(max(value, low), high)) / (high - low))
    return picture(
        22, label, tag("line", x1=0, x2="100%", y1=11, y2=11, class_="grid"),
        tag("line", x1=place(0), x2=place(0), y1=0, y2=22, class_="due"),
        tag("line", x1=place(there.high), x2=place(there.low), y1=11, y2=11, class_="range"),
        tag("circle", cx=place(there.middle), cy=11, r=5, class_="dot"), class_="bar",
    )  # fmt: skip


def reach(rows: Sequence[Times]) -> tuple[float, float]:
    """The scale that all ranges share: from the latest to the earliest quartile, and the due date within."""
    known = [row.before_due for row in rows if row.before_due]
    low = min([-1.0, *(k.low for k in known)])
    high = max([1.0, *(k.high for k in known)])
    return low - 0.05 * (high - low), high + 0.05 * (high - low)
