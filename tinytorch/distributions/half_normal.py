"""The normal distribution's positive half."""

from __future__ import annotations

import math

from .half import Half
from .normal import Normal


class HalfNormal(Half):
    """|x| for x from Normal(0, scale)."""

    whole = Normal

    @property
    def mean(self):
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def variance(self):
        return self.scale.pow(2) * (1 - 2 / math.pi)
