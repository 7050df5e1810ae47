"""The checks of 00_setup. Each docstring is what the student reads; docs/lesson-format.md says how they are written."""

import random as python_random
import warnings

import numpy as np

import tinytorch as tt
from tinytorch import backend
from tinytorch.utils.arrays import batches, one_hot
from tinytorch.utils.metrics import RunningAverage, accuracy, confusion_matrix
from tinytorch.utils.numerics import log1pexp, sigmoid
from tito.checking import arrays, check, expect, expect_close, expect_equal, expect_raises, rng

WHO, DTYPES, LARGE, TWICE = (
    "Who computes",
    "What two dtypes make",
    "Numbers too large",
    "The same numbers twice",
)
BATCHES, COLUMNS, GOOD = "Batches", "Labels as columns", "How good it is"

# ---------------------------------------------------------------- dispatch


def two_bodies():
    """A kernel whose bodies say which of them ran."""

    @backend.kernel
    def shifted(x, by=1, *, times=1):
        return "reference", x, by, times

    @shifted.register("numba")
    def compiled(x, by=1, *, times=1):
        return "numba", x, by, times

    return shifted


@check(of="Kernel.__call__", section=WHO)
def test_dispatch_by_setting():
    """The body registered under the chosen name runs, with all its arguments."""
    shifted, x = two_bodies(), np.ones(2)
    for name in ("reference", "numba", "reference"):
        with backend.kernels(name):
            expect_equal(
                shifted(x, 5, times=3)[::2], (name, 5), f"the body that runs under kernels({name!r})"
            )
            expect_equal(shifted(x, times=3)[2:], (1, 3), "the arguments by and times")


class Elsewhere:
    """Stands for an array of four numbers on a GPU."""

    size = 4


@check(of="Kernel.__call__", needs="dispatch_by_setting", section=WHO)
def test_dispatch_falls_back():
    """Where no body has the wanted name the reference runs; arrays that are not NumPy's ask for "cuda"."""
    shifted, x = two_bodies(), Elsewhere()
    with backend.kernels("numba"):
        expect_equal(shifted(x)[0], "reference", "the body for a GPU array when there is none for cuda")
        shifted.register("cuda")(lambda x: ("cuda", x))
        expect_equal(shifted(x), ("cuda", x), "the body for a GPU array")
        expect_equal(shifted(np.ones(2))[0], "numba", "the body for a NumPy array, beside one for cuda")
        alone = backend.kernel(lambda x: "alone")
        expect_equal(alone(np.ones(1)), "alone", "a kernel that has only its reference")


@check(of="Kernel.__call__", needs="dispatch_by_setting", section=WHO)
def test_dispatch_by_size():
    """A body runs from its least number of elements on, is brought in by the first such array, and may decline."""
    shifted = two_bodies()
    shifted.least["numba"] = 10
    with backend.kernels("numba"):
        for size, body in ((9, "reference"), (10, "numba"), (11, "numba")):
            expect_equal(shifted(np.ones(size))[0], body, f"the body for {size} elements of at least 10")
        shifted.register("numba")(lambda x, by=1: NotImplemented if by == 0 else ("again", by))
        expect_equal(
            shifted(np.ones(3), by=0)[::2], ("reference", 0), "the body for a case that was declined"
        )
        expect_equal(shifted(np.ones(3), 2), ("again", 2), "the body for a case that was taken")
        whole = backend.kernel(lambda x: "reference")
        whole.register("numba")(lambda x: x + 1)
        expect_close(whole(np.ones(3)), [2.0] * 3, "a body that returns an array")
        late, brought = backend.kernel(lambda x: "reference"), []
        late.least["numba"] = 2
        late.bring = lambda name: brought.append(name) or (lambda x: "brought")
        expect_equal(
            (late(np.ones(1)), brought), ("reference", []), "a small array, before the body is imported"
        )
        expect_equal(
            (late(np.ones(2)), brought), ("brought", ["numba"]), "the first array that is large enough"
        )


