"""A covariance in three forms, of which one is given: itself, its inverse, or L with L L^T = it."""

from __future__ import annotations

from ..creation import eye
from ..op import asked
from ..ops import cholesky, cholesky_inverse, flip, matmul, solve_triangular
from .distribution import Distribution
from .utils import lazy_property


def precision_to_scale_tril(P):
    """The Cholesky factor of the inverse of P, without inverting P."""
    factor = flip(cholesky(flip(P, (-2, -1))), (-2, -1)).transpose(-2, -1)
    return solve_triangular(
        factor, eye(P.shape[-1], dtype=P.dtype, device=P.device).expand(P.shape), upper=False
    )


FACTORS = {
    "covariance_matrix": cholesky,
    "precision_matrix": precision_to_scale_tril,
    "scale_tril": lambda L: L,
}


def given_form(*forms):
    """The name and the matrix of the one that is not None, in the order of `FACTORS`."""
    given = {name: form for name, form in zip(FACTORS, forms) if form is not None}
    if len(given) != 1:
        raise ValueError(
            f"{asked()}: Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified."
        )
    ((name, matrix),) = given.items()
    if matrix.dim() < 2:
        raise ValueError(f"{name} must be at least two-dimensional, with optional leading batch dimensions")
    return name, matrix


class WithCovariance(Distribution):
    """The forms that were not given are computed when they are asked for; L is what the formulas use."""

    def _start(self, name, matrix, batch_shape, event_shape, validate_args=None) -> None:
        """What __init__ does with the one form that was given. (Subclasses of programs call a Distribution's own __init__.)"""
        self.__dict__[name] = matrix.expand((*batch_shape, -1, -1))
        super().__init__(batch_shape, event_shape, validate_args=validate_args)
        self._unbroadcasted_scale_tril = FACTORS[name](matrix)  # once it is known to have one

    def expand(self, batch_shape, _instance=None):
        new = super().expand(batch_shape, _instance)
        new._unbroadcasted_scale_tril = self._unbroadcasted_scale_tril
        return new

    def _expanded(self, matrix):
        return matrix.expand((*self.batch_shape, -1, -1))

    @lazy_property
    def scale_tril(self):
        return self._expanded(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self):
        return self._expanded(matmul(self._unbroadcasted_scale_tril, self._unbroadcasted_scale_tril.mT))

    @lazy_property
    def precision_matrix(self):
        return self._expanded(cholesky_inverse(self._unbroadcasted_scale_tril))
