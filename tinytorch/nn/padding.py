"""Padding layers. `padding` is one size for all sides, or (left, right, top, bottom, front, back)."""

from __future__ import annotations

from . import functional as F
from .conv import n_tuple
from .module import Module


class _PadNd(Module):
    """More elements around the last `dims` axes, made from those at the border."""

    dims: int
    mode: str

    def __init__(self, padding):
        super().__init__()
        self.padding = n_tuple(padding, 2 * self.dims)

    def forward(self, input):
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ReflectionPad1d(_PadNd):
    """(N, C, L) padded with its mirror image."""

    dims, mode = 1, "reflect"


class ReflectionPad2d(_PadNd):
    """(N, C, H, W) padded with its mirror image."""

    dims, mode = 2, "reflect"


class ReflectionPad3d(_PadNd):
    """(N, C, D, H, W) padded with its mirror image."""

    dims, mode = 3, "reflect"


class ReplicationPad1d(_PadNd):
    """(N, C, L) padded with its edge."""

    dims, mode = 1, "replicate"


class ReplicationPad2d(_PadNd):
    """(N, C, H, W) padded with its edge."""

    dims, mode = 2, "replicate"


class ReplicationPad3d(_PadNd):
    """(N, C, D, H, W) padded with its edge."""

    dims, mode = 3, "replicate"


class _CircularPadNd(_PadNd):
    mode = "circular"

    def forward(self, input):
        if input.dim() not in (self.dims + 1, self.dims + 2):
            raise ValueError(
                f"expected {self.dims + 1}D or {self.dims + 2}D input (got {input.dim()}D input)"
            )
        return super().forward(input)


class CircularPad1d(_CircularPadNd):
    """(N, C, L) padded with its other end."""

    dims = 1


class CircularPad2d(_CircularPadNd):
    """(N, C, H, W) padded with its other end."""

    dims = 2


class CircularPad3d(_CircularPadNd):
    """(N, C, D, H, W) padded with its other end."""

    dims = 3


class _ConstantPadNd(Module):
    """`value` around the last `dims` axes."""

    dims: int

    def __init__(self, padding, value: float):
        super().__init__()
        self.padding, self.value = n_tuple(padding, 2 * self.dims), value

    def forward(self, input):
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPadNd):
    """(..., L) padded with a constant."""

    dims = 1


class ConstantPad2d(_ConstantPadNd):
    """(..., H, W) padded with a constant."""

    dims = 2


class ConstantPad3d(_ConstantPadNd):
    """(..., D, H, W) padded with a constant."""

    dims = 3


class _ZeroPadNd(_ConstantPadNd):
    def __init__(self, padding):
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad1d(_ZeroPadNd, ConstantPad1d):
    """(..., L) padded with zeros."""


class ZeroPad2d(_ZeroPadNd, ConstantPad2d):
    """(..., H, W) padded with zeros."""


class ZeroPad3d(_ZeroPadNd, ConstantPad3d):
    """(..., D, H, W) padded with zeros."""
