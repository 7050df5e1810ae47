"""What the gradient table's rules are made of. Everything here takes arrays (first order) or tensors (second order)."""

from __future__ import annotations

import math

import numpy as np

from . import ops
from .backend import device_of, module_of
from .op import Value
from .ops.choosing import FEW


def move_back(g, x):
    where = device_of(x.array if isinstance(x, Value) else x)
    return ops.transfer(g, device=where)


def is_complex(x) -> bool:
    return isinstance(x, complex) or (
        (x.array if isinstance(x, Value) else x).dtype.kind == "c" if hasattr(x, "dtype") else False
    )


def zeros(g):
    return g * 0


def new_zeros(g, shape):
    """Zeros of a shape, of g's kind: a tensor for a tensor, an array for an array."""
    array = g.array if isinstance(g, Value) else g
    blank = module_of(array).zeros(shape, array.dtype)
    return g.wrap(blank) if isinstance(g, Value) else blank


def pick(condition, x, y):
    return ops.where_between(condition, x, y)


def pow_slope(x, y):
    """y * x ** (y - 1), and 0 where y is 0, whatever x."""
    if isinstance(y, (int, float, complex)):
        return 0 * x if y == 0 else x * 2 if y == 2 else y * x ** (y - 1)
    return pick(y == 0, 0.0, y * ops.pow(x, pick(y == 0, 1.0, y - 1)))


def exponent_slope(x, y, out):
    """x ** y * log(x), and 0 where x is 0 and y is not negative."""
    if isinstance(x, (int, float)):
        log = math.log(x) if x > 0 else -math.inf if x == 0 else math.nan
        return out * log if x else pick(y >= 0, 0.0, out * log)
    flat = (x == 0) if is_complex(y) else (x == 0) & (y >= 0)
    return pick(flat, 0.0, out * ops.log(pick(flat, 1.0, x)))


def unit(x):
    """The sign; for complex numbers the direction."""
    if not is_complex(x):
        return ops.sign(x)
    size = ops.abs(x)
    return x / pick(size == 0, 1.0, size)


def share(x, y, wins):
    """Where x and y are equal each gets half of the gradient."""
    return pick(x == y, 0.5, wins)


def within(x, low, high):
    inside = True
    if low is not None:
        inside = x >= low
    if high is not None:
        inside = inside & (x <= high)
    return inside


def finite(x):
    """x without the NaN that inf - inf leaves."""
    return pick(x != x, -math.inf, x)


def safe_reciprocal(x):
    return pick(x == 0, 0.0, 1 / pick(x == 0, 1.0, x))


def safe_divide(g, x):
    return pick(x == 0, 0.0, g / pick(x == 0, 1.0, x))


def sinc_slope(x):
    t = pick(x == 0, 1.0, x) * math.pi
    return pick(x == 0, 0.0, (ops.cos(t) * t - ops.sin(t)) / (t * t) * math.pi)


def logit_slope(x, eps):
    if eps is None:
        return pick((x < 0) | (x > 1), math.nan, 1 / (x * (1 - x)))
    inside = (x >= eps) & (x <= 1 - eps)
    return pick(inside, 1 / pick(inside, x * (1 - x), 1.0), 0.0)


def kept(g, shape, dim, keepdim: bool):
    """g with the reduced dims put back as 1."""
    if keepdim:
        return g
    if dim is None or (isinstance(dim, (list, tuple)) and not dim):
        return ops.reshape_op(g, shape=(1,) * len(shape))
    dims = [d % len(shape) for d in ((dim,) if isinstance(dim, int) else dim)] if shape else []
    return ops.reshape_op(g, shape=tuple(1 if d in dims else s for d, s in enumerate(shape)))


def spread(g, shape, dim, keepdim: bool):
    """A reduction's gradient, handed to each element that went into it."""
    if dim is None and not keepdim:
        if isinstance(g, (np.ndarray, np.generic)) and math.prod(shape) < FEW:
            out = np.empty(shape, g.dtype)
            out.fill(g)
            return out
        return ops.expand_op(g, shape=shape)
    return ops.expand_op(kept(g, shape, dim, keepdim), shape=shape)


def count(shape, dim) -> int:
    """How many elements went into each mean."""
    if dim is None or (isinstance(dim, (list, tuple)) and not dim):
        return math.prod(shape)
    return math.prod(shape[d] for d in ((dim,) if isinstance(dim, int) else dim)) if shape else 1


def variance_slope(g, x, dim, correction):
    freedom = count(x.shape, dim) - correction
    deviation = x - ops.mean(x, dim=dim, keepdim=True)
    if freedom <= 0:  # PyTorch's answer to a question without one
        return g * pick(deviation == 0, math.nan, math.inf)
    return (2 / freedom) * g * deviation


