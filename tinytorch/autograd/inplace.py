"""Writing into memory that has a history: tensors and views that are overwritten take over a new one."""

from __future__ import annotations

import numpy as np

from .. import ops
from ..op import local
from ..tensor import Tensor


def take_history(tensor: Tensor, new: Tensor) -> None:
    """`tensor` has been overwritten with the values of `new`: from here on it is `new`, and so is its part of its base."""
    tensor.node, tensor._requires_grad = new.node, new._requires_grad
    base = tensor._base
    if base is None:
        return
    whole = Tensor.wrap(base.array)
    whole.node, whole._requires_grad = base.node, base._requires_grad
    flat = ops.put(
        ops.reshape(whole, -1), ops.reshape(new, -1), index=places(tensor.array, base.array).reshape(-1)
    )
    history = ops.reshape(flat, base.array.shape)
    base.node, base._requires_grad = history.node, history._requires_grad
    history_from_base(tensor)


def history_from_base(view: Tensor) -> None:
    """The view as what it is: some elements of its base, which has the up-to-date history."""
    base = view._base
    view._seen = view._counter.writes
    if not base._requires_grad or not local.grad:
        view.node, view._requires_grad = None, False
        return
    fresh = ops.getitem_op(ops.reshape(base, -1), index=places(view.array, base.array))
    view.node, view._requires_grad = fresh.node, True


def places(view: np.ndarray, base: np.ndarray) -> np.ndarray:
    """For each element of the view, its number among the base's elements."""
    item = base.itemsize
    if view.itemsize != item:
        raise NotImplementedError(
            "writing through .real, .imag or view_as_real to a tensor that requires a gradient is not supported; build a new one"
        )
    numbers = np.zeros(span(base) // item, np.int64)
    steps = lambda array: tuple(s // item * numbers.itemsize for s in array.strides)
    strided = np.lib.stride_tricks.as_strided
    strided(numbers, base.shape, steps(base))[...] = np.arange(base.size).reshape(base.shape)
    offset = (view.__array_interface__["data"][0] - base.__array_interface__["data"][0]) // item
    return strided(numbers[offset:], view.shape, steps(view)).copy()


def span(array: np.ndarray) -> int:
    """The bytes from an array's first element to the end of its last."""
    return (
        sum((n - 1) * s for n, s in zip(array.shape, array.strides)) + array.itemsize
        if array.size
        else array.itemsize
    )
