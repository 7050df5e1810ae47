"""What PyTorch programs name beside the library itself, and what does little or nothing here: other devices, compilers, exporters.

The front door hands these on, so that programs say `torch.jit` or `tinytorch.jit`; nothing in the package imports them.
"""

from ..later import missing_from

__getattr__ = missing_from(__name__)
