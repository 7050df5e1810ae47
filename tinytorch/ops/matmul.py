"""Products of vectors, matrices and stacks of matrices."""

from __future__ import annotations

import functools
import math
from numbers import Number

import numpy as np

from .. import dtypes
from ..backend import kernel
from ..op import Value, asked, not_a_tensor, op, spelled
from .arithmetic import add, mul, sub
from .complex import conj
from .indexing import getitem_op
from .joining import cat
from .reduction import sum
from .shape import broadcast_shapes, normal_dim, permute_op, reshape_op, unsqueeze


@kernel
def product(x, y):
    """(..., n, k) @ (..., k, m) -> (..., n, m), of arrays."""
    return x.dot(y) if x.ndim == y.ndim == 2 else np.matmul(x, y)  # `dot` begins twice as fast


@op
def matmul_op(x, y):
    """(..., n, k) @ (..., k, m) -> (..., n, m)."""
    if x.dtype != y.dtype:
        raise RuntimeError(
            f"{asked() or 'matmul'}: expected both to have the same dtype, but got {dtypes.of(x)!r} and {dtypes.of(y)!r}; convert one with .to(...)"
        )
    if x.shape[-1] != y.shape[-2]:
        raise RuntimeError(
            f"{asked() or 'matmul'}: {x.shape} @ {y.shape}: inner sizes {x.shape[-1]} and {y.shape[-2]} differ"
        )
    if y.ndim == 2 and x.ndim > 2:  # one large product instead of a stack of small ones
        rows = x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
        return product(rows, y).reshape((*x.shape[:-1], y.shape[-1]))
    return product(x, y)


@spelled
def matmul(input, other):
    """The matrix product; vectors are rows on the left, columns on the right; leading dims broadcast."""
    if not isinstance(input, Value) or not isinstance(other, Value):
        raise TypeError(
            f"matmul: both operands must be tensors, got {type(input).__name__} and {type(other).__name__}"
        )
    n, m = input.array.ndim, other.array.ndim
    if n >= 2 and m >= 2:
        return matmul_op(input, other)
    if not n or not m:
        raise RuntimeError(f"matmul: both arguments need at least one dimension, but they are {n}D and {m}D")
    out = matmul_op(unsqueeze(input, 0) if n == 1 else input, unsqueeze(other, 1) if m == 1 else other)
    return reshape_op(
        out,
        shape=out.array.shape[: -2 if n == 1 else -1]
        if m == 1
        else (*out.array.shape[:-2], out.array.shape[-1]),
    )


def product_of(name: str, x, y, n: int, m: int):
    """matmul for operands of exactly n and m dims."""
    for operand, want, place in ((x, n, "first"), (y, m, "second")):
        if operand.array.ndim != want:
            raise RuntimeError(
                f"{name}: the {place} operand must be {want}D, got {operand.array.ndim}D with shape {list(operand.array.shape)}"
            )
    return matmul(x, y)


@spelled
def mm(input, mat2):
    """The product of two matrices."""
    return product_of("mm", input, mat2, 2, 2)


@spelled
def bmm(input, mat2):
    """The products of two stacks of matrices, pair by pair."""
    if input.array.ndim == mat2.array.ndim == 3 and input.array.shape[0] != mat2.array.shape[0]:
        raise RuntimeError(
            f"bmm: batch sizes {input.array.shape[0]} and {mat2.array.shape[0]} differ:"
            f" {list(input.array.shape)} @ {list(mat2.array.shape)}"
        )
    return product_of("bmm", input, mat2, 3, 3)


@spelled
def mv(input, vec):
    """A matrix times a vector."""
    return product_of("mv", input, vec, 2, 1)


@spelled
def dot(input, tensor):
    """The inner product of two vectors."""
    return product_of("dot", input, tensor, 1, 1)


@spelled
def vdot(input, other):
    """The inner product of two vectors, the first conjugated."""
    return product_of("vdot", conj(input), other, 1, 1)


@spelled
def inner(input, other):
    """Sums of products over the last dims."""
    if input.array.ndim == 0 or other.array.ndim == 0:
        return mul(input, other)
    return tensordot(input, other, ([-1], [-1]))


@spelled
def outer(input, vec2):
    """All products of two vectors' elements."""
    for name, vector in (("self", input), ("vec2", vec2)):
        if vector.array.ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument {name}, but got {vector.array.ndim}-D")
    return mul(unsqueeze(input, 1), unsqueeze(vec2, 0))


def weighted(x, product, beta, alpha):
    """beta * x + alpha * product; beta 0 ignores x, NaN and all."""
    product = product if alpha == 1 else mul(product, alpha)
    if beta == 0:
        return product
    if broadcast_shapes(x.array.shape, product.array.shape) != product.array.shape:
        raise RuntimeError(
            f"{asked()}: input {list(x.array.shape)} does not expand to the product's shape {list(product.array.shape)}"
        )
    return add(x if beta == 1 else mul(x, beta), product)


