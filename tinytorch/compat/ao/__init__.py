"""torch.ao."""

from .. import quantization  # 00
