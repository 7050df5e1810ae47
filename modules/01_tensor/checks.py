"""The checks of 01_tensor. Each docstring is what the student reads; docs/lesson-format.md says how they are written."""

import itertools

import numpy as np

import tinytorch as tt
from tinytorch.ops.shape import complete, normal_dim
from tito.checking import (
    array_of,
    arrays,
    check,
    expect,
    expect_close,
    expect_equal,
    expect_raises,
    rng,
    tensor,
)

OP, BOUNDS, SHAPES = "One op, two kinds of callers", "Between two bounds", "Dims and shapes"
FEW, PRODUCTS = "Many numbers into few", "Products"

# ---------------------------------------------------------------- sub_op


@check(of="sub_op", section=OP)
def test_subtraction():
    """5 - 3 is 2 and 3 - 5 is -2, for tensors, numbers on either side, and shapes that broadcast."""
    expect_close(
        tt.tensor([5.0, 1.0]) - tt.tensor([3.0, 4.0]), [2.0, -3.0], "(5, 1) - (3, 4)", dtype="float32"
    )
    expect_close(tt.tensor([5, 1]) - 3, [2, -2], "(5, 1) - 3", dtype="int64")
    expect_close(1 - tt.tensor([0.25, 3.0]), [0.75, -2.0], "1 - (0.25, 3)")
    for one, other in [((3, 1), (4,)), ((2, 3, 4), (3, 1)), ((), (2,)), ((0, 3), (3,))]:
        a, b = arrays(one, other)
        expect_close(tensor(a) - tensor(b), a - b, f"a difference of shapes {one} and {other}")


# ---------------------------------------------------------------- clamp_bounds


@check(of="clamp_bounds", section=BOUNDS)
def test_clamp():
    """-3, 0.5, 7 between 0 and 1 are 0, 0.5, 1; either bound may be missing."""
    x = tt.tensor([-3.0, 0.5, 7.0])
    expect_close(tt.clamp(x, 0, 1), [0.0, 0.5, 1.0], "clamp(x, 0, 1)", dtype="float32")
    expect_close(tt.clamp(x, min=0), [0.0, 0.5, 7.0], "clamp(x, min=0)")
    expect_close(tt.clamp(x, max=0), [-3.0, 0.0, 0.0], "clamp(x, max=0)")
    expect_close(tt.clamp(tt.tensor([-3, 7]), 0, 5), [0, 5], "clamp of integers", dtype="int64")


@check(of="clamp_bounds", needs="clamp", section=BOUNDS)
def test_clamp_with_arrays():
    """Bounds may be tensors; where min is above max the result is max; NaN stays NaN."""
    x, low, high = arrays((4, 3), (3,), (4, 1), seed=1)
    expect_close(
        tt.clamp(tensor(x), tensor(low), tensor(high)),
        np.minimum(np.maximum(x, low), high),
        "clamp with tensors as bounds",
    )
    expect_close(tt.clamp(tt.tensor([0.0, 5.0]), 3, 1), [1.0, 1.0], "clamp(x, 3, 1)")
    expect_close(tt.clamp(tt.tensor([float("nan")]), 0, 1), [np.nan], "clamp of nan")


@check(of="clamp_bounds", section=BOUNDS)
def test_clamp_refuses_complex_numbers():
    """Complex numbers have no order."""
    expect_raises(
        NotImplementedError,
        lambda: refused(
            lambda: tt.clamp(tt.tensor([1j]), 0.0, 1.0), "clamp is not supported for complex types"
        ),
        what="clamp of complex numbers",
    )


def refused(call, text):
    """Let only the NotImplementedError through that says so: a stub raises one too."""
    try:
        return call()
    except NotImplementedError as error:
        expect(text in str(error), "clamp does not refuse complex numbers", expected=text, got=str(error))
        raise


# ---------------------------------------------------------------- dims and shapes


