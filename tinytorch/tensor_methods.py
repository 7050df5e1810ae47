"""The methods of Tensor that are ops under the same name, family by family."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import ops
from .op import Value

if TYPE_CHECKING:
    from .tensor import Tensor


class Methods(Value):
    """`x.exp()` is `exp(x)`."""

    __slots__ = ()

    # arithmetic
    add = ops.add
    sub = ops.sub
    mul = ops.mul
    floor_divide = ops.floor_divide
    remainder = ops.remainder
    fmod = ops.fmod
    pow = ops.pow
    neg = ops.neg
    abs = ops.abs
    maximum = ops.maximum
    minimum = ops.minimum
    fmax = ops.fmax
    fmin = ops.fmin
    clamp = ops.clamp
    clamp_min = ops.clamp_min
    clamp_max = ops.clamp_max
    lerp = ops.lerp
    addcmul = ops.addcmul
    addcdiv = ops.addcdiv
    eq = ops.eq
    ne = ops.ne
    lt = ops.lt
    le = ops.le
    gt = ops.gt
    ge = ops.ge
    isclose = ops.isclose
    allclose = ops.allclose
    equal = ops.equal
    isnan = ops.isnan
    isinf = ops.isinf
    isfinite = ops.isfinite
    isposinf = ops.isposinf
    isneginf = ops.isneginf
    logical_and = ops.logical_and
    logical_or = ops.logical_or
    logical_xor = ops.logical_xor
    logical_not = ops.logical_not
    bitwise_and = ops.bitwise_and
    bitwise_or = ops.bitwise_or
    bitwise_xor = ops.bitwise_xor
    bitwise_not = ops.bitwise_not
    bitwise_left_shift = ops.bitwise_left_shift
    bitwise_right_shift = ops.bitwise_right_shift
    clone = ops.clone
    div = ops.divide
    divide = ops.divide
    true_divide = ops.div
    multiply = ops.mul
    subtract = ops.sub
    negative = ops.neg
    absolute = ops.abs
    clip = ops.clamp
    greater = ops.gt
    greater_equal = ops.ge
    less = ops.lt
    less_equal = ops.le
    not_equal = ops.ne

    # elementwise
    sqrt = ops.sqrt
    rsqrt = ops.rsqrt
    square = ops.square
    reciprocal = ops.reciprocal
    exp = ops.exp
    exp2 = ops.exp2
    expm1 = ops.expm1
    log = ops.log
    log2 = ops.log2
    log10 = ops.log10
    log1p = ops.log1p
    logaddexp = ops.logaddexp
    logaddexp2 = ops.logaddexp2
    xlogy = ops.xlogy
    sin = ops.sin
    cos = ops.cos
    tan = ops.tan
    asin = ops.asin
    acos = ops.acos
    atan = ops.atan
    atan2 = ops.atan2
    sinh = ops.sinh
    cosh = ops.cosh
    tanh = ops.tanh
    asinh = ops.asinh
    acosh = ops.acosh
    atanh = ops.atanh
    sinc = ops.sinc
    deg2rad = ops.deg2rad
    rad2deg = ops.rad2deg
    hypot = ops.hypot
    sigmoid = ops.sigmoid
    erf = ops.erf
    erfc = ops.erfc
    erfinv = ops.erfinv
    lgamma = ops.lgamma
    digamma = ops.digamma
    polygamma = ops.polygamma
    logit = ops.logit
    floor = ops.floor
    ceil = ops.ceil
    trunc = ops.trunc
    round = ops.round
    sign = ops.sign
    copysign = ops.copysign
    signbit = ops.signbit
    heaviside = ops.heaviside
    frac = ops.frac
    nan_to_num = ops.nan_to_num
    conj = ops.conj
    angle = ops.angle
    arcsin = ops.asin
    arccos = ops.acos
    arctan = ops.atan
    arctan2 = ops.atan2
    fix = ops.trunc
    arccosh = ops.acosh
    arcsinh = ops.asinh
    arctanh = ops.atanh
    positive = ops.positive
    float_power = ops.float_power
    sgn = ops.sgn
    ldexp = ops.ldexp
    frexp = ops.frexp
    gcd = ops.gcd
    lcm = ops.lcm
    nextafter = ops.nextafter
    isreal = ops.isreal
    i0 = ops.i0
    mvlgamma = ops.mvlgamma
    conj_physical = ops.conj

    # reduction
    sum = ops.sum
    sum_to_size = ops.sum_to_size
    mean = ops.mean
    prod = ops.prod
    amax = ops.amax
    amin = ops.amin
    aminmax = ops.aminmax
    any = ops.any
    all = ops.all
    count_nonzero = ops.count_nonzero
    argmax = ops.argmax
    argmin = ops.argmin
    logsumexp = ops.logsumexp
    cumsum = ops.cumsum
    cumprod = ops.cumprod
    logcumsumexp = ops.logcumsumexp
    cummax = ops.cummax
    cummin = ops.cummin
    diff = ops.diff
    var = ops.var
    std = ops.std
    nansum = ops.nansum
    nanmean = ops.nanmean
    norm = ops.norm
    dist = ops.dist
    renorm = ops.renorm

    # shape
    reshape = ops.reshape
    view = ops.view
    view_as = ops.view_as
    reshape_as = ops.reshape_as
    flatten = ops.flatten
    unflatten = ops.unflatten
    ravel = ops.ravel
    transpose = ops.transpose
    t = ops.t
    permute = ops.permute
    movedim = ops.movedim
    expand = ops.expand
    expand_as = ops.expand_as
    broadcast_to = ops.broadcast_to
    unsqueeze = ops.unsqueeze
    squeeze = ops.squeeze
    diagonal = ops.diagonal
    unfold = ops.unfold
    as_strided = ops.as_strided
    contiguous = ops.contiguous

    def split(self, split_size, dim=0):  # the method's argument has another name than the function's
        return ops.split(self, split_size, dim)

    split_with_sizes = ops.split_with_sizes
    chunk = ops.chunk
    tensor_split = ops.tensor_split
    dsplit = ops.dsplit
    hsplit = ops.hsplit
    vsplit = ops.vsplit
    unbind = ops.unbind
    repeat = ops.repeat
    tile = ops.tile
    repeat_interleave = ops.repeat_interleave
    flip = ops.flip
    fliplr = ops.fliplr
    flipud = ops.flipud
    roll = ops.roll
    rot90 = ops.rot90
    tril = ops.tril
    triu = ops.triu
    diag = ops.diag
    diag_embed = ops.diag_embed
    diagflat = ops.diagflat
    adjoint = ops.adjoint
    swapaxes = ops.transpose
    swapdims = ops.transpose
    moveaxis = ops.movedim

    # indexing
    gather = ops.gather
    scatter = ops.scatter
    scatter_add = ops.scatter_add
    scatter_reduce = ops.scatter_reduce
    take_along_dim = ops.take_along_dim
    take = ops.take
    narrow = ops.narrow
    select = ops.select
    index_select = ops.index_select
    index_add = ops.index_add
    index_copy = ops.index_copy
    index_fill = ops.index_fill
    index_put = ops.index_put
    index_reduce = ops.index_reduce
    select_scatter = ops.select_scatter
    slice_scatter = ops.slice_scatter
    diagonal_scatter = ops.diagonal_scatter
    masked_fill = ops.masked_fill
    masked_select = ops.masked_select
    masked_scatter = ops.masked_scatter
    nonzero = ops.nonzero
    argwhere = ops.argwhere

    # sorting
    max = ops.max
    min = ops.min
    argsort = ops.argsort
    sort = ops.sort
    msort = ops.msort
    topk = ops.topk
    kthvalue = ops.kthvalue
    median = ops.median
    nanmedian = ops.nanmedian
    mode = ops.mode
    quantile = ops.quantile
    nanquantile = ops.nanquantile
    unique = ops.unique
    unique_consecutive = ops.unique_consecutive
    histc = ops.histc
    bincount = ops.bincount
    isin = ops.isin
    bucketize = ops.bucketize

    # linalg
    matmul = ops.matmul
    mm = ops.mm
    bmm = ops.bmm
    mv = ops.mv
    dot = ops.dot
    vdot = ops.vdot
    inner = ops.inner
    outer = ops.outer
    addmm = ops.addmm
    addmv = ops.addmv
    addbmm = ops.addbmm
    baddbmm = ops.baddbmm
    addr = ops.addr
    matrix_power = ops.matrix_power
    kron = ops.kron
    inv = ops.inv
    det = ops.det
    slogdet = ops.slogdet
    logdet = ops.logdet
    cholesky = ops.cholesky
    cholesky_inverse = ops.cholesky_inverse
    cholesky_solve = ops.cholesky_solve
    triangular_solve = ops.triangular_solve
    qr = ops.qr
    svd = ops.svd
    trace = ops.trace
    cross = ops.cross
    cov = ops.cov
    corrcoef = ops.corrcoef
    matrix_exp = ops.matrix_exp
    ger = ops.outer
    inverse = ops.inv
    pinverse = ops.pinverse

    def where(self, condition, other) -> Tensor:
        """self where the condition holds, other elsewhere."""
        return ops.where(condition, self, other)

    @property
    def T(self) -> Tensor:
        return (
            ops.permute(self, tuple(range(self.array.ndim))[::-1])
            if self.array.ndim != 2
            else ops.transpose_op(self, dim0=0, dim1=1)
        )

    @property
    def mT(self) -> Tensor:
        if self.array.ndim < 2:
            raise RuntimeError(
                f"tensor.mT is only supported on matrices or batches of matrices. Got {self.array.ndim}-D tensor."
            )
        return ops.transpose(self, -2, -1)

    @property
    def H(self) -> Tensor:
        return ops.adjoint(self)

    mH = H

    @property
    def real(self):
        return ops.real(self) if self.is_complex() else self

    @property
    def imag(self) -> Tensor:
        return ops.imag(self)
