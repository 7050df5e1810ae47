"""Windows of M weights. sym=True are those of filters, whose ends are alike; sym=False those of spectra, which go on with the next period."""

from __future__ import annotations

import numpy as np

from ..creation import float_type, made
from ..formats import strided
from ..tensor import Tensor


def window(M: int, sym: bool, shape, dtype, device, requires_grad) -> Tensor:
    """`shape` takes the places 0 ... N - 1 and N to the weights; the last of a periodic window is left out."""
    if M < 0:
        raise ValueError(f"window requires non-negative window length, got M={M}")
    dtype = float_type(dtype)
    if dtype.kind != "f":
        raise ValueError(f"window expects float32 or float64 dtypes, got: {dtype}")
    N = M if sym else M + 1
    weights = np.ones(M) if M <= 1 else shape(np.arange(N), N)[:M]
    return made(weights.astype(dtype), device, requires_grad)


def general_cosine(M, *, a, sym=True, dtype=None, layout=strided, device=None, requires_grad=False) -> Tensor:
    """a[0] - a[1] cos(2 pi n / (N - 1)) + a[2] cos(4 pi n / (N - 1)) - ..."""
    if not a:
        raise ValueError("Coefficients cannot be empty")
    shape = lambda n, N: sum(
        (-1) ** k * float(weight) * np.cos(2 * np.pi * k * n / (N - 1)) for k, weight in enumerate(a)
    )
    return window(M, sym, shape, dtype, device, requires_grad)


def general_hamming(M, *, alpha=0.54, sym=True, **options) -> Tensor:
    """alpha - (1 - alpha) cos(2 pi n / (N - 1))."""
    return general_cosine(M, a=[alpha, 1.0 - alpha], sym=sym, **options)


def hamming(M, *, sym=True, **options) -> Tensor:
    """The raised cosine that puts out the first side lobe."""
    return general_hamming(M, sym=sym, **options)


def hann(M, *, sym=True, **options) -> Tensor:
    """sin(pi n / (N - 1)) squared."""
    return general_hamming(M, alpha=0.5, sym=sym, **options)


def blackman(M, *, sym=True, **options) -> Tensor:
    """Three cosines."""
    return general_cosine(M, a=[0.42, 0.5, 0.08], sym=sym, **options)


def nuttall(M, *, sym=True, **options) -> Tensor:
    """Four cosines. Nuttall 1981."""
    return general_cosine(M, a=[0.3635819, 0.4891775, 0.1365995, 0.0106411], sym=sym, **options)


def bartlett(M, *, sym=True, dtype=None, layout=strided, device=None, requires_grad=False) -> Tensor:
    """A triangle that ends at 0."""
    shape = lambda n, N: 1 - np.abs(2 * n / (N - 1) - 1)
    return window(M, sym, shape, dtype, device, requires_grad)


def cosine(M, *, sym=True, dtype=None, layout=strided, device=None, requires_grad=False) -> Tensor:
    """Half a period of the sine, read between the places."""
    shape = lambda n, N: np.sin(np.pi * (n + 0.5) / N)
    return window(M, sym, shape, dtype, device, requires_grad)


def exponential(
    M, *, center=None, tau=1.0, sym=True, dtype=None, layout=strided, device=None, requires_grad=False
) -> Tensor:
    """exp(-|n - center| / tau)."""
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")
    shape = lambda n, N: np.exp(-np.abs(n - ((N - 1) / 2 if center is None else center)) / tau)
    return window(M, sym, shape, dtype, device, requires_grad)


def gaussian(M, *, std=1.0, sym=True, dtype=None, layout=strided, device=None, requires_grad=False) -> Tensor:
    """exp(-(n / std) ** 2 / 2), n from the middle."""
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")
    shape = lambda n, N: np.exp(-(((n - (N - 1) / 2) / std) ** 2) / 2)
    return window(M, sym, shape, dtype, device, requires_grad)


def kaiser(M, *, beta=12.0, sym=True, dtype=None, layout=strided, device=None, requires_grad=False) -> Tensor:
    """Bessel's I0 over an ellipse; the larger beta, the lower the side lobes and the wider the main one."""
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")
    return window(M, sym, lambda n, N: np.kaiser(N, beta), dtype, device, requires_grad)