# ---------------------------------------------------------------- dtypes


@check(of="promote_np", section=DTYPES)
def test_promotion():
    """int64 with float32 is float32, uint8 with int8 is int16, float64 with complex64 is complex128."""
    for a, b, answer in [
        (tt.int64, tt.float32, tt.float32),
        (tt.uint8, tt.float16, tt.float16),
        (tt.bool, tt.float32, tt.float32),
        (tt.int32, tt.complex64, tt.complex64),
        (tt.int64, tt.complex128, tt.complex128),
        (tt.float32, tt.float64, tt.float64),
        (tt.float16, tt.float32, tt.float32),
        (tt.float64, tt.complex64, tt.complex128),
        (tt.uint8, tt.int8, tt.int16),
        (tt.bool, tt.uint8, tt.uint8),
        (tt.int32, tt.int64, tt.int64),
        (tt.bool, tt.bool, tt.bool),
        (tt.bfloat16, tt.bfloat16, tt.bfloat16),
        (tt.bfloat16, tt.int64, tt.bfloat16),
        (tt.bfloat16, tt.float16, tt.float32),
        (tt.bfloat16, tt.float32, tt.float32),
    ]:
        for one, other in ((a, b), (b, a)):
            expect_equal(tt.promote_types(one, other), answer, f"promote_types({one}, {other})")


# ---------------------------------------------------------------- stable formulas


@check(of="sigmoid", section=LARGE)
def test_sigmoid():
    """The sigmoid of 0 is 0.5, of 2 it is 0.8808, of -2 it is 0.1192."""
    expect_close(sigmoid([0.0, 2.0, -2.0]), [0.5, 0.880797, 0.119203], "the sigmoid of 0, 2, -2")
    expect_close(sigmoid(0), 0.5, "the sigmoid of the integer 0")
    (x,) = arrays((3, 0, 2), (3, 4))[1:]
    expect_close(sigmoid(x), 1 / (1 + np.exp(-x)), "the sigmoid of random numbers", dtype="float64")
    expect_close(sigmoid(np.float32([1.0])), [0.731059], "the sigmoid of a float32", dtype="float32")


@check(of="sigmoid", needs="sigmoid", section=LARGE)
def test_sigmoid_of_large_numbers():
    """Numbers of a thousand and more give 1 or 0 without a warning; -700 gives 9.86e-305, not 0."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        expect_close(sigmoid([1000.0, -1000.0, np.inf, -np.inf]), [1.0, 0.0, 1.0, 0.0], "the sigmoid")
        expect_close(sigmoid([-700.0]) * 1e304, [0.985967654], "1e304 times the sigmoid of -700")


@check(of="log1pexp", section=LARGE)
def test_softplus():
    """log(1 + exp(x)): 0.693 for 0, 2.1269 for 2, 0.1269 for -2."""
    expect_close(log1pexp([0.0, 2.0, -2.0]), [0.693147, 2.126928, 0.126928], "log1pexp of 0, 2, -2")
    expect_close(log1pexp(2), 2.126928, "log1pexp of the integer 2")
    (x,) = arrays((3, 4), seed=1)
    expect_close(log1pexp(x), np.log(1 + np.exp(x)), "log1pexp of random numbers", dtype="float64")
    expect_close(log1pexp(np.float32([1.0])), [1.313262], "log1pexp of a float32", dtype="float32")


@check(of="log1pexp", needs="softplus", section=LARGE)
def test_softplus_on_both_sides():
    """1000 gives 1000, not inf; -40 gives 4.25e-18, not 0; there are no warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        expect_close(log1pexp([1000.0, -1000.0]), [1000.0, 0.0], "log1pexp of 1000, -1000")
        expect_close(log1pexp([-40.0]) * 1e18, [4.248354], "1e18 times log1pexp of -40")


# ---------------------------------------------------------------- seeds


def draws():
    """Three numbers from each generator of the program."""
    return [
        [python_random.random() for _ in range(3)],
        np.random.random(3).tolist(),
        tt.default_generator.numpy.random(3).tolist(),
    ]


