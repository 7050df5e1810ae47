"""Random correlation matrices, by their Cholesky factors."""

from __future__ import annotations

import math

from ..creation import arange, randn
from ..dtypes import finfo
from ..ops import cat, diag_embed, lgamma, mvlgamma
from ..tensor import Size
from ..tensor_data import as_tensor
from . import constraints
from .beta import Beta
from .distribution import Distribution


class LKJCholesky(Distribution):
    """The factors L of correlation matrices R = L L^T with a density proportional to det(R)^(concentration - 1).

    Lewandowski, Kurowicka and Joe, Generating random correlation matrices based on vines and extended onion method (2009).
    The draws follow this density; PyTorch 2.13's draw row i with a first parameter of i - 1/2 where the paper has i/2.
    """

    arg_constraints = {"concentration": constraints.positive}
    support = constraints.corr_cholesky

    def __init__(self, dim, concentration=1.0, validate_args=None):
        if dim < 2:
            raise ValueError(f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}.")
        self.dim, self.concentration = dim, as_tensor(concentration)
        super().__init__(self.concentration.shape, Size((dim, dim)), validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        return self._copy(
            batch_shape, _instance, dim=self.dim, concentration=self.concentration.expand(batch_shape)
        )

    def sample(self, sample_shape=()):
        """Row i is a direction, uniform on a sphere, times the square root of a Beta draw; its diagonal makes it of length 1."""
        eta = self.concentration.detach()
        row = arange(1, self.dim, dtype=eta.dtype, device=eta.device)
        squares = Beta(row / 2, eta[..., None] + (self.dim - 1 - row) / 2).sample(
            sample_shape
        )  # (..., dim - 1)
        shape = (*self._extended_shape(sample_shape)[:-2], self.dim, self.dim)
        direction = randn(shape, dtype=eta.dtype, device=eta.device).tril(-1)[..., 1:, :]
        below = direction / direction.norm(dim=-1, keepdim=True) * squares.sqrt()[..., None]
        rows = cat([below[..., :1, :] * 0, below], -2)
        rest = (1 - rows.pow(2).sum(-1)).clamp(min=finfo(eta.dtype).tiny)
        return rows + diag_embed(rest.sqrt())

    def log_prob(self, value):
        self._validate_sample(value)
        eta, d = self.concentration, self.dim
        order = arange(2, d + 1, dtype=eta.dtype, device=eta.device)
        powers = 2 * (eta[..., None] - 1) + d - order
        scores = (powers * value.diagonal(dim1=-2, dim2=-1)[..., 1:].log()).sum(-1)
        alpha = eta + 0.5 * (d - 1)
        return scores - (
            0.5 * (d - 1) * math.log(math.pi) + mvlgamma(alpha - 0.5, d - 1) - (d - 1) * lgamma(alpha)
        )
