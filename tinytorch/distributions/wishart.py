"""The Wishart distribution of positive definite matrices."""

from __future__ import annotations

import math

from ..creation import arange, randn
from ..ops import cholesky, diag_embed, digamma, matmul, mvlgamma, solve_triangular, where
from ..tensor import Size
from ..tensor_data import as_tensor
from . import constraints
from .chi2 import Chi2
from .covariance import WithCovariance, given_form
from .multivariate_normal import half_log_det


def mvdigamma(x, p: int):
    """The slope of `mvlgamma`."""
    return digamma(x[..., None] - arange(p, dtype=x.dtype, device=x.device) / 2).sum(-1)


class Wishart(WithCovariance):
    """The sum of x x^T over df draws x of a normal distribution with mean 0: its covariance V is given, or its inverse, or L with L L^T = V."""

    arg_constraints = {
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
        "df": constraints.greater_than(0),
    }
    support = constraints.positive_definite
    has_rsample = True

    def __init__(
        self, df, covariance_matrix=None, precision_matrix=None, scale_tril=None, validate_args=None
    ):
        name, matrix = given_form(covariance_matrix, precision_matrix, scale_tril)
        df = as_tensor(df, dtype=matrix.dtype, device=matrix.device)
        n = matrix.shape[-1]
        if (df <= n - 1).any():
            raise ValueError(f"Value of df={df.min().item()} expected to be greater than ndim - 1 = {n - 1}.")
        batch_shape = Size((df[..., None, None] + matrix[..., :1, :1]).shape[:-2])
        self.df = df.expand(batch_shape)
        self.arg_constraints = {**type(self).arg_constraints, "df": constraints.greater_than(n - 1)}
        self._start(name, matrix, batch_shape, (n, n), validate_args)

    def expand(self, batch_shape, _instance=None):
        new = super().expand(batch_shape, _instance)
        new.arg_constraints = self.arg_constraints
        return new

    @property
    def mean(self):
        return self.df[..., None, None] * self.covariance_matrix

    @property
    def mode(self):
        factor = self.df - self.covariance_matrix.shape[-1] - 1
        return where(factor > 0, factor, math.nan)[..., None, None] * self.covariance_matrix

    @property
    def variance(self):
        V = self.covariance_matrix
        spread = V.diagonal(dim1=-2, dim2=-1)
        return self.df[..., None, None] * (V.pow(2) + spread[..., None, :] * spread[..., :, None])

    def rsample(self, sample_shape=(), max_try_correction=None):
        """Bartlett's decomposition: V^(1/2) A A^T V^(T/2) with normal draws below A's diagonal and roots of chi2 draws on it."""
        n = self.event_shape[-1]
        df = self.df[..., None] - arange(n, dtype=self.df.dtype, device=self.df.device)
        roots = Chi2(df).rsample(sample_shape).clamp(min=0).sqrt()
        noise = randn(self._extended_shape(sample_shape), dtype=df.dtype, device=df.device).tril(-1)
        factor = matmul(self._unbroadcasted_scale_tril, noise + diag_embed(roots))
        return matmul(factor, factor.mT)

    def log_prob(self, value):
        self._validate_sample(value)
        n, df, L = self.event_shape[-1], self.df, self._unbroadcasted_scale_tril
        inner = solve_triangular(L, cholesky(value), upper=False)
        return (
            -df * (n * math.log(2) / 2 + half_log_det(L))
            - mvlgamma(df / 2, n)
            + (df - n - 1) * half_log_det(cholesky(value))
            - inner.pow(2).sum((-2, -1)) / 2
        )

    def entropy(self):
        n, df = self.event_shape[-1], self.df
        return (
            (n + 1) * (n * math.log(2) / 2 + half_log_det(self._unbroadcasted_scale_tril))
            + mvlgamma(df / 2, n)
            - (df - n - 1) / 2 * mvdigamma(df / 2, n)
            + df * n / 2
        )
