"""Recurrent networks over sequences: RNN, LSTM and GRU."""

from __future__ import annotations

import math
import warnings

from .. import ops
from ..creation import empty
from ..op import asked
from . import functional as F
from . import init
from .functional.gru import gru_layer
from .functional.lstm import lstm_layer
from .functional.recurrent import rnn_layer
from .module import Module
from .parameter import Parameter
from .utils.rnn import PackedSequence, reorder

GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


class RNNBase(Module):
    """Layers of recurrent units, one or both directions of time each, in PyTorch's names for the weights.

    A sequence is (T, B, input_size), (B, T, input_size) with batch_first, (T, input_size) alone, or a PackedSequence.
    The result is the last layer's outputs, both directions side by side, and the final states (layers * directions, B, H).
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device=None,
        dtype=None,
    ):
        super().__init__()
        check_settings(mode, input_size, hidden_size, num_layers, bias, batch_first, dropout, proj_size)
        self.mode, self.input_size, self.hidden_size, self.num_layers = (
            mode,
            input_size,
            hidden_size,
            num_layers,
        )
        self.bias, self.batch_first, self.dropout = bias, batch_first, float(dropout)
        self.bidirectional, self.proj_size = bidirectional, proj_size
        self._all_weights: list[list[str]] = []
        for layer in range(num_layers):
            width = input_size if layer == 0 else self._output_size * self._directions
            for suffix in ("", "_reverse")[: self._directions]:
                self._all_weights.append(self._add_weights(f"_l{layer}{suffix}", width, device, dtype))
        self.reset_parameters()

    def _add_weights(self, suffix: str, width: int, device, dtype) -> list[str]:
        """The weights of one layer and direction; their names."""
        H, gates = self.hidden_size, GATES[self.mode] * self.hidden_size
        shapes: dict[str, tuple[int, ...]] = {
            "weight_ih": (gates, width),
            "weight_hh": (gates, self._output_size),
        }
        if self.bias:
            shapes |= {"bias_ih": (gates,), "bias_hh": (gates,)}
        if self.proj_size:
            shapes["weight_hr"] = (self.proj_size, H)
        for name, shape in shapes.items():
            setattr(self, name + suffix, Parameter(empty(shape, device=device, dtype=dtype)))
        return [name + suffix for name in shapes]

    def reset_parameters(self) -> None:
        bound = 1 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def _output_size(self) -> int:
        return self.proj_size or self.hidden_size

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The weights, a list for each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    @property
    def _flat_weights_names(self) -> list[str]:
        return [name for names in self._all_weights for name in names]

    @property
    def _flat_weights(self) -> list[Parameter]:
        return [weight for weights in self.all_weights for weight in weights]

    @_flat_weights.setter
    def _flat_weights(self, weights) -> None:
        """Programs that put other weights in the parameters' place tell PyTorch so; here they are looked up each time."""

    def flatten_parameters(self) -> None:
        """Nothing: in PyTorch this packs the weights for cuDNN."""

    # ------------------------------------------------------------ forward

    def forward(self, input, hx=None):
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, hx)
        name = self.mode.split("_")[0]
        if input.dim() not in (2, 3):
            raise ValueError(
                f"{name}: Expected input to be 2D or 3D, got {input.dim()}D{' tensor' * (name == 'RNN')} instead"
            )
        batched, batch = input.dim() == 3, 0 if self.batch_first else 1
        if not batched:
            input = ops.unsqueeze(input, batch)
        hx = self._states(hx, input, input.size(batch), batched)
        self.check_input(input, None)
        x = ops.transpose(input, 0, 1) if self.batch_first else input  # (T, B, input_size)
        T, B = x.array.shape[:2]
        if T == 0:
            raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
        x, state = self._run(ops.reshape_op(x, shape=(T * B, self.input_size)), hx, (B,) * T)
        x = ops.reshape_op(x, shape=(T, B, x.array.shape[1]))
        x = ops.transpose(x, 0, 1) if self.batch_first else x
        if not batched:
            x, state = ops.squeeze(x, batch), [ops.squeeze(s, 1) for s in state]
        return x, self._result(state)

    def _forward_packed(self, input, hx):
        data, batch_sizes, sorted_indices, unsorted_indices = input
        hx = self._states(hx, data, int(batch_sizes[0]), True)
        if sorted_indices is not None:
            hx = [reorder(s, order=sorted_indices.array, dim=1) for s in hx]
        self.check_input(data, batch_sizes)
        x, state = self._run(data, hx, tuple(batch_sizes.tolist()))
        if unsorted_indices is not None:
            state = [reorder(s, order=unsorted_indices.array, dim=1) for s in state]
        return PackedSequence(x, batch_sizes, sorted_indices, unsorted_indices), self._result(state)

    def _run(self, x, hx, batch_sizes):
        """All layers: packed (N, input_size) -> (N, directions * H), and the final states (layers * directions, B, H)."""
        finals = []
        for layer in range(self.num_layers):
            outputs = []
            for direction in range(self._directions):
                number = layer * self._directions + direction
                start = [s[number] for s in hx]
                output, *final = self._layer(x, start, self.all_weights[number], batch_sizes, direction == 1)
                outputs.append(output)
                finals.append(final)
            x = outputs[0] if len(outputs) == 1 else ops.cat(outputs, dim=1)
            if self.dropout and layer < self.num_layers - 1:
                x = F.dropout(x, self.dropout, self.training)
        return x, [ops.stack(states) for states in zip(*finals)]

    def _layer(self, x, start, weights, batch_sizes, reverse: bool):
        """One layer in one direction: its outputs and final states."""
        raise NotImplementedError(f"{type(self).__name__} has no recurrence; use RNN, LSTM or GRU")

    # ------------------------------------------------------------ initial states

    def _states(self, hx, input, B: int, batched: bool) -> list:
        """The initial states as a list of (layers * directions, B, H); zeros if none are given."""
        shape = (self.num_layers * self._directions, B, self._output_size)
        if hx is None:
            return [input.new_zeros(shape)]
        dims = 3 if batched else 2
        if isinstance(hx, (tuple, list)):
            raise AttributeError(
                f"{type(self).__name__}: the state must be one tensor h_0, but got a {type(hx).__name__}; only LSTM has two"
            )
        if hx.dim() != dims:
            kind = "batched 3-D" if batched else "unbatched 2-D"
            raise RuntimeError(
                f"{type(self).__name__}: For {kind} input, hx should also be {dims}-D but got {hx.dim()}-D tensor"
            )
        hx = hx if batched else ops.unsqueeze(hx, 1)
        self.check_hidden_size(hx, shape)
        return [hx]

    def _result(self, state):
        return state[0]

    def check_input(self, input, batch_sizes) -> None:
        dtype, dims = self._flat_weights[0].dtype, 3 if batch_sizes is None else 2
        if input.dtype != dtype:
            raise ValueError(
                f"{type(self).__name__}: RNN input dtype ({input.dtype}) does not match weight dtype ({dtype}). Convert input: input.to({dtype}), or"
                f" convert model: model.to({input.dtype})"
            )
        if input.dim() != dims:
            raise RuntimeError(f"{type(self).__name__}: input must have {dims} dimensions, got {input.dim()}")
        if input.size(-1) != self.input_size:
            raise RuntimeError(
                f"{type(self).__name__}: input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.size(-1)}"
            )

    def check_hidden_size(
        self, hx, expected_hidden_size, msg: str = "Expected hidden size {}, got {}"
    ) -> None:
        if tuple(hx.shape) != tuple(expected_hidden_size):
            raise RuntimeError(
                f"{type(self).__name__}: " + msg.format(tuple(expected_hidden_size), list(hx.shape))
            )

    def extra_repr(self) -> str:
        defaults = {
            "proj_size": 0,
            "num_layers": 1,
            "bias": True,
            "batch_first": False,
            "dropout": 0,
            "bidirectional": False,
        }
        shown = [
            f"{name}={getattr(self, name)}"
            for name, default in defaults.items()
            if getattr(self, name) != default
        ]
        return ", ".join([str(self.input_size), str(self.hidden_size), *shown])


