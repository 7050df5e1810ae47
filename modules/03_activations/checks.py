"""The checks of 03_activations. Each docstring is what the student reads; docs/lesson-format.md says how they are written."""

import warnings

import numpy as np

import tinytorch as tt
from tinytorch.nn import functional as F
from tito.checking import (
    array_of,
    arrays,
    check,
    expect,
    expect_close,
    expect_gradient,
    expect_raises,
    rng,
    tensor,
)

BEND, SMOOTH, PROBABILITIES = "The bend", "A smooth bend", "Scores as probabilities"
LOGS, NUMBERS, CLASSES, BITS = (
    "Logarithms of probabilities",
    "How wrong: numbers",
    "How wrong: classes",
    "How wrong: yes or no",
)


def np_softmax(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def np_erf(x):
    from math import erf

    return np.vectorize(erf)(x)


# ---------------------------------------------------------------- relu


@check(of="relu_op", section=BEND)
def test_relu_cuts_off_what_is_negative():
    """relu keeps positive numbers and makes negative ones 0, in the dtype that came in."""
    expect_close(
        F.relu(tt.tensor([-2.0, -0.5, 0.0, 3.0])),
        [0.0, 0.0, 0.0, 3.0],
        "relu of -2, -0.5, 0, 3",
        dtype="float32",
    )
    expect_close(F.relu(tt.tensor([-2, 5])), [0, 5], "relu of the integers -2, 5", dtype="int64")
    for shape in ((), (0, 3), (4, 1, 2)):
        (x,) = arrays(shape)
        expect_close(F.relu(tensor(x)), np.where(x > 0, x, 0), f"relu of shape {shape}")
    expect_close(
        F.relu(tt.tensor([float("nan"), float("inf"), -float("inf")])),
        [np.nan, np.inf, 0],
        "relu of nan, inf, -inf",
    )


@check(of="relu_op", section=BEND)
def test_relu_refuses_booleans():
    """relu of a bool tensor is an error that says so."""
    expect_raises(
        (ValueError, RuntimeError),
        lambda: F.relu(tt.tensor([True, False])),
        "Boolean inputs not supported for relu",
        "relu of booleans",
    )


@check(of="relu_gradient", needs="relu_cuts_off_what_is_negative", section=BEND)
def test_relu_gradient():
    """The gradient of relu passes where the input was positive and stops elsewhere, at 0 too."""
    x = tt.tensor([-2.0, -0.5, 0.0, 3.0], requires_grad=True)
    F.relu(x).backward(tt.tensor([10.0, 20.0, 30.0, 40.0]))
    expect_close(x.grad, [0.0, 0.0, 0.0, 40.0], "the gradient for g = 10, 20, 30, 40")
    x = tt.tensor([-1.0, 1.0], requires_grad=True)
    F.relu(x).backward(tt.tensor([float("inf"), 1.0]))
    expect_close(x.grad, [0.0, 1.0], "the gradient where g is infinite and x negative")
    expect_gradient(F.relu, *arrays((3, 4), seed=3))


# ---------------------------------------------------------------- gelu


@check(of="gelu_formula", section=SMOOTH)
def test_gelu_formula():
    """gelu is x times the probability that a normal number is below x; the tanh form is GPT-2's."""
    from tinytorch.nn.functional.activation import gelu_formula

    x = np.linspace(-5, 5, 41)
    exact = 0.5 * x * (1 + np_erf(x / np.sqrt(2)))
    approximate = 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    expect_close(gelu_formula(tensor(x)), exact, "the exact formula", rtol=1e-6, atol=1e-9)
    expect_close(gelu_formula(tensor(x), "tanh"), approximate, "the tanh formula", rtol=1e-6, atol=1e-9)
    expect_close(F.gelu(tt.tensor([1.0, -1.0, 0.0])), [0.841345, -0.158655, 0.0], "gelu of 1, -1, 0")
    expect_close(F.gelu(tensor(x), approximate="tanh"), approximate, "F.gelu(x, approximate='tanh')")


@check(of="gelu_formula", needs="gelu_formula", section=SMOOTH)
def test_gelu_formula_has_a_gradient():
    """The formula is made of ops, so a gradient flows through it, and its slope too has one."""
    from tinytorch.nn.functional.activation import gelu_formula

    (x,) = arrays((7,), seed=2)
    for kind in ("none", "tanh"):
        expect_gradient(
            lambda t, kind=kind: gelu_formula(t, kind), x, what=f"the gradient of gelu, approximate={kind!r}"
        )


# ---------------------------------------------------------------- softmax


@check(of="softmax_op", section=PROBABILITIES)
def test_softmax_by_hand():
    """softmax of 1, 2, 3 is 0.090, 0.245, 0.665."""
    expect_close(
        F.softmax(tt.tensor([1.0, 2.0, 3.0]), 0),
        [0.09003057, 0.24472847, 0.66524096],
        "softmax of 1, 2, 3",
        dtype="float32",
    )


@check(of="softmax_op", needs="softmax_by_hand", section=PROBABILITIES)
def test_softmax_along_each_dim():
    """Along whichever dim, the probabilities sum to 1 and agree with the formula."""
    (x,) = arrays((2, 3, 4), seed=1)
    for dim in (0, 1, 2, -1):
        p = F.softmax(tensor(x), dim)
        expect_close(array_of(p).sum(dim), np.ones(np.delete(x.shape, dim)), f"the sums along dim {dim}")
        expect_close(p, np_softmax(x, dim), f"softmax along dim {dim}", dtype="float64")
    expect_close(F.softmax(tt.zeros(0, 3), 1), np.zeros((0, 3)), "softmax of no rows")


@check(of="softmax_op", needs="softmax_by_hand", section=PROBABILITIES)
def test_softmax_of_large_scores():
    """Scores of a thousand, or minus a thousand, give probabilities and not NaN."""
    for shift in (1000.0, -1000.0):
        expect_close(
            F.softmax(tt.tensor([[1.0, 2.0, 3.0]]) + shift, 1),
            [[0.090031, 0.244728, 0.665241]],
            f"softmax of 1, 2, 3 plus {shift}",
            atol=1e-4,
        )
    expect_close(F.softmax(tt.tensor([0.0, 5000.0]), 0), [0.0, 1.0], "softmax of 0, 5000")
    half = F.softmax(tt.tensor([1.0, 2.0, 3.0], dtype=tt.float16), 0)
    expect_close(
        half, [0.09003, 0.24473, 0.66524], "softmax of half precision", rtol=1e-3, atol=1e-3, dtype="float16"
    )
    many = F.softmax(tt.zeros(1, 70000, dtype=tt.float16) + 1, 1)
    expect_close(
        array_of(many).astype(float).sum(), 1.0, "the sum of 70,000 probabilities in half precision", rtol=0.1
    )


@check(of="softmax_op.vjps", needs="softmax_along_each_dim", section=PROBABILITIES)
def test_softmax_gradient():
    """The gradient is p * (g - the mean of g under p): (0.25, -0.25) for p = (0.5, 0.5), g = (1, 0)."""
    x = tt.tensor([0.0, 0.0], requires_grad=True)
    F.softmax(x, 0).backward(tt.tensor([1.0, 0.0]))
    expect_close(x.grad, [0.25, -0.25], "the gradient for p = (0.5, 0.5), g = (1, 0)")
    (x,) = arrays((2, 3, 4), seed=4)
    for dim in (0, 1, 2):
        expect_gradient(
            lambda t, dim=dim: F.softmax(t, dim),
            x,
            reference=lambda a, dim=dim: np_softmax(a, dim),
            what=f"the gradient along dim {dim}",
        )


@check(of="softmax_op.vjps", needs="softmax_gradient", section=PROBABILITIES)
def test_softmax_second_gradient():
    """The rule is written with ops, so the gradient has a gradient."""
    second_order(lambda t: F.softmax(t, 0), np.array([0.3, -0.2, 0.9]))


def second_order(f, x):
    """d/dx of sum(c * grad) against finite differences of the first gradient."""
    weights, g = np.array([1.0, -2.0, 0.5]), tt.tensor([0.7, 0.1, -1.3], dtype=tt.float64)

    def first(array):
        t = tensor(array, requires_grad=True)
        (grad,) = tt.autograd.grad(f(t), t, g, create_graph=True)
        return t, grad

    t, grad = first(x)
    (second,) = tt.autograd.grad((grad * tensor(weights)).sum(), t)
    numeric = np.zeros_like(x)
    for i in range(len(x)):
        ends = [
            np.sum(weights * array_of(first(x + step * np.eye(len(x))[i])[1].detach()))
            for step in (1e-6, -1e-6)
        ]
        numeric[i] = (ends[0] - ends[1]) / 2e-6
    expect_close(second, numeric, "the gradient of the gradient", rtol=1e-4)


# ---------------------------------------------------------------- log_softmax


@check(of="log_softmax_op", section=LOGS)
def test_log_softmax():
    """log_softmax is the log of the softmax, along any dim."""
    (x,) = arrays((2, 3, 4), seed=5)
    for dim in (0, 1, 2, -1):
        expect_close(
            F.log_softmax(tensor(x), dim),
            np.log(np_softmax(x, dim)),
            f"log_softmax along dim {dim}",
            dtype="float64",
        )
    expect_close(F.log_softmax(tt.zeros(0, 3), 1), np.zeros((0, 3)), "log_softmax of no rows")


@check(of="log_softmax_op", needs="log_softmax", section=LOGS)
def test_log_softmax_of_large_scores():
    """Where the softmax has rounded to 0 the log is still right: -200, not minus infinity."""
    expect_close(F.log_softmax(tt.tensor([0.0, 200.0]), 0), [-200.0, 0.0], "log_softmax of 0, 200")
    expect_close(
        F.log_softmax(tt.tensor([1000.0, 1000.0]), 0),
        [-0.693147, -0.693147],
        "log_softmax of 1000, 1000",
        dtype="float32",
    )
    expect_close(
        F.log_softmax(tt.tensor([-1000.0, -1000.0]), 0), [-0.693147, -0.693147], "log_softmax of -1000, -1000"
    )
    many = F.log_softmax(tt.zeros(1, 70000, dtype=tt.float16) + 1, 1)
    expect_close(
        many[0, :2],
        np.log([1 / 70000] * 2),
        "log_softmax of 70,000 half-precision scores",
        rtol=1e-2,
        dtype="float16",
    )


@check(of="log_softmax_op.vjps", needs="log_softmax", section=LOGS)
def test_log_softmax_gradient():
    """The gradient is g minus the probabilities times the sum of g."""
    x = tt.tensor([0.0, 0.0], requires_grad=True)
    F.log_softmax(x, 0).backward(tt.tensor([1.0, 0.0]))
    expect_close(x.grad, [0.5, -0.5], "the gradient for p = (0.5, 0.5), g = (1, 0)")
    (x,) = arrays((2, 3, 4), seed=6)
    for dim in (0, 1, 2):
        expect_gradient(
            lambda t, dim=dim: F.log_softmax(t, dim),
            x,
            reference=lambda a, dim=dim: np.log(np_softmax(a, dim)),
            what=f"the gradient along dim {dim}",
        )


@check(of="log_softmax_op.vjps", needs="log_softmax_gradient", section=LOGS)
def test_log_softmax_second_gradient():
    """The rule is written with ops, so the gradient has a gradient."""
    second_order(lambda t: F.log_softmax(t, 0), np.array([0.3, -0.2, 0.9]))


# ---------------------------------------------------------------- mse_loss


@check(of="mse_loss", section=NUMBERS)
def test_mse_loss():
    """The mean of the squared errors: 2.5 for 1, 2 against 0, 4; or their sum, or each of them."""
    a, b = tt.tensor([1.0, 2.0]), tt.tensor([0.0, 4.0])
    expect_close(F.mse_loss(a, b), 2.5, "mse_loss of (1, 2) against (0, 4)")
    expect_close(F.mse_loss(a, b, reduction="sum"), 5.0, "with reduction='sum'")
    expect_close(F.mse_loss(a, b, reduction="none"), [1.0, 4.0], "with reduction='none'")
    expect_gradient(F.mse_loss, *arrays((3, 2), (3, 2), seed=7), reference=lambda x, y: np.mean((x - y) ** 2))


@check(of="mse_loss", needs="mse_loss", section=NUMBERS)
def test_mse_loss_weights_and_settings():
    """Weights make the mean a weighted one; a wrong reduction is refused, a broadcasting target warned of."""
    a, b, w = tt.tensor([1.0, 2.0]), tt.tensor([0.0, 4.0]), tt.tensor([3.0, 1.0])
    expect_close(F.mse_loss(a, b, weight=w), 7.0 / 4, "with weights 3, 1")
    expect_close(F.mse_loss(a, b, weight=w, reduction="sum"), 7.0, "with weights 3, 1 and reduction='sum'")
    expect_raises(ValueError, lambda: F.mse_loss(a, b, reduction="average"), "average", "reduction='average'")
    warned(
        lambda: F.mse_loss(tt.ones(3, 1), tt.ones(3)),
        "broadcasting",
        "a target of shape (3,) for an input of shape (3, 1)",
    )
    old_form(lambda **old: F.mse_loss(a, b, **old), 5.0, [1.0, 4.0], 2.5)


def old_form(loss, total, each, mean):
    """PyTorch's old booleans, each with its warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expect_close(loss(size_average=False), total, "with size_average=False")
        expect_close(loss(reduce=False), each, "with reduce=False")
        expect_close(loss(size_average=True), mean, "with size_average=True")


def warned(call, text, what):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    expect(
        any(text in str(w.message) for w in caught),
        f"{what} should be warned of",
        expected=f"a warning with {text!r}",
        got=f"{len(caught)} other warnings",
    )


# ---------------------------------------------------------------- nll_loss


def np_nll(x, t, weight=None, ignore=-100):
    """Losses and weights of each example, classes along axis 1."""
    moved = np.moveaxis(x, 1, -1)
    kept = t != ignore
    safe = np.where(kept, t, 0)
    w = np.where(kept, 1.0 if weight is None else weight[safe], 0.0)
    return -np.take_along_axis(moved, safe[..., None], -1)[..., 0] * w, w


@check(of="nll_loss", section=CLASSES)
def test_nll_loss_by_hand():
    """-log(0.7) and -log(0.4): mean 0.636."""
    x = tt.tensor(np.log([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4]]))
    t = tt.tensor([0, 2])
    expect_close(F.nll_loss(x, t), 0.636483, "nll_loss", rtol=1e-4)
    expect_close(F.nll_loss(x, t, reduction="none"), [0.356675, 0.916291], "with reduction='none'", rtol=1e-4)
    expect_close(F.nll_loss(x, t, reduction="sum"), 1.272966, "with reduction='sum'", rtol=1e-4)


@check(of="nll_loss", needs="nll_loss_by_hand", section=CLASSES)
def test_nll_loss_weights_and_padding():
    """Weights and ignored targets, for every reduction and every shape."""
    for seed, shape in enumerate([(5, 3), (4, 3, 2), (2, 3, 2, 4)]):
        (x,) = arrays(shape, seed=seed)
        t = rng(seed).integers(0, 3, (shape[0], *shape[2:]))
        t.flat[0] = -1
        for weight in (None, np.array([0.5, 2.0, 1.5])):
            losses, weights = np_nll(x, t, weight, ignore=-1)
            options = {"ignore_index": -1, "weight": None if weight is None else tensor(weight)}
            name = f"input {shape}, {'no weights' if weight is None else 'weights'}"
            for reduction, answer in {
                "none": losses,
                "sum": losses.sum(),
                "mean": losses.sum() / weights.sum(),
            }.items():
                expect_close(
                    F.nll_loss(tensor(x), tensor(t), reduction=reduction, **options),
                    answer,
                    f"{name}, reduction={reduction!r}",
                )
    expect_close(F.nll_loss(tt.tensor([-1.0, -2.0]), tt.tensor(1)), 2.0, "one example without a batch")
    inf = tt.tensor([[-float("inf"), -1.0], [-2.0, -3.0]])
    expect_close(
        F.nll_loss(inf, tt.tensor([-100, 0]), reduction="none"),
        [0.0, 2.0],
        "an ignored row whose log-probability is -inf",
    )


@check(of="nll_loss", needs="nll_loss_by_hand", section=CLASSES)
def test_nll_loss_gradient():
    """The gradient is -weight / total at the right class and 0 everywhere else."""
    (x,) = arrays((4, 3), seed=8)
    t = np.array([2, 0, -100, 1])
    w = np.array([0.5, 2.0, 1.5])

    def reference(a):
        losses, weights = np_nll(a, t, w)
        return losses.sum() / weights.sum()

    expect_gradient(lambda a: F.nll_loss(a, tensor(t), tensor(w)), x, reference=reference)


@check(of="nll_loss", needs="nll_loss_by_hand", section=CLASSES)
def test_nll_loss_refuses_what_does_not_fit():
    """A class that does not exist, targets that are not integers, and an unknown reduction are errors."""
    x = tt.zeros(2, 3)
    expect_raises(
        IndexError, lambda: F.nll_loss(x, tt.tensor([0, 3])), ["3", "out of bounds"], "the class 3 of 3"
    )
    expect_raises(RuntimeError, lambda: F.nll_loss(x, tt.tensor([0.0, 1.0])), "Long", "a float target")
    expect_raises(
        ValueError,
        lambda: F.nll_loss(x, tt.tensor([0, 1]), reduction="average"),
        "average",
        "reduction='average'",
    )
    old_form(
        lambda **old: F.nll_loss(tt.tensor([[-1.0, -2.0], [-3.0, -4.0]]), tt.tensor([0, 1]), **old),
        5.0,
        [1.0, 4.0],
        2.5,
    )


@check(
    of=["nll_loss", "log_softmax_op"],
    needs=["nll_loss_by_hand", "log_softmax"],
    section="How PyTorch does it",
)
def test_cross_entropy_is_the_two_steps():
    """cross_entropy equals nll_loss of log_softmax, in value and gradient, fused or not."""
    (x,) = arrays((6, 4), seed=9, low=-5, high=5)
    t = rng(9).integers(0, 4, 6)
    answer = -np.log(np_softmax(x, 1))[np.arange(6), t].mean()
    expect_close(F.cross_entropy(tensor(x), tensor(t)), answer, "the fused cross_entropy")
    expect_close(F.nll_loss(F.log_softmax(tensor(x), 1), tensor(t)), answer, "nll_loss of log_softmax")
    expect_gradient(
        lambda a: F.nll_loss(F.log_softmax(a, 1), tensor(t)),
        x,
        reference=lambda a: -np.log(np_softmax(a, 1))[np.arange(6), t].mean(),
    )


# ---------------------------------------------------------------- yes or no


def np_bce(x, t, pos=1.0):
    return -(pos * t * -np.log1p(np.exp(-x)) + (1 - t) * (-x - np.log1p(np.exp(-x))))


@check(of="binary_cross_entropy_with_logits", section=BITS)
def test_bce_by_hand():
    """At a score of 0 the loss is 0.693 either way; at 3 it is 0.049 for a yes and 3.049 for a no."""
    x, t = tt.tensor([0.0, 0.0, 3.0, 3.0]), tt.tensor([1.0, 0.0, 1.0, 0.0])
    expect_close(
        F.binary_cross_entropy_with_logits(x, t, reduction="none"),
        [0.693147, 0.693147, 0.048587, 3.048587],
        "the losses",
        rtol=1e-4,
    )


@check(of="binary_cross_entropy_with_logits", needs="bce_by_hand", section=BITS)
def test_bce_settings():
    """Soft targets, weights, pos_weight and all reductions."""
    x, t, w = arrays((4, 3), (4, 3), (4, 3), seed=10)
    t, w = (t + 2) / 4, w + 3
    pos = np.array([0.5, 1.0, 4.0])
    f = F.binary_cross_entropy_with_logits
    for reduction, reduce in {"none": lambda v: v, "sum": np.sum, "mean": np.mean}.items():
        args = (tensor(x), tensor(t))
        expect_close(f(*args, reduction=reduction), reduce(np_bce(x, t)), f"reduction={reduction!r}")
        expect_close(
            f(*args, weight=tensor(w), reduction=reduction),
            reduce(w * np_bce(x, t)),
            f"weights, reduction={reduction!r}",
        )
        expect_close(
            f(*args, pos_weight=tensor(pos), reduction=reduction),
            reduce(np_bce(x, t, pos)),
            f"pos_weight, reduction={reduction!r}",
        )
    expect_gradient(
        lambda a: f(a, tensor(t), pos_weight=tensor(pos)), x, reference=lambda a: np_bce(a, t, pos).mean()
    )
    a, b = tt.tensor([0.0, 0.0]), tt.tensor([1.0, 0.0])
    old_form(lambda **old: f(a, b, **old), 1.386294, [0.693147] * 2, 0.693147)


@check(of="binary_cross_entropy_with_logits", needs="bce_by_hand", section=BITS)
def test_bce_of_large_scores():
    """Scores of plus and minus 1000 give 0 or 1000, not inf or NaN."""
    x, t = tt.tensor([1000.0, 1000.0, -1000.0, -1000.0]), tt.tensor([1.0, 0.0, 1.0, 0.0])
    expect_close(
        F.binary_cross_entropy_with_logits(x, t, reduction="none"), [0.0, 1000.0, 1000.0, 0.0], "the losses"
    )


@check(of="binary_cross_entropy_with_logits", needs="bce_by_hand", section=BITS)
def test_bce_refuses_what_does_not_fit():
    """Sizes that differ, targets that are integers, and an unknown reduction are errors that say what is wrong."""
    f = F.binary_cross_entropy_with_logits
    expect_raises(
        ValueError,
        lambda: f(tt.zeros(2, 3), tt.zeros(2, 1)),
        ["Target size", "input size"],
        "a target of size (2, 1) for (2, 3)",
    )
    expect_raises(
        RuntimeError, lambda: f(tt.zeros(2), tt.tensor([0, 1])), "must be floating point", "an integer target"
    )
    expect_raises(
        ValueError, lambda: f(tt.zeros(2), tt.zeros(2), reduction="average"), "average", "reduction='average'"
    )


@check(
    of=["relu_op", "log_softmax_op", "nll_loss"],
    needs=["relu_gradient", "log_softmax_gradient", "nll_loss_gradient"],
    section="Where it goes next",
)
def test_a_network_learns():
    """With your bends and losses, 60 steps on 40 points in three rings cut the loss to less than half."""
    generator = rng(0)
    t = generator.integers(0, 3, 40)
    angle = generator.uniform(0, 2 * np.pi, 40)
    radius = t + 0.5
    x = tensor(np.stack([radius * np.cos(angle), radius * np.sin(angle), np.ones(40)], 1))
    weights = [tensor(generator.normal(size=s) * 0.7, requires_grad=True) for s in ((3, 16), (16, 3))]
    losses = []
    for _ in range(60):
        loss = F.nll_loss(F.log_softmax(F.relu(x @ weights[0]) @ weights[1], 1), tensor(t))
        losses.append(loss.item())
        loss.backward()
        for w in weights:
            w.data -= 0.5 * w.grad.data
            w.grad = None
    expect(
        losses[-1] < 0.5 * losses[0],
        "the loss does not go down",
        expected=f"below {0.5 * losses[0]:.3f} after 60 steps",
        got=f"{losses[-1]:.3f} (it began at {losses[0]:.3f})",
    )
