"""Every CUDA kernel against its NumPy reference, over random odd shapes, run on the CPU (see standin.py): index errors and
missing barriers show here, speed does not. Each case runs twice, with a block's threads in both orders. `tests/gpu` runs the same
cases on a GPU.
"""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from tests.device import emulate
from tinytorch import random as tiny_random
from tinytorch.kernels.cuda import BODIES

# Some of these files bear the name of a function that nn.functional hands on.
(
    activation,
    attention,
    batchnorm,
    convolution,
    cross_entropy,
    dropout,
    embedding,
    linear,
    norm,
    pool,
    softmax,
) = (
    importlib.import_module(f"tinytorch.nn.functional.{name}")
    for name in "activation attention batchnorm convolution cross_entropy dropout embedding linear norm pool softmax".split()
)
sgd, adam, clip_grad = map(
    importlib.import_module, ("tinytorch.optim.sgd", "tinytorch.optim.adam", "tinytorch.nn.utils.clip_grad")
)
F32, F64 = np.float32, np.float64


class Case:
    """A kernel and how to draw arguments for it."""

    def __init__(self, kernel, label: str, draw, decline: bool = False):
        self.kernel, self.label, self.draw, self.decline = kernel, label, draw, decline

    def __str__(self) -> str:
        return f"{self.kernel.__name__}-{self.label}"


class Settings:
    """A kernel that is an op's function, and takes its settings by name: here by position."""

    def __init__(self, op):
        self.op, self.__name__, self.bodies = op, op.forward.__name__, op.forward.bodies

    def reference(self, *args):
        return self.by_name(self.op.forward.reference, args)

    def by_name(self, function, args):
        n = len(self.op.data)
        return function(*args[:n], **dict(zip(self.op.settings, args[n:])))


def normal(rng, *shape, dtype=F32):
    return rng.standard_normal(shape).astype(dtype)


