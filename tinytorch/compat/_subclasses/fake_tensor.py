"""torch._subclasses.fake_tensor: tensors without numbers, which a compiler would run a program with. There are none."""

from __future__ import annotations

from ..absent import absent

FakeTensor, FakeTensorMode = absent("tinytorch compiles nothing", "FakeTensor", "FakeTensorMode")


def is_fake(x) -> bool:
    return False
