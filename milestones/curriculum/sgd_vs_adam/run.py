"""SGD against Adam: the same network from the same start, two ways down, and a picture of the ground between them.

Both train on the same batches. The plane of the picture goes through the common start and the two ends; the loss is measured on
a grid in it, and each path is drawn where it runs.

    tito milestones run sgd_vs_adam
"""

from dataclasses import dataclass

import numpy as np

import tinytorch as torch
from tinytorch import nn, optim


@dataclass
class Knobs:
    hidden: int = 32
    steps: int = 300
    batch_size: int = 64
    sgd_lr: float = 0.05
    adam_lr: float = 0.003
    grid: int = 21
    watched: int = 1000  # pictures the loss of the ground is measured on


def build(knobs: Knobs):
    return nn.Sequential(nn.Linear(784, knobs.hidden), nn.ReLU(), nn.Linear(knobs.hidden, 10))


def inputs_of(images):
    return torch.tensor(np.array(images).reshape(len(images), -1).astype(np.float32) / 128 - 0.25)


def loss(model, images, labels):
    return nn.functional.cross_entropy(model(inputs_of(images)), torch.tensor(np.array(labels)))


def flat(model):
    """All weights as one vector."""
    return np.concatenate([p.detach().numpy().ravel() for p in model.parameters()])


def put(model, vector) -> None:
    with torch.no_grad():
        for p in model.parameters():
            size = p.numel()
            p[...] = torch.tensor(vector[:size].reshape(p.shape).astype(np.float32))
            vector = vector[size:]


def descend(work, start, optimizer_of, tell: str):
    """Train from the start; the losses, and the weights along the way."""
    knobs, images, labels = work.knobs, work.data["images"], work.data["labels"]
    model = build(knobs)
    put(model, start)
    optimizer = optimizer_of(model.parameters())
    rng = np.random.default_rng(work.seed)
    losses, path = [], [flat(model)]
    for step in range(1, knobs.steps + 1):
        rows = rng.integers(0, len(images), knobs.batch_size)
        now = loss(model, images[rows], labels[rows])
        optimizer.zero_grad()
        now.backward()
        optimizer.step()
        losses.append(now.item())
        work.log(step, knobs.steps, **{f"{tell}_loss": losses[-1]})
        if step % (knobs.steps // 30) == 0:
            path.append(flat(model))
    return model, losses, np.array(path)


def train(work):
    """Both ways down; what came of it is kept for the judge's questions."""
    knobs = work.knobs
    start = flat(build(knobs))
    work.sgd = descend(work, start, lambda p: optim.SGD(p, lr=knobs.sgd_lr), "sgd")
    work.adam = descend(work, start, lambda p: optim.Adam(p, lr=knobs.adam_lr), "adam")
    return work.adam[0]


def ground(work):
    """The loss on a grid in the plane of start and ends, and both paths in its coordinates."""
    knobs, (images, labels) = work.knobs, (work.data["images"][:1000], work.data["labels"][:1000])
    (_, sgd_losses, sgd), (_, adam_losses, adam) = work.sgd, work.adam
    start = sgd[0]
    first = (sgd[-1] - start) / np.linalg.norm(sgd[-1] - start)
    second = adam[-1] - start
    second = second - (second @ first) * first
    second = second / np.linalg.norm(second)
    places = lambda path: np.stack([(path - start) @ first, (path - start) @ second], 1)
    sgd_path, adam_path = places(sgd), places(adam)
    both = np.concatenate([sgd_path, adam_path])
    low, high = both.min(0), both.max(0)
    margin = 0.3 * (high - low) + 1e-3
    xs, ys = (np.linspace(low[i] - margin[i], high[i] + margin[i], knobs.grid) for i in range(2))
    model = build(knobs)

    def height(x: float, y: float) -> float:
        put(model, start + x * first + y * second)
        with torch.no_grad():
            return loss(model, images, labels).item()

    heights = np.array([[height(x, y) for x in xs] for y in ys])
    ends = np.array([height(*sgd_path[0]), height(*sgd_path[-1]), height(*adam_path[-1])])
    return {
        "sgd_losses": np.array(sgd_losses), "adam_losses": np.array(adam_losses), "sgd_path": sgd_path, "adam_path": adam_path,
        "xs": xs, "ys": ys, "heights": heights, "ends": ends,
    }  # fmt: skip


def predict(model, images):
    with torch.no_grad():
        return model(inputs_of(images)).numpy().argmax(1)
