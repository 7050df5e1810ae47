"""The geometric distribution."""

from __future__ import annotations

from ..creation import empty, zeros_like
from ..dtypes import finfo
from ..nn.functional.loss import binary_cross_entropy_with_logits
from ..ops import log1p, where
from . import constraints
from .bernoulli import BinaryParameters
from .utils import broadcast_all


class Geometric(BinaryParameters):
    """(1 - p)^k p: the number of failures before the first success."""

    support = constraints.nonnegative_integer

    def __init__(self, probs=None, logits=None, validate_args=None):
        super().__init__(probs, logits, validate_args)
        if self._validate_args and probs is not None and not (self.probs > 0).all():
            raise ValueError(
                f"Expected parameter probs ({type(self.probs).__name__} of shape {tuple(self.probs.shape)}) of distribution {self!r}"
                f" to be positive but found invalid values:\n{self.probs[self.probs <= 0]}"
            )

    @property
    def mean(self):
        return 1.0 / self.probs - 1.0

    @property
    def mode(self):
        return zeros_like(self.probs)

    @property
    def variance(self):
        return (1.0 / self.probs - 1.0) / self.probs

    def sample(self, sample_shape=()):
        p = self.probs.detach()
        u = empty(self._extended_shape(sample_shape), dtype=p.dtype, device=p.device).uniform_(
            finfo(p.dtype).tiny, 1
        )
        return (u.log() / log1p(-p)).floor()

    def log_prob(self, value):
        self._validate_sample(value)
        value, probs = broadcast_all(value, self.probs)
        return value * log1p(-where((probs == 1) & (value == 0), 0.0, probs)) + self.probs.log()

    def entropy(self):
        return binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none") / self.probs
