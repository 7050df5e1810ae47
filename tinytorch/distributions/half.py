"""The positive half of a distribution that is symmetric around 0."""

from __future__ import annotations

import math

from ..creation import zeros_like
from ..ops import where
from . import constraints
from .transformed_distribution import TransformedDistribution
from .transforms import AbsTransform


class Half(TransformedDistribution):
    """|x| for x from whole(0, scale)."""

    arg_constraints = {"scale": constraints.positive}
    support = constraints.nonnegative
    whole: type

    def __init__(self, scale, validate_args=None):
        super().__init__(
            self.whole(0, scale, validate_args=False), AbsTransform(), validate_args=validate_args
        )

    @property
    def scale(self):
        return self.base_dist.scale

    @property
    def mode(self):
        return zeros_like(self.scale)

    def log_prob(self, value):
        self._validate_sample(value)
        return where(value >= 0, self.base_dist.log_prob(value) + math.log(2), -math.inf)

    def cdf(self, value):
        self._validate_sample(value)
        return 2 * self.base_dist.cdf(value) - 1

    def icdf(self, value):
        return self.base_dist.icdf((value + 1) / 2)

    def entropy(self):
        return self.base_dist.entropy() - math.log(2)
