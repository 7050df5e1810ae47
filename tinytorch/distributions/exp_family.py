"""What distributions of the form h(x) exp(t(x) . n - A(n)) have in common."""

from __future__ import annotations

from ..autograd.grad import grad
from ..autograd.grad_mode import enable_grad, is_grad_enabled
from .distribution import Distribution
from .utils import _sum_rightmost


class ExponentialFamily(Distribution):
    """For subclasses that give natural parameters n, the log normalizer A(n) and the mean of log h: entropies and divergences follow."""

    @property
    def _natural_params(self):
        raise NotImplementedError(f"{type(self).__name__} has no _natural_params")

    def _log_normalizer(self, *natural_params):
        raise NotImplementedError(f"{type(self).__name__} has no _log_normalizer")

    @property
    def _mean_carrier_measure(self):
        raise NotImplementedError(f"{type(self).__name__} has no _mean_carrier_measure")

    def entropy(self):
        """A(n) - n . grad A(n) - E[log h]: grad A is the mean of t."""
        n, A, slopes = self._normalizer_and_slopes()
        result = A - self._mean_carrier_measure
        for parameter, slope in zip(n, slopes):
            result = result - _sum_rightmost(parameter * slope, parameter.dim() - A.dim())
        return result

    def _normalizer_and_slopes(self):
        """The natural parameters, A(n) and its gradients, which can be differentiated once more."""
        with enable_grad():
            n = [p if p.requires_grad else p.detach().requires_grad_() for p in self._natural_params]
            A = self._log_normalizer(*n)
        return n, A, grad(A.sum(), n, create_graph=is_grad_enabled())
