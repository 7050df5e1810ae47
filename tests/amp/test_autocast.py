"""autocast on the CPU, where NumPy's float16 shows what it does: the dtypes PyTorch has, and gradients in float32."""

from __future__ import annotations

import threading
import warnings

import numpy as np
import pytest

import tinytorch
from tinytorch.utils.checkpoint import checkpoint

torch = pytest.importorskip("torch")
BOTH = pytest.mark.parametrize("lib", [torch, tinytorch], ids=["torch", "tinytorch"])

EXPRESSIONS = [
    "a @ a", "F.linear(a, a)", "torch.bmm(a[None], a[None])", "F.conv1d(a[None], a[None])", "torch.einsum('ij,jk->ik', a, a)",
    "(a @ a) + a", "a + a", "(a @ a).softmax(-1)", "(a @ a).mean()", "F.cross_entropy(a @ a, t)", "(a @ a).prod()",
    "F.binary_cross_entropy_with_logits(a @ a, a)", "d @ d", "torch.cat([a @ a, a])", "i @ i", "torch.log(a @ a)",
]  # fmt: skip


def evaluate(lib, expression):
    a = lib.tensor([[0.3, 1.0], [0.25, 0.7]], requires_grad=True)
    names = {
        "torch": lib,
        "F": lib.nn.functional,
        "a": a,
        "d": a.double(),
        "t": lib.tensor([0, 1]),
        "i": lib.tensor([[1, 2], [3, 4]]),
    }
    return eval(expression, names), a


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_dtypes_and_gradients_are_pytorchs(expression):
    found = []
    for lib in (tinytorch, torch):
        with lib.autocast("cpu", dtype=lib.float16):
            out, a = evaluate(lib, expression)
        if out.requires_grad:
            out.sum().backward()
        grad = None if a.grad is None else (str(a.grad.dtype), a.grad.numpy())
        found.append((str(out.dtype), out.detach().numpy(), grad))
    (ours, value, grad), (theirs, expected, expected_grad) = found
    assert ours == theirs
    np.testing.assert_allclose(value, expected, rtol=2e-3)
    assert (grad is None) == (expected_grad is None)
    if grad is not None:
        assert grad[0] == expected_grad[0] == "torch.float32"
        np.testing.assert_allclose(grad[1], expected_grad[1], rtol=4e-3, atol=1e-3)


def test_without_bfloat16_the_default_on_the_cpu_changes_nothing():
    with tinytorch.autocast("cpu"):
        assert tinytorch.is_autocast_enabled("cpu") and tinytorch.is_autocast_cpu_enabled()
        assert tinytorch.get_autocast_dtype("cpu") is tinytorch.bfloat16
        assert evaluate(tinytorch, "a @ a")[0].dtype is tinytorch.float32


@BOTH
def test_nesting(lib):
    a = lib.ones(2, 2)
    with lib.autocast("cpu", dtype=lib.float16):
        with lib.autocast("cpu", enabled=False):
            assert (a @ a).dtype is lib.float32
            assert not lib.is_autocast_enabled("cpu")
            with lib.autocast("cpu", dtype=lib.float16):
                assert (a @ a).dtype is lib.float16
        assert (a @ a).dtype is lib.float16
        assert lib.is_autocast_enabled("cpu") and not lib.is_autocast_enabled()
    assert (a @ a).dtype is lib.float32
    assert not lib.is_autocast_enabled("cpu")


def test_as_a_decorator_and_used_again():
    """Also inside itself, where PyTorch's forgets how to leave."""
    lib = tinytorch
    half = lib.autocast("cpu", dtype=lib.float16)

    @half
    def product(a):
        """a @ a"""
        return a @ a

    assert product.__doc__ == "a @ a"
    for _ in range(2):
        assert product(lib.ones(2, 2)).dtype is lib.float16
        with half:
            assert product(lib.ones(2, 2)).dtype is lib.float16
    assert (lib.ones(2, 2) @ lib.ones(2, 2)).dtype is lib.float32


@BOTH
def test_each_thread_has_its_own(lib):
    seen = []
    with lib.autocast("cpu", dtype=lib.float16):
        thread = threading.Thread(target=lambda: seen.append((lib.ones(1, 1) @ lib.ones(1, 1)).dtype))
        thread.start()
        thread.join()
    assert seen == [lib.float32]


@BOTH
def test_what_it_refuses(lib):
    with pytest.raises(ValueError, match="Expected `device_type` of type `str`"):
        lib.autocast(lib.device("cpu"))
    with pytest.raises(RuntimeError):
        lib.autocast("toaster")
    with pytest.warns(UserWarning, match="In CPU autocast, but the target dtype is not supported"):
        assert not lib.autocast("cpu", dtype=lib.float32)._enabled
    if not lib.cuda.is_available():
        with pytest.warns(UserWarning, match="CUDA is not available"):
            assert not lib.autocast("cuda")._enabled
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            lib.autocast("cuda", enabled=False)


def test_recomputation_runs_under_the_autocast_of_the_forward_pass():
    lib, seen = tinytorch, []

    def f(a):
        out = a @ a
        seen.append(out.dtype)
        return out

    a = lib.ones(2, 2, requires_grad=True)
    with lib.autocast("cpu", dtype=lib.float16):
        out = checkpoint(f, a, use_reentrant=False)
    out.sum().backward()
    assert seen == [lib.float16, lib.float16]
    assert a.grad.tolist() == [[4, 4], [4, 4]]


@BOTH
def test_functions_of_ones_own(lib):
    seen = []

    class Product(lib.autograd.Function):
        @staticmethod
        @lib.amp.custom_fwd(device_type="cpu", cast_inputs=lib.float32)
        def forward(ctx, a, b):
            ctx.save_for_backward(a, b)
            seen.append((a.dtype, (a @ b).dtype))
            return a @ b

        @staticmethod
        @lib.amp.custom_bwd(device_type="cpu")
        def backward(ctx, g):
            a, b = ctx.saved_tensors
            seen.append((g @ b).dtype)
            return g @ b.t(), a.t() @ g

    a = lib.ones(2, 2, requires_grad=True)
    with lib.autocast("cpu", dtype=lib.float16):
        Product.apply(a.half(), a).sum().backward()
    assert seen == [(lib.float32, lib.float32), lib.float32]


def test_old_names():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert isinstance(tinytorch.cuda.amp.autocast(enabled=False), tinytorch.autocast)
        assert not tinytorch.cuda.amp.GradScaler(enabled=False).is_enabled()
