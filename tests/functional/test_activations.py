"""Activations where the parity table does not reach: at the ends of the number line, in place, with their warnings."""

import numpy as np
import pytest

import tinytorch
import tinytorch.nn.functional as F
from tests.functional.agree import agree, errors_agree
from tinytorch.nn.functional.activation import gelu_formula

ENDS = [
    -np.inf,
    -1e4,
    -100.0,
    -88.5,
    -20.0,
    -17.0,
    -6.0,
    -3.0,
    -1.0,
    0.0,
    0.5,
    3.0,
    6.0,
    17.0,
    20.0,
    100.0,
    1e4,
]
NAMES = [
    "relu", "relu6", "leaky_relu", "elu", "celu", "selu", "silu", "mish", "sigmoid", "tanh", "softplus", "logsigmoid", "softsign",
    "tanhshrink", "hardshrink", "softshrink", "hardsigmoid", "hardswish", "hardtanh", "rrelu",
]  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_ends_of_the_number_line(name, dtype):
    """Values and gradients at -inf, at 1e4, and at the kinks."""
    agree(lambda T, x: getattr(T.nn.functional, name)(x), np.array(ENDS, dtype))


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_gelu(approximate):
    x = np.linspace(-8, 8, 41)
    agree(lambda T, x: T.nn.functional.gelu(x, approximate=approximate), x, order=2)
    agree(
        lambda T, x: T.nn.functional.gelu(x, approximate=approximate),
        np.array([-1e4, 1e4, 50, -50], np.float16),
    )


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_gelu_kernel_is_the_formula(approximate):
    x = tinytorch.randn(50, dtype=tinytorch.float64, requires_grad=True)
    y = tinytorch.tensor(x.detach().numpy(), requires_grad=True)
    F.gelu(x, approximate=approximate).sum().backward()
    gelu_formula(y, approximate=approximate).sum().backward()
    assert np.allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-12)


def test_relu_stops_an_infinite_gradient():
    """sqrt has an infinite slope at 0; where relu cut off, nothing may come through, and 0 * inf would."""
    agree(lambda T, x: T.sqrt(T.relu(x)), np.array([-1.0, 4.0]))
    agree(lambda T, x: T.sqrt(T.clamp(x, min=0)), np.array([-1.0, 4.0]))


INPLACE = [
    "relu",
    "relu6",
    "leaky_relu",
    "elu",
    "celu",
    "selu",
    "silu",
    "mish",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "rrelu",
]


@pytest.mark.parametrize("name", INPLACE)
def test_inplace(name):
    """The input becomes the result, and the gradient is the same."""

    def expression(T, x):
        y = x * 1
        z = getattr(T.nn.functional, name)(y, inplace=True)
        assert z is y
        return z * y

    agree(expression, np.linspace(-4, 4, 9))


def test_inplace_by_position():
    agree(lambda T, x: T.nn.functional.leaky_relu(x * 1, 0.3, True), np.linspace(-4, 4, 9))
    agree(lambda T, x: T.nn.functional.threshold(x * 1, 0.3, 7.0, True), np.linspace(-4, 4, 9))
    agree(lambda T, x: T.relu_(x * 1) + T.nn.functional.elu_(x * 1), np.linspace(-4, 4, 9))
    agree(lambda T, x: (x * 1).relu_(), np.linspace(-4, 4, 9))


def test_inplace_refuses_a_leaf():
    x = tinytorch.ones(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf"):
        F.relu(x, inplace=True)


LOGITS = [
    [[1e4, -1e4, 0.0], [1e4, 1e4, 1e4]],
    [[-np.inf, 0.0, 1.0], [-np.inf, -np.inf, 5.0]],
    [[-1e4, -1e4, -1e4], [88.0, 89.0, 90.0]],
]


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin"])
@pytest.mark.parametrize("logits", LOGITS)
def test_softmax_of_large_numbers(name, logits):
    if name == "softmin":
        logits = [[-x for x in row] for row in logits]
    agree(lambda T, x: getattr(T.nn.functional, name)(x, dim=1), np.array(logits, np.float32))


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (2, 0, 3), ()])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_of_nothing(name, shape):
    agree(lambda T, x: getattr(T, name)(x, -1), np.ones(shape))


