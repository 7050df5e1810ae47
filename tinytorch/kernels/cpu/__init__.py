"""Bodies compiled by Numba. This file only says where they are; importing it loads no compiler."""

from ...later import missing_from

# {kernel: (the file here that registers its body, elements in its first array from which that body is faster than NumPy)}
BODIES: dict[str, tuple[str, int]] = {
    "attention_backward": ("attention", 4096),
    "attention_forward": ("attention", 4096),
    "adam_group": ("optimizers", 2048),
    "adam_step": ("optimizers", 2048),
    "batch_norm_backward": ("batchnorm", 4096),
    "batch_norm_forward": ("batchnorm", 4096),
    "convolution_input_kernel": ("convolution", 512),
    "convolution_kernel": ("convolution", 512),
    "convolution_weight_kernel": ("convolution", 512),
    "dropout_forward": ("dropout", 2048),
    "gelu_forward": ("activation", 1024),
    "gelu_gradient": ("activation", 1024),
    "layer_norm_backward": ("layernorm", 2048),
    "layer_norm_forward": ("layernorm", 2048),
    "linear_forward": ("gemm", 4096),
    "log_softmax_op": ("softmax", 4096),
    "max_pool_backward": ("pooling", 2048),
    "max_pool_forward": ("pooling", 4096),
    "product": ("gemm", 4096),
    "relu_gradient": ("activation", 4096),
    "relu_op": ("activation", 32768),
    "row_sums": ("embedding", 4096),
    "sgd_step": ("optimizers", 8192),
    "softmax_cross_entropy_both": ("softmax", 512),
    "softmax_cross_entropy_forward": ("softmax", 512),
    "softmax_cross_entropy_gradient": ("softmax", 512),
    "softmax_op": ("softmax", 4096),
    "spread_windows": ("pooling", 2048),
    "sum_into": ("activation", 65536),
    "sum_leading": ("sums", 16384),
    "sum_of_two": ("activation", 65536),
    "sum_per_channel": ("sums", 4096),
    "sum_windows": ("pooling", 4096),
    "where_kept": ("dropout", 4096),
}

__getattr__ = missing_from(__name__)
