"""Linear algebra under PyTorch's name: `tinytorch.linalg.solve`."""

from ..ops import (
    LinAlgError, cholesky, cond, eig, eigh, eigvals, eigvalsh, lstsq, matmul, matrix_exp, matrix_norm, matrix_power, matrix_rank,
    pinv, solve, solve_triangular, svdvals, vector_norm,
)  # 01
from ..ops import linalg_cross as cross, linalg_norm as norm, linalg_qr as qr, linalg_svd as svd  # 01
from .products import det, diagonal, inv, multi_dot, slogdet, tensorinv, tensorsolve, vander, vecdot  # 01
from .checked import cholesky_ex, inv_ex, solve_ex  # 02
from .ldl import ldl_factor, ldl_factor_ex, ldl_solve  # 02
from .lu_factors import lu, lu_factor, lu_factor_ex, lu_solve  # 02
from .reflections import householder_product  # 02

from .. import later as _later

__getattr__ = _later.missing_from(__name__)
