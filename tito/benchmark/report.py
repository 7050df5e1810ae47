"""What the results look like: a table, a bar chart, a roofline, a page that holds all three."""

from __future__ import annotations

import base64
import html
import io
from pathlib import Path

from .measure import Result
from .store import Change, Run, regressions


def amount(value: float | None, unit: str) -> str:
    """3.2 ms, 41 us, 120 MB."""
    if value is None:
        return "–"
    steps = (
        [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")] if unit == "bytes" else [(1, "s"), (1e-3, "ms"), (1e-6, "us")]
    )
    size, name = next(((s, n) for s, n in steps if abs(value) >= s), steps[-1])
    return f"{value / size:.3g} {name}"


def verdict(r: Result) -> str:
    """Whether the goal is reached; the median decides, and the quartiles say how sure that is."""
    if r.goal is None or r.ratio is None:
        return ""
    return "reached" if r.ratio <= r.goal else "missed"


def line(r: Result) -> str:
    spread = "" if r.ratio is None else f"{r.ratio:6.2f}  ({r.low:.2f} to {r.high:.2f})"
    goal = "" if r.goal is None else f"  goal {r.goal:.2f} {verdict(r)}"
    return (
        f"{r.group:12} {r.name:50} {amount(r.ours, r.unit):>9} {amount(r.theirs, r.unit):>9} {spread}{goal}"
    )


HEAD = f"{'group':12} {'case':50} {'ours':>9} {'peer':>9}  ratio  (quartiles)"


# ---------------------------------------------------------------- pictures


def bars(results):
    """Ratios to PyTorch: left of the line is faster. The thin mark on each bar is its goal."""
    from matplotlib.figure import Figure

    shown = [r for r in results if r.ratio is not None]
    figure = Figure(figsize=(9, 0.8 + 0.27 * len(shown)), layout="constrained")
    axes = figure.subplots()
    for y, r in enumerate(shown):
        colour = "#2a78a8" if r.ratio <= (r.goal or 1) else "#c8642a"
        axes.barh(y, r.ratio, color=colour, height=0.7)
        axes.plot([r.low, r.high], [y, y], color="black", linewidth=1)
        if r.goal:
            axes.plot([r.goal, r.goal], [y - 0.4, y + 0.4], color="#333333", linewidth=2)
    axes.axvline(1, color="#888888", linewidth=1)
    axes.set_yticks(range(len(shown)), [f"{r.group}: {r.name}" for r in shown], fontsize=8)
    axes.set_xlim(0, max([2.0, *(r.high * 1.05 for r in shown)]))
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlabel("time (or memory) over the peer's, same run; below 1 is better")
    return figure


def roofline(results):
    """Floating-point operations per second over operations per byte, ours and the peer's."""
    from matplotlib.figure import Figure

    shown = [r for r in results if r.work and r.moved]
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.subplots()
    for values, mark, label in (("ours", "o", "tinytorch"), ("theirs", "x", "PyTorch")):
        points = [(r.work / r.moved, r.work / getattr(r, values) / 1e9) for r in shown if getattr(r, values)]
        if points:
            axes.scatter(*zip(*points), marker=mark, label=label)
    for r in shown:
        axes.annotate(
            r.name,
            (r.work / r.moved, r.work / r.ours / 1e9),
            fontsize=6,
            xytext=(4, 3),
            textcoords="offset points",
        )
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="operations per byte that must move",
        ylabel="GFLOP/s (direct count)",
    )
    axes.legend()
    return figure


def png(figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=130)
    return buffer.getvalue()


# ---------------------------------------------------------------- a page

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>tinytorch benchmark</title>
<style>:root{{color-scheme:light dark}}body{{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}}
table{{border-collapse:collapse;width:100%}}td,th{{padding:.2rem .5rem;text-align:right;border-bottom:1px solid #8884}}
td:first-child,td:nth-child(2),th:first-child,th:nth-child(2){{text-align:left}}img{{max-width:100%;background:white}}
.missed{{color:#c8642a}}</style>
<h1>tinytorch beside PyTorch</h1><p>{about}</p>{changes}
<h2>Ratios</h2><img alt="Ratios of the times" src="data:image/png;base64,{bars}">
<h2>Roofline</h2><img alt="Roofline" src="data:image/png;base64,{roofline}">
<h2>All results</h2><table><tr><th>group<th>case<th>ours<th>peer<th>ratio<th>quartiles<th>goal</tr>{rows}</table></html>
"""


def about(run: Run) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in run.versions.items())
    return f"Run {run.id}, {run.started}, commit {run.git or 'unknown'}; {run.facts['processor']}, {run.facts['cores']} cores; {versions}"


def cells(r: Result) -> str:
    ratio = ("–", "–") if r.ratio is None else (f"{r.ratio:.2f}", f"{r.low:.2f} to {r.high:.2f}")
    goal = "" if r.goal is None else f"{r.goal:.2f} {verdict(r)}"
    values = (r.group, r.name, amount(r.ours, r.unit), amount(r.theirs, r.unit), *ratio, goal)
    return f'<tr class="{verdict(r)}">' + "".join(f"<td>{html.escape(v)}" for v in values) + "</tr>"


def told(changes: list[Change]) -> list[str]:
    return [f"slower than before: {c.name}: {c.before:.2f} then, {c.now:.2f} now" for c in changes]


def page(run: Run, before: Run | None) -> str:
    changes = told(regressions(run, before)) if before else []
    encoded = {
        name: base64.b64encode(png(draw(run.results))).decode()
        for name, draw in (("bars", bars), ("roofline", roofline))
    }
    return PAGE.format(
        about=html.escape(about(run)), changes="".join(f"<p class=missed>{html.escape(c)}</p>" for c in changes),
        rows="".join(map(cells, run.results)), **encoded,
    )  # fmt: skip


def write(folder: Path, run: Run, before: Run | None) -> list[Path]:
    """`ratios.png`, `roofline.png` and `report.html` in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / "ratios.png", folder / "roofline.png", folder / "report.html"]
    files[0].write_bytes(png(bars(run.results)))
    files[1].write_bytes(png(roofline(run.results)))
    files[2].write_text(page(run, before), encoding="utf-8")
    return files
