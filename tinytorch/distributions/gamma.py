"""The gamma distribution, and how a draw from it changes with its shape parameter."""

from __future__ import annotations

import numpy as np

from .. import backend, random
from ..dtypes import finfo
from ..op import op
from ..ops import digamma, lgamma, xlogy
from ..ops.special import special
from ..tensor_data import as_tensor
from . import constraints
from .distribution import Distribution
from .utils import broadcast_all


@op(dtypes="float")
def standard_gamma(concentration):
    """Draws from Gamma(concentration, 1)."""
    shape = backend.move(concentration, backend.CPU)
    drawn = np.asarray(random.stream(None).standard_gamma(shape), concentration.dtype)
    return backend.move(drawn, backend.device_of(concentration))


standard_gamma.vjps(concentration=lambda g, concentration, out: g * gamma_slope(concentration, out))


@op
def gamma_slope(concentration, x):
    """dx/da for a draw x of Gamma(a, 1) at a fixed probability F: -(dF/da) / (dF/dx).

    Implicit reparameterization (Figurnov, Mohamed, Mnih, 2018). It has no derivative of its own, as in PyTorch.
    """
    functions = special(x)
    a, x64 = concentration.astype(np.float64), np.maximum(x.astype(np.float64), np.finfo(np.float64).tiny)
    step = 1e-3 * np.minimum(a, np.sqrt(a))  # small beside the scale on which F changes with a
    lower = functions.gammainc(a, x64) < 0.5  # the smaller tail keeps its digits
    tail = lambda a: np.where(lower, functions.gammainc(a, x64), -functions.gammaincc(a, x64))
    # Four points: the error is of order step^4, so neither truncation nor rounding shows in float32.
    change = (8 * (tail(a + step) - tail(a - step)) - (tail(a + 2 * step) - tail(a - 2 * step))) / (12 * step)
    density = np.exp((a - 1) * np.log(x64) - x64 - functions.gammaln(a))
    near_zero = x64 / a * (functions.digamma(a + 1) - np.log(x64))  # F is x^a / gamma(a + 1) there
    slope = np.where((x64 < 1e-8) | (density == 0), near_zero, -change / np.where(density == 0, 1, density))
    return slope.astype(x.dtype)


class Gamma(Distribution):
    """rate^a x^(a - 1) exp(-rate x) / gamma(a), with a = concentration."""

    arg_constraints = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, concentration, rate, validate_args=None):
        self.concentration, self.rate = broadcast_all(concentration, rate)
        super().__init__(self.rate.shape, validate_args=validate_args)

    @property
    def mean(self):
        return self.concentration / self.rate

    @property
    def mode(self):
        return ((self.concentration - 1) / self.rate).clamp(min=0)

    @property
    def variance(self):
        return self.concentration / self.rate.pow(2)

    def rsample(self, sample_shape=()):
        shape = self._extended_shape(sample_shape)
        value = standard_gamma(self.concentration.expand(shape)) / self.rate.expand(shape)
        value.data.clamp_(min=finfo(value.dtype).tiny)  # not part of the graph
        return value

    def log_prob(self, value):
        value = as_tensor(value, dtype=self.rate.dtype, device=self.rate.device)
        self._validate_sample(value)
        a = self.concentration
        return xlogy(a, self.rate) + xlogy(a - 1, value) - self.rate * value - lgamma(a)

    def cdf(self, value):
        self._validate_sample(value)
        x = (self.rate * value).detach()
        a, x = broadcast_all(self.concentration.detach(), x)
        return x.wrap(np.asarray(special(x.array).gammainc(a.array, x.array), x.array.dtype))

    def entropy(self):
        a = self.concentration
        return a - self.rate.log() + lgamma(a) + (1.0 - a) * digamma(a)
