"""Special functions that ops compose."""

from __future__ import annotations

from ..op import Value
from ..ops import exp, i0, i1, log, log1p, mul, neg, where, xlogy


def xlog1py(input, other):
    """x * log1p(y), and 0 where x is 0, whatever y."""
    return (
        xlogy(input, other + 1)
        if not isinstance(other, Value)
        else where((input == 0) & ~(other != other), 0.0, mul(input, log1p(other)))
    )


def entr(input):
    """-x * log(x): 0 at 0, -inf below."""
    inside = where(input > 0, input, 1.0)
    return where(
        input > 0,
        neg(mul(inside, log(inside))),
        where(input == 0, 0.0, where(input != input, input, -float("inf"))),
    )


def as_float(x):
    return x if x.is_floating_point() else x.float()


def i0e(input):
    """i0(x) * exp(-|x|)."""
    return mul(i0(input), exp(neg(as_float(input).abs())))


def i1e(input):
    """i1(x) * exp(-|x|)."""
    return mul(i1(input), exp(neg(as_float(input).abs())))
