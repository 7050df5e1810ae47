"""Invertible functions with the logarithm of their slope, to make distributions from distributions."""

from __future__ import annotations

import math
from typing import Any

from ..creation import eye, full_like, tril_indices, zeros_like
from ..dtypes import finfo
from ..nn.functional.activation import softplus
from ..ops import atanh, broadcast_shapes, cat, cholesky, exp, log, log1p, matmul, sigmoid, stack
from . import constraints
from .utils import NUMBERS, _sum_rightmost, broadcast_all

__all__ = [
    "AbsTransform",
    "AffineTransform",
    "CatTransform",
    "ComposeTransform",
    "CorrCholeskyTransform",
    "CumulativeDistributionTransform",
    "ExpTransform",
    "IndependentTransform",
    "LowerCholeskyTransform",
    "PositiveDefiniteTransform",
    "PowerTransform",
    "ReshapeTransform",
    "SigmoidTransform",
    "SoftmaxTransform",
    "SoftplusTransform",
    "StackTransform",
    "StickBreakingTransform",
    "TanhTransform",
    "Transform",
    "identity_transform",
]


class Transform:
    """y = t(x), x = t.inv(y), and `log_abs_det_jacobian(x, y)` = log |dy/dx|. With cache_size=1 the inverse of the last y
    is the x it came from, exactly."""

    bijective: Any = False
    sign: Any = 1
    domain: Any
    codomain: Any

    def __init__(self, cache_size: int = 0):
        if cache_size not in (0, 1):
            raise ValueError("cache_size must be 0 or 1")
        self._cache_size, self._cached_x_y = cache_size, (None, None)
        self._inv: Any = None
        super().__init__()  # a class may be a transform and a module in one

    @property
    def inv(self) -> Transform:
        if self._inv is None:
            self._inv = _InverseTransform(self)
        return self._inv

    @property
    def event_dim(self) -> int:
        if self.domain.event_dim != self.codomain.event_dim:
            raise ValueError("Please use either .domain.event_dim or .codomain.event_dim")
        return self.domain.event_dim

    def with_cache(self, cache_size: int = 1) -> Transform:
        """The same transform with a cache of that size."""
        if self._cache_size == cache_size:
            return self
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__, _cache_size=cache_size, _cached=(None, None), _inv=None)
        return other

    def __call__(self, x):
        if not self._cache_size:
            return self._call(x)
        if x is not self._cached_x_y[0]:
            self._cached_x_y = x, self._call(x)
        return self._cached_x_y[1]

    def _inv_call(self, y):
        if not self._cache_size:
            return self._inverse(y)
        if y is not self._cached_x_y[1]:
            self._cached_x_y = self._inverse(y), y
        return self._cached_x_y[0]

    def _call(self, x):
        raise NotImplementedError

    def _inverse(self, y):
        raise NotImplementedError

    def log_abs_det_jacobian(self, x, y):
        raise NotImplementedError

    def forward_shape(self, shape):
        return shape

    inverse_shape = forward_shape

    def __eq__(self, other) -> bool:
        return type(self) is type(other) and self._settings() == other._settings()

    __hash__ = object.__hash__

    def _settings(self) -> tuple:
        """What two transforms of one class must have in common to be equal."""
        return ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class _InverseTransform(Transform):
    def __init__(self, transform: Transform):
        super().__init__(transform._cache_size)
        self._inv = transform

    domain = constraints.dependent_property(lambda self: self._inv.codomain, is_discrete=False)
    codomain = constraints.dependent_property(lambda self: self._inv.domain, is_discrete=False)
    bijective = property(lambda self: self._inv.bijective)
    sign = property(lambda self: self._inv.sign)

    def with_cache(self, cache_size=1):
        return self._inv.with_cache(cache_size).inv

    def __call__(self, x):
        return self._inv._inv_call(x)

    def _inv_call(self, y):
        return self._inv(y)

    def log_abs_det_jacobian(self, x, y):
        return -self._inv.log_abs_det_jacobian(y, x)

    def forward_shape(self, shape):
        return self._inv.inverse_shape(shape)

    def inverse_shape(self, shape):
        return self._inv.forward_shape(shape)

    def _settings(self):
        return (self._inv,)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._inv!r})"


