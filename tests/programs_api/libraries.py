"""Both libraries, for tests of what has to be the same in each."""

from __future__ import annotations

import importlib

import pytest

import tinytorch

try:
    import torch
except ImportError:  # PyTorch is a development dependency
    LIBRARIES = [tinytorch]
else:
    LIBRARIES = [torch, tinytorch]

BOTH = pytest.mark.parametrize("lib", LIBRARIES, ids=lambda lib: lib.__name__)


def part(lib, path: str):
    """torch.utils._pytree or tinytorch.utils._pytree."""
    return importlib.import_module(f"{lib.__name__}.{path}")
