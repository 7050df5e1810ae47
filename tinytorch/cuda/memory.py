"""A GPU's memory: CuPy's caching pool behind an allocator that counts the peak and says what an error leaves open."""

from __future__ import annotations


class OutOfMemoryError(MemoryError, RuntimeError):
    """More was asked for than the GPU has left."""


class Allocator:
    """What CuPy asks for memory: its pool keeps freed blocks and hands them out again, since cudaMalloc waits for the GPU."""

    def __init__(self, xp):
        self.xp, self.pool, self.peak = xp, xp.get_default_memory_pool(), 0

    def __call__(self, size: int):
        try:
            block = self.pool.malloc(size)
        except self.xp.cuda.memory.OutOfMemoryError as error:
            raise OutOfMemoryError(self.explained(size)) from error
        self.peak = max(self.peak, self.pool.used_bytes())
        return block

    def explained(self, size: int) -> str:
        free, total = self.xp.cuda.Device().mem_info
        return (
            f"CUDA out of memory. Tried to allocate {shown(size)}. The GPU has {shown(total)}, of which {shown(free)} are free;"
            f" tinytorch's arrays take {shown(self.pool.used_bytes())}, and {shown(self.pool.free_bytes())} more are kept in"
            " blocks that were too small or too scattered. Smaller batches need less; so does torch.no_grad() where no"
            " gradient is wanted"
        )


def shown(nbytes: int) -> str:
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if nbytes >= size:
            return f"{nbytes / size:.2f} {unit}"
    return f"{nbytes} bytes"


_allocators: dict = {}


def allocator(xp) -> Allocator:
    """The allocator of this CuPy, put in place when it is first asked for."""
    if xp not in _allocators:
        _allocators[xp] = Allocator(xp)
        xp.cuda.set_allocator(_allocators[xp])
    return _allocators[xp]
