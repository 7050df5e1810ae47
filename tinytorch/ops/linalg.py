"""Products of matrices, and what linear algebra makes of one matrix."""

from __future__ import annotations

import math

import numpy as np

from .. import dtypes
from ..backend import module_of
from ..op import Value, op, spelled
from .arithmetic import abs, add, mul, sub
from .elementwise import sqrt
from .arithmetic import where
from .indexing import getitem_op
from .reduction import amax, amin, sum, vector_norm
from .shape import diagonal, expand_op, normal_dim, permute_op, reshape_op, squeeze, transpose_op, unsqueeze

# ---------------------------------------------------------------- products


@op
def matmul_op(x, y):
    """(..., n, k) @ (..., k, m) -> (..., n, m)."""
    if x.dtype != y.dtype:
        raise RuntimeError(f"expected both to have the same dtype, but got {dtypes.of(x)!r} and {dtypes.of(y)!r}; convert one with .to(...)")
    if x.shape[-1] != y.shape[-2]:
        raise RuntimeError(f"{x.shape} @ {y.shape}: inner sizes {x.shape[-1]} and {y.shape[-2]} differ")
    if y.ndim == 2 and x.ndim > 2:  # one large product instead of a stack of small ones
        return np.matmul(x.reshape(-1, x.shape[-1]), y).reshape((*x.shape[:-1], y.shape[-1]))
    return np.matmul(x, y)


@spelled
def matmul(input, other):
    """The matrix product; vectors are rows on the left, columns on the right; leading dims broadcast."""
    if not isinstance(input, Value) or not isinstance(other, Value):
        raise TypeError(f"matmul: both operands must be tensors, got {type(input).__name__} and {type(other).__name__}")
    n, m = input.array.ndim, other.array.ndim
    if n >= 2 and m >= 2:
        return matmul_op(input, other)
    if not n or not m:
        raise RuntimeError(f"matmul: both arguments need at least one dimension, but they are {n}D and {m}D")
    out = matmul_op(unsqueeze(input, 0) if n == 1 else input, unsqueeze(other, 1) if m == 1 else other)
    return reshape_op(out, shape=out.array.shape[: -2 if n == 1 else -1] if m == 1 else (*out.array.shape[:-2], out.array.shape[-1]))


def product_of(name: str, x, y, n: int, m: int):
    """matmul for operands of exactly n and m dims."""
    for operand, want, place in ((x, n, "first"), (y, m, "second")):
        if operand.array.ndim != want:
            raise RuntimeError(f"{name}: the {place} operand must be {want}D, got {operand.array.ndim}D with shape {list(operand.array.shape)}")
    return matmul(x, y)


@spelled
def mm(input, mat2):
    """The product of two matrices."""
    return product_of("mm", input, mat2, 2, 2)


@spelled
def bmm(input, mat2):
    """The products of two stacks of matrices, pair by pair."""
    if input.array.ndim == mat2.array.ndim == 3 and input.array.shape[0] != mat2.array.shape[0]:
        raise RuntimeError(f"bmm: batch sizes {input.array.shape[0]} and {mat2.array.shape[0]} differ")
    return product_of("bmm", input, mat2, 3, 3)


@spelled
def mv(input, vec):
    """A matrix times a vector."""
    return product_of("mv", input, vec, 2, 1)


@spelled
def dot(input, tensor):
    """The inner product of two vectors."""
    return product_of("dot", input, tensor, 1, 1)



def vdot(input, other):
    """The inner product of two vectors, the first conjugated."""
    from .elementwise import conj

    return product_of("vdot", conj(input), other, 1, 1)


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
    return add(x if beta == 1 else mul(x, beta), product)


@spelled
def addmm(input, mat1, mat2, *, beta=1, alpha=1):
    """beta * x + alpha * mat1 @ mat2."""
    return weighted(input, mm(mat1, mat2), beta, alpha)


def addmv(input, mat, vec, *, beta=1, alpha=1):
    """beta * x + alpha * mat @ vec."""
    return weighted(input, mv(mat, vec), beta, alpha)


def addbmm(input, batch1, batch2, *, beta=1, alpha=1):
    """beta * x + alpha * the sum of batch1 @ batch2."""
    return weighted(input, sum(bmm(batch1, batch2), dim=0), beta, alpha)


@spelled
def baddbmm(input, batch1, batch2, *, beta=1, alpha=1):
    """beta * x + alpha * batch1 @ batch2."""
    return weighted(input, bmm(batch1, batch2), beta, alpha)


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