class ComposeTransform(Transform):
    """Transforms one after another."""

    def __init__(self, parts: list[Transform], cache_size: int = 0):
        super().__init__(cache_size)
        self.parts = [part.with_cache(cache_size) for part in parts] if cache_size else parts

    @constraints.dependent_property(is_discrete=False)
    def domain(self):
        ends = [(part.domain.event_dim, part.codomain.event_dim) for part in reversed(self.parts)]
        return widened(self.parts[0].domain, ends[0][1], ends) if self.parts else constraints.real

    @constraints.dependent_property(is_discrete=False)
    def codomain(self):
        ends = [(part.codomain.event_dim, part.domain.event_dim) for part in self.parts]
        return widened(self.parts[-1].codomain, ends[0][1], ends) if self.parts else constraints.real

    bijective = property(lambda self: all(part.bijective for part in self.parts))

    @property
    def sign(self):
        sign = 1
        for part in self.parts:
            sign = sign * part.sign
        return sign

    @property
    def inv(self):
        if self._inv is None:
            self._inv = ComposeTransform([part.inv for part in reversed(self.parts)])
            self._inv._inv = self
        return self._inv

    def with_cache(self, cache_size=1):
        return self if self._cache_size == cache_size else ComposeTransform(self.parts, cache_size)

    def __call__(self, x):
        for part in self.parts:
            x = part(x)
        return x

    def log_abs_det_jacobian(self, x, y):
        if not self.parts:
            return zeros_like(x)
        total, event_dim = 0.0, self.domain.event_dim
        for part in self.parts:
            z = y if part is self.parts[-1] else part(x)
            total = total + _sum_rightmost(part.log_abs_det_jacobian(x, z), event_dim - part.domain.event_dim)
            event_dim += part.codomain.event_dim - part.domain.event_dim
            x = z
        return total

    def forward_shape(self, shape):
        for part in self.parts:
            shape = part.forward_shape(shape)
        return shape

    def inverse_shape(self, shape):
        for part in reversed(self.parts):
            shape = part.inverse_shape(shape)
        return shape

    def _settings(self):
        return tuple(self.parts)

    def __repr__(self) -> str:
        return "ComposeTransform(\n    " + ",\n    ".join(map(repr, self.parts)) + "\n)"


def widened(constraint, event_dim: int, ends):
    """The constraint with as many event dims as the chain needs at its end; `ends` are (here, there) dims of each part."""
    for here, there in ends:
        event_dim = max(event_dim + here - there, here)
    missing = event_dim - constraint.event_dim
    return constraints.independent(constraint, missing) if missing else constraint


class IndependentTransform(Transform):
    """A transform whose last dims count as one event: the log slopes are summed over them."""

    def __init__(self, base_transform: Transform, reinterpreted_batch_ndims: int, cache_size: int = 0):
        super().__init__(cache_size)
        self.base_transform, self.reinterpreted_batch_ndims = (
            base_transform.with_cache(cache_size),
            reinterpreted_batch_ndims,
        )

    @constraints.dependent_property(is_discrete=False)
    def domain(self):
        return constraints.independent(self.base_transform.domain, self.reinterpreted_batch_ndims)

    @constraints.dependent_property(is_discrete=False)
    def codomain(self):
        return constraints.independent(self.base_transform.codomain, self.reinterpreted_batch_ndims)

    bijective = property(lambda self: self.base_transform.bijective)
    sign = property(lambda self: self.base_transform.sign)

    def _call(self, x):
        return self.base_transform(x)

    def _inverse(self, y):
        return self.base_transform.inv(y)

    def log_abs_det_jacobian(self, x, y):
        return _sum_rightmost(self.base_transform.log_abs_det_jacobian(x, y), self.reinterpreted_batch_ndims)

    def forward_shape(self, shape):
        return self.base_transform.forward_shape(shape)

    def inverse_shape(self, shape):
        return self.base_transform.inverse_shape(shape)

    def _settings(self):
        return self.base_transform, self.reinterpreted_batch_ndims

    def __repr__(self) -> str:
        return f"IndependentTransform({self.base_transform!r}, {self.reinterpreted_batch_ndims})"


