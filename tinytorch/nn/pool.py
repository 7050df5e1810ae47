"""Pooling layers."""

from __future__ import annotations

from . import functional as F
from .conv import n_tuple
from .module import Module


class _MaxPoolNd(Module):
    """The largest element of each window."""

    def __init__(
        self,
        kernel_size,
        stride=None,
        padding=0,
        dilation=1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ):
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def _settings(self):
        return self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation},"
            f" ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPoolNd):
    """(N, C, L) -> (N, C, Lo): the largest element of each window."""

    def forward(self, input):
        return F.max_pool1d(input, *self._settings())


class MaxPool2d(_MaxPoolNd):
    """(N, C, H, W) -> (N, C, Ho, Wo): the largest element of each window."""

    def forward(self, input):
        return F.max_pool2d(input, *self._settings())


class MaxPool3d(_MaxPoolNd):
    """(N, C, D, H, W) -> (N, C, Do, Ho, Wo): the largest element of each window."""

    def forward(self, input):
        return F.max_pool3d(input, *self._settings())


class _MaxUnpoolNd(Module):
    """Max pooling undone, as far as it can be: the largest elements at their places, zeros elsewhere."""

    dims: int

    def __init__(self, kernel_size, stride=None, padding=0):
        super().__init__()
        self.kernel_size = n_tuple(kernel_size, self.dims)
        self.stride = n_tuple(stride if stride is not None else kernel_size, self.dims)
        self.padding = n_tuple(padding, self.dims)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpoolNd):
    """(N, C, L) and the indices of a MaxPool1d -> (N, C, Lo)."""

    dims = 1

    def forward(self, input, indices, output_size=None):
        return F.max_unpool1d(input, indices, self.kernel_size, self.stride, self.padding, output_size)


class MaxUnpool2d(_MaxUnpoolNd):
    """(N, C, H, W) and the indices of a MaxPool2d -> (N, C, Ho, Wo)."""

    dims = 2

    def forward(self, input, indices, output_size=None):
        return F.max_unpool2d(input, indices, self.kernel_size, self.stride, self.padding, output_size)


class MaxUnpool3d(_MaxUnpoolNd):
    """(N, C, D, H, W) and the indices of a MaxPool3d -> (N, C, Do, Ho, Wo)."""

    dims = 3

    def forward(self, input, indices, output_size=None):
        return F.max_unpool3d(input, indices, self.kernel_size, self.stride, self.padding, output_size)


class _AvgPoolNd(Module):
    """The mean of each window."""

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(_AvgPoolNd):
    """(N, C, L) -> (N, C, Lo): the mean of each window."""

    def __init__(
        self, kernel_size, stride=None, padding=0, ceil_mode: bool = False, count_include_pad: bool = True
    ):
        super().__init__()
        self.kernel_size = n_tuple(kernel_size, 1)
        self.stride = n_tuple(stride if stride is not None else kernel_size, 1)
        self.padding = n_tuple(padding, 1)
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, input):
        return F.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )


class AvgPool2d(_AvgPoolNd):
    """(N, C, H, W) -> (N, C, Ho, Wo): the mean of each window."""

    def __init__(
        self,
        kernel_size,
        stride=None,
        padding=0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override=None,
    ):
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding, self.ceil_mode = padding, ceil_mode
        self.count_include_pad, self.divisor_override = count_include_pad, divisor_override

    def _settings(self):
        return (
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )

    def forward(self, input):
        return F.avg_pool2d(input, *self._settings())


class AvgPool3d(AvgPool2d):
    """(N, C, D, H, W) -> (N, C, Do, Ho, Wo): the mean of each window."""

    def forward(self, input):
        return F.avg_pool3d(input, *self._settings())


class _LPPoolNd(Module):
    """The norm of order norm_type of each window."""

    def __init__(self, norm_type: float, kernel_size, stride=None, ceil_mode: bool = False):
        super().__init__()
        self.norm_type, self.kernel_size, self.stride, self.ceil_mode = (
            norm_type,
            kernel_size,
            stride,
            ceil_mode,
        )

    def _settings(self):
        return float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode

    def extra_repr(self) -> str:
        return f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, ceil_mode={self.ceil_mode}"


