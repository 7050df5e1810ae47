"""Special functions under PyTorch's name: `tinytorch.special.expit`."""

from typing import TYPE_CHECKING

from ..ops import (
    digamma, digamma as psi, erf, erfc, erfinv, exp2, expm1, i0, i0 as modified_bessel_i0, i1, i1 as modified_bessel_i1, lgamma as gammaln,
    log1p, log_ndtr, logit, logsumexp, mvlgamma as multigammaln, ndtr, ndtri, polygamma, round, sigmoid as expit, sinc, xlogy,
)  # 01
from .elementary import entr, i0e, i1e, xlog1py  # 01
from .gamma import erfcx, gammainc, gammaincc, zeta  # 02

if TYPE_CHECKING:  # handed on when they are first asked for: see later.py
    from .bessel import (
        airy_ai, bessel_j0, bessel_j1, bessel_y0, bessel_y1, modified_bessel_k0, modified_bessel_k1, scaled_modified_bessel_k0,
        scaled_modified_bessel_k1, spherical_bessel_j0,
    )  # 01
    from .polynomials import (
        chebyshev_polynomial_t, chebyshev_polynomial_u, chebyshev_polynomial_v, chebyshev_polynomial_w, hermite_polynomial_h, hermite_polynomial_he,
        laguerre_polynomial_l, legendre_polynomial_p, shifted_chebyshev_polynomial_t, shifted_chebyshev_polynomial_u,
        shifted_chebyshev_polynomial_v, shifted_chebyshev_polynomial_w,
    )  # 01
    from ..nn.functional.softmax import log_softmax, softmax  # 03

from .. import later as _later

__getattr__, __dir__ = _later.missing_from(__name__), _later.names_of(__name__)
