"""Pruning: a parameter becomes `name_orig` times a buffer of ones and zeros, `name_mask`, before each forward pass.

Which elements go is a method's choice: at random, the smallest, or whole channels. Pruning again chooses among the rest.
"""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Iterator

from ...creation import ones_like, rand, rand_like, zeros_like
from ...ops import norm, topk
from ...tensor import Tensor
from ..module import Module
from .convert_parameters import parameters_to_vector


class BasePruningMethod:
    """A way to choose: `compute_mask`. As a hook it computes the pruned tensor anew for each forward pass."""

    PRUNING_TYPE = (
        "unstructured"  # what is left to choose from: single elements, channels of `dim`, or "global" all
    )
    _tensor_name: str | None = None

    def __call__(self, module: Module, inputs) -> None:
        setattr(module, self._tensor_name or "", self.apply_mask(module))

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """default_mask with zeros where t's elements are to go."""
        raise NotImplementedError(f"{type(self).__name__} has no compute_mask")

    def apply_mask(self, module: Module) -> Tensor:
        if self._tensor_name is None:
            raise AssertionError(f"Module {module} has to be pruned")
        orig = getattr(module, self._tensor_name + "_orig")
        return getattr(module, self._tensor_name + "_mask").to(dtype=orig.dtype) * orig

    @classmethod
    def apply(cls, module: Module, name: str, *args, importance_scores=None, **kwargs) -> BasePruningMethod:
        """Prune module.name, by the size of the scores if there are any; returns the hook."""
        method = cls(*args, **kwargs)
        method._tensor_name = name
        tensor = getattr(module, name)
        scores = same_shape(importance_scores, tensor)
        before = find(module, name)
        if before is None:
            mask = method.compute_mask(scores, default_mask=ones_like(tensor.detach()))
            del module._parameters[name]
            module.register_parameter(name + "_orig", tensor)
        else:
            key, earlier = before
            combined = earlier if isinstance(earlier, PruningContainer) else PruningContainer(earlier)
            combined.add_pruning_method(method)
            method = combined
            mask = method.compute_mask(scores, default_mask=getattr(module, name + "_mask").detach().clone())
            del module._forward_pre_hooks[key]
        module.register_buffer(name + "_mask", mask)
        setattr(module, name, method.apply_mask(module))
        module.register_forward_pre_hook(method)
        return method

    def prune(self, t: Tensor, default_mask=None, importance_scores=None) -> Tensor:
        """The pruned tensor itself; nothing is remembered."""
        mask = ones_like(t) if default_mask is None else default_mask
        return t * self.compute_mask(same_shape(importance_scores, t), default_mask=mask)

    def remove(self, module: Module) -> None:
        """Make the pruned tensor an ordinary parameter; what is gone stays gone."""
        weight, name = self.apply_mask(module), self._tensor_name or ""
        delattr(module, name)
        parameter = module._parameters.pop(name + "_orig")
        del module._buffers[name + "_mask"]
        if parameter is not None:
            parameter.data = weight.data
        setattr(module, name, parameter)


def same_shape(scores: Tensor | None, tensor: Tensor) -> Tensor:
    """The scores to choose by: the tensor's own elements unless others are given."""
    if scores is None:
        return tensor.detach()
    if scores.shape != tensor.shape:
        raise AssertionError(
            f"importance_scores should have the shape of the tensor, got {scores.shape} vs {tensor.shape}"
        )
    return scores.detach()


def find(module: Module, name: str) -> tuple[int, BasePruningMethod] | None:
    """The hook that prunes module.name, and its key."""
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            return key, hook
    return None


