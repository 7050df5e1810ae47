"""torch.compiler: there is no compiler, so everything runs as it is written."""

from __future__ import annotations

from ..settings import compile  # noqa: F401


def disable(fn=None, recursive: bool = True, **options):
    return (lambda given: given) if fn is None else fn


allow_in_graph = assume_constant_result = disable


def is_compiling() -> bool:
    return False


is_dynamo_compiling = is_exporting = is_compiling


def reset() -> None:
    pass


cudagraph_mark_step_begin = reset
