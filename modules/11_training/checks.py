"""The checks of 11_training. Each docstring is what the student reads; docs/lesson-format.md says how they are written."""

import tempfile
from pathlib import Path

import matplotlib.figure  # noqa: F401 (fit draws curves: read it once, not in each check's process)
import numpy as np

import tinytorch as tt
from tinytorch import nn, optim
from tinytorch.checkpoint import checkpoints
from tinytorch.config import load_config
from tinytorch.data import (
    Compose,
    DataLoader,
    DrawnDigits,
    Normalize,
    RandomCrop,
    TensorDataset,
    random_split,
)
from tinytorch.logging import read_metrics
from tinytorch.nn import functional as F
from tinytorch.train import Callback, EarlyStop, Trainer
from tinytorch.train.trainer import Means, one_batch
from tito.checking import (
    array_of,
    check,
    expect,
    expect_close,
    expect_equal,
    expect_raises,
    rng,
    tensor,
)

MEAN, STEP, EXAM, HEART = "A mean over samples", "One step", "An exam", "One batch by heart"
EPOCH, STOP = "An epoch", "When to stop"


def times(w: float = 2.0):
    """The model y = w x."""
    model = nn.Linear(1, 1, bias=False)
    model.weight.data[:] = w
    return model


def trainer(model=None, lr: float = 0.1, **options) -> Trainer:
    model = model or times()
    return Trainer(model, optim.SGD(model.parameters(), lr=lr), F.mse_loss, progress=False, **options)


def batch(*values: float):
    """Inputs with the truth 0."""
    x = np.array(values, np.float32)[:, None]
    return tensor(x), tensor(np.zeros_like(x))


def weight(run: Trainer) -> float:
    return run.model.weight.item()


# ---------------------------------------------------------------- means


@check(of="Means", section=MEAN)
def test_means():
    """64 samples with the loss 1 and 36 with 2 have the mean loss 1.36."""
    sums = Means()
    expect_equal(sums.means(), {}, "the means of nothing")
    sums.add(64, loss=1.0, accuracy=0.5)
    expect_equal(sums.means(), {"loss": 1.0, "accuracy": 0.5}, "the means after the first batch")
    sums.add(36, loss=2.0, accuracy=1.0)
    expect_close(sums.means()["loss"], 1.36, "the mean loss")
    expect_close(sums.means()["accuracy"], 0.68, "the mean accuracy")
    expect_equal(sums.count, 100, "the number of samples")
    expect_equal(Means().means(), {}, "the means of another Means")
    none = Means()
    none.add(0, loss=1.0)
    expect_equal(none.means(), {}, "the means over a batch without samples")


# ---------------------------------------------------------------- one step


@check(of="Trainer._step", needs="means", section=STEP)
def test_a_step_by_hand():
    """For w = 2, x = 1 and the truth 0: loss 4, gradient 4, and with lr 0.1 w becomes 1.6."""
    run = trainer()
    run.model.weight.grad = tt.tensor([[1000.0]])  # left over
    logs = run._step([batch(1.0)])
    expect_close(logs["loss"], 4.0, "the loss")
    expect_equal(sorted(logs), ["loss", "lr"], "the names in the logs")
    expect_close(logs["lr"], 0.1, "the learning rate in the logs")
    expect_close(weight(run), 1.6, "w after the step")
    expect_equal(run.step, 1, "the number of steps")
    run._step([batch(1.0)])
    expect_close(weight(run), 1.28, "w after a second step")
    expect_equal(run.step, 2, "the number of steps after the second")


@check(of="Trainer._step", needs="a_step_by_hand", section=STEP)
def test_accumulation():
    """x = 1 and x = 3 in two batches have the mean gradient 20, so w goes from 2 to 0; it equals one batch of both."""
    run = trainer()
    logs = run._step([batch(1.0), batch(3.0)])
    expect_close(logs["loss"], 20.0, "the loss, the mean of 4 and 36")
    expect_close(weight(run), 0.0, "w after the step", atol=1e-5)
    expect_equal(run.step, 1, "the number of steps")
    run = trainer()
    run._step([batch(1.0, 3.0)])
    expect_close(weight(run), 0.0, "w after a step with one batch of both", atol=1e-5)
    run = trainer(lr=0.01)
    logs = run._step([batch(1.0), batch(2.0, 2.0, 2.0)])
    expect_close(logs["loss"], (4 + 3 * 16) / 4, "the loss of 1 sample and 3 samples")
    expect_close(weight(run), 2 - 0.01 * (4 + 16) / 2, "w, each batch's gradient counting half")


