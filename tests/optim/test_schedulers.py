"""Every schedule, 60 steps beside PyTorch's; resumed half way; and what goes wrong."""

import copy
import pickle
import warnings

import numpy as np
import pytest

import tinytorch as tt

torch = pytest.importorskip("torch", reason="parity needs PyTorch: pip install torch==2.13.0")

SCHEDULES = [
    "LambdaLR(o, lambda e: 0.95**e)",
    "LambdaLR(o, [lambda e: 1 / (e + 1), lambda e: 0.9**e])",
    "MultiplicativeLR(o, lambda e: 0.95 if e % 3 else 1.1)",
    "StepLR(o, 7, 0.5)",
    "MultiStepLR(o, [5, 5, 20, 41], 0.3)",
    "ConstantLR(o, 0.25, 8)",
    "LinearLR(o, 0.1, 0.8, 12)",
    "LinearLR(o, total_iters=5)",
    "ExponentialLR(o, 0.9)",
    "PolynomialLR(o, 20, 1.7)",
    "CosineAnnealingLR(o, 9, 0.01)",
    "CosineAnnealingLR(o, 60)",
    "CosineAnnealingWarmRestarts(o, 5, 2, 0.001)",
    "CosineAnnealingWarmRestarts(o, 7)",
    "CyclicLR(o, 0.01, 0.1, 5, 8)",
    "CyclicLR(o, [0.01, 0.02], 0.2, 6, mode='triangular2')",
    "CyclicLR(o, 0.01, 0.1, 5, mode='exp_range', gamma=0.97)",
    "CyclicLR(o, 0.01, 0.1, 5, scale_fn=lambda x: 1 / x, scale_mode='cycle')",
    "OneCycleLR(o, 0.5, 70)",
    "OneCycleLR(o, [0.5, 0.1], epochs=7, steps_per_epoch=10, anneal_strategy='linear', three_phase=True)",
    "OneCycleLR(o, 0.5, 62, pct_start=0.1, base_momentum=0.7, div_factor=5.0)",
    "SequentialLR(o, [s.LinearLR(o, 0.1, total_iters=6), s.CosineAnnealingLR(o, 30)], [6])",
    "SequentialLR(o, [s.ConstantLR(o, 0.1, 3), s.ExponentialLR(o, 0.9), s.StepLR(o, 4)], [5, 25])",
    "SequentialLR(o, [s.LinearLR(o), s.CosineAnnealingWarmRestarts(o, 6, 2)], [5])",
    "SequentialLR(o, [s.ChainedScheduler([s.ConstantLR(o), s.StepLR(o, 3)]), s.PolynomialLR(o, 30)], [9])",
    "ChainedScheduler([s.LinearLR(o, 0.2), s.ExponentialLR(o, 0.95), s.StepLR(o, 10)])",
]  # fmt: skip


def optimizer(t, kind="SGD", lr=0.1, **settings):
    a, b = t.nn.Parameter(t.ones(2)), t.nn.Parameter(t.ones(1))
    a.grad, b.grad = t.zeros(2), t.zeros(1)
    return getattr(t.optim, kind)([{"params": [a]}, {"params": [b], "lr": lr / 2}], lr=lr, **settings)


def make(t, text, o):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch warns of a ChainedScheduler inside a SequentialLR; so do we
        return build(t, text, o)


def build(t, text, o):
    return eval(text, {"o": o, "s": t.optim.lr_scheduler, **vars(t.optim.lr_scheduler)})


def walk(t, text, kind, resume_at=None, **settings):
    """The rates (and momenta) of both groups, before each of 60 steps."""
    o = optimizer(t, kind, **settings)
    schedule, seen = make(t, text, o), []
    for i in range(60):
        if i == resume_at:
            state = copy.deepcopy([o.state_dict(), schedule.state_dict()])
            o = optimizer(t, kind, **settings)
            schedule = make(t, text, o)
            o.load_state_dict(state[0])
            schedule.load_state_dict(state[1])
        seen += [float(g["lr"]) for g in o.param_groups] + [float(lr) for lr in schedule.get_last_lr()]
        seen += [float(g["betas"][0] if "betas" in g else g["momentum"]) for g in o.param_groups]
        o.step()
        schedule.step()
    return seen


