"""The checks of 09_schedulers. Each docstring is what the student reads; docs/lesson-format.md says how they are written."""

import math
import warnings

import numpy as np

import tinytorch as tt
from tinytorch import nn, optim
from tinytorch.nn import functional as F
from tinytorch.nn.utils.clip_grad import clip_grads_with_norm_, get_total_norm
from tinytorch.optim import lr_scheduler as sched
from tito.checking import (
    array_of,
    arrays,
    beside,
    check,
    expect,
    expect_close,
    expect_equal,
    expect_raises,
    tensor,
)

FALL, WARM, CYCLE, RESULTS, CLIP = (
    "Why the rate must fall",
    "Warm-up and a cosine",
    "One cycle",
    "Looking at the results",
    "Clipping",
)


def optimizer(*rates, **settings):
    """An SGD with one group per rate."""
    groups = [{"params": [tt.zeros(1, requires_grad=True)], "lr": lr} for lr in rates]
    return optim.SGD(groups, lr=1.0, **settings)


def rates_of(scheduler, steps):
    """The first group's rate in force at the epochs 0, 1, ... of a scheduler."""
    rates = []
    for k in range(steps):
        rates.append(scheduler.optimizer.param_groups[0]["lr"])
        expect_close(scheduler.get_last_lr()[0], rates[-1], f"get_last_lr() at epoch {k}")
        scheduler.optimizer.step()
        scheduler.step()
    return rates


# ---------------------------------------------------------------- falling


@check(of="StepLR.get_lr", section=FALL)
def test_steps():
    """Times gamma at every multiple of step_size: 1, 1, 1, 0.1, 0.1, 0.1, 0.01 for step_size 3."""
    expect_close(
        rates_of(sched.StepLR(optimizer(1.0), 3), 7),
        [1, 1, 1, 0.1, 0.1, 0.1, 0.01],
        "the rates for step_size 3",
    )
    expect_close(
        rates_of(sched.StepLR(optimizer(2.0), 1, 0.5), 4),
        [2, 1, 0.5, 0.25],
        "the rates for step_size 1, gamma 0.5",
    )
    opt = optimizer(1.0, 10.0)
    s = sched.StepLR(opt, 2, 0.5)
    for _ in range(2):
        opt.step()
        s.step()
    expect_equal([g["lr"] for g in opt.param_groups], [0.5, 5.0], "the rates of two groups after two epochs")
    expect_equal(s.get_lr()[0] * 2, s.get_last_lr()[0], "what get_lr says at a multiple, without setting it")


# ---------------------------------------------------------------- warm-up and cosine


@check(of="WarmupCosineLR.get_lr", section=WARM)
def test_warm_up_and_a_cosine():
    """0.2, 0.4, 0.6, 0.8, then from 1 along half a cosine to 0 at step 12, and 0 from there on."""
    s = sched.WarmupCosineLR(optimizer(1.0), 4, 12)
    down = [(1 + math.cos(math.pi * k / 8)) / 2 for k in range(9)]
    expect_close(rates_of(s, 15), [0.2, 0.4, 0.6, 0.8, *down, 0.0, 0.0], "the rates for 4 and 12 steps")
    s = sched.WarmupCosineLR(optimizer(3.0), 1, 4, min_lr=1.0)
    expect_close(rates_of(s, 6), [1.5, 3.0, 2.5, 1.5, 1.0, 1.0], "the rates for a base of 3 and min_lr 1")
    expect_close(
        rates_of(sched.WarmupCosineLR(optimizer(1.0), 0, 2), 3),
        [1.0, 0.5, 0.0],
        "the rates without a warm-up",
    )
    expect_close(
        rates_of(sched.WarmupCosineLR(optimizer(1.0), 2, 2), 5),
        [1 / 3, 2 / 3, 1, 0, 0],
        "the rates for 2 and 2 steps",
    )
    opt = optimizer(1.0, 10.0)
    sched.WarmupCosineLR(opt, 4, 12)
    expect_equal([g["lr"] for g in opt.param_groups], [0.2, 2.0], "the rates of two groups at step 0")


