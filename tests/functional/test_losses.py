"""Losses where the parity table does not reach: extreme scores, ignored and empty batches, warnings, refusals."""

import itertools
import warnings

import numpy as np
import pytest

import tinytorch
import tinytorch.nn.functional as F
from tests.functional.agree import agree, errors_agree

rng = np.random.default_rng(0)
X, Y = rng.standard_normal((4, 3)), np.array([0, 2, 1, 2])
SIGNS = np.array([1.0, -1.0, 1.0, -1.0])
REDUCTIONS = ["mean", "sum", "none"]


# ---------------------------------------------------------------- cross-entropy

EXTREME = [[1e4, -1e4, 0.0], [-1e4, 1e4, 1e4], [-np.inf, 0.0, 3.0], [88.0, 89.0, 90.0]]


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_cross_entropy_of_extreme_scores(reduction):
    agree(
        lambda T, x, y: T.nn.functional.cross_entropy(x, y, reduction=reduction),
        np.array(EXTREME, np.float32),
        Y,
    )
    agree(
        lambda T, x, y: T.nn.functional.cross_entropy(x[..., None], y[..., None], reduction=reduction),
        np.array(EXTREME),
        Y,
    )


def test_fused_is_composed():
    """The kernel, the two steps, and a second derivative, which takes the two steps."""
    logits = tinytorch.tensor(X, requires_grad=True)
    target = tinytorch.tensor(Y)
    fused = F.cross_entropy(logits, target, reduction="none", ignore_index=1)
    composed = F.nll_loss(F.log_softmax(logits, 1), target, reduction="none", ignore_index=1)
    assert np.allclose(fused.detach().numpy(), composed.detach().numpy())
    weights = tinytorch.tensor(SIGNS)
    first = [tinytorch.autograd.grad(loss, logits, weights)[0].numpy() for loss in (fused, composed)]
    assert np.allclose(*first)
    agree(lambda T, x, y: T.nn.functional.cross_entropy(x, y, ignore_index=1), X, Y, order=2)
    agree(lambda T, x, y: T.nn.functional.cross_entropy(x, y) ** 2, X, Y, order=2)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 2), (0, 3), (0, 3, 2)])
@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
def test_nothing_counts(name, shape, reduction):
    """Where every class is ignored, or there is none: nan as a mean, 0 as a sum, and no gradient."""
    x, y = rng.standard_normal(shape), np.full((shape[0], *shape[2:]), 7)
    agree(lambda T, x, y: getattr(T.nn.functional, name)(x, y, ignore_index=7, reduction=reduction), x, y)
    agree(lambda T, x, y: T.nn.functional.cross_entropy(x, x.detach() * 0, reduction=reduction), x, y)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 5), (2, 3, 2, 2), (2, 3, 2, 1, 2), (3,)])
def test_cross_entropy_forms(shape, reduction, weighted, smoothing):
    """Every combination of shape, class weights, smoothing and reduction, for class numbers and for probabilities."""
    x = rng.standard_normal(shape)
    y = rng.integers(0, 3, (shape[0], *shape[2:]) if len(shape) > 1 else ())

    def loss(T, x, target, **more):
        weight = T.tensor([0.5, 1.0, 3.0], dtype=T.float64) if weighted else None
        options = {"weight": weight, "reduction": reduction, "label_smoothing": smoothing}
        return T.nn.functional.cross_entropy(x, target, **options, **more)

    agree(loss, x, y)
    agree(lambda T, x, y: loss(T, x, y, ignore_index=2), x, y)
    agree(loss, x, rng.random(shape))


def test_cross_entropy_of_bytes_and_halves():
    agree(lambda T, x, y: T.nn.functional.cross_entropy(x, y), X, Y.astype(np.uint8))
    agree(lambda T, x, y: T.nn.functional.nll_loss(x[0], y[:1]), X, Y, order=0)
    agree(lambda T, x, y: T.nn.functional.cross_entropy(x, y), X.astype(np.float16), Y)


