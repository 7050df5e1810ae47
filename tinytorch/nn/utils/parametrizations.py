"""Parametrizations of weights: by direction and length, of spectral norm 1, orthogonal."""

from __future__ import annotations

import numpy as np

from ... import creation, ops
from ...autograd.grad_mode import no_grad
from ...dtypes import finfo
from ...linalg import solve, vector_norm
from ...ops import matrix_exp
from ...tensor import Tensor
from ..module import Module
from .parametrize import register_parametrization


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """weight = g · v / ‖v‖, with a length g per slice along `dim` (None: one for all).

    Salimans and Kingma 2016, https://arxiv.org/abs/1602.07868
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def accept_old_names(state_dict, prefix, *_) -> None:
        old, new = f"{prefix}{name}", f"{prefix}parametrizations.{name}"
        if f"{old}_g" in state_dict and f"{old}_v" in state_dict:
            state_dict[f"{new}.original0"] = state_dict.pop(f"{old}_g")
            state_dict[f"{new}.original1"] = state_dict.pop(f"{old}_v")

    module._register_load_state_dict_pre_hook(accept_old_names)
    return module


class _WeightNorm(Module):
    def __init__(self, dim: int | None = 0):
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return weight_v * (weight_g / norm_except_dim(weight_v, self.dim))

    def right_inverse(self, weight: Tensor):
        return norm_except_dim(weight, self.dim), weight


def norm_except_dim(v: Tensor, dim: int) -> Tensor:
    """The norm of each slice of v along `dim`; -1: one norm for all, a scalar."""
    if dim == -1:
        return vector_norm(v)
    return vector_norm(v, dim=tuple(d for d in range(v.ndim) if d != dim), keepdim=True)


# ---------------------------------------------------------------- spectral norm


def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Module:
    """weight divided by its largest singular value, which power iteration follows from step to step.

    Miyato et al. 2018, https://arxiv.org/abs/1802.05957
    """
    weight = require_tensor(module, name)
    dim = output_dim(module) if dim is None else dim
    return register_parametrization(module, name, _SpectralNorm(weight, n_power_iterations, dim, eps))


class _SpectralNorm(Module):
    def __init__(self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12):
        super().__init__()
        self.dim = ops.normal_dim(dim, weight.ndim)
        self.eps = eps
        require_positive(n_power_iterations)
        if weight.ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = as_matrix(weight, self.dim)
            self.register_buffer("_u", unit(random_vector(weight, matrix.shape[0]), eps))
            self.register_buffer("_v", unit(random_vector(weight, matrix.shape[1]), eps))
            self._power_method(matrix, 15)

    @no_grad()
    def _power_method(self, matrix: Tensor, n_power_iterations: int) -> None:
        for _ in range(n_power_iterations):
            self._u.copy_(unit(matrix @ self._v, self.eps))
            self._v.copy_(unit(matrix.t() @ self._u, self.eps))

    def forward(self, weight: Tensor) -> Tensor:
        if weight.ndim == 1:
            return unit(weight, self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            self._power_method(matrix, self.n_power_iterations)
        # copies: the next power iteration writes to u and v, and backward needs them as they are
        return weight / self._u.clone().dot(matrix @ self._v.clone())

    def right_inverse(self, value: Tensor) -> Tensor:
        return value


def as_matrix(weight: Tensor, dim: int) -> Tensor:
    """The weight with `dim` in front and everything else flattened."""
    return weight.movedim(dim, 0).reshape(weight.shape[dim], -1)


def unit(x: Tensor, eps: float) -> Tensor:
    """The vector divided by its length."""
    return x / vector_norm(x).clamp_min(eps)


def random_vector(like: Tensor, size: int) -> Tensor:
    return like.detach().new_empty(size).normal_(0, 1)


def output_dim(module: Module) -> int:
    """Which dim of a layer's weight belongs to its outputs: 1 in transposed convolutions."""
    return 1 if getattr(module, "transposed", False) else 0


def require_positive(n_power_iterations: int) -> None:
    if n_power_iterations <= 0:
        raise ValueError(
            f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}"
        )


def require_tensor(module: Module, name: str) -> Tensor:
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    return weight


# ---------------------------------------------------------------- orthogonal


MAPS = ("matrix_exp", "cayley", "householder")


