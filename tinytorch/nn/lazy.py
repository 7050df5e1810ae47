"""Layers that read their number of inputs off the first input, and then become ordinary layers."""

from __future__ import annotations

import itertools

from . import batchnorm, conv, linear
from .parameter import UninitializedBuffer, UninitializedParameter, is_lazy


class LazyModuleMixin:
    """Before the first call: `initialize_parameters(*inputs)`, and from then on the module is a `cls_to_become`."""

    cls_to_become: type | None = None

    def has_uninitialized_params(self) -> bool:
        return any(map(is_lazy, itertools.chain(self._parameters.values(), self._buffers.values())))

    def initialize_parameters(self, *args, **kwargs) -> None:
        raise NotImplementedError(f"initialize_parameters is not implemented for {type(self).__name__}")

    def __call__(self, *args, **kwargs):
        if self.cls_to_become is None and not self.has_uninitialized_params():
            return super().__call__(*args, **kwargs)
        self.initialize_parameters(*args, **kwargs)
        if self.has_uninitialized_params():
            raise RuntimeError(f"module {type(self).__name__} has not been fully initialized")
        if self.cls_to_become is None:
            return super().__call__(*args, **kwargs)
        self.__class__ = self.cls_to_become
        return self(*args, **kwargs)

    def _load_from_state_dict(self, state_dict, prefix, *rest) -> None:
        for name, tensor in (*self._parameters.items(), *self._buffers.items()):
            if is_lazy(tensor) and prefix + name in state_dict:
                tensor.materialize(state_dict[prefix + name].shape)
        super()._load_from_state_dict(state_dict, prefix, *rest)


class LazyLayer(LazyModuleMixin):
    """A layer whose `counted` attribute, and the shapes that follow from it, are unknown at first."""

    counted: str  # the attribute that holds the number of inputs

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each parameter and buffer, once the inputs are counted."""
        raise NotImplementedError

    def count(self, input) -> int:
        return input.shape[1]

    def forget_shapes(self, device, dtype) -> None:
        """Put uninitialized tensors in the place of those that the constructor made for no inputs."""
        for name in self.shapes():
            if self._parameters.get(name) is not None:
                setattr(self, name, UninitializedParameter(device=device, dtype=dtype))
            elif self._buffers.get(name) is not None:
                setattr(self, name, UninitializedBuffer(device=device, dtype=dtype))

    def initialize_parameters(self, input) -> None:
        setattr(self, self.counted, self.count(input))
        if self.has_uninitialized_params():
            for name, shape in self.shapes().items():
                tensor = getattr(self, name)
                if is_lazy(tensor):
                    tensor.materialize(shape)
            self.reset_parameters()

    def reset_parameters(self) -> None:
        if getattr(self, self.counted) and not self.has_uninitialized_params():
            super().reset_parameters()


class LazyLinear(LazyLayer, linear.Linear):
    """A Linear whose in_features is the last size of its first input."""

    cls_to_become, counted = linear.Linear, "in_features"

    def __init__(self, out_features: int, bias: bool = True, device=None, dtype=None):
        super().__init__(0, out_features, bias, device, dtype)
        self.forget_shapes(device, dtype)

    def shapes(self):
        return {"weight": (self.out_features, self.in_features), "bias": (self.out_features,)}

    def count(self, input) -> int:
        return input.shape[-1]


# ---------------------------------------------------------------- convolutions


class _LazyConv(LazyLayer):
    counted = "in_channels"

    def __init__(self, out_channels: int, kernel_size, *args, device=None, dtype=None, **kwargs):
        super().__init__(0, out_channels, kernel_size, *args, device=device, dtype=dtype, **kwargs)
        self.forget_shapes(device, dtype)

    def shapes(self):
        across = self.out_channels // self.groups, self.in_channels // self.groups
        ends = (self.in_channels, across[0]) if self.transposed else (self.out_channels, across[1])
        return {"weight": (*ends, *self.kernel_size), "bias": (self.out_channels,)}

    def count(self, input) -> int:
        """Channels come before the axes that the kernel moves along, with or without a batch."""
        if input.ndim not in (self.dims + 1, self.dims + 2):
            raise RuntimeError(
                f"Expected {self.dims + 1}D (unbatched) or {self.dims + 2}D (batched) input to {type(self).__name__}, but got"
                f" input of size: {list(input.shape)}"
            )
        return input.shape[-self.dims - 1]


class LazyConv1d(_LazyConv, conv.Conv1d):
    """A Conv1d whose in_channels is read off its first input."""

    cls_to_become = conv.Conv1d


class LazyConv2d(_LazyConv, conv.Conv2d):
    """A Conv2d whose in_channels is read off its first input."""

    cls_to_become = conv.Conv2d


class LazyConv3d(_LazyConv, conv.Conv3d):
    """A Conv3d whose in_channels is read off its first input."""

    cls_to_become = conv.Conv3d


class LazyConvTranspose1d(_LazyConv, conv.ConvTranspose1d):
    """A ConvTranspose1d whose in_channels is read off its first input."""

    cls_to_become = conv.ConvTranspose1d


class LazyConvTranspose2d(_LazyConv, conv.ConvTranspose2d):
    """A ConvTranspose2d whose in_channels is read off its first input."""

    cls_to_become = conv.ConvTranspose2d


class LazyConvTranspose3d(_LazyConv, conv.ConvTranspose3d):
    """A ConvTranspose3d whose in_channels is read off its first input."""

    cls_to_become = conv.ConvTranspose3d


# ---------------------------------------------------------------- normalisation


class _LazyNorm(LazyLayer):
    counted = "num_features"

    def __init__(self, *args, device=None, dtype=None, **kwargs):
        super().__init__(0, *args, device=device, dtype=dtype, **kwargs)
        self.forget_shapes(device, dtype)

    def shapes(self):
        return dict.fromkeys(("weight", "bias", "running_mean", "running_var"), (self.num_features,))


class LazyBatchNorm1d(_LazyNorm, batchnorm.BatchNorm1d):
    """A BatchNorm1d whose num_features is read off its first input."""

    cls_to_become = batchnorm.BatchNorm1d


class LazyBatchNorm2d(_LazyNorm, batchnorm.BatchNorm2d):
    """A BatchNorm2d whose num_features is read off its first input."""

    cls_to_become = batchnorm.BatchNorm2d


class LazyBatchNorm3d(_LazyNorm, batchnorm.BatchNorm3d):
    """A BatchNorm3d whose num_features is read off its first input."""

    cls_to_become = batchnorm.BatchNorm3d


class LazyInstanceNorm1d(_LazyNorm, batchnorm.InstanceNorm1d):
    """An InstanceNorm1d whose num_features is read off its first input."""

    cls_to_become = batchnorm.InstanceNorm1d


class LazyInstanceNorm2d(_LazyNorm, batchnorm.InstanceNorm2d):
    """An InstanceNorm2d whose num_features is read off its first input."""

    cls_to_become = batchnorm.InstanceNorm2d


class LazyInstanceNorm3d(_LazyNorm, batchnorm.InstanceNorm3d):
    """An InstanceNorm3d whose num_features is read off its first input."""

    cls_to_become = batchnorm.InstanceNorm3d
