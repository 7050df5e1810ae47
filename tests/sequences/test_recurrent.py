"""RNN, LSTM and GRU with all their arguments, and packed sequences, beside PyTorch."""

import itertools
import warnings
from functools import partial

import numpy as np
import pytest

import tinytorch
from tests.sequences.beside_torch import hold, same_layer

torch = pytest.importorskip("torch", reason="parity needs PyTorch: pip install torch==2.13.0")

rng = np.random.default_rng(0)
I, H, T, B = 3, 4, 5, 3


def normal(*shape):
    return rng.standard_normal(shape)


KINDS = {
    "tanh": ("RNN", {}),
    "relu": ("RNN", {"nonlinearity": "relu"}),
    "LSTM": ("LSTM", {}),
    "projected": ("LSTM", {"proj_size": 2}),
    "GRU": ("GRU", {}),
}


def make(kind, layers, bias, batch_first, bidirectional):
    name, settings = KINDS[kind]
    return same_layer(lambda library: getattr(library.nn, name)(I, H, num_layers=layers, bias=bias,
                      batch_first=batch_first, bidirectional=bidirectional, **settings))  # fmt: skip


def states(kind, layers, bidirectional):
    """Initial states for B sequences, one array or two."""
    count = layers * (2 if bidirectional else 1)
    h = normal(count, B, KINDS[kind][1].get("proj_size", H))
    return [h, normal(count, B, H)] if KINDS[kind][0] == "LSTM" else [h]


def joined(hx):
    return tuple(hx) if len(hx) == 2 else hx[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "layers, bias, batch_first, bidirectional",
    list(itertools.product((1, 2), (True, False), (True, False), (True, False))),
)
def test_recurrent(kind, layers, bias, batch_first, bidirectional):
    both = make(kind, layers, bias, batch_first, bidirectional)
    x = normal(B, T, I) if batch_first else normal(T, B, I)
    hx = states(kind, layers, bidirectional)
    order = 2 if layers == 1 and bias else 1
    hold(lambda library, layer, x: layer(x), x, layers=both, order=order)
    hold(lambda library, layer, x, *hx: layer(x, joined(hx)), x, *hx, layers=both, order=order)
    hold(lambda library, layer, x, *hx: layer(x, joined(hx))[1], x, *hx, layers=both)
    alone = [s[:, 0].copy() for s in hx]
    hold(lambda library, layer, x, *hx: layer(x, joined(hx)), normal(T, I), *alone, layers=both)
    for lengths in ([5, 3, 1], [2, 5, 2], [4, 4, 4]):
        run = partial(packed_and_padded, lengths=lengths, batch_first=batch_first)
        hold(run, x, layers=both, order=order)
        hold(run, x, *hx, layers=both)


def packed_and_padded(library, layer, x, *hx, lengths, batch_first):
    """Pack, run, and pad again."""
    rnn = library.nn.utils.rnn
    ordered = sorted(lengths, reverse=True) == lengths
    packed = rnn.pack_padded_sequence(x, lengths, batch_first, enforce_sorted=ordered)
    out, final = layer(packed, joined(hx)) if hx else layer(packed)
    return [rnn.pad_packed_sequence(out, batch_first, padding_value=0.5), out.data, final]


@pytest.mark.parametrize("kind", KINDS)
def test_what_does_not_fit(kind):
    both = make(kind, 1, True, False, False)
    x, hx = normal(T, B, I), states(kind, 1, False)
    hold(lambda library, layer, x: layer(x), normal(T), layers=both)
    hold(lambda library, layer, x: layer(x), normal(T, B, I + 1), layers=both)
    hold(lambda library, layer, x: layer(x.float()), x, layers=both)
    hold(lambda library, layer, x: layer(x[:0]), x, layers=both)
    hold(lambda library, layer, x, *hx: layer(x, joined([s[0] for s in hx])), x, *hx, layers=both)
    hold(lambda library, layer, x, *hx: layer(x, joined([s[:, :1] for s in hx])), x, *hx, layers=both)
    hold(lambda library, layer, x, *hx: layer(x, joined(hx)), normal(T, I), *hx, layers=both)


@pytest.mark.parametrize(
    "name, states, settings",
    [("RNNCell", 1, {}), ("RNNCell", 1, {"nonlinearity": "relu"}), ("LSTMCell", 2, {}), ("GRUCell", 1, {})],
)
@pytest.mark.parametrize("bias", [True, False])
def test_cells(name, states, settings, bias):
    both = same_layer(lambda library: getattr(library.nn, name)(I, H, bias=bias, **settings))
    for x, h in (((B, I), (B, H)), ((I,), (H,))):
        hold(lambda library, layer, x: layer(x), normal(*x), layers=both, order=2)
        hold(
            lambda library, layer, x, *hx: layer(x, joined(hx)),
            normal(*x),
            *[normal(*h)] * states,
            layers=both,
            order=2,
        )
    for x, h in (
        ((2, 2, I), (2, H)),
        ((2, I + 1), (2, H)),
        ((2, I), (3, H)),
        ((2, I), (2, H + 1)),
        ((2, I), (1, 2, H)),
    ):
        hold(
            lambda library, layer, x, *hx: layer(x, joined(hx)),
            normal(*x),
            *[normal(*h)] * states,
            layers=both,
        )


