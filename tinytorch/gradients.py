"""The gradient table: one row per base op, one rule per argument.

A rule gets `g`, the gradient of the result, and what it names: an argument (`x`), an argument's shape (`x_shape`), the
result (`out`) or a setting (`dim`). Undoing broadcasting is the engine's work, so `add` has nothing left to do; so is
conjugation, so the rules read as for real numbers (where a result is complex, `g` is the conjugate of the gradient).
"""

from __future__ import annotations

import math

import numpy as np

from . import ops
from .backend import device_of, module_of
from .op import Value

# ---------------------------------------------------------------- arithmetic

ops.add_op.vjps(x=lambda g: g, y=lambda g: g)
ops.sub_op.vjps(x=lambda g: g, y=lambda g: -g)
ops.mul.vjps(x=lambda g, y: g * y, y=lambda g, x: g * x)
ops.div.vjps(x=lambda g, y: g / y, y=lambda g, x, y: -g * (x / y / y))  # not from `out`: a quotient may be overwritten, as in PyTorch
ops.neg.vjps(x=lambda g: -g)
ops.pow.vjps(x=lambda g, x, exponent: g * pow_slope(x, exponent), exponent=lambda g, out, x, exponent: g * exponent_slope(x, exponent, out))
ops.abs.vjps(x=lambda g, x: g * unit(x))
ops.floor_divide.vjps(x=lambda g: zeros(g), y=lambda g: zeros(g))
ops.trunc_divide.vjps(x=lambda g: zeros(g), y=lambda g: zeros(g))
ops.remainder.vjps(x=lambda g: g, y=lambda g, x, y: -g * ops.floor(x / y))
ops.fmod.vjps(x=lambda g: g, y=lambda g, x, y: -g * ops.trunc(x / y))
ops.maximum.vjps(x=lambda g, x, y: g * share(x, y, x >= y), y=lambda g, x, y: g * share(x, y, x <= y))
ops.minimum.vjps(x=lambda g, x, y: g * share(x, y, x <= y), y=lambda g, x, y: g * share(x, y, x >= y))
ops.fmax.vjps(x=lambda g, x, y: g * ((x >= y) | (y != y)), y=lambda g, x, y: g * ~((x >= y) | (y != y)))
ops.fmin.vjps(x=lambda g, x, y: g * ((x <= y) | (y != y)), y=lambda g, x, y: g * ~((x <= y) | (y != y)))
ops.clamp_bounds.vjps(
    x=lambda g, x, min, max: pick(within(x, min, max), g, 0.0),  # not g * 0, which is nan where g is infinite
    min=lambda g, x, min, max: g * ((x < min) if max is None else (x < min) & (min < max)),
    max=lambda g, x, min, max: g * ((x > max) if min is None else (x > max) | (min > max)),
)
ops.lerp_op.vjps(x=lambda g, weight: g * (1 - weight), end=lambda g, weight: g * weight, weight=lambda g, x, end: g * (end - x))
ops.where_between.vjps(condition=None, x=lambda g, condition: pick(condition, g, 0.0), y=lambda g, condition: pick(condition, 0.0, g))
ops.clone_op.vjps(x=lambda g: g)
ops.cast.vjps(x=lambda g: g)
ops.transfer.vjps(x=lambda g, x: move_back(g, x))

# ---------------------------------------------------------------- functions of one number