@pytest.mark.parametrize("text", SCHEDULES)
@pytest.mark.parametrize(("kind", "settings"), [("SGD", dict(momentum=0.9)), ("Adam", {})])
def test_sixty_steps(text, kind, settings):
    want = walk(torch, text, kind, **settings)
    np.testing.assert_allclose(walk(tt, text, kind, **settings), want, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(walk(tt, text, kind, resume_at=23, **settings), want, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("text", SCHEDULES)
def test_state_dicts_are_interchangeable(text):
    """A schedule of ours goes on from the state of PyTorch's, and the other way round."""
    mine, theirs = optimizer(tt, momentum=0.9), optimizer(torch, momentum=0.9)
    a, b = make(tt, text, mine), make(torch, text, theirs)
    for _ in range(11):
        for step in (mine.step, a.step, theirs.step, b.step):
            step()
    ours, wanted = a.state_dict(), b.state_dict()
    assert ours.keys() >= wanted.keys() - {"_get_lr_called_within_step", "_is_initial"}
    a.load_state_dict({**ours, **copy.deepcopy(wanted)})
    b.load_state_dict({**wanted, **copy.deepcopy(ours)})
    for _ in range(20):
        for step in (mine.step, a.step, theirs.step, b.step):
            step()
        np.testing.assert_allclose(a.get_last_lr(), b.get_last_lr(), rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
def test_plateau(mode, threshold_mode):
    metrics = np.random.default_rng(0).standard_normal(60).cumsum() * 0.05 + 3
    rates = []
    for t in (tt, torch):
        o = optimizer(t)
        schedule = t.optim.lr_scheduler.ReduceLROnPlateau(
            o, mode, 0.5, 2, 0.02, threshold_mode, cooldown=1, min_lr=[1e-3, 1e-4], eps=1e-6
        )
        seen = []
        for metric in metrics:
            schedule.step(t.tensor(metric))
            seen += schedule.get_last_lr() + [schedule.num_bad_epochs, schedule.best]
        rates.append(seen)
    np.testing.assert_allclose(*rates, rtol=1e-12)


@pytest.mark.parametrize(
    "text",
    ["StepLR(o, 3)", "CosineAnnealingLR(o, 9)", "LinearLR(o)", "MultiStepLR(o, [3])", "PolynomialLR(o)"],
)
def test_stepping_to_an_epoch(text):
    rates = []
    for t in (tt, torch):
        o = optimizer(t)
        schedule = make(t, text, o)
        o.step()
        with pytest.warns(UserWarning, match="epoch parameter"):
            schedule.step(4)
        rates.append(schedule.get_last_lr())
    np.testing.assert_allclose(*rates, rtol=1e-12)


def test_warm_restarts_between_epochs():
    rates = []
    for t in (tt, torch):
        o = optimizer(t)
        schedule = t.optim.lr_scheduler.CosineAnnealingWarmRestarts(o, 3, 2)
        seen = []
        for i in range(40):
            schedule.step(i / 4)
            seen += schedule.get_last_lr()
        rates.append(seen)
    np.testing.assert_allclose(*rates, rtol=1e-12)


def test_a_rate_that_is_a_tensor():
    rates = []
    for t in (tt, torch):
        p = t.nn.Parameter(t.ones(1))
        lr = t.tensor(0.5)
        o = t.optim.SGD([p], lr=lr)
        schedule = t.optim.lr_scheduler.ExponentialLR(o, 0.5)
        for _ in range(3):
            o.step()
            schedule.step()
        assert o.param_groups[0]["lr"] is lr
        rates.append([lr.item(), schedule.get_last_lr()[0].item(), o.param_groups[0]["initial_lr"].item()])
    np.testing.assert_allclose(*rates)


def test_stepping_before_the_optimizer_is_a_warning():
    schedule = tt.optim.lr_scheduler.StepLR(optimizer(tt), 3)
    with pytest.warns(UserWarning, match="before `optimizer.step"):
        schedule.step()
    o = optimizer(tt)
    schedule = tt.optim.lr_scheduler.StepLR(o, 3)
    o.step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        schedule.step()


@pytest.mark.parametrize(
    "text",
    [
        "StepLR(3, 1)",
        "LambdaLR(o, [lambda e: 1])",
        "MultiplicativeLR(o, 3)",
        "ConstantLR(o, 2.0)",
        "LinearLR(o, 0)",
        "LinearLR(o, 0.5, 2.0)",
        "CyclicLR(o, [1], 2)",
        "CyclicLR(o, 0.1, 2, mode='x')",
        "CyclicLR(o, 0.1, 2)",
        "OneCycleLR(o, 0.1)",
        "OneCycleLR(o, 0.1, 0)",
        "OneCycleLR(o, 0.1, epochs=2, steps_per_epoch=1.5)",
        "OneCycleLR(o, 0.1, 5, pct_start=2.0)",
        "OneCycleLR(o, 0.1, 5, anneal_strategy='x')",
        "CosineAnnealingWarmRestarts(o, 0)",
        "CosineAnnealingWarmRestarts(o, 2, 0)",
        "ReduceLROnPlateau(o, 'x')",
        "ReduceLROnPlateau(o, factor=1.0)",
        "ReduceLROnPlateau(o, min_lr=[1])",
        "SequentialLR(o, [], [])",
        "SequentialLR(o, [s.StepLR(o, 1)], [3])",
        "SequentialLR(o, [s.ReduceLROnPlateau(o)], [])",
        "ChainedScheduler([])",
        "ChainedScheduler([3])",
    ],
)
def test_refusals(text):
    errors = []
    for t in (torch, tt):
        with pytest.raises(Exception) as error:  # noqa: PT011
            make(t, text, optimizer(t, "Adagrad"))
        errors.append(error)
    assert issubclass(errors[1].type, errors[0].type)
    words = str(errors[0].value)
    assert str(errors[1].value) in (words, f"{text.partition('(')[0]}: {words}")  # who was called, in front


def test_resuming_needs_the_initial_rates():
    with pytest.raises(KeyError, match="initial_lr"):
        tt.optim.lr_scheduler.StepLR(optimizer(tt), 3, last_epoch=4)


def test_warm_up_and_cosine():
    o = tt.optim.SGD([tt.nn.Parameter(tt.ones(1))], lr=1.0)
    schedule = tt.optim.lr_scheduler.WarmupCosineLR(o, warmup_steps=4, total_steps=14, min_lr=0.1)
    seen = []
    for _ in range(16):
        seen.append(schedule.get_last_lr()[0])
        o.step()
        schedule.step()
    assert seen[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert seen[9] == pytest.approx(0.55)
    assert seen[14:] == pytest.approx([0.1, 0.1])


def test_a_schedule_is_pickled_with_its_optimizer():
    o = optimizer(tt)
    schedule = tt.optim.lr_scheduler.CosineAnnealingLR(o, 9)
    o.step()
    schedule.step()
    again = pickle.loads(pickle.dumps(schedule))
    again.step()
    schedule.step()
    assert again.get_last_lr() == schedule.get_last_lr() and again.optimizer is not o


# ---------------------------------------------------------------- averages of weights


def averaged(t, **settings):
    swa = t.optim.swa_utils
    make_average = {
        "ema": swa.get_ema_avg_fn,
        "ema_multi": swa.get_ema_multi_avg_fn,
        "swa_multi": swa.get_swa_multi_avg_fn,
    }
    settings = {
        key: make_average[value]() if isinstance(value, str) else value for key, value in settings.items()
    }
    net = t.nn.Linear(2, 1)
    net.register_buffer("seen", t.zeros(1))
    t.nn.init.ones_(net.weight)
    model = swa.AveragedModel(net, **settings)
    for i in range(4):
        with t.no_grad():
            net.weight.mul_(i + 1.5)
            net.seen.add_(1)
        model.update_parameters(net)
    return [model.module.weight.detach().numpy(), model.module.seen.numpy(), model.n_averaged.numpy()], list(
        model.state_dict()
    )


@pytest.mark.parametrize(
    "settings",
    [
        {},
        dict(avg_fn="ema"),
        dict(multi_avg_fn="ema_multi"),
        dict(multi_avg_fn="swa_multi", use_buffers=True),
    ],
)
def test_averaged_models(settings):
    (mine, keys), (wanted, wanted_keys) = averaged(tt, **settings), averaged(torch, **settings)
    assert keys == wanted_keys
    for a, b in zip(mine, wanted):
        np.testing.assert_allclose(a, b, rtol=1e-6)


@pytest.mark.parametrize("strategy", ["cos", "linear"])
def test_swalr(strategy):
    rates = []
    for t in (tt, torch):
        o = optimizer(t)
        schedule, seen = t.optim.swa_utils.SWALR(o, [0.01, 0.3], 5, strategy), []
        for _ in range(9):
            o.step()
            schedule.step()
            seen += schedule.get_last_lr()
        rates.append(seen)
    np.testing.assert_allclose(*rates, rtol=1e-12)
