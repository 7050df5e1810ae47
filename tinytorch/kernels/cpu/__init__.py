"""Bodies compiled by Numba. This file only says where they are; importing it loads no compiler."""

# {kernel: (the file here that registers its body, elements in its first array from which that body is faster than NumPy)}
BODIES: dict[str, tuple[str, int]] = {
    "convolution_kernel": ("convolution", 512),
    "convolution_input_kernel": ("convolution", 512),
    "convolution_weight_kernel": ("convolution", 512),
    "linear_forward": ("gemm", 4096),
    "product": ("gemm", 4096),
}
