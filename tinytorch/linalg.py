"""Linear algebra under PyTorch's name: `tinytorch.linalg.solve`."""

from .ops import (  # noqa: F401
    LinAlgError,
    cholesky,
    cond,
    det,
    eig,
    eigh,
    eigvals,
    eigvalsh,
    inv,
    lstsq,
    matmul,
    matrix_exp,
    matrix_norm,
    matrix_power,
    matrix_rank,
    pinv,
    slogdet,
    solve,
    solve_triangular,
    svdvals,
    vector_norm,
)
from .ops import diagonal as _diagonal
from .ops import linalg_cross as cross  # noqa: F401
from .ops import linalg_norm as norm  # noqa: F401
from .ops import linalg_qr as qr  # noqa: F401
from .ops import linalg_svd as svd  # noqa: F401


def diagonal(A, *, offset=0, dim1=-2, dim2=-1):
    """The diagonals of matrices."""
    return _diagonal(A, offset=offset, dim1=dim1, dim2=dim2)


def vecdot(x, y, *, dim=-1):
    """Inner products along dim."""
    return (x.conj() * y).sum(dim)


def multi_dot(tensors):
    """The product of several matrices."""
    from .ops import chain_matmul

    return chain_matmul(*tensors)
