"""PyTorch's older names, which are methods of Tensor too."""

from __future__ import annotations

from ..op import method, spelled
from ..ops.results import result_tuple
from . import lu_factors as factorization
from . import reflections


@method
def lu(A, pivot=True, get_infos=False, out=None):
    """(LU, pivots), and info where it is asked for."""
    packed, pivots, info = factorization.lu_factor_ex(A, pivot=pivot, check_errors=not get_infos)
    return result_tuple("lu", LU=packed, pivots=pivots, info=info) if get_infos else (packed, pivots)


@method
@spelled
def lu_solve(b, LU_data, LU_pivots):
    """`linalg.lu_solve` with the right side first."""
    return factorization.lu_solve(LU_data, LU_pivots, b)


@method
@spelled
def orgqr(input, input2):
    """`linalg.householder_product`."""
    return reflections.householder_product(input, input2)


@method
@spelled
def ormqr(input, input2, input3, left=True, transpose=False):
    """The reflections' product times a matrix."""
    return reflections.ormqr(input, input2, input3, left, transpose)


@method
@spelled
def geqrf(input):
    """(a, tau): a QR factorization as LAPACK keeps it."""
    return reflections.geqrf(input)