SETTINGS = [
    ((3, 4), {"dropout": 1.5}), ((3, 4), {"dropout": True}), ((3, 4), {"bias": 1}), ((3.0, 4), {}), ((0, 4), {}), ((3, 0), {}),
    ((3, 4, 0), {}), ((3, 4), {"proj_size": 2}), ((3, 4), {"proj_size": 4}), ((3, 4, 2), {"dropout": 0.5}),
    ((3, 4), {"dropout": 0.5}), ((3, 4, 1, "relu"), {}), ((3, 4), {"nonlinearity": "no"}), ((3, 4), {"batch_first": 1}),
]  # fmt: skip


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("args, settings", SETTINGS, ids=str)
def test_settings(name, args, settings):
    def describe(library):
        try:
            with warnings.catch_warnings(record=True) as seen:
                warnings.simplefilter("always")
                return repr(getattr(library.nn, name)(*args, **settings)), len(seen)
        except Exception as error:
            return type(error)

    assert describe(torch) == describe(tinytorch)


def test_dropout_is_between_layers_and_only_in_training():
    layer = tinytorch.nn.LSTM(I, H, 2, dropout=0.5)
    x = tinytorch.randn(T, B, I)
    first, second = layer(x)[0], layer(x)[0]
    assert not first.equal(second)
    layer.eval()
    assert layer(x)[0].equal(layer(x)[0])


# ---------------------------------------------------------------- padding and packing


def scenes(library):
    """What each call returns, or the class of what it raises."""
    rnn = library.nn.utils.rnn
    x = library.arange(12.0).reshape(3, 4)
    packed = rnn.pack_sequence([library.ones(2), library.ones(3)], enforce_sorted=False)
    calls = [
        lambda: rnn.pack_padded_sequence(x, [1, 2, 3, 3]),
        lambda: rnn.pack_padded_sequence(x, [3, 2, 1, 0]),
        lambda: rnn.pack_padded_sequence(x, [3, 2, 1]),
        lambda: rnn.pack_padded_sequence(x, [2, 2, 1, 1]),
        lambda: rnn.pack_padded_sequence(x, library.tensor([2.0, 2.0, 1.0, 1.0])),
        lambda: rnn.pack_padded_sequence(x, [1, 3, 1, 2], enforce_sorted=False),
        lambda: rnn.pack_padded_sequence(x.T, [1, 3, 1, 2], True, False),
        lambda: rnn.pack_padded_sequence(x[0], [1]),
        lambda: rnn.pad_sequence([library.ones(2), library.ones(3)], padding_side="left", padding_value=-1),
        lambda: rnn.pad_sequence([library.ones(2, 2), library.ones(3, 2)], True, 0.5),
        lambda: rnn.pad_sequence([library.ones(2), library.ones(3)], padding_side="top"),
        lambda: rnn.pad_sequence([library.ones(2, 2), library.ones(3, 3)]),
        lambda: rnn.pad_sequence([]),
        lambda: rnn.pad_sequence(3),
        lambda: rnn.pad_sequence(x),
        lambda: rnn.pad_sequence([library.ones(2).long(), library.ones(3)]),
        lambda: rnn.pack_sequence([library.ones(2), library.ones(3)]),
        lambda: packed,
        lambda: rnn.pad_packed_sequence(packed),
        lambda: rnn.pad_packed_sequence(packed, True, -1, 5),
        lambda: rnn.pad_packed_sequence(packed, total_length=2),
        lambda: rnn.unpack_sequence(packed),
        lambda: packed.to(library.float64),
        lambda: (packed.double().data.dtype, packed.long(), packed.is_cuda),
        lambda: packed.to(library.float32) is packed and packed.cpu() is packed,
        lambda: rnn.unpad_sequence(x.clone(), library.tensor([1, 2, 3, 1])),
        lambda: rnn.unpad_sequence(x.clone(), library.tensor([1, 2, 3])),
        lambda: rnn.unpad_sequence(x.clone(), library.tensor([1, 2, 3]), batch_first=True),
        lambda: rnn.invert_permutation(library.tensor([2, 0, 1])),
        lambda: rnn.PackedSequence((library.ones(3), library.tensor([2, 1]))),
        lambda: rnn.PackedSequence(3),
    ]
    for call in calls:
        try:
            yield str(call())
        except Exception as error:
            yield type(error).__name__


def test_padding_and_packing():
    assert list(scenes(tinytorch)) == list(scenes(torch))


@pytest.mark.parametrize("side", ["left", "right"])
def test_gradients_of_padding(side):
    hold(
        lambda library, a, b: library.nn.utils.rnn.pad_sequence([a, b], padding_side=side),
        normal(2, 3),
        normal(4, 3),
        order=2,
    )


def test_learns_to_count():
    """An LSTM finds out how many ones a sequence of bits has; the loss falls tenfold."""
    tinytorch.manual_seed(0)
    layer, head = tinytorch.nn.LSTM(1, 16, batch_first=True), tinytorch.nn.Linear(16, 1)
    optimizer = tinytorch.optim.Adam([*layer.parameters(), *head.parameters()], lr=0.05)
    x = (tinytorch.rand(32, 8, 1) < 0.5).float()
    losses = []
    for _ in range(150):
        _, (h, _) = layer(x)
        loss = tinytorch.nn.functional.mse_loss(head(h[-1]), x.sum(1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 10
