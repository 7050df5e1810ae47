"""Milestone 4: three of four photographs right, in minutes, with kernels of your own.

What makes it quick to learn: the first layer is not learned but computed, as the filters that make neighbouring pixels independent
(whitening); the network is narrow and has short cuts; the rate rises and falls in one cycle; labels are a little soft; and
a picture is judged together with its mirror image. The airbench records use the same means (arXiv:2404.00498).

    tito milestone train 4
    tito milestone test 4
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import tinytorch as torch
from tinytorch import nn, optim
from tinytorch.checkpoint import load_checkpoint
from tinytorch.data import DataLoader, ImageDataset
from tinytorch.data.transforms import Compose, Normalize, RandomCrop, RandomHorizontalFlip, ToFloat
from tinytorch.train import Callback, Trainer


@dataclass
class Knobs:
    epochs: int = 3
    batch_size: int = 128
    lr: float = 0.02  # the peak of the one-cycle schedule
    weight_decay: float = 0.02
    label_smoothing: float = 0.1
    filters: int = 24  # whitening filters; each is used with both signs
    width: int = 48
    held_out: int = 2000  # training pictures kept back to watch the run by


MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)  # of CIFAR-10's training images, per channel
POINTS, LAST = 6, 4  # points of the run that are stored, and one more so many steps before the end


# ---------------------------------------------------------------- the network


class Residual(nn.Module):
    """x + f(x)."""

    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.layers(x)


def conv(n: int, m: int, pool: bool = False):
    layers = [
        nn.Conv2d(n, m, 3, padding=1, bias=False),
        *[nn.MaxPool2d(2)] * pool,
        nn.BatchNorm2d(m),
        nn.ReLU(),
    ]
    return nn.Sequential(*layers)


def build(knobs: Knobs):
    """(B, 3, 32, 32) -> (B, 10)"""
    s, w = 2 * knobs.filters, knobs.width
    stem = nn.Conv2d(3, s, 4, stride=2, padding=1, bias=False)  # -> (B, s, 16, 16)
    stem.weight.requires_grad_(False)
    return nn.Sequential(
        stem,
        nn.BatchNorm2d(s),
        nn.ReLU(),
        conv(s, w, pool=True),  # -> (B, w, 8, 8)
        Residual(conv(w, w)),
        conv(w, 2 * w, pool=True),  # -> (B, 2w, 4, 4)
        Residual(conv(2 * w, 2 * w)),
        nn.AdaptiveMaxPool2d(1),
        nn.Flatten(),
        nn.Linear(2 * w, 10),
    )


def whitening(images, count: int):
    """The filters (2 count, 3, 4, 4) that turn patches into independent numbers of equal size: the strongest, with both signs."""
    x = normalised(images[:2000])
    patches = np.lib.stride_tricks.sliding_window_view(x, (4, 4), axis=(2, 3))[
        :, :, ::4, ::4
    ]  # (N, 3, h, w, 4, 4)
    rows = patches.transpose(0, 2, 3, 1, 4, 5).reshape(-1, 48).astype(np.float64)
    rows -= rows.mean(0)
    sizes, directions = np.linalg.eigh(rows.T @ rows / len(rows))
    filters = (directions / np.sqrt(sizes + 1e-2)).T[::-1][:count].reshape(count, 3, 4, 4)
    return np.concatenate([filters, -filters]).astype(np.float32)


def normalised(images):
    return Compose([ToFloat(), Normalize(MEAN, STD)])(np.array(images))


# ---------------------------------------------------------------- the pipeline


def pictures(images, labels, train: bool) -> ImageDataset:
    steps = [ToFloat(), Normalize(MEAN, STD)]
    if train:
        steps = [RandomCrop(32, padding=2), RandomHorizontalFlip(), *steps]
    return ImageDataset(np.asarray(images), np.asarray(labels), Compose(steps))


def accuracy(outputs, labels) -> float:
    return (outputs.argmax(1) == labels).float().mean().item()


class Watch(Callback):
    """Tells how the run goes, and stores points of it."""

    def __init__(self, work, total: int):
        self.work, self.total = work, total
        self.points = {total * (i + 1) // (POINTS + 1) for i in range(POINTS)} | {total - LAST}

    def on_step(self, trainer, logs) -> None:
        self.work.log(trainer.step, self.total, loss=logs["loss"], lr=logs["lr"])
        if trainer.step in self.points:
            trainer.save()

    def on_epoch(self, trainer, logs) -> None:
        self.work.log(trainer.step, self.total, held_out_accuracy=logs["val_accuracy"])


def pipeline(work, folder, callback) -> tuple[Trainer, DataLoader, DataLoader]:
    """Model, optimizer, schedule and loaders, the same for a run, for the rest of a stopped one and for a replay."""
    knobs, images, labels = work.knobs, work.data["images"], work.data["labels"]
    cut = len(images) - knobs.held_out
    loader = DataLoader(
        pictures(images[:cut], labels[:cut], True), knobs.batch_size, shuffle=True, drop_last=True
    )
    held_out = DataLoader(pictures(images[cut:], labels[cut:], False), batch_size=500)
    model = build(knobs)
    with torch.no_grad():
        model[0].weight[...] = torch.tensor(whitening(images, knobs.filters))
    learned = [p for p in model.parameters() if p.requires_grad]
    optimizer = optim.AdamW(learned, lr=knobs.lr, weight_decay=knobs.weight_decay)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, knobs.lr, total_steps=knobs.epochs * len(loader))
    trainer = Trainer(
        model, optimizer, nn.CrossEntropyLoss(label_smoothing=knobs.label_smoothing), scheduler=schedule, metrics={"accuracy": accuracy},
        folder=folder, keep=POINTS + 2, callbacks=[callback(knobs.epochs * len(loader))], progress=False,
    )  # fmt: skip
    return trainer, loader, held_out


def train(work):
    """Train to the end, from the start or from where a stopped run was saved last."""
    trainer, loader, held_out = pipeline(work, work.folder, lambda total: Watch(work, total))
    trainer.fit(loader, work.knobs.epochs, held_out)
    if work.folder:
        trainer.save()
    return trainer.model


# ---------------------------------------------------------------- what the judge asks for


def restore(work, checkpoint: Path):
    """The model of a stored point."""
    model = build(work.knobs)
    load_checkpoint(checkpoint, model=model, rng=False)
    return model


class Stretch(Callback):
    """Collects the losses of so many steps, then stops the run."""

    def __init__(self, steps: int):
        self.steps, self.losses = steps, []

    def on_step(self, trainer, logs) -> None:
        self.losses.append(logs["loss"])
        if len(self.losses) == self.steps:
            trainer.stop("the stretch is done")


def replay(work, checkpoint: Path, steps: int):
    """Go on from a stored point for some steps: their losses, and the model after them."""
    stretch = Stretch(steps)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "checkpoints").mkdir()
        shutil.copy(checkpoint, Path(folder) / "checkpoints")
        trainer, loader, _ = pipeline(work, folder, lambda total: stretch)
        trainer.fit(loader, work.knobs.epochs)
    return stretch.losses, trainer.model


def inputs_of(images):
    return torch.tensor(normalised(images))


def loss(model, images, labels):
    return nn.functional.cross_entropy(model(inputs_of(images)), torch.tensor(np.asarray(labels)))


def learner(model, knobs: Knobs, steps: int):
    """A function that takes one step on one batch and returns the loss before it."""
    optimizer = optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=knobs.lr / 4)

    def learn(images, labels) -> float:
        model.train()
        now = loss(model, images, labels)
        optimizer.zero_grad()
        now.backward()
        optimizer.step()
        return now.item()

    return learn


def predict(model, images):
    """The class of each picture, from the picture and its mirror image together."""
    model.eval()
    parts = []
    with torch.no_grad():
        for i in range(0, len(images), 500):
            x = inputs_of(images[i : i + 500])
            parts.append((model(x) + model(x.flip(3))).numpy().argmax(1))
    return np.concatenate(parts)
