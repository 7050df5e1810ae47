"""Bessel's and Airy's functions. As in PyTorch they have no gradients."""

from __future__ import annotations

import numpy as np

from ..op import op
from ..ops.special import special


def from_scipy(name: str, pytorch_name: str, doc: str):
    """An op that is SciPy's function, in the dtype of its argument."""

    def forward(x):
        return getattr(special(x), name)(x).astype(x.dtype, copy=False)

    forward.__name__, forward.__doc__ = pytorch_name, doc
    return op(forward, dtypes="float", grad=False)


bessel_j0 = from_scipy("j0", "bessel_j0", "The Bessel function of the first kind of order 0.")
bessel_j1 = from_scipy("j1", "bessel_j1", "The Bessel function of the first kind of order 1.")
bessel_y0 = from_scipy("y0", "bessel_y0", "The Bessel function of the second kind of order 0.")
bessel_y1 = from_scipy("y1", "bessel_y1", "The Bessel function of the second kind of order 1.")
modified_bessel_k0 = from_scipy(
    "k0", "modified_bessel_k0", "The modified Bessel function of the second kind of order 0."
)
modified_bessel_k1 = from_scipy(
    "k1", "modified_bessel_k1", "The modified Bessel function of the second kind of order 1."
)
scaled_modified_bessel_k0 = from_scipy("k0e", "scaled_modified_bessel_k0", "exp(x) * modified_bessel_k0(x).")
scaled_modified_bessel_k1 = from_scipy("k1e", "scaled_modified_bessel_k1", "exp(x) * modified_bessel_k1(x).")


@op(dtypes="float", grad=False)
def airy_ai(x):
    """Airy's function Ai."""
    return special(x).airy(x)[0].astype(x.dtype, copy=False)


@op(dtypes="float", grad=False)
def spherical_bessel_j0(x):
    """sin(x) / x, and 1 at 0."""
    return np.where(np.isinf(x), x.dtype.type(0), np.sinc(x / np.pi)).astype(x.dtype, copy=False)
