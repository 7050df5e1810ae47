"""Reading the pickles that old data sets are published in, without letting them run code.

A pickle names the functions to call. This reader knows arrays, their dtypes and plain containers; a file that names
anything else is refused.
"""

from __future__ import annotations

import pickle
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np


class UnsafePickle(pickle.UnpicklingError):
    """A pickle asks for something that is neither an array nor a plain container."""


class SparseParts:
    """Stands in for scipy's csr_matrix: holds its fields and nothing else."""

    def __setstate__(self, state) -> None:
        if not isinstance(state, dict):
            raise UnsafePickle(f"a sparse matrix's state is a {type(state).__name__}, not a dict")
        self.fields = state

    def toarray(self) -> np.ndarray:
        """The dense matrix; the fields are checked, they come from a file."""
        rows, columns = self._field("_shape")
        data, indices, indptr = (np.asarray(self._field(name)) for name in ("data", "indices", "indptr"))
        counts = np.diff(indptr)
        fits = (
            len(indptr) == rows + 1
            and (counts >= 0).all()
            and indptr[0] == 0
            and indptr[-1] == len(data) == len(indices)
        )
        if not fits or (len(indices) and not 0 <= indices.min() <= indices.max() < columns):
            raise ValueError(
                f"a sparse matrix of shape ({rows}, {columns}) does not fit its {len(data)} values"
            )
        dense = np.zeros((rows, columns), data.dtype)
        np.add.at(dense, (np.repeat(np.arange(rows), counts), indices), data)
        return dense

    def _field(self, name: str):
        try:
            return self.fields[name]
        except KeyError:
            raise ValueError(f"a sparse matrix without its field {name!r}") from None


def latin1_bytes(text: str, encoding: str) -> bytes:
    """Python 3 writes bytes into old pickles as `_codecs.encode(text, "latin1")`."""
    if encoding != "latin1":
        raise UnsafePickle(f"a pickle asks for the codec {encoding!r}")
    return text.encode("latin1")


def array_parts() -> dict[tuple[str, str], Any]:
    """What old and new NumPy call when they read an array or a number back."""
    names = {"_reconstruct": np.empty(0).__reduce__()[0], "scalar": np.float64(0).__reduce__()[0]}
    return {
        (f"numpy.{core}.multiarray", name): function
        for core in ("core", "_core")
        for name, function in names.items()
    }


KNOWN: dict[tuple[str, str], Any] = {
    **array_parts(),
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): latin1_bytes,
    ("collections", "defaultdict"): defaultdict,
    ("collections", "OrderedDict"): dict,
    ("__builtin__", "list"): list,
    ("builtins", "list"): list,
    ("scipy.sparse.csr", "csr_matrix"): SparseParts,
    ("scipy.sparse._csr", "csr_matrix"): SparseParts,
}


class RestrictedUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str):
        try:
            return KNOWN[module, name]
        except KeyError:
            raise UnsafePickle(f"it asks for {module}.{name}") from None


def read_pickle(path: Path, encoding: str = "latin1") -> Any:
    """The object in a file; a ValueError if it is damaged or asks for more than arrays and plain containers."""
    with open(path, "rb") as file:
        try:
            return RestrictedUnpickler(file, encoding=encoding).load()
        except UnsafePickle as error:
            raise ValueError(
                f"{path}: refused, because {error}; only arrays and plain containers are read from a pickle"
            ) from error
        except Exception as error:  # a damaged pickle fails in any way, in the middle of NumPy too
            raise ValueError(f"{path}: damaged or not a pickle ({type(error).__name__}: {error})") from error
