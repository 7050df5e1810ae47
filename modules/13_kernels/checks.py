"""The checks of 13_kernels. Each docstring is what the student reads; docs/lesson-format.md says how they are written."""

from functools import cache

import numpy as np
from numba import njit

import tinytorch as tt
from tinytorch import nn
from tinytorch.backend import kernels
from tinytorch.kernels.cpu import gemm, tiles
from tinytorch.kernels.cpu.compiling import OPTIONS
from tinytorch.kernels.cpu.numerics import HIGHEST, LOWEST, exp
from tinytorch.kernels.cpu.simd import WIDTH, instructions
from tinytorch.kernels.cpu.softmax import along_rows, exps, softmax_row, softmax_rows
from tinytorch.kernels.cpu.sums import sum_rows
from tinytorch.kernels.cuda.launch import Source, threads_for
from tinytorch.nn import functional as F
from tito.checking import (
    array_of,
    arrays,
    beside,
    check,
    expect,
    expect_close,
    expect_equal,
    lent,
    rng,
    tensor,
)

ROW, EXP, PARALLEL, TILE = (
    "One pass over a row",
    "exp without a call",
    "Rows in parallel",
    "A tile in registers",
)
BLOCKS, BODY, THREADS = "Blocks that fit", "A body for a kernel", "A thread for every element"
f4 = np.float32


def floats(*shape, seed=0):
    (x,) = arrays(shape, seed=seed, low=-4, high=4)
    return x.astype(f4)


def np_softmax(x):
    x = x.astype(float)
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


# ---------------------------------------------------------------- exp


@check(of="exp", section=EXP, seconds=30)
def test_exp():
    """exp(0) is 1, exp(1) 2.7183; over all of its range it errs by less than 3e-7 of the result."""
    expect_close(exp(f4(0)), 1.0, "exp(0)", rtol=0, atol=0)
    expect_close(exp(f4(1)), np.e, "exp(1)", rtol=3e-7, atol=0)
    values = np.concatenate([np.linspace(-87.3, 88.7, 1500), np.linspace(-1, 1, 500)]).astype(f4)
    got = np.array([exp(v) for v in values], float)
    expect_close(got, np.exp(values.astype(float)), "exp from -87.3 to 88.7", rtol=3e-7, atol=0)


@check(of="exp", needs="exp", section=EXP, seconds=30)
def test_exp_at_the_ends():
    """Too small is 0, too large infinite, NaN stays NaN; just inside both ends it is an ordinary number."""
    for x, answer in (
        (-88.0, 0.0),
        (-1e30, 0.0),
        (-np.inf, 0.0),
        (89.0, np.inf),
        (1e30, np.inf),
        (np.inf, np.inf),
    ):
        expect_equal(float(exp(f4(x))), answer, f"exp({x})")
    expect(np.isnan(exp(f4(np.nan))), "exp(nan) should be nan", got=exp(f4(np.nan)))
    for x in (88.72, -87.33, HIGHEST, LOWEST):
        expect_close(float(exp(f4(x))), np.exp(float(f4(x))), f"exp({x})", rtol=3e-7, atol=0)


# ---------------------------------------------------------------- a row


@check(of="exps", needs="exp", section=ROW, seconds=30)
def test_exps_and_their_sum():
    """out[i] = exp(x[i] - top), and the sum comes back; x stays as it was."""
    for n in (1, 7, 100):
        x, out = floats(n, seed=n), lent(np.full(n, 9, f4))
        kept = x.copy()
        total = exps(x, f4(2), out)
        expect_close(out, np.exp(kept.astype(float) - 2), f"out for {n} elements", dtype="float32")
        expect_close(total, np.exp(kept.astype(float) - 2).sum(), f"the sum of {n} exps", rtol=1e-5)
        expect_close(x, kept, "x afterwards")


@check(of="softmax_row", needs="exps_and_their_sum", section=ROW, seconds=30)
def test_softmax_of_a_row():
    """1, 2, 3 become 0.090, 0.245, 0.665; scores of 1000 do not overflow."""
    for x in ([1, 2, 3], [1000, 1001, 1002], [-1000, 0, -5], [4], *floats(3, 50)):
        x = np.array(x, f4)
        out = lent(np.empty_like(x))
        softmax_row(x, out)
        expect_close(out, np_softmax(x), f"the softmax of {x[:4]}", dtype="float32")


# ---------------------------------------------------------------- in parallel


