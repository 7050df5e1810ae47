"""linear, bilinear and the dropouts."""

import warnings

import numpy as np
import pytest

import tinytorch
import tinytorch.nn.functional as F
from tests.functional.agree import agree, errors_agree

rng = np.random.default_rng(0)


def test_linear():
    w, b = rng.standard_normal((3, 4)), rng.standard_normal(3)
    for shape in ((4,), (2, 4), (2, 5, 4), (0, 4), (2, 0, 4), (2, 1, 2, 4)):
        x = rng.standard_normal(shape)
        agree(lambda T, x, w, b: T.nn.functional.linear(x, w, b), x, w, b, order=2)
        agree(lambda T, x, w, b: T.nn.functional.linear(x, w), x, w, b, order=2)
        agree(lambda T, x, w, b: T.nn.functional.linear(x, w[0]), x, w, b)
    agree(lambda T, x, w, b: T.nn.functional.linear(x, w, b[:1]), x, w, b)
    agree(lambda T, x, w, b: T.nn.functional.linear(x, w, b[0]), x, w, b)
    agree(lambda T, x, w, b: T.nn.functional.linear(x[0, 0], w, b + x[0, 0, :, :1]), x, w, b)
    agree(lambda T, x, w, b: T.nn.functional.linear(x.mT, w[:, :2], b), np.ones((4, 2, 5)), w, b)
    agree(
        lambda T, x, w: T.nn.functional.linear(x, w), np.arange(8).reshape(2, 4), np.arange(12).reshape(3, 4)
    )


LINEAR_ERRORS = {
    "sizes": lambda T, x: T.nn.functional.linear(x, x[:, :2]),
    "dtypes": lambda T, x: T.nn.functional.linear(x, x.float()),
    "bias dtype": lambda T, x: T.nn.functional.linear(x, x, x[:, 0].float()),
    "bias size": lambda T, x: T.nn.functional.linear(x, x, x[0]),
    "scalar": lambda T, x: T.nn.functional.linear(x[0, 0], x),
    "stack": lambda T, x: T.nn.functional.linear(x, x[None]),
    "vector with bias": lambda T, x: T.nn.functional.linear(x, x[0], x[0, 0]),
    "no tensor": lambda T, x: T.nn.functional.linear([1.0], x),
    "bilinear": lambda T, x: T.nn.functional.bilinear(x, x, T.ones(2, 3, 4, dtype=x.dtype)),
    "bilinear batch": lambda T, x: T.nn.functional.bilinear(x, x[:1], T.ones(2, 4, 4, dtype=x.dtype)),
}


@pytest.mark.parametrize("name", LINEAR_ERRORS)
def test_linear_errors(name):
    errors_agree(LINEAR_ERRORS[name], np.ones((3, 4)))


def test_linear_says_what_does_not_fit():
    with pytest.raises(RuntimeError, match=r"input \[2, 5\] and weight \[3, 4\] \(out, in\) do not fit"):
        F.linear(tinytorch.zeros(2, 5), tinytorch.zeros(3, 4))


def test_bilinear():
    w, b = rng.standard_normal((5, 3, 4)), rng.standard_normal(5)
    for shape in ((), (2,), (2, 3), (0,)):
        x, y = rng.standard_normal((*shape, 3)), rng.standard_normal((*shape, 4))
        agree(lambda T, x, y, w, b: T.nn.functional.bilinear(x, y, w, b), x, y, w, b, order=2)


# ---------------------------------------------------------------- dropout

DROPOUTS = ["dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout"]
SHAPES = {
    "dropout1d": (8, 500, 3),
    "dropout2d": (8, 500, 3, 2),
    "dropout3d": (8, 500, 3, 2, 2),
    "feature_alpha_dropout": (8, 500, 3),
}


def sample(name, inplace=False, p=0.3):
    tinytorch.manual_seed(1)
    x = tinytorch.ones(*SHAPES.get(name, (8, 500, 3)), requires_grad=True)
    y = getattr(F, name)(x * 1 if inplace else x, p, True, inplace)
    y.backward(tinytorch.full(y.shape, 2.0))
    return x, y.detach().numpy(), x.grad.numpy()


@pytest.mark.parametrize("name", DROPOUTS)
def test_dropout(name):
    """Two values, in the right shares, with the mean kept; and the gradient goes where the value was kept."""
    _, y, grad = sample(name)
    low, high = np.unique(y)
    assert abs((y == low).mean() - 0.3) < 0.02
    if "alpha" not in name:
        assert (low, high) == (0, np.float32(1 / 0.7))
    assert np.allclose(grad, np.where(y == high, grad.max(), 0))
    channels = y.reshape(8, 500, -1)
    assert (channels == channels[:, :, :1]).all() == (name not in ("dropout", "alpha_dropout"))
    assert abs(channels.mean() - 1) < 0.05 or "alpha" in name


@pytest.mark.parametrize("name", DROPOUTS)
def test_dropout_inplace(name):
    """The same numbers, in the input's memory."""
    assert all(np.allclose(a, b) for a, b in zip(sample(name)[1:], sample(name, inplace=True)[1:]))
    x = tinytorch.ones(*SHAPES.get(name, (8, 500, 3)))
    assert getattr(F, name)(x, 0.5, True, True) is x
    assert x.numpy().std() > 0


@pytest.mark.parametrize("name", DROPOUTS)
def test_dropout_that_does_nothing(name):
    x = tinytorch.ones(*SHAPES.get(name, (2, 3, 4)))
    assert getattr(F, name)(x, 0.5, False) is x
    assert getattr(F, name)(x, 0.0, True) is x
    assert (getattr(F, name)(x, 1.0, True) == 0).all()
    assert getattr(F, name)(x[:0], 0.5, True).shape == x[:0].shape
    for p in (-0.1, 1.1):
        with pytest.raises(ValueError, match="dropout probability has to be between 0 and 1, but got"):
            getattr(F, name)(x, p)


def test_alpha_dropout_keeps_mean_and_variance():
    x = F.alpha_dropout(tinytorch.randn(200_000), 0.4, training=True)
    assert abs(x.mean().item()) < 0.02 and abs(x.std().item() - 1) < 0.02


def test_dropout_second_order():
    """Dropout is linear: what it multiplies with is all that its gradient has."""
    tinytorch.manual_seed(0)
    x = tinytorch.randn(10, requires_grad=True)
    y = F.dropout(x, 0.5)
    (g,) = tinytorch.autograd.grad((y * y).sum(), x, create_graph=True)
    (h,) = tinytorch.autograd.grad(g.sum(), x)
    assert np.allclose(h.numpy(), np.where(y.detach().numpy() == 0, 0, 8))


def test_dropout_shapes_and_warnings():
    x = tinytorch.ones(4, 5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert F.dropout1d(x).shape == (4, 5)
        y = F.dropout1d(tinytorch.ones(100, 5)).numpy()
        assert (y == y[:, :1]).all()
    errors_agree(lambda T, x: T.nn.functional.dropout1d(x[0]), np.ones((2, 3)))
    errors_agree(lambda T, x: T.nn.functional.feature_alpha_dropout(x[0], training=True), np.ones((2, 3)))
    with pytest.warns(UserWarning, match="Received a 2-D input to dropout2d"):
        F.dropout2d(x)
    with pytest.warns(UserWarning, match="assuming that channel-wise 1D dropout behavior"):
        F.dropout2d(x[None])
    with pytest.warns(UserWarning, match="Received a 3-D input to dropout3d"):
        F.dropout3d(tinytorch.ones(2, 3, 4))
