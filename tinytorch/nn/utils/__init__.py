"""What is done to all parameters of a model, and to one parameter of a module."""

from . import parametrizations, parametrize  # 04
from .convert_parameters import parameters_to_vector, vector_to_parameters  # 04
from .init import skip_init  # 04
from .spectral_norm import remove_spectral_norm, spectral_norm  # 04
from .weight_norm import remove_weight_norm, weight_norm  # 04
from .fusion import fuse_conv_bn_eval, fuse_conv_bn_weights, fuse_linear_bn_eval, fuse_linear_bn_weights  # 08
from .clip_grad import (  # 09
    clip_grad_norm, clip_grad_norm_, clip_grad_value_, clip_grads_with_norm_, get_total_norm,
)
from . import rnn  # 14

from ... import later as _later

__getattr__ = _later.missing_from(__name__)
