"""torch._foreach_add and its like: one operation for lists of tensors, as hand-written optimizers use it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat

from .linalg import vector_norm
from .tensor import Tensor


def columns(tensors, arguments):
    """Per tensor its own arguments: the i-th of a list, or what is meant for all."""
    return zip(tensors, *[a if isinstance(a, (list, tuple)) else repeat(a) for a in arguments])


def each(name: str) -> Callable[..., list[Tensor]]:
    """The method `name` of every tensor, the results in a list."""

    def function(self, *arguments, **settings) -> list[Tensor]:
        return [getattr(x, name)(*own, **settings) for x, *own in columns(self, arguments)]

    function.__name__ = function.__qualname__ = f"_foreach_{name}"
    return function


def each_weighted(name: str):
    """`addcmul` and `addcdiv`, whose `value` may be a list too, and may stand in the last place."""

    def function(self, tensor1, tensor2, value=1) -> list[Tensor]:
        return [getattr(x, name)(a, b, value=v) for x, a, b, v in columns(self, (tensor1, tensor2, value))]

    def function_(self, tensor1, tensor2, value=1) -> list[Tensor]:
        return [
            getattr(x, f"{name}_")(a, b, value=v) for x, a, b, v in columns(self, (tensor1, tensor2, value))
        ]

    return function, function_


def _foreach_norm(self, ord=2, dtype=None) -> list[Tensor]:
    return [vector_norm(x, ord, dtype=dtype) for x in self]


_foreach_addcmul, _foreach_addcmul_ = each_weighted("addcmul")
_foreach_addcdiv, _foreach_addcdiv_ = each_weighted("addcdiv")
_foreach_add, _foreach_sub, _foreach_mul, _foreach_div = map(each, ("add", "sub", "mul", "div"))
_foreach_add_, _foreach_sub_, _foreach_mul_, _foreach_div_ = map(each, ("add_", "sub_", "mul_", "div_"))
_foreach_maximum, _foreach_minimum = map(each, ("maximum", "minimum"))
_foreach_clamp_min, _foreach_clamp_max = map(each, ("clamp_min", "clamp_max"))
_foreach_clamp_min_, _foreach_clamp_max_ = map(each, ("clamp_min_", "clamp_max_"))
_foreach_maximum_, _foreach_minimum_ = _foreach_clamp_min_, _foreach_clamp_max_
_foreach_abs, _foreach_neg, _foreach_sqrt, _foreach_reciprocal = map(
    each, ("abs", "neg", "sqrt", "reciprocal")
)
_foreach_abs_, _foreach_neg_, _foreach_sqrt_, _foreach_reciprocal_ = map(
    each, ("abs_", "neg_", "sqrt_", "reciprocal_")
)
_foreach_exp, _foreach_log, _foreach_sign, _foreach_pow, _foreach_lerp = map(
    each, ("exp", "log", "sign", "pow", "lerp")
)
_foreach_exp_, _foreach_log_, _foreach_sign_, _foreach_pow_, _foreach_lerp_ = map(
    each, ("exp_", "log_", "sign_", "pow_", "lerp_")
)
_foreach_copy_, _foreach_zero_ = each("copy_"), each("zero_")