@check(of="SequentialLR.step", needs="steps", section=WARM)
def test_one_after_the_other():
    """The next schedule takes over at its milestone, with its own epoch 0."""
    opt = optimizer(1.0)
    rows = [sched.ConstantLR(opt, 0.5, 100), sched.ExponentialLR(opt, 0.9), sched.StepLR(opt, 2, 0.1)]
    s = sched.SequentialLR(opt, rows, [3, 5])
    expect_close(
        rates_of(s, 10),
        [0.5, 0.5, 0.5, 1, 0.9, 1, 1, 0.1, 0.1, 0.01],
        "the rates of three schedules, milestones 3, 5",
    )
    expect_equal(s.last_epoch, 10, "last_epoch after ten steps")
    opt = optimizer(1.0)
    rows = [sched.ExponentialLR(opt, gamma) for gamma in (0.5, 0.4, 0.3, 0.2)]
    s = sched.SequentialLR(opt, rows, [2, 4, 6])
    expect_close(
        rates_of(s, 8), [1, 0.5, 1, 0.4, 1, 0.3, 1, 0.2], "the rates of four schedules, milestones 2, 4, 6"
    )
    opt = optimizer(2.0)
    s = sched.SequentialLR(opt, [sched.ConstantLR(opt, 0.1, 100), sched.ExponentialLR(opt, 0.5)], [1])
    expect_close(rates_of(s, 4), [0.2, 2, 1, 0.5], "the rates of two schedules, milestone 1")


# ---------------------------------------------------------------- one cycle


@beside
def not_yet_made():
    return object.__new__(sched.OneCycleLR)


@check(of="OneCycleLR._between", section=CYCLE)
def test_between():
    """From 2 to 10: half-way is 6; a quarter of the way 4 along a line, 3.17 along a cosine."""
    for kind, quarter in (("cos", 2 + 8 * (1 - math.sqrt(0.5)) / 2), ("linear", 4.0)):
        s = not_yet_made()
        s._anneal_func_type = kind
        for part, answer in ((0.0, 2.0), (0.25, quarter), (0.5, 6.0), (1.0, 10.0)):
            expect_close(s._between(2.0, 10.0, part), answer, f"{part} of the way from 2 to 10, {kind}")


@check(of="OneCycleLR.get_lr", needs="between", section=CYCLE)
def test_one_cycle():
    """0.04, 0.52, 1 and down to 0.000004 for ten steps; the momentum goes from 0.95 to 0.85 and back."""
    opt = optimizer(1.0, momentum=0.9)
    s = sched.OneCycleLR(opt, 1.0, total_steps=10)
    momenta = [opt.param_groups[0]["momentum"]]
    low, rates = 0.04 / 1e4, [0.04, 0.52]
    rates += [low + (1 - low) * (1 + math.cos(math.pi * k / 7)) / 2 for k in range(8)]
    got = []
    for _ in range(9):
        got.append(opt.param_groups[0]["lr"])
        opt.step()
        s.step()
        momenta.append(opt.param_groups[0]["momentum"])
    expect_close([*got, opt.param_groups[0]["lr"]], rates, "the rates of ten steps")
    answer = [0.95, 0.9] + [0.95 - 0.1 * (1 + math.cos(math.pi * k / 7)) / 2 for k in range(8)]
    expect_close(momenta, answer, "the momenta of ten steps")
    s.step()
    expect_raises(
        ValueError, s.step, ["Tried to step 11 times", "total steps is 10"], "the step after the end"
    )


@check(of="OneCycleLR.get_lr", needs="one_cycle", section=CYCLE)
def test_one_cycle_in_three_phases():
    """Three phases, along lines, several groups, Adam's first beta for the momentum, or none."""
    opt = optimizer(1.0, 1.0)
    options = dict(
        total_steps=11,
        pct_start=0.4,
        anneal_strategy="linear",
        cycle_momentum=False,
        div_factor=4.0,
        final_div_factor=5.0,
    )
    s = sched.OneCycleLR(opt, [1.0, 10.0], three_phase=True, **options)
    ends = [(0.0, 0.25), (3.4, 1.0), (6.8, 0.25), (10.0, 0.05)]
    got = []
    for _ in range(10):
        got.append([g["lr"] for g in opt.param_groups])
        opt.step()
        s.step()
    got.append([g["lr"] for g in opt.param_groups])
    answer = np.interp(np.arange(11.0), *zip(*ends))
    expect_close(np.array(got)[:, 0], answer, "the rates of the first group", rtol=1e-4)
    expect_close(np.array(got)[:, 1], 10 * answer, "the rates of the second group", rtol=1e-4)
    expect_equal([g["momentum"] for g in opt.param_groups], [0, 0], "the momentum with cycle_momentum=False")
    opt = optim.Adam([tt.zeros(1, requires_grad=True)])
    s = sched.OneCycleLR(opt, 1.0, total_steps=10)
    for _ in range(2):
        opt.step()
        s.step()
    expect_close(opt.param_groups[0]["betas"], [0.85, 0.999], "Adam's betas at the top of the cycle")
    s = sched.OneCycleLR(
        optimizer(1.0),
        1.0,
        total_steps=11,
        pct_start=2 / 11,
        cycle_momentum=False,
        anneal_strategy="linear",
        final_div_factor=1.0,
    )
    expect_close(
        rates_of(s, 3), [0.04, 1.0, 1 - 0.96 / 9], "the rates where a phase ends on a step", rtol=1e-4
    )