ops.sqrt.vjps(x=lambda g, out: g / (2 * out))
ops.rsqrt.vjps(x=lambda g, out: -0.5 * g * (out * out * out))
ops.square.vjps(x=lambda g, x: g * (2 * x))
ops.reciprocal.vjps(x=lambda g, out: -g * (out * out))
ops.exp.vjps(x=lambda g, out: g * out)
ops.exp2.vjps(x=lambda g, out: g * out * math.log(2))
ops.expm1.vjps(x=lambda g, out: g * (out + 1))
ops.log.vjps(x=lambda g, x: g / x)
ops.log2.vjps(x=lambda g, x: g / (x * math.log(2)))
ops.log10.vjps(x=lambda g, x: g / (x * math.log(10)))
ops.log1p.vjps(x=lambda g, x: g / (x + 1))
ops.logaddexp.vjps(x=lambda g, x, y: g / (1 + ops.exp(y - x)), y=lambda g, x, y: g / (1 + ops.exp(x - y)))
ops.logaddexp2.vjps(x=lambda g, x, y: g / (1 + ops.exp2(y - x)), y=lambda g, x, y: g / (1 + ops.exp2(x - y)))
ops.sin.vjps(x=lambda g, x: g * ops.cos(x))
ops.cos.vjps(x=lambda g, x: -g * ops.sin(x))
ops.tan.vjps(x=lambda g, out: g * (1 + out * out))
ops.asin.vjps(x=lambda g, x: g * ops.rsqrt(1 - x * x))
ops.acos.vjps(x=lambda g, x: -g * ops.rsqrt(1 - x * x))
ops.atan.vjps(x=lambda g, x: g / (1 + x * x))
ops.atan2.vjps(x=lambda g, x, y: g * y * safe_reciprocal(x * x + y * y), y=lambda g, x, y: -g * x * safe_reciprocal(x * x + y * y))
ops.sinh.vjps(x=lambda g, x: g * ops.cosh(x))
ops.cosh.vjps(x=lambda g, x: g * ops.sinh(x))
ops.tanh.vjps(x=lambda g, out: g * (1 - out * out))
ops.asinh.vjps(x=lambda g, x: g * ops.rsqrt(x * x + 1))
ops.acosh.vjps(x=lambda g, x: g * ops.rsqrt(x * x - 1))
ops.atanh.vjps(x=lambda g, x: g / (1 - x * x))
ops.sinc.vjps(x=lambda g, x: g * sinc_slope(x))
ops.sigmoid.vjps(x=lambda g, out: g * (out * (1 - out)))
ops.logit_op.vjps(x=lambda g, x, eps: g * logit_slope(x, eps))
ops.erf.vjps(x=lambda g, x: g * ops.exp(-(x * x)) * (2 / math.sqrt(math.pi)))
ops.erfc.vjps(x=lambda g, x: g * ops.exp(-(x * x)) * (-2 / math.sqrt(math.pi)))
ops.i0.vjps(x=lambda g, x: g * ops.i1(x))
ops.i1.vjps(x=lambda g, x, out: g * (ops.i0(x) - pick(x == 0, 0.5, out / pick(x == 0, 1.0, x))))
ops.ndtri.vjps(x=lambda g, out: g * ops.exp(0.5 * out * out) * math.sqrt(2 * math.pi))
ops.log_ndtr.vjps(x=lambda g, x, out: g * ops.exp(-0.5 * x * x - out) / math.sqrt(2 * math.pi))
ops.erfinv.vjps(x=lambda g, out: g * ops.exp(out * out) * (math.sqrt(math.pi) / 2))
ops.lgamma.vjps(x=lambda g, x: g * ops.digamma(x))
ops.digamma.vjps(x=lambda g, x: g * ops.polygamma(1, x))
ops.polygamma_op.vjps(x=lambda g, x, n: g * ops.polygamma(n + 1, x))
ops.floor.vjps(x=lambda g: zeros(g))
ops.ceil.vjps(x=lambda g: zeros(g))
ops.trunc.vjps(x=lambda g: zeros(g))
ops.round.vjps(x=lambda g: zeros(g))
ops.sign.vjps(x=lambda g: zeros(g))
ops.heaviside.vjps(x=lambda g: zeros(g), values=lambda g, x: g * (x == 0))
ops.copysign.vjps(x=lambda g, x, out: g * (ops.sign(x) * ops.sign(out)), y=lambda g: zeros(g))
ops.real.vjps(x=lambda g: ops.make_complex(g, zeros(g)))
ops.imag.vjps(x=lambda g: ops.make_complex(zeros(g), g))
ops.view_as_complex.vjps(x=lambda g: ops.view_as_real(ops.conj(g)))
ops.view_as_real.vjps(x=lambda g: ops.view_as_complex(ops.contiguous_op(g)))
ops.conj.vjps(x=lambda g: ops.conj(g))
ops.make_complex.vjps(x=lambda g: ops.real(g), y=lambda g: -ops.imag(g))

ops.fft_op.vjps(x=lambda g, dims, norm: ops.fft_op(g, dims=dims, norm=norm))  # the transform's matrix is symmetric
ops.ifft_op.vjps(x=lambda g, dims, norm: ops.ifft_op(g, dims=dims, norm=norm))

# ---------------------------------------------------------------- reductions

ops.sum.vjps(x=lambda g, x_shape, dim, keepdim: spread(g, x_shape, dim, keepdim))
ops.mean.vjps(x=lambda g, x_shape, dim, keepdim: spread(g / count(x_shape, dim), x_shape, dim, keepdim))
ops.var_op.vjps(x=lambda g, x, dim, correction, keepdim: variance_slope(spread(g, x.shape, dim, keepdim), x, dim, correction))
ops.std_op.vjps(x=lambda g, x, out, dim, correction, keepdim: std_slope(g, x, out, dim, correction, keepdim))
ops.prod_op.vjps(x=lambda g, x, out, dim, keepdim: spread(g * out, x.shape, dim, keepdim) / x)
ops.amax.vjps(x=lambda g, x, out, dim, keepdim: spread_evenly(g, x, out, dim, keepdim))
ops.amin.vjps(x=lambda g, x, out, dim, keepdim: spread_evenly(g, x, out, dim, keepdim))
ops.logsumexp_op.vjps(
    x=lambda g, x, out, dim, keepdim: spread(g, x.shape, dim, keepdim) * ops.exp(finite(x - spread(out, x.shape, dim, keepdim)))
)
ops.cumsum.vjps(x=lambda g, dim, x_shape: reverse_cumsum(g, dim) if x_shape else g)
ops.cumprod_op.vjps(x=lambda g, x, out, dim: reverse_cumsum(g * out, dim) / x if x.ndim else g)
ops.logcumsumexp.vjps(x=lambda g, x, out, dim: logcumsumexp_slope(g, x, out, dim) if x.ndim else g)
ops.norm2.vjps(x=lambda g, x, out, dim, keepdim: x * spread(safe_divide(g, out), x.shape, dim, keepdim))

