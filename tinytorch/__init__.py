"""tinytorch: a deep-learning framework in NumPy that reads like its own textbook and speaks PyTorch's API."""

import sys as _sys
import warnings as _warnings
from typing import TYPE_CHECKING

# Infinities and NaN are results here, as in PyTorch, not something to warn about.
_warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"tinytorch\.")

from . import backend, dtypes, later, random, utils  # 00
from . import ops  # 01
from .backend import default_device as get_default_device, device, set_default_device  # 00
from .dtypes import (  # 00
    bfloat16, bool, cdouble, cfloat, complex64, complex128, double, dtype, finfo, float, float16, float32, float64,
    get_default_dtype, half, iinfo, int, int8, int16, int32, int64, long, promote_types, set_default_dtype, short, uint8, uint16, uint32, uint64,
)
from .dtypes import (  # 00
    chalf, complex32, float8_e4m3fn, float8_e4m3fnuz, float8_e5m2, float8_e5m2fnuz, float8_e8m0fnu, qint8, qint32, quint8,
)
from math import e, inf, nan, pi  # 00
from .formats import (  # 00
    channels_last, channels_last_3d, contiguous_format, jagged, layout, legacy_contiguous_format, memory_format, preserve_format, sparse_bsc,
    sparse_bsr, sparse_coo, sparse_csc, sparse_csr, strided,
)
from .settings import (  # 00
    are_deterministic_algorithms_enabled, compile, get_float32_matmul_precision, get_num_interop_threads, get_num_threads,
    is_deterministic_algorithms_warn_only_enabled, is_warn_always_enabled, set_float32_matmul_precision, set_flush_denormal,
    set_num_interop_threads, set_num_threads, set_warn_always, use_deterministic_algorithms,
)
from .compat import __config__  # 00
from .version import __version__  # 00
from .random import Generator, default_generator, fork_rng, get_rng_state, initial_seed, manual_seed, seed, set_rng_state  # 00
from .tensor import Size, Tensor  # 01
from .tensor_data import as_tensor, from_numpy, tensor  # 01
from .ops import (  # 01
    abs, acos, acosh, add, addbmm, addcdiv, addcmul, addmm, addmv, addr, adjoint, all, allclose, amax, amin, aminmax,
    angle, any, argmax, argmin, argsort, argwhere, asin, asinh, atan, atan2, atanh, atleast_1d, atleast_2d, atleast_3d,
    baddbmm, bincount, bitwise_and, bitwise_left_shift, bitwise_not, bitwise_or, bitwise_right_shift, bitwise_xor,
    block_diag, bmm, broadcast_tensors, broadcast_to, bucketize, cartesian_prod, cat, cdist, ceil,
    chain_matmul, cholesky, cholesky_inverse, cholesky_solve, chunk, clamp, clamp_max, clamp_min, clone, column_stack,
    conj, contiguous, copysign, corrcoef, cos, cosh, count_nonzero, cov, cross, cummax, cummin, cumprod, cumsum, deg2rad,
    det, diag, diag_embed, diagflat, diagonal, diff, digamma, dist, divide, dot, dstack, einsum, eq, equal, erf, erfc,
    erfinv, exp, exp2, expand, expm1, flatten, flip, fliplr, flipud, floor, floor_divide, fmax, fmin, fmod, frac, gather,
    ge, gt, heaviside, histc, hsplit, hstack, hypot, imag, index_add, index_copy, index_fill, index_put, index_select,
    inner, inv, isclose, isfinite, isin, isinf, isnan, isneginf, isposinf, kron, kthvalue, le, lerp, lgamma, log, log10,
    log1p, log2, logaddexp, logaddexp2, logcumsumexp, logdet, logical_and, logical_not, logical_or, logical_xor, logit,
    logsumexp, lstsq, lt, masked_fill, masked_scatter, masked_select, matmul, matrix_exp, matrix_power, matrix_rank, max,
    maximum, mean, median, meshgrid, min, minimum, mm, mode, movedim, msort, mul, mv, nan_to_num, nanmean, nanmedian,
    nansum, narrow, ne, neg, nonzero, norm, outer, permute, pinv, polar, polygamma, pow, prod, qr, quantile, rad2deg,
    ravel, real, reciprocal, remainder, renorm, repeat_interleave, reshape, roll, rot90, round, rsqrt, rsub, scatter,
    scatter_add, scatter_reduce, searchsorted, select, sigmoid, sign, signbit, sin, sinc, sinh, slogdet, sort, split,
    split_with_sizes, sqrt, square, squeeze, stack, std, std_mean, sub, sum, svd, svdvals, t, take, take_along_dim, tan,
    tanh, tensor_split, tensordot, tile, topk, trace, transpose, trapezoid, tril, triu, trunc, unbind, unflatten, unique,
    unique_consecutive, unsqueeze, var, var_mean, vdot, view_as_complex, view_as_real, vsplit, vstack, where, xlogy,
)
from .ops import asin as arcsin, acos as arccos, atan as arctan, atan2 as arctan2, clamp as clip, cat as concat, cat as concatenate, trunc as fix, outer as ger, abs as absolute, mul as multiply, neg as negative, sub as subtract, divide as div, divide as true_divide, gt as greater, ge as greater_equal, lt as less, le as less_equal, ne as not_equal, movedim as moveaxis, transpose as swapaxes, transpose as swapdims, inv as inverse, pinverse  # 01
from .ops import (  # 01
    as_strided, combinations, cumulative_trapezoid, diagonal_scatter, dsplit, expand_as, float_power, frexp, gcd, i0,
    index_reduce, isreal, lcm, ldexp, mvlgamma, nanquantile, nextafter, positive, repeat, reshape_as, select_scatter, sgn, slice_scatter,
    sum_to_size, triangular_solve, unfold, unravel_index, view, view_as,
)
from .ops import acosh as arccosh, asinh as arcsinh, atanh as arctanh, conj as conj_physical, trapezoid as trapz, vstack as row_stack  # 01
from .creation import (  # 01
    BoolTensor, ByteTensor, CharTensor, DoubleTensor, FloatTensor, HalfTensor, IntTensor, LongTensor, ShortTensor, arange,
    bartlett_window, bernoulli, blackman_window, complex, empty, empty_like, eye, fill, full, full_like, hamming_window,
    hann_window, kaiser_window, linspace, logspace, multinomial, new_full, new_ones, new_zeros, normal,
    ones, ones_like, poisson, rand, rand_like, randint, randint_like, randn, randn_like, randperm, range, scalar_tensor,
    tril_indices, triu_indices, zeros, zeros_like,
)
from .creation import set_default_tensor_type  # 01
from .queries import (  # 01
    asarray, broadcast_shapes, can_cast, detach, get_device, is_complex, is_floating_point, is_nonzero, is_same_size, is_signed, is_storage,
    is_tensor, numel, result_type, typename,
)
from .random_state import get_rng_state, set_rng_state  # type: ignore[assignment]  # noqa: F811  # 01
from .printing import set_printoptions  # 01
from . import autograd  # 02
from .autograd import enable_grad, inference_mode, is_anomaly_enabled, is_grad_enabled, is_inference_mode_enabled, no_grad, set_grad_enabled  # 02