class PruningContainer(BasePruningMethod):
    """Several methods one after the other; the last chooses among what the others left."""

    def __init__(self, *methods: BasePruningMethod):
        self._pruning_methods: tuple[BasePruningMethod, ...] = ()
        self._tensor_name = methods[0]._tensor_name if methods else None
        for method in methods:
            self.add_pruning_method(method)

    def add_pruning_method(self, method: BasePruningMethod) -> None:
        if not isinstance(method, BasePruningMethod):
            raise TypeError(f"{type(method)} is not a BasePruningMethod subclass")
        if method._tensor_name != self._tensor_name:
            raise ValueError(
                f"Can only add pruning methods acting on the parameter named '{self._tensor_name}' to this container,"
                f" found '{method._tensor_name}'"
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Iterator[BasePruningMethod]:
        return iter(self._pruning_methods)

    def __getitem__(self, index):
        return self._pruning_methods[index]

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        method = self._pruning_methods[-1]
        mask, left = default_mask.to(dtype=t.dtype), what_is_left(method, default_mask)
        mask[left] = method.compute_mask(t[left], default_mask=default_mask[left]).to(dtype=mask.dtype)
        return mask


def what_is_left(method: BasePruningMethod, mask: Tensor):
    """The index of what earlier methods have kept."""
    if method.PRUNING_TYPE == "unstructured":
        return mask == 1
    if method.PRUNING_TYPE == "global":
        return (slice(None),) * mask.dim()
    if method.PRUNING_TYPE != "structured":
        raise ValueError(f"Unrecognized PRUNING_TYPE {method.PRUNING_TYPE}")
    dim = method.dim % mask.dim()  # type: ignore[attr-defined]
    kept = mask.sum(dim=[d for d in range(mask.dim()) if d != dim]) != 0
    return (slice(None),) * dim + (kept,)


# ---------------------------------------------------------------- the methods


class Identity(BasePruningMethod):
    """Prunes nothing, but puts a mask of ones in place."""

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        return default_mask


class Amount(BasePruningMethod):
    """Prunes a share (a float in 0 ... 1) or a number of elements or channels."""

    def __init__(self, amount):
        if not isinstance(amount, numbers.Real):
            raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
        whole, amount = isinstance(amount, numbers.Integral), float(amount)
        if amount < 0 or (not whole and amount > 1):
            raise ValueError(
                f"amount={amount:g} should either be a float in the range [0, 1] or a non-negative integer"
            )
        self.amount, self.whole = amount, whole

    def number_of(self, size: int) -> int:
        if not self.whole:
            return round(self.amount * size)
        if self.amount > size:
            raise ValueError(
                f"amount={self.amount:.0f} should be smaller than the number of parameters to prune={size}"
            )
        return int(self.amount)

    def without_largest(self, scores: Tensor, mask: Tensor) -> Tensor:
        """The mask with zeros at the elements with the largest scores."""
        mask = mask.clone()
        mask.view(-1)[topk(scores.reshape(-1), self.number_of(scores.numel())).indices] = 0
        return mask


class RandomUnstructured(Amount):
    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        return self.without_largest(rand_like(t), default_mask)


class L1Unstructured(Amount):
    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        return self.without_largest(-t.abs(), default_mask)


class Channels(Amount):
    """Keeps the channels with the largest scores, along `dim`."""

    PRUNING_TYPE = "structured"

    def __init__(self, amount: float, dim: int = -1):
        super().__init__(amount)
        self.dim = dim

    def scores(self, t: Tensor) -> Tensor:
        raise NotImplementedError

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        if t.dim() < 2:
            raise ValueError(
                f"Structured pruning can only be applied to multidimensional tensors, found one of shape {t.shape}"
            )
        if self.dim >= t.dim():
            raise IndexError(f"Invalid index {self.dim} for tensor of size {t.shape}")
        size = t.size(self.dim)
        keep = topk(self.scores(t), size - self.number_of(size)).indices
        mask = zeros_like(default_mask)
        mask[(slice(None),) * (self.dim % t.dim()) + (keep,)] = 1
        return mask * default_mask


class RandomStructured(Channels):
    def scores(self, t: Tensor) -> Tensor:
        return rand(t.size(self.dim), device=t.device)


class LnStructured(Channels):
    def __init__(self, amount: float, n, dim: int = -1):
        super().__init__(amount, dim)
        self.n = n

    def scores(self, t: Tensor) -> Tensor:
        others = [d for d in range(t.dim()) if d != self.dim % t.dim()]
        return norm(t, p=self.n, dim=others)


class CustomFromMask(BasePruningMethod):
    """Prunes what a given mask says."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Tensor):
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        return default_mask * self.mask.to(dtype=default_mask.dtype)


# ---------------------------------------------------------------- as functions of a module


def identity(module: Module, name: str) -> Module:
    Identity.apply(module, name)
    return module


def random_unstructured(module: Module, name: str, amount: float) -> Module:
    """Zero some elements at random."""
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(module: Module, name: str, amount: float, importance_scores=None) -> Module:
    """Zero the elements of the smallest size."""
    L1Unstructured.apply(module, name, amount=amount, importance_scores=importance_scores)
    return module


def random_structured(module: Module, name: str, amount: float, dim: int) -> Module:
    """Zero some channels along dim at random."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(module: Module, name: str, amount: float, n, dim: int, importance_scores=None) -> Module:
    """Zero the channels along dim with the smallest n-norm."""
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: Module, name: str, mask: Tensor) -> Module:
    """Zero what the mask says."""
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(parameters, pruning_method, importance_scores: dict | None = None, **kwargs) -> None:
    """Prune several (module, name) as if they were one tensor: some lose more than others."""
    if not isinstance(parameters, Iterable):
        raise TypeError("global_unstructured(): parameters is not an Iterable")
    parameters, scores = list(parameters), importance_scores or {}
    if not isinstance(scores, dict):
        raise TypeError("global_unstructured(): importance_scores must be of type dict")
    method = pruning_method(**kwargs)
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`.'
            f" Found method {pruning_method} of type {method.PRUNING_TYPE}"
        )
    tensors = [getattr(module, name) for module, name in parameters]
    together = parameters_to_vector([scores.get(pair, t) for pair, t in zip(parameters, tensors)]).detach()
    masks = [getattr(m, f"{name}_mask", ones_like(t)) for (m, name), t in zip(parameters, tensors)]
    mask = PruningContainer(method).compute_mask(together, parameters_to_vector(masks).detach())
    for (module, name), part, t in zip(parameters, mask.split([t.numel() for t in tensors]), tensors):
        custom_from_mask(module, name, part.view_as(t))


def remove(module: Module, name: str) -> Module:
    """Make what is left an ordinary parameter again."""
    hook = find(module, name)
    if hook is None:
        raise ValueError(
            f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed"
        )
    hook[1].remove(module)
    del module._forward_pre_hooks[hook[0]]
    return module


def is_pruned(module: Module) -> bool:
    """Whether any parameter of the module or of its parts is pruned."""
    return any(
        isinstance(hook, BasePruningMethod)
        for m in module.modules()
        for hook in m._forward_pre_hooks.values()
    )
