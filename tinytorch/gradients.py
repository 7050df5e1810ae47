"""The gradient table: one row per base op, one rule per argument.

A rule gets `g`, the gradient of the result, and what it names: an argument (`x`), an argument's shape (`x_shape`), the
result (`out`) or a setting (`dim`). Undoing broadcasting is the engine's work, so `add` has nothing left to do; so is
conjugation, so the rules read as for real numbers (where a result is complex, `g` is the conjugate of the gradient).
"""

from __future__ import annotations

import math

from . import ops
from .slopes import (
    cholesky_slope,
    cofactor_inverse,
    column,
    count,
    eig_slope,
    eigh_slope,
    einsum_slope,
    exponent_slope,
    finite,
    fold_share,
    from_diagonal,
    inverse,
    joined,
    left_product,
    logcumsumexp_slope,
    logit_slope,
    mH,
    move_back,
    mT,
    negated,
    new_zeros,
    own_part,
    pick,
    pow_slope,
    qr_slope,
    reverse_cumsum,
    safe_divide,
    safe_reciprocal,
    share,
    sinc_slope,
    spread,
    spread_evenly,
    std_slope,
    svd_slope,
    unit,
    variance_slope,
    within,
    zeros,
)  # fmt: skip

# ---------------------------------------------------------------- arithmetic

ops.add_op.vjps(x=lambda g: g, y=lambda g: g)
ops.sub_op.vjps(x=lambda g: g, y=lambda g: -g)
ops.mul.vjps(x=lambda g, y: g * y, y=lambda g, x: g * x)
ops.div.vjps(
    x=lambda g, y: g / y, y=lambda g, x, y: -g * (x / y / y)
)  # not from `out`: a quotient may be overwritten, as in PyTorch
ops.neg.vjps(x=lambda g: -g)
ops.pow.vjps(
    x=lambda g, x, exponent: g * pow_slope(x, exponent),
    exponent=lambda g, out, x, exponent: g * exponent_slope(x, exponent, out),
)
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
ops.lerp_op.vjps(
    x=lambda g, weight: g * (1 - weight),
    end=lambda g, weight: g * weight,
    weight=lambda g, x, end: g * (end - x),
)
ops.where_between.vjps(
    condition=None,
    x=lambda g, condition: pick(condition, g, 0.0),
    y=lambda g, condition: pick(condition, 0.0, g),
)
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
ops.atan2.vjps(
    x=lambda g, x, y: g * y * safe_reciprocal(x * x + y * y),
    y=lambda g, x, y: -g * x * safe_reciprocal(x * x + y * y),
)
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

ops.fft_op.vjps(
    x=lambda g, dims, norm: ops.fft_op(g, dims=dims, norm=norm)
)  # the transform's matrix is symmetric
ops.ifft_op.vjps(x=lambda g, dims, norm: ops.ifft_op(g, dims=dims, norm=norm))

# ---------------------------------------------------------------- reductions

