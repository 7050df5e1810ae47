"""autocast: an interpreter that hands products half-precision numbers, and sums and logarithms single-precision ones."""

from __future__ import annotations

import contextlib
import functools
import threading
import warnings
from collections.abc import Callable, Mapping

import numpy as np

from .. import backend, ops
from ..dtypes import bfloat16, dtype, float16, to_numpy
from ..op import Value, interpret
from ..tensor import Tensor
from ..utils import checkpoint

# By the names of ops. Products spend the time, and their sums run over float32 inside; the others lose too much in float16.
FASTER = {
    "matmul_op",
    "linear_op",
    "einsum_op",
    "convolution",
    "convolution_input",
    "convolution_weight",
    "attention_op",
}
SAFER_ON_CPU = {"cross_entropy_of_bits", "ctc_op", "prod_op", "softmax_cross_entropy"}
SAFER_ON_CUDA = SAFER_ON_CPU | {
    "acos", "asin", "batch_norm_op", "cosh", "cumprod_op", "cumsum", "erfinv", "exp", "expm1", "layer_norm_op", "log", "log10",
    "log1p", "log2", "log_softmax_op", "logsumexp_op", "norm2", "pow", "reciprocal", "rsqrt", "sinh", "softmax_op",
    "softplus_op", "sum", "tan",
}  # fmt: skip
DEFAULTS = {"cuda": float16, "cpu": bfloat16}  # PyTorch's


class Local(threading.local):
    """Per thread and device: the autocasts that are entered, the innermost last."""

    def __init__(self):
        self.entered: dict[str, list[autocast]] = {"cuda": [], "cpu": []}


local = Local()


class autocast:
    """`with autocast("cuda"):` or a decorator: matrix products and convolutions run in dtype, delicate functions in float32.

    A region of bfloat16, the default on the CPU, computes what is there as it is: such numbers lie in float32 arrays, so
    rounding them would only cost time and digits.
    """

    def __init__(
        self,
        device_type: str,
        dtype: dtype | None = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ):
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        if not is_autocast_available(device_type):
            raise RuntimeError(f"User specified an unsupported autocast device_type '{device_type}'")
        self.device, self.fast_dtype = device_type, DEFAULTS[device_type] if dtype is None else dtype
        self._enabled = enabled and self._is_possible()
        self._safer = SAFER_ON_CUDA if device_type == "cuda" else SAFER_ON_CPU
        self._watch = interpret(self._cast_inputs)

    def _is_possible(self) -> bool:
        if self.device == "cuda" and not backend.cuda_available():
            warnings.warn(
                "User provided device_type of 'cuda', but CUDA is not available. Disabling", stacklevel=4
            )
            return False
        if self.device == "cuda" and self.fast_dtype is bfloat16:
            raise RuntimeError(
                "Current CUDA Device does not support bfloat16. Please switch dtype to float16."
            )
        if self.fast_dtype not in (bfloat16, float16):
            warnings.warn(
                f"In {self.device.upper()} autocast, but the target dtype is not supported. Disabling autocast.\n"
                f"{self.device.upper()} Autocast only supports dtypes of torch.bfloat16, torch.float16 currently.",
                stacklevel=4,
            )
            return False
        return True

    def __enter__(self) -> autocast:
        local.entered[self.device].append(self)
        self._watch.__enter__()
        return self

    def __exit__(self, *error) -> None:
        self._watch.__exit__(*error)
        local.entered[self.device].pop()

    def __call__(self, func: Callable) -> Callable:
        @functools.wraps(func)
        def inside(*args, **kwargs):
            with self:
                return func(*args, **kwargs)

        return inside

    def _cast_inputs(self, op, args, kwargs, below):
        """The interpreter: float32 and float16 arguments on this device in the dtype that suits the op."""
        acting = self._enabled and self.fast_dtype is not bfloat16 and local.entered[self.device][-1] is self
        if acting and op.name in FASTER:
            args = tuple(self._cast(a, to_numpy(self.fast_dtype)) for a in args)
        elif acting and op.name in self._safer:
            args = tuple(self._cast(a, np.dtype(np.float32)) for a in args)
        return below(op, args, kwargs)

    def _cast(self, a, target):
        if (
            not isinstance(a, Value)
            or a.array.dtype == target
            or a.array.dtype not in (np.float16, np.float32)
        ):
            return a
        return ops.cast(a, dtype=target) if backend.device_of(a.array).type == self.device else a


# ---------------------------------------------------------------- questions


def is_autocast_available(device_type: str) -> bool:
    return device_type in DEFAULTS


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    entered = local.entered.get(device_type)
    return entered[-1]._enabled if entered else False


def get_autocast_dtype(device_type: str) -> dtype:
    entered = local.entered[device_type]
    return entered[-1].fast_dtype if entered else DEFAULTS[device_type]


def is_autocast_cpu_enabled() -> bool:
    return is_autocast_enabled("cpu")


def get_autocast_gpu_dtype() -> dtype:
    return get_autocast_dtype("cuda")


def get_autocast_cpu_dtype() -> dtype:
    return get_autocast_dtype("cpu")


def as_it_was() -> contextlib.AbstractContextManager:
    """A context in which autocast is what it is now: what a recomputation runs under."""
    return Again([entered[-1] for entered in local.entered.values() if entered])


class Again(contextlib.AbstractContextManager):
    """Enters some autocasts, as often as it is asked to."""

    def __init__(self, regions: list[autocast]):
        self.regions = regions

    def __enter__(self) -> None:
        for region in self.regions:
            region.__enter__()

    def __exit__(self, *error) -> None:
        for region in reversed(self.regions):
            region.__exit__(*error)


checkpoint.states.append(as_it_was)


# ---------------------------------------------------------------- Functions under autocast


def custom_fwd(fwd: Callable | None = None, *, device_type: str = "cuda", cast_inputs: dtype | None = None):
    """For the forward of an autograd.Function: under autocast its inputs arrive as cast_inputs and nothing is cast inside."""
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def forward(ctx, *args, **kwargs):
        enabled = is_autocast_enabled(device_type)
        ctx._dtype, ctx._fwd_used_autocast = get_autocast_dtype(device_type), enabled and cast_inputs is None
        if not enabled or cast_inputs is None:
            return fwd(ctx, *args, **kwargs)
        with autocast(device_type=device_type, enabled=False):
            return fwd(
                ctx, *recast(args, device_type, cast_inputs), **recast(kwargs, device_type, cast_inputs)
            )

    return forward


def custom_bwd(bwd: Callable | None = None, *, device_type: str = "cuda"):
    """For the backward: it runs under the autocast that the forward ran under."""
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def backward(ctx, *args, **kwargs):
        with autocast(device_type=device_type, enabled=ctx._fwd_used_autocast, dtype=ctx._dtype):
            return bwd(ctx, *args, **kwargs)

    return backward


def recast(value, device_type: str, target: dtype):
    """Floating-point tensors of a nest in another dtype; float64 stays."""
    if isinstance(value, Tensor):
        fits = (
            value.is_floating_point() and value.array.dtype != np.float64 and value.device.type == device_type
        )
        return value.to(target) if fits else value
    if isinstance(value, Mapping):
        return {key: recast(part, device_type, target) for key, part in value.items()}
    return (
        type(value)(recast(part, device_type, target) for part in value)
        if isinstance(value, (tuple, list))
        else value
    )
