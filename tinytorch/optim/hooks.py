"""Functions that an optimizer calls around its steps, and around saving and loading."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable

from ..nn.hooks import RemovableHandle


def with_hooks(step):
    """`step` with the hooks that are registered on the optimizer around it."""

    @functools.wraps(step)
    def hooked(self, *args, **kwargs):
        if (
            "_step_pre_hooks" not in self.__dict__
        ):  # an optimizer around another one, which never called Optimizer.__init__
            return step(self, *args, **kwargs)
        for hook in self._step_pre_hooks.values():
            result = hook(self, args, kwargs)
            if result is not None and not (isinstance(result, tuple) and len(result) == 2):
                raise RuntimeError(
                    f"{step} must return None or a tuple of (new_args, new_kwargs), but got {result}."
                )
            args, kwargs = (args, kwargs) if result is None else result
        self._opt_called = True
        loss = step(self, *args, **kwargs)
        for hook in self._step_post_hooks.values():
            hook(self, args, kwargs)
        return loss

    return hooked


class OptimizerHooks:
    """An optimizer's hooks by kind, each in the order in which they will be called."""

    _step_pre_hooks: OrderedDict[int, Callable]
    _step_post_hooks: OrderedDict[int, Callable]
    _state_dict_pre_hooks: OrderedDict[int, Callable]
    _state_dict_post_hooks: OrderedDict[int, Callable]
    _load_pre_hooks: OrderedDict[int, Callable]
    _load_post_hooks: OrderedDict[int, Callable]
    _opt_called = False  # a scheduler warns if it is stepped before its optimizer

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = with_hooks(cls.__dict__["step"])

    def _init_hooks(self) -> None:
        for table in OptimizerHooks.__annotations__:
            self.__dict__[table] = OrderedDict()

    def register_step_pre_hook(self, hook) -> RemovableHandle:
        """Call hook(optimizer, args, kwargs) before each step; it may return other (args, kwargs)."""
        return RemovableHandle(self._step_pre_hooks, hook)

    def register_step_post_hook(self, hook) -> RemovableHandle:
        """Call hook(optimizer, args, kwargs) after each step."""
        return RemovableHandle(self._step_post_hooks, hook)

    def register_state_dict_pre_hook(self, hook, prepend: bool = False) -> RemovableHandle:
        """Call hook(optimizer) before the state is collected."""
        return RemovableHandle(self._state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(self, hook, prepend: bool = False) -> RemovableHandle:
        """Call hook(optimizer, state_dict) when the state is collected; what it returns replaces it."""
        return RemovableHandle(self._state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(self, hook, prepend: bool = False) -> RemovableHandle:
        """Call hook(optimizer, state_dict) before loading; what it returns is loaded instead."""
        return RemovableHandle(self._load_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(self, hook, prepend: bool = False) -> RemovableHandle:
        """Call hook(optimizer) after loading."""
        return RemovableHandle(self._load_post_hooks, hook, prepend)