REFUSED = {
    "too large": ((4, 3), [0, 1, 2, 5]), "negative": ((4, 3), [0, 1, 2, -1]), "short": ((4, 3), [0, 1]), "none": ((4, 3), 1),
    "floats": ((4, 3), [0.0, 1.0, 2.0, 1.0]), "whole": ((4, 3), np.zeros((4, 3), int)), "wide": ((4, 3), np.zeros((4, 2), int)),
    "no places": ((2, 3, 4), [0, 1]), "places": ((2, 3, 4), np.zeros((2, 5), int)), "batch": ((2, 3, 4), np.zeros((3, 4), int)),
    "images": ((2, 3, 4, 4), np.zeros((2, 4, 5), int)), "scalar": ((), 0), "int32": ((4, 3), np.zeros(4, np.int32)),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused_targets(name):
    shape, y = REFUSED[name]
    errors_agree(lambda T, x, y: T.nn.functional.nll_loss(x, y), np.ones(shape), np.array(y))
    errors_agree(lambda T, x, y: T.nn.functional.cross_entropy(x, y), np.ones(shape), np.array(y))


def test_refused_options():
    for options in (
        {"reduction": "average"},
        {"label_smoothing": 1.5},
        {"weight": np.ones(2)},
        {"weight": np.ones(3, np.float32)},
    ):

        def expression(T, x, y, options=options):
            return T.nn.functional.cross_entropy(
                x, y, **{k: T.tensor(v) if k == "weight" else v for k, v in options.items()}
            )

        errors_agree(expression, X, Y)


def test_out_of_bounds_says_which():
    for wrong in (5, -1, 3):
        message = f"Target {wrong} is out of bounds: there are 3 classes"
        with pytest.raises(IndexError, match=message):
            F.cross_entropy(tinytorch.zeros(2, 3), tinytorch.tensor([0, wrong]))
        with pytest.raises(IndexError, match=message):
            F.nll_loss(tinytorch.zeros(2, 3), tinytorch.tensor([0, wrong]))
    bytes_ = tinytorch.tensor([0, 200], dtype=tinytorch.uint8)
    with pytest.raises(IndexError, match="Target 200"):
        F.cross_entropy(tinytorch.zeros(2, 3), bytes_)


def test_an_ignored_class_may_be_one_that_there_is():
    scores, target = tinytorch.randn(4, 3), tinytorch.tensor([0, 2, 1, 2])
    kept = F.cross_entropy(scores[[0, 2]], target[[0, 2]])
    assert F.cross_entropy(scores, target, ignore_index=2).allclose(kept)
    assert F.cross_entropy(scores, tinytorch.tensor([0, -7, 1, -7]), ignore_index=-7).allclose(kept)


# ---------------------------------------------------------------- yes or no


def test_binary_cross_entropy_at_the_ends():
    """The log is cut at -100 and the gradient's denominator at 1e-12, as in PyTorch."""
    p, y = np.array([0.0, 0.0, 1.0, 1.0, 0.5, 1e-30]), np.array([0.0, 1.0, 0.0, 1.0, 0.3, 1.0])
    for dtype in (np.float32, np.float64):
        agree(
            lambda T, x, y: T.nn.functional.binary_cross_entropy(x, y, reduction="none"),
            p.astype(dtype),
            y.astype(dtype),
        )


def test_binary_cross_entropy_keeps_digits_through_sigmoid():
    """sigmoid(-20) is 2e-9, not 0: a loss of 20, not of 100."""
    agree(
        lambda T, x, y: T.nn.functional.binary_cross_entropy(T.sigmoid(x), y, reduction="none"),
        np.array([-20.0, -50.0], np.float32), np.ones(2, np.float32),
    )  # fmt: skip


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_binary_cross_entropy_with_logits(reduction):
    x, y = (
        np.array([[-1e4, 1e4], [0.0, -30.0], [200.0, -1.0]]),
        np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 0.3]]),
    )
    w, p = np.array([[0.5, 2.0]]), np.array([3.0, 0.1])
    name = "binary_cross_entropy_with_logits"
    loss = lambda T, x, y, **more: getattr(T.nn.functional, name)(x, y, reduction=reduction, **more)
    agree(lambda T, x, y: loss(T, x, y), x, y, order=2)
    agree(lambda T, x, y: loss(T, x, y, weight=T.tensor(w), pos_weight=T.tensor(p)), x, y, order=2)
    agree(loss, x.astype(np.float32), y.astype(np.float32))


