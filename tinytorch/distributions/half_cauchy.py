"""The Cauchy distribution's positive half."""

from __future__ import annotations

import math

from ..creation import full_like
from .cauchy import Cauchy
from .half import Half


class HalfCauchy(Half):
    """|x| for x from Cauchy(0, scale)."""

    whole = Cauchy

    @property
    def mean(self):
        return full_like(self.scale, math.inf)

    @property
    def variance(self):
        return self.base_dist.variance
