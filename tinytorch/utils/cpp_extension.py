"""torch.utils.cpp_extension: programs look here for a compiler of their own kernels, and go on without one."""

from __future__ import annotations

from ..compat.absent import refusing

CUDA_HOME = ROCM_HOME = CUDNN_HOME = None

load, load_inline, include_paths, library_paths, BuildExtension, CppExtension, CUDAExtension = refusing(
    "tinytorch has no C++ interface that an extension could be compiled against",
    "load",
    "load_inline",
    "include_paths",
    "library_paths",
    "BuildExtension",
    "CppExtension",
    "CUDAExtension",
)
