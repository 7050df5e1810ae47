"""A picture of how a tensor was computed: ops in layers, arrows from inputs to results."""

from __future__ import annotations

from pathlib import Path

from ..autograd.engine import Leaf, Node, node_of


def layers(root: Node) -> dict[Node, int]:
    """Each node's depth: the longest way from it to the root, so that every arrow points the same way."""
    order, stack, seen = [], [(root, False)], set()
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((p, False) for p in node.inputs)
    depth = {root: 0}
    for node in reversed(order):  # consumers before their inputs
        for p in node.inputs:
            depth[p] = max(depth.get(p, 0), depth[node] + 1)
    return depth


def positions(depth: dict[Node, int]) -> dict[Node, tuple[float, float]]:
    """Rows by depth; within a row each node goes near the mean of its consumers, which keeps arrows short."""
    rows: dict[int, list[Node]] = {}
    for node, d in depth.items():
        rows.setdefault(d, []).append(node)
    consumers: dict[Node, list[Node]] = {}
    for node in depth:
        for p in node.inputs:
            consumers.setdefault(p, []).append(node)
    place: dict[Node, tuple[float, float]] = {}
    for d in sorted(rows):
        wish = {
            n: sum(place[c][0] for c in consumers[n] if c in place) / max(len(consumers[n]), 1)
            if n in consumers
            else 0.0
            for n in rows[d]
        }
        row = sorted(rows[d], key=wish.__getitem__)
        for i, node in enumerate(row):
            place[node] = (i - (len(row) - 1) / 2, float(d))
    return place


def label(node: Node, names: dict) -> str:
    shape = "" if node.shape is None else "\n" + "x".join(map(str, node.shape)) if node.shape else "\nscalar"
    if isinstance(node, Leaf):
        return names.get(id(node.tensor()), "leaf") + shape
    return node.op_name.removesuffix("_op") + shape


def draw_graph(tensor, path, *, names=None) -> Path:
    """Draw what `backward()` from this tensor would walk, as SVG or PNG by the file's name.

    `names` maps names to leaves, as `dict(model.named_parameters())` does.
    """
    from matplotlib.figure import Figure

    if not tensor.requires_grad:
        raise ValueError("draw_graph: this tensor has no history: nothing it came from requires a gradient")
    by_id = {id(t): name for name, t in (names or {}).items()}
    depth = layers(node_of(tensor))
    place = positions(depth)
    width = max(abs(x) for x, _ in place.values()) * 2 + 1
    figure = Figure(figsize=(max(3.0, 1.5 * width), max(2.0, 0.85 * (max(depth.values()) + 1))))
    axes = figure.add_axes((0, 0, 1, 1))
    for node in depth:
        for p in node.inputs:
            (x0, y0), (x1, y1) = place[p], place[node]
            axes.annotate(
                "",
                (x1, y1 + 0.28),
                (x0, y0 - 0.28),
                arrowprops={"arrowstyle": "->", "color": "#888888", "linewidth": 0.9},
            )
    for node, (x, y) in place.items():
        fill = "#d8ead2" if isinstance(node, Leaf) else "#dfe7f5"
        axes.text(
            x,
            y,
            label(node, by_id),
            ha="center",
            va="center",
            fontsize=8,
            bbox={"boxstyle": "round,pad=0.35", "facecolor": fill, "edgecolor": "#666666", "linewidth": 0.7},
        )
    axes.set_xlim(-width / 2 - 0.2, width / 2 + 0.2)
    axes.set_ylim(max(depth.values()) + 0.6, -0.6)
    axes.axis("off")
    path = Path(path)
    figure.savefig(path, dpi=130)
    return path
