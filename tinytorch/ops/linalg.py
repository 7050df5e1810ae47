"""Linear algebra: factorizations, and the equations they solve."""

from __future__ import annotations

import math

import numpy as np

from ..backend import module_of
from ..op import as_array, op, spelled
from .arithmetic import add, sub
from .comparison import where
from .complex import conj
from .matmul import matmul
from .rearranging import diag_embed, tril, triu
from .results import result_tuple
from .shape import diagonal, squeeze, transpose_op, unsqueeze


def solver(x):
    return module_of(x).linalg


# ---------------------------------------------------------------- base ops


@op
def inv_op(x):
    """The inverse."""
    return solver(x).inv(x)


@op
def det_op(x):
    """The determinant; its rule inverts x."""
    return solver(x).det(x)


@op
def slogdet_op(x):
    """The sign of det(x), and log |det(x)|."""
    return tuple(as_array(part) for part in solver(x).slogdet(x))


@op
def solve_op(x, y):
    """x^-1 @ y for stacks of matrices."""
    return solver(x).solve(x, y)


@op
def cholesky_op(x):
    """The lower triangular L with L @ L.mT = x."""
    return solver(x).cholesky(x)


@op
def eigh_op(x, *, UPLO="L"):
    """Eigenvalues, ascending, and eigenvectors (columns) of a symmetric matrix of which one triangle is read."""
    return tuple(solver(x).eigh(x, UPLO))


@op
def eig_op(x):
    """Eigenvalues and eigenvectors (columns) of any square matrix, complex ones."""
    values, vectors = solver(x).eig(x)
    kind = np.result_type(x.dtype, np.complex64)
    return values.astype(kind), vectors.astype(kind)


@op
def qr_op(x):
    """x = Q @ R, reduced."""
    return tuple(solver(x).qr(x))


@op
def svd_op(x):
    """x = U @ diag(S) @ Vh, reduced."""
    return tuple(solver(x).svd(x, full_matrices=False))


class LinAlgError(RuntimeError):
    """A matrix that has no such thing: singular, not positive definite."""


def square_matrix(name: str, x) -> None:
    if x.array.ndim < 2 or x.array.shape[-1] != x.array.shape[-2]:
        raise RuntimeError(
            f"linalg.{name}: A must be batches of square matrices, but its shape is {list(x.array.shape)}"
        )
    any_matrix(name, x)


def any_matrix(name: str, x) -> None:
    if x.array.ndim < 2:
        raise RuntimeError(
            f"linalg.{name}: The input tensor A must have at least 2 dimensions, but its shape is {list(x.array.shape)}"
        )
    if x.array.dtype.kind not in "fc" or x.array.dtype == np.float16:
        raise RuntimeError(
            f"linalg.{name}: Expected a tensor of float32, float64 or a complex dtype, got {x.dtype!r}"
        )


def guarded(name: str, op_, *operands):
    """The op, with NumPy's complaint about a matrix in PyTorch's class."""
    try:
        return op_(*operands)
    except np.linalg.LinAlgError as error:
        raise LinAlgError(
            f"linalg.{name}: {str(error).lower()} (the input has shape {list(operands[0].array.shape)})"
        ) from None


def mH(x):
    """The last two dims swapped, conjugated where complex."""
    return conj(transpose_op(x, dim0=-2, dim1=-1))


def identity_like(x):
    return x.wrap(
        np.broadcast_to(module_of(x.array).eye(x.array.shape[-1], dtype=x.array.dtype), x.array.shape).copy()
    )


# ---------------------------------------------------------------- determinants and equations


@spelled
def inv(input):
    """The inverse of each matrix."""
    square_matrix("inv", input)
    return guarded("inv", inv_op, input)


@spelled
def det(input):
    """The determinant of each matrix."""
    square_matrix("det", input)
    return det_op(input)


@spelled
def slogdet(input):
    """The sign and the logarithm of |det|."""
    square_matrix("slogdet", input)
    sign, size = slogdet_op(input)
    return result_tuple("slogdet", sign=sign, logabsdet=size)


def logdet(input):
    """log(det(x)), NaN where the determinant is negative."""
    sign, size = slogdet(input)
    return where(sign > 0, size, where(sign == 0, -math.inf, math.nan))


@spelled
def solve(A, B, *, left=True):
    """X with A @ X = B (X @ A = B with left=False); B may be a vector."""
    square_matrix("solve", A)
    vector = B.array.ndim == 1 or (B.array.ndim == A.array.ndim - 1 and B.array.shape == A.array.shape[:-1])
    if not left:
        return transpose_op(
            solve(transpose_op(A, dim0=-2, dim1=-1), transpose_op(B, dim0=-2, dim1=-1)), dim0=-2, dim1=-1
        )
    if B.array.shape[-1 if vector else -2] != A.array.shape[-1]:
        raise RuntimeError(f"linalg.solve: incompatible shapes A {list(A.shape)} and B {list(B.shape)}")
    out = guarded("solve", solve_op, A, unsqueeze(B, -1) if vector else B)
    return squeeze(out, -1) if vector else out


@spelled
def solve_triangular(A, B, *, upper, left=True, unitriangular=False):
    """X with A @ X = B for a triangular A, whose other half is not read."""
    A = triu(A) if upper else tril(A)
    if unitriangular:
        A = add(sub(A, diag_embed(diagonal(A, offset=0, dim1=-2, dim2=-1))), identity_like(A))
    return solve(A, B, left=left)


