"""The checks of 06_spatial. Each docstring is what the student reads; docs/lesson-format.md says how they are written."""

import itertools
import time

import numpy as np

import tinytorch as tt
from tinytorch import nn, optim
from tinytorch.nn import functional as F
from tinytorch.nn.functional import convolution as conv
from tinytorch.nn.functional import pool
from tinytorch.nn.functional.windows import add_windows, places, windows
from tito.checking import (
    array_of,
    arrays,
    beside,
    check,
    expect,
    expect_close,
    expect_equal,
    expect_gradient,
    rng,
    tensor,
)

SLIDES, COUNT, VIEW = "A filter slides", "How many places", "Windows without copying"
PRODUCT, INPUT, FILTERS = "One matrix product", "The gradient of the input", "The gradient of the filters"
LARGEST, MEAN = "The largest of each window", "The mean of each window"

# ---------------------------------------------------------------- convolution by slices: one shifted picture per tap


def per_place(x, tap, count, stride, dilation):
    """What one tap sees from every place of the last axes of x, by slicing."""
    return x[
        (
            ...,
            *[slice(t * d, t * d + (c - 1) * s + 1, s) for t, c, s, d in zip(tap, count, stride, dilation)],
        )
    ]


def counted(size, kernel, stride, dilation):
    return tuple((n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(size, kernel, stride, dilation))


def with_zeros(x, padding, value=0.0):
    return np.pad(x, [(0, 0)] * (x.ndim - len(padding)) + [(p, p) for p in padding], constant_values=value)


def grouped(w, tap, groups):
    """The weights at one tap, (G, O/G, C/G)."""
    return w[(slice(None), slice(None), *tap)].reshape(groups, len(w) // groups, w.shape[1])


def np_conv(x, w, bias, stride, padding, dilation, groups):
    x = with_zeros(x, padding)
    count = counted(x.shape[2:], w.shape[2:], stride, dilation)
    parts = x.reshape(len(x), groups, w.shape[1], *x.shape[2:])
    out = np.zeros((len(x), groups, len(w) // groups, *count))
    for tap in np.ndindex(*w.shape[2:]):
        seen = per_place(parts, tap, count, stride, dilation)
        out += np.einsum("ngc...,goc->ngo...", seen, grouped(w, tap, groups))
    out = out.reshape(len(x), len(w), *count)
    return out if bias is None else out + bias.reshape(-1, *[1] * len(count))


def np_conv_input(g, w, size, stride, padding, dilation, groups):
    padded = [s + 2 * p for s, p in zip(size, padding)]
    out = np.zeros((len(g), groups, w.shape[1], *padded))
    g = g.reshape(len(g), groups, len(w) // groups, *g.shape[2:])
    for tap in np.ndindex(*w.shape[2:]):
        part = per_place(out, tap, g.shape[3:], stride, dilation)
        part += np.einsum("ngo...,goc->ngc...", g, grouped(w, tap, groups))
    out = out.reshape(len(g), groups * w.shape[1], *padded)
    return out[(..., *[slice(p, p + s) for p, s in zip(padding, size)])]


def np_conv_weight(g, x, kernel, stride, padding, dilation, groups):
    x = with_zeros(x, padding)
    N, O, C, P = len(x), g.shape[1] // groups, x.shape[1] // groups, int(np.prod(g.shape[2:]))
    parts, gs = x.reshape(N, groups, C, *x.shape[2:]), g.reshape(N, groups, O, P)
    out = np.zeros((groups, O, C, *kernel))
    for tap in np.ndindex(*kernel):
        seen = per_place(parts, tap, g.shape[2:], stride, dilation).reshape(N, groups, C, P)
        out[(..., *tap)] = np.einsum("ngop,ngcp->goc", gs, seen)
    return out.reshape(groups * O, C, *kernel)


# (x, weight, stride, padding, dilation, groups): one, two and three axes, many and few places, odd everything
SETTINGS = [
    ((2, 3, 5, 6), (4, 3, 3, 3), (1, 1), (0, 0), (1, 1), 1),
    ((1, 1, 3, 4), (1, 1, 2, 2), (1, 1), (0, 0), (1, 1), 1),
    ((2, 2, 7, 6), (4, 2, 3, 2), (2, 1), (1, 0), (1, 1), 1),
    ((2, 4, 9, 8), (6, 2, 2, 3), (2, 3), (1, 2), (2, 1), 2),
    ((3, 4, 11, 12), (4, 1, 3, 3), (1, 1), (1, 1), (1, 1), 4),
    ((2, 3, 6), (5, 3, 3), (2,), (1,), (1,), 1),
    ((1, 2, 4, 5, 3), (3, 2, 2, 2, 2), (1, 2, 1), (0, 1, 1), (1, 1, 2), 1),
    ((0, 3, 5, 5), (2, 3, 3, 3), (1, 1), (1, 1), (1, 1), 1),
    ((2, 2, 1, 4), (3, 2, 5, 3), (1, 1), (2, 1), (1, 1), 1),
]


def said(shapes_and_settings):
    x, w, stride, padding, dilation, groups = shapes_and_settings
    return f"x {x}, weight {w}, stride {stride}, padding {padding}, dilation {dilation}, groups {groups}"


# ---------------------------------------------------------------- places


@check(of="places", section=COUNT)
def test_places_by_hand():
    """Windows of 3 fit 4 times into 6, twice with stride 2, twice with dilation 2."""
    expect_equal(tuple(places((6,), (3,), (1,), (1,))), (4,), "the places of a window of 3 in 6")
    expect_equal(tuple(places((6,), (3,), (2,), (1,))), (2,), "the places with stride 2")
    expect_equal(tuple(places((6,), (3,), (1,), (2,))), (2,), "the places with dilation 2")
    expect_equal(tuple(places((32, 7), (5, 1), (1, 3), (1, 9))), (28, 3), "the places of (5, 1) in (32, 7)")


@check(of="places", needs="places_by_hand", section=COUNT)
def test_places_are_those_that_fit():
    """For all small sizes: as many places as there are starts from which the whole window fits."""
    for n, k, s, d in itertools.product(range(1, 9), range(1, 5), range(1, 4), range(1, 4)):
        starts = [a for a in range(0, n, s) if a + d * (k - 1) < n]
        if starts:
            name = f"the places of kernel {k}, stride {s}, dilation {d} in {n}"
            expect_equal(tuple(places((n,), (k,), (s,), (d,))), (len(starts),), name)


# ---------------------------------------------------------------- windows and back


@check(of="windows", needs="places_by_hand", section=VIEW)
def test_windows_by_hand():
    """Windows of 3 over 0 ... 5 are the columns 012, 123, 234, 345."""
    seen = windows(np.arange(6.0), (3,), (1,), (1,))
    expect_close(seen, [[0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 5]], "the windows of 3 over 0 ... 5")
    seen = windows(np.arange(6.0), (2,), (2,), (3,))
    expect_close(seen, [[0, 2], [3, 5]], "windows of 2 taps, 3 apart, with stride 2")


@check(of="windows", needs="windows_by_hand", section=VIEW)
def test_windows_of_any_array():
    """[..., i, j, a, b] is tap (i, j) of the window at place (a, b), for any number of axes and any layout in memory."""
    for shape, kernel, stride, dilation in [
        ((2, 3, 6, 5), (3, 2), (1, 2), (2, 1)),
        ((7, 8), (2, 3), (3, 1), (1, 2)),
        ((4, 9), (4,), (2,), (2,)),
        ((2, 4, 5, 3), (2, 2, 2), (1, 2, 1), (1, 1, 2)),
        ((0, 3, 6, 5), (3, 2), (1, 2), (1, 1)),
    ]:
        (x,) = arrays(shape, seed=1)
        n = len(kernel)
        count = counted(shape[-n:], kernel, stride, dilation)
        answer = np.zeros((*shape[:-n], *kernel, *count))
        for tap in np.ndindex(*kernel):
            answer[(..., *tap, *[slice(None)] * n)] = per_place(x, tap, count, stride, dilation)
        name = f"windows {kernel}, stride {stride}, dilation {dilation} of {shape}"
        expect_close(windows(x, kernel, stride, dilation), answer, name)
        turned = np.asfortranarray(x)
        expect_close(windows(turned, kernel, stride, dilation), answer, f"{name}, stored by columns")
    fewer = windows(np.arange(6.0), (2,), (1,), (1,), (3,))
    expect_close(fewer, [[0, 1, 2], [1, 2, 3]], "the first 3 windows (count=(3,))")


@beside
def written_into():
    """An array, whether the windows over it share its memory, and what it is after a 7 was written into them."""
    x = np.zeros((2, 5, 5), np.float32)
    seen = windows(x, (3, 3), (1, 1), (1, 1))
    is_view = np.shares_memory(seen, x)
    seen[..., 1, 1, 0, 0] = 7
    return is_view, x


@check(of="windows", needs="windows_by_hand", section=VIEW)
def test_windows_are_a_view():
    """Nothing is copied: writing into the windows writes into the array."""
    is_view, x = written_into()
    expect(is_view, "the windows are a copy", expected="a view of x", got="new memory")
    expect_close(x[:, 1, 1], [7, 7], "x after writing into its windows", dtype="float32")


@check(of="add_windows", needs="windows_of_any_array", section=VIEW)
def test_windows_added_back():
    """Ones in all windows of 3 over six elements count 1, 2, 3, 3, 2, 1."""
    ones = np.ones((3, 4), np.float32)
    expect_close(
        add_windows(ones, (6,), (1,), (1,)), [1, 2, 3, 3, 2, 1], "the ones added up", dtype="float32"
    )
    for size, lead, kernel, stride, dilation in [
        ((6, 5), (2, 3), (3, 2), (1, 2), (2, 1)),
        ((9,), (4,), (4,), (2,), (1,)),
        ((7, 8), (), (2, 3), (3, 1), (1, 2)),
        ((4, 5, 3), (2,), (2, 2, 2), (1, 2, 1), (1, 1, 2)),
    ]:
        count = counted(size, kernel, stride, dilation)
        (parts,) = arrays((*lead, *kernel, *count), seed=2)
        answer = np.zeros((*lead, *size))
        for tap in np.ndindex(*kernel):
            seen = per_place(answer, tap, count, stride, dilation)
            seen += parts[(..., *tap, *[slice(None)] * len(size))]
        name = f"windows {kernel}, stride {stride}, dilation {dilation} added into {size}"
        expect_close(add_windows(parts, size, stride, dilation), answer, name, dtype="float64")


# ---------------------------------------------------------------- convolution


@check(of="conv_forward", needs="windows_of_any_array", section=PRODUCT)
def test_edges_by_hand():
    """The filter (1, -1) over 0 0 9 9 9 0 gives 0 -9 0 0 9; a bias is added everywhere."""
    row = tt.tensor([[[0.0, 0, 9, 9, 9, 0]]])
    filters = tt.tensor([[[1.0, -1.0]], [[1.0, 1.0]]])
    answer = np.array([[[0.0, -9, 0, 0, 9], [0, 9, 18, 18, 9]]])
    expect_close(F.conv1d(row, filters), answer, "the two filters over the row", dtype="float32")
    bias = tt.tensor([0.5, -1.0])
    expect_close(F.conv1d(row, filters, bias), answer + [[[0.5], [-1]]], "with the bias 0.5, -1")


@check(of="conv_forward", needs="edges_by_hand", section=PRODUCT)
def test_convolution_of_any_shape():
    """One, two and three axes, strides, padding, dilation, groups, and no images at all."""
    for number, setting in enumerate(SETTINGS):
        shape, filters, *settings = setting
        x, w, b = arrays(shape, filters, filters[:1], seed=number)
        expect_close(
            conv.conv_forward(x, w, b, *settings), np_conv(x, w, b, *settings), said(setting), dtype="float64"
        )
        out = conv.convolution(
            tensor(x), tensor(w), None,
            stride=settings[0], padding=settings[1], dilation=settings[2], groups=settings[3],
        )  # fmt: skip
        expect_close(out, np_conv(x, w, None, *settings), f"{said(setting)}, through the op")


@check(of="conv_forward", needs="convolution_of_any_shape", section=SLIDES)
def test_conv2d_as_pytorch_has_it():
    """F.conv2d and nn.Conv2d: a picture without a batch, padding "same", float32, and x is left as it was."""
    x, w, b = (a.astype(np.float32) for a in arrays((2, 3, 8, 9), (4, 3, 3, 3), (4,), seed=3))
    kept = x.copy()
    answer = np_conv(x, w, b, (1, 1), (1, 1), (1, 1), 1)
    out = F.conv2d(tensor(x), tensor(w), tensor(b), padding="same")
    expect_close(out, answer, "padding='same'", rtol=1e-4, atol=1e-5, dtype="float32")
    single = F.conv2d(tensor(x[0]), tensor(w), tensor(b), padding=1)
    expect_close(single, answer[0], "one picture without a batch", rtol=1e-4, atol=1e-5)
    expect_close(x, kept, "the pictures afterwards")
    layer = nn.Conv2d(3, 4, 3, stride=2)
    layer.weight.data[:] = tensor(w)
    layer.bias.data[:] = tensor(b)
    expect_close(layer(tensor(x)), answer[:, :, 1:-1:2, 1:-1:2], "nn.Conv2d, stride 2", rtol=1e-4, atol=1e-5)


@check(of="conv_forward", needs="convolution_of_any_shape", section="Pitfalls")
def test_convolution_at_a_good_pace():
    """Right for a batch of larger pictures; whether a loop over places makes it slow is said, not judged."""
    x, w = arrays((8, 8, 32, 32), (16, 8, 3, 3), seed=4)
    settings = ((1, 1), (0, 0), (1, 1), 1)
    columns = np.zeros((8, 72, 900))
    product = fastest(lambda: w.reshape(16, 72) @ columns)
    taken = fastest(lambda: conv.conv_forward(x, w, None, *settings))
    expect_close(conv.conv_forward(x, w, None, *settings), np_conv(x, w, None, *settings), "the result")
    if taken > 40 * product:
        print(
            f"Right, but slow: conv_forward takes {taken / product:.0f} times as long as its matrix product alone."
            " Is there a Python loop over places? All windows at once are one product: rows @ columns."
        )


def fastest(call, times: int = 3) -> float:
    spans = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        spans.append(time.perf_counter() - start)
    return min(spans)


@check(of="conv_backward_input", needs="windows_added_back", section=INPUT)
def test_input_gradient_by_hand():
    """For the filter (2, 3) and g = 1, 10, 100 the four pixels get 2, 23, 230, 300."""
    g, w = np.array([[[1.0, 10, 100]]]), np.array([[[2.0, 3.0]]])
    out = conv.conv_backward_input(g, w, (4,), (1,), (0,), (1,), 1)
    expect_close(out, [[[2, 23, 230, 300]]], "the gradient of the pixels")
    padded = conv.conv_backward_input(g, w, (2,), (1,), (1,), (1,), 1)
    expect_close(padded, [[[23, 230]]], "the gradient of two pixels with padding 1 around them")


@check(of="conv_backward_input", needs="input_gradient_by_hand", section=INPUT)
def test_input_gradient_of_any_shape():
    """Each pixel gets g times the weight, from every place that saw it: any shape and setting."""
    for number, setting in enumerate(SETTINGS):
        shape, filters, *settings = setting
        count = counted(
            [s + 2 * p for s, p in zip(shape[2:], settings[1])], filters[2:], settings[0], settings[2]
        )
        g, w = arrays((shape[0], filters[0], *count), filters, seed=number)
        out = conv.conv_backward_input(g, w, shape[2:], *settings)
        expect_close(out, np_conv_input(g, w, shape[2:], *settings), said(setting), dtype="float64")


@check(of="conv_backward_weight", needs="windows_of_any_array", section=FILTERS)
def test_filter_gradient_by_hand():
    """For the pixels 1, 2, 3, 4 and g = 1, 10, 100 the two weights get 321 and 432."""
    g, x = np.array([[[1.0, 10, 100]]]), np.array([[[1.0, 2, 3, 4]]])
    out = conv.conv_backward_weight(g, x, (2,), (1,), (0,), (1,), 1)
    expect_close(out, [[[321, 432]]], "the gradient of the filter")


@check(of="conv_backward_weight", needs="filter_gradient_by_hand", section=FILTERS)
def test_filter_gradient_of_any_shape():
    """Each weight gets g times the pixel under it, summed over places and images: any shape and setting."""
    for number, setting in enumerate(SETTINGS):
        shape, filters, *settings = setting
        count = counted(
            [s + 2 * p for s, p in zip(shape[2:], settings[1])], filters[2:], settings[0], settings[2]
        )
        g, x = arrays((shape[0], filters[0], *count), shape, seed=number)
        out = conv.conv_backward_weight(g, x, filters[2:], *settings)
        expect_close(out, np_conv_weight(g, x, filters[2:], *settings), said(setting), dtype="float64")


@check(
    of=["conv_forward", "conv_backward_input", "conv_backward_weight"],
    needs=["convolution_of_any_shape", "input_gradient_of_any_shape", "filter_gradient_of_any_shape"],
    section=FILTERS,
)
def test_backpropagation_through_convolutions():
    """Through F.conv2d, conv1d and a strided conv_transpose2d the gradients agree with finite differences."""
    expect_gradient(
        lambda x, w, b: F.conv2d(x, w, b, stride=2, padding=1),
        *arrays((2, 2, 5, 4), (3, 2, 3, 3), (3,), seed=5),
        reference=lambda x, w, b: np_conv(x, w, b, (2, 2), (1, 1), (1, 1), 1),
    )
    expect_gradient(
        lambda x, w: F.conv1d(x, w, dilation=2, groups=2),
        *arrays((2, 4, 9), (4, 2, 3), seed=6),
        reference=lambda x, w: np_conv(x, w, None, (1,), (0,), (2,), 2),
    )
    expect_gradient(
        lambda x, w: F.conv_transpose2d(x, w, stride=2, output_padding=1),
        *arrays((1, 2, 3, 3), (2, 3, 2, 2), seed=7),
        reference=lambda x, w: np_conv_input(x, w, (7, 7), (2, 2), (0, 0), (1, 1), 1),
    )


# ---------------------------------------------------------------- max pooling


def np_pool(x, kernel, stride, padding, dilation, value, reduce):
    """Every window of the last axes as one axis, reduced."""
    x = with_zeros(x, padding, value)
    count = counted(x.shape[-len(kernel) :], kernel, stride, dilation)
    return reduce(np.stack([per_place(x, tap, count, stride, dilation) for tap in np.ndindex(*kernel)]), 0)


POOLS = [  # (x, kernel, stride, padding, dilation)
    ((2, 3, 6, 5), (2, 2), (2, 2), (0, 0), (1, 1)),
    ((2, 7, 8), (3, 3), (2, 2), (1, 1), (1, 1)),
    ((3, 2, 9), (3,), (1,), (1,), (2,)),
    ((1, 2, 5, 4, 6), (2, 1, 3), (1, 2, 2), (1, 0, 1), (1, 1, 1)),
    ((2, 3, 4, 5), (4, 5), (4, 5), (0, 0), (1, 1)),
    ((0, 3, 4, 4), (2, 2), (2, 2), (0, 0), (1, 1)),
]


def sides(padding):
    return [(p, p) for p in padding]


@check(of="max_pool_forward", needs="windows_of_any_array", section=LARGEST)
def test_max_pooling_by_hand():
    """The largest of 1 5 / 3 4 is 5, tap 1; of 2 0 / 6 6 it is the first 6, tap 2."""
    x = np.array([[1.0, 5, 2, 0], [3, 4, 6, 6]])
    kept = x.copy()
    out, winner = pool.max_pool_forward(x, (2, 2), (2, 2), [(0, 0)] * 2, (1, 1), True)
    expect_close(out, [[5, 6]], "the largest of each window")
    expect_close(winner, [[1, 2]], "the taps that won")
    expect_close(x, kept, "x afterwards")
    expect_equal(
        pool.max_pool_forward(x, (2, 2), (2, 2), [(0, 0)] * 2, (1, 1), False)[1],
        None,
        "winner, not asked for",
    )


@check(of="max_pool_forward", needs="max_pooling_by_hand", section=LARGEST)
def test_max_pooling_of_any_shape():
    """One, two and three axes, overlapping windows, dilation, and padding that never wins."""
    for number, (shape, kernel, stride, padding, dilation) in enumerate(POOLS):
        (x,) = arrays(shape, seed=number)
        x -= 3  # all below 0: a padding of zeros would win
        out, winner = pool.max_pool_forward(x, kernel, stride, sides(padding), dilation, True)
        name = f"windows {kernel}, stride {stride}, padding {padding}, dilation {dilation} of {shape}"
        answer = np_pool(x, kernel, stride, padding, dilation, -np.inf, np.max)
        expect_close(out, answer, name, dtype="float64")
        first = np_pool(x, kernel, stride, padding, dilation, -np.inf, np.argmax)
        expect_close(winner, first, f"the winners of {name}")


@check(of="max_pool_forward", needs="max_pooling_of_any_shape", section=LARGEST)
def test_max_pooling_of_whatever_comes():
    """Integers keep their dtype, a NaN is not lost, and a window may have more than 256 elements."""
    whole = F.max_pool2d(tt.tensor([[[-5, -7], [-6, -9]]]), 2, stride=1, padding=1)
    expect_close(whole, [[[-5, -5, -7], [-5, -5, -7], [-6, -6, -9]]], "integers, padded", dtype="int64")
    nan = F.max_pool1d(tt.tensor([[1.0, float("nan"), 3.0, 4.0]]), 2)
    expect_close(nan, [[np.nan, 4.0]], "windows with a NaN in one of them")
    for taps, size in ((256, 1), (257, 2)):
        x = np.zeros((1, taps), np.float32)
        x[0, -1] = 1.0
        _, winner = pool.max_pool_forward(x, (taps,), (taps,), [(0, 0)], (1,), True)
        expect_close(winner, [[taps - 1]], f"the winner of {taps} taps")
        expect_equal(winner.dtype.itemsize, size, f"the bytes that the number of one of {taps} taps takes")


@check(of="max_pool_backward", needs="max_pooling_by_hand", section=LARGEST)
def test_max_pooling_gradient_by_hand():
    """g = 10, 20 goes to the winners 5 and the first 6; a pixel that won two windows gets both."""
    x = tt.tensor([[[1.0, 5.0, 2.0, 0.0], [3.0, 4.0, 6.0, 6.0]]], requires_grad=True)
    F.max_pool2d(x, 2).backward(tt.tensor([[[10.0, 20.0]]]))
    expect_close(x.grad, [[[0, 10, 0, 0], [0, 0, 20, 0]]], "the gradient of the two windows")
    x = tt.tensor([[1.0, 9.0, 2.0, 3.0]], requires_grad=True)
    F.max_pool1d(x, 2, stride=1).backward(tt.tensor([[1.0, 10.0, 100.0]]))
    expect_close(x.grad, [[0, 11, 0, 100]], "the gradient where the 9 won twice")


@check(of="max_pool_backward", needs="max_pooling_gradient_by_hand", section=LARGEST)
def test_max_pooling_gradient_of_any_shape():
    """The gradient agrees with finite differences, for every shape and setting."""
    for number, (shape, kernel, stride, padding, dilation) in enumerate(POOLS):
        x = rng(number).permutation(np.arange(float(np.prod(shape)))).reshape(shape)
        f = [F.max_pool1d, F.max_pool2d, F.max_pool3d][len(kernel) - 1]
        expect_gradient(
            lambda t, f=f, k=kernel, s=stride, p=padding, d=dilation: f(t, k, s, p, d),
            x,
            reference=lambda a, k=kernel, s=stride, p=padding, d=dilation: np_pool(
                a, k, s, p, d, -np.inf, np.max
            ),
            what=f"the gradient of windows {kernel}, stride {stride}, padding {padding}, dilation {dilation} of {shape}",
        )


# ---------------------------------------------------------------- average pooling


@check(of="sum_windows", needs="windows_of_any_array", section=MEAN)
def test_average_pooling():
    """1, 5, 2, 0 in windows of 2 have the sums 6, 2 and the means 3, 1; any shape, and padding counts or not."""
    row = tt.tensor([[1.0, 5.0, 2.0, 0.0]])
    expect_close(pool.sum_windows(row, kernel=(2,), stride=(2,), padding=[(0, 0)]), [[6, 2]], "the sums")
    expect_close(F.avg_pool1d(row, 2), [[3, 1]], "the means", dtype="float32")
    for number, (shape, kernel, stride, padding, _) in enumerate(POOLS):
        (x,) = arrays(shape, seed=number)
        f = [F.avg_pool1d, F.avg_pool2d, F.avg_pool3d][len(kernel) - 1]
        name = f"windows {kernel}, stride {stride}, padding {padding} of {shape}"
        one = (1,) * len(kernel)
        expect_close(
            f(tensor(x), kernel, stride, padding),
            np_pool(x, kernel, stride, padding, one, 0.0, np.mean),
            f"the means of {name}",
            dtype="float64",
        )
        expect_close(
            f(tensor(x), kernel, stride, padding, count_include_pad=False),
            np_pool(x, kernel, stride, padding, one, np.nan, np.nanmean),
            f"the means of {name}, padding left out",
        )
    expect_close(row, [[1, 5, 2, 0]], "the row afterwards")


@check(of="sum_windows", needs="average_pooling", section=MEAN)
def test_average_pooling_in_half_precision():
    """4,096 halves of 0.1 have the mean 0.1: the sum is not made in half precision."""
    x = tt.zeros(1, 64, 64, dtype=tt.float16) + 0.1
    for out in (F.avg_pool2d(x, 64), F.avg_pool2d(tt.cat([x, x], 2), 64)):
        expect_close(array_of(out).astype(float).max(), 0.1, "the mean of 4,096 halves", rtol=1e-3)
        expect_equal(str(array_of(out).dtype), "float16", "its dtype")


@check(of="spread_windows", needs="average_pooling", section=MEAN)
def test_average_pooling_gradient():
    """For g = 10, 20 each element of a window gets its window's g, over 2; overlaps add up."""
    x = tt.tensor([[1.0, 5.0, 2.0, 0.0]], requires_grad=True)
    F.avg_pool1d(x, 2).backward(tt.tensor([[10.0, 20.0]]))
    expect_close(x.grad, [[5, 5, 10, 10]], "the gradient for g = 10, 20")
    for number, (shape, kernel, stride, padding, _) in enumerate(POOLS):
        (a,) = arrays(shape, seed=number)
        f = [F.avg_pool1d, F.avg_pool2d, F.avg_pool3d][len(kernel) - 1]
        one = (1,) * len(kernel)
        expect_gradient(
            lambda t, f=f, k=kernel, s=stride, p=padding: f(t, k, s, p),
            a,
            reference=lambda v, k=kernel, s=stride, p=padding, one=one: np_pool(
                v, k, s, p, one, 0.0, np.mean
            ),
            what=f"the gradient of windows {kernel}, stride {stride}, padding {padding} of {shape}",
        )


# ---------------------------------------------------------------- the whole module


def bars(count: int, seed: int):
    """Noisy pictures of a bar: lying (0), standing (1) or slanting (2), anywhere. Their mean pictures are the same grey."""
    generator = rng(seed)
    labels = generator.integers(0, 3, count)
    images = generator.normal(0, 0.2, (count, 1, 12, 12))
    for image, label in zip(images, labels):
        a, b, along = *generator.integers(1, 7, 2), np.arange(5)
        rows = a + (along if label else 0)
        columns = b + (0 if label == 1 else along)
        image[0, rows, columns] += 1
    return tensor(images.astype(np.float32)), tensor(labels)


@check(
    of=["conv_forward", "conv_backward_weight", "conv_backward_input", "max_pool_backward", "spread_windows"],
    needs=[
        "backpropagation_through_convolutions",
        "max_pooling_gradient_of_any_shape",
        "average_pooling_gradient",
    ],
    section="Where it goes next",
    seconds=90,  # a loop over places may pass
)
def test_a_network_that_sees():
    """Trained on 300 pictures of bars, lying, standing or slanting, a small network names 9 of 10 it has never seen."""
    tt.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3), nn.ReLU(), nn.AvgPool2d(4),
        nn.Flatten(), nn.Linear(16, 3),
    )  # fmt: skip
    images, labels = bars(300, seed=0)
    unseen, answers = bars(300, seed=1)
    optimizer = optim.Adam(model.parameters(), lr=0.02)
    for _ in range(40):
        loss = F.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with tt.no_grad():
        right = float(np.mean(array_of(model(unseen).argmax(1)) == array_of(answers)))
    expect(
        right > 0.9,
        "the network does not see",
        expected="more than 90% of 300 new pictures named rightly",
        got=f"{100 * right:.0f}% (the loss is {loss.item():.3f})",
    )
