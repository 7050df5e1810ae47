"""Every compiled body against its NumPy reference: the same results, and errors against float64 that are not much larger."""

import numpy as np
import pytest

from tests.kernels.test_dispatch import all_kernels
from tinytorch.backend import choice, table_of
from tinytorch.kernels.cpu.simd import WIDTH

rng = np.random.default_rng(0)

# How much larger the error against float64 may be than the reference's own float32 error; and what is forgiven in any case,
# in units of the largest number around: a few roundings.
FACTOR, FORGIVEN = 4, 1e-6


def x(*shape, layout="plain", scale=1.0, shift=0.0):
    """Random float32 numbers: in plain memory, channels last, with gaps, read-only or as a transpose."""
    values = (rng.standard_normal(shape) * scale + shift).astype(np.float32)
    if layout == "channels last":
        return np.moveaxis(np.ascontiguousarray(np.moveaxis(values, 1, -1)), -1, 1)
    if layout == "gaps":
        wide = np.repeat(values, 2, axis=-1)
        return wide[..., ::2]
    if layout == "read-only":
        values.flags.writeable = False
    if layout == "transposed":
        return np.ascontiguousarray(values.T).T
    return values


LAYOUTS = ("plain", "channels last", "gaps", "read-only")


def index(high, *shape):
    return rng.integers(0, high, shape)


# ---------------------------------------------------------------- the cases of each kernel


def elementwise(count):
    shapes = [(3, 5, 7), (2, 3, 4, 5), (1,), (0, 4), (300, 301)]
    return [[x(*s, layout=o) for _ in range(count)] for s in shapes for o in LAYOUTS if len(s) > 2 or o != "channels last"] + [
        [x(4, 6, layout="transposed"), *[x(4, 6) for _ in range(count - 1)]]
    ]  # fmt: skip


def relu_gradients():
    return [[g, np.maximum(y, 0)] for g, y in elementwise(2)]


def gelus(count):
    return [[a * np.float32(3), *rest, form] for form in ("none", "tanh") for a, *rest in elementwise(count)]


def norms(shapes, backward):
    """layer_norm's arguments; the backward pass gets the statistics that the forward pass found."""
    from tinytorch.nn.functional.norm import layer_norm_forward

    for shape, dims in shapes:
        for parameters in (True, False):
            a = x(*shape, shift=3)
            weight = x(*shape[-dims:]) if parameters else None
            if not backward:
                yield a, weight, x(*shape[-dims:]) if parameters else None, 1e-5, dims
            else:
                _, mean, rstd = layer_norm_forward.reference(a.astype(np.float64), weight, None, 1e-5, dims)
                yield x(*shape), a, weight, dims, mean.astype(np.float32), rstd.astype(np.float32)


NORMS = [((5, 7), 1), ((3, 4, 16), 2), ((600, 33), 1), ((2, 9000), 1), ((1, 1), 1)]


def batch_norms(backward):
    from tinytorch.nn.functional.batchnorm import batch_norm_forward

    for shape in ((4, 3, 5, 7), (9, 6), (2, 4, 1, 1), (70, 3, 2), (3, 1, 4, 4), (300, 5, 9)):
        for layout in LAYOUTS:
            if layout == "channels last" and len(shape) < 3:
                continue
            a = x(*shape, layout=layout, scale=2, shift=100)
            weight, bias = (x(shape[1]), x(shape[1])) if layout != "gaps" else (None, None)
            if not backward:
                yield a, weight, bias, 1e-5
            else:
                _, mean, _, rstd = batch_norm_forward.reference(a.astype(np.float64), weight, bias, 1e-5)
                yield x(*shape), a, weight, mean.astype(np.float32), rstd.astype(np.float32)


WINDOWS = [  # size, kernel, stride, padding, dilation
    ((8, 6), (2, 2), (2, 2), [(0, 0), (0, 0)], (1, 1)),
    ((9, 7), (2, 2), (2, 2), [(0, 0), (0, 0)], (1, 1)),
    ((9, 7), (2, 2), (2, 2), [(0, 1), (0, 1)], (1, 1)),
    ((9, 10), (3, 3), (2, 2), [(1, 1), (1, 1)], (1, 1)),
    ((9, 10), (3, 2), (1, 3), [(1, 1), (0, 2)], (2, 3)),
    ((1, 1), (1, 1), (1, 1), [(0, 0), (0, 0)], (1, 1)),
    ((5, 5), (4, 4), (5, 5), [(2, 2), (2, 2)], (1, 1)),
]


