"""Forked and spawned processes, several Python threads, BLAS beside Numba, and registers of every width."""

import platform

import pytest

from tests.kernels.test_dispatch import python

WORK = """
    import numpy as np, os, sys, threading
    from tinytorch.kernels.cpu import gemm, threads

    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal((1, 256, 256)).astype(np.float32) for _ in range(2))
    exact = x.astype(float) @ y

    def right(times=1):
        return all(np.abs(gemm.stacked_product(x, y) - exact).max() < 1e-3 for _ in range(times))
"""


def test_a_child_forked_after_threads_started_computes_alone():
    code = """
    assert right()
    started = threads.pool.started
    child = os.fork()
    if child == 0:
        os._exit(0 if right() and threads.tasks(1 << 30) == 1 else 1)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), right(), started)
    """
    assert python(WORK + code).stdout.split() == ["0", "True", "True"]


def test_a_child_forked_before_has_threads_of_its_own():
    code = """
    child = os.fork()
    if child == 0:
        os._exit(0 if right() else 1)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), right())
    """
    assert python(WORK + code).stdout.split() == ["0", "True"]


def test_a_child_forked_while_another_thread_compiles(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))  # nothing is compiled yet
    code = """
    import time
    compiling = threading.Thread(target=right)
    compiling.start()
    time.sleep(0.5)
    child = os.fork()
    if child == 0:
        import faulthandler
        faulthandler.dump_traceback_later(60, exit=True)
        os._exit(0 if right() else 2)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    assert python(WORK + code).stdout.split() == ["0"]


def test_several_python_threads():
    code = """
    results = []
    workers = [threading.Thread(target=lambda: results.append(right(20))) for _ in range(4)]
    for worker in workers: worker.start()
    for worker in workers: worker.join()
    print(results)
    """
    assert python(WORK + code).stdout.strip() == str([True] * 4)


def test_blas_computes_in_the_thread_that_calls_it():
    code = """
    from threadpoolctl import threadpool_info
    np.ones((64, 64)) @ np.ones((64, 64))
    print({p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"})
    """
    assert python(WORK + code).stdout.strip() == "{1}"


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's malloc has the settings")
def test_memory_that_was_freed_is_there_for_the_next_array():
    """Of 16 MB, 4096 pages, none has to be cleared again; unless the user has settings of his own."""
    code = """
    import numpy as np, resource
    from tinytorch.kernels.cpu import compiling
    faults = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(3):
        before = faults()
        x = np.empty(1 << 22, np.float32); x[::1024] = 1
        found = faults() - before
        del x
    print(found)
    """
    assert int(python(code).stdout) < 100
    assert (
        int(
            python(
                code, MALLOC_MMAP_MAX_=1000, MALLOC_TRIM_THRESHOLD_=0, MALLOC_MMAP_THRESHOLD_=1 << 20
            ).stdout
        )
        > 0
    )


def test_waiting_threads_sleep_soon_unless_the_user_says_otherwise(monkeypatch):
    code = "import os; from tinytorch.kernels.cpu import threads; print(os.environ.get('GOMP_SPINCOUNT'))"
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)  # kernels that ran in this process have set it
    given = [{}, {"GOMP_SPINCOUNT": 7}, {"OMP_WAIT_POLICY": "active"}]
    told = [python(code, **settings).stdout.strip() for settings in given]
    assert told[0] in ("2000", "6000") and told[1:] == ["7", "None"]


@pytest.mark.parametrize("width", [1, 4, 8, 16])
def test_any_register_width(width):
    """Forced, since one machine has one: the compiler takes wide vectors apart where the processor has none."""
    code = """
    from tinytorch.backend import Kernel
    from tinytorch.kernels.cpu import convolution as c
    from tinytorch.nn.functional.convolution import convolution_input_kernel, convolution_kernel, convolution_weight_kernel

    def off(channels, outputs, groups, stride):
        x = rng.standard_normal((2, channels, 9, 7)).astype(np.float32)
        w = rng.standard_normal((outputs, channels // groups, 3, 3)).astype(np.float32)
        settings = (stride, (1, 1), (1, 1), groups)
        out = c.convolution(x, w, None, *settings)
        pairs = [(out, convolution_kernel.reference(x, w, None, *settings))]
        pairs.append((c.convolution_input(out, w, (9, 7), *settings), convolution_input_kernel.reference(out, w, (9, 7), *settings)))
        pairs.append((c.convolution_weight(out, x, (3, 3), *settings), convolution_weight_kernel.reference(out, x, (3, 3), *settings)))
        return max(np.abs(a - b).max() / np.abs(b).max() for a, b in pairs)

    few, narrow = x[:, :9], y[:, :, :48]
    whole = gemm.stacked_product(few, narrow)  # a row has the same bits in a tile of any height
    same = all(np.array_equal(gemm.stacked_product(few[:, :h], narrow), whole[:, :h]) for h in range(1, 10))
    print(right(), same, *[off(*case) < 1e-4 for case in ((20, 9, 1, (1, 1)), (5, 9, 1, (2, 1)), (20, 20, 20, (1, 2)))])
    """
    assert python(WORK + code, TINYTORCH_SIMD=width).stdout.split() == ["True"] * 5
