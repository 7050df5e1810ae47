"""Products of Householder reflections, the form in which LAPACK keeps the Q of a QR factorization.

Column i of A holds, below its diagonal, the vector v (whose element i is 1) of the reflection I - tau[i] v v^H.
"""

from __future__ import annotations

import numpy as np

from .. import ops
from ..op import spelled
from ..ops.linalg import any_matrix, identity_like
from ..ops.results import result_tuple


@spelled
def householder_product(A, tau):
    """The first columns of the product of the reflections, as many as A has."""
    any_matrix("householder_product", A)
    (m, n), k = A.shape[-2:], tau.shape[-1]
    if m < n or n < k:
        raise RuntimeError(
            f"torch.linalg.householder_product: input of shape {list(A.shape)} must have at least as many rows as columns, and at least"
            f" as many columns as tau of shape {list(tau.shape)} has elements"
        )
    return reflected(A, tau, ops.getitem_op(square_identity(A), index=(..., slice(None), slice(None, n))))


@spelled
def ormqr(input, tau, other, left=True, transpose=False):
    """The product of all reflections (its adjoint with transpose=True) times `other`, from the left or the right."""
    any_matrix("ormqr", input)
    if not left:
        return ops.adjoint(ormqr(input, tau, ops.adjoint(other), transpose=not transpose))
    return reflected(input, tau, other, adjoint=transpose)


def reflected(A, tau, x, adjoint: bool = False):
    """H_1 H_2 ... H_k @ x, or with adjoint (H_1 ... H_k)^H @ x: the reflection next to x comes first."""
    k = tau.shape[-1]
    for i in range(k) if adjoint else reversed(range(k)):
        v, size = reflector(A, i), tau[..., i, None, None]
        x = x - (size.conj() if adjoint else size) * (v @ (ops.adjoint(v) @ x))
    return x


def reflector(A, i: int):
    """The i-th vector: zeros, a one, and what stands in A below its diagonal."""
    column = ops.getitem_op(A, index=(..., slice(i + 1, None), slice(i, i + 1)))
    head = np.zeros((*A.shape[:-2], i + 1, 1), A.array.dtype)
    head[..., i, 0] = 1
    return ops.concatenate(A.wrap(beside(A, head)), column, dim=-2)


def square_identity(A):
    shape = (*A.shape[:-2], A.shape[-2], A.shape[-2])
    return identity_like(A.wrap(beside(A, np.empty(shape, A.array.dtype))))


def beside(A, array):
    from ..backend import module_of

    return module_of(A.array).asarray(array)


@spelled
def geqrf(input):
    """(a, tau): R on and above a's diagonal, and the reflections that `householder_product` multiplies. As in PyTorch without gradient."""
    from scipy.linalg import get_lapack_funcs

    any_matrix("geqrf", input)
    array = input.array.get() if hasattr(input.array, "get") else input.array
    (factor,) = get_lapack_funcs(("geqrf",), (array,))
    packed = array.copy()
    tau = np.zeros((*array.shape[:-2], min(array.shape[-2:])), array.dtype)
    for place in np.ndindex(*array.shape[:-2] if tau.size else (0,)):
        packed[place], tau[place] = factor(array[place])[:2]
    return result_tuple("geqrf", a=input.wrap(beside(input, packed)), tau=input.wrap(beside(input, tau)))
