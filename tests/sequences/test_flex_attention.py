"""Attention with functions of the positions, beside PyTorch."""

import importlib

import numpy as np
import pytest

import tinytorch
from tests.sequences.beside_torch import hold

torch = pytest.importorskip("torch", reason="parity needs PyTorch: pip install torch==2.13.0")

pytestmark = pytest.mark.filterwarnings("ignore:.*flex_attention called without torch.compile")
rng = np.random.default_rng(0)
BOTH = pytest.mark.parametrize("lib", [torch, tinytorch], ids=["torch", "tinytorch"])


def flex(library):
    if library is torch:
        importlib.import_module("torch.nn.attention.flex_attention")
    return library.nn.attention.flex_attention


def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx


def near(b, h, q_idx, kv_idx):
    return (q_idx - kv_idx).abs() <= 2


def normal(*shape):
    return rng.standard_normal(shape)


# PyTorch's own gradient exists for the compiled kernel only on the CPU, so the scores here are compared with the plain form.
def test_scores_and_masks():
    q, k, v = normal(2, 4, 6, 8), normal(2, 4, 9, 8), normal(2, 4, 9, 5)
    slopes = rng.random(4)

    def attend(library, q, k, v, slopes):
        own = flex(library)
        mask = own.create_block_mask(own.or_masks(causal, near), None, None, 6, 9, device="cpu", BLOCK_SIZE=4)
        bias = lambda score, b, h, q_idx, kv_idx: score + slopes[h] * (kv_idx - q_idx)
        wanted = own.AuxRequest(lse=True)
        with library.no_grad():
            out, aux = own.flex_attention(
                q, k, v, score_mod=bias, block_mask=mask, scale=0.3, return_aux=wanted
            )
        return out, aux.lse

    for theirs, ours in zip(
        *(attend(lib, *map(lib.tensor, (q, k, v, slopes))) for lib in (torch, tinytorch))
    ):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-6)


def test_gradients_are_those_of_the_plain_form():
    def attend(library, q, k, v):
        if library is tinytorch:
            own = flex(library)
            mask = own.create_block_mask(own.and_masks(causal, near), None, None, 6, 6)
            return own.flex_attention(q, k, v, block_mask=mask, enable_gqa=True)
        at = library.arange(6)
        mask = (at[:, None] >= at) & ((at[:, None] - at).abs() <= 2)
        return library.nn.functional.scaled_dot_product_attention(q, k, v, mask, enable_gqa=True)

    hold(attend, normal(2, 4, 6, 8), normal(2, 2, 6, 8), normal(2, 2, 6, 8))


def test_a_query_that_may_look_at_nothing_gets_zeros():
    own = flex(tinytorch)
    q = tinytorch.randn(1, 1, 3, 4, requires_grad=True)
    mask = own.create_block_mask(lambda b, h, q_idx, kv_idx: q_idx > 0, None, None, 3, 3)
    out = own.flex_attention(q, q, q, block_mask=mask)
    out.sum().backward()
    assert out[0, 0, 0].tolist() == [0.0] * 4 and q.grad.isfinite().all()


@BOTH
def test_blocks(lib):
    own = flex(lib)
    mask = own.create_block_mask(causal, 2, None, 10, 12, device="cpu", BLOCK_SIZE=4)
    assert mask.shape == (2, 1, 10, 12) and mask.seq_lengths == (10, 12) and mask.BLOCK_SIZE == (4, 4)
    assert mask.to_dense()[1, 0].tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    assert mask.sparsity() == pytest.approx(20)
    assert own.create_mask(causal, None, None, 2, 3, device="cpu").tolist() == [[[[1, 0, 0], [1, 1, 0]]]]
    assert own.noop_mask(*[lib.tensor(0)] * 4).item()
    with pytest.raises(RuntimeError, match="should be callable"):
        own.and_masks(causal, None)


def test_what_else_can_be_asked_for():
    q = tinytorch.randn(1, 1, 3, 4)
    _, aux = flex(tinytorch).flex_attention(q, q, q, return_aux=flex(tinytorch).AuxRequest(max_scores=True))
    np.testing.assert_allclose(aux.max_scores.numpy(), (q @ q.mT / 2).amax(-1).numpy(), rtol=1e-6)
    assert aux.lse is None
    _, lse = flex(tinytorch).flex_attention(q, q, q, return_lse=True)
    np.testing.assert_allclose(lse.numpy(), (q @ q.mT / 2).logsumexp(-1).numpy(), rtol=1e-6)


def test_head_counts_that_do_not_fit():
    q, k = tinytorch.ones(1, 4, 2, 2), tinytorch.ones(1, 3, 2, 2)
    with pytest.raises(ValueError, match="4 query heads and 3 key heads"):
        flex(tinytorch).flex_attention(q, k, k, enable_gqa=True)