def matrix_power(input, n):
    """x @ x @ ... n times; a negative n inverts first."""
    if n < 0:
        return matrix_power(inv(input), -n)
    result = None
    while n:
        if n & 1:
            result = input if result is None else matmul(result, input)
        input, n = (matmul(input, input) if n > 1 else input), n >> 1
    return input.wrap(np.broadcast_to(np.eye(input.shape[-1], dtype=input.array.dtype), input.array.shape).copy()) if result is None else result


def kron(input, other):
    """The Kronecker product: x with each element replaced by it times other."""
    ndim = max(input.array.ndim, other.array.ndim)
    a, b = ((1,) * (ndim - t.array.ndim) + t.array.shape for t in (input, other))
    spread = mul(reshape_op(input, shape=tuple(n for s in a for n in (s, 1))), reshape_op(other, shape=tuple(n for s in b for n in (1, s))))
    return reshape_op(spread, shape=tuple(p * q for p, q in zip(a, b)))


def tensordot(a, b, dims=2):
    """Sums of products over pairs of dims: the last n of a and first n of b, or the two lists given."""
    if isinstance(dims, Value):
        dims = dims.tolist()
    left, right = (list(range(a.ndim - dims, a.ndim)), list(range(dims))) if isinstance(dims, int) else ([d] if isinstance(d, int) else list(d) for d in dims)
    left, right = [normal_dim(d, a.ndim) for d in left], [normal_dim(d, b.ndim) for d in right]
    for i, j in zip(left, right):
        if a.array.shape[i] != b.array.shape[j]:
            raise RuntimeError(f"tensordot: dimension {i} of the first ({a.array.shape[i]}) and {j} of the second ({b.array.shape[j]}) differ")
    free_a, free_b = [d for d in range(a.ndim) if d not in left], [d for d in range(b.ndim) if d not in right]
    shape = tuple(a.array.shape[d] for d in free_a) + tuple(b.array.shape[d] for d in free_b)
    inner = math.prod(a.array.shape[d] for d in left)
    rows = reshape_op(permute_op(a, dims=(*free_a, *left)), shape=(math.prod(a.array.shape[d] for d in free_a), inner))
    columns = reshape_op(permute_op(b, dims=(*right, *free_b)), shape=(inner, math.prod(b.array.shape[d] for d in free_b)))
    return reshape_op(matmul_op(rows, columns), shape=shape)


# ---------------------------------------------------------------- einsum


@op
def einsum_op(*operands, equation):
    """NumPy's einsum on an explicit equation without repeated or lonely letters to broadcast."""
    target = dtypes.result_np(operands)
    return np.asarray(np.einsum(equation, *operands, optimize=len(operands) > 1), dtype=target)


def einsum(equation, *operands):
    """Sums of products named by letters: `einsum("bij,bjk->bik", x, y)`."""
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    inputs, output, operands = explicit(equation.replace(" ", ""), operands)
    operands = [merge_repeats(x, letters) for x, letters in zip(operands, inputs)]
    letters = [text for _, text in operands]
    if len(operands) == 2:
        return pair_product(*operands[0], *operands[1], output)
    tensors = [x for x, _ in operands]
    return einsum_op(*tensors, equation=",".join(letters) + "->" + output)


def explicit(equation: str, operands):
    """The equation with `...` spelled in letters of its own and an output."""
    left, arrow, output = equation.partition("->")
    inputs = left.split(",")
    if len(inputs) != len(operands):
        raise RuntimeError(f"einsum(): '{equation}' names {len(inputs)} operands, but {len(operands)} were given")
    spare = [c for c in "ZYXWVUTSRQPONMLKJIHGFEDCBA" if c not in equation]
    hidden = ""
    for k, (text, x) in enumerate(zip(inputs, operands)):
        named = len(text.replace("...", ""))
        if "..." in text:
            dots = "".join(reversed(spare[: x.ndim - named]))
            inputs[k] = text.replace("...", dots)
            hidden = max(hidden, dots, key=len)
        elif named != x.ndim:
            raise RuntimeError(f"einsum(): '{text}' names {named} dimensions, but operand {k} has shape {list(x.shape)}")
    if arrow:
        output = output.replace("...", hidden)
    else:
        everything = "".join(inputs)
        output = hidden + "".join(sorted(c for c in set(everything) if everything.count(c) == 1 and c not in hidden))
    return inputs, output, list(operands)