@check(of="softmax_rows", needs="softmax_of_a_row", section=PARALLEL, seconds=30)
def test_all_rows():
    """Every row exactly once, however many tasks there are (in place, a second time would show); softmax, or its logarithm."""
    for rows in (1, 3, 10):
        x = floats(rows, 5, seed=rows)
        for tasks in (1, 2, 3, 7):
            for logarithm in (False, True):
                out = lent(np.full_like(x, 9))
                softmax_rows.serial.py_func(x, out, logarithm, tasks)
                answer = np.log(np_softmax(x)) if logarithm else np_softmax(x)
                what = f"{rows} rows in {tasks} tasks, logarithm={logarithm}"
                expect_close(out, answer, what, rtol=1e-4, atol=1e-5)
            softmax_rows.serial.py_func(once := lent(x.copy()), once, False, tasks)
            expect_close(once, np_softmax(x), f"{rows} rows in {tasks} tasks, in place", rtol=1e-4, atol=1e-5)


@check(of="softmax_rows", needs="all_rows", section=PARALLEL, seconds=60)
def test_rows_compiled():
    """Compiled, by one thread and by several, the rows are the same."""
    x = floats(37, 20, seed=1)
    for function, tasks in ((softmax_rows.serial, 1), (softmax_rows.parallel, 4)):
        out = lent(np.full_like(x, 9))
        function(x, out, False, tasks)
        expect_close(out, np_softmax(x), f"37 rows in {tasks} tasks", atol=1e-6)


@check(of="sum_rows", section=PARALLEL, seconds=30)
def test_sums_of_columns():
    """Blocks and tasks that do not come out even: every row is added exactly once."""
    for rows in (0, 1, 255, 256, 257, 1000):
        x = floats(rows, 3, seed=rows)
        for tasks in (1, 3):
            out = sum_rows.serial.py_func(x, tasks)
            expect_close(
                out,
                x.sum(0, dtype=float),
                f"{rows} rows, {tasks} tasks",
                rtol=1e-5,
                atol=1e-4,
                dtype="float32",
            )


@check(of="sum_rows", needs="sums_of_columns", section=PARALLEL, seconds=60)
def test_long_sums():
    """262144 rows near 1 err by less than 1e-6 of the sum, compiled, by one thread and by several; always the same."""
    x = (1 + 0.1 * rng(0).normal(size=(2**18, 4))).astype(f4)
    exact = x.sum(0, dtype=float)
    for function, tasks in ((sum_rows.serial, 1), (sum_rows.parallel, 4)):
        out = function(x, tasks)
        expect_close(out, exact, f"the sums, {tasks} tasks", rtol=1e-6, atol=0)
        for _ in range(5):
            expect_close(function(x, tasks), out, f"the sums again, {tasks} tasks", rtol=0, atol=0)


# ---------------------------------------------------------------- tiles


@beside
def tile_of(height, vectors):
    """A compiled function around one size of tile."""

    @instructions
    def write(e, a, a_row, a_outer, a_inner, b, b_row, c, start, outer, inner):
        mask = e.mask(e.width)
        sums = tiles.begin(e, start, e.width * vectors, mask, height, vectors)
        tiles.accumulate(e, sums, a, a_row, a_outer, a_inner, b, b_row, outer, inner, height, vectors)
        tiles.finish(e, sums, c, e.width * vectors, mask, height, vectors)

    @njit
    def run(a, a_row, a_outer, a_inner, b, b_row, c, start, outer, inner):
        write(
            a.ctypes.data,
            a_row,
            a_outer,
            a_inner,
            b.ctypes.data,
            b_row,
            c.ctypes.data,
            start.ctypes.data,
            outer,
            inner,
        )

    return run


@check(of="accumulate", section=TILE, seconds=60)
def test_a_tile():
    """C = start + A @ B for a tile of 3 rows and 2 vectors, and of 1 and 1; A as it is, transposed, or in two parts."""
    for height, vectors in ((3, 2), (1, 1)):
        run, n = tile_of(height, vectors), vectors * WIDTH
        for K in (0, 1, 5):
            a, b, start = floats(height, K, seed=1), floats(K, n, seed=2), floats(height, n, seed=3)
            answer = start.astype(float) + a.astype(float) @ b
            c = lent(np.empty((height, n), f4))
            run(a, K, 0, 1, b, n, c, start, 1, K)
            expect_close(c, answer, f"a tile of {height} rows, {vectors} vectors, {K} steps", atol=1e-5)
            run(np.ascontiguousarray(a.T), 1, 0, height, b, n, c, start, 1, K)
            expect_close(c, answer, f"the same with A transposed, {K} steps", atol=1e-5)
        # Two images (r) of 4 rows and 6 columns, of which the first 3 columns count; B's rows have a gap behind them.
        image, b, start = floats(2, 4, 6, seed=4), floats(6, n + 5, seed=5), floats(height, n, seed=6)
        c = lent(np.empty((height, n), f4))
        run(image, 6, 24, 1, b, n + 5, c, start, 2, 3)
        a = np.concatenate([image[0, :height, :3], image[1, :height, :3]], 1)
        expect_close(c, start + a.astype(float) @ b[:, :n], "two images, one below the other in B", atol=1e-5)


