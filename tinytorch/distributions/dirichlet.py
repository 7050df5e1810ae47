"""The Dirichlet distribution."""

from __future__ import annotations

import numpy as np

from ..dtypes import finfo
from ..ops import digamma, lgamma, where, xlogy
from . import constraints
from .distribution import Distribution
from .gamma import standard_gamma


class Dirichlet(Distribution):
    """The product of x_i^(a_i - 1) on the simplex, up to a constant; a = concentration."""

    arg_constraints = {"concentration": constraints.independent(constraints.positive, 1)}
    support = constraints.simplex
    has_rsample = True

    def __init__(self, concentration, validate_args=None):
        if concentration.dim() < 1:
            raise ValueError("`concentration` parameter must be at least one-dimensional.")
        self.concentration = concentration
        super().__init__(concentration.shape[:-1], concentration.shape[-1:], validate_args=validate_args)

    def rsample(self, sample_shape=()):
        # Independent gamma variables over their sum. Small ones underflow in float32 before the division.
        a = self.concentration.expand(self._extended_shape(sample_shape))
        y = standard_gamma(a.double()).clamp(min=np.finfo(np.float64).tiny)
        x = (y / y.sum(-1, keepdim=True)).to(a.dtype)
        return x.clamp(min=finfo(a.dtype).tiny, max=1 - finfo(a.dtype).eps / 2)

    def log_prob(self, value):
        self._validate_sample(value)
        a = self.concentration
        return xlogy(a - 1.0, value).sum(-1) + lgamma(a.sum(-1)) - lgamma(a).sum(-1)

    @property
    def mean(self):
        return self.concentration / self.concentration.sum(-1, True)

    @property
    def mode(self):
        above = (self.concentration - 1).clamp(min=0.0)
        mode = above / above.sum(-1, True)
        no_peak = (self.concentration < 1).all(
            -1, keepdim=True
        )  # then the density is highest at the corners: PyTorch says the first
        first = mode.new_zeros(mode.shape[-1])
        first[0] = 1
        return where(no_peak, first, mode)

    @property
    def variance(self):
        a = self.concentration
        total = a.sum(-1, True)
        return a * (total - a) / (total.pow(2) * (total + 1))

    def entropy(self):
        a, k = self.concentration, self.concentration.size(-1)
        total = a.sum(-1)
        return (
            lgamma(a).sum(-1)
            - lgamma(total)
            - (k - total) * digamma(total)
            - ((a - 1.0) * digamma(a)).sum(-1)
        )
