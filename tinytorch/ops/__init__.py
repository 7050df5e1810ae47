"""All ops of levels 00 to 02, under their PyTorch names."""

from .arithmetic import (
    abs, add, add_op, addcdiv, addcmul, allclose, bitwise_and, bitwise_left_shift, bitwise_not, bitwise_or, bitwise_right_shift,
    bitwise_xor, cast, clamp, clamp_bounds, clamp_max, clamp_min, clone, clone_op, div, divide, eq, equal, floor_divide, fmax,
    fmin, fmod, ge, gt, isclose, isfinite, isinf, isnan, isneginf, isposinf, le, lerp, lerp_op, logical_and, logical_not, logical_or,
    logical_xor, lt, maximum, minimum, mul, ne, neg, pow, remainder, rsub, sub, sub_op, transfer, trunc_divide, where, where_between,
)  # 01
from .elementwise import (
    acos, acosh, angle, asin, asinh, atan, atan2, atanh, ceil, conj, copysign, cos, cosh, deg2rad, digamma, erf, erfc, erfinv,
    exp, exp2, expm1, floor, frac, heaviside, hypot, imag, lgamma, log, log1p, log2, log10, logaddexp, logaddexp2, logit, logit_op,
    make_complex, nan_to_num, polar, polygamma, polygamma_op, rad2deg, real, reciprocal, round, rsqrt, sigmoid, sign, signbit,
    sin, sinc, sinh, sqrt, square, tan, tanh, trunc, view_as_complex, view_as_real, xlogy,
)  # 01
from .indexing import (
    argwhere, crop_op, gather, gather_op, getitem, getitem_op, index_add, index_copy, index_fill, index_put, index_select,
    masked_fill, masked_fill_op, masked_scatter, masked_select, narrow, nonzero, check_bounds, plain_index, put, put_zeros, scatter,
    scatter_add, scatter_add_op, scatter_fold, scatter_op, scatter_reduce, select, take, take_along_dim, uncrop, zero_at,
)  # 01
from .einsum import einsum, einsum_op  # 01
from .linalg import (
    LinAlgError, cholesky, cholesky_inverse, cholesky_op, cholesky_solve, det, det_op, eig, eig_op, eigh, eigh_op, eigvals, eigvalsh, inv,
    inv_op, linalg_qr, linalg_svd, logdet, lstsq, qr, qr_op, slogdet, slogdet_op, solve, solve_op, solve_triangular, svd, svd_op, svdvals,
    triangular_solve,
)  # 01
from .matmul import (
    addbmm, addmm, addmv, addr, baddbmm, bmm, chain_matmul, cross, dot, inner, kron, linalg_cross, matmul, matmul_op, mm, mv, outer, tensordot,
    vdot,
)  # 01
from .matrix import (
    cdist, cond, corrcoef, cov, linalg_norm, matrix_exp, matrix_norm, matrix_power, matrix_rank, pdist, pinv, pinverse, trace,
)  # 01
from .reduction import (
    all, amax, amin, aminmax, any, argmax, argmin, count_nonzero, cummax, cummin, cumprod, cumprod_op, cumsum, diff, dist,
    logcumsumexp, logsumexp, logsumexp_op, mean, nanmean, nansum, norm, norm2, prod, prod_op, renorm, std, std_mean, std_op, sum,
    trapezoid, var, var_mean, var_op, vector_norm,
)  # 01
from .shape import (
    adjoint, atleast_1d, atleast_2d, atleast_3d, block_diag, broadcast_shapes, broadcast_tensors, broadcast_to, cartesian_prod,
    cat, chunk, column_stack, concatenate, contiguous, contiguous_op, diag, diag_embed, diagflat, diagonal, dstack, expand,
    expand_as, expand_op, flatten, flip, flip_op, fliplr, flipud, fold_windows, hsplit, hstack, meshgrid, movedim, normal_dim,
    permute, permute_op, ravel, repeat, repeat_interleave, reshape, reshape_as, reshape_op, roll, rot90, sizes, split,
    split_with_sizes, squeeze, squeeze_op, stack, t, tensor_split, tile, transpose, transpose_op, tril, triu, unbind,
    unflatten, unfold, unfold_windows, unsqueeze, unsqueeze_op, view, view_as, view_op, vsplit, vstack,
)  # 01
from .sorting import (
    argsort, bincount, bucketize, histc, isin, kthvalue, max, median, min, mode, msort, nanmedian, quantile, result_tuple,
    searchsorted, sort, topk, unique, unique_consecutive,
)  # 01
