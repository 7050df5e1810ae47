"""Sparse matrices as graph programs use them. They lie in memory as dense arrays and remember their indices and values.

What PyTorch computes with sparse tensors is computed densely here: right, with gradients, and as slow and as large as the
dense matrix. Products, sums and `to_dense` give ordinary tensors; `t`, `to`, `coalesce` and multiples stay sparse.
"""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from . import formats, ops
from .creation import zeros
from .dtypes import dtype as Dtype
from .dtypes import float32, float64, int64
from .op import Value, method
from .tensor import Size, Tensor, blank
from .tensor_data import as_tensor

LARGEST = 8 * 2**30  # bytes; a graph of 46,000 nodes


class SparseTensor(Tensor):
    """A dense tensor with its `indices()` (one column per element) and `values()`."""

    is_sparse = True
    layout = formats.sparse_coo
    _coo: tuple[Tensor, Tensor, bool]  # indices, values, and whether each index stands there once, in order

    def is_coalesced(self) -> bool:
        return self._coo[2]

    def coalesce(self) -> SparseTensor:
        """The same with values of equal indices added up, in the order of the indices."""
        if self.is_coalesced():
            return self
        stored = np.unique(self._indices().array, axis=1)
        return with_pattern(self, self._indices().wrap(stored))

    def _indices(self) -> Tensor:
        return self._coo[0]

    def _values(self) -> Tensor:
        return self._coo[1]

    def _nnz(self) -> int:
        return self._values().shape[0]

    def indices(self) -> Tensor:
        return self._coalesced("indices")._indices()

    def values(self) -> Tensor:
        return self._coalesced("values")._values()

    def _coalesced(self, wanted: str) -> SparseTensor:
        if not self.is_coalesced():
            raise RuntimeError(f"Cannot get {wanted} on an uncoalesced tensor, please call .coalesce() first")
        return self

    def sparse_dim(self) -> int:
        return self._indices().shape[0]

    def dense_dim(self) -> int:
        return self.dim() - self.sparse_dim()

    def to_dense(self, dtype=None, *, masked_grad=None) -> Tensor:
        dense = ops.clone(self)
        return dense if dtype is None else dense.to(dtype)

    def to_sparse(self, *args) -> SparseTensor:
        return self

    # ------------------------------------------------------------ what stays sparse

    def _with(self, values: Tensor) -> SparseTensor:
        return from_coo(self._indices().to(values.device), values, self.shape, self.is_coalesced())

    def to(self, *args, **kwargs) -> SparseTensor:
        return self._with(self._values().to(*args, **kwargs))

    def clone(self, *, memory_format=None) -> SparseTensor:
        return self._with(ops.clone(self._values()))

    def detach(self) -> SparseTensor:
        return self._with(self._values().detach())

    def transpose(self, dim0, dim1) -> SparseTensor:
        order = list(range(self.dim()))
        order[dim0], order[dim1] = order[dim1], order[dim0]
        size = [self.shape[d] for d in order]
        return from_coo(self._indices()[order], self._values(), size, False)

    def t(self) -> SparseTensor:
        return self.transpose(0, 1)

    @property
    def T(self) -> SparseTensor:
        return self.t()

    def __neg__(self):
        return self._with(-self._values())

    def __mul__(self, other):
        if isinstance(other, Value) and other.dim():
            return to_sparse(ops.mul(self, other))
        return self._with(self._values() * other)

    __rmul__ = mul = __mul__

    def __truediv__(self, other):
        return self._with(self._values() / other)

    div = __truediv__

    def __add__(self, other):
        total = ops.add(self, other)
        return to_sparse(total) if isinstance(other, SparseTensor) else total

    def __sub__(self, other):
        return self + -other

    # ------------------------------------------------------------ Python's protocols

    def numpy(self, *, force: bool = False):
        raise TypeError("can't convert Sparse layout tensor to numpy. Use Tensor.to_dense() first.")

    def __deepcopy__(self, memo):
        return self.detach().clone().requires_grad_(self.requires_grad)

    def __reduce__(self):
        return from_coo, (self._indices(), self._values(), self.shape, self.is_coalesced())

    def __repr__(self, *, tensor_contents=None) -> str:  # type: ignore[override]
        shown = [repr(t.detach()).split(", dtype=")[0].removesuffix(")") + ")" for t in self._coo[:2]]
        indices, values = (text.replace("\n", "\n" + " " * indent) for text, indent in zip(shown, (15, 14)))
        facts = [f"size={tuple(self.shape)}", f"nnz={self._nnz()}"]
        facts += [] if self.dtype in (float32, int64) else [f"dtype={self.dtype!r}"]
        facts += ["layout=torch.sparse_coo"]
        history = f",\n       grad_fn=<{self.grad_fn.name()}>" if self.grad_fn is not None else ""
        return f"tensor(indices={indices},\n       values={values},\n       {', '.join(facts)}{history})"