def check_settings(mode, input_size, hidden_size, num_layers, bias, batch_first, dropout, proj_size) -> None:
    if mode not in GATES:
        raise ValueError(f"Unrecognized RNN mode: {mode}")
    if not isinstance(dropout, (int, float)) or isinstance(dropout, bool) or not 0 <= dropout <= 1:
        raise ValueError(
            f"{asked()}: dropout should be a number in range [0, 1] representing the probability of an element being zeroed, got {dropout!r}"
        )
    if dropout > 0 and num_layers == 1:
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers greater than"
            f" 1, but got dropout={dropout} and num_layers={num_layers}",
            stacklevel=4,
        )
    for name, value, kind in (
        ("bias", bias, bool), ("batch_first", batch_first, bool), ("input_size", input_size, int), ("hidden_size", hidden_size, int),
    ):  # fmt: skip
        if not isinstance(value, kind):
            raise TypeError(
                f"{asked()}: {name} should be of type {kind.__name__}, got: {type(value).__name__}"
            )
    for name, value in (("input_size", input_size), ("hidden_size", hidden_size), ("num_layers", num_layers)):
        if value <= 0:
            raise ValueError(f"{asked()}: {name} must be greater than zero, got {value}")
    if not 0 <= proj_size < hidden_size:
        raise ValueError(
            f"{asked()}: proj_size should be a positive integer or zero to disable projections, and has to be smaller than hidden_size:"
            f" got {proj_size} and {hidden_size}"
        )


