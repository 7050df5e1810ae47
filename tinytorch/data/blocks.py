"""Batches in shared memory: a worker packs an object into a block, the parent copies it out.

Each worker has a few slots. A slot holds at most one block, whose name counts up when it has to grow, so the parent can
work out every name that may exist and remove it, whatever happened to the worker. The parent copies, so a batch that a
program keeps is ordinary memory and shared memory (64 MB in a Docker container) stays bounded by the prefetched batches.
"""

from __future__ import annotations

import contextlib
import os
import pickle
from typing import Any

import numpy as np

PAGE = 4096
WORD = np.dtype(np.int64).itemsize


def block_name(prefix: str, slot: int, generation: int) -> str:
    return f"{prefix}_{slot}_{generation}"


class Writer:
    """The worker's end: `write(obj)` leaves it in the slot's block and returns the block's generation."""

    def __init__(self, prefix: str, slots: int):
        self.prefix = prefix
        self.blocks: list = [None] * slots
        self.generations = [0] * slots

    def write(self, slot: int, payload) -> int:
        parts = pack(payload)
        self.reserve(slot, sum(len(part) for part in parts))
        target, offset = self.blocks[slot].buf, 0
        for part in parts:
            target[offset : offset + len(part)] = part
            offset += len(part)
        return self.generations[slot]

    def reserve(self, slot: int, size: int) -> None:
        from multiprocessing.shared_memory import SharedMemory

        block = self.blocks[slot]
        if block is not None and block.size >= size:
            return
        if block is not None:
            self.blocks[slot] = None
            block.close()
            block.unlink()
        size = -(-size * 5 // 4 // PAGE) * PAGE  # a quarter more, so that slightly larger batches fit
        check_room(size)
        self.generations[slot] += 1
        self.blocks[slot] = SharedMemory(
            block_name(self.prefix, slot, self.generations[slot]), create=True, size=size
        )


class Reader:
    """The parent's end: `read(slot, generation)` copies the object out, `remove()` deletes every block there may be."""

    def __init__(self, prefix: str, slots: int):
        self.prefix = prefix
        self.blocks: list = [None] * slots
        self.generations = [0] * slots

    def read(self, slot: int, generation: int) -> Any:
        from multiprocessing.shared_memory import SharedMemory

        if generation != self.generations[slot]:
            if self.blocks[slot] is not None:
                self.blocks[slot].close()
            self.blocks[slot] = SharedMemory(block_name(self.prefix, slot, generation))
            self.generations[slot] = generation
        return unpack(self.blocks[slot].buf)

    def remove(self) -> None:
        """Call it when the worker is gone: it may have died after replacing a block and before saying so."""
        for slot, block in enumerate(self.blocks):
            if block is not None:
                block.close()
            self.blocks[slot] = None
            for generation in (self.generations[slot], self.generations[slot] + 1):
                if generation:
                    unlink(block_name(self.prefix, slot, generation))


def pack(payload) -> list[memoryview]:
    """[count and sizes, pickle, array, array, ...], each part padded to 64 bytes so that arrays stay aligned."""
    buffers: list[memoryview] = []
    head = pickle.dumps(payload, protocol=5, buffer_callback=lambda buffer: buffers.append(buffer.raw()))
    sizes = [len(head), *(buffer.nbytes for buffer in buffers)]
    table = np.array([len(sizes), *sizes], np.int64).tobytes()
    parts: list[memoryview] = []
    for part in (memoryview(table), memoryview(head), *buffers):
        parts.append(part)
        if len(part) % 64:
            parts.append(memoryview(bytes(64 - len(part) % 64)))
    return parts


def unpack(block: memoryview) -> Any:
    count = int.from_bytes(block[:WORD], "little")
    sizes = np.frombuffer(bytes(block[WORD : WORD * (count + 1)]), np.int64).tolist()
    offset = padded(WORD * (count + 1))
    parts: list[Any] = []
    for size in sizes:
        part = np.empty(size, np.uint8)
        part[:] = block[offset : offset + size]
        parts.append(part)
        offset += padded(size)
    return pickle.loads(parts[0], buffers=parts[1:])


def padded(size: int) -> int:
    return -(-size // 64) * 64


def check_room(size: int) -> None:
    """Without this check a full /dev/shm shows itself as SIGBUS, on the first write to the block."""
    if not os.path.isdir("/dev/shm"):
        return
    free = os.statvfs("/dev/shm").f_bavail * os.statvfs("/dev/shm").f_frsize
    if free < size:
        raise MemoryError(
            f"a batch needs {size} bytes of shared memory and /dev/shm has {free} left: use a smaller batch_size, fewer workers"
            " or a smaller prefetch_factor, or give the container more (docker run --shm-size=1g)"
        )


def unlink(name: str) -> None:
    """Remove a block that may or may not be there, whatever its worker was doing with it when it died.

    Not by SharedMemory(name).unlink(): a block whose worker had no time to give it a size cannot be mapped.
    """
    if os.name != "posix":
        return  # elsewhere a block goes with the last process that has it open
    import _posixshmem  # what multiprocessing.shared_memory itself calls
    from multiprocessing import resource_tracker

    with contextlib.suppress(FileNotFoundError):
        _posixshmem.shm_unlink(f"/{name}")
    # The worker may have died between making or removing the block and saying so to the tracker: now it knows nothing of it.
    resource_tracker.register(f"/{name}", "shared_memory")
    resource_tracker.unregister(f"/{name}", "shared_memory")
