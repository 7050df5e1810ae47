"""The checks of 05_optimizers. Each docstring is what the student reads; docs/lesson-format.md says how they are written."""

import itertools
import warnings

import numpy as np

import tinytorch as tt
from tinytorch import nn, optim
from tinytorch.nn import functional as F
from tinytorch.optim.adam import adam_step
from tinytorch.optim.optimizer import required
from tinytorch.optim.sgd import sgd_step
from tito.checking import (
    array_of,
    arrays,
    check,
    expect,
    expect_close,
    expect_equal,
    expect_raises,
    lent,
    rng,
    tensor,
)

DOWN, MOMENTUM, ADAM = "One step down", "Momentum", "Adam"


def parameter(values, grad=None):
    p = tensor(values, requires_grad=True)
    if grad is not None:
        p.grad = tensor(grad)
    return p


class Plain(optim.Optimizer):
    """p - lr * g and nothing else, and a note of each call: the part that is given to check the part that is not."""

    def __init__(self, params, lr=required, kind="plain", maximize=False):
        self.calls = []
        super().__init__(params, {"lr": lr, "kind": kind, "maximize": maximize})

    def update(self, p, g, state, group):
        self.calls.append((p, g, state, group))
        p -= group["lr"] * g


class Counting(Plain):
    """Remembers how often it has seen a parameter."""

    def init_state(self, p, group):
        return {"made_for": p, "seen": 0}

    def update(self, p, g, state, group):
        state["seen"] += 1
        super().update(p, g, state, group)


# ---------------------------------------------------------------- groups


@check(of="Optimizer.add_param_group", section=DOWN)
def test_groups_have_settings():
    """A group's own settings count, the defaults fill in what it does not bring."""
    a, b, c = (parameter([1.0]) for _ in range(3))
    mine = {"params": [b], "lr": 0.5, "extra": 7}
    opt = Plain([{"params": a}, mine], lr=0.1)
    expect_equal([g["lr"] for g in opt.param_groups], [0.1, 0.5], "the learning rates of the groups")
    expect_equal([g["kind"] for g in opt.param_groups], ["plain", "plain"], "a setting that no group brings")
    expect(opt.param_groups[0]["params"][0] is a, "a single tensor becomes a list of one")
    expect(
        opt.param_groups[1] is mine and mine["extra"] == 7,
        "the group is the dict that was given, with all it holds",
    )
    opt.add_param_group({"params": iter([c]), "kind": "late"})
    expect_equal(
        (len(opt.param_groups), opt.param_groups[2]["kind"]), (3, "late"), "a group that is added later"
    )
    named = Plain([("weight", a), ("bias", b)], lr=0.1).param_groups[0]
    expect_equal(named["param_names"], ["weight", "bias"], "the names of named parameters")
    expect(named["params"][1] is b, "the parameters beside their names")
    expect_equal(
        Plain([{"params": [a], "lr": 0.3}]).param_groups[0]["lr"],
        0.3,
        "a required setting that the group brings",
    )


@check(of="Optimizer.add_param_group", needs="groups_have_settings", section=DOWN)
def test_groups_that_are_refused():
    """What is no dict, no tensor, no leaf, lacks a required setting, or is in another group already."""
    a, b = parameter([1.0]), parameter([2.0])
    opt = Plain([a], lr=0.1)
    add = opt.add_param_group
    expect_raises(TypeError, lambda: add([b]), ["param_group must be a dict", "list"], "a list for a group")
    expect_raises(
        TypeError,
        lambda: add({"params": [3]}),
        ["can only optimize Tensors", "int"],
        "a number for a parameter",
    )
    expect_raises(
        ValueError, lambda: add({"params": [b * 2]}), "non-leaf", "the result of an op for a parameter"
    )
    expect_raises(
        ValueError,
        lambda: Plain([{"params": [b]}]),
        ["didn't specify", "lr"],
        "a group without its learning rate",
    )
    expect_raises(
        ValueError,
        lambda: add({"params": [a]}),
        "more than one parameter group",
        "a parameter of another group",
    )
    expect_equal(len(opt.param_groups), 1, "the number of groups after all refusals")
    kept = b * 2
    kept.retain_grad()
    add({"params": [kept]})
    expect_equal(
        len(opt.param_groups), 2, "the number of groups with an inner result that retains its gradient"
    )


# ---------------------------------------------------------------- the step


