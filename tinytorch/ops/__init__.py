"""All ops of levels 00 to 02, under their PyTorch names."""

from .arithmetic import (
    abs, add, add_op, addcdiv, addcmul, apart, cast, clamp, clamp_bounds, clamp_max, clamp_min, clone, clone_op, div, divide,
    floor_divide, fmax, fmin, fmod, lerp, lerp_op, maximum, minimum, mul, neg, pow, remainder, rsub, sub, sub_op,
    transfer, trunc_divide,
)  # 01
from . import bfloat16  # 01
from .comparison import (
    allclose, bitwise_and, bitwise_left_shift, bitwise_not, bitwise_or, bitwise_right_shift, bitwise_xor, eq, equal,
    ge, gt, isclose, isfinite, isinf, isnan, isneginf, isposinf, le, logical_and, logical_not, logical_or,
    logical_xor, lt, ne, where, where_between,
)  # 01
from .complex import adjoint, angle, conj, imag, make_complex, polar, real, view_as_complex, view_as_real  # 01
from .einsum import einsum, einsum_op  # 01
from .elementwise import (
    acos, acosh, asin, asinh, atan, atan2, atanh, ceil, copysign, cos, cosh, deg2rad, exp, exp2, expm1, float_power,
    floor, frac, frexp, gcd, heaviside, hypot, isreal, lcm, ldexp, log, log10, log1p, log2, logaddexp, logaddexp2,
    nan_to_num, nextafter, positive, rad2deg, reciprocal, round, rsqrt, sgn, sign, signbit, sin, sinc, sinh, sqrt,
    square, tan, tanh, trunc, xlogy,
)  # 01
from .fourier import fft_op, ifft_op  # 01
from .gathering import (
    crop_op, diagonal_scatter, gather, gather_op, index_add, index_copy, index_fill, index_reduce, index_select,
    scatter, scatter_add, scatter_add_op, scatter_fold, scatter_op, scatter_reduce, select_scatter, slice_scatter,
    take, take_along_dim, uncrop,
)  # 01
from .indexing import (
    argwhere, check_bounds, getitem, getitem_op, index_put, masked_fill, masked_fill_op, masked_scatter,
    masked_select, narrow, nonzero, plain_index, put, put_zeros, select, two_steps, zero_at,
)  # 01
from .joining import (
    atleast_1d, atleast_2d, atleast_3d, block_diag, cartesian_prod, cat, chunk, column_stack, combinations,
    concatenate, dsplit, dstack, hsplit, hstack, meshgrid, split, split_op, split_with_sizes, stack, tensor_split, unbind,
    unravel_index, vsplit, vstack,
)  # 01
from .linalg import (
    cholesky, cholesky_inverse, cholesky_op, cholesky_solve, det, det_op, eig, eig_op, eigh, eigh_op, eigvals,
    eigvalsh, inv, inv_op, linalg_qr, linalg_svd, LinAlgError, logdet, lstsq, qr, qr_op, slogdet, slogdet_op, solve,
    solve_op, solve_triangular, svd, svd_op, svdvals, triangular_solve,
)  # 01
from .matmul import (
    addbmm, addmm, addmv, addr, baddbmm, bmm, chain_matmul, cross, dot, inner, kron, linalg_cross, matmul, matmul_op,
    mm, mv, outer, tensordot, vdot,
)  # 01
from .matrix import (
    cdist, cond, corrcoef, cov, linalg_norm, matrix_exp, matrix_norm, matrix_power, matrix_rank, pinv, pinverse,
    trace,
)  # 01
from .norms import dist, norm, norm2, renorm, vector_norm  # 01
from .rearranging import (
    diag, diag_embed, diagflat, flip, flip_op, fliplr, flipud, repeat, repeat_interleave, roll, rot90, tile, tril,
    triu,
)  # 01
from .reduction import (
    all, amax, amin, aminmax, any, argmax, argmin, count_nonzero, logsumexp, logsumexp_op, mean, nanmean, nansum,
    prod, prod_op, std, std_mean, std_op, sum, sum_leading, sum_to_size, var, var_mean, var_op,
)  # 01
from .results import result_tuple  # 01
from .running import (
    cummax, cummin, cumprod, cumprod_op, cumsum, cumulative_trapezoid, diff, logcumsumexp, trapezoid,
)  # 01
from .sets import bincount, bucketize, histc, isin, searchsorted, unique, unique_consecutive  # 01
from .shape import (
    as_strided, as_strided_op, broadcast_shapes, settle, broadcast_tensors, broadcast_to, contiguous, contiguous_op, diagonal,
    expand, expand_as, expand_op, flatten, fold_windows, movedim, normal_dim, overlap_add, permute, permute_op, ravel,
    reshape, reshape_as, reshape_op, sizes, squeeze, squeeze_op, t, transpose, transpose_op, unflatten, unfold,
    unfold_windows, unsqueeze, unsqueeze_op, view, view_as, view_op,
)  # 01
from .sorting import (
    argsort, kthvalue, max, median, min, mode, msort, nanmedian, nanquantile, quantile, sort, topk,
)  # 01
from .special import (
    digamma, erf, erfc, erfinv, i0, i1, lgamma, log_ndtr, logit, logit_op, mvlgamma, ndtr, ndtri, polygamma,
    polygamma_op, sigmoid,
)  # 01

from ..compat.namespaces import ask as __getattr__  # 01
