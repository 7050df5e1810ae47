"""torch.nn.attention: attention beside the layer, which is `nn.MultiheadAttention`."""

from . import bias, flex_attention  # 15
from .choice import SDPBackend, sdpa_kernel  # 15

from ... import later as _later

__getattr__ = _later.missing_from(__name__)