@check(of="normal_dim", section=SHAPES)
def test_normal_dim():
    """A dim counted from the front: -1 of 3 is 2; a single number has the dims 0 and -1."""
    for ndim in range(5):
        n = max(ndim, 1)
        for dim in range(-n, n):
            expect_equal(normal_dim(dim, ndim), dim if dim >= 0 else dim + n, f"normal_dim({dim}, {ndim})")


@check(of="normal_dim", section=SHAPES)
def test_normal_dim_out_of_range():
    """Out of range is an IndexError that names the range and the dim."""
    for dim, ndim, text in [(3, 3, "[-3, 2]"), (-4, 3, "[-3, 2]"), (1, 0, "[-1, 0]"), (-2, 0, "[-1, 0]")]:
        expect_raises(
            IndexError,
            lambda d=dim, n=ndim: normal_dim(d, n),
            [text, f"got {dim}"],
            f"normal_dim({dim}, {ndim})",
        )


@check(of="complete", section=SHAPES)
def test_reshape():
    """The same numbers under another shape; 6 numbers as (2, -1) are (2, 3)."""
    x = np.arange(24.0)
    for shape, answer in {
        (2, -1): (2, 12),
        (-1,): (24,),
        (4, 6): (4, 6),
        (2, -1, 3): (2, 4, 3),
        (1, 24, -1): (1, 24, 1),
        (-1, 24): (1, 24),
    }.items():
        expect_equal(tuple(complete(shape, (24,), 24)), answer, f"24 numbers as {shape}")
        expect_close(tensor(x).reshape(shape), x.reshape(shape), f"reshape to {shape}")
    expect_equal(tuple(complete((), (1,), 1)), (), "one number as ()")
    expect_equal(tuple(complete((0, 3), (3, 0), 0)), (0, 3), "no numbers as (0, 3)")
    expect_equal(tuple(complete((-1, 3), (0,), 0)), (0, 3), "no numbers as (-1, 3)")


@check(of="complete", needs="reshape", section=SHAPES)
def test_reshape_refuses_what_does_not_fit():
    """Sizes that do not multiply to the number of elements, two -1, or -1 beside 0 are errors that say what is wrong."""
    cases = [
        ((5,), (2, 3), 6, "shape '[5]' is invalid for input of size 6"),
        ((4, -1), (2, 3), 6, "shape '[4, -1]' is invalid for input of size 6"),
        ((3, 3), (2, 3), 6, "is invalid for input of size 6"),
        ((12,), (2, 3), 6, "is invalid for input of size 6"),
        ((-1, -1), (6,), 6, "only one size may be -1"),
        ((-2, 3), (6,), 6, "only one size may be -1, and none less"),
        ((-2, -3), (6,), 6, "only one size may be -1, and none less"),
        ((-1, 0), (0, 3), 0, "-1 could be any size beside a 0"),
        ((2,), (0,), 0, "is invalid for input of size 0"),
    ]
    for shape, old, size, text in cases:
        expect_raises(
            RuntimeError,
            lambda s=shape, o=old, n=size: complete(s, o, n),
            text,
            f"{size} elements as {shape}",
        )


@check(of="flatten", needs="reshape", section=SHAPES)
def test_flatten():
    """The dims from start_dim to end_dim become one, the others stay."""
    x = np.arange(120.0).reshape(2, 3, 4, 5)
    for first, last in itertools.combinations_with_replacement(range(4), 2):
        merged = (*x.shape[:first], int(np.prod(x.shape[first : last + 1])), *x.shape[last + 1 :])
        expect_close(tt.flatten(tensor(x), first, last), x.reshape(merged), f"flatten(x, {first}, {last})")
        expect_close(
            tt.flatten(tensor(x), first - 4, last - 4),
            x.reshape(merged),
            f"flatten(x, {first - 4}, {last - 4})",
        )
    expect_close(tensor(x).flatten(), x.ravel(), "flatten()")
    expect_close(tt.tensor(3.0).flatten(), [3.0], "flatten of a single number")
    expect_close(tt.zeros(2, 0, 3).flatten(1), np.zeros((2, 0)), "flatten of (2, 0, 3) from dim 1")


