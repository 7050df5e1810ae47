"""The log-normal distribution."""

from __future__ import annotations

from ..ops import exp
from . import constraints
from .normal import Normal
from .transformed_distribution import TransformedDistribution
from .transforms import ExpTransform


class LogNormal(TransformedDistribution):
    """exp(x) for x from Normal(loc, scale)."""

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.positive

    def __init__(self, loc, scale, validate_args=None):
        super().__init__(
            Normal(loc, scale, validate_args=validate_args), ExpTransform(), validate_args=validate_args
        )

    @property
    def loc(self):
        return self.base_dist.loc

    @property
    def scale(self):
        return self.base_dist.scale

    @property
    def mean(self):
        return exp(self.loc + self.scale.pow(2) / 2)

    @property
    def mode(self):
        return exp(self.loc - self.scale.square())

    @property
    def variance(self):
        square = self.scale.pow(2)
        return square.expm1() * exp(2 * self.loc + square)

    def entropy(self):
        return self.base_dist.entropy() + self.loc
