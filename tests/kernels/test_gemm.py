"""Matrix products by tiles, against float64."""

import numpy as np
import pytest

import tinytorch
from tests.kernels.against import close, torch
from tinytorch.backend import kernels
from tinytorch.kernels.cpu import gemm


def draw(*shape, transposed=False, seed=0):
    rng = np.random.default_rng([seed, *shape])
    if transposed:
        return rng.standard_normal((*shape[:-2], shape[-1], shape[-2])).astype(np.float32).swapaxes(-1, -2)
    return rng.standard_normal(shape).astype(np.float32)


SHAPES = [(1, 64, 784, 128), (1, 9, 17, 5), (1, 1, 1, 1), (3, 20, 600, 50), (5, 64, 32, 64), (1, 300, 1100, 100), (1, 40, 1024, 300), (1, 150, 520, 49), (2, 160, 1030, 20), (1, 2, 5, 400), (2, 0, 3, 4)]  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("transposed", [(False, False), (True, False), (False, True), (True, True)])
def test_products(shape, transposed):
    stack, n, k, m = shape
    x, y, bias = (
        draw(stack, n, k, transposed=transposed[0]),
        draw(stack, k, m, transposed=transposed[1]),
        draw(m),
    )
    exact = x.astype(float) @ y.astype(float) + bias
    t = torch()
    theirs = t.from_numpy(x.copy()) @ t.from_numpy(y.copy()) + t.from_numpy(bias)
    close(gemm.stacked_product(x, y, bias), exact, theirs)


@pytest.mark.parametrize(
    "x, y",
    [((200, 240), (2, 3, 240, 240)), ((3, 200, 240), (2, 3, 240, 240)), ((2, 1, 200, 240), (2, 3, 240, 240))],
)
def test_stacks_that_broadcast(x, y):
    x, y = draw(*x), draw(*y)
    np.testing.assert_allclose(
        tinytorch.matmul(tinytorch.tensor(x), tinytorch.tensor(y)).numpy(), x @ y, rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("transposed", [False, True])
def test_threads(count, transposed):
    """The same numbers, bit for bit, whether the threads share the rows or the columns."""
    before = tinytorch.get_num_threads()
    try:
        for n, k, m in ((60, 700, 200), (200, 700, 60), (9, 4096, 64)):
            x, y = draw(1, n, k, transposed=transposed), draw(1, k, m)
            tinytorch.set_num_threads(1)
            alone = gemm.stacked_product(x, y)
            tinytorch.set_num_threads(count)
            assert np.array_equal(gemm.stacked_product(x, y), alone)
    finally:
        tinytorch.set_num_threads(before)


def test_strides_and_memory_that_may_not_be_written():
    x, y = draw(1, 90, 128)[:, ::2, ::2], draw(1, 64, 96)
    y.flags.writeable = False
    np.testing.assert_allclose(gemm.stacked_product(x, y), x @ y, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("batch", [(), (4,), (2, 3)])
def test_linear_and_its_gradients(batch):
    """As a user writes it; the compiled body runs, and agrees with the reference."""
    x, weight, bias = draw(*batch, 64, 256), draw(192, 256), draw(192)

    def run(choice):
        with kernels(choice):
            tensors = [tinytorch.tensor(a, requires_grad=True) for a in (x, weight, bias)]
            out = tinytorch.nn.functional.linear(*tensors)
            (out * out).sum().backward()
            return [out.numpy(force=True)] + [t.grad.numpy() for t in tensors]

    for ours, reference in zip(run("numba"), run("reference")):
        np.testing.assert_allclose(ours, reference, rtol=2e-4, atol=2e-4 * np.abs(reference).max())


def test_what_is_left_to_numpy():
    ones = lambda *shape, dtype=np.float32: np.ones(shape, dtype)
    declined = [
        (ones(4, 4), ones(4, 4)),
        (ones(256, 256, dtype=float), ones(256, 256, dtype=float)),
        (ones(2, 256, 256), ones(256, 256)[None]),
        (ones(1, 4096), ones(4096, 4096)),
    ]
    for x, y in declined:
        assert gemm.product_by_tiles(x, y) is NotImplemented