def std_slope(g, x, out, dim, correction, keepdim: bool):
    """Half the variance's slope over the deviation; 0 where nothing deviates."""
    return variance_slope(spread(safe_divide(g, 2 * out), x.shape, dim, keepdim), x, dim, correction)


def spread_evenly(g, x, out, dim, keepdim: bool):
    """Equal extremes share the gradient."""
    best = x == spread(out, x.shape, dim, keepdim)
    ties = ops.sum(best, dim=dim, keepdim=True)
    return best * (kept(g, x.shape, dim, keepdim) / ties)


def reverse_cumsum(g, dim: int):
    return ops.flip_op(ops.cumsum(ops.flip_op(g, dims=(dim,)), dim=dim), dims=(dim,))


def logcumsumexp_slope(g, x, out, dim: int):
    """sum over i >= j of g_i exp(x_j - out_i), summed as logarithms since exp(-out) may overflow: first positive g, then negative."""
    size = ops.log(pick(g == 0, 1.0, ops.abs(g)))
    parts = []
    for there in (g > 0, g < 0):
        logs = pick(there, size - out, -math.inf)
        tail = ops.flip_op(ops.logcumsumexp(ops.flip_op(logs, dims=(dim,)), dim=dim), dims=(dim,))
        parts.append(ops.exp(tail + x))
    return parts[0] - parts[1]


def inverse(order) -> tuple[int, ...]:
    result = [0] * len(order)
    for place, dim in enumerate(order):
        result[dim] = place
    return tuple(result)


def negated(shifts):
    return -shifts if isinstance(shifts, int) else tuple(-s for s in shifts)


def own_part(g, i: int, shapes, dim: int):
    """The part of a concatenation's gradient that belongs to its i-th tensor."""
    dim %= len(shapes[0])
    start = sum(shape[dim] for shape in shapes[:i])
    return ops.getitem_op(g, index=(slice(None),) * dim + (slice(start, start + shapes[i][dim]),))


def joined(parts, dim: int):
    """What a split took apart, end to end. It is not copied where it lies so already: attention hands back the gradients of queries,
    keys and values as the parts of one array, if one projection made them."""
    whole = whole_of(parts, dim)
    return ops.concatenate(*parts, dim=dim) if whole is None else whole


def whole_of(parts, dim: int):
    """The array that has these parts along dim, and no others; None if there is none."""
    first = parts[0]
    base = first.base if type(first) is np.ndarray else None
    shape = list(first.shape)
    shape[dim] = sum(part.shape[dim] for part in parts)
    if type(base) is not np.ndarray or base.size != math.prod(shape) or not base.flags.c_contiguous:
        return None
    whole, start = base.reshape(shape), 0
    for part in parts:
        here = whole[(slice(None),) * dim + (slice(start, start + part.shape[dim]),)]
        start += part.shape[dim]
        if (
            type(part) is not np.ndarray
            or part.base is not base
            or part.__array_interface__ != here.__array_interface__
        ):
            return None
    return whole


def from_diagonal(g, shape, offset: int, dim1: int, dim2: int):
    """Zeros of the shape with g on the diagonal."""
    dim1, dim2 = dim1 % len(shape), dim2 % len(shape)
    rest = [d for d in range(len(shape)) if d not in (dim1, dim2)]
    blank = new_zeros(g, tuple(shape[d] for d in rest) + (shape[dim1], shape[dim2]))
    n = g.shape[-1]
    rows = np.arange(n) + max(-offset, 0)
    filled = ops.put(blank, g, index=(..., rows, rows - max(-offset, 0) + max(offset, 0)))
    return ops.permute_op(filled, dims=inverse((*rest, dim1, dim2)))


def fold_share(g, x, index, src, out, dim: int, reduce: str):
    """Who gets the gradient of a scatter by product or extreme: factors their co-factors, equal extremes equal shares."""
    if reduce == "prod":
        return safe_divide(g * out, x), safe_divide(ops.gather_op(g * out, index, dim=dim), src)
    mine, theirs = x == out, src == ops.gather_op(out, index, dim=dim)
    winners = ops.scatter_add_op(mine * (g * 0 + 1), index, theirs * (src * 0 + 1), dim=dim)
    part = safe_divide(g, winners)
    return part * mine, ops.gather_op(part, index, dim=dim) * theirs


def mT(x):
    return ops.transpose_op(x, dim0=-2, dim1=-1)


def left_product(x, g, y_shape):
    """x.mT @ g; where y was one matrix for a whole stack, as one product instead of a stack to be summed."""
    if len(y_shape) == 2 and x.ndim > 2:
        x, g = (ops.reshape_op(t, shape=(math.prod(t.shape[:-1]), t.shape[-1])) for t in (x, g))
    return ops.matmul_op(mT(x), g)


