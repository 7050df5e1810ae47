"""Layouts and memory formats, by name. tinytorch's tensors are strided arrays, and which format a program asks for changes nothing."""

from __future__ import annotations


class Named:
    """A name to compare with."""

    def __init__(self, name: str):
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name  # the one that is there, not a copy


class layout(Named):
    """How a tensor's elements are stored."""


class memory_format(Named):
    """In which order a tensor's axes lie in memory."""


strided, sparse_coo = layout("strided"), layout("sparse_coo")
# To be compared with: no tensor has one of these.
sparse_csr, sparse_csc, sparse_bsr, sparse_bsc, jagged = map(
    layout, ("sparse_csr", "sparse_csc", "sparse_bsr", "sparse_bsc", "jagged")
)
preserve_format, contiguous_format = memory_format("preserve_format"), memory_format("contiguous_format")
channels_last, channels_last_3d = memory_format("channels_last"), memory_format("channels_last_3d")
legacy_contiguous_format = contiguous_format
