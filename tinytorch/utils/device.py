"""Which device a run uses."""

from __future__ import annotations

from .. import backend, cuda


def choose_device(name: str = "auto", *, say=print) -> backend.device:
    """ "auto" takes a GPU where there is one; what was chosen is said, with the GPU's name."""
    if name == "auto":
        name = "cuda" if backend.cuda_available() else "cpu"
    chosen = backend.device(name)
    if chosen.type == "cuda" and not backend.cuda_available():
        raise RuntimeError(
            f"device {name!r} was asked for, but no GPU answers; use device=cpu, or see `tito doctor`"
        )
    if say is not None:
        say(
            f"device: {chosen} ({cuda.get_device_name(chosen)})"
            if chosen.type == "cuda"
            else f"device: {chosen}"
        )
    return chosen
