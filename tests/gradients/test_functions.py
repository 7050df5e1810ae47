"""autograd.Function where forward hands back one of its inputs."""

from __future__ import annotations

import numpy as np
import pytest

import tinytorch

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("lib", [torch, tinytorch], ids=["torch", "tinytorch"])
def test_an_input_handed_back_is_a_tensor_of_its_own(lib):
    class Reverse(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, g):
            return -g

    x = lib.ones(2, requires_grad=True)
    h = x * 2
    y = Reverse.apply(h)
    assert y is not h
    (3 * y.sum() + h.sum()).backward()
    assert x.grad.tolist() == [-4, -4]


@pytest.mark.parametrize("lib", [torch, tinytorch], ids=["torch", "tinytorch"])
def test_unless_it_was_overwritten(lib):
    class Increment(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x.add_(1)

        @staticmethod
        def backward(ctx, g):
            return -g

    x = lib.ones(2, requires_grad=True)
    h = x * 2
    y = Increment.apply(h)
    assert y is h
    (3 * y.sum() + h.sum()).backward()
    assert x.grad.tolist() == [-8, -8]


@pytest.mark.parametrize("shape", [(3, 3), (5, 3), (3, 5), (2, 4, 3)])
def test_complex_decompositions_have_pytorchs_gradients(shape):
    """Of losses that do not change with the phases of singular vectors, which are anyone's choice."""
    torch = pytest.importorskip("torch", reason="parity needs PyTorch: pip install torch==2.13.0")
    r = np.random.default_rng(0)
    a, w = (r.standard_normal(shape) + 1j * r.standard_normal(shape) for _ in range(2))

    def svd(lib, x):
        u, s, vh = lib.linalg.svd(x, full_matrices=False)
        low = u[..., :2] @ (s[..., :2, None] ** 2 * vh[..., :2, :])
        return (low * lib.tensor(w)).sum().abs() + s.log().sum()

    def qr(lib, x):
        q, r = lib.linalg.qr(x)
        return (q.abs() ** 2).cumsum(-1).sum() * 0.1 + (
            q[..., :1] @ r[..., :1, :] * lib.tensor(w)
        ).sum().abs()

    for loss in (svd, qr):
        grads = []
        for lib in (torch, tinytorch):
            x = lib.tensor(a, requires_grad=True)
            loss(lib, x).backward()
            grads.append(x.grad.numpy())
        np.testing.assert_allclose(grads[1], grads[0], rtol=1e-8, atol=1e-8)
