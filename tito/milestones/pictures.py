"""Pictures in the terminal, two pixels a character, and as PNG."""

from __future__ import annotations

from pathlib import Path

from .. import ui

SHADES = " .:-=+*#%@"


def grid(shown: dict) -> list[str]:
    """The pictures side by side, as many as fit, each over what the model says."""
    images = shown["images"]
    size = images.shape[-1]
    fit = max(1, (ui.width() - 1) // (size + 2))
    lines: list[str] = []
    for start in range(0, min(len(images), 2 * fit), fit):
        some = range(start, min(start + fit, len(images)))
        drawn = [draw(images[i]) for i in some]
        lines += ["  ".join(parts) for parts in zip(*drawn)]
        lines += ["  ".join(caption(shown, i, size) for i in some), ""]
    return lines


def caption(shown: dict, i: int, size: int) -> str:
    said, right = (name_of(shown, label) for label in (shown["said"][i], shown["right"][i]))
    text = f"{said}" if said == right else f"{said} (it is {right})"
    return ui.styled(ui.clip(text, size).center(size), fg="green" if said == right else "red")


def name_of(shown: dict, label: int) -> str:
    classes = shown.get("classes")
    return classes[label] if classes and 0 <= label < len(classes) else str(label)


def draw(image) -> list[str]:
    """One picture (C, H, W) of bytes as lines of text: upper half-blocks in colour, or shades without it."""
    import numpy as np

    image = image if image.ndim == 3 else image[None]
    if image.max() <= 1:
        image = image * 255
    rgb = np.broadcast_to(image, (3, *image.shape[1:])).transpose(1, 2, 0)
    if ui.colours() is False or not ui.can_show("▀"):
        grey = rgb.mean(2).reshape(rgb.shape[0] // 2, 2, -1).mean(1)
        return ["".join(SHADES[int(v) * len(SHADES) // 256] for v in row) for row in grey]
    if len(image) == 1:
        return [blocks(top, bottom) for top, bottom in zip(rgb[::2, :, 0] > 110, rgb[1::2, :, 0] > 110)]
    return [coloured(top, bottom) for top, bottom in zip(rgb[::2], rgb[1::2])]


def blocks(top, bottom) -> str:
    return "".join(" ▄▀█"[2 * int(a) + int(b)] for a, b in zip(top, bottom))


def coloured(top, bottom) -> str:
    cells = "".join(
        f"\x1b[38;2;{a[0]};{a[1]};{a[2]};48;2;{b[0]};{b[1]};{b[2]}m▀"
        for a, b in zip(top.tolist(), bottom.tolist())
    )
    return f"{cells}\x1b[0m"


def save_grid(shown: dict, path: Path, title: str) -> Path:
    """The same pictures as a PNG."""
    from matplotlib.figure import Figure

    images, n = shown["images"], len(shown["images"])
    columns = min(n, 5)
    rows = -(-n // columns)
    figure = Figure(figsize=(1.5 * columns, 1.8 * rows + 0.4), layout="constrained")
    figure.suptitle(title, fontsize=11)
    for i, image in enumerate(images):
        axes = figure.add_subplot(rows, columns, i + 1)
        picture = (
            image.transpose(1, 2, 0)
            if image.ndim == 3 and len(image) == 3
            else image.reshape(image.shape[-2:])
        )
        axes.imshow(picture, cmap="gray_r", interpolation="nearest")
        said, right = (name_of(shown, label) for label in (shown["said"][i], shown["right"][i]))
        axes.set_title(
            said if said == right else f"{said} (is {right})",
            fontsize=10,
            color="#15803d" if said == right else "#b91c1c",
        )
        axes.set_axis_off()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
    return path


def save_curves(rows: list[dict], path: Path, title: str = "") -> Path:
    """Every number a training told, over its steps: the losses in one panel, each other in its own."""
    from matplotlib.figure import Figure

    names = [n for n in dict.fromkeys(key for row in rows for key in row) if n != "step"]
    losses = [n for n in names if n.endswith("loss")]
    panels = ([losses] if losses else []) + [[n] for n in names if n not in losses]
    figure = Figure(figsize=(5 * max(len(panels), 1), 3.4), layout="constrained")
    figure.suptitle(title, fontsize=11)
    for place, panel in enumerate(panels):
        axes = figure.add_subplot(1, len(panels), place + 1)
        for name in panel:
            points = [(row["step"], row[name]) for row in rows if name in row]
            few = len(points) < 40
            (line,) = axes.plot(
                *zip(*points),
                linewidth=1.6 if few else 0.6,
                alpha=1 if few else 0.35,
                marker="o" if few else None,
                markersize=3,
            )
            if not few:
                axes.plot(*zip(*smoothed(points)), color=line.get_color(), linewidth=1.6)
            line.set_label(name)
        axes.set_xlabel("step")
        axes.grid(alpha=0.25)
        axes.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    return path


def smoothed(points: list[tuple[float, float]], share: float = 0.04) -> list[tuple[float, float]]:
    """A running mean, as wide as a share of the whole, each value at the middle of what it is the mean of."""
    import numpy as np

    width = max(2, int(len(points) * share))
    steps, values = np.array(points, float).T
    sums = np.cumsum(np.insert(values, 0, 0.0))
    middle = steps[width // 2 : width // 2 + len(steps) - width + 1]
    return list(zip(middle, (sums[width:] - sums[:-width]) / width))
