"""The categorical distribution over one-hot vectors."""

from __future__ import annotations

from ..creation import arange, eye
from . import constraints
from .categorical import Categorical
from .distribution import Distribution


def one_hot(index, like):
    """Rows of 0 with a 1 at each index, of the size and dtype of like's rows."""
    return (index.unsqueeze(-1) == arange(like.shape[-1], device=like.device)).to(like.dtype)


class OneHotCategorical(Distribution):
    """`Categorical` whose draws are one-hot vectors."""

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    support = constraints.one_hot
    has_enumerate_support = True

    def __init__(self, probs=None, logits=None, validate_args=None):
        self._categorical = Categorical(probs, logits)
        shape = self._categorical.param_shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        return self._copy(batch_shape, _instance, _categorical=self._categorical.expand(batch_shape))

    @property
    def probs(self):
        return self._categorical.probs

    mean = probs

    @property
    def logits(self):
        return self._categorical.logits

    @property
    def param_shape(self):
        return self._categorical.param_shape

    @property
    def mode(self):
        return one_hot(self._categorical.mode, self.probs)

    @property
    def variance(self):
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape=()):
        return one_hot(self._categorical.sample(sample_shape), self.probs)

    def log_prob(self, value):
        self._validate_sample(value)
        return self._categorical.log_prob(value.max(-1)[1])

    def entropy(self):
        return self._categorical.entropy()

    def enumerate_support(self, expand=True):
        n = self.event_shape[0]
        values = eye(n, dtype=self.probs.dtype, device=self.probs.device).reshape(
            n, *[1] * len(self.batch_shape), n
        )
        return values.expand(n, *self.batch_shape, n) if expand else values


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """One-hot draws whose gradient is that of the probabilities (Bengio, Leonard, Courville, 2013)."""

    has_rsample = True

    def rsample(self, sample_shape=()):
        return self.sample(sample_shape) + (self.probs - self.probs.detach())
