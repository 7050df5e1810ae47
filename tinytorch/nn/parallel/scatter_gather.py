"""Batches cut into a part for each device, and put together again."""

from __future__ import annotations

from ...ops import cat, chunk
from ...tensor import Tensor


def scatter(inputs, target_gpus, dim: int = 0) -> list:
    """The tensors in a nest cut along dim into as many parts as there are devices: one nest for each."""
    count = len(target_gpus)
    if isinstance(inputs, Tensor):
        return [part.to(device) for part, device in zip(chunk(inputs, count, dim), target_gpus)]
    if isinstance(inputs, tuple) and hasattr(inputs, "_fields"):
        return [type(inputs)(*parts) for parts in zip(*(scatter(x, target_gpus, dim) for x in inputs))]
    if isinstance(inputs, (tuple, list)) and inputs:
        return [type(inputs)(parts) for parts in zip(*(scatter(x, target_gpus, dim) for x in inputs))]
    if isinstance(inputs, dict) and inputs:
        parts = zip(*(scatter(x, target_gpus, dim) for x in inputs.values()))
        return [type(inputs)(zip(inputs, values)) for values in parts]
    return [inputs for _ in target_gpus]


def scatter_kwargs(inputs, kwargs, target_gpus, dim: int = 0) -> tuple[tuple, tuple]:
    """Positional and keyword arguments for each device, of equal number."""
    cut = scatter(inputs, target_gpus, dim) if inputs else []
    named = scatter(kwargs, target_gpus, dim) if kwargs else []
    count = max(len(cut), len(named))
    return tuple(cut + [()] * (count - len(cut))), tuple(named + [{}] * (count - len(named)))


def gather(outputs, target_device, dim: int = 0):
    """The nests of all devices as one, their tensors joined along dim."""
    first = outputs[0]
    if isinstance(first, Tensor):
        return cat([out.reshape(1) if out.ndim == 0 else out for out in outputs], dim).to(target_device)
    if isinstance(first, dict):
        return type(first)((key, gather([out[key] for out in outputs], target_device, dim)) for key in first)
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*(gather(parts, target_device, dim) for parts in zip(*outputs)))
    if isinstance(first, (tuple, list)):
        return type(first)(gather(parts, target_device, dim) for parts in zip(*outputs))
    return None if first is None else outputs
