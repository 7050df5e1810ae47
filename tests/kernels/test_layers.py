"""What users call, with compiled kernels: as exact as PyTorch in float32, and the gradients of the composed forms."""

import numpy as np
import pytest

import tinytorch
from tinytorch.backend import kernels

torch = pytest.importorskip("torch")

rng = np.random.default_rng(0)
FACTOR, FORGIVEN = (
    4,
    1e-6,
)  # times PyTorch's own float32 error; and, of the largest number, what is forgiven in any case


def f4(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def run(T, call, arrays, dtype):
    """The result of call(T, *tensors) and the gradients of a sum weighted with cos(0), cos(1), ..."""
    tensors = [T.tensor(a.astype(dtype) if a.dtype.kind == "f" else a) for a in arrays]
    for t in tensors:
        t.requires_grad_(t.is_floating_point())
    out = call(T, *tensors)
    weights = np.cos(np.arange(int(np.prod(out.shape)))).reshape(out.shape)
    (out * T.tensor(weights.astype(dtype))).sum().backward()
    return [out.detach().numpy(), *[t.grad.numpy() for t in tensors if t.requires_grad]]


def channels_last(T, x):
    return x.to(memory_format=T.channels_last)


def functional(name, *args, **kwargs):
    return lambda T, *tensors: getattr(T.nn.functional, name)(*tensors, *args, **kwargs)


def laid_channels_last(call):
    return lambda T, x, *rest: call(T, channels_last(T, x), *rest)


def batch_norm(T, x, w, b):
    return T.nn.functional.batch_norm(x, None, None, w, b, training=True)


IMAGES = f4(16, 8, 11, 13)
TARGETS = rng.integers(0, 65, 300)
SOME_IGNORED = np.where(TARGETS < 9, -100, TARGETS)
CASES = {
    "relu": (functional("relu"), [f4(300, 301)]),
    "gelu": (functional("gelu"), [f4(100, 65) * np.float32(3)]),
    "gelu tanh": (functional("gelu", approximate="tanh"), [f4(100, 65) * np.float32(3)]),
    "softmax": (functional("softmax", -1), [f4(100, 65)]),
    "log_softmax": (functional("log_softmax", -1), [f4(100, 65)]),
    "cross_entropy": (functional("cross_entropy"), [f4(300, 65), TARGETS]),
    "cross_entropy, the mean with some ignored": (functional("cross_entropy"), [f4(300, 65), SOME_IGNORED]),
    "cross_entropy, the sum of bytes": (functional("cross_entropy", reduction="sum"), [f4(300, 65), TARGETS.astype(np.uint8)]),
    "cross_entropy, some ignored": (
        functional("cross_entropy", ignore_index=3, reduction="none"),
        [f4(300, 65), TARGETS],
    ),
    "layer_norm": (lambda T, x, w, b: T.nn.functional.layer_norm(x, (129,), w, b), [f4(9, 31, 129), f4(129), f4(129)]),
    "group_norm": (lambda T, x, w, b: T.nn.functional.group_norm(x, 4, w, b), [IMAGES, f4(8), f4(8)]),
    "batch_norm": (batch_norm, [IMAGES + np.float32(30), f4(8), f4(8)]),
    "batch_norm channels last": (laid_channels_last(batch_norm), [IMAGES + np.float32(30), f4(8), f4(8)]),
    "max_pool2d": (functional("max_pool2d", 2), [IMAGES]),
    "max_pool2d channels last": (laid_channels_last(functional("max_pool2d", 2)), [IMAGES]),
    "max_pool2d overlapping": (functional("max_pool2d", 3, 2, 1, ceil_mode=True), [IMAGES]),
    "max_pool2d overlapping channels last": (laid_channels_last(functional("max_pool2d", 3, 2, 1)), [IMAGES]),
    "avg_pool2d": (functional("avg_pool2d", 3, 2, 1), [IMAGES]),
    "avg_pool2d channels last": (laid_channels_last(functional("avg_pool2d", 2)), [IMAGES]),
    "adaptive_avg_pool2d": (functional("adaptive_avg_pool2d", 1), [IMAGES]),
    "embedding": (lambda T, w, i: T.nn.functional.embedding(i, w), [f4(65, 33), TARGETS]),
    "attention": (functional("scaled_dot_product_attention", is_causal=True), [f4(3, 2, 100, 24) for _ in range(3)]),
    "attention with a mask": (
        lambda T, q, k, v: T.nn.functional.scaled_dot_product_attention(q, k, v, T.ones(100, 100).triu() == 0),
        [f4(3, 2, 100, 24) for _ in range(3)],
    ),
    "attention of all": (functional("scaled_dot_product_attention"), [f4(3, 2, 100, 24) for _ in range(3)]),
    "linear": (functional("linear"), [f4(700, 65), f4(33, 65), f4(33)]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_as_exact_as_pytorch(name):
    call, arrays = CASES[name]
    with kernels("numba"):
        ours = run(tinytorch, call, arrays, np.float32)
    exact, theirs = run(torch, call, arrays, np.float64), run(torch, call, arrays, np.float32)
    for part, (got, right, other) in enumerate(zip(ours, exact, theirs, strict=True)):
        assert got.shape == right.shape and got.dtype == np.float32
        allowed = FACTOR * np.abs(other - right).max() + FORGIVEN * np.abs(right).max()
        assert np.abs(got - right).max() <= allowed, f"{name}, part {part}"


@pytest.mark.parametrize("name", ["gelu", "cross_entropy", "layer_norm", "batch_norm"])
def test_the_fused_gradient_is_the_composed_one(name):
    """With create_graph=True gradients come from the composed form, built from plain ops."""
    call, arrays = CASES[name]
    tensors = [tinytorch.tensor(a).requires_grad_(a.dtype.kind == "f") for a in arrays]
    wanted = [t for t in tensors if t.requires_grad]
    out = call(tinytorch, *tensors)
    loss = (out * tinytorch.tensor(np.cos(np.arange(out.numel(), dtype=np.float32))).reshape(out.shape)).sum()
    fused = tinytorch.autograd.grad(loss, wanted, retain_graph=True)
    composed = tinytorch.autograd.grad(loss, wanted, create_graph=True)
    for one, other in zip(fused, composed):
        other = other.detach().numpy()
        np.testing.assert_allclose(one.numpy(), other, rtol=2e-4, atol=1e-5 * np.abs(other).max())


def test_a_target_that_is_no_class():
    scores = tinytorch.randn(300, 65, requires_grad=True)
    for wrong in (65, -1, -(2**40)):
        target = tinytorch.tensor(TARGETS)
        target[7] = wrong
        with pytest.raises(IndexError, match=f"Target {wrong} is out of bounds"):
            tinytorch.nn.functional.cross_entropy(scores, target)


def test_a_gradient_that_was_written_to_is_found_again():
    """Cross-entropy keeps its gradient from the forward pass on: what it hands out is another array."""
    scores = tinytorch.randn(300, 65, requires_grad=True)
    loss = tinytorch.nn.functional.cross_entropy(scores, tinytorch.tensor(TARGETS))
    (first,) = tinytorch.autograd.grad(loss, scores, retain_graph=True)
    before = first.numpy().copy()
    first.mul_(7)
    np.testing.assert_array_equal(tinytorch.autograd.grad(loss, scores)[0].numpy(), before)


def test_an_empty_batch():
    for shape in ((0, 8, 4, 4), (0, 129)):
        x = tinytorch.zeros(*shape, requires_grad=True)
        y = (
            tinytorch.nn.functional.relu(x)
            if len(shape) == 4
            else tinytorch.nn.functional.layer_norm(x, (129,))
        )
        y.sum().backward()
        assert y.shape == x.grad.shape == shape


# ---------------------------------------------------------------- dropout


def dropped(x, p, seed=0):
    tinytorch.manual_seed(seed)
    return tinytorch.nn.functional.dropout(x, p)


@pytest.mark.parametrize("layout", ["plain", "channels last", "gaps"])
def test_dropout_is_the_same_whoever_computes_it(layout):
    x = tinytorch.tensor(f4(9, 32, 16, 24))
    if layout == "channels last":
        x = channels_last(tinytorch, x)
    if layout == "gaps":
        x = x[:, :, ::2]
    threads = tinytorch.get_num_threads()
    results = []
    for choice, count in (("reference", 1), ("numba", 1), ("numba", 2)):
        tinytorch.set_num_threads(count)
        with kernels(choice):
            leaf = x.detach().requires_grad_()
            y = dropped(leaf, 0.3)
            y.sum().backward()
            results.append((y.detach().numpy(), leaf.grad.numpy()))
    tinytorch.set_num_threads(threads)
    for y, g in results[1:]:
        np.testing.assert_array_equal(y, results[0][0])
        np.testing.assert_array_equal(g, results[0][1])


def test_dropout_draws_anew_and_as_seeded():
    x = tinytorch.ones(100_000)
    a, b, c = dropped(x, 0.5), tinytorch.nn.functional.dropout(x, 0.5), dropped(x, 0.5)
    assert (a == c).all() and 0.49 < float((a == b).float().mean()) < 0.51


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_statistics(p):
    """How many are dropped, whether neighbours at any distance are dropped independently, and runs of different keys."""
    n = 1 << 18
    kept = np.stack([dropped(tinytorch.ones(n), p, seed).numpy() != 0 for seed in range(8)])
    deviation = np.sqrt(p * (1 - p) / n)
    assert np.all(np.abs(kept.mean(1) - (1 - p)) < 5 * deviation)
    centered = (kept - (1 - p)) / np.sqrt(p * (1 - p))
    for lag in (1, 2, 3, 16, 64, 1024, 4096, 65536):
        correlation = (centered[:, lag:] * centered[:, :-lag]).mean(1)
        assert np.all(np.abs(correlation) < 5 / np.sqrt(n - lag)), lag
    between = (centered @ centered.T) / n
    assert np.all(np.abs(between - np.eye(8) * between.diagonal()) < 5 / np.sqrt(n))


def test_hashed_numbers_are_uniform():
    from tinytorch.random import hashed

    h = hashed(np.arange(1 << 20, dtype=np.uint32), (123, 456))
    for shift in (0, 8, 16, 24):
        counts = np.bincount((h >> np.uint32(shift)) & np.uint32(255), minlength=256)
        chi_square = ((counts - 4096) ** 2 / 4096).sum()
        assert 150 < chi_square < 380, shift  # 255 +- 22.6 for true random bytes
