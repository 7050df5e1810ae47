"""LDL factorizations of symmetric (or Hermitian) matrices that need not be positive definite: A = L @ D @ L.T with blocks in D.

As in PyTorch they have no gradients.
"""

from __future__ import annotations

import numpy as np

from ..backend import module_of
from ..op import spelled
from ..ops.linalg import LinAlgError, square_matrix
from ..ops.results import result_tuple


@spelled
def ldl_factor(A, *, hermitian=False):
    """(LD, pivots): L and the blocks of D in one matrix, and LAPACK's numbers of the rows that were exchanged."""
    packed, pivots, _ = ldl_factor_ex(A, hermitian=hermitian, check_errors=True)
    return result_tuple("linalg_ldl_factor", LD=packed, pivots=pivots)


@spelled
def ldl_factor_ex(A, *, hermitian=False, check_errors=False):
    """(LD, pivots, info): info is 0, or the number of a block of D that is zero."""
    square_matrix("ldl_factor_ex", A)
    array, (factor,) = lapack(A, "trf", hermitian)
    packed, pivots = array.copy(), np.zeros(array.shape[:-1], np.int32)
    info = np.zeros(array.shape[:-2], np.int32)
    for place in np.ndindex(*info.shape if array.shape[-1] else (0,)):
        factors, pivots[place], info[place] = factor(array[place], lower=True)
        packed[place] = np.tril(factors)
    if check_errors and info.any():
        raise LinAlgError(f"linalg.ldl_factor_ex: the block {int(info.max())} of D is exactly zero")
    there = lambda part: A.wrap(module_of(A.array).asarray(part))
    return result_tuple("linalg_ldl_factor_ex", LD=there(packed), pivots=there(pivots), info=there(info))


@spelled
def ldl_solve(LD, pivots, B, *, hermitian=False):
    """X with A @ X = B, from `ldl_factor(A)`."""
    square_matrix("ldl_solve", LD)
    array, (solve,) = lapack(LD, "trs", hermitian)
    batch = np.broadcast_shapes(array.shape[:-2], B.shape[:-2])
    right = np.broadcast_to(B.array, (*batch, *B.shape[-2:])).copy()
    array = np.broadcast_to(array, (*batch, *array.shape[-2:]))
    rows = np.broadcast_to(pivots.array, (*batch, pivots.shape[-1]))
    for place in np.ndindex(*batch if right.size else (0,)):
        right[place] = solve(array[place], rows[place], right[place], lower=True)[0]
    return B.wrap(right)


def lapack(A, what: str, hermitian: bool):
    """A's array on the host and LAPACK's function for its dtype."""
    from scipy.linalg import get_lapack_funcs

    array = A.array.get() if hasattr(A.array, "get") else A.array
    family = "he" if hermitian and array.dtype.kind == "c" else "sy"
    return array, get_lapack_funcs((family + what,), (array,))
