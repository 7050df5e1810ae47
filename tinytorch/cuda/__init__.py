"""torch.cuda as programs ask for it: is there a GPU, which, how full is it, and waiting for it."""

from .runtime import (  # 00
    Event, OutOfMemoryError, Stream, StreamContext, can_device_access_peer, current_device, current_stream, default_stream, device, device_count,
    empty_cache, get_arch_list, get_device_capability, get_device_name, get_device_properties, get_rng_state, get_rng_state_all,
    init, initial_seed, ipc_collect, is_available, is_bf16_supported, is_initialized, manual_seed, manual_seed_all,
    max_memory_allocated, max_memory_reserved, mem_get_info, memory_allocated, memory_reserved, memory_summary,
    reset_max_memory_allocated, reset_peak_memory_stats, seed, seed_all, set_device, set_rng_state, set_rng_state_all, stream,
    synchronize,
)
from .graphs import CUDAGraph, MemPool, graph, graph_pool_handle, is_current_stream_capturing, make_graphed_callables  # 00
from .tensor_types import (  # 01
    BoolTensor, ByteTensor, CharTensor, DoubleTensor, FloatTensor, HalfTensor, IntTensor, LongTensor, ShortTensor,
)

from .. import later as _later

_initialized = False  # PyTorch's flag: programs look at it before they ask for states of the GPU's generators

__getattr__ = _later.missing_from(__name__)