newaxis = None
torch = _sys.modules[__name__]  # PyTorch too has itself as an attribute

if TYPE_CHECKING:  # handed on when they are first asked for, so that importing tinytorch stays quick: see later.py
    from . import cuda  # 00
    from .compat import (  # 00
        _C, _dynamo, _subclasses, _tensor_str, accelerator, ao, backends, compiler, distributed, export, functional, futures, fx, mps, multiprocessing, nested, onnx,
        quantization, types, xpu, cpu,
    )
    from .compat.futures import Future  # 00
    from .compat import _higher_order_ops, _utils, overrides  # 01
    from .compat.symbolic import (  # 00
        SymBool, SymFloat, SymInt, _assert_async, _check, _check_index, _check_is_size, _check_not_implemented, _check_tensor_all, _check_type,
        _assert, _check_value, _check_with, sym_float, sym_int, sym_ite, sym_max, sym_min, sym_not, sym_sqrt, sym_sum,
    )
    from .compat.accelerator import get_device_module  # 00
    from .cuda.runtime import Event, OutOfMemoryError, Stream  # 00
    from .storage import TypedStorage, UntypedStorage  # 01
    from .queries import _shape_as_tensor  # 01
    from .buffers import from_file, frombuffer  # 01
    from .ops.differences import gradient  # 01
    from .ops.histograms import histogram, histogramdd  # 01
    from .ops.placing import put  # 01
    from .utils.dlpack import from_dlpack, to_dlpack  # 01
    from . import fft, linalg, special  # 01
    from .linalg.lowrank import lobpcg, pca_lowrank, svd_lowrank  # 02
    from .linalg.lu_factors import lu_unpack  # 02
    from .linalg.older import geqrf, lu, lu_solve, orgqr, ormqr  # 02
    from .special.gamma import igamma, igammac  # 02
    from .inplace import (  # 01
        abs_, acos_, acosh_, addmv_, arccos_, arccosh_, arcsin_, arcsinh_, arctan_, arctanh_, as_strided_, asin_,
        asinh_, atan_, atanh_, ceil_, clamp_, clamp_max_, clamp_min_, clip_, conj_physical_, cos_, cosh_, deg2rad_,
        detach_, erf_, erfc_, exp2_, exp_, expm1_, fill_, fix_, floor_, frac_, gcd_, i0_, index_put_, lcm_, ldexp_,
        log10_, log1p_, log2_, log_, logit_, nan_to_num_, neg_, negative_, rad2deg_, reciprocal_, resize_as_, round_,
        rsqrt_, sigmoid_, sin_, sinc_, sinh_, sqrt_, square_, tan_, tanh_, trunc_, xlogy_, zero_,
    )
    from .foreach import (  # 01
        _foreach_abs, _foreach_abs_, _foreach_add, _foreach_add_, _foreach_addcdiv, _foreach_addcdiv_,
        _foreach_addcmul, _foreach_addcmul_, _foreach_clamp_max, _foreach_clamp_max_, _foreach_clamp_min,
        _foreach_clamp_min_, _foreach_copy_, _foreach_div, _foreach_div_, _foreach_exp, _foreach_exp_, _foreach_lerp,
        _foreach_lerp_, _foreach_log, _foreach_log_, _foreach_maximum, _foreach_maximum_, _foreach_minimum,
        _foreach_minimum_, _foreach_mul, _foreach_mul_, _foreach_neg, _foreach_neg_, _foreach_norm, _foreach_pow,
        _foreach_pow_, _foreach_reciprocal, _foreach_reciprocal_, _foreach_sign, _foreach_sign_, _foreach_sqrt,
        _foreach_sqrt_, _foreach_sub, _foreach_sub_, _foreach_zero_,
    )
    from . import testing  # 02
    from .ops import mm as spmm  # 02
    from .sparse import sparse_coo_tensor, sparse_csr_tensor  # 02
    from . import nn  # 03
    from .nn.functional import (  # type: ignore[no-redef]  # 03
        celu, celu_, cosine_similarity, hardshrink, log_softmax, pairwise_distance, pdist, prelu, relu, relu_, rrelu, rrelu_, selu,
        selu_, softmax, threshold, threshold_,
    )
    from .nn.functional.dropout import (  # 04
        alpha_dropout, alpha_dropout_, dropout, dropout_, feature_alpha_dropout, feature_alpha_dropout_, feature_dropout,
        feature_dropout_,
    )
    from .nn.functional.linear import bilinear  # 04
    from .nn.functional import (  # 06
        adaptive_avg_pool1d, avg_pool1d, channel_shuffle, conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d,
        conv_transpose3d, max_pool1d, max_pool2d, max_pool3d, pixel_shuffle, pixel_unshuffle,
    )
    from .nn.functional.native_loss import (  # 03
        binary_cross_entropy_with_logits, cosine_embedding_loss, ctc_loss, hinge_embedding_loss, kl_div, margin_ranking_loss,
        poisson_nll_loss, triplet_margin_loss,
    )
    from .nn.functional.pool import max_pool1d_with_indices  # 06
    from .nn.functional.adaptive_pool import adaptive_max_pool1d_with_indices as adaptive_max_pool1d  # 06
    from .nn.functional.spectrogram import istft, stft  # 06
    from .nn.functional.native_recurrent import (  # 14
        gru, gru_cell, lstm, lstm_cell, rnn_relu, rnn_relu_cell, rnn_tanh, rnn_tanh_cell,
    )
    from .nn.functional.native_recurrent import embedding  # 14
    from . import return_types, signal  # 01
    from .nn.functional import rms_norm  # 08
    from .nn.functional.native import batch_norm, group_norm, instance_norm, layer_norm  # 08
    from .func import vmap  # 04
    from .compat import library  # 02
    from .compat import jit  # 04
    from .compat.jit.as_written import ScriptFunction, ScriptModule  # 04
    from . import optim  # 05
    from .serialization import load, save  # 10
    from .serialization.names import PyTorchFileReader, PyTorchFileWriter  # 10
    from .compat import hub  # 10
    from .amp import (  # 11
        GradScaler, autocast, get_autocast_cpu_dtype, get_autocast_dtype, get_autocast_gpu_dtype, is_autocast_available,
        is_autocast_cpu_enabled, is_autocast_enabled,
    )
    from . import distributions  # 05
    from . import data  # 07
    from . import train  # 11
    from . import profiler  # 12
    from . import text  # 14
    from . import models  # 04

__getattr__, __dir__ = later.missing_from(__name__), later.names_of(__name__)
