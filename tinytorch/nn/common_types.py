"""torch.nn.common_types: annotations for sizes that may be one number or one for each dimension."""

from __future__ import annotations

from typing import TypeVar, Union

from ..tensor import Tensor

T = TypeVar("T")
_scalar_or_tuple_any_t = Union[T, tuple[T, ...]]
_scalar_or_tuple_1_t = Union[T, tuple[T]]
_scalar_or_tuple_2_t = Union[T, tuple[T, T]]
_scalar_or_tuple_3_t = Union[T, tuple[T, T, T]]
_size_any_t, _size_1_t = _scalar_or_tuple_any_t[int], _scalar_or_tuple_1_t[int]
_size_2_t, _size_3_t = _scalar_or_tuple_2_t[int], _scalar_or_tuple_3_t[int]
_ratio_any_t, _ratio_2_t, _ratio_3_t = (
    _scalar_or_tuple_any_t[float],
    _scalar_or_tuple_2_t[float],
    _scalar_or_tuple_3_t[float],
)
_tensor_list_t = _scalar_or_tuple_any_t[Tensor]