@spelled
def triangular_solve(b, A, upper=True, transpose=False, unitriangular=False):
    """PyTorch's older `solve_triangular`: (solution, A)."""
    half = triu(A) if upper else tril(A)
    if transpose:
        half, upper = transpose_op(half, dim0=-2, dim1=-1), not upper
    solution = solve_triangular(half, b, upper=upper, unitriangular=unitriangular)
    return result_tuple("triangular_solve", solution=solution, cloned_coefficient=A.clone())


def lstsq(A, B, rcond=None, *, driver=None):
    """The X with the least |A @ X - B| (of those, the shortest one): solution, residuals, rank, singular values."""
    any_matrix("lstsq", A)
    vector = B.array.ndim == A.array.ndim - 1
    rows, columns = A.array.shape[-2:]
    rank = solver(A.array).matrix_rank(A.array)
    B = unsqueeze(B, -1) if vector else B
    if np.all(rank == columns):
        q, r = qr_op(A)
        solution = solve(r, matmul(mH(q), B))
    else:
        from .matrix import pinv

        solution = matmul(pinv(A), B)
    residuals = (
        sub(matmul(A, solution), B).square().sum(-2)
        if driver not in (None, "gelsy") and rows > columns and np.all(rank == columns)
        else None
    )
    blank = lambda dtype: A.wrap(module_of(A.array).zeros(0, dtype))
    return result_tuple(
        "linalg_lstsq",
        solution=squeeze(solution, -1) if vector else solution,
        residuals=blank(A.array.dtype) if residuals is None else residuals,
        rank=blank(np.int64) if driver == "gels" else A.wrap(as_array(rank)),
        singular_values=svdvals(A).detach() if driver in ("gelsd", "gelss") else blank(A.array.dtype),
    )


# ---------------------------------------------------------------- factorizations


@spelled
def cholesky(input, upper=False):
    """The lower triangular L with L @ L.mT = x (its transpose with upper=True)."""
    square_matrix("cholesky", input)
    L = guarded("cholesky", cholesky_op, input)
    return mH(L) if upper else L


@spelled
def cholesky_solve(input, input2, upper=False):
    """The solution X of A @ X = input from A's Cholesky factor, input2."""
    L = mH(input2) if upper else input2
    return solve(mH(L), solve(L, input))


@spelled
def cholesky_inverse(input, upper=False):
    """The inverse of A from its Cholesky factor."""
    return cholesky_solve(identity_like(input), input, upper)


@spelled
def eigh(input, UPLO="L"):
    """Eigenvalues (ascending) and eigenvectors of symmetric matrices."""
    square_matrix("eigh", input)
    values, vectors = guarded("eigh", lambda A: eigh_op(A, UPLO=UPLO), input)
    return result_tuple("linalg_eigh", eigenvalues=values, eigenvectors=vectors)


@spelled
def eigvalsh(input, UPLO="L"):
    """Eigenvalues of symmetric matrices, ascending."""
    return eigh(input, UPLO)[0]


@spelled
def eig(input):
    """Complex eigenvalues and eigenvectors of square matrices."""
    square_matrix("eig", input)
    values, vectors = guarded("eig", eig_op, input)
    return result_tuple("linalg_eig", eigenvalues=values, eigenvectors=vectors)


@spelled
def eigvals(input):
    """Complex eigenvalues of square matrices."""
    return eig(input)[0]


@spelled
def linalg_qr(A, mode="reduced"):
    """A = Q @ R with orthonormal Q and upper triangular R; mode "complete" has a square Q, mode "r" none."""
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'"
        )
    any_matrix("qr", A)
    if mode == "reduced":
        q, r = qr_op(A)
    elif mode == "complete":
        q, r = map(A.wrap, solver(A.array).qr(A.array, mode="complete"))
    else:
        q, r = A.wrap(np.zeros(0, A.array.dtype)), A.wrap(solver(A.array).qr(A.array, mode="r"))
    return result_tuple("linalg_qr", Q=q, R=r)


@spelled
def qr(input, some=True):
    """PyTorch's older name: some=False has a square Q."""
    q, r = linalg_qr(input, "reduced" if some else "complete")
    return result_tuple("qr", Q=q, R=r)


@spelled
def linalg_svd(A, full_matrices=True, *, driver=None):
    """A = U @ diag(S) @ Vh."""
    any_matrix("svd", A)
    if full_matrices and A.array.shape[-1] != A.array.shape[-2]:
        u, _, vh = solver(A.array).svd(A.array, full_matrices=True)
        return result_tuple("linalg_svd", U=A.wrap(u), S=svdvals(A), Vh=A.wrap(vh))
    u, s, vh = guarded("svd", svd_op, A)
    return result_tuple("linalg_svd", U=u, S=s, Vh=vh)


@spelled
def svd(input, some=True, compute_uv=True):
    """PyTorch's older name: (U, S, V), V and not its transpose."""
    u, s, vh = linalg_svd(input, full_matrices=not some)
    return result_tuple("svd", U=u if compute_uv else u * 0, S=s, V=mH(vh) if compute_uv else mH(vh) * 0)


@spelled
def svdvals(A, *, driver=None):
    """The singular values, descending."""
    any_matrix("svdvals", A)
    return guarded("svdvals", svd_op, A)[1]
