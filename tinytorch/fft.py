"""Fourier transforms under PyTorch's name: `tinytorch.fft.rfft`."""

import numpy as np

from .creation import float_type, made
from .ops.fourier import (  # noqa: F401
    fft,
    fft2,
    fftn,
    fftshift,
    hfft,
    hfft2,
    hfftn,
    ifft,
    ifft2,
    ifftn,
    ifftshift,
    ihfft,
    ihfft2,
    ihfftn,
    irfft,
    irfft2,
    irfftn,
    rfft,
    rfft2,
    rfftn,
)  # fmt: skip


def fftfreq(n, d=1.0, *, dtype=None, device=None, requires_grad=False):
    """The frequencies of fft's results: 0, 1, ..., -2, -1 over n * d."""
    return made(np.fft.fftfreq(n, d).astype(float_type(dtype)), device, requires_grad)


def rfftfreq(n, d=1.0, *, dtype=None, device=None, requires_grad=False):
    """The frequencies of rfft's results."""
    return made(np.fft.rfftfreq(n, d).astype(float_type(dtype)), device, requires_grad)
