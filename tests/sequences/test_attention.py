"""scaled_dot_product_attention and MultiheadAttention with all their arguments, beside PyTorch."""

import itertools
from functools import partial

import numpy as np
import pytest

import tinytorch
from tests.sequences.beside_torch import hold, same_layer
from tinytorch.nn.functional.attention import attention_backward, attention_forward, weigh_and_mix

torch = pytest.importorskip("torch", reason="parity needs PyTorch: pip install torch==2.13.0")

rng = np.random.default_rng(0)


def normal(*shape):
    return rng.standard_normal(shape)


@pytest.fixture
def plain_products():
    """PyTorch's fused attention has no second derivative, its plain form has."""
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        yield


def attend(**settings):
    return lambda library, *x: library.nn.functional.scaled_dot_product_attention(*x, **settings)


LEADS = [(2, 4), (3,), (), (2, 1, 2)]
SIZES = [(3, 5, 4), (5, 5, 6), (5, 3, 4), (1, 4, 2)]  # T, S, Dv


@pytest.mark.parametrize("lead", LEADS, ids=str)
@pytest.mark.parametrize("T, S, Dv", SIZES)
def test_attention(lead, T, S, Dv, plain_products):
    q, k, v = normal(*lead, T, 4), normal(*lead, S, 4), normal(*lead, S, Dv)
    hold(attend(), q, k, v, order=2)
    hold(attend(is_causal=True), q, k, v, order=2)
    hold(attend(scale=0.3), q, k, v)
    mask = rng.random((T, S)) < 0.6
    mask[0] = False  # a query that may look at nothing
    hold(attend(), q, k, v, mask, order=2)
    hold(attend(), q, k, v, normal(T, S), order=2)
    hold(lambda library, q, k, v, m: attend()(library, q, k, v, m.detach()), q, k, v, normal(T, S), order=2)


@pytest.mark.parametrize("shape", [(2, 1, 3, 5), (2, 1, 1, 5), (4, 3, 5), (2, 4, 3, 5), (1, 5)], ids=str)
def test_masks_broadcast(shape):
    q, k = normal(2, 4, 3, 8), normal(2, 4, 5, 8)
    hold(attend(), q, k, k, rng.random(shape) < 0.6)
    hold(attend(), q, k, k, normal(*shape))


@pytest.mark.parametrize("heads", [1, 2, 3, 4])
@pytest.mark.parametrize("enable_gqa", [False, True])
def test_shared_heads(heads, enable_gqa):
    hold(attend(enable_gqa=enable_gqa), normal(2, 4, 3, 8), normal(2, heads, 5, 8), normal(2, heads, 5, 8))


def test_leading_dims_broadcast():
    hold(attend(), normal(2, 4, 3, 8), normal(1, 4, 5, 8), normal(1, 4, 5, 8))
    hold(attend(), normal(4, 3, 8), normal(2, 4, 5, 8), normal(2, 4, 5, 8))


def test_no_queries_and_no_keys():
    for T, S in ((0, 3), (3, 0)):
        hold(attend(), normal(2, 4, T, 4), normal(2, 4, S, 4), normal(2, 4, S, 4))


@pytest.mark.parametrize("is_causal", [False, True])
def test_more_scores_than_one_tile(is_causal):
    """Long sequences are worked off in tiles; the result is that of the plain form."""
    q, k, v = normal(2, 2, 700, 4), normal(2, 2, 600, 4), normal(2, 2, 600, 4)
    mask = np.where(rng.random((2, 1, 700, 600)) < 0.5, 0.0, -np.inf)
    full = np.broadcast_to(mask, (2, 2, 700, 600))
    out, denominators = attention_forward(q, k, v, full, 0.5, is_causal)
    tensors = [tinytorch.tensor(x, requires_grad=True) for x in (q, k, v)]
    want = weigh_and_mix(*tensors, tinytorch.tensor(mask), scale=0.5, is_causal=is_causal)
    np.testing.assert_allclose(out, want.detach().numpy(), atol=1e-10)
    g = normal(*out.shape)
    want.backward(tinytorch.tensor(g))
    for x, gradient in zip(tensors, attention_backward(g, q, k, v, full, out, denominators, 0.5, is_causal)):
        np.testing.assert_allclose(gradient, x.grad.numpy(), atol=1e-9)


def test_half_precision():
    x = [normal(2, 3, 5, 8).astype(np.float16) for _ in range(3)]
    hold(attend(is_causal=True), *x, tolerance=2e-3)


def test_dropout_keeps_the_mean():
    x = tinytorch.ones(4, 2, 64, 8)
    out = tinytorch.nn.functional.scaled_dot_product_attention(x, x, x, dropout_p=0.5)
    assert out.mean().item() == pytest.approx(1, abs=0.05) and out.std() > 0.05


