"""The Fisher-Snedecor distribution, F."""

from __future__ import annotations

import math

from ..dtypes import finfo
from ..ops import lgamma, log, log1p, where
from . import constraints
from .distribution import Distribution
from .gamma import Gamma
from .utils import broadcast_all


class FisherSnedecor(Distribution):
    """(x / df1) / (y / df2) for x from Chi2(df1) and y from Chi2(df2)."""

    arg_constraints = {"df1": constraints.positive, "df2": constraints.positive}
    support = constraints.positive
    has_rsample = True

    def __init__(self, df1, df2, validate_args=None):
        self.df1, self.df2 = broadcast_all(df1, df2)
        super().__init__(self.df1.shape, validate_args=validate_args)

    @property
    def mean(self):
        return where(self.df2 > 2, self.df2 / (self.df2 - 2), math.nan)

    @property
    def mode(self):
        peak = (self.df1 - 2) / self.df1 * self.df2 / (self.df2 + 2)
        return where(self.df1 > 2, peak, math.nan)

    @property
    def variance(self):
        a, b = self.df1, where(self.df2 > 4, self.df2, math.nan)
        return 2 * b.pow(2) * (a + b - 2) / (a * (b - 2).pow(2) * (b - 4))

    def rsample(self, sample_shape=()):
        x, y = (
            Gamma(df * 0.5, df * 0.5, validate_args=False).rsample(sample_shape)
            for df in (self.df1, self.df2)
        )
        y.data.clamp_(min=finfo(y.dtype).tiny)
        ratio = x / y
        ratio.data.clamp_(min=finfo(ratio.dtype).tiny)
        return ratio

    def log_prob(self, value):
        self._validate_sample(value)
        a, b, ratio = self.df1 / 2, self.df2 / 2, self.df1 / self.df2
        constants = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(ratio)
        return constants + (a - 1) * log(value) - (a + b) * log1p(ratio * value)