# ---------------------------------------------------------------- blocks


@beside
@cache
def multiplier():
    """A compiled function that packs B and multiplies some rows."""

    @njit(**OPTIONS)
    def multiply(run, a, a_row, a_step, b, c, c_row, start, m0, m1, p0, p1, depth, columns, packed):
        for panel in range(gemm.panels_of(columns)):
            gemm.pack(b.ctypes.data, columns, False, panel, depth, columns, packed.ctypes.data)
        gemm.multiply_rows(
            run, a.ctypes.data, a_row, a_step, packed.ctypes.data, c.ctypes.data, c_row, start.ctypes.data, 0, m0, m1, p0, p1, depth, columns
        )  # fmt: skip

    return multiply


def blocked(a, a_row, a_step, b, bias, rows, m0=0, m1=None, p0=0, p1=None):
    """bias + a @ b by multiply_rows, 9 where nothing was written; one row more, which must stay. C's rows are 3 longer than that."""
    depth, columns = b.shape
    m1 = rows if m1 is None else m1
    p1 = gemm.panels_of(columns) if p1 is None else p1
    c = lent(np.full((rows + 1, columns + 3), 9, f4))
    packed = lent(np.empty(gemm.vectors_of(columns) * WIDTH * depth, f4))
    multiplier()(
        tiles.rows.address, a, a_row, a_step, b, c, columns + 3, bias, m0, m1, p0, p1, depth, columns, packed
    )
    return c[:, :columns]


@check(of="multiply_rows", needs="a_tile", section=BLOCKS, seconds=90)
def test_a_product_in_blocks():
    """bias + A @ B for sizes that do not come out even, deeper than DEPTH and longer than ROWS; A may be stored transposed."""
    for rows, depth, columns in ((1, 1, 1), (5, 7, 3), (10, 300, 70), (300, 20, 17), (270, 530, 129)):
        a, b, bias = floats(rows, depth, seed=1), floats(depth, columns, seed=2), floats(columns, seed=3)
        answer = np.vstack([bias + a.astype(float) @ b, np.full(columns, 9)])
        name = f"({rows}, {depth}) @ ({depth}, {columns})"
        expect_close(blocked(a, depth, 1, b, bias, rows), answer, name, rtol=1e-4, atol=1e-3)
        flipped = np.ascontiguousarray(a.T)
        expect_close(
            blocked(flipped, 1, rows, b, bias, rows), answer, f"{name}, A transposed", rtol=1e-4, atol=1e-3
        )


@check(of="multiply_rows", needs="a_product_in_blocks", section=BLOCKS, seconds=90)
def test_a_part_of_a_product():
    """Only rows m0 to m1 and panels p0 to p1 are written: that is what each thread gets."""
    rows, depth, columns = 20, 300, 7 * WIDTH - 2
    a, b, bias = floats(rows, depth, seed=4), floats(depth, columns, seed=5), floats(columns, seed=6)
    panels = gemm.panels_of(columns)
    for m0, m1, p0, p1 in ((3, 11, 0, panels), (0, rows, 1, panels), (2, 19, 0, 2), (5, 5, 0, panels)):
        answer = np.full((rows + 1, columns), 9.0)
        left, right = gemm.panel_begin(p0, columns) * WIDTH, gemm.panel_begin(p1, columns) * WIDTH
        answer[m0:m1, left:right] = (bias + a.astype(float) @ b)[m0:m1, left:right]
        got = blocked(a, depth, 1, b, bias, rows, m0, m1, p0, p1)
        expect_close(got, answer, f"rows {m0} to {m1}, panels {p0} to {p1}", rtol=1e-4, atol=1e-3)


# ---------------------------------------------------------------- the body


@check(of="along_rows", needs="rows_compiled", section=BODY, seconds=60)
def test_the_body():
    """float32 along the last dim, in any shape and layout; x stays as it was."""
    for x, dim in (
        (floats(3, 4), -1),
        (floats(3, 4), 1),
        (floats(2, 3, 5), 2),
        (floats(6), 0),
        (floats(2, 3, 4, 5), -1),
        (floats(5, 4).T, -1),
        (floats(4, 6)[:, ::2], 1),
        (floats(1, 1), -1),
    ):
        kept = x.copy()
        for logarithm in (False, True):
            out = along_rows(x, dim, logarithm)
            answer = np.log(np_softmax(x)) if logarithm else np_softmax(x)
            what = f"shape {x.shape}, dim {dim}, logarithm={logarithm}"
            expect_close(out, answer, what, rtol=1e-4, atol=1e-5, dtype="float32")
        expect_close(x, kept, "x afterwards", rtol=0, atol=0)


