"""In-place arithmetic: written where it belongs, and right where operands overlap or somebody needs the old values."""

import tracemalloc

import numpy as np
import pytest

import tinytorch as T

METHODS = ["add_", "sub_", "mul_", "div_", "__iadd__", "__isub__", "__imul__", "__itruediv__"]


def plain(name: str) -> str:
    return name.rstrip("_") if name.endswith("_") and not name.startswith("_") else f"__{name[3:]}"


def peak_of(run) -> int:
    tracemalloc.start()
    run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("n", [5, 1 << 18])
def test_the_result_goes_to_the_memory_that_is_there(name, n):
    T.manual_seed(0)
    x, y = T.randn(n), T.rand(n) + 1
    for other in (y, 1.5, T.tensor(2.0)):
        wanted, memory = getattr(x, plain(name))(other), x.array
        getattr(x, name)(other)
        assert x.array is memory and x.equal(wanted)
    if n > 5:
        assert peak_of(lambda: getattr(x, name)(y)) < 4 * n / 2


def test_operands_that_overlap():
    for n in (7, 1 << 17):
        x = T.arange(0.0, n)
        wanted = x[1:] + x[:-1]
        x[1:].add_(x[:-1])
        assert x[1:].equal(wanted)
        x.add_(x)
        assert x[1:].equal(wanted * 2)
        flipped = T.arange(0.0, n)
        flipped.add_(flipped.flip(0))
        assert (flipped == n - 1).all()


def test_what_does_not_fit_is_refused_before_anything_is_written():
    x = T.ones(3)
    with pytest.raises(RuntimeError, match="doesn't match the broadcast shape"):
        x.add_(T.ones(2, 3))
    with pytest.raises(RuntimeError, match="more than one element"):
        T.ones(1).expand(3).add_(1.0)
    with pytest.raises(RuntimeError, match="leaf"):
        T.ones(3, requires_grad=True).mul_(2.0)
    assert x.tolist() == [1, 1, 1]
    assert x.add_(T.ones(3, dtype=T.float64)).dtype == T.float32


def test_a_write_without_history_is_noticed_by_who_kept_the_old_values():
    w, x = T.ones(3, requires_grad=True), T.ones(3)
    y = w * x
    x.mul_(2.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation: 'mul'"):
        y.sum().backward()


def test_history_is_kept_where_there_is_one():
    w, x = T.ones(3, requires_grad=True), T.ones(3)
    x.add_(w)
    x.mul_(3.0)
    x.sum().backward()
    assert w.grad.tolist() == [3, 3, 3]


def test_infinities_and_nan_are_results():
    x = T.tensor([1.0, 0.0, 3e38])
    x.mul_(10.0)
    x.div_(T.zeros(3))
    assert np.array_equal(x.numpy(), [np.inf, np.nan, np.inf], equal_nan=True)