@check(of="Trainer._step", needs="accumulation", section=STEP)
def test_clipping():
    """A gradient of 20 is shortened to clip_norm = 1 before the step: w becomes 1.9; one of 4 stays as it is below 5."""
    run = trainer(clip_norm=1.0)
    logs = run._step([batch(1.0), batch(3.0)])
    expect_close(logs["grad_norm"], 20.0, "the norm before clipping")
    expect_close(weight(run), 1.9, "w after the step", rtol=1e-4)
    expect(
        type(logs["grad_norm"]) is float,
        "the norm in the logs is a number",
        got=type(logs["grad_norm"]).__name__,
    )
    run = trainer(clip_norm=5.0)
    logs = run._step([batch(1.0)])
    expect_close((logs["grad_norm"], weight(run)), (4.0, 1.6), "the norm, and w, of a short gradient")


@check(of="Trainer._step", needs="a_step_by_hand", section=STEP)
def test_schedules_and_metrics_of_a_step():
    """The scheduler moves after the step, and only if it goes by steps; metrics are in the logs by sample."""
    for by, after in (("step", 0.05), ("epoch", 0.1)):
        model = times()
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        run = Trainer(
            model, optimizer, F.mse_loss, progress=False, step_scheduler=by,
            scheduler=optim.lr_scheduler.StepLR(optimizer, 1, 0.5), metrics={"size": lambda out, target: out.mean()},
        )  # fmt: skip
        logs = run._step([batch(1.0), batch(4.0, 4.0, 4.0)])
        expect_close(logs["lr"], 0.1, f"the rate in the logs, step_scheduler={by!r}")
        expect_close(optimizer.param_groups[0]["lr"], after, f"the rate afterwards, step_scheduler={by!r}")
        expect_close(logs["size"], (2 + 3 * 8) / 4, "the metric over 1 sample and 3 samples")
    other = optim.SGD(
        [{"params": times().parameters()}, {"params": times().parameters(), "lr": 0.5}], lr=0.25
    )
    logs = Trainer(times(), other, F.mse_loss, progress=False)._step([batch(1.0)])
    expect_close(
        logs["lr"], 0.25, "the rate in the logs where the first of two groups has 0.25, the second 0.5"
    )


# ---------------------------------------------------------------- the exam


@check(of="Trainer.evaluate", needs="means", section=EXAM)
def test_evaluation():
    """The mean over all samples, metrics too; nothing is learned."""
    run = trainer(metrics={"largest": lambda out, target: out.max()})
    out = run.evaluate([batch(1.0, 1.0, 1.0), batch(3.0)])
    expect_close(out["loss"], (3 * 4 + 36) / 4, "the mean loss over 3 samples and 1 sample")
    expect_close(out["largest"], (3 * 2 + 6) / 4, "the metric")
    expect_equal(sorted(out), ["largest", "loss"], "the names")
    expect_close(weight(run), 2.0, "w afterwards")
    expect(run.model.weight.grad is None, "evaluation left a gradient", got=str(run.model.weight.grad))
    expect_equal(run.evaluate([]), {}, "the means over no batches")


@check(of="Trainer.evaluate", needs="evaluation", section=EXAM)
def test_evaluation_mode():
    """Dropout is off and batch norm's running statistics stay, and afterwards the model is in the mode it was in."""
    modes = []

    class Watching(nn.Module):
        def __init__(self):
            super().__init__()
            self.drop = nn.Dropout(0.5)

        def forward(self, x):
            modes.append((self.training, tt.is_grad_enabled()))
            return self.drop(x)

    run = Trainer(Watching(), optim.SGD([tt.zeros(1, requires_grad=True)], lr=1), F.mse_loss, progress=False)
    for training in (True, False):
        run.model.train(training)
        out = run.evaluate([batch(*[1.0] * 50)])
        expect_close(out["loss"], 1.0, "the loss of ones through dropout, in evaluation")
        expect_equal(run.model.training, training, "the mode afterwards")
    expect_equal(modes, [(False, False)] * 2, "(training, gradients recorded) during the evaluations")


# ---------------------------------------------------------------- one batch


class Counting:
    """A loader that counts how often it is walked, with other batches each time."""

    def __init__(self, length):
        self.length, self.walks = length, 0

    def __len__(self):
        return self.length

    def __iter__(self):
        self.walks += 1
        return iter([batch(10.0 * self.walks + n) for n in range(self.length)])


