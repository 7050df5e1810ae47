"""The checkpoint of 10_experiments: can I stop a run at any moment and go on as if nothing had happened?"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import tinytorch as tt
from tinytorch import nn, optim
from tinytorch.checkpoint import checkpoint_path, latest, load_checkpoint, save_checkpoint
from tinytorch.config import load_config
from tinytorch.data import Compose, DataLoader, Normalize, RandomCrop, TensorDataset
from tinytorch.logging import MetricsWriter, read_metrics
from tinytorch.nn import functional as F
from tito.checking import array_of, check, expect, expect_close, expect_equal, tensor
from tito.material import digits, expect_sound_gradients


@dataclass
class Settings:
    lr: float = 0.1
    epochs: int = 1
    width: int = 4


def run(folder, stop=None):
    """A training with everything random in it: order, shifts, dropout. It saves after each epoch, and goes on where it finds a save."""
    settings = load_config(Settings, overrides=["lr=5e-3", "epochs=6", "width=6"])
    images, labels = digits(600, 0)
    loader = DataLoader(TensorDataset(tensor(images), tensor(labels)), batch_size=50, shuffle=True)
    vary = Compose([RandomCrop(13, padding=1), Normalize([0.2], [0.4])])
    tt.manual_seed(2)
    model = nn.Sequential(
        nn.Conv2d(1, settings.width, 3), nn.BatchNorm2d(settings.width), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Dropout(0.2), nn.Linear(25 * settings.width, 10),
    )  # fmt: skip
    optimizer = optim.AdamW(model.parameters(), lr=settings.lr)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, settings.epochs)
    begun = 0
    if found := latest(folder):
        begun = load_checkpoint(found, model=model, optimizer=optimizer, scheduler=schedule).step
    with MetricsWriter(folder / "metrics.jsonl", resume_step=begun) as writer:
        for epoch in range(begun + 1, settings.epochs + 1):
            for x, t in loader:
                loss = F.cross_entropy(model(vary(x)), t)
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
            schedule.step()
            writer.write(step=epoch, loss=loss)
            parts = dict(model=model, optimizer=optimizer, scheduler=schedule)
            save_checkpoint(checkpoint_path(folder, epoch), step=epoch, **parts)
            if epoch == stop:
                break
    return model, [row["loss"] for row in read_metrics(folder / "metrics.jsonl")]


@check(
    of=["parse_override", "drop_after", "atomic_write", "rng_state", "set_rng_state", "load_checkpoint"],
    seconds=240,
)
def test_pulling_the_plug_twice():
    """A training on digits, stopped after epochs 2 and 3: losses, weights and answers are those of one that ran through, to the bit."""
    expect_sound_gradients()
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        straight, losses = run(Path(one))
        for stop in (2, 3, None):
            stopped, pieces = run(Path(other), stop)
    expect_equal(pieces, losses, "the losses of the run that was stopped")
    for (name, a), (_, b) in zip(straight.state_dict().items(), stopped.state_dict().items()):
        expect_close(b, array_of(a), f"{name} of the run that was stopped", rtol=0, atol=0)
    unseen, answers = digits(300, 1)
    with tt.no_grad():
        seen = Normalize([0.2], [0.4])(tensor(unseen))
        right = np.mean(array_of(stopped.eval()(seen)).argmax(1) == answers)
    expect(right > 0.75, "too few new digits are named rightly", expected="over 75%", got=f"{right:.1%}")
    print(f"Stopped twice and the same to the bit; {right:.1%} of 300 new digits are named rightly.")
