"""Complex numbers: their parts, and tensors of pairs seen as them."""

from __future__ import annotations

import math

import numpy as np

from ..op import op, spelled
from .comparison import where
from .elementwise import atan2, cos, sin
from .shape import transpose_op

# ---------------------------------------------------------------- complex numbers


@op(view=True)
def real(x):
    """The real part."""
    return x.real


@op(view=True)
def imag(x):
    """The imaginary part."""
    if x.dtype.kind != "c":
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return x.imag


@op
def conj(x):
    """The complex conjugate; x itself where x is real."""
    return np.conjugate(x) if x.dtype.kind == "c" else x


@op
def make_complex(x, y):
    """x + iy."""
    return x + y * x.dtype.type(1) * np.complex64(1j) if x.dtype == np.float32 else x + 1j * y


@spelled
def polar(input, angle):
    """The complex number of absolute value x at that angle."""
    return make_complex(input * cos(angle), input * sin(angle))


@op(view=True)
def view_as_complex(x):
    """Pairs on the last axis as complex numbers: (..., 2) -> (...)."""
    if x.dtype.kind != "f" or not x.ndim or x.shape[-1] != 2:
        raise RuntimeError(
            f"view_as_complex: expected a floating-point tensor with a last dimension of size 2, got {x.dtype}{list(x.shape)}"
        )
    if x.strides[-1] != x.itemsize:
        raise RuntimeError(
            "view_as_complex: Tensor must have a last dimension with stride 1; call .contiguous() first"
        )
    return x.view(np.result_type(x.dtype, np.complex64))[..., 0]


@op(view=True)
def view_as_real(x):
    """Complex numbers as pairs on a new last axis: (...) -> (..., 2)."""
    if x.dtype.kind != "c":
        raise RuntimeError(f"view_as_real is only supported for complex tensors, got {x.dtype}")
    return x[..., None].view(x.real.dtype)


@spelled
def angle(input):
    """The angle of a complex number."""
    if not input.is_complex():  # 0 or pi, and NaN where there is one
        return where(input != input, input, where(input < 0, math.pi, where(input == input, 0.0, input)))
    return atan2(imag(input), real(input))


def adjoint(input):
    """The last two dims swapped, and conjugated."""

    return conj(transpose_op(input, dim0=-2, dim1=-1))