# ---------------------------------------------------------------- the functions


class ExpTransform(Transform):
    """y = exp(x)."""

    domain, codomain, bijective = constraints.real, constraints.positive, True

    def _call(self, x):
        return exp(x)

    def _inverse(self, y):
        return log(y)

    def log_abs_det_jacobian(self, x, y):
        return x


class PowerTransform(Transform):
    """y = x^exponent."""

    domain, codomain, bijective = constraints.positive, constraints.positive, True

    def __init__(self, exponent, cache_size: int = 0):
        super().__init__(cache_size)
        (self.exponent,) = broadcast_all(exponent)

    sign = property(lambda self: self.exponent.sign())

    def _call(self, x):
        return x.pow(self.exponent)

    def _inverse(self, y):
        return y.pow(1 / self.exponent)

    def log_abs_det_jacobian(self, x, y):
        return (self.exponent * y / x).abs().log()

    def forward_shape(self, shape):
        return broadcast_shapes(shape, self.exponent.shape)

    inverse_shape = forward_shape

    def _settings(self):
        return (self.exponent.tolist(),)


class SigmoidTransform(Transform):
    """y = 1 / (1 + exp(-x)), kept off 0 and 1."""

    domain, codomain, bijective = constraints.real, constraints.unit_interval, True

    def _call(self, x):
        return off_the_ends(sigmoid(x))

    def _inverse(self, y):
        y = off_the_ends(y)
        return log(y) - log1p(-y)

    def log_abs_det_jacobian(self, x, y):
        return -softplus(-x) - softplus(x)


def off_the_ends(y):
    limits = finfo(y.dtype)
    return y.clamp(min=limits.tiny, max=1.0 - limits.eps)


class SoftplusTransform(Transform):
    """y = log(1 + exp(x))."""

    domain, codomain, bijective = constraints.real, constraints.positive, True

    def _call(self, x):
        return softplus(x)

    def _inverse(self, y):
        return (-y).expm1().neg().log() + y

    def log_abs_det_jacobian(self, x, y):
        return -softplus(-x)


class TanhTransform(Transform):
    """y = tanh(x). Near -1 and 1 the inverse loses digits: use cache_size=1."""

    domain, codomain, bijective = constraints.real, constraints.interval(-1.0, 1.0), True

    def _call(self, x):
        return x.tanh()

    def _inverse(self, y):
        return atanh(y)

    def log_abs_det_jacobian(self, x, y):
        return 2.0 * (math.log(2.0) - x - softplus(-2.0 * x))  # log(1 - y^2) without the cancellation


class AbsTransform(Transform):
    """y = |x|."""

    domain, codomain = constraints.real, constraints.positive

    def _call(self, x):
        return x.abs()

    def _inverse(self, y):
        return y


