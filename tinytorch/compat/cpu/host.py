"""torch.cpu: the questions that programs ask of a device, answered by the one that is always there."""

from __future__ import annotations


def is_available() -> bool:
    return True


def device_count() -> int:
    return 1


def is_initialized() -> bool:
    return True


def current_device() -> str:
    return "cpu"


def synchronize(device=None) -> None:
    """Nothing: what is called has happened when the call returns."""


def set_device(device) -> None:
    """Nothing: there is one."""