class LPPool1d(_LPPoolNd):
    """(N, C, L) -> (N, C, Lo): the norm of each window."""

    def forward(self, input):
        return F.lp_pool1d(input, *self._settings())


class LPPool2d(_LPPoolNd):
    """(N, C, H, W) -> (N, C, Ho, Wo): the norm of each window."""

    def forward(self, input):
        return F.lp_pool2d(input, *self._settings())


class LPPool3d(_LPPoolNd):
    """(N, C, D, H, W) -> (N, C, Do, Ho, Wo): the norm of each window."""

    def forward(self, input):
        return F.lp_pool3d(input, *self._settings())


class _FractionalMaxPoolNd(Module):
    """The largest elements of windows whose places are drawn."""

    dims: int

    def __init__(
        self,
        kernel_size,
        output_size=None,
        output_ratio=None,
        return_indices: bool = False,
        _random_samples=None,
    ):
        super().__init__()
        name = type(self).__name__
        self.kernel_size, self.return_indices = n_tuple(kernel_size, self.dims), return_indices
        self.output_size = None if output_size is None else n_tuple(output_size, self.dims)
        self.output_ratio = None if output_ratio is None else n_tuple(output_ratio, self.dims)
        self.register_buffer("_random_samples", _random_samples)
        if output_size is None and output_ratio is None:
            raise ValueError(f"{name} requires specifying either an output size, or a pooling ratio")
        if output_size is not None and output_ratio is not None:
            raise ValueError("only one of output_size and output_ratio may be specified")
        if self.output_ratio and not all(0 < ratio < 1 for ratio in self.output_ratio):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")

    def _settings(self):
        return (
            self.kernel_size,
            self.output_size,
            self.output_ratio,
            self.return_indices,
            self._random_samples,
        )


class FractionalMaxPool2d(_FractionalMaxPoolNd):
    """(N, C, H, W) -> (N, C, *output_size), or output_ratio of (H, W). Graham 2014 (arXiv:1412.6071)."""

    dims = 2

    def forward(self, input):
        return F.fractional_max_pool2d(input, *self._settings())


class FractionalMaxPool3d(_FractionalMaxPoolNd):
    """(N, C, D, H, W) -> (N, C, *output_size), or output_ratio of (D, H, W)."""

    dims = 3

    def forward(self, input):
        return F.fractional_max_pool3d(input, *self._settings())


class _AdaptiveAvgPoolNd(Module):
    """The means of output_size equal parts."""

    def __init__(self, output_size):
        super().__init__()
        self.output_size = output_size

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPoolNd):
    """(N, C, L) -> (N, C, output_size): the means of equal parts."""

    def forward(self, input):
        return F.adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(_AdaptiveAvgPoolNd):
    """(N, C, H, W) -> (N, C, *output_size): the means of equal parts, whatever the image's size."""

    def forward(self, input):
        return F.adaptive_avg_pool2d(input, self.output_size)


class AdaptiveAvgPool3d(_AdaptiveAvgPoolNd):
    """(N, C, D, H, W) -> (N, C, *output_size): the means of equal parts."""

    def forward(self, input):
        return F.adaptive_avg_pool3d(input, self.output_size)


class _AdaptiveMaxPoolNd(Module):
    """The largest elements of output_size equal parts."""

    def __init__(self, output_size, return_indices: bool = False):
        super().__init__()
        self.output_size, self.return_indices = output_size, return_indices

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd):
    """(N, C, L) -> (N, C, output_size): the largest elements of equal parts."""

    def forward(self, input):
        return F.adaptive_max_pool1d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd):
    """(N, C, H, W) -> (N, C, *output_size): the largest elements of equal parts."""

    def forward(self, input):
        return F.adaptive_max_pool2d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd):
    """(N, C, D, H, W) -> (N, C, *output_size): the largest elements of equal parts."""

    def forward(self, input):
        return F.adaptive_max_pool3d(input, self.output_size, self.return_indices)
