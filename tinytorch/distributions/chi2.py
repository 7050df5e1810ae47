"""The chi-squared distribution."""

from __future__ import annotations

from . import constraints
from .gamma import Gamma


class Chi2(Gamma):
    """The sum of df squared standard normal variables: Gamma(df / 2, 1 / 2)."""

    arg_constraints = {"df": constraints.positive}

    def __init__(self, df, validate_args=None):
        super().__init__(0.5 * df, 0.5, validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        concentration, rate = (p.expand(batch_shape) for p in (self.concentration, self.rate))
        return self._copy(batch_shape, _instance, concentration=concentration, rate=rate)

    @property
    def df(self):
        return self.concentration * 2