BINARY_ERRORS = {
    "size": lambda T, x: T.nn.functional.binary_cross_entropy(x, x[:2]),
    "dtype": lambda T, x: T.nn.functional.binary_cross_entropy(x, x.float()),
    "classes": lambda T, x: T.nn.functional.binary_cross_entropy(x, (x > 0).long()),
    "no probability": lambda T, x: T.nn.functional.binary_cross_entropy(x * 3, x),
    "nan": lambda T, x: T.nn.functional.binary_cross_entropy(x * float("nan"), x),
    "logits size": lambda T, x: T.nn.functional.binary_cross_entropy_with_logits(x, x[:2]),
    "logits classes": lambda T, x: T.nn.functional.binary_cross_entropy_with_logits(x, (x > 0).long()),
}


@pytest.mark.parametrize("name", BINARY_ERRORS)
def test_binary_errors(name):
    errors_agree(BINARY_ERRORS[name], np.array([0.5, 0.9, 0.1]))


# ---------------------------------------------------------------- numbers against numbers


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_regression(name, reduction):
    x, y = np.linspace(-3, 3, 7), np.zeros(7)
    loss = lambda T, x, y: getattr(T.nn.functional, name)(x, y, reduction=reduction)
    agree(loss, x, y)
    if name != "huber_loss":  # PyTorch's has no gradient for targets of another dtype
        agree(loss, x.astype(np.float32), y, order=int(name == "mse_loss"))
        agree(loss, x.astype(np.float32), y.astype(np.int64))
    agree(loss, x[:0], y[:0])
    agree(loss, x * 1e4, y)
    with pytest.warns(
        UserWarning,
        match=r"Using a target size \(torch.Size\(\[7, 1\]\)\) that is different to the input size",
    ):
        loss(tinytorch, tinytorch.zeros(7), tinytorch.zeros(7, 1))


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "huber_loss"])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_regression_with_weights(name, reduction):
    x, y, w = rng.standard_normal((3, 2, 5))
    agree(lambda T, x, y, w: getattr(T.nn.functional, name)(x, y, reduction=reduction, weight=w), x, y, w)
    errors_agree(
        lambda T, x, y, w: getattr(T.nn.functional, name)(x, y, reduction=reduction, weight=w[:1]), x, y, w
    )


def test_regression_errors():
    errors_agree(lambda T, x: T.nn.functional.smooth_l1_loss(x, x, beta=-1.0), X)
    errors_agree(lambda T, x: T.nn.functional.huber_loss(x, x, delta=0.0), X)
    with pytest.warns(UserWarning, match="Using a target size"):
        errors_agree(lambda T, x: T.nn.functional.mse_loss(x, x[:, :2]), X)


def test_old_arguments():
    for size_average, reduce in itertools.product((None, True, False), repeat=2):
        if (size_average, reduce) != (None, None):
            with pytest.warns(UserWarning, match="size_average and reduce args will be deprecated"):
                agree(lambda T, x: T.nn.functional.mse_loss(x, x * 2, size_average, reduce), X)
    with pytest.warns(UserWarning, match="elementwise_mean"):
        agree(lambda T, x: T.nn.functional.mse_loss(x, x * 2, reduction="elementwise_mean"), X)


# ---------------------------------------------------------------- distributions


def test_kl_div():
    p, q = rng.random((3, 4)), np.log(rng.random((3, 4)))
    p[0, 0] = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for reduction in (*REDUCTIONS, "batchmean"):
            agree(lambda T, q, p: T.nn.functional.kl_div(q, p.detach(), reduction=reduction), q, p)
            agree(lambda T, q, p: T.nn.functional.kl_div(q, p, reduction=reduction, log_target=True), q, p)
        agree(lambda T, q, p: T.nn.functional.kl_div(q[0, 0], p[1, 1], reduction="batchmean"), q, p)
        errors_agree(lambda T, q, p: T.nn.functional.kl_div(q, p.long()), q, p)
    with pytest.warns(UserWarning, match="'batchmean' divides only by the batch size"):
        F.kl_div(tinytorch.zeros(2), tinytorch.zeros(2))


