"""Layers as functions: what `torch.nn.functional` has, under its names."""

from ...ops import sigmoid, tanh  # 03
from .activation import (
    gelu, glu, leaky_relu, leaky_relu_, logsigmoid, mish, relu, relu_, silu, softplus, softsign, tanhshrink,
)  # 03
from .classes import one_hot  # 03
from .cross_entropy import cross_entropy, nll_loss  # 03
from .ctc import ctc_loss  # 03
from .distance import cosine_similarity, normalize, pairwise_distance, pdist  # 03
from .loss import (
    binary_cross_entropy, binary_cross_entropy_with_logits, gaussian_nll_loss, huber_loss, kl_div, l1_loss, mse_loss,
    poisson_nll_loss, smooth_l1_loss,
)  # 03
from .margin_loss import (
    cosine_embedding_loss, hinge_embedding_loss, margin_ranking_loss, multi_margin_loss, multilabel_margin_loss,
    multilabel_soft_margin_loss, soft_margin_loss, triplet_margin_loss, triplet_margin_with_distance_loss,
)  # 03
from .rectifier import (
    celu, celu_, elu, elu_, hardshrink, hardsigmoid, hardswish, hardtanh, hardtanh_, prelu, relu6, rrelu, rrelu_, selu, selu_,
    softshrink, threshold, threshold_,
)  # 03
from .softmax import gumbel_softmax, log_softmax, softmax, softmin  # 03
from .dropout import alpha_dropout, dropout, dropout1d, dropout2d, dropout3d, feature_alpha_dropout  # 04
from .linear import bilinear, linear  # 04
from .adaptive_pool import (
    adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d, adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d,
    adaptive_max_pool1d_with_indices, adaptive_max_pool2d_with_indices, adaptive_max_pool3d_with_indices, lp_pool1d, lp_pool2d, lp_pool3d, max_unpool1d, max_unpool2d, max_unpool3d,
)  # 06
from .conv import conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d  # 06
from .fractional_pool import (
    fractional_max_pool2d, fractional_max_pool2d_with_indices, fractional_max_pool3d, fractional_max_pool3d_with_indices,
)  # 06
from .grid import affine_grid, grid_sample  # 06
from .pad import pad  # 06
from .pool import (
    avg_pool1d, avg_pool2d, avg_pool3d, max_pool1d, max_pool1d_with_indices, max_pool2d, max_pool2d_with_indices, max_pool3d,
    max_pool3d_with_indices,
)  # 06
from .resize import interpolate, upsample, upsample_bilinear, upsample_nearest  # 06
from .vision import channel_shuffle, fold, pixel_shuffle, pixel_unshuffle, unfold  # 06
from .batchnorm import batch_norm, instance_norm  # 08
from .norm import group_norm, layer_norm, local_response_norm, rms_norm  # 08
from .embedding import embedding  # 14
from .embedding_bag import embedding_bag  # 14
from .attention import scaled_dot_product_attention  # 15
from .multi_head import multi_head_attention_forward  # 15

from ... import later as _later

__getattr__ = _later.missing_from(__name__)
