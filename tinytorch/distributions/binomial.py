"""The binomial distribution."""

from __future__ import annotations

import numpy as np

from .. import backend, random
from ..ops import exp, lgamma, log1p
from . import constraints
from .bernoulli import BinaryParameters
from .utils import broadcast_all, one_of


class Binomial(BinaryParameters):
    """The number of successes in total_count trials."""

    arg_constraints = {
        "total_count": constraints.nonnegative_integer,
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    has_enumerate_support = True

    def __init__(self, total_count=1, probs=None, logits=None, validate_args=None):
        count, given = broadcast_all(total_count, one_of(probs, logits))
        self.total_count = count.type_as(given)
        super().__init__(**{"logits" if probs is None else "probs": given}, validate_args=validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self):
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self):
        return self.total_count * self.probs

    @property
    def mode(self):
        return ((self.total_count + 1) * self.probs).floor().clamp(max=self.total_count)

    @property
    def variance(self):
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape=()):
        n, p = (backend.move(t.array, backend.CPU) for t in (self.total_count, self.probs))
        drawn = random.stream(None).binomial(n.astype(np.int64), p, self._extended_shape(sample_shape))
        return self.probs.wrap(np.asarray(drawn, p.dtype)).to(self.probs.device)

    def log_prob(self, value):
        self._validate_sample(value)
        n, x = self.total_count, self.logits
        # n log(1 - p) = -n log(1 + exp(x)), without overflow on either side; max(x, 0) with slope 1/2 at 0
        log_failures = n * (x.clamp(min=0) + x - x.clamp(max=0)) / 2 + n * log1p(exp(-x.abs()))
        return value * x - lgamma(value + 1) - lgamma(n - value + 1) - (log_failures - lgamma(n + 1))

    def entropy(self):
        if not (self.total_count == self.total_count.max()).all():
            raise NotImplementedError("Inhomogeneous total count not supported by `entropy`.")
        log_prob = self.log_prob(self.enumerate_support(False))
        return -(exp(log_prob) * log_prob).sum(0)

    def enumerate_support(self, expand=True):
        if not (self.total_count == self.total_count.max()).all():
            raise NotImplementedError("Inhomogeneous total count not supported by `enumerate_support`.")
        n = int(self.total_count.max().item())
        values = self.probs.wrap(np.arange(1 + n, dtype=self.probs.array.dtype)).reshape(
            -1, *[1] * len(self.batch_shape)
        )
        return values.expand(-1, *self.batch_shape) if expand else values
