"""Switches: whether ops are recorded."""

from __future__ import annotations

import functools
import inspect
import threading

from ..op import local


class Switch:
    """Gradient recording on or off, as a `with` block or a decorator."""

    mode: bool

    def __init__(self, function=None):
        self.before: list[bool] = []
        self.function = function

    def __new__(cls, function=None):
        # `@no_grad` without brackets decorates directly, as in PyTorch.
        self = object.__new__(cls)
        if callable(function):
            self.__init__()
            return self(function)
        return self

    def __enter__(self):
        self.before.append(local.grad)
        local.grad = self.mode

    def __exit__(self, *error) -> None:
        local.grad = self.before.pop()

    def __call__(self, function):
        if inspect.isgeneratorfunction(function):

            @functools.wraps(function)
            def generate(*args, **kwargs):
                steps = function(*args, **kwargs)
                while True:
                    with type(self)():
                        try:
                            value = next(steps)
                        except StopIteration as end:
                            return end.value
                    yield value

            return generate

        @functools.wraps(function)
        def wrapped(*args, **kwargs):
            with self:
                return function(*args, **kwargs)

        return wrapped


class no_grad(Switch):
    """Nothing is recorded inside."""

    mode = False


class enable_grad(Switch):
    """Ops are recorded inside, even within `no_grad`."""

    mode = True


class inference_mode(Switch):
    """`no_grad` under PyTorch's other name; inference_mode(False) changes nothing."""

    mode = False
    on = threading.local()  # whether this thread is inside of one

    def __init__(self, mode=True):
        super().__init__()
        self.mode = not mode if isinstance(mode, bool) else False

    def __enter__(self):
        self.before.append(is_inference_mode_enabled())
        inference_mode.on.value = not self.mode
        return super().__enter__()

    def __exit__(self, *error):
        super().__exit__(*error)
        inference_mode.on.value = self.before.pop()


def is_inference_mode_enabled() -> bool:
    """Whether this is inside of `inference_mode`."""
    return getattr(inference_mode.on, "value", False)


class set_grad_enabled(Switch):
    """Record or not from here on, or inside the `with` block."""

    def __new__(cls, mode: bool):
        return object.__new__(cls)

    def __init__(self, mode: bool):
        super().__init__()
        self.mode = bool(mode)
        self.outside = local.grad
        local.grad = self.mode

    def __enter__(self):
        self.before.append(self.outside)
        local.grad = self.mode

    def __call__(self, function):
        local.grad = self.outside
        return super().__call__(function)


def is_grad_enabled() -> bool:
    """Whether ops are recorded now."""
    return local.grad
