"""Mixtures of distributions of one kind."""

from __future__ import annotations

from ..autograd.grad_mode import no_grad
from ..nn.functional.softmax import log_softmax
from ..ops import gather, logsumexp
from ..tensor import Size
from . import constraints
from .categorical import Categorical
from .distribution import Distribution


class MixtureSupport(constraints.Constraint):
    """The support of the components, asked for values without their dim."""

    def __init__(self, base_constraint):
        self.base_constraint = base_constraint

    is_discrete = property(lambda self: self.base_constraint.is_discrete)
    event_dim = property(lambda self: self.base_constraint.event_dim)

    def check(self, value):
        result = self.base_constraint.check(value.unsqueeze(-1 - self.event_dim))
        return result.reshape(*result.shape[: value.dim() - self.event_dim], -1).all(-1)


class MixtureSameFamily(Distribution):
    """Component k, the k-th of the last batch dim, with probability `mixture_distribution.probs[k]`."""

    arg_constraints: dict = {}

    def __init__(
        self, mixture_distribution: Categorical, component_distribution: Distribution, validate_args=None
    ):
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(
                " The Mixture distribution needs to be an instance of torch.distributions.Categorical"
            )
        if not isinstance(component_distribution, Distribution):
            raise ValueError(
                "The Component distribution need to be an instance of torch.distributions.Distribution"
            )
        self.mixture_distribution, self.component_distribution = mixture_distribution, component_distribution
        mixed, parts = mixture_distribution.batch_shape, component_distribution.batch_shape[:-1]
        for a, b in zip(reversed(mixed), reversed(parts)):
            if a != 1 and b != 1 and a != b:
                raise ValueError(
                    f"`mixture_distribution.batch_shape` ({mixed}) is not compatible with `component_distribution.batch_shape` ({parts})"
                )
        self._num_component = mixture_distribution.logits.shape[-1]
        if component_distribution.batch_shape[-1] != self._num_component:
            raise ValueError(
                f"`mixture_distribution component` ({self._num_component}) does not equal"
                f" `component_distribution.batch_shape[-1]` ({component_distribution.batch_shape[-1]})"
            )
        super().__init__(parts, component_distribution.event_shape, validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        batch_shape = Size(batch_shape)
        components = self.component_distribution.expand(batch_shape + (self._num_component,))
        mixture = self.mixture_distribution.expand(batch_shape)
        own = {
            "mixture_distribution": mixture,
            "component_distribution": components,
            "_num_component": self._num_component,
        }
        return self._copy(batch_shape, _instance, **own)

    @constraints.dependent_property
    def support(self):
        return MixtureSupport(self.component_distribution.support)

    @property
    def _component_dim(self) -> int:
        return -1 - len(self.event_shape)

    def _weights(self):
        """The probabilities with dims of size 1 for the event."""
        probs = self.mixture_distribution.probs
        return probs.reshape(probs.shape + (1,) * len(self.event_shape))

    @property
    def mean(self):
        return (self._weights() * self.component_distribution.mean).sum(self._component_dim)

    @property
    def variance(self):
        d, parts = self._component_dim, self.component_distribution
        apart = (parts.mean - self.mean.unsqueeze(d)).pow(2.0)
        return (self._weights() * parts.variance).sum(d) + (self._weights() * apart).sum(d)

    def cdf(self, x):
        return (
            self.component_distribution.cdf(x.unsqueeze(self._component_dim))
            * self.mixture_distribution.probs
        ).sum(-1)

    def log_prob(self, x):
        self._validate_sample(x)
        inside = self.component_distribution.log_prob(x.unsqueeze(self._component_dim))  # (sample, batch, k)
        return logsumexp(inside + log_softmax(self.mixture_distribution.logits, dim=-1), dim=-1)

    def sample(self, sample_shape=()):
        with no_grad():
            chosen = self.mixture_distribution.sample(sample_shape)
            drawn = self.component_distribution.sample(sample_shape)  # (sample, batch, k, event)
            index = chosen.reshape(chosen.shape + (1,) * (1 + len(self.event_shape)))
            shape = drawn.shape[: chosen.dim()] + (1,) + self.event_shape
            return gather(drawn, chosen.dim(), index.expand(shape)).squeeze(chosen.dim())

    def __repr__(self) -> str:
        return f"MixtureSameFamily(\n  {self.mixture_distribution},\n  {self.component_distribution})"
