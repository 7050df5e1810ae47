"""The continuous Bernoulli distribution. Loaiza-Ganem and Cunningham (2019)."""

from __future__ import annotations

import math

from ..creation import rand
from ..nn.functional.activation import softplus
from ..ops import log, log1p, where
from . import constraints
from .distribution import Distribution
from .utils import broadcast_all, clamp_probs, lazy_property, logits_to_probs, one_of, probs_to_logits


class ContinuousBernoulli(Distribution):
    """C p^x (1 - p)^(1 - x) for x in [0, 1]: what a variational autoencoder with a binary loss on grey values means.

    Near p = 1/2, inside lims, the quotients are 0 / 0; there their Taylor series are used."""

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    has_rsample = True

    def __init__(self, probs=None, logits=None, lims=(0.499, 0.501), validate_args=None):
        (given,) = broadcast_all(one_of(probs, logits))
        self.__dict__["logits" if probs is None else "probs"] = given if probs is None else clamp_probs(given)
        self._lims = lims
        super().__init__(given.shape, validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        new = super().expand(batch_shape, _instance)
        new._lims = self._lims
        return new

    @lazy_property
    def logits(self):
        return probs_to_logits(self.probs, is_binary=True)

    @lazy_property
    def probs(self):
        return clamp_probs(logits_to_probs(self.logits, is_binary=True))

    def off_the_middle(self):
        """Where the closed forms hold, and probabilities that are never too near 1/2."""
        p = self.probs
        outside = (p <= self._lims[0]) | (p > self._lims[1])
        return outside, where(outside, p, self._lims[0])

    def log_constant(self):
        """log C, C = 2 artanh(1 - 2p) / (1 - 2p)."""
        outside, p = self.off_the_middle()
        below, above = where(p <= 0.5, p, 0.0), where(p >= 0.5, p, 1.0)
        width = where(p <= 0.5, log1p(-2.0 * below), log(2.0 * above - 1.0))
        exact = log((log1p(-p) - log(p)).abs()) - width
        x = (self.probs - 0.5).pow(2)
        return where(outside, exact, math.log(2.0) + (4.0 / 3.0 + 104.0 / 45.0 * x) * x)

    @property
    def mean(self):
        outside, p = self.off_the_middle()
        exact = p / (2.0 * p - 1.0) + 1.0 / (log1p(-p) - log(p))
        x = self.probs - 0.5
        return where(outside, exact, 0.5 + (1.0 / 3.0 + 16.0 / 45.0 * x.pow(2)) * x)

    @property
    def variance(self):
        outside, p = self.off_the_middle()
        exact = p * (p - 1.0) / (1.0 - 2.0 * p).pow(2) + 1.0 / (log1p(-p) - log(p)).pow(2)
        x = (self.probs - 0.5).pow(2)
        return where(outside, exact, 1.0 / 12.0 - (1.0 / 15.0 - 128.0 / 945.0 * x) * x)

    def rsample(self, sample_shape=()):
        shape = self._extended_shape(sample_shape)
        return self.icdf(rand(shape, dtype=self.probs.dtype, device=self.probs.device))

    def log_prob(self, value):
        self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        return value * logits - softplus(logits) + self.log_constant()

    def cdf(self, value):
        self._validate_sample(value)
        outside, p = self.off_the_middle()
        inner = (p.pow(value) * (1.0 - p).pow(1.0 - value) + p - 1.0) / (2.0 * p - 1.0)
        exact = where(outside, inner, value)
        return where(value <= 0.0, 0.0, where(value >= 1.0, 1.0, exact))

    def icdf(self, value):
        outside, p = self.off_the_middle()
        exact = (log1p(-p + value * (2.0 * p - 1.0)) - log1p(-p)) / (log(p) - log1p(-p))
        return where(outside, exact, value)

    def entropy(self):
        log_p, log_q = log(self.probs), log1p(-self.probs)
        return self.mean * (log_q - log_p) - self.log_constant() - log_q