ops.sum.vjps(x=lambda g, x_shape, dim, keepdim: spread(g, x_shape, dim, keepdim))
ops.mean.vjps(x=lambda g, x_shape, dim, keepdim: spread(g / count(x_shape, dim), x_shape, dim, keepdim))
ops.var_op.vjps(
    x=lambda g, x, dim, correction, keepdim: variance_slope(
        spread(g, x.shape, dim, keepdim), x, dim, correction
    )
)
ops.std_op.vjps(x=lambda g, x, out, dim, correction, keepdim: std_slope(g, x, out, dim, correction, keepdim))
ops.prod_op.vjps(x=lambda g, x, out, dim, keepdim: spread(g * out, x.shape, dim, keepdim) / x)
ops.amax.vjps(x=lambda g, x, out, dim, keepdim: spread_evenly(g, x, out, dim, keepdim))
ops.amin.vjps(x=lambda g, x, out, dim, keepdim: spread_evenly(g, x, out, dim, keepdim))
ops.logsumexp_op.vjps(
    x=lambda g, x, out, dim, keepdim: (
        spread(g, x.shape, dim, keepdim) * ops.exp(finite(x - spread(out, x.shape, dim, keepdim)))
    )
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
ops.as_strided_op.vjps(
    x=lambda g, x_shape, size, stride, offset: ops.overlap_add(g, shape=x_shape, stride=stride, offset=offset)
)
ops.overlap_add.vjps(
    g=lambda g, g_shape, stride, offset: ops.as_strided_op(g, size=g_shape, stride=stride, offset=offset)
)
ops.diagonal.vjps(x=lambda g, x_shape, offset, dim1, dim2: from_diagonal(g, x_shape, offset, dim1, dim2))
ops.diag_embed.vjps(x=lambda g, offset, dim1, dim2: ops.diagonal(g, offset=offset, dim1=dim1, dim2=dim2))
ops.unfold_windows.vjps(
    x=lambda g, x_shape, dimension, size, step: ops.fold_windows(
        g, dimension=dimension, size=size, step=step, shape=x_shape
    )
)
ops.fold_windows.vjps(
    g=lambda g, dimension, size, step: ops.unfold_windows(g, dimension=dimension, size=size, step=step)
)
ops.concatenate.vjps(tensors=lambda g, i, shapes, dim: own_part(g, i, shapes, dim))
ops.flip_op.vjps(x=lambda g, dims: ops.flip_op(g, dims=dims))
ops.roll.vjps(x=lambda g, shifts, dims: ops.roll(g, shifts=negated(shifts), dims=dims))
ops.tril.vjps(x=lambda g, diagonal: ops.tril(g, diagonal=diagonal))
ops.triu.vjps(x=lambda g, diagonal: ops.triu(g, diagonal=diagonal))

# ---------------------------------------------------------------- indexing

ops.split_op.vjps(x=lambda g, dim: joined(g, dim))
ops.getitem_op.vjps(x=lambda g, index, x_shape: ops.put_zeros(g, index=index, shape=x_shape))
ops.put_zeros.vjps(g=lambda g, index: ops.getitem_op(g, index=index))
ops.put.vjps(
    x=lambda g, index, accumulate: g if accumulate else ops.zero_at(g, index=index),
    value=lambda g, index: ops.getitem_op(g, index=index),
)
ops.zero_at.vjps(g=lambda g, index: ops.zero_at(g, index=index))
ops.gather_op.vjps(
    x=lambda g, index, x_shape, dim: (
        ops.scatter_add_op(new_zeros(g, x_shape), index, g, dim=dim) if x_shape else g.sum().reshape(x_shape)
    ),
    index=None,
)
ops.scatter_add_op.vjps(x=lambda g: g, index=None, src=lambda g, index, dim: ops.gather_op(g, index, dim=dim))
ops.scatter_op.vjps(
    x=lambda g, index, dim: ops.scatter_op(g, index, 0.0, dim=dim),
    index=None,
    src=lambda g, index, dim: ops.gather_op(g, index, dim=dim),
)
ops.scatter_fold.vjps(
    x=lambda g, x, index, src, out, dim, reduce: fold_share(g, x, index, src, out, dim, reduce)[0],
    index=None,
    src=lambda g, x, index, src, out, dim, reduce: fold_share(g, x, index, src, out, dim, reduce)[1],
)
ops.crop_op.vjps(x=lambda g, x_shape: ops.uncrop(g, shape=x_shape))
ops.uncrop.vjps(g=lambda g, g_shape: ops.crop_op(g, shape=g_shape))
ops.masked_fill_op.vjps(
    x=lambda g, mask: pick(mask, 0.0, g), mask=None, value=lambda g, mask: pick(mask, g, 0.0)
)

# ---------------------------------------------------------------- linear algebra

ops.matmul_op.vjps(
    x=lambda g, y: ops.matmul_op(g, mT(y)), y=lambda g, x, y_shape: left_product(x, g, y_shape)
)
ops.einsum_op.vjps(
    operands=lambda g, i, operands, shapes, equation: einsum_slope(g, i, operands, shapes, equation)
)
ops.inv_op.vjps(x=lambda g, out: -(mT(out) @ g @ mT(out)))
ops.det_op.vjps(x=lambda g, out, x: column(g * out) * cofactor_inverse(x))
ops.slogdet_op.vjps(x=lambda g, x: column(g[1]) * mH(ops.inv_op(x)))
ops.solve_op.vjps(
    x=lambda g, x, out: -(ops.solve_op(mT(x), g) @ mT(out)), y=lambda g, x: ops.solve_op(mT(x), g)
)
ops.cholesky_op.vjps(x=lambda g, out: cholesky_slope(g, out))
ops.eigh_op.vjps(x=lambda g, out: eigh_slope(*g, *out))
ops.eig_op.vjps(x=lambda g, out: eig_slope(*g, *out))
ops.qr_op.vjps(x=lambda g, out: qr_slope(*g, *out))
ops.svd_op.vjps(x=lambda g, out: svd_slope(*g, *out))
