"""What linear algebra says about a matrix: powers, norms, rank, pseudo-inverse; distances and covariances."""

from __future__ import annotations

import math

import numpy as np

from .. import dtypes
from ..op import asked, spelled
from .arithmetic import abs, add, clamp_min, mul, sub
from .comparison import where
from .elementwise import sqrt, square
from .linalg import any_matrix, eigh, identity_like, inv, linalg_svd, mH, square_matrix, svdvals
from .matmul import matmul
from .norms import vector_norm
from .reduction import amax, amin, mean, sum
from .shape import diagonal, normal_dim, permute_op, reshape_op, squeeze, transpose_op, unsqueeze

# ---------------------------------------------------------------- powers and inverses


@spelled
def matrix_power(input, n):
    """x @ x @ ... n times; a negative n inverts first."""
    square_matrix("matrix_power", input)
    if n < 0:
        return matrix_power(inv(input), -n)
    if n == 0:
        return add(mul(input, 0), identity_like(input))  # a constant, but part of the graph, as PyTorch's
    result = None
    while n:
        if n & 1:
            result = input if result is None else matmul(result, input)
        input, n = (matmul(input, input) if n > 1 else input), n >> 1
    return result


def matrix_exp(A):
    """exp of a matrix by scaling, a Taylor series and squaring."""
    square_matrix("matrix_exp", A)
    largest = float(np.abs(A.array).sum(-1).max()) if A.array.size else 0.0
    steps = max(0, math.ceil(math.log2(max(largest, 1e-9))) + 1)
    small = A / 2**steps
    total, term = add(identity_like(A), small), small
    for k in range(2, 19):
        term = matmul(term, small) / k
        total = add(total, term)
    for _ in range(steps):
        total = matmul(total, total)
    return total


def cutoff(s, shape, atol, rtol):
    """Below which singular values count as zero."""
    if rtol is None:
        rtol = max(shape[-2:]) * float(np.finfo(s.array.dtype).eps) if atol is None else 0.0
    largest = amax(s, dim=-1, keepdim=True).detach() if s.array.shape[-1] else s
    bound = mul(largest, rtol)
    return bound if atol is None else clamp_min(bound, atol)


@spelled
def pinv(A, *, atol=None, rtol=None, hermitian=False, rcond=None):
    """The pseudo-inverse."""
    any_matrix("pinv", A)
    u, s, vh = linalg_svd(A, full_matrices=False)
    kept = s > cutoff(s, A.array.shape, atol, rtol if rcond is None else rcond)
    inverse = where(kept, 1 / where(kept, s, 1.0), 0.0)
    return matmul(mul(mH(vh), unsqueeze(inverse, -2)), mH(u))


def pinverse(input, rcond=1e-15):
    """PyTorch's older name for the pseudo-inverse."""
    return pinv(input, rtol=rcond)


@spelled
def matrix_rank(A, tol=None, *, atol=None, rtol=None, hermitian=False):
    """How many singular values are not zero to working accuracy."""
    any_matrix("matrix_rank", A)
    s = svdvals(A) if not hermitian else abs(eigh(A)[0])
    bound = cutoff(s, A.array.shape, tol if atol is None else atol, rtol)
    return sum(s > bound, dim=-1)


@spelled
def cond(A, p=None):
    """The condition number: the largest singular value over the smallest, or |A| |inv(A)| in another norm."""
    if p in (None, 2, -2):
        s = svdvals(A)
        ends = s[..., 0], s[..., -1]
        return ends[1] / ends[0] if p == -2 else ends[0] / ends[1]
    return mul(matrix_norm(A, p), matrix_norm(inv(A), p))


# ---------------------------------------------------------------- norms


def trace(input):
    """The sum of the diagonal."""
    if input.array.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input.array.ndim}")
    return sum(diagonal(input, offset=0, dim1=0, dim2=1))


