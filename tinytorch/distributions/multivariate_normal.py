"""The normal distribution of vectors."""

from __future__ import annotations

import math

from ..creation import eye, randn
from ..ops import broadcast_shapes, cholesky, cholesky_inverse, flip, matmul, solve_triangular
from ..tensor import Size
from . import constraints
from .distribution import Distribution
from .utils import lazy_property


def squared_distance(L, x):
    """|L^-1 x|^2 for every vector x: (..., n, n), (..., n) -> (...)."""
    if L.dim() == 2:  # all vectors as the columns of one right-hand side
        columns = solve_triangular(L, x.reshape(-1, x.shape[-1]).t(), upper=False)
        return columns.pow(2).sum(-2).reshape(x.shape[:-1])
    L = L.expand(broadcast_shapes(L.shape[:-2], x.shape[:-1]) + L.shape[-2:])
    return solve_triangular(L, x.unsqueeze(-1), upper=False).squeeze(-1).pow(2).sum(-1)


def half_log_det(L):
    return L.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def precision_to_scale_tril(P):
    """The Cholesky factor of the inverse of P, without inverting P."""
    factor = flip(cholesky(flip(P, (-2, -1))), (-2, -1)).transpose(-2, -1)
    return solve_triangular(
        factor, eye(P.shape[-1], dtype=P.dtype, device=P.device).expand(P.shape), upper=False
    )


class MultivariateNormal(Distribution):
    """exp(-(x - loc) C^-1 (x - loc) / 2) / sqrt(det(2 pi C)); C is given, or its inverse, or L with L L^T = C."""

    arg_constraints = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self, loc, covariance_matrix=None, precision_matrix=None, scale_tril=None, validate_args=None
    ):
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        matrices = {
            "covariance_matrix": covariance_matrix,
            "precision_matrix": precision_matrix,
            "scale_tril": scale_tril,
        }
        given = {name: m for name, m in matrices.items() if m is not None}
        if len(given) != 1:
            raise ValueError(
                "Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified."
            )
        ((name, matrix),) = given.items()
        if matrix.dim() < 2:
            raise ValueError(
                f"{name} must be at least two-dimensional, with optional leading batch dimensions"
            )
        batch_shape = Size(broadcast_shapes(matrix.shape[:-2], loc.shape[:-1]))
        self.loc = loc.expand(batch_shape + (-1,))
        self.__dict__[name] = matrix.expand(batch_shape + (-1, -1))
        super().__init__(batch_shape, self.loc.shape[-1:], validate_args=validate_args)
        factor = {
            "covariance_matrix": cholesky,
            "precision_matrix": precision_to_scale_tril,
            "scale_tril": lambda m: m,
        }
        self._unbroadcasted_scale_tril = factor[name](matrix)

    def expand(self, batch_shape, _instance=None):
        new = super().expand(batch_shape, _instance)
        new._unbroadcasted_scale_tril = self._unbroadcasted_scale_tril
        return new

    def _expanded(self, matrix):
        return matrix.expand(self.batch_shape + self.event_shape + self.event_shape)

    @lazy_property
    def scale_tril(self):
        return self._expanded(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self):
        return self._expanded(matmul(self._unbroadcasted_scale_tril, self._unbroadcasted_scale_tril.mT))

    @lazy_property
    def precision_matrix(self):
        return self._expanded(cholesky_inverse(self._unbroadcasted_scale_tril))

    @property
    def mean(self):
        return self.loc

    mode = mean

    @property
    def variance(self):
        return self._unbroadcasted_scale_tril.pow(2).sum(-1).expand(self.batch_shape + self.event_shape)

    def rsample(self, sample_shape=()):
        z = randn(self._extended_shape(sample_shape), dtype=self.loc.dtype, device=self.loc.device)
        return self.loc + matmul(self._unbroadcasted_scale_tril, z.unsqueeze(-1)).squeeze(-1)

    def log_prob(self, value):
        self._validate_sample(value)
        L, n = self._unbroadcasted_scale_tril, self.event_shape[0]
        return -0.5 * (n * math.log(2 * math.pi) + squared_distance(L, value - self.loc)) - half_log_det(L)

    def entropy(self):
        H = 0.5 * self.event_shape[0] * (1.0 + math.log(2 * math.pi)) + half_log_det(
            self._unbroadcasted_scale_tril
        )
        return H.expand(self.batch_shape) if self.batch_shape else H