def merge_repeats(x, letters: str):
    """`ii` becomes `i` on the diagonal."""
    for c in letters:
        while letters.count(c) > 1:
            i = letters.index(c)
            j = letters.index(c, i + 1)
            x = diagonal(x, offset=0, dim1=i, dim2=j)
            letters = letters[:i] + letters[i + 1 : j] + letters[j + 1 :] + c
    return x, letters


def pair_product(x, a: str, y, b: str, output: str):
    """Two operands as one batched matrix product: far faster than einsum's own loops."""
    x, a = sum_out(x, a, keep=b + output)
    y, b = sum_out(y, b, keep=a + output)
    size = {**dict(zip(b, y.array.shape)), **{c: s for c, s in zip(a, x.array.shape) if s != 1 or c not in b}}
    for c in a:
        if c in b and {x.array.shape[a.index(c)], y.array.shape[b.index(c)]} - {1, size[c]}:
            raise RuntimeError(f"einsum(): operands do not broadcast: '{c}' is {x.array.shape[a.index(c)]} in one and {y.array.shape[b.index(c)]} in the other")
    batch = [c for c in a if c in b and c in output]
    inner = [c for c in a if c in b and c not in output]
    rows, columns = [c for c in a if c not in b], [c for c in b if c not in a]
    x = arrange(x, a, [batch, rows, inner], size)
    y = arrange(y, b, [batch, inner, columns], size)
    out = reshape_op(matmul_op(x, y), shape=tuple(size[c] for c in batch + rows + columns))
    order = batch + rows + columns
    return permute_op(out, dims=tuple(order.index(c) for c in output))


def sum_out(x, letters: str, keep: str):
    gone = tuple(i for i, c in enumerate(letters) if c not in keep)
    return (sum(x, dim=gone), "".join(c for c in letters if c in keep)) if gone else (x, letters)


def arrange(x, letters: str, groups, size):
    """x with its letters in the order of the groups, each group merged into one dim."""
    order = [c for group in groups for c in group]
    if "".join(order) != letters:
        x = permute_op(x, dims=tuple(letters.index(c) for c in order))
    full = tuple(size[c] for c in order)
    if x.array.shape != full:
        x = expand_op(x, shape=full)
    return reshape_op(x, shape=tuple(math.prod(size[c] for c in group) for group in groups))


# ---------------------------------------------------------------- one matrix


def solver(x):
    return module_of(x).linalg


@op
def inv_op(x):
    """The inverse."""
    return solver(x).inv(x)


@op
def det_op(x):
    """The determinant; its rule inverts x."""
    return solver(x).det(x)


@op
def logabsdet(x):
    """log |det(x)|."""
    return solver(x).slogdet(x)[1]


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
        raise RuntimeError(f"linalg.{name}: A must be batches of square matrices, but its shape is {list(x.array.shape)}")
    if x.array.dtype.kind not in "fc":
        raise RuntimeError(f"linalg.{name}: expected a floating point or complex tensor, got {x.dtype!r}")


def guarded(name: str, op_, *operands):
    try:
        return op_(*operands)
    except np.linalg.LinAlgError as error:
        raise LinAlgError(f"linalg.{name}: {str(error).lower()} (the input has shape {list(operands[0].array.shape)})") from None


def inv(input):
    """The inverse of each matrix."""
    square_matrix("inv", input)
    return guarded("inv", inv_op, input)


def det(input):
    """The determinant of each matrix."""
    square_matrix("det", input)
    return det_op(input)


def slogdet(input):
    """The sign and the logarithm of |det|."""
    from .sorting import result_tuple

    square_matrix("slogdet", input)
    sign = input.wrap(np.asarray(solver(input.array).slogdet(input.array)[0]))
    return result_tuple("slogdet", sign=sign, logabsdet=logabsdet(input))


def logdet(input):
    """log(det(x)), NaN where the determinant is negative."""
    sign, size = slogdet(input)
    return where(sign > 0, size, where(sign == 0, -math.inf, math.nan))


def solve(A, B, *, left=True):
    """X with A @ X = B (X @ A = B with left=False); B may be a vector."""
    square_matrix("solve", A)
    vector = B.array.ndim == 1 or (B.array.ndim == A.array.ndim - 1 and B.array.shape == A.array.shape[:-1])
    if not left:
        return transpose_op(solve(transpose_op(A, dim0=-2, dim1=-1), transpose_op(B, dim0=-2, dim1=-1)), dim0=-2, dim1=-1)
    if B.array.shape[-1 if vector else -2] != A.array.shape[-1]:
        raise RuntimeError(f"linalg.solve: incompatible shapes A {list(A.shape)} and B {list(B.shape)}")
    out = guarded("solve", solve_op, A, unsqueeze(B, -1) if vector else B)
    return squeeze(out, -1) if vector else out