class CsrTensor(SparseTensor):
    """A matrix with its rows one after another: row i has the elements crow_indices()[i] to crow_indices()[i + 1]."""

    is_sparse, is_sparse_csr = False, True
    layout = formats.sparse_csr

    def crow_indices(self) -> Tensor:
        per_row = ops.bincount(self._indices()[0], minlength=self.shape[0])
        return ops.cat([zeros(1, dtype=int64, device=self.device), ops.cumsum(per_row, 0)])

    def col_indices(self) -> Tensor:
        return self._indices()[1]

    def to_sparse(self, *args) -> SparseTensor:
        return from_coo(self._indices(), self._values(), self.shape, True)

    to_sparse_coo = to_sparse

    def _with(self, values: Tensor) -> CsrTensor:
        return to_csr(super()._with(values))

    def __repr__(self, *, tensor_contents=None) -> str:  # type: ignore[override]
        parts = {
            "crow_indices": self.crow_indices(),
            "col_indices": self.col_indices(),
            "values": self._values().detach(),
        }
        shown = [f"{name}={t!r}".replace("\n", "\n" + " " * (len(name) + 8)) for name, t in parts.items()]
        return (
            "tensor("
            + ",\n       ".join(shown)
            + f", size={tuple(self.shape)}, nnz={self._nnz()},\n       layout=torch.sparse_csr)"
        )


def to_csr(coo: SparseTensor) -> CsrTensor:
    """The same matrix, told by rows."""
    coo = coo.coalesce()
    out: Any = blank(CsrTensor, coo.array)
    out.node, out._requires_grad, out._counter, out._coo = (
        coo.node,
        coo._requires_grad,
        coo._counter,
        coo._coo,
    )
    return out


def from_coo(indices: Tensor, values: Tensor, size, coalesced: bool) -> SparseTensor:
    """Values at their indices, added up where an index stands more than once, and zeros."""
    size = Size(size)
    if math.prod(size) * values.itemsize > LARGEST:
        needed = math.prod(size) * values.itemsize / 2**30
        raise RuntimeError(
            f"sparse_coo_tensor: sparse tensors are stored densely here, and one of size {tuple(size)} would take {needed:.0f} GiB"
        )
    places = tuple(indices.array[d] for d in range(indices.shape[0]))
    dense = ops.put(
        zeros(size, dtype=values.dtype, device=values.device), values, index=places, accumulate=True
    )
    out: Any = blank(SparseTensor, dense.array)
    out.node, out._requires_grad, out._counter = dense.node, dense._requires_grad, dense._counter
    out._coo = indices, values, coalesced
    return out


def with_pattern(dense: Tensor, indices: Tensor) -> SparseTensor:
    """The elements of a tensor at these indices, which are in order and different."""
    values = ops.getitem_op(dense, index=tuple(indices.array[d] for d in range(indices.shape[0])))
    return from_coo(indices, values, dense.shape, True)


# ---------------------------------------------------------------- making them


def sparse_coo_tensor(
    indices=None, values=None, size=None, *, dtype: Dtype | None = None, device=None, requires_grad=False, check_invariants=None,
    is_coalesced=False,
) -> SparseTensor:  # fmt: skip
    """values[k] at indices[:, k] and 0 elsewhere; without a size, as small as the indices allow."""
    if indices is None:
        indices, values = np.zeros((len(size), 0), np.int64), np.zeros(0, np.float32)
    indices = as_tensor(indices).long()
    values = as_tensor(values, dtype=dtype, device=device)
    if values.dim() == 0:
        values = values.expand(indices.shape[1])
    if size is None:
        size = [int(row.max()) + 1 for row in indices.array]
    for d, (row, n) in enumerate(zip(indices.array, size)):
        if row.size and not 0 <= row.min() <= row.max() < n:
            raise RuntimeError(
                f"sparse_coo_tensor: size {tuple(size)} does not fit the indices of dimension {d}, which are {row.min()} to {row.max()}"
            )
    if indices.shape[1] != values.shape[0]:
        raise RuntimeError(
            f"sparse_coo_tensor: {indices.shape[1]} indices and {values.shape[0]} values: the numbers must be equal"
        )
    out: Any = from_coo(indices.to(values.device), values, size, is_coalesced)
    return out.requires_grad_() if requires_grad else out


