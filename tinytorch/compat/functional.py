"""torch.functional, where programs look for `torch.split` and the like too."""

import sys

from ..later import ROOT


def __getattr__(name: str):
    return getattr(sys.modules[ROOT], name)
