"""PyTorch keeps MultiheadAttention among the activations; here it has a file of its own."""

from ... import nn as _nn


def __getattr__(name: str):
    found = getattr(_nn.activation, name, None)
    return getattr(_nn, name) if found is None else found
