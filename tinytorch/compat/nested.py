"""torch.nested: there are no tensors with rows of different lengths."""

from __future__ import annotations

from .absent import refusing

as_nested_tensor, nested_tensor, nested_tensor_from_jagged, narrow, to_padded_tensor = refusing(
    "tinytorch has no nested tensors; pad the rows (torch.nn.utils.rnn.pad_sequence) and mask them",
    "torch.nested.as_nested_tensor",
    "torch.nested.nested_tensor",
    "torch.nested.nested_tensor_from_jagged",
    "torch.nested.narrow",
    "torch.nested.to_padded_tensor",
)