def orthogonal(
    module: Module,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> Module:
    """weight with orthonormal columns (or rows, whichever are fewer): Lezcano-Casado 2019, https://arxiv.org/abs/1909.09501

    `use_trivialization` makes the map start from the weight as it is, so that any orthogonal matrix can be assigned.
    """
    weight = require_tensor(module, name)
    if weight.ndim < 2:
        raise ValueError(f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions.")
    if orthogonal_map is None:
        orthogonal_map = "matrix_exp" if weight.shape[-2] == weight.shape[-1] else "householder"
    if orthogonal_map not in MAPS:
        raise ValueError(
            f'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: {orthogonal_map}'
        )
    return register_parametrization(
        module, name, _Orthogonal(weight, orthogonal_map, use_trivialization), unsafe=True
    )


class _Orthogonal(Module):
    def __init__(self, weight: Tensor, orthogonal_map: str, use_trivialization: bool = True):
        super().__init__()
        self.shape, self.orthogonal_map = weight.shape, orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Tensor) -> Tensor:
        wide = X.shape[-2] < X.shape[-1]
        X = X.mT if wide else X
        Q = self._householder(X) if self.orthogonal_map == "householder" else self._from_skew(X)
        if hasattr(self, "base"):
            Q = self.base @ Q
        return Q.mT if wide else Q

    def _from_skew(self, X: Tensor) -> Tensor:
        """A skew-symmetric matrix, and the rotation that belongs to it."""
        n, k = X.shape[-2:]
        X = X.tril()
        if n != k:
            X = ops.cat([X, X.new_zeros(*X.shape[:-2], n, n - k)], dim=-1)
        A = X - X.mT
        if self.orthogonal_map == "matrix_exp":
            return matrix_exp(A)[..., :k]
        identity = creation.eye(n, dtype=A.dtype)
        return solve(identity - A / 2, identity + A / 2)[..., :k]

    def _householder(self, X: Tensor) -> Tensor:
        """The product of the reflections whose vectors are the columns of X below the diagonal, with a 1 on it."""
        n, k = X.shape[-2:]
        A = X.tril(-1)
        Q = identity = creation.eye(n, k, dtype=X.dtype)
        for i in reversed(range(k)):
            v = (A[..., i] + identity[:, i]).unsqueeze(-1)  # (..., n, 1)
            tau = 2 / (v * v).sum((-2, -1), keepdim=True)
            Q = Q - tau * v @ (v.mT @ Q)
        return Q * X.diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)

    @no_grad()
    def right_inverse(self, Q: Tensor) -> Tensor:
        if Q.shape != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of shape {Q.shape}."
            )
        wide = Q.shape[-2] < Q.shape[-1]
        tall = Q.mT if wide else Q
        if not hasattr(self, "base"):
            A = self._reflections(tall)
            return A.mT if wide else A
        n, k = tall.shape[-2:]
        if n != k:
            tall = ops.cat([tall, creation.randn(*tall.shape[:-2], n, n - k, dtype=Q.dtype)], dim=-1)
        self.base = tall.clone() if n == k and is_orthogonal(tall) else orthogonalised(tall)
        minus_identity = creation.zeros_like(Q)
        minus_identity.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
        return minus_identity

    def _reflections(self, Q: Tensor) -> Tensor:
        """The matrix that the householder map takes to Q."""
        if self.orthogonal_map != "householder":
            raise NotImplementedError(
                "It is not possible to assign to the matrix exponential or the Cayley parametrizations when"
                " use_trivialization=False."
            )
        h, tau = np.linalg.qr(Q.array, mode="raw")  # LAPACK's form, transposed
        A = np.swapaxes(h, -2, -1).copy()
        diagonal = np.einsum("...ii->...i", A[..., : A.shape[-1], :])
        diagonal[...] = np.sign(diagonal) * np.where(tau == 0, -1, 1)
        return Tensor.wrap(A)


def is_orthogonal(Q: Tensor) -> bool:
    n, k = Q.shape[-2:]
    return ops.allclose(Q.mT @ Q, creation.eye(k, dtype=Q.dtype), atol=10.0 * n * finfo(Q.dtype).eps)


def orthogonalised(A: Tensor) -> Tensor:
    """The orthogonal factor of A with the signs that make the other one's diagonal positive."""
    q, r = np.linalg.qr(A.array)
    return Tensor.wrap(q * np.sign(np.einsum("...ii->...i", r))[..., None, :])