class AffineTransform(Transform):
    """y = loc + scale * x."""

    bijective = True

    def __init__(self, loc, scale, event_dim: int = 0, cache_size: int = 0):
        super().__init__(cache_size)
        self.loc, self.scale, self._event_dim = loc, scale, event_dim

    event_dim = property(lambda self: self._event_dim)

    @constraints.dependent_property(is_discrete=False)
    def domain(self):
        return (
            constraints.independent(constraints.real, self.event_dim) if self.event_dim else constraints.real
        )

    codomain = domain

    @property
    def sign(self):
        return (self.scale > 0) - (self.scale < 0) if isinstance(self.scale, NUMBERS) else self.scale.sign()

    def _call(self, x):
        return self.loc + self.scale * x

    def _inverse(self, y):
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x, y):
        fixed = isinstance(self.scale, NUMBERS)
        slope = full_like(x, math.log(abs(self.scale))) if fixed else self.scale.abs().log()
        shape = x.shape[: x.dim() - self.event_dim]
        return _sum_rightmost(slope, self.event_dim).expand(shape)

    def forward_shape(self, shape):
        return broadcast_shapes(shape, getattr(self.loc, "shape", ()), getattr(self.scale, "shape", ()))

    inverse_shape = forward_shape

    def _settings(self):
        return tuple(v.tolist() if hasattr(v, "tolist") else v for v in (self.loc, self.scale))


class SoftmaxTransform(Transform):
    """y = exp(x), scaled to sum to 1 along the last dim; its pseudo-inverse is the logarithm."""

    domain, codomain = constraints.real_vector, constraints.simplex

    def _call(self, x):
        y = exp(x - x.amax(-1, keepdim=True))
        return y / y.sum(-1, keepdim=True)

    def _inverse(self, y):
        return log(y)


# ---------------------------------------------------------------- vectors and matrices


class StickBreakingTransform(Transform):
    """k numbers to k + 1 shares of a stick: each breaks its part off what is left. Zeros give equal shares."""

    domain, codomain, bijective = constraints.real_vector, constraints.simplex, True

    def _call(self, x):
        z = off_the_ends(sigmoid(x - self.offsets(x)))
        left = (1 - z).cumprod(-1)
        one = left.new_ones((*left.shape[:-1], 1))
        return cat([z, one], -1) * cat([one, left], -1)

    def _inverse(self, y):
        parts = y[..., :-1]
        left = (1 - parts.cumsum(-1)).clamp(min=finfo(y.dtype).tiny)
        return parts.log() - left.log() + self.offsets(parts).to(y.dtype)

    @staticmethod
    def offsets(x):
        """log of how many shares are still to come after each one: ln k, ..., ln 1."""
        k = x.shape[-1]
        return x.new_tensor([math.log(k - i) for i in range(k)])

    def log_abs_det_jacobian(self, x, y):
        x = x - self.offsets(x)
        return (-x - softplus(-x) + y[..., :-1].log()).sum(-1)

    def forward_shape(self, shape):
        if len(shape) < 1:
            raise ValueError("Too few dimensions on input")
        return tuple(shape[:-1]) + (shape[-1] + 1,)

    def inverse_shape(self, shape):
        if len(shape) < 1:
            raise ValueError("Too few dimensions on input")
        return tuple(shape[:-1]) + (shape[-1] - 1,)


class LowerCholeskyTransform(Transform):
    """The lower triangle of a square matrix, its diagonal made positive by exp."""

    domain, codomain = constraints.independent(constraints.real, 2), constraints.lower_cholesky

    def _call(self, x):
        return x.tril(-1) + x.diagonal(dim1=-2, dim2=-1).exp().diag_embed()

    def _inverse(self, y):
        return y.tril(-1) + y.diagonal(dim1=-2, dim2=-1).log().diag_embed()


class PositiveDefiniteTransform(Transform):
    """L L^T for L from LowerCholeskyTransform."""

    domain, codomain = constraints.independent(constraints.real, 2), constraints.positive_definite

    def _call(self, x):
        L = LowerCholeskyTransform()(x)
        return matmul(L, L.mT)

    def _inverse(self, y):
        return LowerCholeskyTransform().inv(cholesky(y))


