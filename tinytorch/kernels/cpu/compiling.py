"""How a Python function becomes machine code here: compiled once per machine, kept on disk, serial and parallel.

@compiled                       # part of a kernel, called from other compiled functions
def add_row(x, out): ...

@entry                          # called from Python: for t in prange(tasks) runs in parallel, if it is worth it
def add_rows(x, out, tasks):
    for t in prange(tasks): ...

add_rows(x, out, work=x.size)
"""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import FunctionType

import llvmlite
import numba
import numpy as np
from numba import cfunc, config, njit, types
from numba.core.compiler_lock import global_compiler_lock

from .allocation import keep_freed_memory
from .simd import WIDTH, caller
from .threads import pool, tasks

# error_model="numpy": Python's would check every divisor, and a loop with such a branch has no vector form (7 times slower).
# fastmath: sums may be reordered and products fused, but NaN and infinity keep their meaning.
OPTIONS = {"error_model": "numpy", "nogil": True, "fastmath": {"contract", "reassoc", "nsz", "arcp", "afn"}}
AS_WRITTEN = OPTIONS | {"fastmath": {"contract"}}

keep_freed_memory()

# A child that is forked while another thread compiles has that thread's locks and not the thread: at its own first kernel it
# would wait forever. So a fork waits until nobody compiles, and the child begins with locks that are free.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=global_compiler_lock.acquire,
        after_in_parent=global_compiler_lock.release,
        after_in_child=global_compiler_lock.release,
    )

# ---------------------------------------------------------------- where compiled code is kept


def fingerprint() -> str:
    """What the machine code depends on: the processor, versions, and every source file here.

    Numba notices an edit of a function's own file, but not of a file with a function that it calls.
    """
    told = [llvmlite.binding.get_host_cpu_name(), str(llvmlite.binding.get_host_cpu_features().flatten())]
    told += [
        platform.machine(),
        platform.python_version(),
        numba.__version__,
        llvmlite.__version__,
        np.__version__,
    ]
    told += [str(WIDTH), os.environ.get("NUMBA_CPU_NAME", ""), os.environ.get("NUMBA_CPU_FEATURES", "")]
    digest = hashlib.sha256("\n".join(told).encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def root_folder() -> Path:
    """Where caches go: what the environment names, or the place the system has for them."""
    named = os.environ.get("NUMBA_CACHE_DIR")
    if named:
        return Path(named) / "tinytorch"
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "tinytorch" / "kernels"


def writable_folder() -> Path | None:
    """The folder for this fingerprint: below the root, or below the system's temporary files, or nowhere."""
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "")
    for root in (root_folder(), Path(tempfile.gettempdir()) / f"tinytorch-kernels-{user}"):
        folder = root / fingerprint()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError:
            continue
        drop_old(root, folder)
        return folder
    return None


KEPT = 12  # code for other processors, versions and states of the sources stays a while: someone switches between them


def drop_old(root: Path, current: Path) -> None:
    """Remove all but the folders used last."""
    os.utime(current)
    folders = sorted((f for f in root.iterdir() if f.is_dir()), key=last_used, reverse=True)
    for folder in folders[KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)


def last_used(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:  # another process has just removed it
        return time.time()


FOLDER = writable_folder()

# ---------------------------------------------------------------- compiled functions


def compiled(function=None, *, as_written=False):
    """A function for other compiled functions to call. It is kept on disk as part of them.

    It becomes part of its callers in machine code too: a loop with a call in it has no vector form.

    as_written: its sums are not reordered, because their rounding is meant.
    """
    if function is None:
        return lambda function: compiled(function, as_written=as_written)
    return njit(forceinline=True, **(AS_WRITTEN if as_written else OPTIONS))(function)


def kept(function, compiler=njit, **options):
    """A compiled function that is kept on disk."""
    if FOLDER is None:
        return compiler(**options)(function)
    settings = vars(config)
    # Numba reads the folder when a function is declared.
    before, settings["CACHE_DIR"] = settings["CACHE_DIR"], str(FOLDER)
    try:
        return compiler(cache=True, **options)(function)
    finally:
        settings["CACHE_DIR"] = before


def named(function, suffix: str):
    """The function under a name of its own. Numba's cache and its symbols know a function by its name and types alone, so that
    of two forms compiled from one function, perhaps in different processes, the first to be loaded would be both."""
    copy = FunctionType(function.__code__, function.__globals__, closure=function.__closure__)
    copy.__name__, copy.__qualname__ = f"{function.__name__}_{suffix}", f"{function.__qualname__}_{suffix}"
    return copy


class Entry:
    """A compiled function that Python calls. Its last parameter is `tasks`, the number of parts to split the work into."""

    def __init__(self, function):
        self.__name__, self.__doc__ = function.__name__, function.__doc__
        self.serial = kept(named(function, "serial"), **OPTIONS)
        self.parallel = kept(named(function, "parallel"), parallel=True, **OPTIONS)
        self.ready = set()

    def __call__(self, *args, work: int):
        """`work`: what it costs, in elementwise operations."""
        count = tasks(work)
        if not pool.take(count):
            return self.run(self.serial, args, 1)
        try:
            return self.run(self.parallel, args, count)
        finally:
            pool.give_back()

    def run(self, function, args, count: int):
        if function in self.ready:
            return function(*args, count)
        with told_if_slow(self.__name__):
            result = function(*args, count)
        self.ready.add(function)
        return result


def entry(function) -> Entry:
    return Entry(function)


class Shared:
    """A function of integers whose machine code exists once: kernels are given its address and call it there.

    Were it compiled into each kernel that uses it, each would take seconds longer to compile. Its sums are not reordered: without
    vectors, each height of a tile would get an order of its own, and the number of threads would change bits.
    """

    def __init__(self, function):
        self.function, self.code = function, None
        self.call = caller(function.__code__.co_argcount)

    @property
    def address(self) -> int:
        if self.code is None:
            with global_compiler_lock, told_if_slow(self.function.__name__):
                self.compile()
        return self.code.address

    def compile(self) -> None:
        kind = types.void(*[types.int64] * self.function.__code__.co_argcount)
        options = {name: AS_WRITTEN[name] for name in ("error_model", "fastmath")}
        self.code = self.code or kept(self.function, functools.partial(cfunc, kind), **options)


def shared(function) -> Shared:
    return Shared(function)


# ---------------------------------------------------------------- the first call


class told_if_slow:
    """Says on stderr what is being compiled, if that takes longer than a moment; once in a process."""

    told = False

    def __init__(self, name: str):
        self.timer = threading.Timer(1.0, self.tell, [name])
        self.timer.daemon = True

    def __enter__(self):
        if not told_if_slow.told:
            self.timer.start()

    def __exit__(self, *error) -> None:
        self.timer.cancel()

    @staticmethod
    def tell(name: str) -> None:
        if not told_if_slow.told:
            told_if_slow.told = True
            place = (
                f"and kept in {FOLDER}" if FOLDER else "for this process: no folder to keep it in is writable"
            )
            print(
                f"tinytorch: compiling {name}; a kernel is compiled when it is first used, {place}",
                file=sys.stderr,
            )