# ---------------------------------------------------------------- plateau


@check(of="ReduceLROnPlateau._is_better", section=RESULTS)
def test_better():
    """With best 0.9 and a threshold of 0.01, relative: 0.8909 is better and 0.8911 is not; four kinds of bars."""
    for mode, kind, bar in [
        ("min", "rel", 0.891),
        ("max", "rel", 0.909),
        ("min", "abs", 0.89),
        ("max", "abs", 0.91),
    ]:
        s = sched.ReduceLROnPlateau(optimizer(1.0), mode, threshold=0.01, threshold_mode=kind)
        below, above = s._is_better(bar - 1e-4, 0.9), s._is_better(bar + 1e-4, 0.9)
        expect_equal(
            (bool(below), bool(above)),
            (mode == "min", mode == "max"),
            f"below and above the bar {bar}, {mode}, {kind}",
        )
        expect_equal(
            bool(s._is_better(1.0, s.best)),
            True,
            f"whether the first result is better than none, {mode}, {kind}",
        )
    s = sched.ReduceLROnPlateau(optimizer(1.0), threshold=0.0)
    expect_equal(
        (s._is_better(0.5, 0.5), s._is_better(math.nan, 0.5)),
        (False, False),
        "whether the same, or nan, is better",
    )
    s = sched.ReduceLROnPlateau(optimizer(1.0), "max", threshold=0.0)
    expect_equal(s._is_better(0.5, 0.5), False, "whether the same is better for mode max")


@check(of="ReduceLROnPlateau.step", needs="better", section=RESULTS)
def test_a_plateau_lowers_the_rate():
    """Patience 2: the losses 1, 0.9, 0.9, 0.95, 0.92 lower the rate after the fifth, and not before."""
    s = sched.ReduceLROnPlateau(optimizer(1.0), patience=2)
    rates = []
    for loss in (1.0, 0.9, tt.tensor(0.9), 0.95, 0.92, 0.91, 0.93, 0.5, 0.6, 0.6, 0.6):
        s.step(loss)
        rates.append(s.optimizer.param_groups[0]["lr"])
    expect_close(rates, [1, 1, 1, 1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.01], "the rates after each loss")
    expect_close(s.get_last_lr(), [0.01], "get_last_lr()")
    expect_equal(
        (s.best, s.last_epoch, s.num_bad_epochs), (0.5, 11, 0), "best, last_epoch and num_bad_epochs"
    )
    s = sched.ReduceLROnPlateau(optimizer(1.0, 0.5), "max", factor=0.5, patience=0, min_lr=[0.2, 0.3])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for value in (0.7, 0.8, 0.8, 0.8, 0.8):
            s.step(value)
    expect_close([g["lr"] for g in s.optimizer.param_groups], [0.2, 0.3], "the rates at their least")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        s.step(0.9, epoch=50)
    expect(any("epoch" in str(w.message) for w in caught), "step(metric, epoch) should warn")
    expect_equal(s.last_epoch, 50, "last_epoch when it is given")
    expect_equal(s.best, 0.9, "the best result for mode max")


@check(of="ReduceLROnPlateau.step", needs="a_plateau_lowers_the_rate", section=RESULTS)
def test_cooldown():
    """After a reduction, bad epochs do not count for `cooldown` epochs."""
    s = sched.ReduceLROnPlateau(optimizer(1.0), patience=1, cooldown=3)
    rates, left = [], []
    for _ in range(12):
        s.step(1.0)
        rates.append(s.optimizer.param_groups[0]["lr"])
        left.append(s.cooldown_counter)
    expect_close(rates, [1, 1] + [0.1] * 5 + [0.01] * 5, "the rates with patience 1 and a cooldown of 3")
    expect_equal(left, [0, 0, 3, 2, 1, 0, 0, 3, 2, 1, 0, 0], "what is left of the cooldown after each epoch")


# ---------------------------------------------------------------- clipping


@check(of="get_total_norm", section=CLIP)
def test_the_norm_of_all():
    """(3, 0) and (0, 4) together have the length 5; every order, any shapes, one tensor or none."""
    expect_close(
        get_total_norm([tt.tensor([3.0, 0.0]), tt.tensor([0.0, 4.0])]),
        5.0,
        "the norm of (3, 0) and (0, 4)",
        dtype="float32",
    )
    parts = arrays((2, 3), (4,), (), seed=1)
    flat = np.concatenate([p.ravel() for p in parts])
    for order in (1, 2, 2.0, 3, math.inf, "inf"):
        answer = np.linalg.norm(flat, float(order))
        expect_close(get_total_norm(map(tensor, parts), order), answer, f"the norm of order {order}")
    expect_close(get_total_norm(tensor(parts[0])), np.linalg.norm(parts[0]), "the norm of a single tensor")
    expect_close(get_total_norm([]), 0.0, "the norm of no tensors")
    x = tt.ones(2, requires_grad=True)
    expect_equal(get_total_norm([x * 2]).requires_grad, False, "whether the norm is recorded")