@check(of="along_rows", section=BODY)
def test_what_the_body_declines():
    """Another dtype, another dim or no elements: NotImplemented, and NumPy does it."""
    for what, x, dim in (
        ("float64", floats(3, 4).astype(float), -1),
        ("float16", floats(3, 4).astype(np.float16), 1),
        ("dim 0 of 2", floats(3, 4), 0),
        ("dim -2 of 2", floats(3, 4), -2),
        ("dim 1 of 3", floats(2, 3, 4), 1),
        ("no rows", floats(0, 4), -1),
        ("no columns", floats(3, 0), -1),
    ):
        for logarithm in (False, True):
            got = along_rows(x, dim, logarithm)
            expect(got is NotImplemented, f"{what} should be declined", expected="NotImplemented", got=got)


# ---------------------------------------------------------------- the GPU


class Noted(Source):
    """Notes what it is asked to start."""

    def __init__(self):
        super().__init__("elementwise")
        self.asked = []

    def run(self, kernel, dtype, grid, block, *args):
        self.asked.append((kernel, np.dtype(dtype).name, grid, block, args))


@check(of="Source.each", section=THREADS)
def test_a_thread_for_each():
    """1000 elements in blocks of 256 threads are 4 blocks, 1024 are 4, 1025 are 5; the arguments are passed on."""
    for count, blocks in ((1, 1), (255, 1), (256, 1), (257, 2), (1000, 4), (1024, 4), (1025, 5), (0, 0)):
        source = Noted()
        source.each("relu", np.dtype(f4), count, "x", "y", count)
        expect_equal(
            source.asked,
            [("relu", "float32", blocks, 256, ("x", "y", count))],
            f"the launch for {count} elements",
        )


@check(of="threads_for", section=THREADS)
def test_threads_for_a_row():
    """32 for a row of 4 or of 128, 64 for 129, 256 for 1000, 512 for 100000: a quarter of the row, as a power of two."""
    for count in (1, 4, 100, 128, 129, 256, 257, 1000, 1024, 1025, 2048, 2049, 4000, 100000):
        answer = 32
        while answer < 512 and 4 * answer < count:
            answer *= 2
        expect_equal(threads_for(count), answer, f"threads for {count} elements")
    expect_equal(threads_for(100000, 1024), 1024, "threads for 100000 elements, 1024 at most")
    expect_equal(threads_for(1000, 128), 128, "threads for 1000 elements, 128 at most")


@check(
    of=["Source.each", "threads_for"],
    needs=["a_thread_for_each", "threads_for_a_row"],
    section=THREADS,
    seconds=120,
)
def test_on_a_gpu():
    """Where there is a GPU, softmax and gelu computed there are those of NumPy; where there is none, the check says so."""
    if not tt.cuda.is_available():
        print("There is no GPU here: what your launches ask for was checked, the kernels were not run.")
        return
    for shape in ((1, 1), (3, 129), (70, 1000), (2, 70000)):
        x = floats(*shape, seed=1)
        there = tensor(x).to("cuda")
        expect_close(F.softmax(there, -1).cpu(), np_softmax(x), f"softmax of {shape} on the GPU", atol=1e-6)
        expect_close(
            F.gelu(there).cpu(),
            array_of(F.gelu(tensor(x))),
            f"gelu of {shape} on the GPU",
            rtol=1e-4,
            atol=1e-5,
        )


# ---------------------------------------------------------------- the checkpoint


@check(
    of=["along_rows", "softmax_rows", "multiply_rows", "sum_rows"],
    needs=["the_body", "what_the_body_declines", "a_part_of_a_product", "long_sums"],
    section="Why it matters",
    seconds=120,
)
def test_the_same_network_faster():
    """A network trains with the NumPy bodies and with yours: the same losses and weights to a few digits."""
    x, target = floats(128, 96, seed=1), rng(2).integers(0, 40, 128)

    def trained(which):
        with kernels(which):
            tt.manual_seed(0)
            model = nn.Sequential(nn.Linear(96, 128), nn.Tanh(), nn.Linear(128, 40))
            optimizer = tt.optim.SGD(model.parameters(), lr=0.1)
            losses = []
            for _ in range(5):
                p = F.softmax(model(tensor(x)), -1)
                loss = (
                    F.nll_loss(F.log_softmax(model(tensor(x)), -1), tensor(target)) + (p * p).sum(-1).mean()
                )
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
            return losses, array_of(model[0].weight)

    losses, weight = trained("numba")
    answer = trained("reference")
    expect(losses[-1] < losses[0], "the loss should go down", got=losses)
    expect_close(losses, answer[0], "the losses with compiled bodies", rtol=1e-4)
    expect_close(weight, answer[1], "the weights after 5 steps", rtol=1e-3, atol=1e-5)