def test_poisson_and_gaussian():
    x, y, var = rng.random((3, 4)) * 3, rng.integers(0, 5, (3, 4)).astype(float), rng.random((3, 4))
    var[0, 0] = 0
    for full in (False, True):
        agree(lambda T, x, y, v: T.nn.functional.poisson_nll_loss(x, y.detach(), full=full), x, y, var)
        agree(lambda T, x, y, v: T.nn.functional.gaussian_nll_loss(x, y, v, full=full, eps=0.1), x, y, var)
    agree(lambda T, x, y, v: T.nn.functional.gaussian_nll_loss(x, y, v[:, 0]), x, y, var + 1)
    agree(lambda T, x, y, v: T.nn.functional.gaussian_nll_loss(x, y, v[:, :1]), x, y, var + 1)
    agree(lambda T, x, y, v: T.nn.functional.gaussian_nll_loss(x, y, 0.5), x, y, var)
    for wrong in (-1.0, 1, "v[:2]", "-v"):

        def expression(T, x, y, v, wrong=wrong):
            return T.nn.functional.gaussian_nll_loss(
                x, y, eval(wrong, {"v": v}) if isinstance(wrong, str) else wrong
            )

        errors_agree(expression, x, y, var)


# ---------------------------------------------------------------- margins


def test_margin_losses():
    a, b, c = rng.standard_normal((3, 4, 3))
    d = rng.random(4) * 2
    losses = [
        lambda T, a, b, c, d, s: T.nn.functional.soft_margin_loss(d, s),
        lambda T, a, b, c, d, s: T.nn.functional.hinge_embedding_loss(d, s, margin=1.5),
        lambda T, a, b, c, d, s: T.nn.functional.hinge_embedding_loss(d, s * 0),
        lambda T, a, b, c, d, s: T.nn.functional.margin_ranking_loss(d, d * d, s, margin=0.3),
        lambda T, a, b, c, d, s: T.nn.functional.cosine_embedding_loss(a, b, s, margin=-0.5),
        lambda T, a, b, c, d, s: T.nn.functional.cosine_embedding_loss(a[0], b[0], s[0]),
        lambda T, a, b, c, d, s: T.nn.functional.triplet_margin_loss(a, b, c, swap=True, p=3),
        lambda T, a, b, c, d, s: T.nn.functional.triplet_margin_with_distance_loss(
            a, b, c, swap=True, reduction="none"
        ),
        lambda T, a, b, c, d, s: T.nn.functional.triplet_margin_with_distance_loss(
            a, b, c, distance_function=lambda x, y: (x - y).abs().sum(-1), margin=3.0
        ),
        lambda T, a, b, c, d, s: T.nn.functional.multilabel_soft_margin_loss(
            a, (b > 0).double(), weight=c[0].detach()
        ),
        lambda T, a, b, c, d, s: T.nn.functional.multilabel_soft_margin_loss(
            a[0], (b[0] > 0).double(), reduction="sum"
        ),
    ]
    for loss in losses:
        agree(lambda T, a, b, c, d: loss(T, a, b, c, d, T.tensor(SIGNS)), a, b, c, d)


MARGIN_ERRORS = {
    "ranking": lambda T, x: T.nn.functional.margin_ranking_loss(x, x[0], x[0]),
    "cosine 2D target": lambda T, x: T.nn.functional.cosine_embedding_loss(x, x, x),
    "cosine 1D input": lambda T, x: T.nn.functional.cosine_embedding_loss(x[0], x[0], x[0]),
    "cosine 2D input": lambda T, x: T.nn.functional.cosine_embedding_loss(x, x, x[0, 0]),
    "triplet": lambda T, x: T.nn.functional.triplet_margin_loss(x, x, x, margin=0.0),
    "triplet dims": lambda T, x: T.nn.functional.triplet_margin_with_distance_loss(x, x[0], x),
    "triplet reduction": lambda T, x: T.nn.functional.triplet_margin_with_distance_loss(
        x, x, x, reduction="x"
    ),
    "multi p": lambda T, x: T.nn.functional.multi_margin_loss(x, T.tensor([0, 1, 2, 0]), p=3),
    "multi weight": lambda T, x: T.nn.functional.multi_margin_loss(x, T.tensor([0, 1, 2, 0]), weight=x),
    "multi size": lambda T, x: T.nn.functional.multi_margin_loss(x, T.tensor([0, 1, 2])),
    "multilabel size": lambda T, x: T.nn.functional.multilabel_margin_loss(x, T.tensor([0, 1, 2])),
}


