"""Convolutions over settings drawn at random, against PyTorch to second order; small and chunked batches; kinds of input."""

import numpy as np
import pytest

import tinytorch
import tinytorch.nn.functional as F
from tests.functional.agree import agree, errors_agree
from tests.functional.twice import agree_twice
from tinytorch.nn.functional import convolution as arrays

torch = pytest.importorskip("torch", reason="parity needs PyTorch: pip install torch==2.13.0")


def several(rng, low: int, high: int, n: int) -> tuple[int, ...]:
    return tuple(int(v) for v in rng.integers(low, high, n))


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("seed", range(30))
def test_convolution(seed):
    rng = np.random.default_rng(seed)
    n, groups = seed % 3 + 1, int(rng.integers(1, 3))
    into, out = several(rng, 1, 4, 2)
    size, kernel = several(rng, 4, 9 if n < 3 else 6, n), several(rng, 1, 4, n)
    settings = dict(
        stride=several(rng, 1, 4, n),
        padding=several(rng, 0, 3, n),
        dilation=several(rng, 1, 3, n),
        groups=groups,
    )
    if seed % 5 == 0:
        settings |= dict(padding=("same", "valid")[seed % 2], stride=1)
    if any(s + 4 * (seed % 5 > 0) <= 2 * (k - 1) for s, k in zip(size, kernel)):
        settings["dilation"] = 1
        settings["padding"] = settings["padding"] if isinstance(settings["padding"], str) else 1
    images = rng.standard_normal((*((2,) if seed % 4 else ()), groups * into, *size))
    weight, bias = rng.standard_normal((groups * out, into, *kernel)), rng.standard_normal(groups * out)
    arrays = (images, weight, bias) if seed % 2 else (images, weight)
    name = f"conv{n}d"
    agree_twice(lambda lib, *a: getattr(lib.nn.functional, name)(*a, **settings), *arrays)


@pytest.mark.parametrize("seed", range(18))
def test_transposed_convolution(seed):
    rng = np.random.default_rng(seed)
    n, groups = seed % 3 + 1, int(rng.integers(1, 3))
    into, out = several(rng, 1, 4, 2)
    stride, dilation = several(rng, 1, 4, n), several(rng, 1, 4, n)
    settings = dict(stride=stride, dilation=dilation, groups=groups, padding=several(rng, 0, 2, n))
    settings["output_padding"] = tuple(int(rng.integers(0, max(s, d))) for s, d in zip(stride, dilation))
    images = rng.standard_normal((2, groups * into, *several(rng, 2, 5, n)))
    weight, bias = (
        rng.standard_normal((groups * into, out, *several(rng, 2, 4, n))),
        rng.standard_normal(groups * out),
    )
    arrays = (images, weight, bias) if seed % 2 else (images, weight)
    name = f"conv_transpose{n}d"
    agree_twice(lambda lib, *a: getattr(lib.nn.functional, name)(*a, **settings), *arrays)


def all_three(images: int, size: int):
    rng = np.random.default_rng(0)
    x, weight = rng.standard_normal((images, 4, size, size)), rng.standard_normal((6, 2, 3, 3))
    settings = ((2, 1), (1, 2), (1, 1), 2)
    out = arrays.convolution_kernel(x, weight, None, *settings)
    g = rng.standard_normal(out.shape)
    return (
        out,
        arrays.convolution_input_kernel(g, weight, x.shape[2:], *settings),
        arrays.convolution_weight_kernel(g, x, (3, 3), *settings),
    )


@pytest.mark.parametrize("size", [5, 12])
def test_images_one_by_one_and_as_one_deep_image_are_the_same(size, monkeypatch):
    want = all_three(5, size)
    for choice in (True, False):
        monkeypatch.setattr(arrays, "are_small", lambda x, count, choice=choice: choice)
        for a, b in zip(want, all_three(5, size)):
            np.testing.assert_allclose(a, b, atol=1e-12)
            assert b.flags.c_contiguous


@pytest.mark.parametrize("images", [0, 1, 5])
def test_chunks_of_a_batch_are_the_same(images, monkeypatch):
    want = all_three(images, 12)
    monkeypatch.setattr(arrays, "COLUMN_BYTES", 1)
    for a, b in zip(want, all_three(images, 12)):
        np.testing.assert_allclose(a, b, atol=1e-12)


def test_the_columns_of_a_batch_stay_within_their_budget():
    part, *_ = arrays.batches((64, 32, 3, 3, 32, 32), 4)
    assert (part.stop - part.start) * 32 * 9 * 32 * 32 * 4 <= arrays.COLUMN_BYTES


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64"])
def test_result_has_the_dtype_of_the_input(dtype):
    x, weight = np.ones((1, 2, 4, 4), dtype), np.full((3, 2, 3, 3), 2, dtype)
    agree(lambda lib, x, w: lib.nn.functional.conv2d(x, w), x, weight, order=0)


