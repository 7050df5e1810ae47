"""The GPU through CuPy. Without one, questions are answered (no, none, 0) and waiting is over at once; using one is an error."""

from __future__ import annotations

import time

from .. import backend
from ..backend import cuda_available as is_available
from ..random import get_rng_state as _get_state
from ..random import initial_seed, manual_seed, seed  # noqa: F401
from ..random import set_rng_state as _set_state
from . import memory
from .memory import OutOfMemoryError  # noqa: F401


def index(where) -> int:
    """The number of a device given as "cuda:1", 1, a device or None (the current one)."""
    given = None if where is None else backend.device(where).index
    return current_device() if given is None else given


# ---------------------------------------------------------------- which devices there are


def device_count() -> int:
    return backend.cupy().cuda.runtime.getDeviceCount() if is_available() else 0


def current_device() -> int:
    return backend.cupy().cuda.Device().id


def set_device(device) -> None:
    backend.cupy().cuda.Device(backend.device(device).index or 0).use()


class device:
    """`with torch.cuda.device(1):` makes a GPU the current one. None, a negative number and a CPU change nothing."""

    def __init__(self, device):
        number = device if isinstance(device, int) or device is None else backend.device(device).index
        self.idx = -1 if number is None else number

    def __enter__(self) -> None:
        if self.idx >= 0 and is_available():
            self.context = backend.cupy().cuda.Device(self.idx)
            self.context.__enter__()

    def __exit__(self, *error) -> None:
        if self.idx >= 0 and is_available():
            self.context.__exit__(*error)


class Properties:
    """What CUDA says of a device, under PyTorch's names."""

    def __init__(self, found: dict):
        self.name = found["name"].decode()
        self.major, self.minor = found["major"], found["minor"]
        self.total_memory = found["totalGlobalMem"]
        self.multi_processor_count = found["multiProcessorCount"]

    def __repr__(self) -> str:
        return (
            f"_CudaDeviceProperties(name='{self.name}', major={self.major}, minor={self.minor},"
            f" total_memory={self.total_memory // 2**20}MB, multi_processor_count={self.multi_processor_count})"
        )


def get_device_properties(device=None) -> Properties:
    return Properties(backend.cupy().cuda.runtime.getDeviceProperties(index(device)))


def get_device_name(device=None) -> str:
    return get_device_properties(device).name


def get_device_capability(device=None) -> tuple[int, int]:
    properties = get_device_properties(device)
    return properties.major, properties.minor


def get_arch_list() -> list[str]:
    return [f"sm_{major}{minor}" for major, minor in map(get_device_capability, range(device_count()))]


def can_device_access_peer(device, peer_device) -> bool:
    return bool(backend.cupy().cuda.runtime.deviceCanAccessPeer(index(device), index(peer_device)))


def is_bf16_supported(including_emulation: bool = True) -> bool:
    return False  # tinytorch has no bfloat16 tensors


def init() -> None:
    pass  # CuPy starts CUDA when it is first used


def is_initialized() -> bool:
    return is_available()


# ---------------------------------------------------------------- memory


def pool():
    return backend.cupy().get_default_memory_pool()


def empty_cache() -> None:
    if is_available():
        pool().free_all_blocks()


def ipc_collect() -> None:
    pass


def memory_allocated(device=None) -> int:
    return pool().used_bytes() if is_available() else 0


def memory_reserved(device=None) -> int:
    return pool().total_bytes() if is_available() else 0


def max_memory_allocated(device=None) -> int:
    """The most that arrays have taken at one time."""
    return memory.allocator(backend.cupy()).peak if is_available() else 0


max_memory_reserved = memory_reserved  # the pool gives nothing back unasked


def reset_peak_memory_stats(device=None) -> None:
    if is_available():
        memory.allocator(backend.cupy()).peak = memory_allocated()


reset_max_memory_allocated = reset_peak_memory_stats


def mem_get_info(device=None) -> tuple[int, int]:
    """Free and total bytes of the device."""
    return backend.cupy().cuda.Device(index(device)).mem_info


def memory_summary(device=None, abbreviated: bool = False) -> str:
    return f"allocated {memory_allocated()} bytes, reserved {memory_reserved()} bytes"


# ---------------------------------------------------------------- waiting and timing


def synchronize(device=None) -> None:
    if is_available():
        backend.cupy().cuda.Device().synchronize()


class Event:
    """A point in the GPU's work; two of them measure the time between. Without a GPU it is the clock."""

    def __init__(self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False):
        self.event = (
            backend.cupy().cuda.Event(block=blocking, disable_timing=not enable_timing)
            if is_available()
            else None
        )
        self.time = 0.0

    def record(self, stream=None) -> None:
        if self.event is not None:
            self.event.record()
        self.time = time.perf_counter()

    def synchronize(self) -> None:
        if self.event is not None:
            self.event.synchronize()

    wait = synchronize

    def query(self) -> bool:
        return self.event is None or self.event.done

    def elapsed_time(self, end_event: Event) -> float:
        """Milliseconds from this event to the other."""
        if self.event is None:
            return (end_event.time - self.time) * 1000
        return backend.cupy().cuda.get_elapsed_time(self.event, end_event.event)


class Stream:
    """A queue of GPU work. tinytorch uses one, so all streams are the same."""

    def __init__(self, device=None, priority: int = 0):
        self.device = device

    def synchronize(self) -> None:
        synchronize()

    def wait_stream(self, stream) -> None:
        pass

    def wait_event(self, event) -> None:
        pass

    def record_event(self, event=None) -> Event:
        event = event or Event()
        event.record()
        return event

    def query(self) -> bool:
        return True

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *error) -> None:
        pass


def current_stream(device=None) -> Stream:
    return Stream(device)


default_stream = current_stream


StreamContext = Stream  # what `stream` returns, to be named in annotations


def stream(stream: Stream | None) -> Stream:
    """`with torch.cuda.stream(s):` changes nothing."""
    return stream or Stream()


# ---------------------------------------------------------------- random numbers: one generator serves all devices


def manual_seed_all(seed: int) -> None:
    manual_seed(seed)


def seed_all() -> None:
    seed()


def get_rng_state(device=None) -> dict:
    return _get_state()


def set_rng_state(new_state: dict, device=None) -> None:
    _set_state(new_state)


def get_rng_state_all() -> list[dict]:
    return [_get_state() for _ in range(device_count())]


def set_rng_state_all(new_states) -> None:
    for state in new_states:
        _set_state(state)