@check(of=["Optimizer.step", "Optimizer._step_one"], needs="groups_have_settings", section=DOWN)
def test_a_step():
    """p = 1, g = 2, lr = 0.1: 0.8. Each group with its own rate, parameters without a gradient left alone."""
    a, b, c = parameter([1.0, 5.0], [2.0, 0.0]), parameter([3.0], [1.0]), parameter([7.0])
    memory, grad = a.array, a.grad
    opt = Plain([{"params": [a, c]}, {"params": [b], "lr": 1.0}], lr=0.1)
    expect(opt.step() is None, "a step without a closure returns None")
    expect_close(a.detach(), [0.8, 5.0], "1 and 5 after a step of 0.1 with the gradients 2 and 0")
    expect_close(b.detach(), [2.0], "3 after a step of 1.0 with the gradient 1")
    expect_close(c.detach(), [7.0], "a parameter without a gradient")
    expect_equal(len(opt.calls), 2, "the number of updates")
    expect(a.array is memory and a.grad is grad, "parameter and gradient keep their memory")
    expect_close(a.grad, [2.0, 0.0], "the gradient after the step")
    expect_equal((a.requires_grad, a.is_leaf), (True, True), "requires_grad and is_leaf after the step")
    expect_equal(dict(opt.state), {}, "the state of a rule that remembers nothing")
    opt = Plain([parameter([1.0], [2.0])], lr=0.5, maximize=True)
    opt.step()
    expect_close(
        opt.param_groups[0]["params"][0].detach(), [2.0], "1 after a step of 0.5 uphill with the gradient 2"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        huge = parameter(np.float32([3e38, 1.0]), np.float32([-3e38, 0.0]))
        Plain([huge], lr=1.0).step()
    expect_close(huge.detach(), [np.inf, 1.0], "a step that overflows")


@check(of="Optimizer.step", needs="a_step", section=DOWN)
def test_a_step_with_a_closure():
    """The closure computes loss and gradients before the step, with gradients on; step returns the loss."""
    p = parameter([3.0])
    opt = Plain([p], lr=0.1)

    def closure():
        opt.param_groups[0]["params"][0].grad = None
        loss = (p * p).sum()
        loss.backward()
        return loss

    expect_close(opt.step(closure).detach(), 9.0, "the loss that step returns")
    expect_close(p.detach(), [2.4], "3 after a step of 0.1 down p²")
    with tt.no_grad():
        expect_close(opt.step(closure).detach(), 5.76, "the loss of a step within no_grad", rtol=1e-5)
    expect_equal((p * 1.0).requires_grad, True, "whether ops are recorded after a step")


@check(of="Optimizer._step_one", needs="a_step", section=DOWN)
def test_what_a_rule_remembers():
    """The state is made at a parameter's first step and kept; complex numbers are pairs of real ones."""
    a, b = parameter([1.0], [1.0]), parameter([1.0])
    opt = Counting([a, b], lr=0.1)
    opt.step()
    opt.step()
    expect(
        list(opt.state) == [a],
        "only parameters that took a step have a state",
        got=f"{len(opt.state)} states",
    )
    expect(opt.state[a]["made_for"] is a, "init_state gets the parameter")
    expect_equal(opt.state[a]["seen"], 2, "what the state counted over two steps")
    expect(opt.calls[0][3] is opt.param_groups[0], "update gets the group")
    z = parameter(np.array([1.0 + 2.0j]), np.array([10.0 + 20.0j]))
    opt = Plain([z], lr=0.1)
    opt.step()
    expect_close(z.detach(), [0.0 + 0.0j], "1 + 2i after a step of 0.1 with the gradient 10 + 20i")
    expect_close(opt.calls[0][0].shape, [2], "the shape of a complex number in an update")
    expect_close(opt.calls[0][1], [10.0, 20.0], "its gradient in an update")
    y = (a * a).sum()
    opt = Plain([a], lr=0.1)
    opt.step()
    expect_raises(
        RuntimeError,
        y.backward,
        "modified by an inplace operation",
        "a backward pass that needs the value before the step",
    )


@check(of="Optimizer.zero_grad", needs="groups_have_settings", section=DOWN)
def test_zero_grad():
    """All gradients are forgotten, in all groups; with set_to_none=False they become 0 in their memory."""
    a, b, c = parameter([1.0], [2.0]), parameter([1.0, 1.0], [3.0, 4.0]), parameter([1.0])
    opt = Plain([{"params": [a, c]}, {"params": [b]}], lr=0.1)
    first, second = a.grad.array, b.grad.array
    opt.zero_grad(set_to_none=False)
    expect_close(a.grad, [0.0], "the gradient of the first group with set_to_none=False")
    expect_close(b.grad, [0.0, 0.0], "the gradient of the second group with set_to_none=False")
    expect(
        a.grad.array is first and b.grad.array is second,
        "with set_to_none=False the gradients keep their memory",
    )
    expect(c.grad is None, "a gradient that was None stays None")
    y = (a * a).sum()
    (a.grad,) = tt.autograd.grad(y, a, create_graph=True)
    opt.zero_grad(set_to_none=False)
    expect_equal(a.grad.requires_grad, False, "whether a zeroed gradient has a history")
    opt.zero_grad()
    expect(a.grad is None and b.grad is None and c.grad is None, "zero_grad() leaves no gradient")


# ---------------------------------------------------------------- sgd


def np_sgd(p, gradients, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
    b = None
    for g in gradients:
        g = g + weight_decay * p
        if momentum:
            b = g if b is None else momentum * b + (1 - dampening) * g
            g = g + momentum * b if nesterov else b
        p = p - lr * g
    return p


@check(of="sgd_step", section=MOMENTUM)
def test_momentum_by_hand():
    """Momentum 0.9, g = 2, lr = 0.1: the buffer is 2, 3.8, 5.42 and p is 0.8, 0.42, -0.122; Nesterov's first p is 0.62."""
    p, g, buffer = lent(np.array([1.0])), lent(np.array([2.0])), lent(np.array([0.0]))
    for step, b in ((0.8, 2.0), (0.42, 3.8), (-0.122, 5.42)):
        sgd_step.reference(p, g, buffer, 0.1, 0.9, 0, 0.0, False)
        expect_close(p, [step], "p")
        expect_close(buffer, [b], "the buffer")
    p, buffer = lent(np.array([1.0])), lent(np.array([0.0]))
    sgd_step.reference(p, g, buffer, 0.1, 0.9, 0, 0.0, True)
    expect_close(p, [0.62], "p after a step with nesterov=True")
    p = lent(np.array([1.0]))
    sgd_step.reference(p, g, None, 0.1, 0, 0, 0.5, False)
    expect_close(p, [0.75], "1 after a step with the gradient 2 and weight_decay 0.5")
    expect_close(g, [2.0], "the gradient, which must not be written to")


@check(of=["sgd_step", "SGD.update"], needs=["momentum_by_hand", "a_step"], section=MOMENTUM)
def test_sgd_with_every_setting():
    """Five steps with random gradients agree with the formula, for every combination of the settings."""
    start, *gradients = arrays(*[(3, 2)] * 6, seed=1)
    for momentum, decay, (nesterov, dampening) in itertools.product(
        (0.0, 0.9), (0.0, 0.1), ((False, 0.0), (False, 0.4), (True, 0.0))
    ):
        if nesterov and not momentum:
            continue
        settings = dict(lr=0.1, momentum=momentum, dampening=dampening, weight_decay=decay, nesterov=nesterov)
        p = parameter(start)
        opt = optim.SGD([p], **settings)
        for g in gradients:
            p.grad = tensor(g)
            opt.step()
            expect_close(p.grad, g, "the gradient after a step, which must not be written to")
        expect_close(
            p.detach(), np_sgd(start, gradients, **settings), f"five steps with {settings}", dtype="float64"
        )
        has = p in opt.state and opt.state[p].get("momentum_buffer") is not None
        expect_equal(has, bool(momentum), f"whether there is a momentum_buffer for momentum={momentum}")
    p = parameter(np.float32([1.0]), np.float32([2.0]))
    opt = optim.SGD([p], lr=tt.tensor(0.1), momentum=0.9, dampening=0.5)
    opt.step()
    expect_close(p.detach(), [0.8], "a first step with dampening: the gradient counts whole", dtype="float32")
    expect_close(opt.state[p]["momentum_buffer"], [2.0], "the buffer after it", dtype="float32")
    expect(isinstance(opt.state[p]["momentum_buffer"], tt.Tensor), "the buffer is a Tensor")


@check(of="SGD.update", needs="sgd_with_every_setting", section=MOMENTUM)
def test_sgd_goes_on_where_it_stopped():
    """A state_dict carries the momentum over to another optimizer."""
    start, *gradients = arrays(*[(4,)] * 5, seed=2)
    p, q = parameter(start), parameter(start)
    one, other = (optim.SGD([x], lr=0.1, momentum=0.9) for x in (p, q))
    for g in gradients[:2]:
        p.grad = tensor(g)
        one.step()
    with tt.no_grad():
        q.copy_(p)
    other.load_state_dict(one.state_dict())
    for g in gradients[2:]:
        q.grad = tensor(g)
        other.step()
    expect_close(q.detach(), np_sgd(start, gradients, 0.1, 0.9), "two steps in one optimizer, two in another")


# ---------------------------------------------------------------- adam


def np_adam(p, gradients, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, amsgrad=False, decoupled=False):
    m, v, top = np.zeros_like(p), np.zeros_like(p), np.zeros_like(p)
    for t, g in enumerate(gradients, 1):
        if decoupled:
            p = p - lr * weight_decay * p
        else:
            g = g + weight_decay * p
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        top = np.maximum(top, v)
        size = np.sqrt((top if amsgrad else v) / (1 - betas[1] ** t)) + eps
        p = p - lr * m / (1 - betas[0] ** t) / size
    return p


@check(of="adam_step", section=ADAM)
def test_adam_by_hand():
    """With g = 2 and with g = -0.002 the first step is lr; m is 0.2 and v 0.004 after it."""
    p, g, m, v = map(lent, (np.array([1.0, 1.0]), np.array([2.0, -0.002]), np.zeros(2), np.zeros(2)))
    adam_step.reference(p, g, m, v, None, 1, 0.1, 0.9, 0.999, 1e-8, 0.0, False)
    expect_close(p, [0.9, 1.1], "p after one step", rtol=1e-4)
    expect_close(m, [0.2, -0.0002], "m, without the correction")
    expect_close(v, [0.004, 4e-9], "v, without the correction", atol=1e-12)
    expect_close(g, [2.0, -0.002], "the gradient, which must not be written to")
    p, g, m, v = map(lent, (np.array([5.0]), np.array([0.0]), np.zeros(1), np.zeros(1)))
    adam_step.reference(p, g, m, v, None, 1, 0.1, 0.9, 0.999, 1e-8, 0.01, True)
    expect_close(p, [4.995], "5 with lr 0.1, decoupled weight_decay 0.01 and no gradient")
    expect_close(m, [0.0], "m with decoupled weight decay and no gradient")


@check(of=["adam_step", "Adam.init_state"], needs=["adam_by_hand", "a_step"], section=ADAM)
def test_adam_with_every_setting():
    """Five steps with random gradients agree with the formula: betas, eps, amsgrad, weight decay of both kinds."""
    start, *gradients = arrays(*[(3, 2)] * 6, seed=3)
    gradients[1] *= 10  # v falls afterwards, so that amsgrad makes a difference
    for amsgrad, decay, kind, betas, eps in itertools.product(
        (False, True), (0.0, 0.1), (optim.Adam, optim.AdamW), ((0.9, 0.999), (0.5, 0.7)), (1e-8, 0.1)
    ):
        p = parameter(start)
        settings = dict(lr=0.1, betas=betas, eps=eps, weight_decay=decay, amsgrad=amsgrad)
        opt = kind([p], **settings)
        for g in gradients:
            p.grad = tensor(g)
            opt.step()
            expect_close(p.grad, g, "the gradient after a step, which must not be written to")
        answer = np_adam(start, gradients, **settings, decoupled=kind is optim.AdamW)
        expect_close(p.detach(), answer, f"five steps of {kind.__name__} with {settings}", dtype="float64")


@check(of="Adam.init_state", needs="a_step", section=ADAM)
def test_what_adam_remembers():
    """Two zeros like the parameter and the step 0; with amsgrad a third."""
    for dtype in (np.float32, np.float64):
        p = parameter(np.ones((2, 3), dtype), np.ones((2, 3), dtype))
        for amsgrad in (False, True):
            opt = optim.Adam([p], amsgrad=amsgrad)
            state = opt.init_state(p, opt.param_groups[0])
            names = ["exp_avg", "exp_avg_sq", *["max_exp_avg_sq"] * amsgrad]
            expect_equal(sorted(state), sorted(["step", *names]), f"the names with amsgrad={amsgrad}")
            for name in names:
                expect_close(state[name], np.zeros((2, 3)), name, dtype=dtype)
            expect_close(state["step"], 0.0, "step")
            opt.step()
            opt.step()
            expect_close(opt.state[p]["step"], 2.0, "step after two steps")


# ---------------------------------------------------------------- the checkpoint


def spirals(n=60):
    """Three arms of a spiral, n points each."""
    generator = rng(0)
    labels = np.repeat(np.arange(3), n)
    radius = np.tile(np.linspace(0.1, 1, n), 3)
    angle = labels * 2 * np.pi / 3 + 4 * radius + generator.normal(size=3 * n) * 0.1
    return tensor(np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).astype(np.float32)), tensor(
        labels
    )


@check(
    of=["Optimizer.step", "Optimizer.zero_grad", "sgd_step", "SGD.update", "adam_step", "Adam.init_state"],
    needs=["zero_grad", "sgd_with_every_setting", "adam_with_every_setting"],
    section="Why it matters",
)
def test_spirals():
    """Three arms of a spiral: with momentum and with AdamW 300 steps get over 95 percent right."""
    x, t = spirals()
    for name, make in {
        "SGD with momentum": lambda ps: optim.SGD(ps, lr=0.3, momentum=0.9, nesterov=True),
        "AdamW": lambda ps: optim.AdamW(ps, lr=0.02),
    }.items():
        tt.manual_seed(0)
        net = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 3))
        opt = make(net.parameters())
        for _ in range(300):
            opt.zero_grad()
            F.cross_entropy(net(x), t).backward()
            opt.step()
        right = float(np.mean(array_of(net(x).detach()).argmax(1) == array_of(t)))
        expect(
            right > 0.95,
            f"{name} gets too few of the spirals' points right",
            expected="over 0.95",
            got=f"{right:.3f}",
        )
