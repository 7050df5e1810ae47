"""torchvision.models._utils: a network cut off after the layers that a program wants to see."""

from __future__ import annotations

from collections import OrderedDict

from ... import nn


class IntermediateLayerGetter(nn.ModuleDict):
    """Children of model up to the last one in return_layers, {"layer4": "out"}: what those give, under the new names."""

    def __init__(self, model: nn.Module, return_layers: dict[str, str]):
        missing = set(return_layers) - {name for name, _ in model.named_children()}
        if missing:
            raise ValueError(f"return_layers are not present in model: {', '.join(sorted(missing))}")
        waiting, layers = {str(name) for name in return_layers}, OrderedDict()
        for name, child in model.named_children():
            if not waiting:
                break
            layers[name] = child
            waiting.discard(name)
        super().__init__(layers)
        self.return_layers = {str(name): str(new) for name, new in return_layers.items()}

    def forward(self, x):
        out = OrderedDict()
        for name, layer in self.items():
            x = layer(x)
            if name in self.return_layers:
                out[self.return_layers[name]] = x
        return out
