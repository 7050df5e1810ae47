"""Helpers on the ground floor, and PyTorch's `torch.utils`: data, checkpoint, tensorboard."""

from .. import later as _later

__getattr__ = _later.missing_from(__name__)