# ---------------------------------------------------------------- shapes

ops.reshape_op.vjps(x=lambda g, x_shape: ops.reshape_op(g, shape=x_shape))
ops.view_op.vjps(x=lambda g, x_shape: ops.reshape_op(g, shape=x_shape))
ops.unsqueeze_op.vjps(x=lambda g, x_shape: ops.reshape_op(g, shape=x_shape))
ops.squeeze_op.vjps(x=lambda g, x_shape: ops.reshape_op(g, shape=x_shape))
ops.expand_op.vjps(x=lambda g: g)
ops.contiguous_op.vjps(x=lambda g: g)
ops.transpose_op.vjps(x=lambda g, dim0, dim1: ops.transpose_op(g, dim0=dim0, dim1=dim1))
ops.permute_op.vjps(x=lambda g, dims: ops.permute_op(g, dims=inverse(dims)))
ops.as_strided_op.vjps(x=lambda g, x_shape, size, stride, offset: ops.overlap_add(g, shape=x_shape, stride=stride, offset=offset))
ops.overlap_add.vjps(g=lambda g, g_shape, stride, offset: ops.as_strided_op(g, size=g_shape, stride=stride, offset=offset))
ops.diagonal.vjps(x=lambda g, x_shape, offset, dim1, dim2: from_diagonal(g, x_shape, offset, dim1, dim2))
ops.diag_embed.vjps(x=lambda g, offset, dim1, dim2: ops.diagonal(g, offset=offset, dim1=dim1, dim2=dim2))
ops.unfold_windows.vjps(
    x=lambda g, x_shape, dimension, size, step: ops.fold_windows(g, dimension=dimension, size=size, step=step, shape=x_shape)
)
ops.fold_windows.vjps(g=lambda g, dimension, size, step: ops.unfold_windows(g, dimension=dimension, size=size, step=step))
ops.concatenate.vjps(tensors=lambda g, i, shapes, dim: own_part(g, i, shapes, dim))
ops.flip_op.vjps(x=lambda g, dims: ops.flip_op(g, dims=dims))
ops.roll.vjps(x=lambda g, shifts, dims: ops.roll(g, shifts=negated(shifts), dims=dims))
ops.tril.vjps(x=lambda g, diagonal: ops.tril(g, diagonal=diagonal))
ops.triu.vjps(x=lambda g, diagonal: ops.triu(g, diagonal=diagonal))

# ---------------------------------------------------------------- indexing

ops.getitem_op.vjps(x=lambda g, index, x_shape: ops.put_zeros(g, index=index, shape=x_shape))
ops.put_zeros.vjps(g=lambda g, index: ops.getitem_op(g, index=index))
ops.put.vjps(
    x=lambda g, index, accumulate: g if accumulate else ops.zero_at(g, index=index),
    value=lambda g, index: ops.getitem_op(g, index=index),
)
ops.zero_at.vjps(g=lambda g, index: ops.zero_at(g, index=index))
ops.gather_op.vjps(
    x=lambda g, index, x_shape, dim: ops.scatter_add_op(new_zeros(g, x_shape), index, g, dim=dim) if x_shape else g.sum().reshape(x_shape),
    index=None,
)
ops.scatter_add_op.vjps(x=lambda g: g, index=None, src=lambda g, index, dim: ops.gather_op(g, index, dim=dim))
ops.scatter_op.vjps(
    x=lambda g, index, dim: ops.scatter_op(g, index, 0.0, dim=dim), index=None, src=lambda g, index, dim: ops.gather_op(g, index, dim=dim)
)
ops.scatter_fold.vjps(
    x=lambda g, x, index, src, out, dim, reduce: fold_share(g, x, index, src, out, dim, reduce)[0],
    index=None,
    src=lambda g, x, index, src, out, dim, reduce: fold_share(g, x, index, src, out, dim, reduce)[1],
)
ops.crop_op.vjps(x=lambda g, x_shape: ops.uncrop(g, shape=x_shape))
ops.uncrop.vjps(g=lambda g, g_shape: ops.crop_op(g, shape=g_shape))
ops.masked_fill_op.vjps(x=lambda g, mask: pick(mask, 0.0, g), mask=None, value=lambda g, mask: pick(mask, g, 0.0))

