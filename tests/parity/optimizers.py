"""Optimizers and schedulers: the same small problem from the same start, step by step, and resumed from a state_dict."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from tests.parity.compare import difference, plain, quietly

STEPS = 20
# what a group of torch's holds about its own implementations, not about the algorithm
INNER = {"foreach", "capturable", "differentiable", "fused", "decoupled_weight_decay"}

OPTIMIZERS = """
SGD(params, lr=0.1)
SGD(params, 0.1)
SGD(params)
SGD(params, lr=0.1, momentum=0.9)
SGD(params, lr=0.1, momentum=0.9, nesterov=True)
SGD(params, lr=0.1, momentum=0.9, dampening=0.3)
SGD(params, lr=0.1, momentum=0.9, weight_decay=0.1)
SGD(params, lr=0.01, maximize=True)
SGD(params, lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
SGD(groups, lr=0.1)
SGD(groups, lr=0.1, momentum=0.9, weight_decay=0.01)
Adam(params)
Adam(params, lr=0.05)
Adam(params, lr=0.05, betas=(0.5, 0.999))
Adam(params, 0.05, (0.9, 0.99), 1e-4)
Adam(params, lr=0.05, weight_decay=0.1)
Adam(params, lr=0.05, amsgrad=True)
Adam(params, lr=0.05, maximize=True)
Adam(params, lr=0.05, eps=1e-3)
Adam(groups, lr=0.05, weight_decay=0.01)
AdamW(params)
AdamW(params, lr=0.05, weight_decay=0.3)
AdamW(params, lr=0.05, amsgrad=True, maximize=True)
AdamW(groups, lr=0.05, betas=(0.9, 0.95))
NAdam(params)
NAdam(params, lr=0.05, weight_decay=0.1, momentum_decay=0.01)
NAdam(params, lr=0.05, decoupled_weight_decay=True, weight_decay=0.1)
NAdam(params, lr=0.05, maximize=True)
RAdam(params)
RAdam(params, lr=0.05, weight_decay=0.1)
RAdam(params, lr=0.05, decoupled_weight_decay=True, weight_decay=0.1)
RMSprop(params)
RMSprop(params, lr=0.05, alpha=0.9)
RMSprop(params, lr=0.05, momentum=0.9)
RMSprop(params, lr=0.05, centered=True)
RMSprop(params, lr=0.05, centered=True, momentum=0.5, weight_decay=0.1, eps=1e-4)
RMSprop(params, lr=0.01, maximize=True)
Adagrad(params)
Adagrad(params, lr=0.1, lr_decay=0.1, weight_decay=0.1)
Adagrad(params, lr=0.1, initial_accumulator_value=0.5, eps=1e-4)
Adagrad(params, lr=0.1, maximize=True)
Adafactor(params)
Adafactor(params, lr=0.1, weight_decay=0.1, beta2_decay=-0.5)
Adafactor(params, lr=0.1, d=2.0, eps=(1e-6, 1e-2), maximize=True)
Adadelta(params)
Adadelta(params, lr=0.5, rho=0.8, eps=1e-4, weight_decay=0.1)
Adadelta(params, maximize=True)
Adamax(params)
Adamax(params, lr=0.05, betas=(0.8, 0.99), weight_decay=0.1)
Adamax(params, lr=0.05, maximize=True)
LBFGS(params)
LBFGS(params, lr=0.5, max_iter=5)
LBFGS(params, lr=1, max_iter=10, history_size=3, line_search_fn="strong_wolfe")
LBFGS(params, max_iter=4, tolerance_grad=1e-3, tolerance_change=1e-4)
Rprop(params)
SGD(net.parameters(), lr=0.1)
SGD([{"params": [w]}, {"params": b, "lr": 0.5}], lr=0.1)
SGD([w], lr=-1.0)
Adam(params, lr=-1.0)
Adam(params, betas=(1.5, 0.9))
SGD(params, lr=0.1, nesterov=True)
SGD([], lr=0.1)
SGD(w, lr=0.1)
SGD([w, w], lr=0.1)
SGD([w * 2], lr=0.1)
SGD([{"params": [w]}, {"params": [w]}], lr=0.1)
Adam(params, lr=0.05, foreach=False)
Adam(params, lr=0.05, fused=None, capturable=False)
""".strip().splitlines()


class Problem:
    """A small nonlinear regression in float64 with a matrix, a bias and a parameter that never gets a gradient."""

    def __init__(self, torch):
        self.torch = torch
        rng = np.random.default_rng(5)
        self.net = torch.nn.Linear(3, 2).double()
        with torch.no_grad():
            self.net.weight.copy_(torch.tensor(rng.standard_normal((2, 3))))
            self.net.bias.copy_(torch.tensor(rng.standard_normal(2)))
        self.idle = torch.nn.Parameter(torch.ones(2, dtype=torch.float64))
        self.x = torch.tensor(rng.standard_normal((6, 3)))
        self.y = torch.tensor(rng.standard_normal((6, 2)))

    def make(self, text: str):
        w, b = self.net.weight, self.net.bias
        groups = [{"params": [w], "weight_decay": 0.2}, {"params": [b, self.idle], "lr": 0.02}]
        scope = {"params": [w, b, self.idle], "groups": groups, "w": w, "b": b, "net": self.net}
        return eval(f"optim.{text}", {"optim": self.torch.optim, **scope})

    def loss(self):
        return ((self.net(self.x).tanh() - self.y) ** 2).mean()

    def step(self, optimizer):
        def closure():
            optimizer.zero_grad()
            loss = self.loss()
            loss.backward()
            return loss

        if type(optimizer).__name__ == "LBFGS":
            return optimizer.step(closure)
        closure()
        return optimizer.step()

    def parameters(self):
        return [p.detach().clone() for p in (self.net.weight, self.net.bias, self.idle)]


def path(torch, text: str, resume: bool):
    """The parameters after each step; with `resume`, the optimizer is rebuilt from its state_dict half way."""
    problem = Problem(torch)
    optimizer = problem.make(text)
    seen = []
    # a line search near a minimum magnifies rounding to any size
    steps = 2 if "strong_wolfe" in text else STEPS
    for step in range(steps):
        if resume and step == steps // 2:
            state = optimizer.state_dict()
            optimizer = problem.make(text)
            optimizer.load_state_dict(state)
        returned = problem.step(optimizer)
        seen.append((problem.parameters(), returned is None or float(returned)))
    return plain(seen)


def shape_of_state(torch, text: str):
    """The keys of the state_dict, and the groups' settings but for torch's own machinery."""
    problem = Problem(torch)
    optimizer = problem.make(text)
    problem.step(optimizer)
    state = optimizer.state_dict()
    groups = [{k: v for k, v in group.items() if k not in INNER} for group in state["param_groups"]]
    keys = {index: sorted(entry) for index, entry in state["state"].items()}
    return plain([sorted(state), [sorted(g.items(), key=str) for g in groups], keys])


def check_optimizer(torch, ours, text: str) -> Iterator[str]:
    for what, way in (
        ("steps", partial(path, resume=False)),
        ("resumed", partial(path, resume=True)),
        ("state_dict", shape_of_state),
    ):
        want, got = quietly(way, torch, text), quietly(way, ours, text)
        message = difference(want, got, loose=500 if "LBFGS" in text else 3)
        if message:
            yield f"{what}: {message}"


SCHEDULERS = """
LambdaLR(opt, lambda epoch: 0.95**epoch)
LambdaLR(opt, lr_lambda=[lambda e: 1 / (e + 1), lambda e: min(1.0, e / 10)])
LambdaLR(opt, lr_lambda=lambda step: min((step + 1) ** -0.5, (step + 1) * 10**-1.5))
MultiplicativeLR(opt, lr_lambda=lambda epoch: 0.95)
StepLR(opt, 10)
StepLR(opt, step_size=7, gamma=0.5)
MultiStepLR(opt, [10, 20, 20, 35])
MultiStepLR(opt, milestones=[5], gamma=0.3)
ConstantLR(opt)
ConstantLR(opt, factor=0.5, total_iters=8)
LinearLR(opt)
LinearLR(opt, start_factor=0.1, end_factor=0.8, total_iters=10)
ExponentialLR(opt, 0.9)
ExponentialLR(opt, gamma=0.99)
PolynomialLR(opt)
PolynomialLR(opt, total_iters=20, power=2.0)
CosineAnnealingLR(opt, 10)
CosineAnnealingLR(opt, T_max=50, eta_min=0.001)
CosineAnnealingWarmRestarts(opt, 10)
CosineAnnealingWarmRestarts(opt, T_0=5, T_mult=2, eta_min=0.001)
CyclicLR(opt, 0.01, 0.1)
CyclicLR(opt, base_lr=0.01, max_lr=0.1, step_size_up=5, step_size_down=8)
CyclicLR(opt, [0.01, 0.02], [0.1, 0.2], step_size_up=5, mode="triangular2")
CyclicLR(opt, 0.01, 0.1, step_size_up=5, mode="exp_range", gamma=0.97)
CyclicLR(opt, 0.01, 0.1, step_size_up=5, scale_fn=lambda x: 0.5, scale_mode="iterations", cycle_momentum=False)
OneCycleLR(opt, 0.1, 60)
OneCycleLR(opt, max_lr=0.1, total_steps=60, pct_start=0.1, anneal_strategy="linear")
OneCycleLR(opt, max_lr=[0.1, 0.5], epochs=6, steps_per_epoch=10, div_factor=10, final_div_factor=100)
OneCycleLR(opt, max_lr=0.1, total_steps=60, three_phase=True)
OneCycleLR(opt, max_lr=0.1, total_steps=60, cycle_momentum=False)
OneCycleLR(opt, max_lr=0.1, total_steps=20)
SequentialLR(opt, [sched.ConstantLR(opt, 0.1, 5), sched.ExponentialLR(opt, 0.9)], [5])
SequentialLR(opt, schedulers=[sched.LinearLR(opt, 0.1, total_iters=5), sched.CosineAnnealingLR(opt, 20)], milestones=[5])
SequentialLR(opt, [sched.LinearLR(opt), sched.StepLR(opt, 5), sched.ExponentialLR(opt, 0.9)], [4, 20])
ChainedScheduler([sched.ConstantLR(opt, 0.1, 5), sched.ExponentialLR(opt, 0.9)])
ChainedScheduler([sched.LinearLR(opt), sched.StepLR(opt, 10, 0.5)], optimizer=opt)
CosineAnnealingLR(opt, T_max=10, last_epoch=-1)
StepLR(opt, 10, last_epoch=5)
OneCycleLR(opt, max_lr=0.1)
LambdaLR(opt, [lambda e: 1.0])
StepLR(None, 3)
""".strip().splitlines()

PLATEAUS = """
ReduceLROnPlateau(opt)
ReduceLROnPlateau(opt, "min", patience=2)
ReduceLROnPlateau(opt, mode="max", factor=0.5, patience=1)
ReduceLROnPlateau(opt, patience=1, threshold=0.1, threshold_mode="abs", cooldown=2, min_lr=0.001)
ReduceLROnPlateau(opt, patience=0, min_lr=[0.01, 0.002], eps=1e-3)
ReduceLROnPlateau(opt, mode="wrong")
ReduceLROnPlateau(opt, factor=1.5)
""".strip().splitlines()


def optimizer_of(torch):
    w, b = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(1))
    w.grad, b.grad = torch.zeros(2), torch.zeros(1)
    extra = {"lr": 0.02, "initial_lr": 0.02}
    groups = [{"params": [w], "initial_lr": 0.1}, {"params": [b], **extra}]
    return torch.optim.SGD(groups, lr=0.1, momentum=0.9)


def schedule(torch, text: str):
    sched = torch.optim.lr_scheduler
    opt = optimizer_of(torch)
    return opt, eval(text, {"sched": sched, "opt": opt, **vars(sched)})


def rates(torch, text: str, resume: bool, plateau: bool):
    """Learning rates and momenta of both groups over 50 steps, and get_last_lr's answer."""
    opt, scheduler = schedule(torch, text)
    seen = []
    for step in range(50):
        if resume and step == 17:
            saved, held = scheduler.state_dict(), opt.state_dict()
            opt, scheduler = schedule(torch, text)
            opt.load_state_dict(held)
            scheduler.load_state_dict(saved)
        seen.append([(g["lr"], g["momentum"]) for g in opt.param_groups])
        opt.step()
        scheduler.step(*[[1.0 / (1 + step // 4)] if plateau else []][0])
        seen.append(list(scheduler.get_last_lr()))
    return plain(seen)


def check_scheduler(torch, ours, text: str) -> Iterator[str]:
    plateau = "Plateau" in text
    for what, resume in (("steps", False), ("resumed", True)):
        want = quietly(rates, torch, text, resume, plateau)
        got = quietly(rates, ours, text, resume, plateau)
        message = difference(want, got)
        if message:
            yield f"{what}: {message}"


OPTIMIZER_CASES = {text: text for text in OPTIMIZERS}
SCHEDULER_CASES = {text: text for text in SCHEDULERS + PLATEAUS}
