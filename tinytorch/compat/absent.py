"""Stand-ins for what tinytorch does not have: programs may name it, in annotations and `isinstance`, and learn why when they use it."""

from __future__ import annotations


class Absent(type):
    """The class of such classes: nothing is an instance of one."""

    reason: str

    def __call__(cls, *args, **kwargs):
        raise NotImplementedError(cls.reason)

    def __getitem__(cls, item):  # `Absent[T]` in annotations
        return cls

    def __getattr__(cls, name: str):
        if name.startswith("_"):
            raise AttributeError(name)
        raise NotImplementedError(f"{cls.__name__}.{name}: {cls.reason}")


def absent(reason: str, *names: str) -> tuple[Absent, ...]:
    """A class for each name that is there to be named."""
    return tuple(Absent(name, (), {"reason": f"{name}: {reason}"}) for name in names)


def refusing(reason: str, *names: str):
    """A function for each name, which raises the reason."""

    def make(name: str):
        def function(*args, **kwargs):
            raise NotImplementedError(f"{name}: {reason}")

        function.__name__ = function.__qualname__ = name
        return function

    return tuple(make(name) for name in names)
