"""The incomplete gamma functions, the zeta function and erfcx, with the gradients that PyTorch has."""

from __future__ import annotations

import math

from .. import ops
from ..op import method, op
from ..ops.special import array_of, special
from ..tensor import inplace


@method
@op(dtypes="float")
def igamma(x, other):
    """The share of gamma(x) that the integral from 0 to other has."""
    return computed("gammainc", x, other)


@method
@op(dtypes="float")
def igammac(x, other):
    """1 - igamma(x, other), exact for small results too."""
    return computed("gammaincc", x, other)


@op(dtypes="float")
def zeta(x, other):
    """The sum over k >= 0 of (k + other) ** -x."""
    return computed("zeta", x, other)


@op(dtypes="float")
def erfcx(x):
    """exp(x * x) * erfc(x), which stays finite where erfc is nearly 0."""
    return special(x).erfcx(x).astype(x.dtype, copy=False)


def computed(name: str, x, other):
    array = array_of(name, x, other)
    return getattr(special(array), name)(x, other).astype(array.dtype, copy=False)


def density(x, other):
    """The slope of igamma in its second argument."""
    return ops.exp((x - 1) * ops.log(other) - other - ops.lgamma(x))


def unknown(g):
    raise NotImplementedError(
        "the derivative of igamma, igammac and zeta in their first argument is not implemented (nor is it in PyTorch)"
    )


igamma.vjps(x=unknown, other=lambda g, x, other: g * density(x, other))
igammac.vjps(x=unknown, other=lambda g, x, other: -g * density(x, other))
zeta.vjps(x=unknown, other=lambda g, x, other: -g * x * zeta(x + 1, other))
erfcx.vjps(x=lambda g, x, out: g * (2 * x * out - 2 / math.sqrt(math.pi)))

gammainc, gammaincc = igamma, igammac


@method
def igamma_(self, other):
    """In-place `igamma`."""
    return inplace(igamma)(self, other)


@method
def igammac_(self, other):
    """In-place `igammac`."""
    return inplace(igammac)(self, other)