def test_layouts_of_memory_make_no_difference():
    rng = np.random.default_rng(0)
    agree_twice(
        lambda lib, x, w: lib.nn.functional.conv2d(x.permute(0, 3, 1, 2), w.transpose(2, 3)[:, ::2]),
        rng.standard_normal((2, 5, 6, 3)),
        rng.standard_normal((4, 6, 2, 3)),
    )


@pytest.mark.parametrize(
    "expression",
    [
        lambda lib, x, w: lib.nn.functional.conv2d(x, w, stride=0),
        lambda lib, x, w: lib.nn.functional.conv2d(x, w, padding=-1),
        lambda lib, x, w: lib.nn.functional.conv2d(x, w, dilation=0),
        lambda lib, x, w: lib.nn.functional.conv2d(x, w, stride=(1, 1, 1)),
        lambda lib, x, w: lib.nn.functional.conv2d(x, w, stride=1.5),
        lambda lib, x, w: lib.nn.functional.conv2d(x, w, padding="some"),
        lambda lib, x, w: lib.nn.functional.conv2d(x, w, groups=0),
        lambda lib, x, w: lib.nn.functional.conv2d(x, w, groups=2),
        lambda lib, x, w: lib.nn.functional.conv2d(x, [1.0]),
        lambda lib, x, w: lib.nn.functional.conv2d(x.double(), w),
        lambda lib, x, w: lib.nn.functional.conv2d(x, w, w[0, 0, 0, :2]),
        lambda lib, x, w: lib.nn.functional.conv2d(x[:, :2], w),
        lambda lib, x, w: lib.nn.functional.conv2d(x[..., :2], w),
        lambda lib, x, w: lib.nn.functional.conv1d(x, w),
        lambda lib, x, w: lib.nn.functional.conv_transpose2d(x, w, output_padding=1),
        lambda lib, x, w: lib.nn.functional.conv_transpose2d(x[:, :2], w),
        lambda lib, x, w: lib.nn.functional.conv_transpose2d(x, w, padding=9),
    ],
)
def test_refusals(expression):
    errors_agree(expression, np.ones((1, 3, 4, 4), "float32"), np.ones((3, 3, 3, 3), "float32"))


def test_an_error_names_the_channels():
    x, weight = tinytorch.ones(1, 3, 8, 8), tinytorch.ones(4, 2, 3, 3)
    with pytest.raises(RuntimeError, match=r"expected input\[1, 3, 8, 8\] to have 2 channels, but got 3"):
        F.conv2d(x, weight)


@pytest.mark.parametrize(
    "make",
    [
        lambda lib: lib.nn.Conv2d(3, 4, 3, groups=2),
        lambda lib: lib.nn.Conv2d(3, 4, 3, padding="some"),
        lambda lib: lib.nn.Conv2d(3, 4, 3, padding="same", stride=2),
        lambda lib: lib.nn.Conv2d(3, 4, 3, padding_mode="some"),
        lambda lib: lib.nn.ConvTranspose2d(3, 4, 3, padding_mode="reflect"),
    ],
)
def test_layers_refuse(make):
    with pytest.raises(ValueError):  # noqa: PT011 the texts are ours
        make(torch)
    with pytest.raises(ValueError):  # noqa: PT011
        make(tinytorch)


def test_output_size_of_a_transposed_layer():
    layer, theirs = (lib.nn.ConvTranspose2d(2, 3, 3, stride=2, padding=1) for lib in (tinytorch, torch))
    x, y = tinytorch.ones(1, 2, 4, 5), torch.ones(1, 2, 4, 5)
    for size in ([8, 9], [7, 10], (1, 3, 8, 10)):
        assert tuple(layer(x, output_size=size).shape) == tuple(theirs(y, output_size=size).shape)
    with pytest.raises(ValueError, match="valid sizes range from"):
        layer(x, output_size=[9, 9])


@pytest.mark.filterwarnings(
    "ignore:Using padding='same' with even kernel lengths"
)  # PyTorch's, once a process
@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("padding", [(2, 1), "same"])
def test_padding_modes_of_a_layer(mode, padding):
    ours, theirs = (
        lib.nn.Conv2d(2, 3, (4, 3), padding=padding, padding_mode=mode) for lib in (tinytorch, torch)
    )
    theirs.load_state_dict({key: torch.tensor(value.numpy()) for key, value in ours.state_dict().items()})
    x = np.random.default_rng(0).standard_normal((2, 2, 6, 7)).astype("float32")
    np.testing.assert_allclose(
        ours(tinytorch.tensor(x)).detach().numpy(), theirs(torch.tensor(x)).detach().numpy(), atol=1e-5
    )
