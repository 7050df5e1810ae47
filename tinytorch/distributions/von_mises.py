"""The von Mises distribution, on a circle."""

from __future__ import annotations

import math

import numpy as np

from .. import backend, random
from ..autograd.grad_mode import no_grad
from ..special import i0e, i1e
from . import constraints
from .distribution import Distribution
from .utils import broadcast_all


class VonMises(Distribution):
    """exp(concentration cos(x - loc)) / (2 pi I0(concentration)) for angles x."""

    arg_constraints = {"loc": constraints.real, "concentration": constraints.positive}
    support = constraints.real
    has_rsample = False

    def __init__(self, loc, concentration, validate_args=None):
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def mean(self):
        return self.loc

    mode = mean

    @property
    def variance(self):
        """The circular variance, 1 - I1 / I0."""
        return 1 - i1e(self.concentration) / i0e(self.concentration)

    def sample(self, sample_shape=()):
        loc, spread = (backend.move(t.array, backend.CPU) for t in (self.loc, self.concentration))
        with no_grad():
            turned = random.stream(None).vonmises(
                0.0, spread.astype(np.float64), self._extended_shape(sample_shape)
            )
            drawn = (turned + loc + math.pi) % (2 * math.pi) - math.pi
            return self.loc.wrap(np.asarray(drawn, loc.dtype)).to(self.loc.device)

    def log_prob(self, value):
        self._validate_sample(value)
        k = self.concentration
        return k * ((value - self.loc).cos() - 1) - math.log(2 * math.pi) - i0e(k).log()