@check(of="manual_seed", section=TWICE)
def test_one_seed_for_all():
    """After manual_seed(7) Python's, NumPy's and tinytorch's generators give the numbers of the seed 7, every time."""
    for seed in (7, 0, 123456, 2**32 + 5, 2**40 + 3, -1):
        expect(
            tt.manual_seed(seed) is tt.default_generator, "manual_seed should return tinytorch's generator"
        )
        python, numpy, ours = draws()
        own = python_random.Random(seed)
        expect_equal(python, [own.random() for _ in range(3)], f"Python's numbers after manual_seed({seed})")
        expect_equal(
            numpy,
            np.random.RandomState(seed % 2**32).random(3).tolist(),
            f"NumPy's numbers after manual_seed({seed})",
        )
        expect_equal(
            ours,
            tt.Generator().manual_seed(seed).numpy.random(3).tolist(),
            f"tinytorch's numbers after manual_seed({seed})",
        )
        expect_equal(tt.initial_seed(), seed, "initial_seed()")


@check(of="fork_rng", needs="one_seed_for_all", section=TWICE)
def test_fork_rng():
    """What is drawn inside `with fork_rng()` leaves no trace, even when an exception ends the block; enabled=False does nothing."""
    tt.manual_seed(1)
    first, second, third = (draws()[2] for _ in range(3))
    for enabled, answer in ((True, second), (False, third)):
        tt.manual_seed(1)
        draws()
        with tt.fork_rng(enabled=enabled):
            inside = draws()[2]
        expect_equal(inside, second, "the numbers inside the block go on where the ones before it stopped")
        expect_equal(draws()[2], answer, f"the numbers after a block with enabled={enabled}")
    tt.manual_seed(1)
    expect_raises(ZeroDivisionError, lambda: draw_and_fail(), what="an exception inside the block")
    expect_equal(draws()[2], first, "the numbers after a block that failed")


def draw_and_fail():
    with tt.fork_rng():
        draws()
        return 1 / 0


# ---------------------------------------------------------------- arrays


@check(of="batches", section=BATCHES)
def test_batches_in_order():
    """Ten rows in batches of 4 are 4, 4 and 2; with drop_last 4 and 4."""
    x, y = np.arange(20).reshape(10, 2), list(range(10))
    for size in (1, 2, 3, 4, 5, 10, 11):
        for drop in (False, True):
            name = f"10 rows, batch_size={size}, drop_last={drop}"
            got = list(batches(x, y, batch_size=size, drop_last=drop))
            starts = [s for s in range(0, 10, size) if not drop or s + size <= 10]
            expect_equal(len(got), len(starts), f"the number of batches: {name}")
            for start, pair in zip(starts, got):
                expect(
                    isinstance(pair, tuple) and len(pair) == 2,
                    "each batch is a tuple with a part of every array",
                )
                expect_close(pair[0], x[start : start + size], f"the rows from {start} on: {name}")
                expect_close(pair[1], y[start : start + size], f"the labels from {start} on: {name}")
    expect_equal(list(batches(np.zeros((0, 3)), batch_size=4)), [], "the batches of no rows")


@check(of="batches", needs="batches_in_order", section=BATCHES)
def test_batches_shuffled():
    """Shuffled, every row comes once, beside its own label, in an order the seed decides."""
    x = np.arange(50)
    got = list(batches(x, x * 2, batch_size=8, shuffle=True, rng=3))
    order = np.concatenate([a for a, _ in got])
    expect_equal(sorted(order.tolist()), x.tolist(), "the rows, sorted")
    expect(order.tolist() != x.tolist(), "shuffle=True changes nothing")
    expect_close(np.concatenate([b for _, b in got]), order * 2, "the labels beside them")
    seeded = np.random.default_rng  # the seed that `batches` is given, whatever else is mixed into rng()
    expect_close(order, seeded(3).permutation(50), "the order for rng=3")
    again = [
        np.concatenate([a for (a,) in batches(x, batch_size=8, shuffle=True, rng=r)]) for r in (3, seeded(3))
    ]
    expect_close(again[0], order, "the order for rng=3, again")
    expect_close(again[1], order, "the order for NumPy's generator with the seed 3")
    few = [a for (a,) in batches(x, batch_size=8, shuffle=True, drop_last=True, rng=3)]
    expect_close(np.concatenate(few), order[:48], "the same order with drop_last=True")


