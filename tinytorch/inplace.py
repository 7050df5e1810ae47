"""torch.exp_(x) is x.exp_()."""

from .tensor import Tensor

abs_, acos_, acosh_, addmv_, arccos_, arccosh_ = (
    Tensor.abs_,
    Tensor.acos_,
    Tensor.acosh_,
    Tensor.addmv_,
    Tensor.arccos_,
    Tensor.arccosh_,
)
arcsin_, arcsinh_, arctan_, arctanh_, as_strided_, asin_ = (
    Tensor.arcsin_,
    Tensor.arcsinh_,
    Tensor.arctan_,
    Tensor.arctanh_,
    Tensor.as_strided_,
    Tensor.asin_,
)
asinh_, atan_, atanh_, ceil_, clamp_, clamp_max_ = (
    Tensor.asinh_,
    Tensor.atan_,
    Tensor.atanh_,
    Tensor.ceil_,
    Tensor.clamp_,
    Tensor.clamp_max_,
)
clamp_min_, clip_, conj_physical_, cos_, cosh_, deg2rad_ = (
    Tensor.clamp_min_,
    Tensor.clip_,
    Tensor.conj_physical_,
    Tensor.cos_,
    Tensor.cosh_,
    Tensor.deg2rad_,
)
detach_, erf_, erfc_, exp2_, exp_, expm1_ = (
    Tensor.detach_,
    Tensor.erf_,
    Tensor.erfc_,
    Tensor.exp2_,
    Tensor.exp_,
    Tensor.expm1_,
)
fill_, fix_, floor_, frac_, gcd_, i0_ = (
    Tensor.fill_,
    Tensor.fix_,
    Tensor.floor_,
    Tensor.frac_,
    Tensor.gcd_,
    Tensor.i0_,
)
index_put_, lcm_, ldexp_, log10_, log1p_, log2_ = (
    Tensor.index_put_,
    Tensor.lcm_,
    Tensor.ldexp_,
    Tensor.log10_,
    Tensor.log1p_,
    Tensor.log2_,
)
log_, logit_, nan_to_num_, neg_, negative_, rad2deg_ = (
    Tensor.log_,
    Tensor.logit_,
    Tensor.nan_to_num_,
    Tensor.neg_,
    Tensor.negative_,
    Tensor.rad2deg_,
)
reciprocal_, resize_as_, round_, rsqrt_, sigmoid_, sin_ = (
    Tensor.reciprocal_,
    Tensor.resize_as_,
    Tensor.round_,
    Tensor.rsqrt_,
    Tensor.sigmoid_,
    Tensor.sin_,
)
sinc_, sinh_, sqrt_, square_, tan_, tanh_ = (
    Tensor.sinc_,
    Tensor.sinh_,
    Tensor.sqrt_,
    Tensor.square_,
    Tensor.tan_,
    Tensor.tanh_,
)
trunc_, xlogy_, zero_ = Tensor.trunc_, Tensor.xlogy_, Tensor.zero_