@check(of="one_batch", section=HEART)
def test_one_batch():
    """The first batch again and again, as often as the loader has batches; the loader is walked once."""
    loader = Counting(3)
    out = one_batch(loader)
    expect_equal(len(out), 3, "how many batches")
    expect_equal([b[0].item() for b in out], [10.0, 10.0, 10.0], "the inputs of each")
    expect_equal(loader.walks, 1, "how often the loader was walked")


@check(of="one_batch", needs=["one_batch", "a_step_by_hand"], section=HEART)
def test_learning_a_batch_by_heart():
    """With overfit_one_batch a small network learns 16 random labels to a loss below 0.05."""
    tt.manual_seed(0)
    x, labels = rng(0).normal(size=(160, 8)).astype(np.float32), rng(1).integers(0, 4, 160)
    model = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 4))
    run = Trainer(
        model,
        optim.Adam(model.parameters(), lr=0.02),
        F.cross_entropy,
        progress=False,
        overfit_one_batch=True,
    )
    logs = run.fit(
        DataLoader(TensorDataset(tensor(x), tensor(labels)), batch_size=16, shuffle=True), epochs=8
    )
    expect(
        logs[-1]["loss"] < 0.05,
        "the batch is not learned by heart",
        expected="a loss below 0.05",
        got=logs[-1]["loss"],
    )


# ---------------------------------------------------------------- an epoch


class Diary(Callback):
    """Writes down what it is told."""

    def __init__(self, stop_at: int | None = None):
        self.lines, self.stop_at = [], stop_at

    def on_start(self, run):
        self.lines.append("start")

    def on_step(self, run, logs):
        self.lines.append((run.step, run.batches_done, round(logs["loss"], 4)))
        if run.step == self.stop_at:
            run.stop("enough")

    def on_epoch(self, run, logs):
        self.lines.append(("epoch", run.epoch, run.batches_done))

    def on_end(self, run):
        self.lines.append("end")


@check(of="Trainer._epoch", needs="accumulation", section=EPOCH)
def test_an_epoch():
    """5 batches in groups of 2 are three steps; the epoch's loss is the mean over its samples, and callbacks are told."""
    diary = Diary()
    run = trainer(lr=0.0, accumulate=2, callbacks=[diary], clip_norm=1.0)
    run.model.eval()
    batches = [batch(1.0), batch(1.0), batch(2.0, 2.0), batch(1.0), batch(3.0)]
    history = run.fit(batches, epochs=2)
    lines = [(1, 2, 4.0), (2, 4, 12.0), (3, 5, 36.0), ("epoch", 1, 0)]
    lines += [(4, 2, 4.0), (5, 4, 12.0), (6, 5, 36.0), ("epoch", 2, 0)]
    expect_equal(
        diary.lines, ["start", *lines, "end"], "what the callback was told: (step, batches done, loss)"
    )
    expect_close(history[0]["loss"], (4 + 4 + 16 + 16 + 4 + 36) / 6, "the epoch's loss")
    expect_equal(sorted(history[0]), ["epoch", "loss", "step"], "the names in the history")
    expect_equal(
        [(h["epoch"], h["step"]) for h in history], [(0, 3), (1, 6)], "epochs and steps in the history"
    )
    expect(run.model.training, "the model is not in training mode")
    expect_equal(run._epoch_rng, None, "the kept random state after a whole epoch")


@check(of="Trainer._epoch", needs="an_epoch", section=EPOCH)
def test_a_stop_in_the_middle():
    """After stop() the current step is the last; the epoch is not counted as done."""
    diary = Diary(stop_at=2)
    run = trainer(lr=0.0, callbacks=[diary])
    history = run.fit([batch(1.0)] * 4, epochs=3)
    expect_equal(diary.lines, ["start", (1, 1, 4.0), (2, 2, 4.0), "end"], "what the callback was told")
    expect_equal((run.epoch, run.batches_done, history), (0, 2, []), "epoch, batches done, history")
    expect_equal(run.stopped, "enough", "the reason")


