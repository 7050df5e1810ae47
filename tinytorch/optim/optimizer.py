"""What all optimizers share: groups of parameters with their settings, a state per parameter, and the loop over both."""

from __future__ import annotations

import warnings
from collections import defaultdict
from copy import deepcopy

import numpy as np

from ..autograd.grad_mode import enable_grad, no_grad
from ..backend import in_one_go
from ..nn.module import type_name
from ..op import asked
from ..tensor import Tensor
from .hooks import OptimizerHooks
from .values import real

required = object()  # the default of a setting that every group must bring


class Optimizer(OptimizerHooks):
    """Changes parameters so that the loss, whose gradients they hold, becomes less.

    A subclass gives its rule in `update`, and what the rule remembers about a parameter in `init_state`; or it defines
    `step` itself.
    """

    def __init__(self, params, defaults: dict):
        if isinstance(params, Tensor):
            raise TypeError(
                f"params argument given to the optimizer should be an iterable of Tensors or dicts, but got {type_name(params)}"
            )
        if defaults.get("differentiable"):
            raise NotImplementedError(
                f"{type(self).__name__}: differentiable=True: steps are not recorded by autograd"
            )
        if defaults.get("fused") and defaults.get("foreach"):
            raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
        self.defaults = defaults
        self.state: defaultdict = defaultdict(dict)
        self.param_groups: list[dict] = []
        self._init_hooks()
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    # ------------------------------------------------------------ the step

    @no_grad()
    def step(self, closure=None):
        """Update every parameter that has a gradient. `closure`, if given, computes the loss again and returns it."""
        loss = None if closure is None else call_with_grad(closure)
        with in_one_go, np.errstate(all="ignore"):  # infinities and NaN are results, as in ops
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        self._step_one(p, group)
        return loss

    def _step_one(self, p: Tensor, group: dict) -> None:
        state = self.state.get(p)
        if not state:
            state = self.init_state(p, group)
            if state:
                self.state[p] = state
        g = real(p.grad.array)
        self.update(real(p.array), -g if group.get("maximize") else g, state, group)
        p._wrote()

    def init_state(self, p: Tensor, group: dict) -> dict:
        """What the rule remembers about a parameter, before its first step."""
        return {}

    def update(self, p: np.ndarray, g: np.ndarray, state: dict, group: dict) -> None:
        """Change the array `p` in place, given its gradient `g`. The gradient itself must stay as it is."""
        raise NotImplementedError(f"{type(self).__name__} defines neither update nor step")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p.grad = None
                elif p.grad is not None:
                    p.grad.detach_().zero_()

    # ------------------------------------------------------------ groups

    def add_param_group(self, param_group: dict) -> None:
        """Optimize these parameters too: {"params": [...], "lr": ...}. Settings it does not bring are the defaults."""
        if not isinstance(param_group, dict):
            raise TypeError(f"add_param_group: param_group must be a dict, but got {type(param_group)}")
        if "params" not in param_group:
            raise KeyError(
                f"params: a parameter group needs the key 'params', but has {', '.join(param_group)}"
            )
        param_group.update(named_or_not(param_group["params"]))
        for p in param_group["params"]:
            if not isinstance(p, Tensor):
                raise TypeError(
                    f"optimizer can only optimize Tensors, but one of the params is {type_name(p)}"
                )
            if not (p.is_leaf or p.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(
                    f"parameter group didn't specify a value of required optimization parameter {name}"
                )
            param_group.setdefault(name, default)
        self._refuse_mixture(param_group)
        self.param_groups.append(param_group)

    def _refuse_mixture(self, new: dict) -> None:
        """A parameter belongs to one group, and all groups have names for their parameters or none has."""
        if len(set(new["params"])) < len(new["params"]):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error",
                stacklevel=4,
            )
        for group in self.param_groups:
            if ("param_names" in new) != ("param_names" in group):
                kind = "with names" if "param_names" in new else "without names"
                raise ValueError(
                    f"all optimizer param groups should be with/without names. cannot add param group {kind} to the optimizer"
                )
            if not set(new["params"]).isdisjoint(group["params"]):
                raise ValueError(f"{asked()}: some parameters appear in more than one parameter group")

    def __repr__(self) -> str:
        text = f"{type(self).__name__} ("
        for i, group in enumerate(self.param_groups):
            text += f"\nParameter Group {i}\n"
            text += "".join(f"    {key}: {group[key]}\n" for key in sorted(group) if key != "params")
        return text + ")"

    # ------------------------------------------------------------ saving and loading

    def state_dict(self) -> dict:
        """The state of every parameter, and the groups with numbers in place of the parameters."""
        for hook in self._state_dict_pre_hooks.values():
            hook(self)
        everything = (p for group in self.param_groups for p in group["params"])
        numbers = {p: i for i, p in enumerate(everything)}
        saved = {
            "state": {
                numbers.get(p, p) if isinstance(p, Tensor) else p: state for p, state in self.state.items()
            },
            "param_groups": [
                {**without_params(group), "params": [numbers[p] for p in group["params"]]}
                for group in self.param_groups
            ],
        }
        for hook in self._state_dict_post_hooks.values():
            result = hook(self, saved)
            saved = saved if result is None else result
        return saved

    def load_state_dict(self, state_dict: dict) -> None:
        """Take over a state_dict of an optimizer of the same kind over parameters in the same order."""
        state_dict = dict(state_dict)
        for hook in self._load_pre_hooks.values():
            result = hook(self, state_dict)
            state_dict = state_dict if result is None else result
        groups, saved = self.param_groups, deepcopy(state_dict["param_groups"])
        if len(groups) != len(saved):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(len(group["params"]) != len(new["params"]) for group, new in zip(groups, saved)):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
            )
        by_number = {
            n: p for group, new in zip(groups, saved) for n, p in zip(new["params"], group["params"])
        }
        state: defaultdict = defaultdict(dict)
        for n, value in state_dict["state"].items():
            state[by_number.get(n, n)] = fitted(value, by_number[n]) if n in by_number else value
        for group, new in zip(groups, saved):
            new["params"] = group["params"]
            if "param_names" in group:
                new.setdefault("param_names", group["param_names"])
        self.__setstate__({"state": state, "param_groups": saved})
        for hook in self._load_post_hooks.values():
            hook(self)

    def __getstate__(self) -> dict:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        if "_step_pre_hooks" not in self.__dict__:
            self._init_hooks()
        for group in self.param_groups:  # saved by a version that did not have all of today's settings
            for name, value in self.defaults.items():
                group.setdefault(name, value)


# ---------------------------------------------------------------- helpers


def call_with_grad(closure):
    with enable_grad():
        return closure()


def without_params(group: dict) -> dict:
    return {key: value for key, value in group.items() if key != "params"}


def named_or_not(params) -> dict:
    """What a group's "params" may be, a tensor, tensors or (name, tensor) pairs, as a list of tensors and one of names."""
    if isinstance(params, set):
        raise TypeError(
            "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets will"
            " change between runs. Please use a list instead."
        )
    params = [params] if isinstance(params, Tensor) else list(params)
    names = [p[0] for p in params if isinstance(p, tuple)]
    if names and len(names) != len(params):
        raise ValueError("all optimizer params should be with/without names. Some param names are missing")
    return {"params": [p[1] for p in params], "param_names": names} if names else {"params": params}


def fitted(value, p: Tensor, key=None):
    """A saved piece of state in the dtype and on the device of its parameter; the step count stays as it is."""
    if isinstance(value, Tensor):
        if key == "step":
            return value
        return value.to(dtype=p.dtype if p.is_floating_point() else None, device=p.device)
    if isinstance(value, dict):
        return {k: fitted(v, p, k) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(fitted(v, p) for v in value)
    return value
