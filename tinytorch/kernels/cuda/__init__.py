"""CUDA C kernels (the .cu files), and the bodies that start them on CuPy's arrays. This file only says where the bodies are."""

# {kernel: (the file here that registers its body, elements from which it runs: 1, for on a GPU it always pays)}
BODIES: dict[str, tuple[str, int]] = {
    name: (file, 1)
    for file, names in {
        "attention": "attention_forward attention_backward",
        "convolution": "convolution_kernel convolution_input_kernel convolution_weight_kernel",
        "elementwise": "gelu_forward gelu_gradient linear_forward relu_gradient dropout_forward where_kept fill",
        "embedding": "row_sums",
        "norm": "batch_norm_forward batch_norm_backward layer_norm_forward layer_norm_backward",
        "optimizer": "sgd_step adam_step norm_of_all",
        "pooling": "max_pool_forward max_pool_backward sum_windows spread_windows",
        "softmax": "softmax_op log_softmax_op softmax_cross_entropy_forward softmax_cross_entropy_gradient",
    }.items()
    for name in names.split()
}

from ...later import missing_from

__getattr__ = missing_from(__name__)
