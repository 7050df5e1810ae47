"""Recurrent networks one step at a time: RNNCell, LSTMCell and GRUCell."""

from __future__ import annotations

import math

from .. import ops
from ..creation import empty
from . import functional as F
from . import init
from .functional.gru import gru_layer
from .functional.lstm import lstm_layer
from .module import Module
from .parameter import Parameter


class RNNCellBase(Module):
    """The weights of one step: (B, input_size) and states (B, hidden_size) -> new states; or both without B."""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool, num_chunks: int, device=None, dtype=None
    ):
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        gates = num_chunks * hidden_size
        self.weight_ih = Parameter(empty((gates, input_size), device=device, dtype=dtype))
        self.weight_hh = Parameter(empty((gates, hidden_size), device=device, dtype=dtype))
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(
                name, Parameter(empty(gates, device=device, dtype=dtype)) if bias else None
            )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def _batched(self, input, states, count: int):
        """The input and `count` states with a dim B; zeros for states that were not given."""
        name = type(self).__name__
        if input.dim() not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.dim()}D instead")
        for i, state in enumerate(states or ()):
            if state.dim() not in (1, 2):
                what = "hidden" if count == 1 else f"hx[{i}]"
                raise ValueError(f"{name}: Expected {what} to be 1D or 2D, got {state.dim()}D instead")
        if input.dim() == 1:
            input = ops.unsqueeze(input, 0)
            states = None if states is None else [ops.unsqueeze(s, 0) for s in states]
        if states is None:
            states = [input.new_zeros(input.size(0), self.hidden_size)] * count
        self._check_sizes(input, states)
        return input, states

    def _check_sizes(self, input, states) -> None:
        if input.size(1) != self.input_size:
            raise RuntimeError(
                f"{type(self).__name__}: input has inconsistent input_size: got {input.size(1)} expected {self.input_size}"
            )
        for i, state in enumerate(states):
            if state.size(0) != input.size(0):
                raise RuntimeError(
                    f"{type(self).__name__}: Input batch size {input.size(0)} doesn't match hidden{i} batch size {state.size(0)}"
                )
            if state.size(1) != self.hidden_size:
                raise RuntimeError(
                    f"{type(self).__name__}: hidden{i} has inconsistent hidden_size: got {state.size(1)}, expected {self.hidden_size}"
                )

    def extra_repr(self) -> str:
        bias = "" if self.bias is True else f", bias={self.bias}"
        unusual = getattr(self, "nonlinearity", "tanh")
        return f"{self.input_size}, {self.hidden_size}{bias}" + (
            "" if unusual == "tanh" else f", nonlinearity={unusual}"
        )


class RNNCell(RNNCellBase):
    """One step of an RNN."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device=None,
        dtype=None,
    ):
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input, hx=None):
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        x, (h,) = self._batched(input, None if hx is None else [hx], 1)
        a = F.linear(x, self.weight_ih, self.bias_ih) + F.linear(h, self.weight_hh, self.bias_hh)
        h = ops.tanh(a) if self.nonlinearity == "tanh" else F.relu(a)
        return h if input.dim() == 2 else ops.squeeze(h, 0)


class LSTMCell(RNNCellBase):
    """One step of an LSTM: x, (h, c) -> (h, c)."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input, hx=None):
        x, (h, c) = self._batched(input, hx, 2)
        bias = self.bias_ih + self.bias_hh if self.bias else None
        _, h, c = lstm_layer(F.linear(x, self.weight_ih, bias), h, c, self.weight_hh, batch_sizes=(len(x),))
        return (h, c) if input.dim() == 2 else (ops.squeeze(h, 0), ops.squeeze(c, 0))


class GRUCell(RNNCellBase):
    """One step of a GRU."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input, hx=None):
        x, (h,) = self._batched(input, None if hx is None else [hx], 1)
        _, h = gru_layer(
            F.linear(x, self.weight_ih, self.bias_ih), h, self.weight_hh, self.bias_hh, (len(x),)
        )
        return h if input.dim() == 2 else ops.squeeze(h, 0)
