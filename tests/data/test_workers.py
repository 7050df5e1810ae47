"""Workers that fail, hang, die or are left: errors that say where, and nothing left behind."""

import gc
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
from functools import partial

import numpy as np
import pytest

import tinytorch
from tinytorch.data import DataLoader, Dataset, IterableDataset, TensorDataset
from tinytorch.data.blocks import Reader, Writer, pack, unpack

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /dev/shm and sends signals")
METHODS = ["fork", "spawn"]


class Acting(Dataset):
    """Samples are their indices as arrays of one kilobyte; what `act` does happens at index 13."""

    def __init__(self, act=None, n=40):
        self.act, self.n = act, n

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        if index == 13 and self.act is not None:
            self.act()
        return np.full(128, index)


class Special(Exception):
    def __init__(self, first, second):
        super().__init__(first, second)


def fail():
    return {}["missing"]


def fail_specially():
    raise Special(1, 2)


def stop_iteration():
    raise StopIteration


def sleep():
    time.sleep(60)


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def leave():
    os._exit(3)


def exit_politely():
    sys.exit(4)


def loader(act=None, **options):
    return DataLoader(Acting(act), **{"batch_size": 4, "num_workers": 2, **options})


def blocks(pid: int | None = None) -> list[str]:
    """The blocks of this program, or of the one with that process id."""
    return [name for name in os.listdir("/dev/shm") if name.startswith(f"tt{pid or os.getpid():x}_")]


@pytest.fixture(autouse=True)
def nothing_is_left_behind():
    yield
    gc.collect()
    assert blocks() == []
    assert multiprocessing.active_children() == []


# ---------------------------------------------------------------- exceptions


@pytest.mark.parametrize("method", METHODS)
def test_an_exception_comes_with_the_worker_s_traceback_and_the_sample(method):
    with pytest.raises(KeyError) as caught:
        list(loader(fail, multiprocessing_context=method))
    text = str(caught.value)
    assert (
        "Caught KeyError in DataLoader worker process 1, while reading sample 13 of the batch [12, 13, 14, 15]."
        in text
    )
    assert 'return {}["missing"]' in text and "in fail" in text
    assert "\n" in text  # readable, not the repr of a string


def test_the_batches_before_an_exception_arrive_and_those_after_it_too():
    iterator = iter(loader(fail))
    assert [next(iterator)[0, 0].item() for _ in range(3)] == [0, 4, 8]
    with pytest.raises(KeyError):
        next(iterator)
    assert [batch[0, 0].item() for batch in iterator] == [16, 20, 24, 28, 32, 36]


def test_exceptions_that_cannot_be_made_again_become_runtime_errors():
    with pytest.raises(
        RuntimeError, match="Caught Special in DataLoader worker process 1, while reading sample 13"
    ):
        list(loader(fail_specially))
    with pytest.raises(RuntimeError, match="Caught StopIteration"):
        list(loader(stop_iteration))

    class Local(Exception):
        pass

    def fail_locally():
        raise Local("here")

    with pytest.raises(RuntimeError, match=r"Caught Local(.|\n)*here"):
        list(loader(fail_locally, multiprocessing_context="fork"))


def test_an_exception_in_collate_fn_names_the_batch():
    with pytest.raises(ZeroDivisionError, match=r"reading or collating the batch of samples \[0, 1, 2, 3\]"):
        list(loader(collate_fn=lambda batch: 1 / 0, multiprocessing_context="fork"))


def test_a_batch_that_cannot_be_pickled():
    with pytest.raises(
        (AttributeError, pickle.PicklingError, RuntimeError), match=r"samples \[0, 1, 2, 3\](.|\n)*lambda"
    ):
        list(loader(collate_fn=lambda batch: lambda: 0, multiprocessing_context="fork"))


def fail_at_start(rank):
    raise OSError(f"no file for {rank}")


def test_an_exception_at_the_start():
    with pytest.raises(OSError, match=r"worker process 0, at its start(.|\n)*no file for 0"):
        list(loader(worker_init_fn=fail_at_start))


class FailingStream(IterableDataset):
    def __iter__(self):
        yield 1
        raise KeyError("second")