@check(of="batches", section=BATCHES)
def test_batches_refuse_what_does_not_fit():
    """Arrays of different lengths and a batch_size below 1 are errors."""
    expect_raises(
        ValueError,
        lambda: list(batches(np.zeros(3), np.zeros(4), batch_size=2)),
        "arrays must have one length, got [3, 4]",
        "arrays of length 3 and 4",
    )
    for size in (0, -2):
        expect_raises(
            ValueError,
            lambda size=size: list(batches(np.zeros(3), batch_size=size)),
            f"batch_size={size} must be at least 1",
            f"batch_size={size}",
        )


@check(of="one_hot", section=COLUMNS)
def test_one_hot():
    """2 and 0 of four classes are (0, 0, 1, 0) and (1, 0, 0, 0), for labels of any shape."""
    expect_close(one_hot([2, 0], 4), [[0, 0, 1, 0], [1, 0, 0, 0]], "2 and 0 of four", dtype="float32")
    expect_close(one_hot([2, 0]), [[0, 0, 1], [1, 0, 0]], "2 and 0 without num_classes")
    expect_close(
        one_hot(np.uint8([[1], [0]]), dtype=np.int64), [[[0, 1]], [[1, 0]]], "labels (2, 1)", dtype="int64"
    )
    expect_close(one_hot(np.int64(1), 2), [0, 1], "a single label")
    expect_close(one_hot(np.zeros(0, int), 3), np.zeros((0, 3)), "no labels, three classes")
    expect_close(one_hot(np.zeros(0, int)), np.zeros((0, 0)), "no labels")
    labels = rng(2).integers(0, 5, (3, 4))
    expect_close(one_hot(labels, 5), np.eye(5)[labels], "random labels of shape (3, 4)")


@check(of="one_hot", needs="one_hot", section=COLUMNS)
def test_one_hot_refuses_what_does_not_fit():
    """Labels that are not integers, negative, or too large for num_classes are errors."""
    expect_raises(TypeError, lambda: one_hot([0.0, 1.0]), ["must be integers", "float64"], "labels 0.0, 1.0")
    expect_raises(TypeError, lambda: one_hot([True]), ["must be integers", "bool"], "the label True")
    expect_raises(
        ValueError, lambda: one_hot([0, 3], 3), ["from 0 to 3", "3 classes (0 to 2)"], "3 of 3 classes"
    )
    expect_raises(ValueError, lambda: one_hot([-1, 1], 3), "from -1 to 1", "the label -1")
    expect_raises(ValueError, lambda: one_hot([-1, -1], 3), "from -1 to -1", "the labels -1, -1")


# ---------------------------------------------------------------- measures


@check(of="confusion_matrix", section=GOOD)
def test_confusion_matrix():
    """Row: the true class. Column: the predicted one. (0, 1, 1) for the truth (0, 0, 1) gives [[1, 1], [0, 1]]."""
    expect_close(confusion_matrix([0, 1, 1], [0, 0, 1]), [[1, 1], [0, 1]], "predicted 0, 1, 1 for 0, 0, 1")
    predicted, target = rng(4).integers(0, 4, (2, 5, 20))
    slow = [[np.sum((target == t) & (predicted == p)) for p in range(4)] for t in range(4)]
    expect_close(confusion_matrix(predicted, target), slow, "random labels of four classes")
    expect_close(confusion_matrix([0, 0], [0, 1], 3), [[1, 0, 0], [1, 0, 0], [0, 0, 0]], "with num_classes=3")
    expect_close(
        confusion_matrix([2, 0], [0, 0]), [[1, 0, 1], [0] * 3, [0] * 3], "a class that is only predicted"
    )
    expect_close(
        confusion_matrix([0, 0], [0, 2]), [[1, 0, 0], [0] * 3, [1, 0, 0]], "a class that is never predicted"
    )
    scores = np.array([[0.1, 0.9], [0.8, 0.2]])
    expect_close(confusion_matrix(scores, [1, 1]), [[0, 0], [1, 1]], "scores of shape (2, 2)")


