"""GradScaler beside PyTorch's: the same scales, the same steps taken and left out, the same complaints."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import tinytorch

torch = pytest.importorskip("torch")
BOTH = pytest.mark.parametrize("lib", [torch, tinytorch], ids=["torch", "tinytorch"])


class Descent:
    """The least an optimizer needs for a scaler."""

    def __init__(self, *parameters, lr=0.1):
        self.param_groups, self.lr, self.steps = [{"params": list(parameters)}], lr, 0

    def step(self):
        self.steps += 1
        for p in self.param_groups[0]["params"]:
            if p.grad is not None:
                p.data -= self.lr * p.grad
        return self.steps

    def zero_grad(self):
        for p in self.param_groups[0]["params"]:
            p.grad = None


def history(lib, events, **options):
    """Scale, tracker, weights and the optimizer's answers over steps whose losses are multiplied by the events."""
    w = lib.tensor([1.0, -2.0], requires_grad=True)
    optimizer, scaler = Descent(w), lib.amp.GradScaler("cpu", **options)
    seen = []
    for factor in events:
        optimizer.zero_grad()
        scaler.scale((w * w).sum() * factor).backward()
        answer = scaler.step(optimizer)
        scaler.update()
        seen.append(
            (answer, scaler.get_scale(), scaler._get_growth_tracker(), w.tolist(), scaler.state_dict())
        )
    return seen


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"init_scale": 8.0, "growth_interval": 2},
        {"init_scale": 2.0, "growth_factor": 3.0, "backoff_factor": 0.3, "growth_interval": 1},
        {"init_scale": 1e38, "growth_interval": 1},
    ],
)
def test_scales_and_steps(options):
    events = [1.0, 0.5, float("inf"), 1.0, float("nan"), 1.0, 1.0, 1e-3]
    ours, theirs = (history(lib, events, **options) for lib in (tinytorch, torch))
    for (answer, scale, tracker, w, state), (answer_, scale_, tracker_, w_, state_) in zip(ours, theirs):
        assert (answer, scale, tracker, state) == (answer_, scale_, tracker_, state_)
        np.testing.assert_allclose(w, w_, rtol=1e-6)


@BOTH
def test_unscaled_gradients_can_be_clipped(lib):
    w = lib.tensor([3.0, 4.0], requires_grad=True)
    optimizer, scaler = Descent(w), lib.amp.GradScaler("cpu", init_scale=1024.0)
    scaler.scale(w.sum()).backward()
    assert w.grad.tolist() == [1024, 1024]
    scaler.unscale_(optimizer)
    assert w.grad.tolist() == [1, 1]
    with pytest.raises(RuntimeError, match=r"unscale_\(\) has already been called on this optimizer"):
        scaler.unscale_(optimizer)
    assert scaler.step(optimizer) == 1
    with pytest.raises(RuntimeError, match=r"step\(\) has already been called since the last update"):
        scaler.step(optimizer)
    with pytest.raises(RuntimeError, match=r"unscale_\(\) is being called after step"):
        scaler.unscale_(optimizer)
    scaler.update()
    assert scaler.get_scale() == 1024


@BOTH
def test_one_optimizer_in_trouble_lowers_the_scale_for_all(lib):
    a, b = (lib.tensor([1.0], requires_grad=True) for _ in range(2))
    good, bad, scaler = Descent(a), Descent(b), lib.amp.GradScaler("cpu", init_scale=4.0)
    losses = scaler.scale([a.sum(), b.sum() * float("inf")])
    assert isinstance(losses, list)
    for loss in losses:
        loss.backward()
    assert (scaler.step(good), scaler.step(bad)) == (1, None)
    scaler.update()
    assert (scaler.get_scale(), a.item(), b.item()) == (2.0, pytest.approx(0.9), 1.0)


@BOTH
def test_what_it_refuses(lib):
    w = lib.tensor([1.0], requires_grad=True)
    optimizer, scaler = Descent(w), lib.amp.GradScaler("cpu")
    with pytest.raises(AssertionError, match="Attempted step but _scale is None"):
        scaler.step(optimizer)
    scaler.scale(w.sum())
    with pytest.raises(AssertionError, match="No inf checks were recorded for this optimizer"):
        scaler.step(optimizer)
    with pytest.raises(AssertionError, match="No inf checks were recorded prior to update"):
        scaler.update()
    with pytest.raises(RuntimeError, match="Closure use is not currently supported"):
        scaler.step(optimizer, closure=lambda: None)
    with pytest.raises(AssertionError, match=r"The growth factor must be > 1\.0"):
        lib.amp.GradScaler("cpu", growth_factor=1.0)
    with pytest.raises(AssertionError, match=r"The backoff factor must be < 1\.0"):
        lib.amp.GradScaler("cpu", backoff_factor=1.0)
    half = lib.tensor([1.0], dtype=lib.float16, requires_grad=True)
    half.grad = lib.ones(1, dtype=lib.float16)
    with pytest.raises(ValueError, match=r"Attempting to unscale FP16 gradients\."):
        scaler.unscale_(Descent(half))


@BOTH
def test_set_save_and_restore(lib):
    w = lib.tensor([1.0], requires_grad=True)
    optimizer, scaler = Descent(w), lib.amp.GradScaler("cpu", init_scale=8.0, growth_interval=3)
    assert scaler.get_scale() == 8.0
    for _ in range(2):
        scaler.scale(w.sum()).backward()
        scaler.step(optimizer)
        scaler.update()
    saved = scaler.state_dict()
    assert saved == {
        "scale": 8.0,
        "growth_factor": 2.0,
        "backoff_factor": 0.5,
        "growth_interval": 3,
        "_growth_tracker": 2,
    }
    other = lib.amp.GradScaler("cpu")
    other.load_state_dict(saved)
    for s in (scaler, other, pickle.loads(pickle.dumps(scaler))):
        s.scale(w.sum()).backward()
        s.step(Descent(w))
        s.update()
        assert s.get_scale() == 16.0
    scaler.update(new_scale=3.0)
    assert scaler.get_scale() == 3.0
    scaler.set_growth_factor(5.0)
    scaler.set_backoff_factor(0.1)
    scaler.set_growth_interval(7)
    assert (scaler.get_growth_factor(), scaler.get_backoff_factor(), scaler.get_growth_interval()) == (
        5.0,
        0.1,
        7,
    )
    with pytest.raises(RuntimeError, match="The source state dict is empty"):
        scaler.load_state_dict({})


@BOTH
def test_disabled(lib):
    w = lib.tensor([1.0], requires_grad=True)
    optimizer, scaler = Descent(w), lib.amp.GradScaler("cpu", enabled=False)
    loss = w.sum()
    assert scaler.scale(loss) is loss
    loss.backward()
    scaler.unscale_(optimizer)
    assert scaler.step(optimizer) == 1
    scaler.update()
    assert (scaler.get_scale(), scaler.state_dict(), scaler.is_enabled()) == (1.0, {}, False)
    if not lib.cuda.is_available():
        with pytest.warns(UserWarning, match="GradScaler is enabled, but CUDA is not available"):
            assert not lib.amp.GradScaler().is_enabled()