def pools(dilated, backward=False):
    from tinytorch.nn.functional.pool import max_pool_forward, sum_windows

    for size, kernel, stride, padding, dilation in WINDOWS:
        for lead, layout in (
            ((2, 3), "plain"),
            ((2, 3), "channels last"),
            ((3,), "gaps"),
            ((1, 17), "read-only"),
        ):
            a = x(*lead, *size, layout=layout)
            settings = dict(kernel=kernel, stride=stride, padding=padding)
            if dilated:
                settings["dilation"] = dilation
                out, winner = max_pool_forward.reference(a, **settings, remember=True)
                yield (
                    ((x(*out.shape), winner, size), settings)
                    if backward
                    else ((a,), settings | {"remember": True})
                )
            elif dilation == (1, 1):
                out = sum_windows.forward.reference(a, **settings)
                yield (
                    ((x(*out.shape, layout=layout),), settings | {"size": size})
                    if backward
                    else ((a,), settings)
                )


def optimizer_steps(count, settings):
    for n in (1, 37, 5000):
        for s in settings:
            yield [x(n), x(n), *[np.abs(x(n)) for _ in range(count)], *s]
    yield (
        [x(6, 5, layout="transposed") for _ in range(2)]
        + [np.abs(x(6, 5, layout="transposed")) for _ in range(count)]
        + list(settings[0])
    )


def adams():
    with_max = [(3, 1e-2, 0.9, 0.999, 1e-8, 0.1, decoupled) for decoupled in (False, True)]
    yield from optimizer_steps(3, with_max)
    for p, g, m, v, _, *rest in optimizer_steps(3, with_max):
        yield p, g, m, v, None, *rest


def losses(backward):
    from tinytorch.nn.functional.cross_entropy import softmax_cross_entropy_forward

    for n, c in ((1, 1), (5, 10), (70, 65), (3, 1000)):
        for layout in ("plain", "gaps", "read-only"):
            logits, target = x(n, c, layout=layout, scale=5), index(c, n)
            if not backward:
                yield logits, target
            else:
                _, top, total = softmax_cross_entropy_forward.reference(logits, target)
                yield logits, top, total, target, x(n)


def attentions(backward):
    from tinytorch.nn.functional.attention import attention_forward

    heads_inside = lambda *shape: x(shape[0], shape[2], shape[1], shape[3]).swapaxes(1, 2)
    for B, H, T, S, D, Dv in (
        (1, 1, 1, 1, 1, 1),
        (2, 3, 64, 64, 32, 32),
        (1, 2, 70, 130, 20, 17),
        (2, 1, 130, 70, 5, 33),
    ):
        for make, causal in ((x, True), (x, False), (heads_inside, True)):
            q, k, v = make(B, H, T, D), make(B, H, S, D), make(B, H, S, Dv)
            settings = None, D**-0.5, causal
            if not backward:
                yield q, k, v, *settings
            else:
                out, denominators = attention_forward.reference(q, k, v, *settings)
                yield x(B, H, T, Dv), q, k, v, None, out, denominators, *settings[1:]


CASES = {
    "attention_forward": lambda: attentions(False),
    "attention_backward": lambda: attentions(True),
    "relu_op": lambda: elementwise(1),
    "sum_of_two": lambda: elementwise(2),
    "sum_into": lambda: [case for case in elementwise(2) if case[0].flags.writeable],
    "relu_gradient": relu_gradients,
    "gelu_forward": lambda: gelus(1),
    "gelu_gradient": lambda: gelus(2),
    "layer_norm_forward": lambda: norms(NORMS, False),
    "layer_norm_backward": lambda: norms(NORMS, True),
    "batch_norm_forward": lambda: batch_norms(False),
    "batch_norm_backward": lambda: batch_norms(True),
    "max_pool_forward": lambda: pools(True),
    "max_pool_backward": lambda: pools(True, backward=True),
    "sum_windows": lambda: pools(False),
    "spread_windows": lambda: pools(False, backward=True),
    "softmax_op": lambda: [((x(*s, scale=5),), {"dim": len(s) - 1}) for s in ((5, 7), (2, 3, 65), (3, 1), (4, 1000))],
    "log_softmax_op": lambda: [((x(*s, scale=5),), {"dim": len(s) - 1}) for s in ((5, 7), (2, 3, 65), (3, 1))],
    "softmax_cross_entropy_forward": lambda: losses(False),
    "softmax_cross_entropy_gradient": lambda: losses(True),
    "softmax_cross_entropy_both": lambda: [(*case, 0.25) for case in losses(False)],
    "row_sums": lambda: [(x(n, d), index(7, n), 9) for n, d in ((40, 5), (1, 33), (3000, 16), (0, 4))],
    "sum_leading": lambda: [(x(*s, shift=1), lead) for s, lead in (((5, 9), 1), ((3, 4, 17), 2), ((3000, 8), 1), ((0, 9), 1), ((1001, 3), 1), ((9, 40, 6), 2))],
    "sum_per_channel": lambda: [(x(*s, layout=o, shift=1),) for s in ((5, 9, 3, 4), (7, 6, 9, 11), (1, 2, 3, 3), (0, 3, 2, 2), (3, 5, 300)) for o in LAYOUTS],
    "where_kept": lambda: [((x(*s, layout=o),), {"kept": x(*s, layout=o) > 0, "p": 0.3}) for s in ((3, 4, 5),) for o in LAYOUTS],
    "adam_step": adams,
    "sgd_step": lambda: optimizer_steps(1, [(1e-2, 0.9, 0.1, 0.01, False), (1e-2, 0.9, 0.0, 0.0, True), (1e-2, 0, 0, 0.1, False)]),
}  # fmt: skip
HELD_ELSEWHERE = {"linear_forward", "product", "dropout_forward", "adam_group"}


