"""The normal distribution of vectors whose covariance is a few directions and a diagonal."""

from __future__ import annotations

import math

from ..creation import eye, randn
from ..ops import broadcast_shapes, cholesky, matmul, solve_triangular
from ..tensor import Size
from . import constraints
from .distribution import Distribution
from .multivariate_normal import half_log_det, squared_distance
from .utils import lazy_property


class LowRankMultivariateNormal(Distribution):
    """Normal with covariance W W^T + D, W = cov_factor of n x rank and D = diag(cov_diag).

    Only rank x rank matrices are factored: by the determinant lemma and Woodbury's identity all goes through the
    capacitance I + W^T D^-1 W."""

    arg_constraints = {
        "loc": constraints.real_vector,
        "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(self, loc, cov_factor, cov_diag, validate_args=None):
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        n = loc.shape[-1]
        if cov_factor.dim() < 2:
            raise ValueError(
                "cov_factor must be at least two-dimensional, with optional leading batch dimensions"
            )
        if cov_factor.shape[-2] != n:
            raise ValueError(f"cov_factor must be a batch of matrices with shape {n} x m")
        if cov_diag.shape[-1] != n:
            raise ValueError(f"cov_diag must be a batch of vectors with shape {n}")
        batch = Size(broadcast_shapes(loc.shape[:-1], cov_factor.shape[:-2], cov_diag.shape[:-1]))
        self.loc = loc.expand(batch + (n,))
        self.cov_factor = cov_factor.expand(batch + cov_factor.shape[-2:])
        self.cov_diag = cov_diag.expand(batch + (n,))
        super().__init__(batch, (n,), validate_args=validate_args)

    @lazy_property
    def scaled_factor(self):
        """D^-1 W."""
        return self.cov_factor / self.cov_diag.unsqueeze(-1)

    @lazy_property
    def capacitance_tril(self):
        """The Cholesky factor of I + W^T D^-1 W."""
        W, rank = self.cov_factor, self.cov_factor.shape[-1]
        return cholesky(matmul(W.mT, self.scaled_factor) + eye(rank, dtype=W.dtype, device=W.device))

    @property
    def mean(self):
        return self.loc

    mode = mean

    @lazy_property
    def variance(self):
        return (self.cov_factor.pow(2).sum(-1) + self.cov_diag).expand(self.batch_shape + self.event_shape)

    @lazy_property
    def covariance_matrix(self):
        return matmul(self.cov_factor, self.cov_factor.mT) + self.cov_diag.diag_embed()

    @lazy_property
    def scale_tril(self):
        return cholesky(self.covariance_matrix)

    @lazy_property
    def precision_matrix(self):
        A = solve_triangular(self.capacitance_tril, self.scaled_factor.mT, upper=False)  # (..., rank, n)
        return self.cov_diag.reciprocal().diag_embed() - matmul(A.mT, A)

    def rsample(self, sample_shape=()):
        kind = {"dtype": self.loc.dtype, "device": self.loc.device}
        shape = self._extended_shape(sample_shape)
        along = randn(shape[:-1] + self.cov_factor.shape[-1:], **kind)
        return (
            self.loc
            + matmul(self.cov_factor, along.unsqueeze(-1)).squeeze(-1)
            + self.cov_diag.sqrt() * randn(shape, **kind)
        )

    def log_det(self):
        return 2 * half_log_det(self.capacitance_tril) + self.cov_diag.log().sum(-1)

    def log_prob(self, value):
        self._validate_sample(value)
        x = value - self.loc
        inside = matmul(self.scaled_factor.mT, x.unsqueeze(-1)).squeeze(-1)  # (..., rank)
        distance = (x.pow(2) / self.cov_diag).sum(-1) - squared_distance(self.capacitance_tril, inside)
        return -0.5 * (self.event_shape[0] * math.log(2 * math.pi) + self.log_det() + distance)

    def entropy(self):
        return 0.5 * (self.event_shape[0] * (1.0 + math.log(2 * math.pi)) + self.log_det())
