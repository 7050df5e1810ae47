"""torch._subclasses."""

from . import fake_tensor  # 00

FakeTensor, FakeTensorMode = fake_tensor.FakeTensor, fake_tensor.FakeTensorMode
