"""Judges of the curriculum's milestones: gradients beside differences taken here, two optimizers on one ground."""

from __future__ import annotations

from .judging import Finding, judge, judge_fresh


def functions():
    """The functions of gradient_checking/run.py, in plain NumPy."""
    import numpy as np

    def softmax(x):
        e = np.exp(x - x.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)

    return {
        "add": lambda x, y: x + y,
        "mul": lambda x, y: x * y,
        "div": lambda x, y: x / (y * y + 1),
        "matmul": lambda x, y: x @ y.T,
        "exp": lambda x, y: np.exp(x),
        "log": lambda x, y: np.log(x * x + 1),
        "power": lambda x, y: (x * x + 1) ** 1.5,
        "sum": lambda x, y: x.sum(0) * y,
        "mean": lambda x, y: x.mean(1, keepdims=True) * y,
        "max": lambda x, y: x.max(1),
        "tanh": lambda x, y: np.tanh(x),
        "sigmoid": lambda x, y: 1 / (1 + np.exp(-x * y)),
        "relu": lambda x, y: np.maximum(x, 0) * y,
        "softmax": lambda x, y: softmax(x),
        "log_softmax": lambda x, y: np.log(softmax(x)),
        "broadcast": lambda x, y: x * y[0] + y[:, :1],
        "index": lambda x, y: x[1:, ::2] * 2,
        "network": lambda x, y: np.tanh(x @ np.maximum(y.T @ x, 0)) @ y.T,
    }


def differences(f, x, y, weights, h: float = 1e-6):
    """The gradient of the weighted sum of f(x, y), entry by entry."""
    import numpy as np

    gradients = []
    for which in range(2):
        g = np.zeros_like((x, y)[which])
        for place in np.ndindex(g.shape):
            values = []
            for sign in (1, -1):
                arguments = [x.copy(), y.copy()]
                arguments[which][place] += sign * h
                out = f(*arguments)
                values.append(float((out.ravel() * weights[: out.size]).sum()))
            g[place] = (values[0] - values[1]) / (2 * h)
        gradients.append(g)
    return gradients


@judge_fresh
def against_differences(exam) -> Finding:
    """Each function on arrays drawn now, in float64: its value, and both gradients."""
    import numpy as np

    table = functions()
    for name, f in table.items():
        x, y = exam.rng.standard_normal((2, 4, 4))
        weights = exam.rng.standard_normal(16)
        answer = exam.session.ask(
            "gradients_of", {"x": x, "y": y, "weights": weights}, seconds=exam.patience, name=name
        )
        out = f(x, y)
        value = answer.array("value", out.shape, "f")
        if not np.allclose(value, out, rtol=1e-6, atol=1e-8):
            return Finding("functions", False, f"{name}: its value is off by {np.abs(value - out).max():.3g}")
        for argument, wanted in zip(("x", "y"), differences(f, x, y, weights)):
            given = answer.array(f"g{argument}", wanted.shape, "f")
            off = float(np.abs(given - wanted).max())
            if off > 1e-5 * max(1.0, float(np.abs(wanted).max())):
                return Finding(
                    "functions",
                    False,
                    f"{name}: its gradient for {argument} is off by {off:.3g} from the differences of its values",
                )
    exam.figures["functions"] = f"{len(table)} of {len(table)}"
    return Finding("functions", True, f"the gradients of {len(table)} functions agree with differences")


@judge
def two_ways_down(exam) -> Finding:
    """Both optimizers go down from one start, Adam further in the same number of steps; the picture of it is drawn here."""
    import numpy as np

    answer = exam.session.ask("ground", seconds=exam.patience)
    sgd, adam = answer.array("sgd_losses", (None,), "f"), answer.array("adam_losses", (None,), "f")
    ends, heights = answer.array("ends", (3,), "f"), answer.array("heights", None, "f")
    if not (len(sgd) and len(adam) and heights.size):
        return Finding("two ways", False, "no losses came back")
    n = max(len(sgd) // 10, 1)
    begin, sgd_end, adam_end = float(sgd[:n].mean()), float(sgd[-n:].mean()), float(adam[-n:].mean())
    exam.ground = {
        name: answer.array(name, None, "f") for name in ("xs", "ys", "heights", "sgd_path", "adam_path")
    }
    exam.figures |= {"SGD": f"loss {sgd_end:.3f}", "Adam": f"loss {adam_end:.3f}"}
    told = f"from {begin:.2f} SGD comes down to {sgd_end:.3f} and Adam to {adam_end:.3f}"
    if min(begin - sgd_end, begin - adam_end) < 0.5:
        return Finding("two ways", False, f"{told}: both should have learned")
    if adam_end > sgd_end:
        return Finding("two ways", False, f"{told}: on these batches Adam's steps should lead further")
    if abs(ends[0] - sgd[0]) > 0.5 or np.ptp(heights) < 0.5 or ends[2] > ends[0] or ends[1] > ends[0]:
        return Finding(
            "two ways",
            False,
            f"the ground does not fit the paths: {ends[0]:.2f} at the start, {ends[1]:.2f} and {ends[2]:.2f} at the ends",
        )
    return Finding("two ways", True, told)


def save_ground(ground: dict, path):
    """The loss as heights in the plane of start and ends, with both paths."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.2, 5), layout="constrained")
    axes = figure.add_subplot()
    lines = axes.contourf(ground["xs"], ground["ys"], ground["heights"], levels=24, cmap="viridis")
    figure.colorbar(lines, label="loss")
    for name, colour in (("sgd", "#f97316"), ("adam", "#f8fafc")):
        axes.plot(
            *ground[f"{name}_path"].T,
            marker="o",
            markersize=3,
            color=colour,
            label=name.upper() if name == "sgd" else "Adam",
        )
    axes.plot(0, 0, marker="*", markersize=14, color="#facc15")
    axes.set_title("Two ways down from one start")
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
    return path