WRONG = {
    "dtypes": lambda t: (t.zeros(2, 3, 4), t.zeros(2, 3, 4), t.zeros(2, 3, 4, dtype=t.float64)),
    "vectors": lambda t: (t.zeros(4), t.zeros(4), t.zeros(4)),
    "whole numbers": lambda t: (t.zeros(2, 3, 4).long(),) * 3,
    "mask of whole numbers": lambda t: (*(t.zeros(2, 3, 4),) * 3, t.zeros(3, 3).long()),
    "mask of another shape": lambda t: (*(t.zeros(2, 3, 4),) * 3, t.zeros(4, 3)),
    "mask twice": lambda t: (*(t.zeros(2, 3, 4),) * 3, t.zeros(3, 3), 0.0, True),
    "features": lambda t: (t.zeros(2, 3, 4), t.zeros(2, 3, 5), t.zeros(2, 3, 4)),
    "dropout": lambda t: (*(t.zeros(2, 3, 4),) * 3, None, 1.5),
}


@pytest.mark.parametrize("arguments", WRONG.values(), ids=WRONG.keys())
def test_errors(arguments):
    hold(lambda library: library.nn.functional.scaled_dot_product_attention(*arguments(library)))


# ---------------------------------------------------------------- many heads

E, H, T, S, B = 8, 2, 3, 4, 2


def inputs(kind: str, batch_first: bool, separate: bool):
    """query, key, value: the same sequence, two, or three; or two without a dim of sequences."""

    def sequence(length, width):
        if kind == "alone":
            return normal(length, width)
        return normal(B, length, width) if batch_first else normal(length, B, width)

    q = sequence(T, E)
    if kind == "self" and not separate:
        return [q], T
    if kind == "three" or separate:
        return [q, sequence(S, 5 if separate else E), sequence(S, 6 if separate else E)], S
    return [q, sequence(S, E)], S


def allowed(*shape):
    mask = rng.random(shape) < 0.3
    mask[..., 0] = False
    return mask


@pytest.mark.parametrize("bias, extra", [(True, False), (False, False), (True, True)])
@pytest.mark.parametrize("separate", [False, True], ids=["packed", "separate"])
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("kind", ["self", "cross", "three", "alone"])
def test_multi_head_attention(bias, extra, separate, batch_first, kind):
    widths = {"kdim": 5, "vdim": 6} if separate else {}
    settings = {
        "bias": bias,
        "add_bias_kv": extra,
        "add_zero_attn": extra,
        "batch_first": batch_first,
        **widths,
    }
    layers = same_layer(lambda library: library.nn.MultiheadAttention(E, H, **settings))
    x, keys = inputs(kind, batch_first, separate)
    padding = allowed(keys) if kind == "alone" else allowed(B, keys)
    masks = [None, allowed(T, keys), allowed((1 if kind == "alone" else B) * H, T, keys), normal(T, keys)]
    for key_padding_mask, attn_mask in itertools.product((None, padding), masks):
        if key_padding_mask is not None and attn_mask is not None and attn_mask.dtype != bool:
            key_padding_mask = key_padding_mask * -5.0  # two masks are of one dtype
        for need_weights in (True, False):
            hold(
                partial(look, masks=(key_padding_mask, attn_mask), need_weights=need_weights),
                *x,
                layers=layers,
            )
    hold(partial(look, masks=(None, None), average_attn_weights=False), *x, layers=layers)


def look(library, layer, q, k=None, v=None, masks=(), **settings):
    """What the layer makes of one, two or three sequences, with key_padding_mask and attn_mask as arrays or None."""
    k = q if k is None else k
    v = k if v is None else v
    key_padding_mask, attn_mask = (None if m is None else library.tensor(m) for m in masks)
    return layer(q, k, v, key_padding_mask=key_padding_mask, attn_mask=attn_mask, **settings)


@pytest.mark.parametrize("need_weights", [False, True])
def test_the_causal_hint(need_weights):
    layers = same_layer(lambda library: library.nn.MultiheadAttention(E, H))
    mask = np.triu(np.ones((T, T), bool), 1)
    for masks in ((None, mask), (allowed(B, T), mask), (None, None)):
        hold(
            partial(look, masks=masks, need_weights=need_weights, is_causal=True),
            normal(T, B, E),
            layers=layers,
        )


@pytest.mark.parametrize("arguments", [(0, 1), (8, 3), (8, 0)], ids=str)
def test_bad_layers(arguments):
    hold(lambda library: library.nn.MultiheadAttention(*arguments))


@pytest.mark.parametrize(
    "shapes, masks",
    [
        ([(T, B, E), (T, B, E), (4, B, E)], {}),
        ([(T, B, E), (S, E), (S, E)], {}),
        ([(E,), (E,), (E,)], {}),
        ([(T, B, 6)] * 3, {}),
        ([(T, B, E)] * 3, {"key_padding_mask": (B, T + 1)}),
        ([(T, B, E)] * 3, {"key_padding_mask": (T,)}),
        ([(T, B, E)] * 3, {"attn_mask": (T + 1, T)}),
        ([(T, B, E)] * 3, {"attn_mask": (5, T, T)}),
        ([(T, B, E)] * 3, {"attn_mask": (1, 5, T, T)}),
    ],
)
def test_sizes_that_do_not_fit(shapes, masks):
    layers = same_layer(lambda library: library.nn.MultiheadAttention(E, H))

    def run(library, layer, *x):
        given = {name: library.zeros(shape, dtype=library.float64) for name, shape in masks.items()}
        return layer(*x, **given)

    hold(run, *[normal(*shape) for shape in shapes], layers=layers)