@check(of="flatten", needs="flatten", section=SHAPES)
def test_flatten_refuses_wrong_ends():
    """A start after the end, or a dim that is not there, is an error."""
    x = tt.zeros(2, 3, 4)
    expect_raises(RuntimeError, lambda: x.flatten(2, 1), "start_dim 2 comes after end_dim 1", "flatten(2, 1)")
    expect_raises(IndexError, lambda: x.flatten(3), "out of range", "flatten(3)")


# ---------------------------------------------------------------- reductions

SOME = [None, 0, 1, -1, (0, 2), [1]]


def axis_of(dim):
    return tuple(dim) if isinstance(dim, list) else dim


@check(of="mean", section=FEW)
def test_mean():
    """The mean over any dims, kept or not; of no numbers it is nan."""
    (x,) = arrays((2, 3, 4), seed=2)
    for dim in SOME:
        for keepdim in (False, True):
            expect_close(
                tt.mean(tensor(x), dim=dim, keepdim=keepdim),
                x.mean(axis_of(dim), keepdims=keepdim),
                f"mean(dim={dim}, keepdim={keepdim})",
                dtype="float64",
            )
    expect_close(tt.tensor([1.0, 2.0, 6.0]).mean(), 3.0, "the mean of 1, 2, 6", dtype="float32")
    expect_close(tt.tensor(4.0).mean(0), 4.0, "the mean of a single number over dim 0")
    expect_close(tt.zeros(0).mean(), np.nan, "the mean of no numbers")
    expect_close(tt.zeros(0, 3).mean(0), [np.nan] * 3, "the mean of no rows")
    expect_close(tt.zeros(0, 3).mean(1), np.zeros(0), "the means of each of no rows")


@check(of="mean", needs="mean", section=FEW)
def test_mean_and_dtypes():
    """Integers have no mean until they are converted, or a dtype is asked for."""
    ints = tt.tensor([1, 2])
    expect_raises(RuntimeError, lambda: ints.mean(), ["floating point", "int64"], "the mean of integers")
    expect_close(ints.mean(dtype=tt.float32), 1.5, "mean(dtype=float32) of 1, 2", dtype="float32")
    expect_close(tt.tensor([1.0, 2.0]).mean(dtype=tt.float64), 1.5, "mean(dtype=float64)", dtype="float64")
    expect_close(tt.tensor([1j, 1.0]).mean(), 0.5 + 0.5j, "the mean of 1j and 1", dtype="complex64")
    expect_close(
        tt.tensor([1.0, 2.0], dtype=tt.float16).mean(), 1.5, "the mean in half precision", dtype="float16"
    )


@check(of="var_op", section=FEW)
def test_variance():
    """The variance of 1, 2, 3 is 1, or 0.667 without the correction; over any dims, kept or not."""
    expect_close(tt.tensor([1.0, 2.0, 3.0]).var(), 1.0, "var of 1, 2, 3", dtype="float32")
    expect_close(tt.tensor([1.0, 2.0, 3.0]).var(unbiased=False), 2 / 3, "var of 1, 2, 3, unbiased=False")
    (x,) = arrays((2, 3, 4), seed=3)
    for dim in SOME:
        for keepdim in (False, True):
            for correction in (0, 1):
                name = f"var(dim={dim}, correction={correction}, keepdim={keepdim})"
                answer = x.var(axis_of(dim), ddof=correction, keepdims=keepdim)
                expect_close(
                    tt.var(tensor(x), dim=dim, correction=correction, keepdim=keepdim),
                    answer,
                    name,
                    dtype="float64",
                )