@check(of="Trainer._epoch", needs="an_epoch", section=EPOCH)
def test_numbers_on_disk():
    """Every log_every-th step is written with its epoch, and every checkpoint_every-th is saved."""
    with tempfile.TemporaryDirectory() as folder:
        run = trainer(lr=0.0, folder=folder, log_every=2, checkpoint_every=3, keep=9)
        run.fit([batch(1.0)] * 4, epochs=2)
        rows = read_metrics(Path(folder) / "metrics.jsonl")
        expect_equal(
            [(r["step"], r["epoch"]) for r in rows], [(2, 0), (4, 0), (6, 1), (8, 1)], "steps and epochs"
        )
        expect_equal((rows[0]["loss"], rows[0]["lr"]), (4.0, 0.0), "loss and rate of the first row")
        names = [path.name for path in checkpoints(Path(folder) / "checkpoints")]
        expect_equal(names, ["step-00000003.pt", "step-00000006.pt"], "the checkpoints")
    with tempfile.TemporaryDirectory() as folder:
        trainer(lr=0.0, folder=folder).fit([batch(1.0)] * 2, epochs=1)
        expect_equal(
            checkpoints(Path(folder) / "checkpoints"), [], "the checkpoints without checkpoint_every"
        )
    run = trainer(lr=0.0, checkpoint_every=1)
    run.fit([batch(1.0)] * 2, epochs=1)
    expect_equal(run.step, 2, "the steps of a run without a folder")


class Bar:
    """Stands in for the progress bar."""

    def __init__(self):
        self.seen = []

    def update(self, step, epoch, logs, samples):
        self.seen.append((step, epoch, logs["loss"], samples))


@check(of="Trainer._epoch", needs="an_epoch", section=EPOCH)
def test_the_bar_is_told():
    """The progress bar hears of each step: step, epoch, logs, and how many samples it took in."""
    run, bar = trainer(lr=0.0, accumulate=2), Bar()
    run._epoch([batch(1.0), batch(1.0, 1.0), batch(3.0)], None, bar)
    expect_equal(bar.seen, [(1, 0, 4.0, 3), (2, 0, 36.0, 1)], "what the bar was told")


def numbers(run, count: int):
    """The inputs of the next `count` batches that the run would see."""
    batches = run._batches(DataLoader(TensorDataset(tt.arange(20)), batch_size=2, shuffle=True))
    return [array_of(next(batches)[0]).tolist() for _ in range(count)]


@check(of="Trainer._batches", section=EPOCH)
def test_batches_from_the_middle():
    """An epoch that is resumed after 4 batches goes on with the fifth, whatever random numbers were drawn since."""
    run = trainer()
    tt.manual_seed(3)
    whole = numbers(run, 10)
    expect_equal(
        sorted(n for numbered in whole for n in numbered), list(range(20)), "the samples of an epoch"
    )
    drawn = tt.rand(3).tolist()
    expect(run._epoch_rng is not None, "the state at the epoch's start was not kept")
    run.batches_done = 4
    tt.manual_seed(99)
    state = tt.random.get_rng_state()
    expect_equal(numbers(run, 6), whole[4:], "the batches after the first 4")
    expect(
        tt.random.get_rng_state() == state,
        "after passing over, the random state is not the one that was there before",
    )
    run._epoch_rng, run.batches_done = None, 0
    tt.manual_seed(3)
    expect_equal(numbers(run, 10), whole, "the batches with the same seed")
    expect_equal(tt.rand(3).tolist(), drawn, "the numbers drawn after the order")
    run._epoch_rng = None
    expect(numbers(run, 10) != whole, "another epoch has the same order")


@check(of="Trainer._batches", needs=["batches_from_the_middle", "numbers_on_disk"], section=EPOCH)
def test_resuming_in_the_middle():
    """Killed in the middle of the second epoch and started again, a run ends with the same weights and numbers, bit for bit."""

    def run_in(folder, stop_at=None):
        tt.manual_seed(0)
        x = rng(0).normal(size=(48, 3)).astype(np.float32)
        data = TensorDataset(tensor(x), tensor(x.sum(1, keepdims=True)))
        model = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 1))
        optimizer = optim.Adam(model.parameters(), lr=0.02)
        run = Trainer(
            model, optimizer, F.mse_loss, folder=folder, checkpoint_every=2, progress=False, accumulate=2,
            scheduler=optim.lr_scheduler.CosineAnnealingLR(optimizer, 9), callbacks=[Diary(stop_at)],
        )  # fmt: skip
        history = run.fit(DataLoader(data, batch_size=8, shuffle=True), 3, DataLoader(data, batch_size=20))
        rows = read_metrics(Path(folder) / "metrics.jsonl")
        return run, history, [{k: v for k, v in row.items() if k != "seconds"} for row in rows]

    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        straight, history, rows = run_in(one)
        run_in(other, stop_at=5)
        resumed, history_too, rows_too = run_in(other)
        expect_equal(history_too, history, "the history of the resumed run")
        expect_equal(rows_too, rows, "its rows in metrics.jsonl")
        for (name, a), b in zip(straight.model.state_dict().items(), resumed.model.state_dict().values()):
            expect_close(b, array_of(a), f"{name} of the resumed run", rtol=0, atol=0)


