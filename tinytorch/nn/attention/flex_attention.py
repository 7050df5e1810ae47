"""Attention whose scores and mask a function of the positions decides. Dong et al. 2024 (arXiv:2412.05496).

PyTorch compiles the functions into its kernel; here they are called once, on grids of indices that broadcast to all scores.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from math import inf, prod
from typing import NamedTuple

from ...creation import arange, ones, zeros
from ...dtypes import bool as bool_
from ...ops import broadcast_to, logsumexp, where
from ...tensor import Tensor
from ..functional.softmax import softmax

_DEFAULT_SPARSE_BLOCK_SIZE = 128


def index_grids(sizes, device) -> list[Tensor]:
    """b (B, 1, 1, 1), h (1, H, 1, 1), q_idx (1, 1, Q, 1), kv_idx (1, 1, 1, KV)."""
    shapes = [[n if axis == here else 1 for axis in range(4)] for here, n in enumerate(sizes)]
    return [arange(n, device=device).reshape(shape) for n, shape in zip(sizes, shapes)]


def create_mask(
    mod_fn: Callable, B: int | None, H: int | None, Q_LEN: int, KV_LEN: int, device=None
) -> Tensor:
    """mod_fn(b, h, q_idx, kv_idx) everywhere: True (B, H, Q_LEN, KV_LEN) where a query may look at a key."""
    sizes = (B or 1, H or 1, Q_LEN, KV_LEN)
    return broadcast_to(mod_fn(*index_grids(sizes, device)), sizes)


class BlockMask:
    """A mask function and the sizes it is for. Only blocks of it with a True in them would have to be computed."""

    def __init__(self, mask_mod: Callable, sizes: tuple[int, int, int, int], block_size, device):
        self.mask_mod, self.shape, self.device = mask_mod, sizes, device
        self.seq_lengths = sizes[2:]
        self.BLOCK_SIZE = (block_size, block_size) if isinstance(block_size, int) else tuple(block_size)

    def to_dense(self) -> Tensor:
        """1 where a block has something to compute: (B, H, blocks of queries, blocks of keys)."""
        B, H, Q, KV = self.shape
        q, kv = self.BLOCK_SIZE
        whole = zeros(B, H, -(-Q // q) * q, -(-KV // kv) * kv, dtype=bool_, device=self.device)
        whole[:, :, :Q, :KV] = create_mask(self.mask_mod, *self.shape, device=self.device)
        return whole.unflatten(3, (-1, kv)).unflatten(2, (-1, q)).any(5).any(3).int()

    def sparsity(self) -> float:
        """The percentage of blocks that need not be computed."""
        computed = self.to_dense().sum().item() * prod(self.BLOCK_SIZE)
        return 100.0 * (1.0 - computed / prod(self.shape))

    def to(self, device) -> BlockMask:
        return BlockMask(self.mask_mod, self.shape, self.BLOCK_SIZE, device)


def create_block_mask(
    mask_mod: Callable,
    B: int | None,
    H: int | None,
    Q_LEN: int,
    KV_LEN: int,
    device=None,
    BLOCK_SIZE: int | tuple[int, int] = _DEFAULT_SPARSE_BLOCK_SIZE,
    _compile: bool = False,
) -> BlockMask:
    """The mask of `mask_mod` for flex_attention. B and H None: the same for all sequences and heads."""
    return BlockMask(mask_mod, (B or 1, H or 1, Q_LEN, KV_LEN), BLOCK_SIZE, device)


def noop_mask(b, h, q_idx, kv_idx) -> Tensor:
    """Every query looks at every key."""
    return ones((), dtype=bool_, device=b.device)


def and_masks(*mask_mods: Callable) -> Callable:
    """True where all of them are."""
    if not all(callable(mask) for mask in mask_mods):
        raise RuntimeError(f"All inputs should be callable mask_mods: {mask_mods}")
    return lambda *at: functools.reduce(operator.and_, (mask(*at) for mask in mask_mods), noop_mask(*at))


def or_masks(*mask_mods: Callable) -> Callable:
    """True where one of them is."""
    if not all(callable(mask) for mask in mask_mods):
        raise RuntimeError(f"All inputs should be callable mask_mods: {mask_mods}")
    return lambda *at: functools.reduce(operator.or_, (mask(*at) for mask in mask_mods), ~noop_mask(*at))


class AuxRequest(NamedTuple):
    """What flex_attention shall return beside the output."""

    lse: bool = False
    max_scores: bool = False


class AuxOutput(NamedTuple):
    """What was asked for: for each query the logarithm of its softmax's denominator, and its largest score."""

    lse: Tensor | None = None
    max_scores: Tensor | None = None


def flex_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    score_mod: Callable | None = None,
    block_mask: BlockMask | None = None,
    scale: float | None = None,
    enable_gqa: bool = False,
    return_lse: bool = False,
    kernel_options: dict | None = None,
    *,
    return_aux: AuxRequest | None = None,
):
    """softmax(score_mod(q @ k.T * scale, b, h, q_idx, kv_idx)) @ v, with weight 0 where the mask says False.

    (B, Hq, L, E), (B, Hkv, S, E), (B, Hkv, S, Ev) -> (B, Hq, L, Ev). enable_gqa: each key head serves Hq / Hkv query
    heads. A query with no key at all gets zeros. return_aux adds an AuxOutput; return_lse, its older form, adds the lse.
    """
    if query.size(1) != key.size(1):
        if not enable_gqa or query.size(1) % key.size(1):
            raise ValueError(
                f"flex_attention: {query.size(1)} query heads and {key.size(1)} key heads; with enable_gqa=True the"
                " first has to be a multiple of the second, else both are equal"
            )
        key, value = (x.repeat_interleave(query.size(1) // x.size(1), 1) for x in (key, value))
    scores = query @ key.mT * (query.size(-1) ** -0.5 if scale is None else scale)  # (B, H, L, S)
    grids = index_grids(scores.shape, query.device)
    if score_mod is not None:
        scores = score_mod(scores, *grids)
    if block_mask is not None:
        scores = where(block_mask.mask_mod(*grids), scores, -inf)
    alone = (scores == -inf).all(-1, keepdim=True)
    out = softmax(scores, dim=-1).masked_fill(alone, 0.0).to(value.dtype) @ value
    wanted = return_aux or AuxRequest(lse=return_lse)
    aux = AuxOutput(
        logsumexp(scores, dim=-1) if wanted.lse else None,
        scores.amax(-1) if wanted.max_scores else None,
    )
    return (out, aux) if return_aux is not None else (out, aux.lse) if return_lse else out
