"""The Kullback-Leibler divergence of one distribution from another, pair by pair."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..creation import full_like
from ..nn.functional.activation import softplus
from ..ops import broadcast_shapes, digamma, erf, exp, lgamma, log, log1p, mvlgamma, solve_triangular, where
from .bernoulli import Bernoulli
from .beta import Beta
from .binomial import Binomial
from .categorical import Categorical
from .cauchy import Cauchy
from .dirichlet import Dirichlet
from .distribution import Distribution
from .exp_family import ExponentialFamily
from .exponential import Exponential
from .gamma import Gamma
from .geometric import Geometric
from .gumbel import Gumbel
from .half_normal import HalfNormal
from .independent import Independent
from .laplace import Laplace
from .multivariate_normal import MultivariateNormal, half_log_det, squared_distance
from .normal import Normal
from .one_hot_categorical import OneHotCategorical
from .poisson import Poisson
from .transformed_distribution import TransformedDistribution
from .uniform import Uniform
from .utils import _sum_rightmost
from .wishart import Wishart, mvdigamma

formulas: dict[tuple[type, type], Callable] = {}


def register_kl(type_p: type, type_q: type) -> Callable:
    """`@register_kl(P, Q)` on a function of p and q: it is the divergence for these classes and their subclasses."""
    for name, kind in (("type_p", type_p), ("type_q", type_q)):
        if not isinstance(
            kind, type
        ):  # any class is taken: libraries have bases of their own beside Distribution
            raise TypeError(f"Expected {name} to be a Distribution subclass but got {kind}")

    def remember(function):
        formulas[type_p, type_q] = function
        return function

    return remember


def kl_divergence(p: Distribution, q: Distribution):
    """The expectation of log p(x) - log q(x) for x from p, one number for each of the batch."""
    # The most specific formula: nearest in the classes' resolution order, p's class first.
    for kind_p in type(p).__mro__:
        for kind_q in type(q).__mro__:
            if (kind_p, kind_q) in formulas:
                return formulas[kind_p, kind_q](p, q)
    raise NotImplementedError(
        f"No KL(p || q) is implemented for p type {type(p).__name__} and q type {type(q).__name__}"
    )


# ---------------------------------------------------------------- of one kind


@register_kl(Bernoulli, Bernoulli)
def _(p, q):
    ones = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    ones = where(p.probs == 0, 0.0, where(q.probs == 0, math.inf, ones))
    zeros = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    return ones + where(p.probs == 1, 0.0, where(q.probs == 1, math.inf, zeros))


@register_kl(Beta, Beta)
def _(p, q):
    return kl_divergence(p._dirichlet, q._dirichlet)


@register_kl(Binomial, Binomial)
def _(p, q):
    if (p.total_count < q.total_count).any():
        raise NotImplementedError(
            "KL between Binomials where q.total_count > p.total_count is not implemented"
        )
    kl = p.total_count * (p.probs * (p.logits - q.logits) + log1p(-p.probs) - log1p(-q.probs))
    return where(p.total_count > q.total_count, math.inf, kl)


@register_kl(Categorical, Categorical)
def _(p, q):
    t = p.probs * (p.logits - q.logits)
    return where(p.probs == 0, 0.0, where(q.probs == 0, math.inf, t)).sum(-1)


@register_kl(Cauchy, Cauchy)
def _(p, q):
    return log((p.scale + q.scale).pow(2) + (p.loc - q.loc).pow(2)) - log(4 * p.scale * q.scale)


@register_kl(Dirichlet, Dirichlet)
def _(p, q):
    a, b = p.concentration, q.concentration
    constants = lgamma(a.sum(-1)) - lgamma(b.sum(-1)) - (lgamma(a) - lgamma(b)).sum(-1)
    return constants + ((a - b) * (digamma(a) - digamma(a.sum(-1)).unsqueeze(-1))).sum(-1)


@register_kl(Exponential, Exponential)
def _(p, q):
    ratio = q.rate / p.rate
    return -ratio.log() + ratio - 1


@register_kl(Gamma, Gamma)
def _(p, q):
    a, b = p.concentration, q.concentration
    constants = b * log(p.rate / q.rate) + lgamma(b) - lgamma(a)
    return constants + (a - b) * digamma(a) + (q.rate - p.rate) * (a / p.rate)


@register_kl(Geometric, Geometric)
def _(p, q):
    return -p.entropy() - log1p(-q.probs) / p.probs - q.logits


@register_kl(Gumbel, Gumbel)
def _(p, q):
    ratio, shift = p.scale / q.scale, (q.loc - p.loc) / q.scale
    return (
        -ratio.log() - shift + ratio * np.euler_gamma + exp(shift + lgamma(1 + ratio)) - (1 + np.euler_gamma)
    )


@register_kl(HalfNormal, HalfNormal)
def _(p, q):
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(Independent, Independent)
def _(p, q):
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError(
            f"KL of Independents over {p.reinterpreted_batch_ndims} and {q.reinterpreted_batch_ndims} dims"
        )
    return _sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(Laplace, Laplace)
def _(p, q):
    ratio, distance = p.scale / q.scale, (p.loc - q.loc).abs()
    return -ratio.log() + distance / q.scale + ratio * exp(-distance / p.scale) - 1


@register_kl(MultivariateNormal, MultivariateNormal)
def _(p, q):
    if p.event_shape != q.event_shape:
        raise ValueError(
            "KL-divergence between two Multivariate Normals with different event shapes cannot be computed"
        )
    n, Lp, Lq = p.event_shape[0], p._unbroadcasted_scale_tril, q._unbroadcasted_scale_tril
    batch = broadcast_shapes(Lp.shape[:-2], Lq.shape[:-2])
    inner = solve_triangular(Lq.expand(*batch, n, n), Lp.expand(*batch, n, n), upper=False)
    distance = squared_distance(Lq, q.loc - p.loc)
    return half_log_det(Lq) - half_log_det(Lp) + 0.5 * (inner.pow(2).flatten(-2).sum(-1) + distance - n)


@register_kl(Normal, Normal)
def _(p, q):
    ratio = (p.scale / q.scale).pow(2)
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale).pow(2) - 1 - ratio.log())


@register_kl(OneHotCategorical, OneHotCategorical)
def _(p, q):
    return kl_divergence(p._categorical, q._categorical)


@register_kl(Poisson, Poisson)
def _(p, q):
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(TransformedDistribution, TransformedDistribution)
def _(p, q):
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError(
            "KL of two TransformedDistributions is known only for the same transforms and event shapes"
        )
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(Uniform, Uniform)
def _(p, q):
    result = log((q.high - q.low) / (p.high - p.low))
    return where((q.low > p.low) | (q.high < p.high), math.inf, result)


# ---------------------------------------------------------------- of different kinds


@register_kl(Wishart, Wishart)
def _(p, q):
    n = p.event_shape[-1]
    ratio = solve_triangular(q._unbroadcasted_scale_tril, p._unbroadcasted_scale_tril, upper=False)
    return (
        -q.df * half_log_det(ratio.abs())
        + p.df / 2 * (ratio.pow(2).sum((-2, -1)) - n)
        + mvlgamma(q.df / 2, n)
        - mvlgamma(p.df / 2, n)
        + (p.df - q.df) / 2 * mvdigamma(p.df / 2, n)
    )


@register_kl(ExponentialFamily, ExponentialFamily)
def _(p, q):
    """The Bregman divergence of the log normalizers."""
    if type(p) is not type(q):
        raise NotImplementedError(
            "The cross KL-divergence between different exponential families cannot be computed"
        )
    n, A, slopes = p._normalizer_and_slopes()
    result = q._log_normalizer(*q._natural_params) - A
    for mine, theirs, slope in zip(n, q._natural_params, slopes):
        result = result - _sum_rightmost((theirs - mine) * slope, mine.dim() - A.dim())
    return result


@register_kl(Bernoulli, Poisson)
def _(p, q):
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)


@register_kl(Exponential, Gamma)
def _(p, q):
    ratio, b = q.rate / p.rate, q.concentration
    return -b * ratio.log() + ratio + lgamma(b) + b * np.euler_gamma - (1 + np.euler_gamma)


@register_kl(Exponential, Normal)
def _(p, q):
    variance, square = q.scale.pow(2), p.rate.pow(2)
    distance = square.reciprocal() - q.loc / p.rate + 0.5 * q.loc.pow(2)
    return 0.5 * log(square * variance * 2 * math.pi) - 1 + distance / variance


@register_kl(Gamma, Exponential)
def _(p, q):
    return -p.entropy() - q.rate.log() + q.rate * p.concentration / p.rate


@register_kl(Gamma, Normal)
def _(p, q):
    a, variance, square = p.concentration, q.scale.pow(2), p.rate.pow(2)
    entropy = 0.5 * log(square * variance * 2 * math.pi) - a - lgamma(a) + (a - 1) * digamma(a)
    return entropy + (0.5 * (a.pow(2) + a) / square - q.loc * a / p.rate + 0.5 * q.loc.pow(2)) / variance


@register_kl(Laplace, Normal)
def _(p, q):
    variance = q.scale.pow(2)
    ratio = p.scale.pow(2) / variance
    return -0.5 * log(2 * ratio / math.pi) + ratio + 0.5 * (p.loc - q.loc).pow(2) / variance - 1


@register_kl(Normal, Gumbel)
def _(p, q):
    ratio, shift = (p.scale / q.scale).pow(2), (p.loc - q.loc) / q.scale
    return -0.5 * ratio.log() + shift + exp(-shift + 0.5 * ratio) - 0.5 * (1 + math.log(2 * math.pi))


@register_kl(Normal, Laplace)
def _(p, q):
    distance = p.loc - q.loc
    steps = distance / p.scale
    near = math.sqrt(2 / math.pi) * p.scale * exp(-0.5 * steps.pow(2))
    far = distance * erf(math.sqrt(0.5) * steps)
    return -log(p.scale / q.scale) + (near + far) / q.scale - 0.5 * (1 + math.log(0.5 * math.pi))


@register_kl(Uniform, Exponential)
def _(p, q):
    result = q.rate * (p.high + p.low) / 2 - log((p.high - p.low) * q.rate)
    return where(p.low < 0, math.inf, result)


@register_kl(Uniform, Normal)
def _(p, q):
    width = p.high - p.low
    distance = width.pow(2) / 12 + ((p.high + p.low - 2 * q.loc) / 2).pow(2)
    return log(math.sqrt(math.pi * 2) * q.scale / width) + 0.5 * distance / q.scale.pow(2)


def infinite(p, q):
    """p lies where q never does."""
    return full_like(p.mean, math.inf)


for kind_p, kinds_q in {
    Exponential: (Beta, Uniform),
    Gamma: (Beta, Uniform),
    Gumbel: (Beta, Exponential, Gamma, Uniform),
    Laplace: (Beta, Exponential, Gamma, Uniform),
    Normal: (Beta, Exponential, Gamma, Uniform),
    Poisson: (Bernoulli, Binomial),
}.items():
    for kind_q in kinds_q:
        register_kl(kind_p, kind_q)(infinite)
