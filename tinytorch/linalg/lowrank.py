"""The largest singular values and eigenvalues of a matrix, without computing the others where that is cheaper."""

from __future__ import annotations

from .. import ops
from ..creation import randn


def range_of(A, q: int, niter: int, M=None):
    """Orthonormal columns that nearly span what A reaches.

    Halko, Martinsson and Tropp, Finding structure with randomness (2009), algorithm 4.4.
    """
    B = A if M is None else A - M
    start = randn(A.shape[-1], q, dtype=A.dtype, device=A.device)
    Q = ops.linalg_qr(B @ start).Q
    for _ in range(niter):
        Q = ops.linalg_qr(ops.adjoint(B) @ Q).Q
        Q = ops.linalg_qr(B @ Q).Q
    return Q


def svd_lowrank(A, q=6, niter=2, M=None):
    """(U, S, V) with U @ diag(S) @ V.mH near A (A - M), of rank q."""
    q = 6 if q is None else q
    m, n = A.shape[-2:]
    if not 0 <= q <= min(m, n):
        raise ValueError(f"q(={q}) must be non-negative integer and not greater than min(m, n)={min(m, n)}")
    if m < n:
        U, S, V = svd_lowrank(ops.adjoint(A), q, niter, None if M is None else ops.adjoint(M))
        return V, S, U
    Q = range_of(A, q, niter, M)
    U, S, Vh = ops.linalg_svd(ops.adjoint(Q) @ (A if M is None else A - M), full_matrices=False)
    return Q @ U, S, ops.adjoint(Vh)


def pca_lowrank(A, q=None, center=True, niter=2):
    """(U, S, V): the principal directions of A's rows are V's columns; `center` takes the mean off first."""
    m, n = A.shape[-2:]
    q = min(6, m, n) if q is None else q
    if not 0 <= q <= min(m, n):
        raise ValueError(f"q(={q}) must be non-negative integer and not greater than min(m, n)={min(m, n)}")
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    return svd_lowrank(A - A.mean(-2, keepdim=True) if center else A, q, niter)


def lobpcg(
    A, k=None, B=None, X=None, n=None, iK=None, niter=None, tol=None, largest=True, method=None, tracker=None,
    ortho_iparams=None, ortho_fparams=None, ortho_bparams=None,
):  # fmt: skip
    """The k largest (smallest) eigenvalues of A x = l B x and their vectors: here from all of them, not by iteration."""
    k = (1 if X is None else X.shape[-1]) if k is None else k
    if A.shape[-2] < 3 * k:
        raise ValueError(
            f"LPBPCG algorithm is not applicable when the number of A rows (={A.shape[-2]}) is smaller than 3 x the number of requested"
            f" eigenpairs (={k})"
        )
    if B is None:
        values, vectors = ops.eigh(A)
    else:
        L = ops.cholesky(B)
        inner = ops.solve(L, ops.adjoint(ops.solve(L, ops.adjoint(A))))
        values, vectors = ops.eigh(inner)
        vectors = ops.solve(ops.adjoint(L), vectors)
    if largest:
        values, vectors = values.flip(-1), vectors.flip(-1)
    return values[..., :k], vectors[..., :k]
