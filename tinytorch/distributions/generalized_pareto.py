"""The generalized Pareto distribution: what is left of a value above a high threshold."""

from __future__ import annotations

import math

from ..creation import rand
from ..ops import exp, isclose, log, log1p, where
from . import constraints
from .distribution import Distribution
from .utils import broadcast_all


class GeneralizedPareto(Distribution):
    """P(x > loc + scale z) = (1 + c z)^(-1/c) with c = concentration, and exp(-z) where c is 0."""

    arg_constraints = {
        "loc": constraints.real,
        "scale": constraints.positive,
        "concentration": constraints.real,
    }
    has_rsample = True

    def __init__(self, loc, scale, concentration, validate_args=None):
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self):
        bounded = self.concentration < 0
        end = self.loc - self.scale / where(bounded, self.concentration, -1.0)
        return constraints.interval(self.loc, where(bounded, end, math.inf))

    def _split(self):
        """Where c counts as 0, and c with 1 in those places."""
        zero = isclose(self.concentration, self.concentration * 0)
        return zero, where(zero, 1.0, self.concentration)

    def rsample(self, sample_shape=()):
        u = rand(self._extended_shape(sample_shape), dtype=self.loc.dtype, device=self.loc.device)
        return self.icdf(u)

    def log_survival_function(self, value):
        self._validate_sample(value)
        zero, c = self._split()
        z = (value - self.loc) / self.scale
        return where(zero, -z, -log1p(c * z) / c)

    def log_prob(self, value):
        self._validate_sample(value)
        zero, c = self._split()
        z = (value - self.loc) / self.scale
        return where(zero, -z, -(1 + 1 / c) * log1p(c * z)) - log(self.scale)

    def cdf(self, value):
        return 1 - exp(self.log_survival_function(value))

    def log_cdf(self, value):
        return log1p(-exp(self.log_survival_function(value)))

    def icdf(self, value):
        zero, c = self._split()
        tail = log1p(-value)
        return self.loc + self.scale * where(zero, -tail, (exp(-c * tail) - 1) / c)

    @property
    def mean(self):
        known = self.concentration < 1
        return where(known, self.loc + self.scale / where(known, 1 - self.concentration, 1.0), math.inf)

    @property
    def mode(self):
        return self.loc

    @property
    def variance(self):
        c = self.concentration
        known = c < 0.5
        return where(known, self.scale.pow(2) / where(known, (1 - c).pow(2) * (1 - 2 * c), 1.0), math.inf)

    def entropy(self):
        return (log(self.scale) + self.concentration + 1).expand(self.batch_shape)