def numbers_first(function):
    """Takes PyTorch's old order as well: addmm(beta, input, alpha, mat1, mat2) and x.addmm_(beta, alpha, mat1, mat2)."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        if len(args) > 3 and not any(isinstance(factor, Number) for factor in args[-2:]):
            factors = [x for x in args if isinstance(x, Number)]
            args = tuple(x for x in args if not isinstance(x, Number))
            kwargs = {**dict(zip(("beta", "alpha"), factors)), **kwargs}
        return function(*args, **kwargs)

    return call


@numbers_first
@spelled
def addmm(input, mat1, mat2, *, beta=1, alpha=1):
    """beta * x + alpha * mat1 @ mat2."""
    return weighted(input, mm(mat1, mat2), beta, alpha)


@numbers_first
@spelled
def addmv(input, mat, vec, *, beta=1, alpha=1):
    """beta * x + alpha * mat @ vec."""
    return weighted(input, mv(mat, vec), beta, alpha)


@numbers_first
@spelled
def addbmm(input, batch1, batch2, *, beta=1, alpha=1):
    """beta * x + alpha * the sum of batch1 @ batch2."""
    products = bmm(batch1, batch2)
    return weighted(input, sum(products, dim=0, dtype=products.dtype), beta, alpha)


@numbers_first
@spelled
def baddbmm(input, batch1, batch2, *, beta=1, alpha=1):
    """beta * x + alpha * batch1 @ batch2."""
    return weighted(input, bmm(batch1, batch2), beta, alpha)


@numbers_first
@spelled
def addr(input, vec1, vec2, *, beta=1, alpha=1):
    """beta * x + alpha * outer(vec1, vec2)."""
    return weighted(input, outer(vec1, vec2), beta, alpha)


def chain_matmul(*matrices):
    """The product of several matrices, left to right."""
    matrices = matrices[0] if len(matrices) == 1 else matrices
    total = matrices[0]
    for m in matrices[1:]:
        total = matmul(total, m)
    return total


@spelled
def kron(input, other):
    """The Kronecker product: x with each element replaced by it times other."""
    if not isinstance(other, Value):
        raise not_a_tensor("other", other)
    ndim = max(input.array.ndim, other.array.ndim)
    a, b = ((1,) * (ndim - t.array.ndim) + t.array.shape for t in (input, other))
    spread = mul(
        reshape_op(input, shape=tuple(n for s in a for n in (s, 1))),
        reshape_op(other, shape=tuple(n for s in b for n in (1, s))),
    )
    return reshape_op(spread, shape=tuple(p * q for p, q in zip(a, b)))


def tensordot(a, b, dims=2):
    """Sums of products over pairs of dims: the last n of a and first n of b, or the two lists given."""
    if isinstance(dims, Value):
        dims = dims.tolist()
    if isinstance(dims, int) and not 0 <= dims <= min(a.ndim, b.ndim):
        raise RuntimeError(
            f"tensordot: expects 0 <= dims <= the number of dimensions of both, but got dims={dims} for {a.ndim}D and {b.ndim}D"
        )
    left, right = (
        (list(range(a.ndim - dims, a.ndim)), list(range(dims)))
        if isinstance(dims, int)
        else ([d] if isinstance(d, int) else list(d) for d in dims)
    )
    if len(left) != len(right):
        raise RuntimeError(f"tensordot: both dimension lists should have same length, got {left} and {right}")
    left, right = [normal_dim(d, a.ndim) for d in left], [normal_dim(d, b.ndim) for d in right]
    for i, j in zip(left, right):
        if 1 in (a.array.shape[i], b.array.shape[j]):  # sizes of 1 stretch: sum the other one first
            if a.array.shape[i] != 1:
                a = sum(a, dim=i, keepdim=True, dtype=a.dtype)
            elif b.array.shape[j] != 1:
                b = sum(b, dim=j, keepdim=True, dtype=b.dtype)
        if a.array.shape[i] != b.array.shape[j]:
            raise RuntimeError(
                f"tensordot: dimension {i} of the first ({a.array.shape[i]}) and {j} of the second ({b.array.shape[j]}) differ"
            )
    free_a, free_b = [d for d in range(a.ndim) if d not in left], [d for d in range(b.ndim) if d not in right]
    shape = tuple(a.array.shape[d] for d in free_a) + tuple(b.array.shape[d] for d in free_b)
    inner = math.prod(a.array.shape[d] for d in left)
    rows = reshape_op(
        permute_op(a, dims=(*free_a, *left)), shape=(math.prod(a.array.shape[d] for d in free_a), inner)
    )
    columns = reshape_op(
        permute_op(b, dims=(*right, *free_b)), shape=(inner, math.prod(b.array.shape[d] for d in free_b))
    )
    return reshape_op(matmul_op(rows, columns), shape=shape)


@spelled
def cross(input, other, dim=None):
    """The cross product of 3-vectors along dim (by default the first dim of size 3)."""
    if dim is None:
        dim = next((d for d, size in enumerate(input.array.shape) if size == 3), -1)
    return linalg_cross(input, other, dim=dim)


@spelled
def linalg_cross(input, other, *, dim=-1):
    """The cross product of 3-vectors along dim."""
    for x in (input, other):
        if x.array.shape[normal_dim(dim, x.ndim)] != 3:
            raise RuntimeError(
                f"linalg.cross: inputs dimension {dim} must have length 3. Got {list(input.shape)} and {list(other.shape)}"
            )
    part = lambda x, i: getitem_op(x, index=(slice(None),) * normal_dim(dim, x.ndim) + (slice(i, i + 1),))
    a, b = ([part(x, i) for i in range(3)] for x in (input, other))
    return cat([sub(mul(a[i], b[j]), mul(a[j], b[i])) for i, j in ((1, 2), (2, 0), (0, 1))], dim=dim)