class RNN(RNNBase):
    """h = tanh(w_ih @ x + b_ih + w_hh @ h + b_hh), or relu with nonlinearity="relu". Elman 1990."""

    def __init__(self, *args, **kwargs):
        refuse_projection(kwargs)
        if len(args) > 3:  # PyTorch has it in the fourth place
            args, nonlinearity = (*args[:3], *args[4:]), args[3]
        else:
            nonlinearity = kwargs.pop("nonlinearity", "tanh")
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"{asked()}: Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'."
            )
        super().__init__(f"RNN_{nonlinearity.upper()}", *args, **kwargs)
        self.nonlinearity = nonlinearity

    def _layer(self, x, start, weights, batch_sizes, reverse):
        w_ih, w_hh, *biases = weights
        return rnn_layer(
            linear(x, w_ih, *biases), *start, w_hh, self.nonlinearity == "relu", batch_sizes, reverse
        )


class LSTM(RNNBase):
    """Long short-term memory: hx and the second result are pairs (h, c). Hochreiter and Schmidhuber 1997.

    With proj_size the output and h have that many features. Sak et al. 2014 (arXiv:1402.1128).
    """

    def __init__(self, *args, **kwargs):
        super().__init__("LSTM", *args, **kwargs)

    def _layer(self, x, start, weights, batch_sizes, reverse):
        w_ih, w_hh, *biases = weights
        w_hr = biases.pop() if self.proj_size else None
        return lstm_layer(linear(x, w_ih, *biases), *start, w_hh, w_hr, batch_sizes, reverse)

    def _states(self, hx, input, B: int, batched: bool) -> list:
        shapes = [
            (self.num_layers * self._directions, B, size) for size in (self._output_size, self.hidden_size)
        ]
        if hx is None:
            return [input.new_zeros(shape) for shape in shapes]
        dims = 3 if batched else 2
        if not isinstance(hx, (tuple, list)) or len(hx) != 2:
            raise ValueError(
                f"LSTM: the states must be a pair (h_0, c_0) of tensors, but got a {type(hx).__name__}"
            )
        if hx[0].dim() != dims or hx[1].dim() != dims:
            kind = "batched 3-D" if batched else "unbatched 2-D"
            raise RuntimeError(
                f"LSTM: For {kind} input, hx and cx should also be {dims}-D but got ({hx[0].dim()}-D, {hx[1].dim()}-D) tensors"
            )
        states = [s if batched else ops.unsqueeze(s, 1) for s in hx]
        for i, (state, shape) in enumerate(zip(states, shapes)):
            self.check_hidden_size(state, shape, f"Expected hidden[{i}] size {{}}, got {{}}")
        return states

    def _result(self, state):
        return tuple(state)


class GRU(RNNBase):
    """Gated recurrent units: h = (1 - z) * n + z * h. Cho et al. 2014 (arXiv:1406.1078)."""

    def __init__(self, *args, **kwargs):
        refuse_projection(kwargs)
        super().__init__("GRU", *args, **kwargs)

    def _layer(self, x, start, weights, batch_sizes, reverse):
        w_ih, w_hh, b_ih, b_hh = weights if self.bias else (*weights, None, None)
        return gru_layer(F.linear(x, w_ih, b_ih), *start, w_hh, b_hh, batch_sizes, reverse)


def linear(x, w_ih, b_ih=None, b_hh=None):
    """The input's share of all gates; the bias of the state's share is added here too."""
    return F.linear(x, w_ih, None if b_ih is None else b_ih + b_hh)


def refuse_projection(kwargs) -> None:
    if "proj_size" in kwargs:
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")


from .rnn_cell import GRUCell, LSTMCell, RNNCell, RNNCellBase  # noqa: E402, F401  PyTorch has them in one file