@check(of="get_total_norm", needs="the_norm_of_all", section=CLIP)
def test_norms_that_are_not_finite():
    """Infinite and NaN gradients are an error on request, and pass without."""
    for bad in (math.inf, math.nan):
        grads = [tt.tensor([1.0, bad]), tt.ones(2)]
        expect_close(get_total_norm(grads), bad, f"the norm of gradients with {bad}")
        expect_raises(
            RuntimeError,
            lambda g=grads: get_total_norm(g, error_if_nonfinite=True),
            ["order 2.0", "non-finite"],
            f"gradients with {bad}",
        )
    expect_close(
        get_total_norm([tt.tensor([3.0])], error_if_nonfinite=True),
        3.0,
        "a finite norm with error_if_nonfinite",
    )


@check(of="clip_grads_with_norm_", section=CLIP)
def test_all_are_scaled_alike():
    """For a length of 5 and max_norm 1 all gradients become a fifth, in place; short ones stay as they are."""
    a, b, c = (tensor(np.zeros(2), requires_grad=True) for _ in range(3))
    a.grad, b.grad = tensor([3.0, 0.0]), tensor([0.0, 4.0])
    memory = a.grad.array
    clip_grads_with_norm_([a, b, c], 1, tensor(5.0))
    expect_close(a.grad, [0.6, 0.0], "the first gradient")
    expect_close(b.grad, [0.0, 0.8], "the second gradient")
    expect(a.grad.array is memory, "gradients are scaled in place")
    expect(c.grad is None, "a gradient that was None stays None")
    clip_grads_with_norm_([a, b], 2.0, tensor(1.0))
    expect_close(a.grad, [0.6, 0.0], "a gradient that is short enough")
    clip_grads_with_norm_(a, 1e-6, tensor(1e-6))
    expect_close(
        a.grad, [0.3, 0.0], "a gradient of a length of a millionth: half, because of the 1e-6 that is added"
    )
    b.grad = tensor([0.0, 0.0])
    clip_grads_with_norm_(iter([b]), 1.0, tensor(0.0))
    expect_close(b.grad, [0.0, 0.0], "a gradient of zeros")


@check(
    of=["get_total_norm", "clip_grads_with_norm_"],
    needs=["the_norm_of_all", "all_are_scaled_alike"],
    section=CLIP,
)
def test_clipping():
    """clip_grad_norm_ returns the length from before, and afterwards it is max_norm."""
    values = arrays((3, 4), (5,), seed=2)
    ps = [tensor(np.zeros_like(v), requires_grad=True) for v in values]
    for p, v in zip(ps, values):
        p.grad = tensor(v)
    before = np.sqrt(sum(np.sum(v**2) for v in values))
    expect_close(nn.utils.clip_grad_norm_(ps, 0.5), before, "the length from before")
    expect_close(nn.utils.clip_grad_norm_(ps, 10.0), 0.5, "the length afterwards", rtol=1e-4)
    expect_close(ps[1].grad, values[1] * 0.5 / before, "a gradient, which keeps its direction", rtol=1e-4)


# ---------------------------------------------------------------- the checkpoint


@check(
    of=["WarmupCosineLR.get_lr", "get_total_norm", "clip_grads_with_norm_"],
    needs=["warm_up_and_a_cosine", "clipping"],
    section="Why it matters",
)
def test_a_bad_batch_is_survived():
    """A wave is learned in 300 steps with warm-up, cosine and clipping, although one batch has targets of 10,000."""
    x = tt.linspace(-2, 2, 64).unsqueeze(1)
    t = tt.sin(2 * x)
    tt.manual_seed(0)
    net = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1))
    opt = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    s = sched.WarmupCosineLR(opt, 20, 300)
    longest = 0.0
    for k in range(300):
        opt.zero_grad()
        F.mse_loss(net(x), t * 1e4 if k == 100 else t).backward()
        longest = max(longest, nn.utils.clip_grad_norm_(net.parameters(), 1.0).item())
        opt.step()
        s.step()
    loss = float(np.mean((array_of(net(x).detach()) - array_of(t)) ** 2))
    expect(longest > 1000, "the bad batch should show in the length of the gradients", got=f"{longest:.1f}")
    expect(loss < 0.02, "the bad batch was not survived", expected="a loss below 0.02", got=f"{loss:.4g}")
    expect_close(opt.param_groups[0]["lr"], 0.0, "the rate at the end")
