"""Pooling and padding over settings drawn at random, against PyTorch to second order, and their corners."""

import numpy as np
import pytest

import tinytorch
import tinytorch.nn.functional as F
from tests.functional.agree import agree, errors_agree
from tests.functional.test_conv import several
from tests.functional.twice import agree_twice


def tensor_of(rng, seed: int, *size):
    return rng.standard_normal((2, 3, *size) if seed % 4 else (3, *size))


@pytest.mark.parametrize("seed", range(30))
def test_pooling(seed):
    rng = np.random.default_rng(seed)
    n = seed % 3 + 1
    kernel = several(rng, 1, 4, n)
    x = tensor_of(rng, seed, *several(rng, 5, 9 if n < 3 else 7, n))
    settings = dict(
        stride=several(rng, 1, 4, n) if seed % 3 else None,
        padding=tuple(int(rng.integers(0, k // 2 + 1)) for k in kernel),
        ceil_mode=bool(seed % 2),
    )
    largest = settings | dict(dilation=several(rng, 1, 3, n), return_indices=bool(seed % 5))
    agree_twice(lambda lib, x: getattr(lib.nn.functional, f"max_pool{n}d")(x, kernel, **largest), x)
    mean = settings | dict(count_include_pad=bool(seed % 5))
    if n > 1 and seed % 4 == 0:
        mean["divisor_override"] = 3
    agree_twice(lambda lib, x: getattr(lib.nn.functional, f"avg_pool{n}d")(x, kernel, **mean), x)


@pytest.mark.parametrize("seed", range(18))
def test_adaptive_pooling(seed):
    rng = np.random.default_rng(seed)
    n = seed % 3 + 1
    x, size = tensor_of(rng, seed, *several(rng, 1, 8, n)), several(rng, 1, 6, n)
    agree_twice(lambda lib, x: getattr(lib.nn.functional, f"adaptive_avg_pool{n}d")(x, size), x)
    agree_twice(lambda lib, x: getattr(lib.nn.functional, f"adaptive_max_pool{n}d")(x, size, True), x)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("size", [(2, 3), (9, 17)])  # with a compiled body, for two dims, and without
def test_the_gradient_goes_to_nan(n, size):
    """NaN beats all others of its window, and the last of several."""
    x = np.random.default_rng(n).standard_normal((*size, *[8] * n)).astype(np.float32)
    x[1, 2, ..., 3], x[0, 1, ..., 4:6], x[0, 0, ..., 0] = np.nan, np.nan, np.nan
    for settings in (dict(kernel_size=2), dict(kernel_size=3, stride=2, padding=1)):
        agree(
            lambda lib, x: getattr(lib.nn.functional, f"max_pool{n}d")(x, **settings, return_indices=True), x
        )


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("p", [1.0, 2.0, 3.0, float("inf"), -float("inf")])
def test_pooling_by_other_norms(n, p):
    x = np.random.default_rng(n).uniform(0.1, 2, (2, 3, *(6, 5, 4)[:n]))
    agree_twice(lambda lib, x: getattr(lib.nn.functional, f"lp_pool{n}d")(x, p, 2), x)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_unpooling(n):
    x = np.random.default_rng(n).standard_normal((2, 3, *(8, 6, 4)[:n]))

    def there_and_back(lib, x, **size):
        pooled, indices = getattr(lib.nn.functional, f"max_pool{n}d")(x, 2, return_indices=True)
        return getattr(lib.nn.functional, f"max_unpool{n}d")(pooled, indices, 2, **size)

    agree_twice(there_and_back, x)
    agree_twice(lambda lib, x: there_and_back(lib, x, output_size=x.shape), x)
    errors_agree(lambda lib, x: there_and_back(lib, x, output_size=(20,) * n), x)


def test_equal_elements_the_first_wins():
    agree(lambda lib, x: lib.nn.functional.max_pool2d(x, 2, 1, return_indices=True), np.ones((1, 1, 3, 3)))


def test_integers_and_half_precision():
    x = np.arange(32).reshape(1, 2, 4, 4)
    agree(lambda lib, x: lib.nn.functional.max_pool2d(x, 3, 2, 1, return_indices=True), x, order=0)
    for function in ("max_pool2d", "avg_pool2d"):
        agree(lambda lib, x, f=function: getattr(lib.nn.functional, f)(x, 2), x.astype("float16"), order=0)


def test_places_of_winners_are_kept_small_and_only_where_needed():
    x = tinytorch.ones(1, 1, 4, 4)
    assert F.max_pool2d(x, 2).grad_fn is None
    saved = F.max_pool2d(x.requires_grad_(), 2).grad_fn.saved
    assert [a.dtype for a in saved if hasattr(a, "dtype")] == [np.uint8]


def test_a_window_of_more_than_256_taps():
    x = np.random.default_rng(0).standard_normal((1, 1, 18, 20))
    agree(lambda lib, x: lib.nn.functional.max_pool2d(x, (17, 18), 1, return_indices=True), x)


@pytest.mark.parametrize(
    "expression",
    [
        lambda lib, x: lib.nn.functional.max_pool2d(x, 2, padding=2),
        lambda lib, x: lib.nn.functional.max_pool2d(x, 3, padding=2, dilation=2),
        lambda lib, x: lib.nn.functional.max_pool2d(x, 9),
        lambda lib, x: lib.nn.functional.max_pool2d(x, 2, stride=0),
        lambda lib, x: lib.nn.functional.max_pool2d(x[0, 0], 2),
        lambda lib, x: lib.nn.functional.max_pool2d(x, (2, 2, 2)),
        lambda lib, x: lib.nn.functional.avg_pool2d(x, 2, divisor_override=0),
        lambda lib, x: lib.nn.functional.adaptive_avg_pool2d(x, (1, 2, 3)),
        lambda lib, x: lib.nn.functional.adaptive_avg_pool2d(x[0, 0], 2),
    ],
)
def test_refusals(expression):
    errors_agree(expression, np.ones((1, 2, 4, 4)))


# ---------------------------------------------------------------- padding


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("seed", range(9))
def test_padding(mode, seed):
    rng = np.random.default_rng(seed)
    n = seed % 3 + 1
    x = tensor_of(rng, seed, *several(rng, 4, 7, n))
    sides = [int(side) for side in rng.integers(-1, 4, 2 * n)]
    if mode == "circular":
        sides = [
            abs(side) for side in sides
        ]  # cut off on one side and wrapped, PyTorch reads memory it never wrote
    agree_twice(lambda lib, x: lib.nn.functional.pad(x, sides, mode), x)


def test_padding_with_a_value_and_with_nothing():
    x = np.arange(6.0).reshape(2, 3)
    agree_twice(lambda lib, x: lib.nn.functional.pad(x, (1, 0, 0, 1), value=-2.5), x)
    copy = F.pad(source := tinytorch.tensor(x), (0, 0))
    copy.zero_()
    assert source.sum().item() == 15


@pytest.mark.parametrize(
    "expression",
    [
        lambda lib, x: lib.nn.functional.pad(x, (1, 2, 3)),
        lambda lib, x: lib.nn.functional.pad(x, (1, 2) * 4),
        lambda lib, x: lib.nn.functional.pad(x, (1, 2), "some"),
        lambda lib, x: lib.nn.functional.pad(x, (1, 2), "reflect", 1.0),
        lambda lib, x: lib.nn.functional.pad(x, (4, 2), "reflect"),
        lambda lib, x: lib.nn.functional.pad(x, (5, 2), "circular"),
        lambda lib, x: lib.nn.functional.pad(x[0, 0], (1, 2), "reflect"),
        lambda lib, x: lib.nn.functional.pad(x, (-3, -3)),
        lambda lib, x: lib.nn.functional.pad(x, 1),
    ],
)
def test_padding_refusals(expression):
    errors_agree(expression, np.ones((2, 3, 4)))


@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize("batched", [True, False])
def test_fractional_pooling(n, batched):
    rng = np.random.default_rng(n)
    x = rng.standard_normal((2, 3, *range(7, 7 + n)) if batched else (3, *range(7, 7 + n)))
    samples = rng.random((2 if batched else 1, 3, n))
    for settings in (
        dict(output_size=4),
        dict(output_size=tuple(range(3, 3 + n))),
        dict(output_ratio=0.6),
        dict(output_size=1),
    ):

        def pooled(lib, x):
            layer = getattr(lib.nn, f"FractionalMaxPool{n}d")
            return layer(2, return_indices=True, _random_samples=lib.tensor(samples), **settings)(x)

        agree_twice(pooled, x)


def test_fractional_pooling_draws_its_windows():
    x = tinytorch.arange(100.0).reshape(1, 1, 10, 10)
    tinytorch.manual_seed(0)
    out, places = F.fractional_max_pool2d_with_indices(x, 2, output_ratio=0.65)
    assert out.shape == (1, 1, 6, 6) and out.tolist() == x.flatten()[places].tolist()
    assert out[0, 0, -1, -1] == 99, "the last window ends with the plane"
    assert out.tolist() != F.fractional_max_pool2d(x, 2, output_ratio=0.65).tolist()


def test_fractional_pooling_refuses():
    errors_agree(lambda lib: lib.nn.FractionalMaxPool2d(2))
    errors_agree(lambda lib: lib.nn.FractionalMaxPool2d(2, output_size=2, output_ratio=0.5))
    errors_agree(lambda lib: lib.nn.FractionalMaxPool2d(2, output_ratio=1.5))
    with pytest.raises(RuntimeError, match="do not fit"):
        F.fractional_max_pool2d(tinytorch.ones(1, 1, 4, 4), 2, output_size=4)


def test_pooling_with_indices_by_name():
    x = np.random.default_rng(0).standard_normal((2, 3, 6, 7))
    agree_twice(lambda lib, x: lib.nn.functional.max_pool2d_with_indices(x, 3, 2, 1), x)
    agree_twice(lambda lib, x: lib.nn.functional.max_pool1d_with_indices(x[0], 3), x)
    agree_twice(lambda lib, x: lib.nn.functional.adaptive_max_pool2d_with_indices(x, (2, 3)), x)
    agree_twice(lambda lib, x: lib.adaptive_max_pool1d(x[0], 2), x)