@check(of="Trainer._end_epoch", needs=["an_epoch", "evaluation"], section=EPOCH)
def test_after_an_epoch():
    """The validation means are in history, file and callbacks as val_...; the epoch that is named is the one that ended."""
    told = []

    class Listening(Callback):
        def on_epoch(self, run, logs):
            told.append(dict(logs))

    with tempfile.TemporaryDirectory() as folder:
        run = trainer(
            lr=0.0, folder=folder, callbacks=[Listening()], metrics={"out": lambda out, target: out.mean()}
        )
        history = run.fit([batch(1.0)] * 2, 2, [batch(3.0)])
        answer = {"loss": 4.0, "out": 2.0, "val_loss": 36.0, "val_out": 6.0}
        expect_equal(told, [answer, answer], "what the callback was told")
        expect_equal(history, [{"epoch": n, "step": 2 * n + 2, **answer} for n in range(2)], "the history")
        rows = [r for r in read_metrics(Path(folder) / "metrics.jsonl") if "val_loss" in r]
        places = [(r["step"], r["epoch"], r["val_loss"], r["val_out"]) for r in rows]
        expect_equal(places, [(2, 0, 36.0, 6.0), (4, 1, 36.0, 6.0)], "the rows of the validation")
        logs = {"loss": 1.0}
        run._end_epoch(logs, [batch(3.0)], None)
        expect_equal(logs, {"loss": 1.0}, "the logs that were handed in, afterwards")


@check(of="Trainer._end_epoch", needs="after_an_epoch", section=EPOCH)
def test_schedules_by_epoch():
    """A scheduler that goes by epochs moves once an epoch; ReduceLROnPlateau gets the validation loss."""

    def rates(make, by):
        model = times()
        optimizer = optim.SGD(model.parameters(), lr=1e-6)
        seen = []

        class Listening(Callback):
            def on_epoch(self, run, logs):
                seen.append(optimizer.param_groups[0]["lr"])

        run = Trainer(
            model,
            optimizer,
            F.mse_loss,
            progress=False,
            scheduler=make(optimizer),
            step_scheduler=by,
            callbacks=[Listening()],
        )
        run.fit([batch(1.0)] * 3, 3, [batch(3.0)])
        return seen

    by_epoch = rates(lambda o: optim.lr_scheduler.StepLR(o, 1, 0.5), "epoch")
    expect_close(by_epoch, [5e-7, 2.5e-7, 1.25e-7], "the rates after each epoch", atol=0)
    by_step = rates(lambda o: optim.lr_scheduler.StepLR(o, 3, 0.5), "step")
    expect_close(by_step, [5e-7, 2.5e-7, 1.25e-7], "the rates of a scheduler that goes by steps", atol=0)
    plateau = rates(
        lambda o: optim.lr_scheduler.ReduceLROnPlateau(o, factor=0.1, patience=0, threshold=0.5), "epoch"
    )
    expect_close(plateau, [1e-6, 1e-7, 1e-8], "the rates of ReduceLROnPlateau", atol=0)
    run = trainer(lr=0.0, step_scheduler="epoch")
    run.fit([batch(1.0)], 1)
    expect_equal(len(run.history), 1, "the history without validation and schedule")


# ---------------------------------------------------------------- early stopping


class Stopped:
    def __init__(self):
        self.reason = None

    def stop(self, reason):
        self.reason = reason


def epochs_until_stop(values, **options):
    """After how many values it stops, and the reason."""
    early, run = EarlyStop(**options), Stopped()
    for n, value in enumerate(values, 1):
        early.on_epoch(run, {early.monitor: value, "loss": 0.0})
        if run.reason:
            return n, run.reason
    return None, None