@pytest.mark.parametrize("name", MARGIN_ERRORS)
def test_margin_errors(name):
    errors_agree(MARGIN_ERRORS[name], X)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_losses_over_classes(reduction):
    w = np.array([0.5, 1.0, 2.0])
    multi = lambda T, x, y, **more: T.nn.functional.multi_margin_loss(x, y, reduction=reduction, **more)
    agree(lambda T, x, y, w: multi(T, x, y, p=2, margin=0.7, weight=w.detach()), X, Y, w)
    agree(lambda T, x, y, w: multi(T, x[0], y[0]), X, Y, w)
    labels = np.array([[2, 0, -1], [1, -1, 2], [-1, 0, 1], [0, 1, 2]])
    agree(lambda T, x, y: T.nn.functional.multilabel_margin_loss(x, y, reduction=reduction), X, labels)
    agree(lambda T, x, y: T.nn.functional.multilabel_margin_loss(x[0], y[0], reduction=reduction), X, labels)


# ---------------------------------------------------------------- ctc


def likelihood(log_probs, target, blank):
    """The probability of a target as the sum over all paths that spell it: the definition."""
    total = 0.0
    for path in itertools.product(range(log_probs.shape[1]), repeat=len(log_probs)):
        if [c for c, _ in itertools.groupby(path) if c != blank] == list(target):
            total += np.exp(sum(row[c] for row, c in zip(log_probs, path)))
    return total


@pytest.mark.parametrize("target", [[], [1], [1, 2], [1, 1], [2, 1, 2], [1, 1, 1, 1]])
def test_ctc_is_the_sum_over_paths(target):
    log_probs = F.log_softmax(tinytorch.tensor(rng.standard_normal((5, 3))), 1)
    loss = F.ctc_loss(
        log_probs, tinytorch.tensor(target, dtype=tinytorch.int64), (5,), (len(target),), reduction="none"
    )
    with np.errstate(divide="ignore"):
        assert np.isclose(loss.item(), -np.log(likelihood(log_probs.numpy(), target, 0)))


@pytest.mark.parametrize("blank", [0, 3])
@pytest.mark.parametrize("zero_infinity", [False, True])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_ctc(reduction, zero_infinity, blank):
    """Padded and one after another, repeated labels, an empty target, frames that do not count, a target that does not fit."""
    x = rng.standard_normal((7, 5, 4))
    labels = rng.integers(1, 4, (5, 4)) - (blank == 3)
    labels[1] = labels[1, 0]
    frames, sizes = np.array([7, 7, 5, 1, 6]), np.array([4, 3, 2, 0, 3])
    flat = np.concatenate([row[:n] for row, n in zip(labels, sizes)])
    ctc = lambda T, x, y, n, m: T.nn.functional.ctc_loss(x, y, n, m, blank, reduction, zero_infinity)
    agree(lambda T, x, y, n, m: ctc(T, x.log_softmax(-1), y, n, m), x, labels, frames, sizes)
    agree(lambda T, x, y, n, m: ctc(T, x.log_softmax(-1), y, n, m), x, flat, frames, sizes)
    agree(
        ctc, np.log(np.full((7, 5, 4), 0.25)), labels, frames, sizes
    )  # the gradient of the log-probabilities themselves
    if zero_infinity:
        agree(
            lambda T, x, y, n, m: ctc(T, x.log_softmax(-1), y, n, m),
            x,
            labels,
            np.array([3, 3, 3, 3, 3]),
            sizes,
        )


def test_ctc_infinity_and_errors():
    agree(
        lambda T, x: T.nn.functional.ctc_loss(x, T.tensor([[1, 1]]), (2,), (2,)), np.zeros((2, 1, 3)), order=0
    )
    for frames, sizes in (((9,), (1,)), ((2,), (5,)), ((2, 2), (1,)), ((2,), (1, 1))):
        errors_agree(
            lambda T, x: T.nn.functional.ctc_loss(x, T.tensor([[1, 1]]), frames, sizes),
            np.zeros((4, 1, 3)),
        )
    errors_agree(
        lambda T, x: T.nn.functional.ctc_loss(x, T.tensor([[1, 1]]), (4,), (2,), blank=3), np.zeros((4, 1, 3))
    )


def test_ctc_has_no_second_derivative():
    """It must not answer as if its gradient did not depend on the log-probabilities."""
    x = tinytorch.randn(4, 1, 3, requires_grad=True)
    loss = F.ctc_loss(x.log_softmax(2), tinytorch.tensor([[1, 2]]), (4,), (2,))
    (g,) = tinytorch.autograd.grad(loss, x, create_graph=True)
    with pytest.raises(NotImplementedError, match="ctc_gradient"):
        g.sum().backward()