def einsum_slope(g, i: int, operands, shapes, equation: str):
    """The gradient of operand i: the same sum with g in its place; letters only it has are spread."""
    left, output = equation.split("->")
    inputs = left.split(",")
    others = [(t, x) for k, (t, x) in enumerate(zip(inputs, operands)) if k != i]
    known = output + "".join(t for t, _ in others)
    target = "".join(c for c in inputs[i] if c in known)
    grad = ops.einsum_op(
        g, *[x for _, x in others], equation=",".join([output, *(t for t, _ in others)]) + "->" + target
    )
    lonely = tuple(1 if c not in known else s for c, s in zip(inputs[i], shapes[i]))
    return ops.expand_op(ops.reshape_op(grad, shape=lonely), shape=shapes[i])


def column(x):
    return ops.reshape_op(x, shape=(*x.shape, 1, 1))


def cofactor_inverse(x):
    """inv(x).mT; for a singular matrix the pseudo-inverse would be needed, so it says so."""
    return mT(ops.inv_op(x))


def phi(x):
    """The lower triangle with its diagonal halved."""
    return ops.tril(x) - 0.5 * ops.diag_embed(ops.diagonal(x, offset=0, dim1=-2, dim2=-1))


def cholesky_slope(g, L):
    # Murray, Differentiation of the Cholesky decomposition (2016), eq. 10: L^-T phi(L^T g) L^-1, made symmetric.
    inner = phi(mT(L) @ ops.tril(g))
    half = ops.solve_op(mT(L), inner)
    whole = mT(ops.solve_op(mH(L), mT(half)))
    return (whole + mH(whole)) * 0.5


def eigh_slope(gw, gv, w, v):
    gaps = ops.unsqueeze_op(w, dim=-2) - ops.unsqueeze_op(w, dim=-1)
    inner = (mH(v) @ gv) * safe_reciprocal(gaps)
    whole = v @ (inner + ops.diag_embed(gw)) @ mH(v)
    return (whole + mH(whole)) * 0.5


def mH(x):
    return ops.conj(mT(x))


def eig_slope(gw, gv, w, v):
    # PyTorch's linalg_eig_backward: the eigenvectors' gradient without what would only change their length and phase.
    inner = mH(v) @ gv
    lengths = ops.real(ops.diagonal(inner, offset=0, dim1=-2, dim2=-1))
    gaps = ops.conj(ops.unsqueeze_op(w, dim=-2) - ops.unsqueeze_op(w, dim=-1))
    turned = (inner - mH(v) @ v * ops.unsqueeze_op(lengths, dim=-2)) * safe_reciprocal(gaps)
    return ops.solve_op(mH(v), (turned + ops.diag_embed(gw)) @ mH(v))


def qr_slope(gq, gr, q, r):
    k, n = r.shape[-2:]
    if n > k:  # a wide matrix: its right part is q.mT @ x there, the left part a square factorization
        left, right = (..., slice(None, k)), (..., slice(k, None))
        gr_right = ops.getitem_op(gr, index=right)
        tail = q @ ops.getitem_op(r, index=right)
        square = qr_slope(
            gq + tail @ mH(gr_right), ops.getitem_op(gr, index=left), q, ops.getitem_op(r, index=left)
        )
        return ops.concatenate(square, q @ gr_right, dim=-1)
    # Walter and Lehmann, Algorithmic differentiation of linear algebra functions (2018), for tall or square matrices.
    m = r @ mH(gr) - mH(gq) @ q
    half = ops.tril(m) + mH(ops.tril(m, diagonal=-1))
    sym = (half + mH(half)) / 2  # of complex matrices, whose diagonal was not real, half is not Hermitian
    return mH(ops.solve_op(r, mH(gq + q @ sym)))


def svd_slope(gu, gs, gvh, u, s, vh):
    v, gv = mH(vh), mH(gvh)
    squares = s * s
    gaps = safe_reciprocal(ops.unsqueeze_op(squares, dim=-2) - ops.unsqueeze_op(squares, dim=-1))
    row, col = ops.unsqueeze_op(s, dim=-2), ops.unsqueeze_op(s, dim=-1)
    skew = lambda a: a - mH(a)
    turn_u = skew(mH(u) @ gu)
    inner = (gaps * turn_u) * row + col * (gaps * skew(mH(v) @ gv)) + ops.diag_embed(gs)
    if is_complex(u):  # the phase of each pair of vectors, where the loss depends on it through u alone
        inner = inner + ops.diag_embed(ops.diagonal(turn_u, offset=0, dim1=-2, dim2=-1) / (2 * s))
    out = u @ inner @ vh
    m, n, k = u.shape[-2], vh.shape[-1], s.shape[-1]
    if m > k:
        out = out + (gu - u @ (mH(u) @ gu)) / row @ vh
    if n > k:
        out = out + u @ (mH(gv - v @ (mH(v) @ gv)) / col)
    return out