@check(of="confusion_matrix", needs="confusion_matrix", section=GOOD)
def test_confusion_matrix_refuses_what_does_not_fit():
    """Labels outside the classes, on either side, are errors that say so."""
    for predicted, target, C in [
        ([3, 0], [0, 0], 3),
        ([0, 0], [0, 3], 3),
        ([0, -1], [0, 1], 2),
        ([0, 1], [-1, 1], 2),
    ]:
        expect_raises(
            ValueError,
            lambda p=predicted, t=target, C=C: confusion_matrix(p, t, C),
            f"labels must be between 0 and {C - 1}",
            f"predicted {predicted}, target {target}, num_classes={C}",
        )
    expect_raises(ValueError, lambda: confusion_matrix([0, -1], [0, 1]), "between 0 and 1", "the label -1")


@check(of="RunningAverage.update", section=GOOD)
def test_running_average():
    """2.0 over 4 examples and 5.0 over 2 average to 3.0; without n a value counts once."""
    seen = RunningAverage()
    seen.update(2.0, 4)
    seen.update(5.0, 2)
    expect_close(seen.average, 3.0, "the average of 2.0 (4 examples) and 5.0 (2 examples)")
    seen.reset()
    for value in (1, np.float32(2), 6.0):
        seen.update(value)
    expect_close(seen.average, 3.0, "the average of 1, 2, 6 after a reset")
    expect_equal(seen.count, 3, "count")


# ---------------------------------------------------------------- the checkpoint


def train(seed):
    """Logistic regression by hand: two clouds of points, 30 passes in shuffled batches."""
    tt.manual_seed(seed)
    t = np.arange(200) % 2
    x = np.concatenate([np.random.normal(size=(200, 2)) + 2.5 * t[:, None], np.ones((200, 1))], 1)
    w, losses = np.zeros(3), []
    for _ in range(30):
        seen = RunningAverage()
        for inputs, target in batches(x, t, batch_size=32, shuffle=True):
            score = inputs @ w
            seen.update(np.mean(log1pexp(score) - target * score), len(target))
            w = w - 0.5 * inputs.T @ (sigmoid(score) - target) / len(target)
        losses.append(seen.average)
    return losses, confusion_matrix(one_hot((x @ w > 0).astype(int), 2), t), accuracy(x @ w > 0, t == 1)


@check(
    of=[
        "sigmoid",
        "log1pexp",
        "manual_seed",
        "batches",
        "confusion_matrix",
        "one_hot",
        "RunningAverage.update",
    ],
    needs=[
        "sigmoid",
        "softplus",
        "one_seed_for_all",
        "batches_shuffled",
        "confusion_matrix",
        "one_hot",
        "running_average",
    ],
    section="Why it matters",
)
def test_a_run_that_repeats():
    """Two clouds of 100 points, told apart by a line that is learned in batches: over 90 percent right, and the same twice."""
    losses, counts, share = train(5)
    expect(
        losses[-1] < 0.5 * losses[0], "the loss does not go down", got=f"{losses[0]:.3f} to {losses[-1]:.3f}"
    )
    expect(share > 0.9, "too few are right", expected="over 0.9", got=f"{share:.3f}")
    expect_equal(counts.sum(1).tolist(), [100, 100], "how many there are of each class")
    expect_close(np.trace(counts) / 200, share, "the diagonal's share")
    expect_equal(train(5)[0], losses, "the losses of a second run with the same seed")
    expect(train(6)[0] != losses, "another seed should give other losses")