def test_an_exception_in_a_stream():
    with pytest.raises(KeyError, match="worker process 0, in its stream"):
        list(DataLoader(FailingStream(), num_workers=1))


def test_spawn_says_what_it_needs():
    with pytest.raises(RuntimeError, match=r"'spawn'.*pickle.*top level of a module"):
        list(loader(collate_fn=lambda batch: batch, multiprocessing_context="spawn"))


# ---------------------------------------------------------------- death


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "act,reason", [(kill, r"exit code -9 \(SIGKILL"), (leave, "exit code 3"), (exit_politely, "exit code 4")]
)
def test_a_worker_s_death_names_the_sample(method, act, reason):
    iterator = iter(loader(act, multiprocessing_context=method))
    assert [next(iterator)[0, 0].item() for _ in range(3)] == [0, 4, 8]
    pid = iterator.pool.seats[1].process.pid
    with pytest.raises(
        RuntimeError,
        match=rf"worker 1 \(pid {pid}\) died with {reason}.*, while reading sample 13 of the batch \[12, 13, 14, 15\]",
    ):
        next(iterator)


def test_death_while_gathering_names_the_batch():
    iterator = iter(DataLoader(TensorDataset(tinytorch.arange(100)), batch_size=2, num_workers=2))
    next(iterator)
    os.kill(iterator.pool.seats[1].process.pid, signal.SIGKILL)
    with pytest.raises(RuntimeError, match=r"worker 1 .*died"):
        list(iterator)


def test_the_loader_works_again_after_a_death():
    again = loader(persistent_workers=True)
    iterator = iter(again)
    next(iterator)
    os.kill(iterator.pool.seats[0].process.pid, signal.SIGKILL)
    with pytest.raises(RuntimeError, match="worker 0"):
        list(iterator)
    assert len(list(again)) == 10


def test_timeout():
    started = time.monotonic()
    with pytest.raises(
        RuntimeError, match=r"timed out after 0.5 seconds, waiting for worker 1 while reading sample 13"
    ):
        list(loader(sleep, timeout=0.5))
    assert time.monotonic() - started < 10


def test_timeout_is_not_used_up_by_a_working_loader():
    assert len(list(loader(timeout=30))) == 10


# ---------------------------------------------------------------- leaving early


@pytest.mark.parametrize("method", METHODS)
def test_break_ends_the_workers_at_once(method):
    for batch in loader(multiprocessing_context=method):
        assert batch.shape == (4, 128)
        break
    del batch
    gc.collect()
    assert multiprocessing.active_children() == []


def test_break_from_a_worker_that_hangs():
    started = time.monotonic()
    for _ in loader(sleep):
        break
    gc.collect()
    assert multiprocessing.active_children() == [] and time.monotonic() - started < 10


def test_the_end_of_an_epoch_ends_the_workers():
    iterator = iter(loader())
    assert len(list(iterator)) == 10
    assert multiprocessing.active_children() == []
    assert list(iterator) == []


def test_persistent_workers_stay_until_the_loader_goes():
    keeping = loader(persistent_workers=True)
    pids = []
    for _ in range(3):
        list(keeping)
        pids.append([process.pid for process in multiprocessing.active_children()])
    assert len(pids[0]) == 2 and pids[0] == pids[1] == pids[2]
    for _ in keeping:
        break
    assert [batch[0, 0].item() for batch in keeping] == list(
        range(0, 40, 4)
    )  # a clean epoch after one that was left
    del keeping
    gc.collect()
    assert multiprocessing.active_children() == []


def test_two_loaders_at_once():
    with_two = [(a[0, 0].item(), b[0, 0].item()) for a, b in zip(loader(), loader())]
    assert with_two == [(i, i) for i in range(0, 40, 4)]


def test_huge_index_lists_and_a_busy_worker_do_not_block_the_end():
    data = TensorDataset(tinytorch.arange(200_000))
    started = time.monotonic()
    for _ in DataLoader(data, batch_size=50_000, num_workers=1, prefetch_factor=8):
        break
    gc.collect()
    assert time.monotonic() - started < 10


