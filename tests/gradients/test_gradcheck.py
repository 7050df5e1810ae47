"""gradcheck and gradgradcheck: what passes, what does not, and what they say; the same verdicts as PyTorch's."""

from __future__ import annotations

import warnings

import pytest

import tinytorch

torch = pytest.importorskip("torch")
BOTH = pytest.mark.parametrize("lib", [torch, tinytorch], ids=["torch", "tinytorch"])


def doubles(lib, *values):
    return lib.tensor(values, dtype=lib.float64, requires_grad=True)


def crooked(lib, scale=2.0, second=True):
    """x * x with a backward pass that is off by scale / 2; its own derivative is off unless `second`."""

    class Square(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * scale * (x if second else x.detach())

    return Square.apply


@BOTH
def test_right_gradients_pass(lib):
    assert lib.autograd.gradcheck(
        lambda a, b: (a * b.sin(), b.exp()), (doubles(lib, 1.0, 2.0), doubles(lib, 0.5, 0.1))
    )
    assert lib.autograd.gradgradcheck(lambda a: (a**3).sum(), doubles(lib, 1.0, 2.0))


@BOTH
def test_wrong_gradients_fail(lib):
    with pytest.raises(
        RuntimeError, match=r"Jacobian mismatch for output 0 with respect to input 0,\nnumerical:tensor"
    ):
        lib.autograd.gradcheck(crooked(lib, scale=2.1), doubles(lib, 1.0, 2.0))
    assert not lib.autograd.gradcheck(crooked(lib, scale=2.1), doubles(lib, 1.0), raise_exception=False)
    assert lib.autograd.gradcheck(crooked(lib, scale=2.1), doubles(lib, 1.0), rtol=0.2)


@BOTH
def test_wrong_second_gradients_fail_gradgradcheck_alone(lib):
    half_right = crooked(lib, second=False)
    assert lib.autograd.gradcheck(half_right, doubles(lib, 1.0, 2.0))
    assert not lib.autograd.gradgradcheck(half_right, doubles(lib, 1.0, 2.0), raise_exception=False)


@BOTH
def test_complex_inputs_and_outputs(lib):
    z = lib.tensor([1 + 2j, 0.5 - 1j], dtype=lib.complex128, requires_grad=True)
    assert lib.autograd.gradcheck(lambda z: z * z.conj() + z, z)
    assert lib.autograd.gradcheck(lambda z: z.abs(), z)
    assert lib.autograd.gradgradcheck(lambda z: z * z, z)


@BOTH
def test_strided_seeds(lib):
    assert lib.autograd.gradgradcheck(
        lambda a: a.exp(), doubles(lib, 1.0, 2.0), gen_non_contig_grad_outputs=True
    )


@BOTH
def test_inputs_it_refuses(lib):
    with pytest.raises(ValueError, match="expects at least one input tensor to require gradient"):
        lib.autograd.gradcheck(lambda a: a, lib.ones(2, dtype=lib.float64))
    stretched = lib.ones(1, dtype=lib.float64).expand(3).requires_grad_()
    with pytest.raises(RuntimeError, match="The 0th input has a dimension with stride 0"):
        lib.autograd.gradcheck(lambda a: a * 2, stretched)


@BOTH
def test_single_precision_warns(lib):
    with pytest.warns(UserWarning, match="Input #0 requires gradient and is not a double precision"):
        lib.autograd.gradcheck(lambda a: a * 2, lib.ones(2, requires_grad=True), eps=1e-2, atol=1e-2)


@BOTH
def test_outputs_cut_from_the_graph(lib):
    with pytest.raises(RuntimeError, match="Numerical gradient for function expected to be zero"):
        lib.autograd.gradcheck(lambda a: a.detach() * 2, doubles(lib, 1.0))
    assert lib.autograd.gradcheck(lambda a: (a.sign().detach(), a * 2), doubles(lib, 1.0))


@BOTH
def test_backward_that_changes_its_mind(lib):
    noise = iter(range(1, 100))

    class Noisy(lib.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            return a * 2

        @staticmethod
        def backward(ctx, g):
            return g * (2 + 1e-6 * next(noise))

    with pytest.raises(RuntimeError, match="Backward is not reentrant"):
        lib.autograd.gradcheck(Noisy.apply, doubles(lib, 1.0, 2.0))
    assert lib.autograd.gradcheck(Noisy.apply, doubles(lib, 1.0, 2.0), nondet_tol=1e-3)


def test_the_error_names_the_worst_element():
    with pytest.raises(
        tinytorch.autograd.GradcheckError,
        match="worst at element 1 of the output and 1 of the input: numerical 4, analytical 4.4",
    ):
        tinytorch.autograd.gradcheck(crooked(tinytorch, scale=2.2), doubles(tinytorch, 1.0, 2.0))


def test_inputs_are_left_as_they_were():
    a = doubles(tinytorch, 1.0, 2.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tinytorch.testing.gradcheck(lambda a: a.exp(), a)
    assert a.tolist() == [1.0, 2.0]
    assert a.grad is None