def test_every_body_has_cases():
    mine = {name for name, (file, *_) in table_of("numba").items() if not file.startswith("conv")}
    assert mine == CASES.keys() | HELD_ELSEWHERE & mine


def arguments(case):
    return case if len(case) == 2 and isinstance(case[1], dict) else (case, {})


def copied(args, dtype):
    """The arguments with arrays of float32 as `dtype`, each a copy in the same memory order: a kernel may write to them."""
    return [a.astype(dtype) if isinstance(a, np.ndarray) and a.dtype == np.float32 else a for a in args]


def results(returned, args):
    """What a kernel returned, and what it wrote to."""
    returned = returned if isinstance(returned, tuple) else (returned,)
    return floats([*(np.asarray(r) if isinstance(r, np.generic) else r for r in returned), *args])


def floats(args):
    return [a for a in args if isinstance(a, np.ndarray) and a.dtype.kind == "f"]


def error(got, exact):
    return np.abs(got.astype(np.float64) - exact).max(initial=0)


@pytest.mark.parametrize("name", CASES)
def test_body_against_reference(name):
    (kernel,) = all_kernels()[name]
    body = kernel.bring(choice.name)
    taken = 0
    for case in CASES[name]():
        args, settings = arguments(case)
        for a in args:
            assert not isinstance(a, np.ndarray) or a.dtype != np.float64
        exact_args, plain_args, body_args = copied(args, np.float64), copied(args, np.float32), list(args)
        before = copied(args, np.float32)
        exact = results(kernel.reference(*exact_args, **settings), exact_args)
        plain = results(kernel.reference(*plain_args, **settings), plain_args)
        returned = body(*body_args, **settings)
        if returned is NotImplemented:
            assert all(np.array_equal(a, b) for a, b in zip(body_args, before) if isinstance(a, np.ndarray))
            continue
        taken += 1
        for got, reference, right in zip(results(returned, body_args), plain, exact, strict=True):
            where = f"{name}, case {taken}: {[getattr(a, 'shape', a) for a in args]} {settings}"
            assert got.shape == right.shape and got.dtype == reference.dtype, where
            scale = max(np.abs(a).max(initial=0) for a in (right, *floats(args)))
            assert error(got, right) <= FACTOR * error(reference, right) + FORGIVEN * scale, where
    needs_vectors = name.startswith("attention")
    assert taken or (needs_vectors and WIDTH == 1)


@pytest.mark.parametrize(
    "name", ["relu_op", "gelu_forward", "softmax_op", "max_pool_forward", "batch_norm_forward"]
)
def test_nan_stays_nan(name):
    (kernel,) = all_kernels()[name]
    a = x(2, 3, 4, 4)
    a[1, 2, 3, 3] = np.nan
    extra, settings = {
        "relu_op": ((), {}),
        "gelu_forward": ((), {}),
        "softmax_op": ((), {"dim": 3}),
        "max_pool_forward": (((2, 2), (2, 2), [(0, 0)] * 2, (1, 1), True), {}),
        "batch_norm_forward": ((None, None, 1e-5), {}),
    }[name]
    got, wanted = (body(a, *extra, **settings) for body in (kernel.bring("numba"), kernel.reference))
    for one, other in zip(*(r if isinstance(r, tuple) else (r,) for r in (got, wanted))):
        if one.dtype.kind == "f":
            np.testing.assert_array_equal(np.isnan(one), np.isnan(other))
        else:  # which element of a window won: NaN, so that the gradient goes there
            np.testing.assert_array_equal(one, other)
