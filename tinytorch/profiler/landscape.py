"""The loss around a point in weight space, along two random directions.

Li et al., Visualizing the loss landscape of neural nets (2018): directions are scaled filter by filter to the weights' norms, so
that a net with large weights does not look flatter than one with small ones.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..autograd import no_grad
from ..random import Generator


def direction(parameters, generator: Generator):
    """A random direction with the norm of the weights, row by row; biases and scales stay where they are."""
    steps = []
    for p in parameters:
        step = generator.numpy.standard_normal(p.array.shape).astype(p.array.dtype)
        if p.array.ndim < 2:
            steps.append(np.zeros_like(step))
            continue
        rows, weights = step.reshape(len(step), -1), p.array.reshape(len(step), -1)
        scale = np.linalg.norm(weights, axis=1) / (np.linalg.norm(rows, axis=1) + 1e-10)
        steps.append(step * scale.reshape(-1, *(1,) * (step.ndim - 1)))
    return steps


@no_grad()
def loss_landscape(model, loss, path=None, *, span: float = 1.0, points: int = 21, seed: int = 0):
    """Losses on a grid of points x points around the weights; `loss()` evaluates the model as it stands. Draws to `path`."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    kept = [p.array.copy() for p in parameters]
    generator = Generator().manual_seed(seed)
    right, up = direction(parameters, generator), direction(parameters, generator)
    steps = np.linspace(-span, span, points)
    grid = np.empty((points, points))
    try:
        for i, b in enumerate(steps):
            for j, a in enumerate(steps):
                for p, start, dx, dy in zip(parameters, kept, right, up):
                    p.array[...] = start + a * dx + b * dy
                grid[i, j] = float(loss())
    finally:
        for p, start in zip(parameters, kept):
            p.array[...] = start
    if path is not None:
        draw(steps, grid, Path(path))
    return steps, grid


def draw(steps, grid, path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 4.4), layout="constrained")
    axes = figure.add_subplot()
    shown = axes.contourf(steps, steps, np.log10(np.maximum(grid, 1e-12)), levels=24, cmap="viridis")
    axes.contour(steps, steps, grid, levels=12, colors="white", linewidths=0.4, alpha=0.6)
    axes.plot(0, 0, "r+", markersize=10)
    figure.colorbar(shown, label="log10 loss")
    axes.set_xlabel("direction 1")
    axes.set_ylabel("direction 2")
    figure.savefig(path, dpi=130)
