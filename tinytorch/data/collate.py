"""From a list of samples to a batch: Tensors are stacked, containers keep their form."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..op import asked
from ..tensor import Tensor
from ..tensor_data import as_tensor, from_numpy, tensor
from .dataset import Rows

# For classes of one's own: {class: function(batch, collate_fn_map=...)}. Asked before anything else.
default_collate_fn_map: dict[type, Callable] = {}


def default_collate(batch: Sequence) -> Any:
    """Samples to a batch with one more dimension in front: numbers become Tensors, Tensors and arrays are stacked, strings are listed."""
    if isinstance(batch, Rows):
        return [convert_leaf(column) for column in batch.columns]
    first = batch[0]
    for kind, collate in default_collate_fn_map.items():
        if isinstance(first, kind):
            return collate(batch, collate_fn_map=default_collate_fn_map)
    if isinstance(first, Tensor):
        return stack([sample.array for sample in batch], like=first)
    if isinstance(first, (np.ndarray, np.generic)):
        refuse_dtype(first.dtype)
        return stack([np.asarray(sample) for sample in batch])
    if isinstance(first, float):
        return tensor(list(batch), dtype=dtypes.float64)
    if isinstance(first, (bool, int)):
        return tensor(list(batch))
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        return like_mapping(first, {key: default_collate([sample[key] for sample in batch]) for key in first})
    if isinstance(first, Sequence):
        check_lengths(batch)
        return like_sequence(first, [default_collate(column) for column in zip(*batch)])
    raise TypeError(f"{CONTENTS}; found {type(first)}")


def collate_tensor_fn(batch, *, collate_fn_map=None) -> Tensor:
    """Tensors of one shape, stacked."""
    return stack([sample.array for sample in batch], like=batch[0])


def default_convert(data: Any) -> Any:
    """What the loader does to a sample when it makes no batches: arrays become Tensors, containers keep their form."""
    if isinstance(data, (np.ndarray, np.generic)):
        return convert_leaf(data)
    if isinstance(data, (Tensor, str, bytes)):
        return data
    if isinstance(data, Mapping):
        return like_mapping(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, Sequence):
        return like_sequence(data, [default_convert(value) for value in data])
    return data


def pinned(data: Any) -> Any:
    """The same batch with its Tensors in pinned memory."""
    if hasattr(data, "pin_memory"):
        return data.pin_memory()
    if isinstance(data, Mapping):
        return like_mapping(data, {key: pinned(value) for key, value in data.items()})
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        parts = [pinned(value) for value in data]
        return tuple(parts) if type(data) is tuple else like_sequence(data, parts)
    return data


CONTENTS = "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists"


def stack(arrays: list, like: Tensor | None = None) -> Tensor:
    shapes = {array.shape for array in arrays}
    if len(shapes) > 1:
        other = next(i for i, array in enumerate(arrays) if array.shape != arrays[0].shape)
        raise RuntimeError(
            f"stack expects each tensor to be equal size, but got {list(arrays[0].shape)} at entry 0 and {list(arrays[other].shape)}"
            f" at entry {other}; samples of different sizes need a collate_fn of their own"
        )
    if like is not None and like.is_cuda:
        from .. import backend

        return Tensor.wrap(backend.module_of(like.array).stack(arrays))
    return Tensor.wrap(np.stack(arrays))


def convert_leaf(data):
    if isinstance(data, np.ndarray):
        return data if data.dtype.kind in "USO" else from_numpy(data)
    return as_tensor(data) if isinstance(data, np.generic) and data.dtype.kind not in "USO" else data


def refuse_dtype(dtype: np.dtype) -> None:
    if dtype.kind in "USO":
        raise TypeError(f"{CONTENTS}; found {dtype}")


def check_lengths(batch: Sequence) -> None:
    lengths = [len(sample) for sample in batch]
    if len(set(lengths)) > 1:
        other = next(i for i, length in enumerate(lengths) if length != lengths[0])
        raise RuntimeError(
            f"{asked()}: each element in list of batch should be of equal size, but sample 0 has {lengths[0]} parts and sample {other} has {lengths[other]}"
        )


def like_mapping(original: Mapping, values: dict) -> Any:
    """The values in a mapping of the original's class, or in a dict where that class cannot be made."""
    try:
        if isinstance(original, MutableMapping):
            clone = copy.copy(original)
            clone.update(values)
            return clone
        make: Callable = type(original)
        return make(values)
    except TypeError:
        return values


def like_sequence(original: Sequence, values: list) -> Any:
    """The values in a sequence of the original's class; a plain tuple becomes a list, as in PyTorch."""
    make: Callable = type(original)
    if isinstance(original, tuple):
        return make(*values) if hasattr(original, "_fields") else values
    try:
        if isinstance(original, MutableSequence):
            clone = copy.copy(original)
            clone[:] = values
            return clone
        return make(values)
    except TypeError:  # such as range
        return values
