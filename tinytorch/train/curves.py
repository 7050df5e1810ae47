"""Learning curves as a picture."""

from __future__ import annotations

from pathlib import Path

from ..logging import read_metrics


def plot_curves(metrics, picture) -> Path:
    """Draw every number of a metrics file over the steps: losses on one axis, each other quantity on its own."""
    from matplotlib.figure import Figure

    rows = read_metrics(metrics)
    names = [
        n for n in dict.fromkeys(key for row in rows for key in row) if n not in ("step", "epoch", "time")
    ]
    losses = [n for n in names if n.endswith("loss")]
    panels = ([losses] if losses else []) + [[n] for n in names if n not in losses]
    figure = Figure(figsize=(4.5 * max(len(panels), 1), 3.4), layout="constrained")
    for place, panel in enumerate(panels):
        axes = figure.add_subplot(1, len(panels), place + 1)
        for name in panel:
            points = [(row["step"], row[name]) for row in rows if name in row and row[name] is not None]
            axes.plot(
                *zip(*points),
                label=name,
                linewidth=1.2,
                marker="o" if len(points) < 30 else None,
                markersize=3,
            )
        axes.set_xlabel("step")
        axes.grid(alpha=0.25)
        axes.legend(frameon=False)
    picture = Path(picture)
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=120)
    return picture
