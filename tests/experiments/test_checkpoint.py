"""Checkpoints survive a kill at any moment, and a resumed run is bit for bit the run that was never stopped."""

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import tinytorch
from tinytorch.checkpoint import (
    checkpoint_path,
    checkpoints,
    latest,
    load_checkpoint,
    rotate,
    save_checkpoint,
)
from tinytorch.logging import read_metrics
from tinytorch.serialization import SerializationError, load, save

RUN = Path(__file__).with_name("resumable_run.py")


class Part:
    def __init__(self, value):
        self.value = value

    def state_dict(self):
        return {"value": self.value}

    def load_state_dict(self, state):
        self.value = state["value"]


@dataclass
class Config:
    lr: float = 0.1
    path: Path = Path("x")


def draws(generator):
    return (
        random.random(),
        np.random.rand(),
        tinytorch.rand(1).item(),
        tinytorch.rand(1, generator=generator).item(),
    )


def test_everything_is_put_back(tmp_path):
    names = ["model", "optimizer", "scheduler", "scaler"]
    parts = {name: Part(tinytorch.full((3,), i)) for i, name in enumerate(names)}
    generator = tinytorch.Generator().manual_seed(5)
    path = tmp_path / "deep" / "run.pt"
    save_checkpoint(
        path, **parts, step=12, config=Config(), generators={"g": generator}, extra={"position": [1, 2]}
    )
    expected = draws(generator)
    other, fresh = {name: Part(None) for name in names}, tinytorch.Generator()
    found = load_checkpoint(path, **other, generators={"g": fresh})
    assert draws(fresh) == expected, "the same random numbers follow"
    assert (found.step, found.config, found.extra) == (12, {"lr": 0.1, "path": "x"}, {"position": [1, 2]})
    assert [part.value.tolist() for part in other.values()] == [[i] * 3 for i in range(4)]


def test_what_is_not_given_is_left_alone_and_what_is_missing_is_named(tmp_path):
    path = tmp_path / "run.pt"
    save_checkpoint(path, model=Part(1), rng=False)
    before = tinytorch.get_rng_state()
    load_checkpoint(path)
    assert tinytorch.equal(tinytorch.get_rng_state(), before)
    with pytest.raises(KeyError, match=r"run\.pt has no state for optimizer, scaler; it holds: model"):
        load_checkpoint(path, model=Part(0), optimizer=Part(0), scaler=Part(0))
    save({"model": {}}, path)
    with pytest.raises(SerializationError, match="no training checkpoint"):
        load_checkpoint(path)


def test_the_newest_are_kept_and_latest_finds_the_last(tmp_path):
    assert latest(tmp_path) is None and latest(tmp_path / "nowhere") is None
    (
        (tmp_path / "best.pt").touch(),
        (tmp_path / ".step-00000099.pt.1.2.tmp").touch(),
        (tmp_path / "step-x.pt").touch(),
    )
    for step in (5, 100, 99, 123_456_789_000):
        save_checkpoint(checkpoint_path(tmp_path, step), step=step, keep=3)
    assert [load(path)["step"] for path in checkpoints(tmp_path)] == [99, 100, 123_456_789_000]
    assert latest(tmp_path) == checkpoint_path(tmp_path, 123_456_789_000)
    assert (tmp_path / "best.pt").exists()
    with pytest.raises(ValueError, match="keep=0 must be at least 1"):
        rotate(tmp_path, 0)


def start(*arguments, **options) -> subprocess.Popen:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)], stdout=subprocess.PIPE, text=True, env=environment, **options
    )


SAVE_FOREVER = """
import sys, itertools, numpy as np, tinytorch
from tinytorch.checkpoint import save_checkpoint
class Model:
    def state_dict(self): return {i: tinytorch.full((200_000,), self.step) for i in range(5)}
model = Model()
for model.step in itertools.count(1):
    save_checkpoint(sys.argv[1], model=model, step=model.step)
"""


def test_a_kill_at_any_moment_leaves_a_complete_file(tmp_path):
    path = tmp_path / "run.pt"
    rng = random.Random(0)
    torn = 0
    last = 0
    for _ in range(15):
        process = start("-c", SAVE_FOREVER, path)
        seen = path.stat().st_mtime_ns if path.exists() else None
        for _ in range(rng.randint(1, 3)):  # so many saves, however slow the machine is, and a moment more
            while not path.exists() or path.stat().st_mtime_ns == seen:
                assert process.poll() is None, "the saving process died by itself"
                time.sleep(0.001)
            seen = path.stat().st_mtime_ns
        time.sleep(rng.random() * 0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        content = load(path)
        assert {int(v) for tensor in content["parts"]["model"].values() for v in np.unique(tensor.array)} == {
            content["step"]
        }
        leftovers = [p for p in tmp_path.iterdir() if p != path]
        torn += len(leftovers)
        for leftover in leftovers:
            leftover.unlink()
        last = max(last, content["step"])
    assert torn, "no kill fell into a write: the test has shown nothing"
    assert last > 1


def test_a_resumed_run_is_bit_for_bit_the_one_that_was_never_stopped(tmp_path):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    whole.mkdir(), stopped.mkdir()
    expected = start(RUN, whole, 60).communicate(timeout=120)[0]
    assert len(expected) == 65
    rng = random.Random(1)
    kills = 0
    while True:
        process = start(RUN, stopped, 60, 0.01)
        try:
            # Each is given a little more than the last: a busy machine may take long to begin at all.
            got = process.communicate(timeout=(0.4 + rng.random() * 0.4) * 1.1**kills)[0]
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            kills += 1
            assert kills < 60, "the run makes no progress"
    assert kills > 0
    assert got == expected

    def without_times(folder):
        return [(row["step"], row["loss"], row["lr"]) for row in read_metrics(folder / "metrics.jsonl")]

    assert without_times(stopped) == without_times(whole) and len(without_times(whole)) == 60
    assert len(checkpoints(stopped)) == 2
