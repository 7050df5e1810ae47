"""ResNet-18 on CIFAR-10, the network and the data that everyone compares with: 85% and more.

Two settings: `cpu` takes hours, `gpu` minutes. The run is stored at points and goes on from the last one if it was stopped.

    tito milestone train resnet18_cifar --setting gpu
    tito milestone test resnet18_cifar --setting gpu
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
from tinytorch.models import resnet18
from tinytorch.train import Callback, Trainer


@dataclass
class Knobs:
    epochs: int = 8
    batch_size: int = 128
    lr: float = 0.01  # the peak of the one-cycle schedule
    weight_decay: float = 0.02
    label_smoothing: float = 0.1
    device: str = "cpu"
    held_out: int = 2000  # training pictures kept back to watch the run by


MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)  # of CIFAR-10's training images, per channel
POINTS, LAST = 6, 4  # points of the run that are stored, and one more so many steps before the end


# ---------------------------------------------------------------- the network


def build(knobs: Knobs):
    """(B, 3, 32, 32) -> (B, 10)"""
    return resnet18(num_classes=10, stem="cifar").to(knobs.device)


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
    optimizer = optim.AdamW(model.parameters(), lr=knobs.lr, weight_decay=knobs.weight_decay)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, knobs.lr, total_steps=knobs.epochs * len(loader))
    trainer = Trainer(
        model, optimizer, nn.CrossEntropyLoss(label_smoothing=knobs.label_smoothing), scheduler=schedule, metrics={"accuracy": accuracy},
        device=knobs.device, folder=folder, keep=POINTS + 2, callbacks=[callback(knobs.epochs * len(loader))], progress=False,
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


def inputs_of(model, images):
    x = torch.tensor(Compose([ToFloat(), Normalize(MEAN, STD)])(np.array(images)))
    return x.to(model.fc.weight.device)


def loss(model, images, labels):
    return nn.functional.cross_entropy(
        model(inputs_of(model, images)), torch.tensor(np.asarray(labels)).to(model.fc.weight.device)
    )


def learner(model, knobs: Knobs, steps: int):
    """A function that takes one step on one batch and returns the loss before it."""
    optimizer = optim.AdamW(model.parameters(), lr=knobs.lr / 4)

    def learn(images, labels) -> float:
        model.train()
        now = loss(model, images, labels)
        optimizer.zero_grad()
        now.backward()
        optimizer.step()
        return now.item()

    return learn


def predict(model, images):
    """The class of each picture, says the model."""
    model.eval()
    with torch.no_grad():
        parts = [
            model(inputs_of(model, images[i : i + 500])).cpu().numpy().argmax(1)
            for i in range(0, len(images), 500)
        ]
    return np.concatenate(parts)
