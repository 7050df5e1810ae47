"""Transformer layers and stacks with all their arguments, beside PyTorch."""

import warnings
from functools import partial

import numpy as np
import pytest

import tinytorch
from tests.sequences.beside_torch import LIBRARIES, hold, same_layer

torch = pytest.importorskip("torch", reason="parity needs PyTorch: pip install torch==2.13.0")

rng = np.random.default_rng(0)
D, T, S, B = 8, 4, 5, 3

pytestmark = pytest.mark.filterwarnings("ignore:enable_nested_tensor", "ignore:.*prototype:UserWarning")


def normal(*shape):
    return rng.standard_normal(shape)


def sequence(length, batch_first):
    return normal(B, length, D) if batch_first else normal(length, B, D)


def ends(length):
    """(B, length): True behind a sequence's end, of which one has none."""
    return np.arange(length) >= np.array([length, length - 1, 2])[:, None]


CAUSAL = np.triu(np.full((T, T), -np.inf), 1)


def call(library, layer, *sequences, masks=None, **settings):
    given = {name: library.tensor(mask) for name, mask in (masks or {}).items()}
    return layer(*sequences, **given, **settings)


SETTINGS = [
    {},
    {"batch_first": True},
    {"norm_first": True},
    {"activation": "gelu"},
    {"bias": False},
    {"layer_norm_eps": 1e-2, "batch_first": True, "norm_first": True, "activation": "gelu", "bias": False},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("training", [True, False])
def test_encoder_layer(settings, training):
    layers = [
        m.train(training)
        for m in same_layer(lambda t: t.nn.TransformerEncoderLayer(D, 2, 6, 0.0, **settings))
    ]
    x = sequence(T, "batch_first" in settings)
    hold(call, x, layers=layers)
    hold(partial(call, masks={"src_mask": CAUSAL}), x, layers=layers)
    hold(partial(call, masks={"src_mask": CAUSAL}, is_causal=True), x, layers=layers)
    hold(partial(call, masks={"src_mask": CAUSAL < 0, "src_key_padding_mask": ends(T)}), x, layers=layers)
    hold(call, normal(T, D), layers=layers)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_decoder_layer(settings):
    layers = same_layer(lambda t: t.nn.TransformerDecoderLayer(D, 2, 6, 0.0, **settings))
    x, memory = (sequence(n, "batch_first" in settings) for n in (T, S))
    hold(call, x, memory, layers=layers)
    masks = {"tgt_mask": CAUSAL < 0, "tgt_key_padding_mask": ends(T), "memory_key_padding_mask": ends(S)}
    hold(partial(call, masks=masks), x, memory, layers=layers)
    masks = {"tgt_mask": CAUSAL, "memory_mask": normal(T, S)}
    hold(partial(call, masks=masks, tgt_is_causal=True), x, memory, layers=layers)
    hold(call, normal(T, D), normal(S, D), layers=layers)


def encoder(library, norm=True, **settings):
    layer = library.nn.TransformerEncoderLayer(D, 2, 6, 0.0, **settings)
    return library.nn.TransformerEncoder(layer, 2, library.nn.LayerNorm(D) if norm else None)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("norm", [False, True])
def test_encoder(batch_first, norm):
    layers = same_layer(lambda library: encoder(library, norm, batch_first=batch_first))
    x = sequence(T, batch_first)
    for masks in (
        {},
        {"mask": CAUSAL},
        {"mask": CAUSAL < 0},
        {"src_key_padding_mask": ends(T)},
        {"mask": normal(T, T)},
    ):
        hold(partial(call, masks=masks), x, layers=layers)
    hold(
        partial(call, masks={"mask": CAUSAL, "src_key_padding_mask": np.where(ends(T), -np.inf, 0.0)}),
        x,
        layers=layers,
    )


@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize(
    "padding", [ends(T), ends(T)[:, ::-1].copy(), np.zeros((B, T), bool)], ids=["right", "left", "none"]
)
def test_padding_of_an_evaluated_encoder(norm, padding):
    """PyTorch evaluates without the padding then, and its places come out as zeros; but not where it is on the left."""
    x = normal(B, T, D).astype(np.float32)
    found = []
    theirs_and_ours = same_layer(lambda library: encoder(library, norm, batch_first=True), dtype="float32")
    for library, layer in zip(LIBRARIES, theirs_and_ours):
        layer.eval()
        with library.no_grad():
            found.append(layer(library.tensor(x), src_key_padding_mask=library.tensor(padding)).numpy())
    np.testing.assert_allclose(found[1], found[0], atol=2e-6)


@pytest.mark.parametrize("batch_first", [False, True])
def test_transformer(batch_first):
    layers = same_layer(lambda t: t.nn.Transformer(D, 2, 1, 2, 6, 0.0, "gelu", batch_first=batch_first))
    src, tgt = sequence(S, batch_first), sequence(T, batch_first)
    hold(call, src, tgt, layers=layers)
    masks = {"tgt_mask": CAUSAL < 0, "src_key_padding_mask": ends(S), "memory_key_padding_mask": ends(S)}
    hold(partial(call, masks=masks), src, tgt, layers=layers)
    hold(call, src, tgt[:2] if batch_first else tgt[:, :2], layers=layers)
    hold(call, src, tgt[..., :4], layers=layers)


def test_custom_parts():
    for library in LIBRARIES:
        part = library.nn.Identity()
        model = library.nn.Transformer(D, 2, custom_encoder=part, custom_decoder=part)
        assert model.encoder is part and model.decoder is part


def test_the_causal_mask():
    make = "generate_square_subsequent_mask"
    for dtype in ("float32", "float64"):
        want, got = (getattr(t.nn.Transformer, make)(5, dtype=getattr(t, dtype)) for t in LIBRARIES)
        assert np.array_equal(want.numpy(), got.numpy()) and str(want.dtype) == str(got.dtype)


@pytest.mark.filterwarnings("default:enable_nested_tensor")
@pytest.mark.parametrize("settings", [*SETTINGS, {"batch_first": True, "activation": torch.sigmoid}])
def test_warnings_about_nested_tensors(settings):
    texts = []
    for library in LIBRARIES:
        if callable(settings.get("activation")):
            settings = {**settings, "activation": library.sigmoid}
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            encoder(library, **settings)
        texts.append([str(w.message) for w in seen])
    assert texts[0] == texts[1]


def test_an_unknown_activation():
    hold(lambda library: library.nn.TransformerEncoderLayer(D, 2, activation="tanh"))


def test_dropout_reaches_the_attention():
    layer = tinytorch.nn.TransformerEncoderLayer(D, 2, 6, dropout=0.5)
    x = tinytorch.randn(T, B, D)
    assert not layer(x).equal(layer(x))
    layer.eval()
    assert layer(x).equal(layer(x))
