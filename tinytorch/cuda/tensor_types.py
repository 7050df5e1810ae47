"""torch.cuda.FloatTensor and its like: old names for a dtype on the GPU."""

from __future__ import annotations

from .. import creation
from ..creation import TensorType


class CudaTensorType(TensorType):
    """Makes tensors on the GPU, and `isinstance` asks it for dtype and device."""

    device = "cuda"

    def __instancecheck__(self, x) -> bool:
        return super().__instancecheck__(x) and x.is_cuda


def on_cuda(cpu: TensorType) -> CudaTensorType:
    return CudaTensorType(cpu.element_type)


FloatTensor, DoubleTensor, HalfTensor = map(
    on_cuda, (creation.FloatTensor, creation.DoubleTensor, creation.HalfTensor)
)
LongTensor, IntTensor, ShortTensor = map(
    on_cuda, (creation.LongTensor, creation.IntTensor, creation.ShortTensor)
)
CharTensor, ByteTensor, BoolTensor = map(
    on_cuda, (creation.CharTensor, creation.ByteTensor, creation.BoolTensor)
)
