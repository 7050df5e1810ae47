"""torch.backends.cuda: switches of cuBLAS, and of attention kernels, which change nothing."""

from __future__ import annotations

import contextlib

from ... import backend


class Switches:
    """allow_tf32: whether cuBLAS may round float32 factors to 10 bits of mantissa, which cards from sm_80 on multiply faster."""

    allow_fp16_reduced_precision_reduction = allow_bf16_reduced_precision_reduction = True
    _allow_tf32 = False

    @property
    def allow_tf32(self) -> bool:
        return self._allow_tf32

    @allow_tf32.setter
    def allow_tf32(self, allowed: bool) -> None:
        self._allow_tf32 = bool(allowed)
        if backend.cuda_available():
            backend.use_tf32(self._allow_tf32)


matmul = Switches()
switched = {"flash_sdp": True, "mem_efficient_sdp": True, "math_sdp": True, "cudnn_sdp": True}


def is_built() -> bool:
    return backend.cuda_available()


def enable_flash_sdp(enabled: bool) -> None:
    switched["flash_sdp"] = enabled


def enable_mem_efficient_sdp(enabled: bool) -> None:
    switched["mem_efficient_sdp"] = enabled


def enable_math_sdp(enabled: bool) -> None:
    switched["math_sdp"] = enabled


def flash_sdp_enabled() -> bool:
    return switched["flash_sdp"]


def mem_efficient_sdp_enabled() -> bool:
    return switched["mem_efficient_sdp"]


def math_sdp_enabled() -> bool:
    return switched["math_sdp"]


@contextlib.contextmanager
def sdp_kernel(
    enable_flash: bool = True,
    enable_math: bool = True,
    enable_mem_efficient: bool = True,
    enable_cudnn: bool = True,
):
    yield