def sparse_csr_tensor(
    crow_indices, col_indices, values, size=None, *, dtype: Dtype | None = None, device=None, requires_grad=False,
    check_invariants=None,
) -> CsrTensor:  # fmt: skip
    """A matrix whose row i has values[crow_indices[i] : crow_indices[i + 1]] in the columns that col_indices names."""
    crow, col = as_tensor(crow_indices).long().cpu().array, as_tensor(col_indices).long().cpu().array
    if size is None:
        size = (len(crow) - 1, int(col.max()) + 1 if col.size else 0)
    if len(crow) != size[0] + 1 or crow[-1] != len(col):
        raise RuntimeError(
            f"sparse_csr_tensor: {size[0]} rows and {len(col)} columns need crow_indices of length {size[0] + 1} that end with {len(col)}"
        )
    rows = np.repeat(np.arange(size[0]), np.diff(crow))
    made = sparse_coo_tensor(
        np.stack([rows, col]), values, size, dtype=dtype, device=device, is_coalesced=True
    )
    out: Any = to_csr(made)
    return out.requires_grad_() if requires_grad else out


def legacy(dtype: Dtype):
    """torch.sparse.FloatTensor(indices, values, size), PyTorch's old way."""
    return lambda indices, values, size=None: sparse_coo_tensor(indices, values, size, dtype=dtype)


FloatTensor, DoubleTensor, LongTensor = legacy(float32), legacy(float64), legacy(int64)


@method
def to_sparse(self, sparse_dim=None) -> SparseTensor:
    """What is not zero, with its indices."""
    indices = np.stack(np.nonzero(self.cpu().array)) if self.dim() else np.zeros((0, 1), np.int64)
    return with_pattern(self, Tensor.wrap(indices).to(self.device))


@method
def to_sparse_csr(self, dense_dim=None) -> CsrTensor:
    """What is not zero, by rows."""
    return to_csr(self.to_sparse())


@method
def to_dense(self, dtype=None, *, masked_grad=None) -> Tensor:
    """The tensor itself: it is dense."""
    return self if dtype is None else self.to(dtype)


# ---------------------------------------------------------------- torch.sparse


def mm(mat1: Tensor, mat2: Tensor) -> Tensor:
    """The matrix product; sparse where both factors are."""
    out = ops.matmul(mat1, mat2)
    return to_sparse(out) if isinstance(mat1, SparseTensor) and isinstance(mat2, SparseTensor) else out


def addmm(mat: Tensor, mat1: Tensor, mat2: Tensor, *, beta=1.0, alpha=1.0) -> Tensor:
    """beta * mat + alpha * mat1 @ mat2."""
    return ops.addmm(mat, mat1, mat2, beta=beta, alpha=alpha)


def sum(input: Tensor, dim=None, dtype: Dtype | None = None) -> Tensor:
    """The sum; over some dims only, it stays sparse."""
    total = ops.sum(input, dim=dim, dtype=dtype)
    return total if dim is None or not total.dim() else to_sparse(total)


def softmax(input: SparseTensor, dim: int, *, dtype: Dtype | None = None) -> SparseTensor:
    """The softmax along dim of the elements that are there."""
    return logarithm_and_exponential(input, dim, dtype)[1]


def log_softmax(input: SparseTensor, dim: int, *, dtype: Dtype | None = None) -> SparseTensor:
    """The logarithm of `softmax`."""
    return logarithm_and_exponential(input, dim, dtype)[0]


def logarithm_and_exponential(input: SparseTensor, dim: int, dtype):
    input = input.coalesce() if dtype is None else input.coalesce().to(dtype)
    indices = input._indices()
    absent = np.ones(input.shape, bool)
    absent[tuple(indices.cpu().array)] = False
    present = ops.masked_fill(input, Tensor.wrap(absent).to(input.device), -math.inf)
    logs = present - ops.logsumexp(present, dim, True)
    return with_pattern(logs, indices), with_pattern(ops.exp(logs), indices)


def __getattr__(name: str):
    if name == "torch":  # torch.sparse imports torch, and programs write torch.sparse.torch.eye
        return sys.modules[__package__]
    raise AttributeError(
        f"module {__name__!r} has no attribute {name!r}. If PyTorch has it, tinytorch does not"
    )