@spelled
def matrix_norm(input, ord="fro", dim=(-2, -1), keepdim=False, *, dtype=None):
    """A norm of matrices: "fro", "nuc" (sum of singular values), 2 and -2 (the extreme ones), 1, -1, inf, -inf."""
    if dtype is not None:
        input = input.to(dtype)
    if input.ndim < 2:
        raise RuntimeError(
            f"linalg.matrix_norm: The input tensor A must have at least 2 dimensions, got shape {list(input.shape)}"
        )
    rows, columns = (normal_dim(d, input.ndim) for d in dim)
    if ord == "fro":
        return vector_norm(input, 2, (rows, columns), keepdim)
    if not input.array.shape[rows] * input.array.shape[columns] and ord in (1, 2, math.inf):
        return sum(abs(input), dim=(rows, columns), keepdim=keepdim)  # nothing is no longer than 0
    if ord in (1, -1, math.inf, -math.inf):
        summed, other = (rows, columns) if ord in (1, -1) else (columns, rows)
        totals = sum(abs(input), dim=summed, keepdim=True)
        out = (amax if ord > 0 else amin)(totals, dim=other, keepdim=True)
        return out if keepdim else squeeze(out, (rows, columns))
    if ord not in ("nuc", 2, -2):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    rest = [d for d in range(input.ndim) if d not in (rows, columns)]
    s = svdvals(permute_op(input, dims=(*rest, rows, columns)))
    out = {"nuc": sum, 2: amax, -2: amin}[ord](s, dim=-1)
    return (
        out
        if not keepdim
        else reshape_op(
            out, shape=tuple(1 if d in (rows, columns) else n for d, n in enumerate(input.array.shape))
        )
    )


@spelled
def linalg_norm(input, ord=None, dim=None, keepdim=False, *, dtype=None):
    """A vector norm over one dim (or everything), a matrix norm over two."""
    pair = isinstance(dim, (list, tuple)) and len(dim) == 2
    if ord is not None and dim is None and input.ndim > 2:
        raise RuntimeError(
            f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {input.ndim}D."
        )
    if ord is not None and (pair or (dim is None and input.ndim == 2)):
        return matrix_norm(input, ord, dim or (0, 1), keepdim, dtype=dtype)
    return vector_norm(input, 2 if ord is None else ord, dim, keepdim, dtype=dtype)


# ---------------------------------------------------------------- rows of numbers


def cdist(x1, x2, p=2.0, compute_mode="use_mm_for_euclid_dist_if_necessary"):
    """Distances of order p between all rows of x1 and all rows of x2."""
    for name, x in (("X1", x1), ("X2", x2)):
        if x.ndim < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, {name} got: {x.ndim}D")
    if x1.array.shape[-1] != x2.array.shape[-1]:
        raise RuntimeError(
            f"{asked()}: X1 and X2 must have the same number of columns. X1: {x1.array.shape[-1]} X2: {x2.array.shape[-1]}"
        )
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    many = x1.array.shape[-2] > 25 or x2.array.shape[-2] > 25  # PyTorch's threshold
    if (
        p == 2
        and compute_mode != "donot_use_mm_for_euclid_dist"
        and (many or compute_mode == "use_mm_for_euclid_dist")
    ):
        return euclidean_by_products(x1, x2)
    return vector_norm(sub(unsqueeze(x1, -2), unsqueeze(x2, -3)), p, -1)


def euclidean_by_products(x, y):
    """sqrt(x*x - 2 x@y + y*y): less exact, but without the differences of all pairs in memory."""
    squares = (
        unsqueeze(sum(square(x), dim=-1), -1)
        + unsqueeze(sum(square(y), dim=-1), -2)
        - 2 * matmul(x, transpose_op(y, dim0=-2, dim1=-1))
    )
    there = squares > 0  # the root's slope is infinite at 0, the distance's is 0
    return where(there, sqrt(where(there, squares, 1.0)), 0.0)


def cov(input, *, correction=1, fweights=None, aweights=None):
    """The covariances of the rows' variables (observations in columns)."""
    if input.ndim > 2:
        raise RuntimeError(
            f"cov(): expected input to have two or fewer dimensions but got an input with {input.ndim} dimensions"
        )
    x = input if input.ndim == 2 else reshape_op(input, shape=(1, input.array.size))
    x = x if x.array.dtype.kind in "fc" else x.to(dtypes.get_default_dtype())
    weight = fweights if aweights is None else aweights if fweights is None else mul(fweights, aweights)
    if weight is None:
        n = x.array.shape[1]
        centered = sub(x, mean(x, dim=1, keepdim=True))
        weighted = centered
    else:
        total = sum(weight)
        centered = sub(x, sum(mul(x, weight), dim=1, keepdim=True) / total)
        weighted = mul(centered, weight)
        n = total if aweights is None or not correction else None
        if n is None:
            return squeeze(
                matmul(weighted, mH(centered)) / (total - correction * sum(mul(weight, aweights)) / total)
            )
    out = matmul(weighted, mH(centered)) / (n - correction)
    return squeeze(out) if out.shape == (1, 1) else out


def corrcoef(input):
    """The correlations of the rows' variables."""
    c = cov(input)
    if c.ndim == 0:
        return c / c
    d = sqrt(diagonal(c, offset=0, dim1=0, dim2=1))
    return c / unsqueeze(d, 1) / unsqueeze(d, 0)
