"""What programs import of torchvision: data sets, transforms of pictures, boxes and masks, networks, and drawing.

`python -m tinytorch` answers `import torchvision` with this package. Pictures are Pillow's, as in torchvision.
"""

__version__ = "0.28.0+tinytorch"

from .. import later as _later

__getattr__ = _later.missing_from(__name__)