def solve_triangular(A, B, *, upper, left=True, unitriangular=False):
    """X with A @ X = B for a triangular A, whose other half is not read."""
    from .shape import tril, triu

    A = triu(A) if upper else tril(A)
    if unitriangular:
        from .shape import diag_embed

        A = add(sub(A, diag_embed(diagonal(A, offset=0, dim1=-2, dim2=-1))), A.wrap(np.eye(A.shape[-1], dtype=A.array.dtype)))
    return solve(A, B, left=left)


def cholesky(input, *, upper=False):
    """The lower triangular L with L @ L.mT = x (its transpose with upper=True)."""
    square_matrix("cholesky", input)
    L = guarded("cholesky", cholesky_op, input)
    return transpose_op(L, dim0=-2, dim1=-1) if upper else L


def cholesky_solve(B, L, upper=False):
    """The solution of A @ X = B from A's Cholesky factor."""
    L = transpose_op(L, dim0=-2, dim1=-1) if upper else L
    return solve(transpose_op(L, dim0=-2, dim1=-1), solve(L, B))


def cholesky_inverse(L, upper=False):
    """The inverse of A from its Cholesky factor."""
    return cholesky_solve(L.wrap(np.eye(L.shape[-1], dtype=L.array.dtype)), L, upper)


def eigh(input, UPLO="L"):
    """Eigenvalues (ascending) and eigenvectors of symmetric matrices."""
    from .sorting import result_tuple

    square_matrix("eigh", input)
    values, vectors = guarded("eigh", lambda A: eigh_op(A, UPLO=UPLO), input)
    return result_tuple("eigh", eigenvalues=values, eigenvectors=vectors)


def eigvalsh(input, UPLO="L"):
    """Eigenvalues of symmetric matrices, ascending."""
    return eigh(input, UPLO)[0]


def qr(A, mode="reduced"):
    """A = Q @ R with orthonormal Q and upper triangular R."""
    from .sorting import result_tuple

    if mode != "reduced":
        q, r = solver(A.array).qr(A.array, mode="complete" if mode == "complete" else "r") if mode == "complete" else (np.zeros(0, A.array.dtype), solver(A.array).qr(A.array, mode="r"))
        return result_tuple("qr", Q=A.wrap(q), R=A.wrap(r))
    q, r = qr_op(A)
    return result_tuple("qr", Q=q, R=r)


def svd(A, full_matrices=True):
    """A = U @ diag(S) @ Vh."""
    from .sorting import result_tuple

    if full_matrices and A.array.shape[-1] != A.array.shape[-2]:
        u, s, vh = solver(A.array).svd(A.array, full_matrices=True)
        return result_tuple("svd", U=A.wrap(u), S=svdvals(A), Vh=A.wrap(vh))
    u, s, vh = guarded("svd", svd_op, A)
    return result_tuple("svd", U=u, S=s, Vh=vh)


def svdvals(A):
    """The singular values, descending."""
    return guarded("svdvals", svd_op, A)[1]


def pinv(A, rcond=1e-15):
    """The pseudo-inverse."""
    u, s, vh = svd(A, full_matrices=False)
    cutoff = mul(amax(s, dim=-1, keepdim=True), rcond)
    inverse = where(s > cutoff, 1 / s, 0.0)
    return matmul(transpose_op(vh, dim0=-2, dim1=-1) * unsqueeze(inverse, -2), transpose_op(u, dim0=-2, dim1=-1))


def matrix_rank(A, *, tol=None):
    """How many singular values are not zero to working accuracy."""
    s = svdvals(A).array
    eps = np.finfo(s.dtype).eps * max(A.array.shape[-2:])
    cutoff = s.max(axis=-1, keepdims=True) * eps if tol is None else tol
    return A.wrap(np.asarray((s > cutoff).sum(axis=-1)))


def lstsq(A, B):
    """The least-squares solution of A @ X = B."""
    from .sorting import result_tuple

    q, r = qr_op(A)
    return result_tuple("lstsq", solution=solve(r, matmul(transpose_op(q, dim0=-2, dim1=-1), B)))