def conv_cases():
    # images, channels, size, filters, kernel, stride, padding, dilation, groups
    shapes = {
        "3x3": (2, 3, (9, 7), 5, (3, 3), (1, 1), (1, 1), (1, 1), 1),
        "tiles": (3, 17, (11, 13), 70, (3, 3), (1, 1), (1, 1), (1, 1), 1),
        "strided": (2, 9, (10, 11), 12, (3, 2), (2, 3), (1, 0), (1, 1), 1),
        "dilated": (1, 4, (13, 12), 6, (3, 3), (1, 2), (2, 1), (2, 3), 1),
        "1x1": (5, 33, (5, 5), 66, (1, 1), (1, 1), (0, 0), (1, 1), 1),
        "one pixel": (7, 2, (1, 1), 3, (1, 1), (1, 1), (0, 0), (1, 1), 1),
        "groups": (2, 16, (6, 5), 18, (3, 3), (1, 1), (1, 1), (1, 1), 2),
        "depthwise": (2, 6, (7, 6), 12, (3, 3), (2, 1), (1, 1), (1, 1), 6),
        "thin groups": (2, 6, (7, 6), 4, (2, 3), (1, 2), (1, 2), (2, 1), 2),
        "1-d": (3, 5, (19,), 7, (4,), (3,), (2,), (1,), 1),
        "long sums": (40, 2, (8, 9), 3, (3, 3), (1, 1), (1, 1), (1, 1), 1),
    }
    for label, (N, C, size, O, k, stride, padding, dilation, groups) in shapes.items():
        for dtype in (F32, F64):
            if dtype is F64 and label not in ("tiles", "strided", "groups"):
                continue
            settings = (stride, padding, dilation, groups)
            count = tuple(
                (s + 2 * p - d * (n - 1) - 1) // t + 1
                for s, p, d, n, t in zip(size, padding, dilation, k, stride)
            )

            def x(rng, N=N, C=C, size=size, dtype=dtype):
                return normal(rng, N, C, *size, dtype=dtype)

            def w(rng, O=O, C=C, k=k, groups=groups, dtype=dtype):
                return normal(rng, O, C // groups, *k, dtype=dtype)

            def g(rng, N=N, O=O, count=count, dtype=dtype):
                return normal(rng, N, O, *count, dtype=dtype)

            name = f"{label}-{np.dtype(dtype)}"
            yield Case(
                convolution.convolution_kernel, name,
                lambda rng, x=x, w=w, s=settings, O=O, d=dtype: (x(rng), w(rng), normal(rng, O, dtype=d), *s),
            )  # fmt: skip
            yield Case(
                convolution.convolution_input_kernel, name,
                lambda rng, g=g, w=w, s=settings, size=size: (g(rng), w(rng), size, *s),
            )  # fmt: skip
            yield Case(
                convolution.convolution_weight_kernel, name,
                lambda rng, g=g, x=x, s=settings, k=k: (g(rng), x(rng), k, *s),
            )  # fmt: skip


def pool_cases():
    shapes = {
        "2x2": ((2, 3, 8, 6), (2, 2), (2, 2), [(0, 0), (0, 0)], (1, 1)),
        "overlapping": ((3, 2, 9, 7), (3, 2), (2, 1), [(1, 1), (1, 0)], (1, 1)),
        "dilated": ((2, 9, 10), (2, 3), (1, 2), [(0, 1), (1, 1)], (3, 2)),
        "1-d": ((4, 5, 17), (3,), (2,), [(1, 1)], (1,)),
        "whole": ((2, 2, 5, 5), (5, 5), (5, 5), [(0, 0), (0, 0)], (1, 1)),
    }
    for label, (shape, k, stride, padding, dilation) in shapes.items():
        n = len(k)
        count = pool.places(pool.padded(shape[-n:], padding), k, stride, dilation)
        lead, size = shape[:-n], shape[-n:]
        yield Case(
            pool.max_pool_forward, label,
            lambda rng, a=(shape, k, stride, padding, dilation): (np.round(normal(rng, *a[0]) * 2), *a[1:], True),
        )  # fmt: skip
        yield Case(
            pool.max_pool_backward, label,
            lambda rng, a=(lead, count, size, k, stride, padding, dilation): (
                normal(rng, *a[0], *a[1]),
                rng.integers(0, np.prod(a[3]), (*a[0], *a[1])).astype(np.uint8) if inside_only(a) else winners(rng, a), *a[2:],
            ),
        )  # fmt: skip
        if max(dilation) == 1:
            yield Case(
                Settings(pool.sum_windows),
                label,
                lambda rng, a=(shape, k, stride, padding): (normal(rng, *a[0]), *a[1:]),
            )
            yield Case(
                Settings(pool.spread_windows), label,
                lambda rng, a=(lead, count, size, k, stride, padding): (normal(rng, *a[0], *a[1]), *a[2:]),
            )  # fmt: skip
    nan = np.array([[1, np.nan, 3, 4], [np.nan, 2, -np.inf, -np.inf]], F32)
    one = ((1, 2), (1, 2), [(0, 0), (0, 0)], (1, 1))
    yield Case(pool.max_pool_forward, "NaN and -inf", lambda rng: (nan[None], *one, True))
    yield Case(pool.max_pool_forward, "without winners", lambda rng: (nan[None], *one, False))


def inside_only(a) -> bool:
    return not any(p for sides in a[5] for p in sides)


def winners(rng, a):
    """Winners as a forward pass finds them: never in the padding."""
    lead, _, size, *settings = a
    return pool.max_pool_forward.reference(normal(rng, *lead, *size), *settings, True)[1]


def norm_cases():
    for label, shape in {
        "images": (5, 3, 4, 7),
        "one place": (37, 11),
        "large": (3, 2, 33, 31),
        "1-d": (4, 6, 9),
    }.items():
        for dtype in (F32, F64):
            C = shape[1]
            draw = lambda rng, shape=shape, C=C, d=dtype: (
                normal(rng, *shape, dtype=d) * 3 + 5,
                normal(rng, C, dtype=d),
            )
            name = f"{label}-{np.dtype(dtype)}"
            yield Case(
                batchnorm.batch_norm_forward, name, lambda rng, draw=draw: (*draw(rng), draw(rng)[1], 1e-5)
            )
            yield Case(
                batchnorm.batch_norm_backward, name,
                lambda rng, draw=draw: (draw(rng)[0], *draw(rng), draw(rng)[1], np.abs(draw(rng)[1])),
            )  # fmt: skip
    yield Case(batchnorm.batch_norm_forward, "bare", lambda rng: (normal(rng, 3, 4, 5), None, None, 1e-3))
    for label, shape, dims in (
        ("rows", (9, 33), 1),
        ("long", (3, 1030), 1),
        ("two dims", (4, 3, 5, 7), 2),
        ("short", (70, 3), 1),
    ):
        tail = shape[len(shape) - dims :]
        rows = int(np.prod(shape[: len(shape) - dims]))
        draw = lambda rng, shape=shape, tail=tail: (normal(rng, *shape) + 2, normal(rng, *tail))
        yield Case(
            norm.layer_norm_forward, label, lambda rng, draw=draw, n=dims: (*draw(rng), draw(rng)[1], 1e-5, n)
        )
        yield Case(
            norm.layer_norm_backward, label,
            lambda rng, draw=draw, n=dims, rows=rows: (
                draw(rng)[0], *draw(rng), n, normal(rng, rows, 1), np.abs(normal(rng, rows, 1)),
            ),
        )  # fmt: skip
    yield Case(norm.layer_norm_forward, "bare", lambda rng: (normal(rng, 4, 6), None, None, 1e-5, 1))


def attention_cases():
    shapes = {  # B, H, T, S, D, Dv, mask, causal
        "small": (2, 3, 5, 7, 8, 8, None, False),
        "causal": (1, 2, 70, 70, 16, 16, None, True),
        "tiles": (1, 2, 67, 101, 32, 24, None, False),
        "wide": (1, 1, 37, 35, 64, 64, None, True),
        "widest": (1, 1, 35, 40, 128, 100, None, True),
        "more keys": (1, 1, 20, 50, 33, 33, None, True),
        "fewer keys": (1, 1, 50, 20, 33, 33, None, True),
        "masked": (2, 2, 9, 34, 16, 16, "full", False),
        "broadcast mask": (2, 2, 9, 34, 16, 16, "rows", True),
    }
    for label, (B, H, T, S, D, Dv, kind, causal) in shapes.items():

        def draw(rng, B=B, H=H, T=T, S=S, D=D, Dv=Dv, kind=kind, causal=causal):
            mask = None
            if kind:
                mask = normal(rng, B, H, T, S) if kind == "full" else normal(rng, 1, 1, 1, S)
                mask[..., ::3] = -np.inf
                if kind == "full":
                    mask[0, 0, 3] = -np.inf  # a query that may look at nothing
                mask = np.broadcast_to(mask, (B, H, T, S))
            return (
                normal(rng, B, H, T, D),
                normal(rng, B, H, S, D),
                normal(rng, B, H, S, Dv),
                mask,
                0.3,
                causal,
            )

        def back(rng, draw=draw):
            q, k, v, mask, scale, causal = draw(rng)
            out, denominators = attention.attention_forward.reference(q, k, v, mask, scale, causal)
            return normal(rng, *out.shape), q, k, v, mask, out, denominators, scale, causal

        yield Case(attention.attention_forward, label, draw)
        yield Case(attention.attention_backward, label, back)


def other_cases():
    for N, C in ((5, 3), (33, 10), (2, 1000), (1, 1)):
        draw = lambda rng, N=N, C=C: (normal(rng, N, C) * 5, rng.integers(0, C, N))
        yield Case(cross_entropy.softmax_cross_entropy_forward, f"{N}x{C}", draw)

        def back(rng, draw=draw):
            logits, target = draw(rng)
            _, top, total = cross_entropy.softmax_cross_entropy_forward.reference(logits, target)
            return logits, top, total, target, normal(rng, len(logits))

        yield Case(cross_entropy.softmax_cross_entropy_gradient, f"{N}x{C}", back)
    yield Case(embedding.row_sums, "rows", lambda rng: (normal(rng, 50, 7), rng.integers(0, 9, 50), 11))
    yield Case(
        embedding.row_sums, "float64", lambda rng: (normal(rng, 5, 3, dtype=F64), rng.integers(0, 2, 5), 2)
    )
    for how in ("none", "tanh"):
        for dtype in (F32, F64):
            name = f"{how}-{np.dtype(dtype)}"
            yield Case(
                activation.gelu_forward,
                name,
                lambda rng, h=how, d=dtype: (normal(rng, 5, 77, dtype=d) * 3, h),
            )
            yield Case(
                activation.gelu_gradient, name,
                lambda rng, h=how, d=dtype: (normal(rng, 5, 77, dtype=d) * 3, normal(rng, 5, 77, dtype=d), h),
            )  # fmt: skip
    for shape in ((1,), (1003,), (5, 3, 2)):
        label = f"{len(shape)}-d"
        yield Case(
            dropout.dropout_forward, label, lambda rng, s=shape: (normal(rng, *s), 0.3, np.random.default_rng(5))
        )  # fmt: skip
        yield Case(
            Settings(dropout.where_kept), label, lambda rng, s=shape: (normal(rng, *s), rng.random(s) > 0.5, 0.3)
        )  # fmt: skip
        yield Case(
            Settings(activation.relu_gradient), label, lambda rng, s=shape: (normal(rng, *s), normal(rng, *s))
        )  # fmt: skip
        for op in (softmax.softmax_op, softmax.log_softmax_op):
            yield Case(Settings(op), label, lambda rng, s=shape: (normal(rng, *s) * 9, -1))
    yield Case(
        linear.linear_forward, "bias", lambda rng: (normal(rng, 9, 5), normal(rng, 6, 5), normal(rng, 6))
    )


CASES = [*conv_cases(), *pool_cases(), *norm_cases(), *attention_cases(), *other_cases()]


# ---------------------------------------------------------------- optimizers: they write into their arguments


def step_cases():
    for label, shape in {"small": (3, 5), "pieces": (5000,), "one": (1,)}.items():
        for momentum, nesterov, decay in ((0.0, False, 0.0), (0.9, False, 0.1), (0.9, True, 0.0)):
            yield label, sgd.sgd_step, [shape] * (3 if momentum else 2), (0.1, momentum, 0.3, decay, nesterov)
        for amsgrad, decay, decoupled in ((False, 0.0, False), (True, 0.1, False), (False, 0.1, True)):
            yield (
                label,
                adam.adam_step,
                [shape] * (5 if amsgrad else 4),
                (3, 0.01, 0.9, 0.99, 1e-8, decay, decoupled),
            )


@pytest.mark.parametrize(("label", "kernel", "shapes", "settings"), [*step_cases()])
def test_a_step_writes_what_its_reference_does(gpu, label, kernel, shapes, settings):
    rng = np.random.default_rng(0)
    arrays = [np.abs(normal(rng, *shape)) for shape in shapes]
    blanks = [None] * ((3 if kernel is sgd.sgd_step else 5) - len(arrays))
    given = [gpu.asarray(a.copy()) for a in arrays]
    kernel.reference(*arrays, *blanks, *settings)
    assert body_of(kernel)(*given, *blanks, *settings) is None
    for have, want in zip(given, arrays):
        np.testing.assert_allclose(have.get(), want, rtol=2e-5, atol=1e-7)


def test_the_norm_of_all_gradients(gpu):
    arrays = [normal(np.random.default_rng(0), *shape) for shape in ((3, 5), (5000,), (1,))]
    found = body_of(clip_grad.norm_of_all)(*map(gpu.asarray, arrays))
    assert found.get() == pytest.approx(clip_grad.norm_of_all.reference(*arrays), rel=1e-6)


def body_of(kernel):
    importlib.import_module(f"tinytorch.kernels.cuda.{BODIES[kernel.__name__][0]}")
    return kernel.bodies["cuda"]


def listed(result) -> list:
    return list(result) if isinstance(result, tuple) else [result]


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_kernel_computes_what_its_reference_does(case, order, gpu):
    emulate.thread_order.append(order)
    try:
        hold(case, gpu)
    finally:
        emulate.thread_order.pop()


def hold(case, xp) -> None:
    """The kernel's results on arrays of that CuPy beside its reference's on NumPy's."""
    expected = listed(case.kernel.reference(*case.draw(np.random.default_rng(0))))
    given = [xp.asarray(a) if isinstance(a, np.ndarray) else a for a in case.draw(np.random.default_rng(0))]
    body = body_of(case.kernel)
    found = case.kernel.by_name(body, given) if isinstance(case.kernel, Settings) else body(*given)
    assert found is not NotImplemented, "the body declines what it is tested with"
    found = listed(found)
    assert len(found) == len(expected)
    for number, (have, want) in enumerate(zip(found, expected)):
        if want is None:
            assert have is None
            continue
        assert have.shape == want.shape and have.dtype == want.dtype, f"result {number}"
        exact = np.finfo(want.dtype).eps * 200 if want.dtype.kind == "f" else 0
        scale = np.abs(want[np.isfinite(want)]).max(initial=1) if want.dtype.kind == "f" else 0
        np.testing.assert_allclose(
            have.get(), want, rtol=exact, atol=exact * scale, err_msg=f"result {number}"
        )


def test_every_kernel_with_a_body_is_held_against_its_reference():
    apart = {"fill", "sgd_step", "adam_step", "norm_of_all"}  # in tests of their own
    assert {case.kernel.__name__ for case in CASES} | apart == set(BODIES)


# ---------------------------------------------------------------- random numbers


@pytest.mark.parametrize("kind, moments", [("uniform", (1.0, 4 / np.sqrt(12))), ("normal", (-1.0, 3.0))])
@pytest.mark.parametrize("dtype", [F32, F64])
def test_random_numbers_have_their_moments(gpu, kind, moments, dtype):
    out = gpu.empty(20001, dtype)
    tiny_random.fill(out, kind, -1.0, 3.0, np.random.default_rng(1))
    values = out.get()
    mean, std = moments
    assert abs(values.mean() - mean) < 5 * std / np.sqrt(values.size)
    assert abs(values.std() - std) < 0.03 * std
    assert len(np.unique(values)) > 0.99 * values.size
    if kind == "uniform":
        assert values.min() >= -1 and values.max() < 3


def test_random_numbers_are_those_of_the_hash(gpu):
    out = gpu.empty(7, F32)
    tiny_random.fill(out, "uniform", 0.0, 1.0, np.random.default_rng(3))
    bits = tiny_random.hashed(np.arange(7, dtype=np.uint32), tiny_random.key(np.random.default_rng(3)))
    np.testing.assert_array_equal(out.get(), ((bits >> np.uint32(8)) * 2.0**-24).astype(F32))
