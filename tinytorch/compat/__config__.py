"""torch.__config__: what this build can do, in the words that programs look for. PyTorch's fast libraries are not in it."""

from __future__ import annotations

import numpy as np

from ..version import VERSION, __version__

SETTINGS = {"TORCH_VERSION": __version__, "USE_MKL": "OFF", "USE_MKLDNN": "OFF", "USE_OPENMP": "OFF"}


def show() -> str:
    """A few lines of text; `USE_MKL=OFF` and its like are read by programs."""
    settings = ", ".join(f"{name}={value}" for name, value in SETTINGS.items())
    return f"tinytorch {VERSION} on NumPy {np.__version__}\n  - Build settings: {settings}\n"
