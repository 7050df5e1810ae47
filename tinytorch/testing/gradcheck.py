"""Are the gradients right? Compare them with what a small step to either side says."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from .. import random
from ..autograd.grad import grad
from ..tensor import Tensor


class GradcheckError(RuntimeError):
    """The analytical and the numerical gradient disagree."""


def gradcheck(
    func: Callable, inputs, *, eps: float = 1e-6, atol: float = 1e-5, rtol: float = 1e-3, raise_exception: bool = True,
    nondet_tol: float = 0.0, check_undefined_grad: bool = True, check_grad_dtypes: bool = False,
    check_batched_grad: bool = False, check_batched_forward_grad: bool = False, check_forward_ad: bool = False,
    check_backward_ad: bool = True, fast_mode: bool = False, masked: bool | None = None,
) -> bool:  # fmt: skip
    """Compare the gradients of func's outputs with central differences of step eps, element by element.

    Inputs that require a gradient should be float64 or complex128. Every element is checked, also in `fast_mode`.
    Passes where |analytical - numerical| <= atol + rtol * |numerical|.
    """
    if check_forward_ad or check_batched_grad or check_batched_forward_grad or not check_backward_ad:
        raise NotImplementedError(
            "gradcheck: tinytorch differentiates backwards, one gradient at a time; there is nothing else to check"
        )
    inputs = as_tuple(inputs)
    check_inputs(inputs)
    try:
        results = as_tuple(func(*inputs))
        numerical = numerical_jacobians(func, inputs, results, eps)
        for i, out in enumerate(results):
            if out.requires_grad:
                analytical = checked_jacobian(out, inputs, nondet_tol, check_grad_dtypes)
                compare(i, analytical, numerical[i], atol, rtol)
            elif any(np.any(jacobian) for jacobian in numerical[i].values()):
                raise GradcheckError("Numerical gradient for function expected to be zero")
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable, inputs, grad_outputs=None, *, eps: float = 1e-6, atol: float = 1e-5, rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False, raise_exception: bool = True, nondet_tol: float = 0.0,
    check_undefined_grad: bool = True, check_grad_dtypes: bool = False, check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False, check_rev_over_rev: bool = True, fast_mode: bool = False, masked: bool = False,
) -> bool:  # fmt: skip
    """`gradcheck` of the gradients themselves, as functions of the inputs and of the outputs' gradients.

    Without `grad_outputs`, random ones in [-1, 1) are taken.
    """
    inputs = as_tuple(inputs)
    if grad_outputs is None:
        wanted = [out for out in as_tuple(func(*inputs)) if out.requires_grad]
        grad_outputs = tuple(random_like(out, gen_non_contig_grad_outputs) for out in wanted)
    grad_outputs = as_tuple(grad_outputs)

    def gradients(*args):
        xs, seeds = args[: len(inputs)], args[len(inputs) :]
        outputs = [out for out in as_tuple(func(*xs)) if out.requires_grad]
        found = grad(outputs, tracked(xs), seeds, create_graph=True, allow_unused=True)
        return tuple(g for g in found if g is not None)

    return gradcheck(
        gradients, inputs + grad_outputs, eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception,
        nondet_tol=nondet_tol, check_grad_dtypes=check_grad_dtypes, check_batched_grad=check_batched_grad,
        check_forward_ad=check_fwd_over_rev, check_backward_ad=check_rev_over_rev,
    )  # fmt: skip


# ---------------------------------------------------------------- what goes in


def as_tuple(value) -> tuple:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def is_tracked(x) -> bool:
    return isinstance(x, Tensor) and x.requires_grad


def tracked(inputs) -> list[Tensor]:
    return [x for x in inputs if is_tracked(x)]


def check_inputs(inputs) -> None:
    if not tracked(inputs):
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )
    for i, x in enumerate(inputs):
        if not is_tracked(x):
            continue
        if x.dtype.name not in ("float64", "complex128"):
            warnings.warn(
                f"Input #{i} requires gradient and is not a double precision floating point or complex. This check will likely"
                " fail if all the inputs are not of double precision floating point or complex. ",
                stacklevel=3,
            )
        if any(step == 0 and size > 1 for step, size in zip(x.stride(), x.shape)):
            raise RuntimeError(
                f"The {i}th input has a dimension with stride 0. gradcheck only supports inputs that are non-overlapping to be able"
                " to compute the numerical gradients correctly. You should call .contiguous on the input before passing it to gradcheck."
            )


def random_like(out: Tensor, strided: bool) -> Tensor:
    """A random gradient for an output, on request with gaps in memory."""
    shape = (*out.shape, 2) if strided else out.shape
    draw = lambda: random.uniform(shape, np.dtype(np.float64), None, -1.0, 1.0)
    values = np.asarray(draw() + 1j * draw() if out.is_complex() else draw(), out.array.dtype)
    return out.wrap(values[..., 0] if strided else values).requires_grad_()


# ---------------------------------------------------------------- the two Jacobians
# A complex number counts as two real ones, on both sides: a Jacobian has a row per real number of an output and a column
# per real number of an input.


def as_real(array) -> np.ndarray:
    """All numbers of an array as one real vector."""
    flat = np.ascontiguousarray(array).reshape(-1)
    return flat.view(flat.real.dtype) if flat.dtype.kind == "c" else flat


def numerical_jacobians(func, inputs, results, eps: float) -> list[dict[int, np.ndarray]]:
    """For each output and each input that requires a gradient: how each number of one changes with each of the other."""
    columns: list[dict[int, list]] = [{i: [] for i, x in enumerate(inputs) if is_tracked(x)} for _ in results]
    for i, x in enumerate(inputs):
        if not is_tracked(x):
            continue
        for place in np.ndindex(x.array.shape):
            for step in (eps, 1j * eps) if x.is_complex() else (eps,):
                for slopes, column in zip(columns, slope(func, inputs, x.array, place, step)):
                    slopes[i].append(column)
    return [
        {i: np.stack(c, axis=1) if c else np.zeros((as_real(out.array).size, 0)) for i, c in slopes.items()}
        for slopes, out in zip(columns, results)
    ]


def slope(func, inputs, array, place, step) -> list[np.ndarray]:
    """The central difference of all outputs when one element of an input moves by step."""
    value = array[place]
    try:
        array[place] = value + step
        above = [as_real(out.array).copy() for out in as_tuple(func(*inputs))]
        array[place] = value - step
        below = [as_real(out.array).copy() for out in as_tuple(func(*inputs))]
    finally:
        array[place] = value
    return [(a - b).astype(np.float64) / (2 * abs(step)) for a, b in zip(above, below)]


def analytical_jacobian(out: Tensor, inputs) -> dict[int, list]:
    """The same from backward passes, one per real number of the output, as rows of gradients."""
    numbered = [(i, x) for i, x in enumerate(inputs) if is_tracked(x)]
    rows: dict[int, list] = {i: [] for i, _ in numbered}
    for place in np.ndindex(out.array.shape):
        for unit in (1, 1j) if out.is_complex() else (1,):
            seed = np.zeros(out.array.shape, out.array.dtype)
            seed[place] = unit
            found = grad(out, [x for _, x in numbered], out.wrap(seed), retain_graph=True, allow_unused=True)
            for (i, x), g in zip(numbered, found):
                rows[i].append(np.zeros_like(x.array) if g is None else g.array)
    return rows


def checked_jacobian(
    out: Tensor, inputs, nondet_tol: float, check_grad_dtypes: bool
) -> dict[int, np.ndarray]:
    """The analytical Jacobian, after a look at its shapes and dtypes and whether a second walk gives the same."""
    rows, again = analytical_jacobian(out, inputs), analytical_jacobian(out, inputs)
    jacobians = {}
    for i, found in rows.items():
        x = inputs[i].array
        if any(g.shape != x.shape for g in found):
            raise GradcheckError("Analytical gradient has incorrect size")
        if check_grad_dtypes and any(g.dtype != x.dtype for g in found):
            raise GradcheckError("Gradient has dtype mismatch")
        first, second = (stacked(r[i], x) for r in (rows, again))
        if first.size and np.nanmax(np.abs(first - second), initial=0) > nondet_tol:
            raise GradcheckError(
                "Backward is not reentrant, i.e., running backward with same input and grad_output multiple times gives different"
                f" values, although analytical gradient matches numerical gradient. The tolerance for nondeterminism was {nondet_tol}."
            )
        jacobians[i] = first
    return jacobians


def stacked(rows: list, x) -> np.ndarray:
    return np.stack([as_real(g) for g in rows]) if rows else np.zeros((0, as_real(x).size))


def compare(i: int, analytical: dict, numerical: dict, atol: float, rtol: float) -> None:
    """An error that names output and input, the worst pair of elements and both Jacobians."""
    for j, a in analytical.items():
        n = numerical[j]
        wrong = ~np.isclose(a, n, rtol=rtol, atol=atol)
        if not wrong.any():
            continue
        difference = np.where(wrong, np.nan_to_num(np.abs(a - n), nan=np.inf), -1)
        row, column = np.unravel_index(np.argmax(difference), a.shape)
        raise GradcheckError(
            f"Jacobian mismatch for output {i} with respect to input {j},\n"
            f"numerical:{Tensor.wrap(n.T)}\nanalytical:{Tensor.wrap(a.T)}\n"
            f"worst at element {row} of the output and {column} of the input: numerical {n[row, column]:.6g},"
            f" analytical {a[row, column]:.6g}"
        )
