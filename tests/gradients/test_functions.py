"""autograd.Function where forward hands back one of its inputs."""

from __future__ import annotations

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