# ---------------------------------------------------------------- distances, one_hot


def test_distances():
    a, b = rng.standard_normal((2, 3, 4))
    zero = np.zeros((3, 4))
    cases = [
        (lambda T, a, b: T.cosine_similarity(a, b), a, b),
        (lambda T, a, b: T.nn.functional.cosine_similarity(a, b, dim=0, eps=5.0), a, b),
        (lambda T, a, b: T.nn.functional.cosine_similarity(a, b), a, zero),
        (lambda T, a, b: T.nn.functional.cosine_similarity(a[:, None], b[None], dim=-1), a, b),
        (lambda T, a, b: T.nn.functional.cosine_similarity(a.long(), b), a, b),
        (lambda T, a, b: T.pairwise_distance(a, b, 3.0), a, b),
        (lambda T, a, b: T.nn.functional.pairwise_distance(a, b, keepdim=True), a, a),
        (lambda T, a, b: T.nn.functional.pdist(a), a, b),
        (lambda T, a, b: T.nn.functional.pdist(a, p=1.0), a, b),
        (lambda T, a, b: T.nn.functional.normalize(a), a, b),
        (lambda T, a, b: T.nn.functional.normalize(a, p=1, dim=0), a, b),
        (lambda T, a, b: T.nn.functional.normalize(a), zero, b),
    ]
    for expression, x, y in cases:
        agree(expression, x, y)
    agree(lambda T, a: T.nn.functional.normalize(a.detach(), out=T.empty(3, 4, dtype=T.float64)), a)
    errors_agree(lambda T, a: T.cosine_similarity(a.long(), a.long()), a)
    errors_agree(lambda T, a: T.pdist(a[0]), a)


def test_one_hot():
    agree(lambda T, x: T.nn.functional.one_hot(x), Y)
    agree(lambda T, x: T.nn.functional.one_hot(x, 4), Y.reshape(2, 2))
    agree(lambda T, x: T.nn.functional.one_hot(x[:0], 4), Y)
    for wrong in (lambda T, x: x.float(), lambda T, x: x - 1, lambda T, x: x[:0]):
        errors_agree(lambda T, x: T.nn.functional.one_hot(wrong(T, x)), Y)
    errors_agree(lambda T, x: T.nn.functional.one_hot(x, 2), Y)


@pytest.mark.parametrize("reduction", [0, 1, 2])
def test_losses_with_numbered_reductions(reduction):
    rng = np.random.default_rng(reduction)
    a, b, c = (rng.standard_normal((4, 3)) for _ in range(3))
    sides = np.array([1.0, -1.0, 1.0, -1.0])
    last = {"reduction": reduction}
    agree(lambda lib, a, b: lib.cosine_embedding_loss(a, b, lib.tensor(sides), 0.1, reduction), a, b)
    agree(lambda lib, a: lib.hinge_embedding_loss(a[:, 0], lib.tensor(sides), 1.0, reduction), a)
    agree(
        lambda lib, a, b: lib.margin_ranking_loss(a[:, 0], b[:, 0], lib.tensor(sides), 0.2, reduction), a, b
    )
    agree(lambda lib, a, b, c: lib.triplet_margin_loss(a, b, c, **last), a, b, c)
    agree(lambda lib, a: lib.binary_cross_entropy_with_logits(a, lib.ones_like(a.detach()), **last), a)
    agree(lambda lib, a, b: lib.kl_div(a.log_softmax(1), b.detach().softmax(1), reduction), a, b)
    agree(lambda lib, a, b: lib.poisson_nll_loss(a, b.detach().abs(), True, False, 1e-8, reduction), a, b)


def test_what_is_wrong_with_labels_and_targets_is_said():
    x = tinytorch.zeros(5, 1, 3)
    with pytest.raises(RuntimeError, match="ctc_loss: targets must be labels from 0 to 2, got 1 to 7"):
        F.ctc_loss(x, tinytorch.tensor([[1, 7]]), [5], [2])
    assert F.ctc_loss(x, tinytorch.tensor([[1, -1]]), [5], [1]).isfinite()  # padding is not looked at
    with pytest.raises(TypeError, match=r"mse_loss\(\): argument 'target' must be Tensor, not float"):
        F.mse_loss(x, 1.0)