@check(of="var_op", needs="variance", section=FEW)
def test_variance_at_the_edges():
    """Large numbers keep their digits, one number or none has no variance, complex numbers have a real one, integers none."""
    expect_close(
        tt.tensor([10000.1, 10000.2, 10000.3]).var(),
        np.var(np.float32([10000.1, 10000.2, 10000.3]).astype(float), ddof=1),
        "var around 10000",
        rtol=1e-2,
    )
    expect_close(tt.tensor([5.0]).var(), np.nan, "var of a single number")
    expect_close(tt.tensor([5.0]).var(correction=0), 0.0, "var(correction=0) of a single number")
    expect_close(tt.tensor([1.0, 3.0]).var(correction=5), np.inf, "var(correction=5) of two numbers")
    expect_close(tt.zeros(0).var(), np.nan, "var of no numbers")
    expect_close(tt.zeros(0, 3).var(1), np.zeros(0), "the variances of no rows")
    expect_close(
        tt.tensor([1 + 1j, 1 - 1j]).var(correction=0), 1.0, "var(correction=0) of 1+1j, 1-1j", dtype="float32"
    )
    expect_close(
        tt.tensor([1.0, 2.0, 4.0], dtype=tt.float16).var(),
        2.3333,
        "var in half precision",
        rtol=1e-2,
        dtype="float16",
    )
    expect_raises(
        RuntimeError, lambda: tt.tensor([1, 2]).var(), ["floating point", "int64"], "var of integers"
    )


@check(of="logsumexp_op", section=FEW)
def test_logsumexp():
    """log(sum(exp(x))) over any dims, kept or not."""
    (x,) = arrays((2, 3, 4), seed=4)
    for dim in (0, 1, -1, (0, 2), [1]):
        for keepdim in (False, True):
            answer = np.log(np.exp(x).sum(axis_of(dim), keepdims=keepdim))
            expect_close(
                tt.logsumexp(tensor(x), dim, keepdim),
                answer,
                f"logsumexp(dim={dim}, keepdim={keepdim})",
                dtype="float64",
            )


@check(of="logsumexp_op", needs="logsumexp", section=FEW)
def test_logsumexp_of_large_numbers():
    """1000 and 1000 give 1000.693, not inf; infinities and empty tensors work too."""
    expect_close(
        tt.logsumexp(tt.tensor([1000.0, 1000.0]), 0), 1000.693147, "logsumexp of 1000, 1000", dtype="float32"
    )
    expect_close(tt.logsumexp(tt.tensor([-1000.0, -1000.0]), 0), -999.306853, "logsumexp of -1000, -1000")
    expect_close(
        tt.logsumexp(tt.tensor([[0.0, 1000.0], [-1000.0, -2000.0]]), 1),
        [1000.0, -1000.0],
        "logsumexp of the rows (0, 1000), (-1000, -2000)",
    )
    expect_close(tt.logsumexp(tt.zeros(1, 3), 1), [np.log(3)], "logsumexp of one row of three zeros")
    inf = float("inf")
    expect_close(
        tt.logsumexp(tt.tensor([[-inf, -inf], [inf, 1.0], [-inf, 2.0]]), 1),
        [-np.inf, np.inf, 2.0],
        "logsumexp of rows with infinities",
    )
    expect_close(tt.logsumexp(tt.zeros(0, 3), 0), [-np.inf] * 3, "logsumexp of no rows")
    expect_close(
        tt.logsumexp(tt.zeros(0, 3), 0, keepdim=True), [[-np.inf] * 3], "logsumexp of no rows, keepdim=True"
    )
    expect_close(tt.logsumexp(tt.zeros(0, 3), 1), np.zeros(0), "logsumexp of each of no rows")


# ---------------------------------------------------------------- products


@check(of="matmul_op", section=PRODUCTS)
def test_matrix_product():
    """[1, 2] @ [[3, 4], [5, 6]] is [13, 16], and every pair of stacks that broadcasts."""
    expect_close(
        tt.tensor([[1.0, 2.0]]) @ tt.tensor([[3.0, 4.0], [5.0, 6.0]]),
        [[13.0, 16.0]],
        "the product by hand",
        dtype="float32",
    )
    for one, other in [
        ((2, 3), (3, 4)),
        ((5, 2, 3), (3, 4)),
        ((2, 5, 2, 3), (3, 4)),
        ((5, 2, 3), (5, 3, 4)),
        ((2, 3), (5, 3, 4)),
        ((6, 1, 2, 3), (5, 3, 4)),
        ((0, 3), (3, 2)),
        ((4, 0, 3), (3, 2)),
        ((2, 0), (0, 3)),
    ]:
        a, b = arrays(one, other, seed=5)
        expect_close(tensor(a) @ tensor(b), a @ b, f"{one} @ {other}")


