"""Class numbers as targets: what is expected of them, which of them count, and their one-hot form."""

from __future__ import annotations

import numpy as np

from ...backend import may_look
from ...creation import zeros
from ...op import asked
from ...ops import reshape, scatter, unsqueeze, where


def one_hot(input, num_classes=-1):
    """Class numbers (...) -> (..., num_classes): a 1 in the place of the class, zeros elsewhere."""
    if input.array.dtype != np.int64:
        raise RuntimeError(
            f"one_hot: only applicable to index tensor of type LongTensor, got {input.dtype!r}"
        )
    if input.numel() == 0 and num_classes <= 0:
        raise RuntimeError(
            f"one_hot: Can not infer total number of classes from empty tensor, of shape {list(input.shape)}; give num_classes"
        )
    look = input.numel() and (num_classes == -1 or may_look(input.array))
    low, high = (input.min().item(), input.max().item()) if look else (0, -1)
    if low < 0:
        raise RuntimeError(f"one_hot: Class values must be non-negative, got {low}")
    if num_classes == -1:
        num_classes = high + 1
    if high >= num_classes:
        raise RuntimeError(
            f"one_hot: Class values must be smaller than num_classes, got {high} with {num_classes} classes"
        )
    blank = zeros(*input.shape, num_classes, dtype=input.dtype, device=input.device)
    return scatter(blank, -1, unsqueeze(input, -1), 1)


def class_dim(input) -> int:
    """Where the classes are: (C,) for one example, (N, C, ...) for many."""
    if input.ndim == 0:
        raise IndexError(f"{asked()}: the input needs a dim for the classes, but it is 0D")
    return 0 if input.ndim == 1 else 1


def by_class(weight, input):
    """The weights of the classes, shaped so that they broadcast against input; 1 if there are none."""
    if weight is None:
        return 1
    classes = input.shape[class_dim(input)]
    if weight.shape != (classes,):
        raise RuntimeError(
            f"{asked()}: weight tensor should be defined either for all {classes} classes or no classes"
            f" but got weight tensor of shape: {list(weight.shape)}, for input of shape {list(input.shape)}"
        )
    return reshape(weight, (-1,) + (1,) * (input.ndim - 2))


def with_valid_classes(input, target, ignore_index: int):
    """Where the target counts; and the target, with class 0 where it does not, as one number if there is one example."""
    kept, target = target != ignore_index, where(target == ignore_index, 0, target).long()
    return (reshape(kept, ()), reshape(target, ())) if input.ndim == 1 else (kept, target)


def check_classes(input, target, weight, ignore_index: int) -> None:
    """Raise what PyTorch raises for shapes, dtypes and class numbers that do not fit."""
    check_sizes(input, target, weight)
    if may_look(target.array):
        check_labels(target.array, input.array.shape[class_dim(input)], ignore_index)


def check_sizes(input, target, weight) -> None:
    """The part of `check_classes` that need not look at the class numbers."""
    shape, places = input.array.shape, target.array.shape
    ndim = len(shape)
    if ndim == 0:
        raise ValueError(
            f"{asked()}: Expected an input of 1 or more dimensions (got 0): its last or second one is the classes'"
        )
    if input.array.dtype.kind != "f":
        raise NotImplementedError(
            f"{asked()}: not implemented for input of {input.dtype!r}: it holds scores, which are floats; use input.float()"
        )
    if target.array.dtype not in (np.int64, np.uint8):
        raise RuntimeError(
            f"{asked()}: expected target dtype to be Long or Byte, but got {target.dtype!r}; use target.long() for class numbers"
        )
    if ndim > 1 and (not places or shape[0] != places[0]):
        raise ValueError(
            f"{asked()}: Expected input batch_size ({shape[0]}) to match target batch_size ({places[0] if places else 'none: it is a scalar'}):"
            f" input has shape {list(shape)}, target {list(places)}"
        )
    if ndim <= 2 and len(places) > 1:
        raise RuntimeError(
            f"{asked()}: 0D or 1D target tensor expected, multi-target not supported: got target {list(places)} for input {list(shape)}"
        )
    if places != ((shape[0], *shape[2:]) if ndim > 1 else ()) and not (ndim == 1 and places == (1,)):
        raise RuntimeError(
            f"{asked()}: Expected target size {[shape[0], *shape[2:]]}, got {list(places)}: a class for each place of the input {list(shape)}"
        )
    if weight is None:
        return
    by_class(weight, input)
    if weight.dtype != input.dtype:
        raise RuntimeError(
            f"{asked()}: expected weight of the input's dtype {input.dtype!r}, but found {weight.dtype!r}"
        )


def are_classes(labels, classes: int) -> bool:
    """Whether all of these numbers are between 0 and the number of classes."""
    # One look for both bounds: read as unsigned, what is negative is huge.
    unsigned = labels.view(np.uint64) if labels.dtype == np.int64 else labels
    return not labels.size or int(unsigned.max()) < classes


def check_labels(labels, classes: int, ignore_index: int) -> None:
    """An error for a number that is neither a class nor to be ignored."""
    if not are_classes(labels, classes):
        wrong = labels[((labels < 0) | (labels >= classes)) & (labels != ignore_index)]
        if wrong.size:
            raise IndexError(
                f"{asked()}: Target {wrong[0]} is out of bounds: there are {classes} classes, 0 to {classes - 1}"
            )
