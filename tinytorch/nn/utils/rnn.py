"""Sequences of different lengths in one batch: padded to one length, or packed without padding."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ... import ops
from ...backend import module_of
from ...op import asked, op
from ...tensor import Tensor
from ...tensor_data import as_tensor

# ---------------------------------------------------------------- packed sequences


class PackedSequence_(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(PackedSequence_):
    """Sequences step by step: data holds all first elements, then all second ones, ..., the longest sequence first.

    batch_sizes says how many sequences have each step; sorted_indices how they were put in order, unsorted_indices how
    to undo that. Made by `pack_padded_sequence` and `pack_sequence`.
    """

    def __new__(cls, data, batch_sizes=None, sorted_indices=None, unsorted_indices=None):
        if batch_sizes is None:
            if not (isinstance(data, (list, tuple)) and len(data) == 2):
                raise AssertionError("Expected data to be a list or tuple of length 2: (data, batch_sizes)")
            data, batch_sizes = data
        elif batch_sizes.is_cuda:
            raise ValueError(
                "batch_sizes should always be on CPU. Make packed sequences with pack_padded_sequence or pack_sequence"
            )
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args, **kwargs) -> PackedSequence:
        """The data on another device or as another dtype; batch_sizes stay where they are."""
        data = self.data.to(*args, **kwargs)
        if data is self.data:
            return self
        places = [x if x is None else x.to(data.device) for x in (self.sorted_indices, self.unsorted_indices)]
        return type(self)(data, self.batch_sizes, *places)

    def cuda(self, *args, **kwargs) -> PackedSequence:
        return self.to(self.data.cuda(*args, **kwargs).device)

    def cpu(self, *args, **kwargs) -> PackedSequence:
        return self.to("cpu")

    def pin_memory(self) -> PackedSequence:
        return self

    def is_pinned(self) -> bool:
        return self.data.is_pinned()

    @property
    def is_cuda(self) -> bool:
        return self.data.is_cuda

    def double(self):
        return self._converted("double")

    def float(self):
        return self._converted("float")

    def half(self):
        return self._converted("half")

    def long(self):
        return self._converted("long")

    def int(self):
        return self._converted("int")

    def short(self):
        return self._converted("short")

    def char(self):
        return self._converted("char")

    def byte(self):
        return self._converted("byte")

    def _converted(self, name: str) -> PackedSequence:
        return self.to(getattr(self.data, name)().dtype)


def invert_permutation(permutation):
    """The order that undoes an order; of None, None."""
    return None if permutation is None else permutation.wrap(permutation.array.argsort())


@op
def pack_steps(x, *, batch_sizes):
    """The first batch_sizes[t] elements of each step t of (T, B, ...), one step after the other."""
    return np.concatenate([x[t, :n] for t, n in enumerate(batch_sizes)])


@op
def unpack_steps(x, *, batch_sizes, length, padding_value=0.0):
    """The inverse of `pack_steps`: (length, B, ...) with padding_value where there is nothing."""
    out = np.full_like(x, padding_value, shape=(length, batch_sizes[0], *x.shape[1:]))
    start = 0
    for t, n in enumerate(batch_sizes):
        out[t, :n] = x[start : start + n]
        start += n
    return out


pack_steps.vjps(x=lambda g, x_shape, batch_sizes: unpack_steps(g, batch_sizes=batch_sizes, length=x_shape[0]))
unpack_steps.vjps(x=lambda g, batch_sizes: pack_steps(g, batch_sizes=batch_sizes))


@op
def reorder(x, *, order, dim):
    """x with its slices along dim in another order: a permutation."""
    return x.take(module_of(x).asarray(order), dim)


reorder.vjps(x=lambda g, order, dim: reorder(g, order=order.argsort(), dim=dim))


def pack_padded_sequence(input, lengths, batch_first=False, enforce_sorted=True):
    """Padded sequences (T, B, ...), or (B, T, ...), without their padding.

    The lengths must not increase, unless enforce_sorted=False, which sorts the sequences first.
    """
    lengths = (
        (lengths if isinstance(lengths, Tensor) else as_tensor(np.asarray(lengths, np.int64)))
        .numpy()
        .astype(np.int64)
    )
    batch = 0 if batch_first else 1
    B, T = input.size(batch), input.size(1 - batch)
    if len(lengths) != B:
        raise RuntimeError(
            f"{asked()}: Expected `len(lengths)` to be equal to batch_size, but got {len(lengths)} (batch_size={B})"
        )
    sorted_indices = None
    if not enforce_sorted:
        order = np.argsort(-lengths, kind="stable")
        lengths, sorted_indices = lengths[order], input.wrap(module_of(input.array).asarray(order))
        input = reorder(input, order=order, dim=batch)
    elif (lengths[1:] > lengths[:-1]).any():
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass `enforce_sorted=False`"
            f" to pack_padded_sequence and/or pack_sequence to sidestep this requirement; got {lengths.tolist()}"
        )
    if lengths[-1] <= 0 or lengths[0] > T:
        raise RuntimeError(
            f"{asked()}: Length of all samples has to be greater than 0 and at most {T}, the padded length, but found an element in"
            f" 'lengths' that is not: {lengths.tolist()}"
        )
    batch_sizes = (lengths > np.arange(lengths[0])[:, None]).sum(1)
    steps = ops.transpose(input, 0, 1) if batch_first else input
    data = pack_steps(steps, batch_sizes=tuple(batch_sizes.tolist()))
    return PackedSequence(data, Tensor.wrap(batch_sizes), sorted_indices)


def pad_packed_sequence(sequence, batch_first=False, padding_value=0.0, total_length=None):
    """The sequences padded to (T, B, ...), or (B, T, ...), in the order they had before packing; and their lengths."""
    sizes = sequence.batch_sizes.array
    T = len(sizes)
    if total_length is not None and total_length < T:
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, but got"
            f" total_length={total_length} and max sequence length being {T}"
        )
    padded = unpack_steps(
        sequence.data,
        batch_sizes=tuple(sizes.tolist()),
        length=total_length or T,
        padding_value=padding_value,
    )
    lengths = (sizes[:, None] > np.arange(sizes[0])).sum(0)
    if sequence.unsorted_indices is not None:
        order = sequence.unsorted_indices.array
        padded, lengths = reorder(padded, order=order, dim=1), lengths[order]
    return (ops.transpose(padded, 0, 1) if batch_first else padded), Tensor.wrap(lengths)


# ---------------------------------------------------------------- padded sequences


@op
def pad_together(*sequences, padding_value, left):
    """Arrays (L, ...) of different lengths as one (B, T, ...)."""
    T = max(len(x) for x in sequences)
    out = np.full_like(sequences[0], padding_value, shape=(len(sequences), T, *sequences[0].shape[1:]))
    for i, x in enumerate(sequences):
        out[i, place(len(x), T, left)] = x
    return out


def place(length: int, T: int, left: bool) -> slice:
    """Where a sequence of this length stands among T steps."""
    return slice(T - length, T) if left else slice(length)


pad_together.vjps(
    sequences=lambda g, i, shapes, left: ops.getitem_op(g, index=(i, place(shapes[i][0], g.shape[1], left)))
)


def pad_sequence(sequences, batch_first=False, padding_value=0.0, padding_side="right"):
    """Sequences (L, ...) of different lengths L as one tensor (T, B, ...), or (B, T, ...), with T the longest."""
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}"
        )
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    sequences = list(sequences)
    if not sequences:
        raise RuntimeError(f"{asked()}: received an empty list of sequences")
    padded = pad_together(*sequences, padding_value=padding_value, left=padding_side == "left")
    return padded if batch_first else ops.transpose(padded, 0, 1)


def unpad_sequence(padded_sequences, lengths, batch_first=False) -> list:
    """The sequences that `pad_sequence` padded on the right."""
    if not batch_first:
        padded_sequences = ops.transpose(padded_sequences, 0, 1)
    return [sequence[: int(n)] for sequence, n in zip(padded_sequences, lengths, strict=True)]


def pack_sequence(sequences, enforce_sorted=True):
    """Sequences (L, ...) of different lengths, packed; longest first unless enforce_sorted=False."""
    lengths = [x.size(0) for x in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences) -> list:
    """The sequences that were packed."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
