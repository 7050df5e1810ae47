"""torch.multiprocessing: Python's module, and `spawn`.

Tensors go through queues and pipes as copies. `share_memory_()` shares a tensor with processes that are forked afterwards, and
with spawned ones that get it among their arguments.
"""

from __future__ import annotations

import multiprocessing
from typing import Any


def __getattr__(name: str) -> Any:
    return getattr(multiprocessing, name)


def spawn(fn, args=(), nprocs: int = 1, join: bool = True, daemon: bool = False, start_method: str = "spawn"):
    """Run fn(i, *args) in nprocs processes; with join, wait for them and fail as soon as one has failed."""
    context: Any = multiprocessing.get_context(start_method)
    processes = [context.Process(target=fn, args=(i, *args), daemon=daemon) for i in range(nprocs)]
    for process in processes:
        process.start()
    running = Processes(processes)
    if not join:
        return running
    while not running.join():
        pass
    return None


class Processes:
    """Processes that were spawned together."""

    def __init__(self, processes: list):
        self.processes = processes

    def pids(self) -> list[int]:
        return [process.pid for process in self.processes]

    def join(self, timeout: float | None = None) -> bool:
        """Wait until one has ended; whether all have. If one has failed, the others are stopped and it is an error."""
        from multiprocessing.connection import wait

        ended = wait([process.sentinel for process in self.processes], timeout)
        for i, process in enumerate(self.processes):
            if process.sentinel in ended:
                process.join()
            if process.exitcode:
                for other in self.processes:
                    other.terminate()
                raise RuntimeError(
                    f"process {i} terminated with exit code {process.exitcode}; its own error stands above"
                )
        return all(process.exitcode is not None for process in self.processes)


def get_all_sharing_strategies() -> set[str]:
    return {"file_system"}


def get_sharing_strategy() -> str:
    return "file_system"


def set_sharing_strategy(new_strategy: str) -> None:
    pass  # there is one
