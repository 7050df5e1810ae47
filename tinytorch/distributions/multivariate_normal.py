"""The normal distribution of vectors."""

from __future__ import annotations

import math

from ..creation import randn
from ..ops import broadcast_shapes, matmul, solve_triangular
from ..tensor import Size
from . import constraints
from .covariance import WithCovariance, given_form


def squared_distance(L, x):
    """|L^-1 x|^2 for every vector x: (..., n, n), (..., n) -> (...)."""
    if L.dim() == 2:  # all vectors as the columns of one right-hand side
        columns = solve_triangular(L, x.reshape(-1, x.shape[-1]).t(), upper=False)
        return columns.pow(2).sum(-2).reshape(x.shape[:-1])
    L = L.expand(broadcast_shapes(L.shape[:-2], x.shape[:-1]) + L.shape[-2:])
    return solve_triangular(L, x.unsqueeze(-1), upper=False).squeeze(-1).pow(2).sum(-1)


def half_log_det(L):
    return L.diagonal(dim1=-2, dim2=-1).log().sum(-1)


class MultivariateNormal(WithCovariance):
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
        name, matrix = given_form(covariance_matrix, precision_matrix, scale_tril)
        batch_shape = Size(broadcast_shapes(matrix.shape[:-2], loc.shape[:-1]))
        self.loc = loc.expand(batch_shape + (-1,))
        self._start(name, matrix, batch_shape, self.loc.shape[-1:], validate_args)

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