# ---------------------------------------------------------------- whole programs

HEADER = """
import os, signal, sys, time
import numpy as np
from tinytorch.data import DataLoader, Dataset

class Slow(Dataset):
    def __len__(self):
        return 1000

    def __getitem__(self, index):
        time.sleep(0.01)
        return np.full(1000, index)

def say(*words):
    print(*words, flush=True)
"""


def program(body: str, method: str, **options) -> subprocess.Popen:
    code = HEADER + textwrap.dedent(body).replace("METHOD", repr(method))
    path = options.pop("folder") / "program.py"
    path.write_text(code)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(tinytorch.__file__))}
    return subprocess.Popen(
        [sys.executable, "-W", "error", str(path)], env=environment, start_new_session=True, **pipes
    )


def processes_of_group(group: int) -> list[int]:
    """The processes of a group that still run; zombies of a dead parent are not ours."""
    alive = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat") as file:
                state, _, of_group = file.read().rpartition(")")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(of_group) == group and state != "Z":
            alive.append(int(entry))
    return alive


def gone(pid: int) -> bool:
    return not processes_of_group(pid) and not blocks(pid)


def wait_until(condition, seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


ENDLESS = """
if __name__ == "__main__":
    for i, batch in enumerate(DataLoader(Slow(), batch_size=4, num_workers=3, multiprocessing_context=METHOD)):
        say("batch", i)
"""


@pytest.mark.parametrize("method", METHODS)
def test_ctrl_c(method, tmp_path):
    run = program(ENDLESS, method, folder=tmp_path)
    for _ in range(5):
        run.stdout.readline()
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does: the parent and the workers all get it
    _, errors = run.communicate(timeout=30)
    assert run.returncode != 0
    assert errors.count("KeyboardInterrupt") == 1, errors
    assert errors.count("Traceback") == 1 and "leaked" not in errors, errors
    assert wait_until(partial(gone, run.pid))


def test_ctrl_c_during_the_start_of_the_workers(tmp_path):
    body = """
    if __name__ == "__main__":
        list(DataLoader(range(4), num_workers=2))  # Python swallows a Ctrl-C in an import: have them all done
        say("go")
        for _ in range(1000):
            for batch in DataLoader(Slow(), batch_size=4, num_workers=4):
                break
    """
    for delay in (0.0, 0.01, 0.02, 0.05):
        run = program(body, "fork", folder=tmp_path)
        run.stdout.readline()
        time.sleep(delay)
        os.killpg(run.pid, signal.SIGINT)
        _, errors = run.communicate(timeout=30)
        assert run.returncode != 0 and "Process DataLoader" not in errors and "leaked" not in errors, errors
        assert wait_until(partial(gone, run.pid))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "ending",
    [
        "sys.exit(0)",  # with the iterator alive
        "iterator.pool.closed or say('open'); sys.exit(0)",
        "del iterator; sys.exit(0)",
        "globals().update(keep=iterator.pool); sys.exit(0)",
    ],
)
def test_a_program_that_ends_in_the_middle(method, ending, tmp_path):
    body = f"""
    if __name__ == "__main__":
        iterator = iter(DataLoader(Slow(), batch_size=4, num_workers=2, multiprocessing_context=METHOD))
        next(iterator)
        {ending}
    """
    run = program(body, method, folder=tmp_path)
    _, errors = run.communicate(timeout=30)
    assert run.returncode == 0 and errors == ""
    assert wait_until(partial(gone, run.pid))


@pytest.mark.parametrize("method", METHODS)
def test_workers_end_when_the_parent_is_killed(method, tmp_path):
    run = program(ENDLESS, method, folder=tmp_path)
    for _ in range(3):
        run.stdout.readline()
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    assert wait_until(lambda: not processes_of_group(run.pid), seconds=20)
    assert wait_until(lambda: not blocks(run.pid))  # the resource tracker's work
    run.communicate()


