"""LU factorizations: P @ L @ U = A with a permutation P, a unit lower triangular L and an upper triangular U.

Packed, L (without its diagonal of ones) and U share one matrix; pivots say, counting from 1, with which row each was exchanged.
"""

from __future__ import annotations

import warnings

import numpy as np

from .. import ops
from ..backend import module_of
from ..op import op, spelled
from ..ops.linalg import LinAlgError, any_matrix, square_matrix
from ..ops.results import result_tuple
from ..slopes import mT


@op
def lu_op(x):
    """(packed LU, pivots)."""
    steps = min(x.shape[-2:])
    packed = x.copy()
    pivots = module_of(x).empty((*x.shape[:-2], steps), np.int32)
    for place in np.ndindex(*x.shape[:-2] if steps else (0,)):
        packed[place], pivots[place] = factor(x[place])
    return packed, pivots + 1


def factor(matrix):
    """LAPACK's packed factors and pivots of one matrix, also of a singular one."""
    if module_of(matrix) is np:
        from scipy.linalg import get_lapack_funcs

        (getrf,) = get_lapack_funcs(("getrf",), (matrix,))
        return getrf(matrix)[:2]
    from cupyx.scipy.linalg import lu_factor

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is singular is told by a zero on its diagonal
        return lu_factor(matrix)


def lu_slope(g, packed, pivots):
    # A square A first: from dA = P (dL U + L dU), with dL strictly lower and dU upper. A tall L has a lower part L2 = A2 U^-1, a wide U
    # a right part U2 = L^-1 A2; what they want of the square part is subtracted where it is read off.
    m, n = packed.shape[-2:]
    k = min(m, n)
    part = lambda t, rows, columns: ops.getitem_op(t, index=(..., rows, columns))
    head, tail = slice(None, k), slice(k, None)
    square, g_square = part(packed, head, head), part(g, head, head)
    L, U = unit_lower(square), ops.triu(square)
    lower = ops.matmul_op(mT(L), ops.tril(g_square, diagonal=-1))
    upper = ops.matmul_op(ops.triu(g_square), mT(U))
    below, right = part(packed, tail, head), part(packed, head, tail)
    g_below, g_right = part(g, tail, head), part(g, head, tail)
    if m > k:
        upper = upper - ops.matmul_op(mT(below), g_below)
    if n > k:
        lower = lower - ops.matmul_op(g_right, mT(right))
    middle = ops.tril(lower, diagonal=-1) + ops.triu(upper)
    out = over(U, ops.solve_op(mT(L), middle))
    if m > k:
        out = ops.concatenate(out, over(U, g_below), dim=-2)
    if n > k:
        out = ops.concatenate(out, ops.solve_op(mT(L), g_right), dim=-1)
    return ops.matmul_op(permutation_matrix(pivots, m, out), out)


def over(U, x):
    """x @ U^-T."""
    return mT(ops.solve_op(U, mT(x)))


def unit_lower(packed):
    """L of a packed factorization: m x min(m, n)."""
    k = min(packed.shape[-2:])
    lower = ops.tril(ops.getitem_op(packed, index=(..., slice(None), slice(None, k))), diagonal=-1)
    return lower + like(lower, np.eye(*lower.shape[-2:]))


def like(x, array):
    """A NumPy array as one of x's kind: its dtype, its device, a tensor if x is one."""
    own = getattr(x, "array", x)
    there = module_of(own).asarray(array.astype(own.dtype))
    return x.wrap(there) if own is not x else there


def order_of(pivots, m: int):
    """Where each row of P.T @ A comes from in A, for pivots that count from 1."""
    own = np.asarray(pivots.get() if hasattr(pivots, "get") else pivots)
    order = np.broadcast_to(np.arange(m), (*own.shape[:-1], m)).copy()
    for place in np.ndindex(*own.shape[:-1]):
        row = order[place]
        for i, other in enumerate(own[place] - 1):
            row[i], row[other] = row[other], row[i]
    return order


def permutation_matrix(pivots, m: int, x):
    """P, of x's kind."""
    order = order_of(getattr(pivots, "array", pivots), m)
    return like(x, np.swapaxes(np.eye(m)[order], -1, -2))


lu_op.vjps(x=lambda g, out: lu_slope(g[0], *out))


# ---------------------------------------------------------------- PyTorch's names


@spelled
def lu_factor(A, *, pivot=True):
    """(LU, pivots): both factors in one matrix."""
    packed, pivots = factored("lu_factor", A, pivot)
    return result_tuple("linalg_lu_factor", LU=packed, pivots=pivots)


@spelled
def lu_factor_ex(A, *, pivot=True, check_errors=False):
    """(LU, pivots, info): info is 0, or the number of the first zero on U's diagonal."""
    packed, pivots = factored("lu_factor_ex", A, pivot)
    info = first_zero(packed)
    if check_errors and info.array.any():
        raise LinAlgError(
            f"linalg.lu_factor_ex: U[{int(info.array.max())}, ...] is zero and using it on lu_solve would result in a"
            " division by zero"
        )
    return result_tuple("linalg_lu_factor_ex", LU=packed, pivots=pivots, info=info)


def factored(name: str, A, pivot: bool):
    any_matrix(name, A)
    if not pivot:
        raise RuntimeError(f"linalg.{name}: LU without pivoting is not implemented on the CPU")
    return lu_op(A)


def first_zero(packed):
    """0 for each matrix, or the number, from 1, of the first zero on the diagonal."""
    zero = np.diagonal(packed.array, axis1=-2, axis2=-1) == 0
    where_first = zero.argmax(-1) + 1 if zero.shape[-1] else zero.sum(-1)
    return packed.wrap(module_of(zero).asarray(np.where(zero.any(-1), where_first, 0)).astype(np.int32))


@spelled
def lu(A, *, pivot=True):
    """(P, L, U) with P @ L @ U = A."""
    packed, pivots = factored("lu", A, pivot)
    P, L, U = lu_unpack(packed, pivots)
    return result_tuple("linalg_lu", P=P, L=L, U=U)


@spelled
def lu_unpack(LU_data, LU_pivots, unpack_data=True, unpack_pivots=True):
    """(P, L, U) of what `lu_factor` returned; an empty tensor stands for what is not asked for."""
    m, k = LU_data.shape[-2], min(LU_data.shape[-2:])
    blank = like(LU_data.detach(), np.zeros(0))
    P, L, U = blank, blank, blank
    if unpack_data:
        L = unit_lower(LU_data)
        U = ops.triu(ops.getitem_op(LU_data, index=(..., slice(None, k), slice(None))))
    if unpack_pivots:
        P = permutation_matrix(LU_pivots, m, LU_data.detach())
    return result_tuple("lu_unpack", P=P, L=L, U=U)


@spelled
def lu_solve(LU, pivots, B, *, left=True, adjoint=False):
    """X with A @ X = B (X @ A = B with left=False; A.mH in A's place with adjoint=True), from `lu_factor(A)`."""
    square_matrix("lu_solve", LU)
    L, U = unit_lower(LU), ops.triu(LU)
    P = permutation_matrix(pivots, LU.shape[-1], LU.detach())
    if not left:  # X @ A = B is A.mH @ X.mH = B.mH
        return ops.adjoint(lu_solve(LU, pivots, ops.adjoint(B), adjoint=not adjoint))
    if adjoint:
        return ops.matmul(P, ops.solve(ops.adjoint(L), ops.solve(ops.adjoint(U), B)))
    return ops.solve(U, ops.solve(L, ops.matmul(mT(P), B)))