# ---------------------------------------------------------------- linear algebra

ops.matmul_op.vjps(x=lambda g, y: ops.matmul_op(g, mT(y)), y=lambda g, x, y_shape: left_product(x, g, y_shape))
ops.einsum_op.vjps(operands=lambda g, i, operands, shapes, equation: einsum_slope(g, i, operands, shapes, equation))
ops.inv_op.vjps(x=lambda g, out: -(mT(out) @ g @ mT(out)))
ops.det_op.vjps(x=lambda g, out, x: column(g * out) * cofactor_inverse(x))
ops.slogdet_op.vjps(x=lambda g, x: column(g[1]) * mT(ops.inv_op(x)))
ops.solve_op.vjps(x=lambda g, x, out: -(ops.solve_op(mT(x), g) @ mT(out)), y=lambda g, x: ops.solve_op(mT(x), g))
ops.cholesky_op.vjps(x=lambda g, out: cholesky_slope(g, out))
ops.eigh_op.vjps(x=lambda g, out: eigh_slope(*g, *out))
ops.qr_op.vjps(x=lambda g, out: qr_slope(*g, *out))
ops.svd_op.vjps(x=lambda g, out: svd_slope(*g, *out))


# ---------------------------------------------------------------- what the rules are made of


def move_back(g, x):
    where = device_of(x.array if isinstance(x, Value) else x)
    return ops.transfer(g, device=where)


def is_complex(x) -> bool:
    return isinstance(x, complex) or ((x.array if isinstance(x, Value) else x).dtype.kind == "c" if hasattr(x, "dtype") else False)


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
        x, g = (ops.reshape_op(t, shape=(-1, t.shape[-1])) for t in (x, g))
    return ops.matmul_op(mT(x), g)


def einsum_slope(g, i: int, operands, shapes, equation: str):
    """The gradient of operand i: the same sum with g in its place; letters only it has are spread."""
    inputs, output = equation.split("->")
    inputs = inputs.split(",")
    others = [(t, x) for k, (t, x) in enumerate(zip(inputs, operands)) if k != i]
    known = output + "".join(t for t, _ in others)
    target = "".join(c for c in inputs[i] if c in known)
    grad = ops.einsum_op(g, *[x for _, x in others], equation=",".join([output, *(t for t, _ in others)]) + "->" + target)
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
    return symmetric_half(mT(ops.solve_op(mT(L), mT(half))))


def symmetric_half(s):
    return (s + mT(s)) * 0.5


def eigh_slope(gw, gv, w, v):
    gaps = ops.unsqueeze_op(w, dim=-2) - ops.unsqueeze_op(w, dim=-1)
    inner = (mT(v) @ gv) * safe_reciprocal(gaps)
    return symmetric_half(v @ (inner + ops.diag_embed(gw)) @ mT(v))


def qr_slope(gq, gr, q, r):
    k, n = r.shape[-2:]
    if n > k:  # a wide matrix: its right part is q.mT @ x there, the left part a square factorization
        left, right = (..., slice(None, k)), (..., slice(k, None))
        gr_right = ops.getitem_op(gr, index=right)
        tail = q @ ops.getitem_op(r, index=right)
        square = qr_slope(gq + tail @ mT(gr_right), ops.getitem_op(gr, index=left), q, ops.getitem_op(r, index=left))
        return ops.concatenate(square, q @ gr_right, dim=-1)
    # Walter and Lehmann, Algorithmic differentiation of linear algebra functions (2018), for tall or square matrices.
    m = r @ mT(gr) - mT(gq) @ q
    sym = ops.tril(m) + mT(ops.tril(m, diagonal=-1))
    return mT(ops.solve_op(r, mT(gq + q @ sym)))


def svd_slope(gu, gs, gvh, u, s, vh):
    v, gv = mT(vh), mT(gvh)
    squares = s * s
    gaps = safe_reciprocal(ops.unsqueeze_op(squares, dim=-2) - ops.unsqueeze_op(squares, dim=-1))
    row, col = ops.unsqueeze_op(s, dim=-2), ops.unsqueeze_op(s, dim=-1)
    skew = lambda a: a - mT(a)  # noqa: E731
    inner = (gaps * skew(mT(u) @ gu)) * row + col * (gaps * skew(mT(v) @ gv)) + ops.diag_embed(gs)
    out = u @ inner @ vh
    m, n, k = u.shape[-2], vh.shape[-1], s.shape[-1]
    if m > k:
        out = out + (gu - u @ (mT(u) @ gu)) / row @ vh
    if n > k:
        out = out + u @ (mT(gv - v @ (mT(v) @ gv)) / col)
    return out
