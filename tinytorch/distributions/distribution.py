"""Distribution: what all of them have. `batch_shape` counts independent distributions, `event_shape` is one draw's shape."""

from __future__ import annotations

import warnings
from typing import Any

from ..autograd.grad_mode import no_grad
from ..ops import exp
from ..tensor import Size, Tensor
from . import constraints
from .utils import lazy_property


class Distribution:
    """Subclasses give `arg_constraints`, `support`, `log_prob`, and `rsample` (draws with gradients) or `sample`."""

    has_rsample: Any = False
    has_enumerate_support: Any = False
    _validate_args = __debug__
    arg_constraints: Any
    support: Any

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Whether parameters and values are checked unless a constructor says otherwise."""
        if value not in (True, False):
            raise ValueError(f"set_default_validate_args: expected True or False, got {value!r}")
        Distribution._validate_args = value

    def __init__(self, batch_shape=(), event_shape=(), validate_args: bool | None = None):
        self._batch_shape, self._event_shape = Size(batch_shape), Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._check_parameters()
        super().__init__()  # a class may be a distribution and something else in one

    def _check_parameters(self) -> None:
        for name, constraint in getattr(self, "arg_constraints", {}).items():
            unset = name not in self.__dict__ and isinstance(getattr(type(self), name, None), lazy_property)
            if constraints.is_dependent(constraint) or unset:
                continue
            value = getattr(self, name)
            if not constraint.check(value).all():
                raise ValueError(
                    f"Expected parameter {name} ({type(value).__name__} of shape {tuple(value.shape)}) of distribution {self!r}"
                    f" to satisfy the constraint {constraint!r}, but found invalid values:\n{value}"
                )

    # ------------------------------------------------------------ shapes

    @property
    def batch_shape(self) -> Size:
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        return self._event_shape

    def _extended_shape(self, sample_shape=()) -> Size:
        return Size(sample_shape) + self._batch_shape + self._event_shape

    def expand(self, batch_shape, _instance=None):
        """The same distribution for a larger batch, its parameters expanded without copying."""
        batch_shape = Size(batch_shape)
        given = {name: c.event_dim for name, c in self.arg_constraints.items() if name in self.__dict__}
        return self._copy(
            batch_shape,
            _instance,
            **{name: expanded(self.__dict__[name], batch_shape, dims) for name, dims in given.items()},
        )

    def _get_checked_instance(self, cls, _instance=None):
        """An empty object for the `expand` of a subclass that someone else wrote."""
        if _instance is None and type(self).__init__ != cls.__init__:
            raise NotImplementedError(
                f"Subclass {type(self).__name__} of {cls.__name__} that defines a custom __init__ method must also define"
                " a custom .expand() method."
            )
        return type(self).__new__(type(self)) if _instance is None else _instance

    def _copy(self, batch_shape, _instance=None, **attributes):
        """A distribution of this class with other attributes; nothing is checked again."""
        new = object.__new__(type(self)) if _instance is None else _instance
        new.__dict__.update(attributes)
        new._batch_shape, new._event_shape, new._validate_args = (
            Size(batch_shape),
            self._event_shape,
            self._validate_args,
        )
        return new

    # ------------------------------------------------------------ draws

    def sample(self, sample_shape=()) -> Tensor:
        """A draw, or sample_shape of them, without gradients."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape=()) -> Tensor:
        """A draw that is a differentiable function of the parameters."""
        raise NotImplementedError(f"{type(self).__name__} has no rsample")

    def sample_n(self, n: int) -> Tensor:
        warnings.warn(
            "`sample_n(n)` will be deprecated. Use `sample((n,))` instead.", FutureWarning, stacklevel=2
        )
        return self.sample((n,))

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All values of a discrete distribution, along a new first dim."""
        raise NotImplementedError(f"{type(self).__name__} has no enumerate_support")

    # ------------------------------------------------------------ what it knows of itself

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density or probability of value."""
        raise NotImplementedError(f"{type(self).__name__} has no log_prob")

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of at most value."""
        raise NotImplementedError(f"{type(self).__name__} has no cdf")

    def icdf(self, value: Tensor) -> Tensor:
        """The inverse of `cdf`."""
        raise NotImplementedError(f"{type(self).__name__} has no icdf")

    def entropy(self) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} has no entropy")

    def perplexity(self) -> Tensor:
        return exp(self.entropy())

    @property
    def mean(self) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} has no mean")

    @property
    def mode(self) -> Tensor:
        raise NotImplementedError(f"{type(self)} does not implement mode")

    @property
    def variance(self) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} has no variance")

    @property
    def stddev(self) -> Tensor:
        return self.variance.sqrt()

    # ------------------------------------------------------------ checks

    def _validate_sample(self, value) -> None:
        """An error unless value has a fitting shape and lies in the support; nothing where checks are off."""
        if not self._validate_args:
            return
        if not isinstance(value, Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")
        if value.shape[value.dim() - len(self._event_shape) :] != self._event_shape:
            raise ValueError(
                f"The right-most size of value must match event_shape: {value.shape} vs {self._event_shape}."
            )
        expected = self._batch_shape + self._event_shape
        for i, j in zip(reversed(value.shape), reversed(expected)):
            if i != 1 and j != 1 and i != j:
                raise ValueError(
                    f"Value is not broadcastable with batch_shape+event_shape: {value.shape} vs {expected}."
                )
        if not self.support.check(value).all():
            raise ValueError(
                f"Expected value argument ({type(value).__name__} of shape {tuple(value.shape)}) to be within the support"
                f" ({self.support!r}) of the distribution {self!r}, but found invalid values:\n{value}"
            )

    def __repr__(self) -> str:
        given = {name: self.__dict__[name] for name in self.arg_constraints if name in self.__dict__}
        shown = ", ".join(
            f"{name}: {value if value.numel() == 1 else value.size()}" for name, value in given.items()
        )
        return f"{type(self).__name__}({shown})"


def expanded(parameter: Tensor, batch_shape: Size, event_dims: int) -> Tensor:
    return parameter.expand(batch_shape + parameter.shape[parameter.dim() - event_dims :])
