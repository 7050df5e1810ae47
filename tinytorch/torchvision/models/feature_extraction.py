"""torchvision.models.feature_extraction: what a network's modules give, by name. Hooks listen; no graph is traced."""

from __future__ import annotations

from collections import OrderedDict

from ... import nn


class Enough(Exception):
    """Everything that was asked for has been seen; the rest of the network need not run."""


def create_feature_extractor(
    model: nn.Module, return_nodes=None, train_return_nodes=None, eval_return_nodes=None, **options
) -> nn.Module:
    """A network that gives {new name: what the module of that path gave}; return_nodes is a list or {path: new name}.

    relu_1 is the second use of the module relu. What functions give, such as add or flatten, has no name here.
    """
    asked = [return_nodes, train_return_nodes, eval_return_nodes]
    if (return_nodes is None) == (train_return_nodes is None or eval_return_nodes is None):
        raise ValueError(
            "Either return_nodes or train_return_nodes and eval_return_nodes together, should be specified"
        )
    return FeatureExtractor(model, *[named(model, nodes) for nodes in asked if nodes is not None])


def named(model: nn.Module, nodes) -> dict[str, str]:
    table = dict(nodes) if isinstance(nodes, dict) else {name: name for name in nodes}
    modules = dict(model.named_modules())
    for path in table:
        if split(path, modules)[0] not in modules:
            raise ValueError(
                f"node: '{path}' is not present in model. Hint: it has to be the path of a module"
            )
    return table


def split(path: str, modules) -> tuple[str, int]:
    """The module of a node and which of its uses: "layer1.0.relu_1" is the second one of layer1.0.relu."""
    head, _, number = path.rpartition("_")
    if path not in modules and number.isdigit():
        return head, int(number)
    return path, 0


class FeatureExtractor(nn.Module):
    """The network's own modules under their own names, and a forward that stops when it has seen what it looks for."""

    def __init__(
        self, model: nn.Module, train_nodes: dict[str, str], eval_nodes: dict[str, str] | None = None
    ):
        super().__init__()
        self.__dict__["network"] = model  # not a child: the state_dict keeps the network's names
        self.train_nodes = train_nodes
        self.eval_nodes = train_nodes if eval_nodes is None else eval_nodes
        self._modules.update(model._modules)
        self._parameters.update(model._parameters)
        self._buffers.update(model._buffers)
        self.training = model.training

    def train(self, mode: bool = True):
        self.network.train(mode)
        return super().train(mode)

    def forward(self, *args, **kwargs):
        nodes = self.train_nodes if self.training else self.eval_nodes
        modules, seen = dict(self.network.named_modules()), {}
        wanted = {split(path, modules): path for path in nodes}
        uses: dict[str, int] = {}

        def listener(name: str):
            def listen(module, inputs, output):
                use = uses[name] = uses.get(name, -1) + 1
                if (name, use) in wanted:
                    seen[wanted[name, use]] = output
                if len(seen) == len(nodes):
                    raise Enough

            return listen

        hooks = [modules[name].register_forward_hook(listener(name)) for name in {name for name, _ in wanted}]
        try:
            self.network(*args, **kwargs)
        except Enough:
            pass
        finally:
            for hook in hooks:
                hook.remove()
        return OrderedDict((new, seen[path]) for path, new in nodes.items())


def get_graph_node_names(model: nn.Module, **options) -> tuple[list[str], list[str]]:
    """The paths of the model's modules, for training and for use: what `create_feature_extractor` takes."""
    names = [name for name, _ in model.named_modules() if name]
    return names, list(names)