@check(of="matmul_op", needs="matrix_product", section=PRODUCTS)
def test_matrix_product_refuses_what_does_not_fit():
    """Inner sizes that differ are named, and so are two dtypes."""
    expect_raises(
        RuntimeError,
        lambda: tt.ones(3, 4) @ tt.ones(5, 6),
        ["(3, 4) @ (5, 6)", "inner sizes 4 and 5 differ"],
        "(3, 4) @ (5, 6)",
    )
    expect_raises(
        RuntimeError,
        lambda: tt.ones(2, 3, 4) @ tt.ones(3, 4),
        "inner sizes 4 and 3 differ",
        "(2, 3, 4) @ (3, 4)",
    )
    expect_raises(
        RuntimeError,
        lambda: tt.ones(2, 2) @ tt.ones(2, 2, dtype=tt.float64),
        ["same dtype", "float32", "float64"],
        "float32 @ float64",
    )


@check(of="matmul", needs="matrix_product", section=PRODUCTS)
def test_vectors_in_products():
    """A vector is a row on the left and a column on the right; two vectors give a single number."""
    expect_close(tt.tensor([1.0, 2.0]) @ tt.tensor([3.0, 4.0]), 11.0, "(1, 2) @ (3, 4)")
    for one, other in [
        ((3,), (3,)),
        ((3,), (3, 4)),
        ((2, 3), (3,)),
        ((3,), (5, 3, 4)),
        ((5, 2, 3), (3,)),
        ((1,), (1, 1)),
        ((2, 1), (1,)),
        ((2, 5, 4, 3), (3,)),
    ]:
        a, b = arrays(one, other, seed=6)
        expect_close(tt.matmul(tensor(a), tensor(b)), np.matmul(a, b), f"{one} @ {other}")


@check(of="matmul", section=PRODUCTS)
def test_matmul_refuses_numbers():
    """Single numbers and plain Python numbers have no matrix product."""
    x = tt.ones(2)
    expect_raises(
        RuntimeError,
        lambda: tt.matmul(tt.tensor(2.0), x),
        ["at least one dimension", "0D and 1D"],
        "a single number on the left",
    )
    expect_raises(
        RuntimeError,
        lambda: tt.matmul(x, tt.tensor(2.0)),
        ["at least one dimension", "1D and 0D"],
        "a single number on the right",
    )
    expect_raises(
        RuntimeError,
        lambda: tt.matmul(tt.tensor(2.0), tt.ones(2, 2)),
        "0D and 2D",
        "a single number times a matrix",
    )
    expect_raises(
        TypeError, lambda: tt.matmul(x, 3), ["must be tensors", "Tensor and int"], "matmul(tensor, 3)"
    )
    expect_raises(
        TypeError, lambda: tt.matmul([1.0], x), ["must be tensors", "list and Tensor"], "matmul(list, tensor)"
    )


@check(
    of=["mean", "var_op", "matmul", "sub_op"],
    needs=["mean", "variance", "vectors_in_products", "subtraction"],
    section="Why it matters",
)
def test_a_line_through_points():
    """With your ops alone, 200 steps downhill fit a line through 20 points: slope 2, offset -1."""
    x = rng(0).uniform(-1, 1, (20, 1))
    inputs, target = tensor(np.concatenate([x, np.ones((20, 1))], 1)), tensor(2 * x[:, 0] - 1)
    w = tensor(np.zeros(2))
    for _ in range(200):
        error = tt.matmul(inputs, w) - target
        w = w - tt.matmul(inputs.t(), error) * (2 / 20) * 0.5
    expect_close(array_of(w), [2.0, -1.0], "slope and offset", atol=1e-3)
