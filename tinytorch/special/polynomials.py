"""Orthogonal polynomials of degree n at x; a negative degree gives 0. As in PyTorch they have no gradients."""

from __future__ import annotations

import numpy as np

from ..op import op
from ..ops.special import array_of, special


def polynomial(pytorch_name: str, doc: str, values):
    """An op from `values(scipy_special, degree, x)`."""

    def forward(x, n):
        kind = array_of(pytorch_name, x, n).dtype
        degree = np.trunc(n).astype(np.int64) if hasattr(n, "dtype") else int(n)
        out = values(special(x), np.maximum(degree, 0), x)
        return np.asarray(np.where(degree < 0, 0, out)).astype(kind, copy=False)

    forward.__name__, forward.__doc__ = pytorch_name, doc
    return op(forward, dtypes="float", grad=False)


def second_kind_sum(sign: int):
    """U_n + sign * U_(n-1): the third (-1) and the fourth (1) kind."""
    return lambda scipy, n, x: (
        scipy.eval_chebyu(n, x) + sign * np.where(n > 0, scipy.eval_chebyu(np.maximum(n - 1, 0), x), 0)
    )


def shifted(values):
    """On [0, 1] instead of [-1, 1]."""
    return lambda scipy, n, x: values(scipy, n, 2 * x - 1)


KINDS = {
    "t": lambda scipy, n, x: scipy.eval_chebyt(n, x),
    "u": lambda scipy, n, x: scipy.eval_chebyu(n, x),
    "v": second_kind_sum(-1),
    "w": second_kind_sum(1),
}
(
    chebyshev_polynomial_t,
    chebyshev_polynomial_u,
    chebyshev_polynomial_v,
    chebyshev_polynomial_w,
) = (
    polynomial(f"chebyshev_polynomial_{kind}", "A Chebyshev polynomial.", values)
    for kind, values in KINDS.items()
)
(
    shifted_chebyshev_polynomial_t,
    shifted_chebyshev_polynomial_u,
    shifted_chebyshev_polynomial_v,
    shifted_chebyshev_polynomial_w,
) = (
    polynomial(f"shifted_chebyshev_polynomial_{kind}", "A Chebyshev polynomial on [0, 1].", shifted(values))
    for kind, values in KINDS.items()
)
hermite_polynomial_h = polynomial(
    "hermite_polynomial_h", "Hermite's polynomial of physics.", lambda scipy, n, x: scipy.eval_hermite(n, x)
)
hermite_polynomial_he = polynomial(
    "hermite_polynomial_he",
    "Hermite's polynomial of probability.",
    lambda scipy, n, x: scipy.eval_hermitenorm(n, x),
)
laguerre_polynomial_l = polynomial(
    "laguerre_polynomial_l", "Laguerre's polynomial.", lambda scipy, n, x: scipy.eval_laguerre(n, x)
)
legendre_polynomial_p = polynomial(
    "legendre_polynomial_p", "Legendre's polynomial.", lambda scipy, n, x: scipy.eval_legendre(n, x)
)
