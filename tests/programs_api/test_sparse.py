"""Sparse tensors beside PyTorch's: values, gradients and texts of what graph programs do with them."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import tinytorch

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore:.*[Ss]parse.*:UserWarning")


def matrix(lib, **options):
    indices = lib.tensor([[0, 1, 1, 0], [2, 0, 2, 2]])
    values = lib.tensor([3.0, 4.0, 5.0, 1.0], requires_grad=True)
    return lib.sparse_coo_tensor(indices, values, (2, 3), **options), values


EXPRESSIONS = [
    "torch.sparse.mm(A, X)", "torch.spmm(A, X)", "A @ X", "torch.mm(A, X)", "A.matmul(X)", "A @ X[:, 0]", "torch.ones(2, 3) + A",
    "A.to_dense()", "A.coalesce()", "A.coalesce().values()", "A.t()", "A.transpose(0, 1)", "A * 2", "2 * A", "A / 2", "-A", "A + A",
    "torch.sparse.sum(A)", "torch.sparse.sum(A, dim=1)", "torch.sparse.sum(A, dim=0).to_dense()", "torch.sparse.mm(A, A.t())",
    "torch.sparse.softmax(A, 1)", "torch.sparse.log_softmax(A, 1).to_dense()", "torch.sparse.addmm(X[:2] * 0 + 1, A, X)",
    "torch.ones(2, 2) @ A", "A.coalesce() * torch.full((2, 3), 2.0)", "A.double()",
    "A.clone()", "torch.eye(3).to_sparse() @ X", "torch.diag(X[:, 0]).to_sparse()", "X.to_dense()",
]  # fmt: skip


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_as_pytorch(expression):
    found = []
    for lib in (tinytorch, torch):
        A, values = matrix(lib)
        X = lib.tensor(np.arange(6.0).reshape(3, 2).astype(np.float32) + 1, requires_grad=True)
        out = eval(expression, {"A": A, "X": X, "torch": lib})
        dense = out.to_dense() if out.is_sparse else out
        (dense * dense.detach() * 0.1).sum().backward()
        grads = [None if x.grad is None else x.grad.to_dense().tolist() for x in (values, X)]
        found.append((out.is_sparse, tuple(out.shape), dense.tolist(), grads, repr(out.detach())))
    ours, theirs = found
    assert ours[:2] == theirs[:2]
    for a, b in zip([ours[2], *ours[3]], [theirs[2], *theirs[3]]):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=1e-5)
    if expression not in ("torch.sparse.mm(A, A.t())", "A + A"):  # of which PyTorch keeps more indices
        assert ours[4] == theirs[4]


def test_questions():
    for lib in (tinytorch, torch):
        A, _ = matrix(lib)
        assert (
            A.is_sparse
            and A.layout is lib.sparse_coo
            and not A.is_coalesced()
            and A.coalesce().is_coalesced()
        )
        assert (A._nnz(), A.coalesce()._nnz(), A.sparse_dim(), A.dense_dim(), A.size(0), A.dim()) == (
            4,
            3,
            2,
            0,
            2,
            2,
        )
        assert A._indices().tolist() == [[0, 1, 1, 0], [2, 0, 2, 2]] and A._values().tolist() == [3, 4, 5, 1]
        assert A.coalesce().indices().tolist() == [[0, 1, 1], [2, 0, 2]]
        assert not lib.ones(2).is_sparse and isinstance(A, lib.Tensor)
        with pytest.raises(RuntimeError, match="Cannot get indices on an uncoalesced tensor"):
            A.indices()
        with pytest.raises(TypeError, match="can't convert Sparse layout tensor to numpy"):
            A.detach().numpy()
        assert copy.deepcopy(A.detach()).to_dense().tolist() == [[0, 0, 4], [4, 0, 5]]
        assert pickle.loads(pickle.dumps(A.detach())).to_dense().tolist() == [[0, 0, 4], [4, 0, 5]]


def test_making_them():
    for lib in (tinytorch, torch):
        assert tuple(lib.sparse_coo_tensor([[0, 0], [1, 1]], [1.0, 2.0]).shape) == (1, 2)
        assert lib.sparse_coo_tensor(size=(2, 3)).to_dense().tolist() == [[0, 0, 0], [0, 0, 0]]
        made = lib.sparse.FloatTensor(lib.tensor([[0, 1], [1, 0]]), lib.tensor([1.0, 2.0]), lib.Size([2, 2]))
        assert made.to_dense().tolist() == [[0, 1], [2, 0]]
        whole = lib.sparse_coo_tensor(
            np.array([[0, 1], [1, 0]], dtype=np.int32), lib.ones(2), (2, 2), dtype=lib.int64
        )
        assert whole.dtype is lib.int64
        with pytest.raises(RuntimeError):
            lib.sparse_coo_tensor([[0, 5], [1, 0]], [1.0, 2.0], (2, 2), check_invariants=True).to_dense()


def test_one_that_is_too_large():
    with pytest.raises(RuntimeError, match="stored densely here, and one of size"):
        tinytorch.sparse_coo_tensor([[0], [0]], [1.0], (10**6, 10**6))


def test_as_a_buffer():
    A, _ = matrix(tinytorch)
    module = tinytorch.nn.Module()
    module.register_buffer("adjacency", A.detach())
    assert module.to(tinytorch.float64).adjacency.is_sparse
    assert module.adjacency.dtype is tinytorch.float64


def test_rows_one_after_another():
    found = []
    for lib in (tinytorch, torch):
        X = lib.ones(3, 2, requires_grad=True)
        made = lib.sparse_csr_tensor([0, 1, 3], [2, 0, 2], [4.0, 4.0, 5.0], (2, 3))
        A = lib.tensor([[0.0, 0, 4], [4, 0, 5]]).to_sparse_csr()
        assert A.layout is lib.sparse_csr and A.is_sparse_csr and not A.is_sparse
        assert A.to_dense().tolist() == made.to_dense().tolist() and A._nnz() == 3
        product = A @ X
        product.sum().backward()
        parts = (A.crow_indices(), A.col_indices(), A.values(), product, X.grad, (A * 2).crow_indices())
        found.append(
            [
                repr(A),
                *(t.tolist() for t in parts),
                A.to_sparse().is_sparse,
                A.double().layout is lib.sparse_csr,
            ]
        )
    assert found[0] == found[1]


def test_torch_by_way_of_sparse():
    assert tinytorch.sparse.torch is tinytorch  # torch.sparse.torch.eye(10) of capsule networks
    with pytest.raises(AttributeError, match="has no attribute 'tooth'"):
        tinytorch.sparse.tooth  # noqa: B018
