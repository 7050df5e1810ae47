"""What programs import of torchvision: MNIST and CIFAR-10, transforms of pictures, grids of them, and residual networks.

`python -m tinytorch` answers `import torchvision` with this package. Pictures are Pillow's, as in torchvision.
"""

__version__ = "0.28.0+tinytorch"

from .. import later as _later

__getattr__ = _later.missing_from(__name__)
