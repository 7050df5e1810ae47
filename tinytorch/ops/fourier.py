"""Discrete Fourier transforms. Each is a transform of all dims named, of complex numbers; the forms for real numbers cut and mirror it."""

from __future__ import annotations

import numpy as np

from ..op import op, spelled
from .complex import conj, real
from .indexing import getitem_op
from .joining import cat
from .rearranging import flip_op, roll
from .shape import normal_dim

# ---------------------------------------------------------------- base ops


@op
def fft_op(x, *, dims, norm=None):
    """sum over n of x_n exp(-2 pi i n k / N), along each of the dims."""
    return np.fft.fftn(x, axes=dims, norm=norm).astype(np.result_type(x.dtype, np.complex64), copy=False)


@op
def ifft_op(x, *, dims, norm=None):
    """The inverse of `fft_op`."""
    return np.fft.ifftn(x, axes=dims, norm=norm).astype(np.result_type(x.dtype, np.complex64), copy=False)


def plan(name: str, x, s, dim, count):
    """The dims to transform and the sizes wanted of them."""
    if x.array.dtype == np.float16:
        raise RuntimeError(f"fft.{name}: float16 is not supported")
    x = x if x.array.dtype.kind in "fc" else x.float()
    if isinstance(s, int):
        s = (s,)
    if dim is None:
        count = len(s) if s is not None else x.ndim if count is None else count
        dim = tuple(range(x.ndim - count, x.ndim))
    dims = tuple(normal_dim(d, x.ndim) for d in ((dim,) if isinstance(dim, int) else dim))
    return x, dims, tuple(s) if s is not None else (None,) * len(dims)


def fitted(x, dims, sizes):
    """x cut, or filled with zeros, to these sizes."""
    for d, n in zip(dims, sizes):
        have = x.array.shape[d]
        if n is None or n in (-1, have):
            continue
        if n < have:
            x = getitem_op(x, index=(slice(None),) * d + (slice(n),))
        else:
            blank = np.zeros((*x.array.shape[:d], n - have, *x.array.shape[d + 1 :]), x.array.dtype)
            x = cat([x, x.wrap(blank)], dim=d)
    return x


def forward(name, x, s, dim, norm, count=None):
    x, dims, sizes = plan(name, x, s, dim, count)
    return fft_op(fitted(x, dims, sizes), dims=dims, norm=norm)


def inverse(name, x, s, dim, norm, count=None):
    x, dims, sizes = plan(name, x, s, dim, count)
    return ifft_op(fitted(x, dims, sizes), dims=dims, norm=norm)


def forward_real(name, x, s, dim, norm, count=None):
    """The half of a real signal's transform that tells the rest."""
    if x.is_complex():
        raise RuntimeError(f"fft.{name} expects a real input tensor, but got {x.dtype!r}")
    x, dims, sizes = plan(name, x, s, dim, count)
    out = fft_op(fitted(x, dims, sizes), dims=dims, norm=norm)
    return getitem_op(out, index=(slice(None),) * dims[-1] + (slice(out.array.shape[dims[-1]] // 2 + 1),))


def inverse_real(name, x, s, dim, norm, count=None):
    """A real signal from the half of its transform."""
    x, dims, sizes = plan(name, x, s, dim, count)
    last = dims[-1]
    n = sizes[-1] if sizes[-1] not in (None, -1) else 2 * (x.array.shape[last] - 1)
    x = fitted(x, dims, (*sizes[:-1], n // 2 + 1))
    if len(dims) > 1:
        x = ifft_op(x, dims=dims[:-1], norm=norm)
    tail = getitem_op(x, index=(slice(None),) * last + (slice(1, (n + 1) // 2),))
    whole = cat([x, conj(flip_op(tail, dims=(last,)))], dim=last)
    return real(ifft_op(whole, dims=(last,), norm=norm))


# ---------------------------------------------------------------- PyTorch's names


@spelled
def fft(input, n=None, dim=-1, norm=None):
    """The transform along one dim."""
    return forward("fft", input, n, dim, norm)


@spelled
def ifft(input, n=None, dim=-1, norm=None):
    """The inverse of fft."""
    return inverse("ifft", input, n, dim, norm)


@spelled
def rfft(input, n=None, dim=-1, norm=None):
    """The transform of real numbers: frequencies 0 to n // 2."""
    return forward_real("rfft", input, n, dim, norm)


@spelled
def irfft(input, n=None, dim=-1, norm=None):
    """The inverse of rfft."""
    return inverse_real("irfft", input, n, dim, norm)


@spelled
def fft2(input, s=None, dim=(-2, -1), norm=None):
    """The transform along two dims."""
    return forward("fft2", input, s, dim, norm)


@spelled
def ifft2(input, s=None, dim=(-2, -1), norm=None):
    """The inverse of fft2."""
    return inverse("ifft2", input, s, dim, norm)


@spelled
def rfft2(input, s=None, dim=(-2, -1), norm=None):
    """The transform of real numbers along two dims."""
    return forward_real("rfft2", input, s, dim, norm)


@spelled
def irfft2(input, s=None, dim=(-2, -1), norm=None):
    """The inverse of rfft2."""
    return inverse_real("irfft2", input, s, dim, norm)


@spelled
def fftn(input, s=None, dim=None, norm=None):
    """The transform along several dims (all without dim)."""
    return forward("fftn", input, s, dim, norm)


@spelled
def ifftn(input, s=None, dim=None, norm=None):
    """The inverse of fftn."""
    return inverse("ifftn", input, s, dim, norm)


@spelled
def rfftn(input, s=None, dim=None, norm=None):
    """The transform of real numbers along several dims."""
    return forward_real("rfftn", input, s, dim, norm)


@spelled
def irfftn(input, s=None, dim=None, norm=None):
    """The inverse of rfftn."""
    return inverse_real("irfftn", input, s, dim, norm)


def other(norm):
    """Which of the two directions is divided, said from the other one's side."""
    return {None: "forward", "backward": "forward", "forward": "backward"}.get(norm, norm)


@spelled
def hfft(input, n=None, dim=-1, norm=None):
    """The transform of a signal whose transform is real."""
    return inverse_real("hfft", conj(input), n, dim, other(norm))


@spelled
def ihfft(input, n=None, dim=-1, norm=None):
    """The inverse of hfft."""
    return conj(forward_real("ihfft", input, n, dim, other(norm)))


@spelled
def hfft2(input, s=None, dim=(-2, -1), norm=None):
    """hfft along two dims."""
    return inverse_real("hfft2", conj(input), s, dim, other(norm))


@spelled
def ihfft2(input, s=None, dim=(-2, -1), norm=None):
    """The inverse of hfft2."""
    return conj(forward_real("ihfft2", input, s, dim, other(norm)))


@spelled
def hfftn(input, s=None, dim=None, norm=None):
    """hfft along several dims (all without dim)."""
    return inverse_real("hfftn", conj(input), s, dim, other(norm))


@spelled
def ihfftn(input, s=None, dim=None, norm=None):
    """The inverse of hfftn."""
    return conj(forward_real("ihfftn", input, s, dim, other(norm)))


def shifted(input, dim, half):
    dims = tuple(range(input.ndim)) if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    return roll(input, shifts=tuple(half(input.array.shape[d]) for d in dims), dims=dims)


def fftshift(input, dim=None):
    """Frequency 0 moved to the middle."""
    return shifted(input, dim, lambda n: n // 2)


def ifftshift(input, dim=None):
    """The inverse of fftshift."""
    return shifted(input, dim, lambda n: -(n // 2))
