"""The checkpoint of 11_training: can I train a network from start to finish, and trust the run?"""

import tempfile
from pathlib import Path

import matplotlib.figure  # noqa: F401 (fit draws curves: read it before the clock starts)
import numpy as np

import tinytorch as tt
from tinytorch import nn, optim
from tinytorch.data import Compose, DataLoader, Normalize, RandomCrop, TensorDataset
from tinytorch.nn import functional as F
from tinytorch.train import EarlyStop, Trainer
from tinytorch.utils.metrics import accuracy
from tito.checking import array_of, check, expect, expect_close, expect_equal, tensor
from tito.material import digits, expect_sound_gradients

EPOCHS = 8


def loaders():
    """600 digits, shifted by chance, to train on; 300 others as they are."""
    tt.manual_seed(1)
    (x, t), (unseen, answers) = (map(tensor, digits(n, seed)) for n, seed in ((600, 0), (300, 1)))
    settle = Normalize([0.2], [0.4])
    train = TensorDataset(Compose([RandomCrop(13, padding=1), settle])(x), t)
    val = TensorDataset(settle(unseen), answers)
    return DataLoader(train, batch_size=40, shuffle=True), DataLoader(val, batch_size=64)


def trainer(folder, callbacks=()):
    tt.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.1),
        nn.Linear(200, 10),
    )  # fmt: skip
    optimizer = optim.AdamW(model.parameters(), lr=3e-3)
    return Trainer(
        model, optimizer, F.cross_entropy, scheduler=optim.lr_scheduler.WarmupCosineLR(optimizer, 5, EPOCHS * 15),
        metrics={"accuracy": lambda out, t: (out.argmax(1) == t).float().mean()}, clip_norm=1.0, folder=folder,
        checkpoint_every=15, keep=1, progress=False, callbacks=callbacks,
    )  # fmt: skip


@check(
    of=["Trainer._step", "Trainer.evaluate", "Trainer._epoch", "Trainer._end_epoch", "EarlyStop.on_epoch"],
    seconds=240,
)
def test_one_call_of_fit():
    """fit trains on shifted digits until 8 of 10 new ones are named; what it reports is what a count by hand gives; a stopped fit goes on the same."""
    expect_sound_gradients()
    train, val = loaders()
    with tempfile.TemporaryDirectory() as straight, tempfile.TemporaryDirectory() as stopped:
        run = trainer(straight, [EarlyStop(patience=EPOCHS)])
        history = run.fit(train, EPOCHS, val)
        expect((Path(straight) / "curves.png").stat().st_size > 1000, "there is no picture of the curves")
        trainer(stopped).fit(train, 3, val)
        again = trainer(stopped)
        rest = again.fit(train, EPOCHS, val)
    expect(history[-1]["loss"] < 0.5 * history[0]["loss"], "the loss does not halve", got=history[-1])
    right = history[-1]["val_accuracy"]
    expect(right > 0.8, "too few new digits are named rightly", expected="over 80%", got=f"{right:.1%}")
    run.model.eval()
    with tt.no_grad():
        scores, labels = zip(*[(array_of(run.model(x)), array_of(t)) for x, t in val])
    expect_close(
        right, accuracy(np.concatenate(scores), np.concatenate(labels)), "the reported share", rtol=1e-6
    )
    expect_equal(
        rest[-1]["loss"], history[-1]["loss"], "the last loss of the fit that was stopped after 3 epochs"
    )
    for (name, a), (_, b) in zip(run.model.state_dict().items(), again.model.state_dict().items()):
        expect_close(b, array_of(a), f"{name} of the fit that was stopped", rtol=0, atol=0)
    print(f"{right:.1%} of 300 new digits are named rightly, and a stopped run ends the same.")