class CorrCholeskyTransform(Transform):
    """n (n - 1) / 2 numbers to the Cholesky factor of an n x n correlation matrix: tanh, then a stick broken in each row."""

    domain, codomain, bijective = constraints.real_vector, constraints.corr_cholesky, True

    def _call(self, x):
        eps = finfo(x.dtype).eps
        r = below_diagonal(x.tanh().clamp(min=-1 + eps, max=1 - eps))  # (..., n, n)
        left = (1 - r.pow(2)).sqrt().cumprod(-1)
        n = r.shape[-1]
        return (r + eye(n, dtype=r.dtype, device=r.device)) * shifted(left)

    def _inverse(self, y):
        left = (1 - y.pow(2).cumsum(-1)).clamp(min=finfo(y.dtype).tiny)
        r = y.tril(-1) / shifted(left).sqrt()
        return atanh(triangle(r))

    def log_abs_det_jacobian(self, x, y):
        left = 1 - y.pow(2).cumsum(-1)
        from_rows = 0.5 * triangle(left, -2).log().sum(-1) if y.shape[-1] > 2 else x.new_zeros(())
        return from_rows - 2.0 * (x + softplus(-2 * x) - math.log(2.0)).sum(-1)

    def forward_shape(self, shape):
        n = round((0.25 + 2 * shape[-1]) ** 0.5 + 0.5)
        if n * (n - 1) // 2 != shape[-1]:
            raise ValueError("Input is not a flattend lower-diagonal number")
        return tuple(shape[:-1]) + (n, n)

    def inverse_shape(self, shape):
        if len(shape) < 2:
            raise ValueError("Too few dimensions on input")
        if shape[-2] != shape[-1]:
            raise ValueError("Input is not square")
        n = shape[-1]
        return tuple(shape[:-2]) + (n * (n - 1) // 2,)


def shifted(left):
    """What was left before each break: all of it before the first."""
    return cat([left.new_ones((*left.shape[:-1], 1)), left[..., :-1]], -1)


def triangle(matrix, diagonal: int = -1):
    """What lies on and under a diagonal, row by row: (..., n, n) -> (..., m)."""
    rows, columns = tril_indices(matrix.shape[-1], matrix.shape[-1], diagonal)
    return matrix[..., rows, columns]


def below_diagonal(values):
    """The inverse of `triangle`: (..., n (n - 1) / 2) -> (..., n, n), zero elsewhere."""
    n = round((0.25 + 2 * values.shape[-1]) ** 0.5 + 0.5)
    rows, columns = tril_indices(n, n, -1)
    flat = values.new_zeros((*values.shape[:-1], n * n))
    place = (rows * n + columns).expand(values.shape)
    return flat.scatter(-1, place, values).reshape(*values.shape[:-1], n, n)


# ---------------------------------------------------------------- shapes, and several in one


class ReshapeTransform(Transform):
    """The last dims in another shape."""

    bijective = True

    def __init__(self, in_shape, out_shape, cache_size: int = 0):
        super().__init__(cache_size)
        self.in_shape, self.out_shape = tuple(in_shape), tuple(out_shape)
        if math.prod(self.in_shape) != math.prod(self.out_shape):
            raise ValueError("in_shape, out_shape have different numbers of elements")

    @constraints.dependent_property(is_discrete=False)
    def domain(self):
        return constraints.independent(constraints.real, len(self.in_shape))

    @constraints.dependent_property(is_discrete=False)
    def codomain(self):
        return constraints.independent(constraints.real, len(self.out_shape))

    def _call(self, x):
        return x.reshape(x.shape[: x.dim() - len(self.in_shape)] + self.out_shape)

    def _inverse(self, y):
        return y.reshape(y.shape[: y.dim() - len(self.out_shape)] + self.in_shape)

    def log_abs_det_jacobian(self, x, y):
        return x.new_zeros(x.shape[: x.dim() - len(self.in_shape)])

    def forward_shape(self, shape):
        return reshaped(shape, self.in_shape, self.out_shape)

    def inverse_shape(self, shape):
        return reshaped(shape, self.out_shape, self.in_shape)

    def _settings(self):
        return self.in_shape, self.out_shape


def reshaped(shape, old: tuple, new: tuple) -> tuple:
    if len(shape) < len(old):
        raise ValueError("Too few dimensions on input")
    cut = len(shape) - len(old)
    if tuple(shape[cut:]) != old:
        raise ValueError(f"Shape mismatch: expected {tuple(shape[cut:])} but got {old}")
    return tuple(shape[:cut]) + new


class CumulativeDistributionTransform(Transform):
    """y = F(x), the distribution function: draws become uniform."""

    bijective, codomain, sign = True, constraints.unit_interval, +1

    def __init__(self, distribution, cache_size: int = 0):
        super().__init__(cache_size)
        self.distribution = distribution

    @property
    def domain(self):
        return self.distribution.support

    def _call(self, x):
        return self.distribution.cdf(x)

    def _inverse(self, y):
        return self.distribution.icdf(y)

    def log_abs_det_jacobian(self, x, y):
        return self.distribution.log_prob(x)


class CatTransform(Transform):
    """Transforms side by side: each one for its length of a dim."""

    def __init__(self, tseq, dim: int = 0, lengths=None, cache_size: int = 0):
        super().__init__(cache_size)
        self.transforms = [t.with_cache(cache_size) for t in tseq]
        self.lengths = [1] * len(self.transforms) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.transforms):
            raise ValueError(f"lengths: {len(self.lengths)} for {len(self.transforms)} transforms")
        self.dim = dim

    event_dim = property(lambda self: max(t.event_dim for t in self.transforms))
    length = property(lambda self: sum(self.lengths))
    bijective = property(lambda self: all(t.bijective for t in self.transforms))

    @property
    def domain(self):
        return constraints.cat([t.domain for t in self.transforms], self.dim, self.lengths)

    @property
    def codomain(self):
        return constraints.cat([t.codomain for t in self.transforms], self.dim, self.lengths)

    def parts(self, *tensors):
        """Each transform with its part of every tensor."""
        if any(t.size(self.dim) != self.length for t in tensors):
            raise ValueError(f"dim {self.dim} needs the size {self.length}, the sum of lengths")
        return zip(self.transforms, *[t.split(self.lengths, self.dim) for t in tensors])

    def _call(self, x):
        return cat([t(part) for t, part in self.parts(x)], self.dim)

    def _inverse(self, y):
        return cat([t.inv(part) for t, part in self.parts(y)], self.dim)

    def log_abs_det_jacobian(self, x, y):
        slopes = []
        for t, a, b in self.parts(x, y):
            slope = t.log_abs_det_jacobian(a, b)
            slopes.append(_sum_rightmost(slope, self.event_dim - t.event_dim))
        dim = self.dim if self.dim < 0 else self.dim - x.dim()
        dim += self.event_dim
        return cat(slopes, dim) if dim < 0 else sum(slopes)


class StackTransform(Transform):
    """Transforms side by side: one for each index of a dim."""

    def __init__(self, tseq, dim: int = 0, cache_size: int = 0):
        super().__init__(cache_size)
        self.transforms, self.dim = [t.with_cache(cache_size) for t in tseq], dim

    bijective = property(lambda self: all(t.bijective for t in self.transforms))

    @property
    def domain(self):
        return constraints.stack([t.domain for t in self.transforms], self.dim)

    @property
    def codomain(self):
        return constraints.stack([t.codomain for t in self.transforms], self.dim)

    def parts(self, *tensors):
        if any(t.size(self.dim) != len(self.transforms) for t in tensors):
            raise ValueError(f"dim {self.dim} needs the size {len(self.transforms)}, one for each transform")
        return zip(self.transforms, *[t.unbind(self.dim) for t in tensors])

    def _call(self, x):
        return stack([t(part) for t, part in self.parts(x)], self.dim)

    def _inverse(self, y):
        return stack([t.inv(part) for t, part in self.parts(y)], self.dim)

    def log_abs_det_jacobian(self, x, y):
        return stack([t.log_abs_det_jacobian(a, b) for t, a, b in self.parts(x, y)], self.dim)


identity_transform = ComposeTransform([])