def test_softmax_of_float16_with_many_classes():
    """80,000 equal classes: their exps add up to more than float16 can hold."""
    x = tinytorch.zeros(1, 80_000, dtype=tinytorch.float16)
    assert abs(F.log_softmax(x, dim=1)[0, 0].item() + np.log(80_000)) < 0.01


def test_softmax_without_dim_warns():
    with pytest.warns(UserWarning, match="Implicit dimension choice for softmax"):
        assert F.softmax(tinytorch.zeros(2, 4)).sum(1).tolist() == [1, 1]
    with pytest.warns(UserWarning, match="Implicit dimension choice for log_softmax"):
        F.log_softmax(tinytorch.zeros(3))


def test_softmax_dtype():
    agree(lambda T, x: T.softmax(x, 0, dtype=T.float64), np.arange(4))
    agree(lambda T, x: T.softmax(x, 0, T.float64), np.arange(4, dtype=np.float32))
    agree(lambda T, x: x.log_softmax(0, dtype=T.float64), np.arange(4, dtype=np.float32))
    with pytest.raises(NotImplementedError, match=r"not implemented for torch\.int64"):
        F.softmax(tinytorch.arange(4), 0)


def test_gumbel_softmax():
    tinytorch.manual_seed(0)
    logits = tinytorch.tensor([[0.0, 1.0, 2.0]]).expand(4000, 3).clone().requires_grad_()
    hard = F.gumbel_softmax(logits, tau=0.5, hard=True)
    assert set(np.unique(np.round(hard.detach().numpy(), 5))) == {0.0, 1.0}
    share = hard.mean(0).detach().numpy()
    assert np.allclose(share, np.exp([0, 1, 2]) / np.exp([0, 1, 2]).sum(), atol=0.03)
    (hard * tinytorch.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert np.abs(logits.grad.numpy()).max() > 0


def test_rrelu_draws_slopes_in_training():
    x = -tinytorch.ones(1000)
    y = F.rrelu(x, 0.1, 0.3, training=True).numpy()
    assert y.min() >= -0.3 and y.max() <= -0.1 and np.unique(y).size > 900
    assert np.allclose(F.rrelu(x, 0.1, 0.3).numpy(), -0.2)


def test_prelu():
    x = np.linspace(-3, 3, 24)
    agree(
        lambda T, x, w: T.nn.functional.prelu(x, w), x.reshape(2, 3, 4), np.array([0.1, -0.2, 0.3]), order=2
    )
    agree(lambda T, x, w: x.prelu(w), x.reshape(2, 3, 4), np.array(0.1), order=2)
    agree(lambda T, x, w: T.prelu(x, w), np.array(-2.0), np.array([0.1]))


ERRORS = {
    "prelu matrix": lambda T, x: T.nn.functional.prelu(x, T.ones(3, 1)),
    "prelu count": lambda T, x: T.nn.functional.prelu(x, T.ones(2)),
    "prelu dtype": lambda T, x: T.nn.functional.prelu(x, T.ones(3, dtype=T.float32)),
    "glu odd": lambda T, x: T.nn.functional.glu(x),
    "glu scalar": lambda T, x: T.nn.functional.glu(x[0, 0]),
    "hardtanh bounds": lambda T, x: T.nn.functional.hardtanh(x, 1, -1),
    "softshrink": lambda T, x: T.nn.functional.softshrink(x, -1.0),
    "gelu": lambda T, x: T.nn.functional.gelu(x, approximate="erf"),
    "rrelu": lambda T, x: T.nn.functional.rrelu(x, 0.5, 0.2),
    "celu": lambda T, x: T.nn.functional.celu(x, 0.0),
    "softmax dim": lambda T, x: T.nn.functional.softmax(x, 2),
    "relu of bool": lambda T, x: T.relu(x > 0),
    "hardtanh of bool": lambda T, x: T.nn.functional.hardtanh(x > 0),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    errors_agree(ERRORS[name], np.ones((2, 3)))
