"""PyTorch's paths to the layers: `nn.modules.conv.Conv2d` is `nn.conv.Conv2d`, and `nn.modules.Conv2d` too."""

from typing import TYPE_CHECKING

from . import utils  # 04
from ... import later as _later, nn as _nn  # 04

if TYPE_CHECKING:  # handed on when they are asked for: see later.py
    from . import activation  # 04
    from .. import container, distance, dropout, linear, loss, module  # 04
    from .. import shape as flatten  # 04
    from .. import conv, padding, pool as pooling  # 06
    from .. import vision as channelshuffle, vision as fold, vision as pixelshuffle, vision as upsampling  # 06
    from .. import batchnorm, batchnorm as instancenorm, norm as normalization  # 08
    from .. import embedding as sparse, rnn  # 14
    from .. import transformer  # 16


def __getattr__(name: str):
    known = name in _later.handed_on(__name__) or _later.comes_with(f"nn.modules.{name}")
    return _later.missing(name, package=__name__) if known else getattr(_nn, name)
