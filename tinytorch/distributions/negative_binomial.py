"""The negative binomial distribution."""

from __future__ import annotations

from ..autograd.grad_mode import no_grad
from ..creation import poisson
from ..nn.functional.activation import logsigmoid
from ..ops import lgamma, where
from . import constraints
from .bernoulli import BinaryParameters
from .gamma import Gamma
from .utils import broadcast_all, one_of


class NegativeBinomial(BinaryParameters):
    """The number of successes before total_count failures, each trial a success with probability probs."""

    arg_constraints = {
        "total_count": constraints.greater_than_eq(0),
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer

    def __init__(self, total_count, probs=None, logits=None, validate_args=None):
        count, given = broadcast_all(total_count, one_of(probs, logits))
        self.total_count = count.type_as(given)
        super().__init__(**{"logits" if probs is None else "probs": given}, validate_args=validate_args)

    @property
    def mean(self):
        return self.total_count * self.logits.exp()

    @property
    def mode(self):
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0.0)

    @property
    def variance(self):
        return self.mean / self.probs.neg().add(1)

    def sample(self, sample_shape=()):
        """Poisson draws whose rates are drawn from a gamma distribution."""
        with no_grad():
            rate = Gamma(self.total_count, (-self.logits).exp(), validate_args=False).sample(sample_shape)
            return poisson(rate)

    def log_prob(self, value):
        self._validate_sample(value)
        n = self.total_count
        likely = n * logsigmoid(-self.logits) + value * logsigmoid(self.logits)
        ways = lgamma(n + value) - lgamma(1.0 + value) - lgamma(n)
        return likely + where(n + value == 0.0, 0.0, ways)  # no trials: one way
