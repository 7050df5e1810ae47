"""The Trainer learns, measures, stops, saves, and a resumed run is the run that was never stopped."""

from __future__ import annotations

import json

import numpy as np
import pytest

import tinytorch as tt
from tinytorch import nn, optim
from tinytorch.data import DataLoader, TensorDataset
from tinytorch.train import Callback, EarlyStop, Trainer


def spirals(n: int = 120):
    rng = np.random.default_rng(0)
    t = np.tile(np.linspace(0.3, 3, n // 2), 2)
    side = np.repeat([0, 1], n // 2)
    points = np.stack([t * np.cos(2 * t + np.pi * side), t * np.sin(2 * t + np.pi * side)], 1) + rng.normal(
        0, 0.02, (n, 2)
    )
    return TensorDataset(tt.tensor(points.astype(np.float32)), tt.tensor(side))


def accuracy(outputs, targets) -> float:
    return (outputs.argmax(1) == targets).float().mean().item()


def trainer(folder=None, **options) -> Trainer:
    tt.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Dropout(0.1), nn.Linear(32, 2))
    optimizer = optim.Adam(model.parameters(), lr=0.02)
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, 200)
    return Trainer(
        model,
        optimizer,
        nn.CrossEntropyLoss(),
        scheduler=scheduler,
        metrics={"accuracy": accuracy},
        folder=folder,
        progress=False,
        **options,
    )


def loader(batch_size: int = 20, own: bool = False) -> DataLoader:
    """Shuffled by everybody's random numbers, or by the loader's own."""
    generator = tt.Generator().manual_seed(5) if own else None
    return DataLoader(spirals(), batch_size=batch_size, shuffle=True, generator=generator)


def test_it_learns_what_a_line_cannot_and_reports_it(tmp_path):
    run = trainer(tmp_path, clip_norm=1.0)
    history = run.fit(loader(), epochs=60, val_loader=loader())
    assert history[-1]["val_accuracy"] > 0.95 > 0.8 > history[0]["val_accuracy"]
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert {"step", "loss", "lr", "accuracy", "grad_norm"} <= rows[0].keys()
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


class StopAt(Callback):
    def __init__(self, step: int):
        self.step = step

    def on_step(self, trainer, logs) -> None:
        if trainer.step == self.step:
            trainer.stop("the test says so")


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("stop_at", [6, 8, 13])  # after an epoch's last step, and in the middle of one
def test_a_resumed_run_is_bit_for_bit_the_run_that_was_never_stopped(tmp_path, stop_at, own):
    whole = trainer(tmp_path / "whole", checkpoint_every=1)
    whole.fit(loader(own=own), epochs=4)
    trainer(tmp_path / "parts", checkpoint_every=1, callbacks=[StopAt(stop_at)]).fit(
        loader(own=own), epochs=4
    )
    tt.manual_seed(999)  # a fresh process has another random state
    resumed = trainer(tmp_path / "parts", checkpoint_every=1)
    tt.rand(5)
    resumed.fit(loader(own=own), epochs=4)
    assert resumed.step == whole.step == 24
    for name, value in whole.model.state_dict().items():
        assert np.array_equal(value.numpy(), resumed.model.state_dict()[name].numpy()), name
    losses = [
        [json.loads(line)["loss"] for line in (tmp_path / run / "metrics.jsonl").read_text().splitlines()]
        for run in ("whole", "parts")
    ]
    assert losses[0] == losses[1]


def test_accumulated_small_batches_are_one_large_batch():
    data = spirals()
    results = []
    for batch_size, accumulate in ((120, 1), (30, 4)):
        tt.manual_seed(0)
        model = nn.Linear(2, 2)
        run = Trainer(
            model,
            optim.SGD(model.parameters(), lr=0.5),
            nn.CrossEntropyLoss(),
            accumulate=accumulate,
            progress=False,
        )
        run.fit(DataLoader(data, batch_size=batch_size), epochs=3)
        results.append((run.step, model.weight.detach().numpy()))
    assert results[0][0] == results[1][0] == 3
    assert np.allclose(results[0][1], results[1][1], atol=1e-6)


def test_overfitting_one_batch_learns_it_by_heart():
    run = trainer(overfit_one_batch=True)
    run.model[2].p = 0.0
    history = run.fit(loader(batch_size=8), epochs=20)
    assert history[-1]["accuracy"] == 1.0


def test_early_stop_waits_for_its_patience():
    run = trainer(callbacks=[EarlyStop("loss", patience=2, min_delta=100.0)])
    history = run.fit(loader(), epochs=50)
    assert len(history) == 3 and "has not improved" in run.stopped
    with pytest.raises(KeyError, match="no 'val_loss' among"):
        trainer(callbacks=[EarlyStop()]).fit(loader(), epochs=1)


def test_clipping_bounds_the_step():
    run = trainer(clip_norm=1e-9)
    run.optimizer = optim.SGD(run.model.parameters(), lr=1.0)
    run.scheduler = None
    before = run.model[0].weight.detach().clone()
    run.fit(loader(), epochs=1)
    assert (run.model[0].weight.detach() - before).abs().max().item() < 1e-6


def test_wrong_arguments_name_themselves():
    with pytest.raises(ValueError, match="accumulate must be at least 1, got 0"):
        trainer(accumulate=0)
    with pytest.raises(ValueError, match="step_scheduler must be 'step' or 'epoch'"):
        trainer(step_scheduler="sometimes")


def test_a_plateau_is_measured_by_the_validation_loss():
    model = nn.Linear(2, 2)
    optimizer = optim.SGD(model.parameters(), lr=0.0)
    plateau = optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, threshold=0.5)
    settings = {"scheduler": plateau, "progress": False}
    with pytest.raises(ValueError, match="give step_scheduler='epoch'"):
        Trainer(model, optimizer, nn.CrossEntropyLoss(), **settings)
    run = Trainer(model, optimizer, nn.CrossEntropyLoss(), step_scheduler="epoch", **settings)
    with pytest.raises(ValueError, match="give a val_loader"):
        run.fit(loader(), epochs=1)
    run.fit(loader(), epochs=3, val_loader=loader())
    assert plateau.num_bad_epochs == 0
    assert plateau.best == pytest.approx(run.history[0]["val_loss"])


def test_an_epoch_that_was_resumed_has_its_whole_mean(tmp_path):
    straight = trainer().fit(loader(), epochs=2)
    trainer(tmp_path, checkpoint_every=1, callbacks=[StopAt(8)]).fit(loader(), epochs=2)
    resumed = trainer(tmp_path, checkpoint_every=1, callbacks=[StopAt(99)]).fit(loader(), epochs=2)
    assert resumed == straight
