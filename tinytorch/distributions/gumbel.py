"""The Gumbel distribution."""

from __future__ import annotations

import math

import numpy as np

from ..creation import full_like, ones_like
from ..dtypes import finfo
from ..ops import exp
from . import constraints
from .transformed_distribution import TransformedDistribution
from .transforms import AffineTransform, ExpTransform
from .uniform import Uniform
from .utils import broadcast_all


class Gumbel(TransformedDistribution):
    """loc - scale * log(-log(u)) for u uniform in (0, 1)."""

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real

    def __init__(self, loc, scale, validate_args=None):
        self.loc, self.scale = broadcast_all(loc, scale)
        limits = finfo(self.loc.dtype)
        base = Uniform(
            full_like(self.loc, limits.tiny), full_like(self.loc, 1 - limits.eps), validate_args=validate_args
        )
        minus_log = [ExpTransform().inv, AffineTransform(0, -ones_like(self.scale))]
        last = [ExpTransform().inv, AffineTransform(self.loc, -self.scale)]
        super().__init__(base, minus_log + last, validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        new = super().expand(batch_shape, _instance)
        new.loc, new.scale = self.loc.expand(batch_shape), self.scale.expand(batch_shape)
        return new

    def log_prob(self, value):
        self._validate_sample(value)
        y = (self.loc - value) / self.scale  # through the transforms digits would be lost
        return (y - exp(y)) - self.scale.log()

    @property
    def mean(self):
        return self.loc + self.scale * np.euler_gamma

    @property
    def mode(self):
        return self.loc

    @property
    def stddev(self):
        return (math.pi / math.sqrt(6)) * self.scale

    @property
    def variance(self):
        return self.stddev.pow(2)

    def entropy(self):
        return self.scale.log() + (1 + np.euler_gamma)