@check(of="EarlyStop.on_epoch", section=STOP)
def test_early_stopping():
    """With patience 2 the losses 1.0, 0.8, 0.9, 0.85 stop after the fourth; a new best starts the wait anew."""
    for values, options, answer in [
        ([1.0, 0.8, 0.9, 0.85], {"patience": 2}, 4),
        ([1.0, 0.8, 0.9, 0.7, 0.75, 0.71], {"patience": 2}, 6),
        ([1.0, 1.0], {"patience": 1}, 2),
        ([1.0, 0.9, 0.8, 0.7], {"patience": 1}, None),
        ([1.0, 0.95, 0.91, 0.5], {"patience": 2, "min_delta": 0.1}, 3),
        ([1.0, 0.875, 0.75], {"patience": 1, "min_delta": 0.125}, 2),
        ([1.0, 0.95, 0.85, 0.8], {"patience": 2, "min_delta": 0.1}, None),
        ([0.5, 0.6, 0.55, 0.6], {"patience": 2, "mode": "max"}, 4),
        ([0.5, 0.6, 0.55, 0.65], {"patience": 2, "mode": "max"}, None),
        ([0.5, 0.55, 0.58], {"patience": 2, "mode": "max", "min_delta": 0.1}, 3),
        ([float("nan")] * 3, {"patience": 2}, 2),
    ]:
        expect_equal(epochs_until_stop(values, **options)[0], answer, f"when {values} stop with {options}")
    _, reason = epochs_until_stop([1.0, 0.8, 0.9, 0.85], patience=2)
    expect_equal(reason, "val_loss has not improved on 0.8 for 2 epochs", "the reason")


@check(of="EarlyStop.on_epoch", needs="early_stopping", section=STOP)
def test_early_stopping_in_a_run():
    """It ends a run of 100 epochs that no longer improves; what is not measured is an error that lists what is."""
    early = EarlyStop(patience=3)
    run = trainer(lr=0.0, callbacks=[early])
    run.fit([batch(1.0)], 100, [batch(1.0)])
    expect_equal((run.epoch, early.waited, early.best), (4, 3, 4.0), "epochs, waited, best")
    expect_raises(
        KeyError,
        lambda: EarlyStop("val_accuracy").on_epoch(Stopped(), {"val_loss": 1.0, "loss": 2.0}),
        ["no 'val_accuracy' among loss, val_loss"],
        "a monitor that is not measured",
    )


# ---------------------------------------------------------------- the whole module


@check(
    of=["Trainer._step", "Trainer.evaluate", "Trainer._epoch", "Trainer._end_epoch", "EarlyStop.on_epoch"],
    needs=[
        "clipping",
        "evaluation_mode",
        "resuming_in_the_middle",
        "schedules_by_epoch",
        "early_stopping_in_a_run",
        "learning_a_batch_by_heart",
    ],
    section="Where it goes next",
    seconds=90,
)
def test_a_run_from_start_to_finish():
    """Digits, split, varied, normalised; convolutions and batch norm; a schedule, clipping, checkpoints, early stopping: it names 3 of 4 unseen digits."""
    from dataclasses import dataclass

    @dataclass
    class Settings:
        lr: float = 3e-3
        epochs: int = 1
        width: int = 4

    settings = load_config(Settings, overrides=["epochs=5", "width=8"])
    tt.manual_seed(0)
    digits = DrawnDigits(n=1000, transform=Compose([RandomCrop(28, padding=1), Normalize([0.15], [0.3])]))
    train, val = random_split(digits, [0.8, 0.2])
    width = settings.width
    model = nn.Sequential(
        nn.Conv2d(1, width, 3, stride=2, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
        nn.Conv2d(width, 2 * width, 3, bias=False), nn.BatchNorm2d(2 * width), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.1), nn.Linear(2 * width * 25, 10),
    )  # fmt: skip
    optimizer = optim.AdamW(model.parameters(), lr=settings.lr)
    steps = settings.epochs * 800 // 40
    with tempfile.TemporaryDirectory() as folder:
        run = Trainer(
            model, optimizer, F.cross_entropy, clip_norm=1.0, folder=folder, checkpoint_every=20, keep=1, config=settings,
            scheduler=optim.lr_scheduler.OneCycleLR(optimizer, settings.lr, total_steps=steps), progress=False,
            metrics={"accuracy": lambda out, target: float(np.mean(array_of(out).argmax(1) == array_of(target)))}, callbacks=[EarlyStop(patience=5)],
        )  # fmt: skip
        history = run.fit(
            DataLoader(train, batch_size=40, shuffle=True), settings.epochs, DataLoader(val, batch_size=64)
        )
        expect((Path(folder) / "curves.png").stat().st_size > 1000, "there is no picture of the curves")
    right = history[-1]["val_accuracy"]
    expect(
        right > 0.75,
        "the run does not come to a good end",
        expected="more than 75% of the unseen digits",
        got=f"{100 * right:.0f}% ({history[-1]})",
    )