def trace(input):
    """The sum of the diagonal."""
    if input.array.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input.array.ndim}")
    return sum(diagonal(input, offset=0, dim1=0, dim2=1))


def matrix_norm(input, ord="fro", dim=(-2, -1), keepdim=False, *, dtype=None):
    """A norm of matrices: "fro", "nuc" (sum of singular values), 2 and -2 (the extreme ones), 1, -1, inf, -inf."""
    if dtype is not None:
        input = input.to(dtype)
    if input.ndim < 2:
        raise RuntimeError(f"linalg.matrix_norm: The input tensor A must have at least 2 dimensions, got shape {list(input.shape)}")
    rows, columns = (normal_dim(d, input.ndim) for d in dim)
    if ord == "fro":
        return vector_norm(input, 2, (rows, columns), keepdim)
    if ord in (1, -1, math.inf, -math.inf):
        summed, other = (rows, columns) if builtin_abs(ord) == 1 else (columns, rows)
        totals = sum(abs(input), dim=summed, keepdim=True)
        out = (amax if ord > 0 else amin)(totals, dim=other, keepdim=True)
    else:
        rest = [d for d in range(input.ndim) if d not in (rows, columns)]
        s = svdvals(permute_op(input, dims=(*rest, rows, columns)))
        if ord not in ("nuc", 2, -2):
            raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
        out = {"nuc": lambda: sum(s, dim=-1), 2: lambda: amax(s, dim=-1), -2: lambda: amin(s, dim=-1)}[ord]()
        return out if not keepdim else reshape_op(out, shape=tuple(1 if d in (rows, columns) else n for d, n in enumerate(input.array.shape)))
    return out if keepdim else squeeze(out, (rows, columns))


def builtin_abs(n: float) -> float:
    return -n if n < 0 else n


def linalg_norm(input, ord=None, dim=None, keepdim=False, *, dtype=None):
    """A vector norm over one dim (or everything), a matrix norm over two."""
    pair = isinstance(dim, (list, tuple)) and len(dim) == 2
    if ord is not None and (pair or (dim is None and input.ndim == 2)):
        return matrix_norm(input, ord, dim or (0, 1), keepdim, dtype=dtype)
    return vector_norm(input, 2 if ord is None else ord, dim, keepdim, dtype=dtype)


def cross(input, other, dim=-1):
    """The cross product of 3-vectors along dim."""
    a = [getitem_op(input, index=(slice(None),) * normal_dim(dim, input.ndim) + (slice(i, i + 1),)) for i in range(3)]
    b = [getitem_op(other, index=(slice(None),) * normal_dim(dim, other.ndim) + (slice(i, i + 1),)) for i in range(3)]
    from .shape import cat

    pairs = ((1, 2), (2, 0), (0, 1))
    return cat([sub(mul(a[i], b[j]), mul(a[j], b[i])) for i, j in pairs], dim=dim)


def cdist(x1, x2, p=2.0, compute_mode=None):
    """Distances of order p between all rows of x1 and all rows of x2."""
    return vector_norm(sub(unsqueeze(x1, -2), unsqueeze(x2, -3)), p, -1)


def cov(input, *, correction=1):
    """The covariances of the rows' variables (observations in columns)."""
    from .reduction import mean

    input = input if input.ndim == 2 else unsqueeze(input, 0)
    centered = sub(input, mean(input, dim=1, keepdim=True))
    out = matmul(centered, transpose_op(centered, dim0=0, dim1=1)) / (input.shape[1] - correction)
    return squeeze(out) if out.shape == (1, 1) else out


def corrcoef(input):
    """The correlations of the rows' variables."""
    c = cov(input)
    if c.ndim == 0:
        return c / c
    d = sqrt(diagonal(c, offset=0, dim1=0, dim2=1))
    return c / unsqueeze(d, 0) / unsqueeze(d, 1)


def matrix_exp(A):
    """exp of a matrix by scaling, a Taylor series and squaring."""
    steps = max(0, math.ceil(math.log2(float(builtins_max(np.abs(A.array).sum(-1), 1e-9)))) + 1)
    small = A / 2**steps
    eye = A.wrap(np.broadcast_to(np.eye(A.shape[-1], dtype=A.array.dtype), A.array.shape).copy())
    total, term = add(eye, small), small
    for k in range(2, 19):
        term = matmul(term, small) / k
        total = add(total, term)
    for _ in range(steps):
        total = matmul(total, total)
    return total


def builtins_max(array, floor: float) -> float:
    return max(float(array.max()) if array.size else 0.0, floor)
