"""Images resized, sampled and rearranged, against PyTorch to second order."""

import numpy as np
import pytest

from tests.functional.agree import agree, errors_agree
from tests.functional.test_conv import several
from tests.functional.twice import agree_twice

MODES = [("nearest", 1), ("nearest", 2), ("nearest", 3), ("nearest-exact", 2), ("area", 2), ("area", 3)]
MODES += [("linear", 1), ("bilinear", 2), ("trilinear", 3), ("bicubic", 2)]


def image(*size, seed=0):
    return np.random.default_rng(seed).standard_normal((2, 3, *size))


@pytest.mark.parametrize(("mode", "n"), MODES)
@pytest.mark.parametrize("size", [(7, 4, 9), (3, 10, 2), (5, 6, 4), (1, 1, 1)])
def test_to_a_size(mode, n, size):
    aligned = (None,) if mode in ("nearest", "nearest-exact", "area") else (False, True)
    for align in aligned:
        agree_twice(
            lambda lib, x, a=align: lib.nn.functional.interpolate(x, size[:n], mode=mode, align_corners=a),
            image(5, 6, 4)[..., 0, :] if n == 2 else image(*(5, 6, 4)[:n]),
        )


@pytest.mark.parametrize(("mode", "n"), MODES)
@pytest.mark.parametrize("factor", [2, 3, 0.5, 1.7, (1.3, 2.6, 0.8)])
@pytest.mark.parametrize("recompute", [None, True])
def test_by_a_factor(mode, n, factor, recompute):
    factor = factor[:n] if isinstance(factor, tuple) else factor
    settings = dict(scale_factor=factor, mode=mode, recompute_scale_factor=recompute)
    resize = lambda lib, x: lib.nn.functional.interpolate(x, **settings)
    x = image(*(5, 6, 4)[:n])
    if mode == "nearest" and n != 2:  # by an uneven factor, PyTorch's gradient does not belong to its result
        agree(resize, x, order=0)
    else:
        agree_twice(resize, x)


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize("align", [False, True])
def test_without_aliases(mode, align):
    settings = dict(mode=mode, align_corners=align, antialias=True)
    for size in ((3, 5), (12, 4)):
        agree_twice(lambda lib, x, s=size: lib.nn.functional.interpolate(x, s, **settings), image(9, 11))


@pytest.mark.parametrize(
    "settings",
    [
        dict(),
        dict(size=4, scale_factor=2),
        dict(size=(5,)),
        dict(size=2.5),
        dict(scale_factor=2, mode="some"),
        dict(scale_factor=2, mode="linear"),
        dict(scale_factor=2, mode="nearest", align_corners=True),
        dict(scale_factor=0.1),
        dict(scale_factor=2, mode="nearest", antialias=True),
    ],
)
def test_refusals(settings):
    errors_agree(lambda lib, x: lib.nn.functional.interpolate(x, **settings), image(4, 4))


@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("align", [False, True])
def test_grid_sample(mode, padding, align):
    settings = dict(mode=mode, padding_mode=padding, align_corners=align)
    rng = np.random.default_rng(0)
    for size in ((4, 5), (1, 3), (3, 4, 2)):
        if len(size) == 3 and mode == "bicubic":
            continue
        grid = rng.uniform(-1.8, 1.8, (2, *(3, 2, 2)[: len(size)], len(size)))
        agree_twice(lambda lib, x, g: lib.nn.functional.grid_sample(x, g, **settings), image(*size), grid)


@pytest.mark.filterwarnings("ignore:Since version 1.3.0")
@pytest.mark.parametrize("align", [False, True])
@pytest.mark.parametrize("size", [(2, 3, 4, 5), (2, 1, 1, 3), (2, 1, 2, 1, 3)])
def test_affine_grid(size, align):
    n = len(size) - 2
    theta = np.random.default_rng(0).standard_normal((2, n, n + 1))
    agree_twice(lambda lib, t: lib.nn.functional.affine_grid(t, size, align_corners=align), theta)


@pytest.mark.parametrize("seed", range(8))
def test_unfold_and_fold(seed):
    rng = np.random.default_rng(seed)
    names = ("kernel_size", "dilation", "padding", "stride")
    settings = {name: several(rng, low, 3, 2) for name, low in zip(names, (1, 1, 0, 1))}
    x = image(5, 6) if seed % 2 else image(5, 6)[0]
    agree_twice(lambda lib, x: lib.nn.functional.unfold(x, **settings), x)
    agree_twice(
        lambda lib, x: lib.nn.functional.fold(
            lib.nn.functional.unfold(x, **settings) ** 2, (5, 6), **settings
        ),
        x,
    )


def test_shuffles():
    x = np.random.default_rng(0).standard_normal((2, 8, 4, 6))
    for name in ("pixel_shuffle", "pixel_unshuffle", "channel_shuffle"):
        agree_twice(lambda lib, x, f=name: getattr(lib.nn.functional, f)(x, 2), x)
        errors_agree(lambda lib, x, f=name: getattr(lib.nn.functional, f)(x, 5), x)
        errors_agree(lambda lib, x, f=name: getattr(lib.nn.functional, f)(x[0, 0], 2), x)
