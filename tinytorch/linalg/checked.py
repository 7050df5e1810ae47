"""Factorizations that report failure as a number for each matrix, where their namesakes in ops raise an error for all."""

from __future__ import annotations

import numpy as np

from .. import ops
from ..backend import module_of
from ..op import spelled
from ..ops.linalg import LinAlgError, identity_like, square_matrix
from ..ops.results import result_tuple
from .lu_factors import first_zero, lu_op


@spelled
def inv_ex(A, *, check_errors=False):
    """(inverse, info): info is 0, or for a singular matrix the number of the first zero pivot; its inverse is infinite."""
    square_matrix("inv_ex", A)
    info = checked("inv_ex", first_zero(lu_op(A.detach())[0]), "singular", check_errors)
    return result_tuple("linalg_inv_ex", inverse=marked(ops.inv(safe(A, info)), info), info=info)


@spelled
def solve_ex(A, B, *, left=True, check_errors=False):
    """(X, info) with A @ X = B: info is 0, or for a singular matrix the number of the first zero pivot; its X is infinite."""
    square_matrix("solve_ex", A)
    info = checked("solve_ex", first_zero(lu_op(A.detach())[0]), "singular", check_errors)
    result = ops.solve(safe(A, info), B, left=left)
    vector = result.ndim < A.ndim and result.ndim == info.ndim + 1
    return result_tuple("linalg_solve_ex", result=marked(result, info, dims=1 if vector else 2), info=info)


@spelled
def cholesky_ex(A, *, upper=False, check_errors=False):
    """(L, info): info is 0, or the order of the first leading minor that is not positive definite; that L is infinite."""
    square_matrix("cholesky_ex", A)
    info = checked("cholesky_ex", failing_minor(A, upper), "not positive definite", check_errors)
    return result_tuple("linalg_cholesky_ex", L=marked(ops.cholesky(safe(A, info), upper), info), info=info)


def failing_minor(A, upper: bool):
    """For each matrix the size of its smallest leading block that has no Cholesky factor, or 0."""
    array = A.array if not upper else np.swapaxes(A.array, -1, -2).conj()
    info = np.zeros(array.shape[:-2], np.int32)
    try:
        np.linalg.cholesky(array) if module_of(array) is np else one_by_one(array, info)
    except np.linalg.LinAlgError:
        one_by_one(array, info)
    return A.wrap(module_of(array).asarray(info))


def one_by_one(array, info) -> None:
    """Write into `info` what LAPACK says about each matrix."""
    from scipy.linalg import get_lapack_funcs

    host = array.get() if hasattr(array, "get") else array
    (potrf,) = get_lapack_funcs(("potrf",), (host,))
    for place in np.ndindex(*info.shape if host.shape[-1] else (0,)):
        info[place] = potrf(host[place], lower=True)[1]


def checked(name: str, info, what: str, check_errors: bool):
    if check_errors and info.array.any():
        batch = f" of batch element {int(info.array.ravel().nonzero()[0][0])}" if info.ndim else ""
        raise LinAlgError(f"linalg.{name}: the matrix{batch} is {what} (info {int(info.array.max())})")
    return info


def safe(A, info):
    """A with the identity in the place of the matrices that have failed."""
    if not info.array.any():
        return A
    return ops.where((info == 0)[..., None, None], A, identity_like(A))


def marked(result, info, dims: int = 2):
    """Infinity in the place of the results that are none."""
    if not info.array.any():
        return result
    return ops.where((info == 0)[(..., *[None] * dims)], result, float("inf"))