@pytest.mark.skipif(not os.path.isdir("/dev/shm"), reason="looks at the blocks as files")
def test_a_block_that_its_worker_had_no_time_to_size_is_removed():
    _posixshmem = pytest.importorskip("_posixshmem")
    name = f"tt_test_{os.getpid()}"
    reader = Reader(name, slots=1)
    os.close(_posixshmem.shm_open(f"/{name}_0_1", os.O_CREAT | os.O_EXCL | os.O_RDWR, mode=0o600))
    reader.remove()  # the worker was killed between shm_open and ftruncate
    assert not os.path.exists(f"/dev/shm/{name}_0_1")


def test_worker_deaths_at_random_moments_leave_nothing(tmp_path):
    body = """
    import random
    if __name__ == "__main__":
        class Growing(Dataset):
            def __len__(self):
                return 10**6

            def __getitem__(self, index):
                return np.zeros(100 * (index + 1))  # blocks are replaced all the time

        for round in range(40):
            iterator = iter(DataLoader(Growing(), batch_size=1, num_workers=2, multiprocessing_context="fork"))
            for _ in range(random.randrange(30)):
                next(iterator)
            time.sleep(random.random() / 200)
            os.kill(iterator.pool.seats[round % 2].process.pid, signal.SIGKILL)
            try:
                for _ in range(10):
                    next(iterator)
            except RuntimeError as error:
                assert "SIGKILL" in str(error)
            else:
                say("the death was not noticed")
            assert not [name for name in os.listdir("/dev/shm") if name.startswith(iterator.pool.job.prefix)]
    """
    run = program(body, "fork", folder=tmp_path)
    output, errors = run.communicate(timeout=60)
    assert (run.returncode, output, errors) == (0, "", "")


def test_a_fork_of_the_program_does_not_end_its_workers():
    iterator = iter(loader())
    next(iterator)
    child = multiprocessing.get_context("fork").Process(target=iterator.pool.close)
    child.start()
    child.join()
    assert child.exitcode == 0 and len(list(iterator)) == 9


# ---------------------------------------------------------------- blocks


@pytest.mark.parametrize(
    "payload",
    [
        np.arange(12.0).reshape(3, 4),
        np.asfortranarray(np.arange(12.0).reshape(3, 4)),
        np.arange(12)[::2],
        np.zeros((0, 3)),
        np.array(2.5),
        {"a": [np.ones(1000, np.float16), "text"], "b": (None, 3, b"bytes" * 1000)},
        [np.full(i, i) for i in range(300)],
        np.array(["a", "bc"]),
    ],
    ids=["c", "fortran", "strided", "empty", "scalar", "dict", "many", "strings"],
)
def test_blocks_carry_anything(payload):
    np.testing.assert_equal(unpack(memoryview(b"".join(pack(payload)))), payload)


def test_arrays_come_out_aligned_writable_and_their_own():
    prefix = f"tt{os.getpid():x}_test"
    writer, reader = Writer(prefix, 1), Reader(prefix, 1)
    out = reader.read(0, writer.write(0, [np.arange(7, dtype=np.int8), np.arange(5.0)]))
    again = reader.read(0, writer.write(0, [np.zeros(7, np.int8), np.zeros(5)]))
    assert out[1].tolist() == [0, 1, 2, 3, 4] and again[1].tolist() == [0] * 5
    assert out[1].flags.writeable and out[1].flags.aligned
    large = reader.read(0, writer.write(0, np.ones(100_000)))
    assert large.sum() == 100_000 and len(blocks()) == 1
    writer.blocks[0].close()
    reader.remove()


def test_a_full_shared_memory_is_an_error_not_a_signal(monkeypatch):
    full = os.statvfs_result((4096, 4096, 10, 0, 0, 0, 0, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda path: full)
    with pytest.raises(MemoryError, match=r"/dev/shm has 0 left(.|\n)*--shm-size"):
        list(loader(multiprocessing_context="fork"))


def fail_at_length():
    raise ValueError("x" * 10**6 + "the end")


def test_an_endless_error_message_is_cut_in_the_middle():
    with pytest.raises(ValueError, match="while reading sample 13") as caught:
        list(loader(fail_at_length))
    assert len(str(caught.value)) < 40_000 and str(caught.value).rstrip().endswith("the end")
