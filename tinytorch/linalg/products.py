"""Products of vectors and matrices, and the equations between tensors that are equations between matrices."""

from __future__ import annotations

import math

from .. import ops
from ..op import spelled
from ..ops import chain_matmul, reshape, solve, stack
from ..ops.shape import normal_dim


def diagonal(A, *, offset=0, dim1=-2, dim2=-1):
    """The diagonals of matrices."""
    return ops.diagonal(A, offset=offset, dim1=dim1, dim2=dim2)


def det(A, *, out=None):
    """The determinant of each matrix."""
    return ops.det(A, out=out)


def inv(A, *, out=None):
    """The inverse of each matrix."""
    return ops.inv(A, out=out)


def slogdet(A, *, out=None):
    """The sign and the logarithm of |det| of each matrix."""
    return ops.slogdet(A, out=out)


def vecdot(x, y, *, dim=-1):
    """Inner products along dim."""
    return (x.conj() * y).sum(dim)


def multi_dot(tensors):
    """The product of several matrices."""
    return chain_matmul(*tensors)


def vander(x, N=None):
    """The powers 0 to N - 1 of each element, in a new last dim."""
    if N is not None and N <= 1:
        raise RuntimeError(f"N must be greater than 1, got {N}")
    x = ops.atleast_1d(x if x.dtype.is_floating_point or x.dtype.is_complex else x.long())
    powers = [ops.add(ops.mul(x, 0), 1)]
    while len(powers) < (x.shape[-1] if N is None else N):
        powers.append(powers[-1] * x)
    return stack(powers, -1)


@spelled
def tensorinv(input, ind=2):
    """The X that undoes `tensordot(input, ., dims)`: input's first `ind` dims are the rows, the others the columns."""
    if ind <= 0:
        raise RuntimeError(f"linalg.tensorinv: Expected a strictly positive integer for 'ind', got {ind}")
    rows, columns = input.shape[:ind], input.shape[ind:]
    if math.prod(rows) != math.prod(columns):
        raise RuntimeError(
            f"linalg.tensorinv: Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got"
            f" {math.prod(columns)} != {math.prod(rows)}"
        )
    return reshape(ops.inv(reshape(input, (math.prod(rows), math.prod(columns)))), (*columns, *rows))


@spelled
def tensorsolve(input, other, dims=None):
    """X with tensordot(input, X, X.ndim) = other; `dims` of input are first moved to its end."""
    A, B = input, other
    if dims is not None:
        moved = tuple(normal_dim(d, A.ndim) for d in dims)
        A = ops.movedim(A, moved, tuple(range(A.ndim - len(moved), A.ndim)))
    unknowns = A.shape[B.ndim :]
    if math.prod(unknowns) != B.numel():
        raise RuntimeError(
            f"linalg.tensorsolve: Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == prod(self.shape[:other.ndim]), but got"
            f" {math.prod(unknowns)} != {math.prod(A.shape[: B.ndim])}"
        )
    return reshape(solve(reshape(A, (B.numel(), math.prod(unknowns))), reshape(B, (-1,))), unknowns)
