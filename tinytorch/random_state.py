"""torch.get_rng_state: the state of the random numbers as a tensor of bytes, which programs keep in their checkpoints."""

from __future__ import annotations

import json

import numpy as np

from .random import default_generator
from .tensor import Tensor


def get_rng_state() -> Tensor:
    """The state of the default generator, as bytes (uint8)."""
    text = json.dumps(default_generator.get_state())
    return Tensor.wrap(np.frombuffer(text.encode(), np.uint8).copy())


def set_rng_state(new_state) -> None:
    """Go on from a state that `get_rng_state` gave; the one that `random.get_rng_state` gives is taken too."""
    state = new_state
    if isinstance(new_state, Tensor):
        if new_state.array.dtype != np.uint8:
            raise TypeError("RNG state must be a torch.ByteTensor")
        try:
            state = json.loads(new_state.array.tobytes())
        except ValueError:  # what PyTorch keeps is the state of another generator
            raise RuntimeError(
                "set_rng_state: these bytes are no state that tinytorch's get_rng_state gave"
            ) from None
    default_generator.set_state(state)
