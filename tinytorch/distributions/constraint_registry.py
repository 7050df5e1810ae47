"""Ways into a region from everywhere: `transform_to(constraint)` maps unconstrained values onto it, `biject_to` one to one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import constraints
from .transforms import (
    AffineTransform,
    CatTransform,
    ComposeTransform,
    CorrCholeskyTransform,
    ExpTransform,
    IndependentTransform,
    LowerCholeskyTransform,
    PositiveDefiniteTransform,
    SigmoidTransform,
    SoftmaxTransform,
    StackTransform,
    StickBreakingTransform,
    Transform,
    identity_transform,
)


class ConstraintRegistry:
    """From a constraint's class to a function that makes the transform for one such constraint."""

    def __init__(self):
        self._registry: dict[type, Callable[[Any], Transform]] = {}

    def register(self, constraint, factory=None):
        """register(constraint, factory), or above the factory as @registry.register(constraint)."""
        if factory is None:
            return lambda factory: self.register(constraint, factory)
        kind = type(constraint) if isinstance(constraint, constraints.Constraint) else constraint
        if not (isinstance(kind, type) and issubclass(kind, constraints.Constraint)):
            raise TypeError(
                f"Expected constraint to be either a Constraint subclass or instance, but got {constraint}"
            )
        self._registry[kind] = factory
        return factory

    def __call__(self, constraint) -> Transform:
        if type(constraint) not in self._registry:
            raise NotImplementedError(
                f"Cannot transform {type(constraint).__name__} constraints: register(constraint, factory) says how"
            )
        return self._registry[type(constraint)](constraint)


biject_to, transform_to = ConstraintRegistry(), ConstraintRegistry()


def from_lower(constraint) -> Transform:
    return ComposeTransform([ExpTransform(), AffineTransform(constraint.lower_bound, 1)])


def from_upper(constraint) -> Transform:
    return ComposeTransform([ExpTransform(), AffineTransform(constraint.upper_bound, -1)])


def between(constraint) -> Transform:
    low, high = constraint.lower_bound, constraint.upper_bound
    if isinstance(low, (int, float)) and isinstance(high, (int, float)) and (low, high) == (0, 1):
        return SigmoidTransform()
    return ComposeTransform([SigmoidTransform(), AffineTransform(low, high - low)])


for registry in (biject_to, transform_to):
    registry.register(constraints.real, lambda constraint: identity_transform)
    # positive and nonnegative are of these classes; PyTorch composes for them too
    registry.register(constraints.greater_than, from_lower)
    registry.register(constraints.greater_than_eq, from_lower)
    registry.register(constraints.less_than, from_upper)
    registry.register(constraints.interval, between)
    registry.register(constraints.half_open_interval, between)


@biject_to.register(constraints.independent)
def _(constraint) -> Transform:
    return IndependentTransform(biject_to(constraint.base_constraint), constraint.reinterpreted_batch_ndims)


@transform_to.register(constraints.independent)
def _(constraint) -> Transform:
    return IndependentTransform(
        transform_to(constraint.base_constraint), constraint.reinterpreted_batch_ndims
    )


@transform_to.register(constraints.simplex)
def _(constraint) -> Transform:
    return SoftmaxTransform()


@biject_to.register(constraints.simplex)
def _(constraint) -> Transform:
    return StickBreakingTransform()


@biject_to.register(constraints.lower_cholesky)
@transform_to.register(constraints.lower_cholesky)
def _(constraint) -> Transform:
    return LowerCholeskyTransform()


@biject_to.register(constraints.positive_definite)
@transform_to.register(constraints.positive_definite)
@biject_to.register(constraints.positive_semidefinite)
@transform_to.register(constraints.positive_semidefinite)
def _(constraint) -> Transform:
    return PositiveDefiniteTransform()


@biject_to.register(constraints.corr_cholesky)
@transform_to.register(constraints.corr_cholesky)
def _(constraint) -> Transform:
    return CorrCholeskyTransform()


@biject_to.register(constraints.cat)
def _(constraint) -> Transform:
    return CatTransform([biject_to(c) for c in constraint.cseq], constraint.dim, constraint.lengths)


@transform_to.register(constraints.cat)
def _(constraint) -> Transform:
    return CatTransform([transform_to(c) for c in constraint.cseq], constraint.dim, constraint.lengths)


@biject_to.register(constraints.stack)
def _(constraint) -> Transform:
    return StackTransform([biject_to(c) for c in constraint.cseq], constraint.dim)


@transform_to.register(constraints.stack)
def _(constraint) -> Transform:
    return StackTransform([transform_to(c) for c in constraint.cseq], constraint.dim)
