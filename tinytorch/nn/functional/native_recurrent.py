"""Recurrent networks as functions of lists of weights, `torch.lstm` and its like, and `torch.embedding`: what PyTorch's modules call."""

from __future__ import annotations

from ... import ops
from .dropout import dropout as drop
from .embedding import embedding as lookup
from .gru import gru_layer
from .linear import linear
from .lstm import lstm_layer
from .recurrent import rnn_layer


def layers(layer, x, states, params, has_biases, num_layers, dropout, train, bidirectional, batch_sizes):
    """All layers: packed (N, features) -> (N, directions * H), and the final states (layers * directions, B, H)."""
    directions = 2 if bidirectional else 1
    each = len(params) // (num_layers * directions)  # weights of one layer and direction
    finals = []
    for i in range(num_layers):
        outputs = []
        for direction in range(directions):
            number = i * directions + direction
            weights = params[number * each : (number + 1) * each]
            start = [s[number] for s in states]
            out, *final = layer(x, start, weights, has_biases, batch_sizes, direction == 1)
            outputs.append(out)
            finals.append(final)
        x = outputs[0] if directions == 1 else ops.cat(outputs, dim=1)
        if dropout and i < num_layers - 1:
            x = drop(x, dropout, train)
    return x, [ops.stack(s) for s in zip(*finals)]


def sequences(layer, args, states):
    """A function of a sequence (T, B, features), or of packed data and its batch sizes."""
    if isinstance(args[3], bool):  # input, hx, params, has_biases, ..., batch_first
        x, hx, params, *settings, batch_first = args
        x = ops.transpose(x, 0, 1) if batch_first else x
        T, B = x.array.shape[:2]
        out, final = layers(layer, ops.flatten(x, 0, 1), states(hx), params, *settings, (B,) * T)
        out = ops.unflatten(out, 0, (T, B))
        return (ops.transpose(out, 0, 1) if batch_first else out, *final)
    data, batch_sizes, hx, params, *settings = args
    out, final = layers(layer, data, states(hx), params, *settings, tuple(batch_sizes.tolist()))
    return (out, *final)


def lstm_step(x, start, weights, has_biases, batch_sizes, reverse):
    w_ih, w_hh, *rest = weights
    bias = rest.pop(0) + rest.pop(0) if has_biases else None
    return lstm_layer(linear(x, w_ih, bias), *start, w_hh, rest[0] if rest else None, batch_sizes, reverse)


def gru_step(x, start, weights, has_biases, batch_sizes, reverse):
    w_ih, w_hh, b_ih, b_hh = weights if has_biases else (*weights, None, None)
    return gru_layer(linear(x, w_ih, b_ih), *start, w_hh, b_hh, batch_sizes, reverse)


def rnn_step(relu: bool):
    def step(x, start, weights, has_biases, batch_sizes, reverse):
        w_ih, w_hh, *biases = weights
        bias = biases[0] + biases[1] if has_biases else None
        return rnn_layer(linear(x, w_ih, bias), *start, w_hh, relu, batch_sizes, reverse)

    return step


def lstm(*args):
    """Outputs, h and c of (input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first); or of
    (data, batch_sizes, hx, params, has_biases, num_layers, dropout, train, bidirectional). The others take the same."""
    return sequences(lstm_step, args, tuple)


def gru(*args):
    """Outputs and final states; arguments as `lstm`, with one state."""
    return sequences(gru_step, args, lambda h: (h,))


def rnn_tanh(*args):
    """Outputs and final states; arguments as `lstm`, with one state."""
    return sequences(rnn_step(False), args, lambda h: (h,))


def rnn_relu(*args):
    """Outputs and final states; arguments as `lstm`, with one state."""
    return sequences(rnn_step(True), args, lambda h: (h,))


def one_step(step, input, states, w_ih, w_hh, b_ih, b_hh):
    weights = [w_ih, w_hh] if b_ih is None else [w_ih, w_hh, b_ih, b_hh]
    return step(input, states, weights, b_ih is not None, (len(input),), False)[1:]


def lstm_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    """One step: x, (h, c) -> (h, c)."""
    return tuple(one_step(lstm_step, input, hx, w_ih, w_hh, b_ih, b_hh))


def gru_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    """One step: x, h -> h."""
    return one_step(gru_step, input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


def rnn_tanh_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    """One step: x, h -> h."""
    return one_step(rnn_step(False), input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


def rnn_relu_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    """One step: x, h -> h."""
    return one_step(rnn_step(True), input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


def embedding(weight, indices, padding_idx=-1, scale_grad_by_freq=False, sparse=False):
    """`nn.functional.embedding` in another order; a padding_idx of -1 is none."""
    return lookup(
        indices,
        weight,
        None if padding_idx == -1 else padding_idx,
        scale_grad_by_freq=scale_grad_by_freq,
        sparse=sparse,
    )
