"""Complex numbers: their parts, and tensors of pairs seen as them."""

from __future__ import annotations

import numpy as np

from ..op import op
from .elementwise import atan2, cos, sin
from .joining import stack
from .shape import transpose_op

# ---------------------------------------------------------------- complex numbers

@op
def real(x):
    """The real part."""
    return x.real.copy()


@op
def imag(x):
    """The imaginary part."""
    return x.imag.copy()


@op
def conj(x):
    """The complex conjugate; x itself where x is real."""
    return np.conjugate(x) if x.dtype.kind == "c" else x


@op
def make_complex(x, y):
    """x + iy."""
    return x + y * x.dtype.type(1) * np.complex64(1j) if x.dtype == np.float32 else x + 1j * y


def polar(input, angle):
    """The complex number of absolute value x at that angle."""
    return make_complex(input * cos(angle), input * sin(angle))


def view_as_complex(input):
    """Pairs on the last axis as complex numbers: (..., 2) -> (...)."""
    return make_complex(input[..., 0], input[..., 1])


def view_as_real(input):
    """Complex numbers as pairs on a new last axis: (...) -> (..., 2)."""
    return stack([real(input), imag(input)], dim=-1)


def angle(input):
    """The angle of a complex number."""
    return atan2(imag(input), real(input))


def adjoint(input):
    """The last two dims swapped, and conjugated."""

    return conj(transpose_op(input, dim0=-2, dim1=-1))
