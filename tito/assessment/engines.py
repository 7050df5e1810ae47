"""Where drivers run: as processes of this machine, or on a Dask cluster. Both take jobs and hand back results; neither sees the gradebook.

with Local(room, "A", workers=2) as engine:
    engine.submit(job, archive)
    for job, result in engine.wait(1.0): ...     # result None: the driver is gone, and the job is still to be done
"""

from __future__ import annotations

import atexit
import json
import os
import queue
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import TitoError
from .boxes import sweep
from .classroom import Class
from .driver import broken, grade, result_of
from .exams import Shelf
from .isolation.launch import remove
from .results import Job, Result

SILENT = 60.0  # seconds without a sign of life after which a driver is given up
HERE = Path(__file__).resolve().parents[2]
THREADS = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
}  # slots, not threads, share the cores
Done = tuple[Job, Result | None]


class Local:
    """A driver process for each slot. One that dies or falls silent is replaced, and its job handed back."""

    def __init__(self, room: Class, tier: str, workers: int):
        self.room, self.tier, self.slots = room, tier, workers
        self.folder = boxes_of(room)
        self.done: queue.Queue[Done] = queue.Queue()
        self.drivers: list[Driver] = []

    def __enter__(self) -> Local:
        clear(self.folder)
        self.folder.mkdir(parents=True)
        return self

    def __exit__(self, *_) -> None:
        for driver in self.drivers:
            driver.end()
        clear(self.folder)

    def get_ready(self) -> None:
        """Start one more driver, if there is a slot for it, ahead of its first job."""
        if len(self.drivers) < self.slots:
            self.drivers.append(Driver(self.room, self.tier, self.folder, self.done))
            self.drivers[-1].tell(
                {"prepare": [task.id for task in self.room.tasks if task.kind == "milestone"]}
            )

    def submit(self, job: Job, archive: Path) -> None:
        """Give a job to a driver that has none; there is one as long as no more than `slots` jobs are out."""
        for driver in [d for d in self.drivers if not d.alive]:
            driver.end()
            self.drivers.remove(driver)
        idle = next((d for d in self.drivers if d.job is None), None)
        if idle is None:
            idle = Driver(self.room, self.tier, self.folder, self.done)
            self.drivers.append(idle)
        idle.give(job, archive)

    def wait(self, seconds: float) -> list[Done]:
        """What has come by now; waits so long for the first."""
        for driver in self.drivers:
            if driver.alive and time.monotonic() - driver.heard > SILENT:
                driver.process.kill()
        found: list[Done] = []
        try:
            found.append(self.done.get(timeout=seconds))
            while True:
                found.append(self.done.get_nowait())
        except queue.Empty:
            return found


class Driver:
    """One driver process and the thread that listens to it."""

    def __init__(self, room: Class, tier: str, folder: Path, done: queue.Queue[Done]):
        self.done, self.heard = done, time.monotonic()
        self.job: Job | None = None
        paths = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tito.assessment.driver", str(room.folder.resolve()), tier, str(os.getpid()), str(folder / "common")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", start_new_session=True,
            env=os.environ | THREADS | {"PYTHONPATH": paths, "TMPDIR": str(folder)},
        )  # fmt: skip
        threading.Thread(target=self.listen, daemon=True).start()

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def give(self, job: Job, archive: Path) -> None:
        self.job, self.heard = job, time.monotonic()
        self.tell({"job": asdict(job), "archive": str(archive)})

    def tell(self, order: dict[str, Any]) -> None:
        try:
            self.process.stdin.write(json.dumps(order) + "\n")  # type: ignore[union-attr]
            self.process.stdin.flush()  # type: ignore[union-attr]
        except OSError:
            self.process.kill()  # it is gone; whoever listens hands the job back

    def listen(self) -> None:
        for line in self.process.stdout:  # type: ignore[union-attr]
            self.heard = time.monotonic()
            try:
                record = json.loads(line)
            except ValueError:
                break  # half a line: it was killed while it wrote
            if "result" in record and self.job is not None:
                job, self.job = self.job, None
                self.done.put((job, result_of(record["result"])))
        self.process.kill()
        self.process.wait()
        if self.job is not None:
            job, self.job = self.job, None
            self.done.put((job, None))

    def end(self) -> None:
        """The driver first, then what is left of its sandbox: both die with it, but not everywhere at once."""
        with_group(self.process.pid)
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            try:
                pipe.close()  # type: ignore[union-attr]
            except (OSError, ValueError):
                continue


def with_group(pid: int) -> None:
    if hasattr(os, "killpg"):
        try:
            os.killpg(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return


def boxes_of(room: Class) -> Path:
    """Where this class's drivers put what is of the moment: known by the class, so that the next start finds what a killed one left."""
    import hashlib

    name = hashlib.sha256(os.fsencode(room.folder.resolve())).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"tito-class-{os.getuid() if hasattr(os, 'getuid') else 0}-{name}"


def clear(folder: Path) -> int:
    """End what a killed grader left running, and remove its files; how many processes there were."""
    if folder.is_symlink():
        raise TitoError(f"{folder} is a link; graders' boxes would go where it leads", "remove it")
    left = sweep(folder)
    remove(folder)
    return left


# ---------------------------------------------------------------- a cluster


class Cluster:
    """Drivers in the workers of a Dask cluster; the archive and the class's secret travel with the job."""

    def __init__(self, room: Class, tier: str, address: str = "", workers: int = 2):
        try:
            from distributed import Client, LocalCluster
        except ImportError:
            raise TitoError(
                "the engine dask needs dask.distributed", 'pip install "tinytorch[cluster]"'
            ) from None
        self.room, self.tier = room.with_key(), tier
        self.cluster = (
            None if address else LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None)
        )
        self.client = Client(address or self.cluster, set_as_default=False)
        self.slots = max(1, sum(self.client.nthreads().values()))
        self.out: dict[Any, Job] = {}

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_) -> None:
        self.client.cancel(list(self.out))
        self.client.close()
        if self.cluster is not None:
            self.cluster.close()

    def submit(self, job: Job, archive: Path) -> None:
        order = (self.room, asdict(job), archive.name, archive.read_bytes(), self.tier)
        future = self.client.submit(
            grade_far_away, *order, pure=False, key=f"grade-{job.id}-{secrets.token_hex(4)}"
        )
        self.out[future] = job

    def wait(self, seconds: float) -> list[Done]:
        """A worker that dies takes no job along: the scheduler gives it to another one, three times."""
        deadline = time.monotonic() + seconds
        while not (ready := [future for future in self.out if future.done()]) and time.monotonic() < deadline:
            time.sleep(0.05)
        found: list[Done] = []
        for future in ready:
            job = self.out.pop(future)
            error = future.exception()
            if error is None:
                found.append((job, result_of(future.result())))
            elif type(error).__name__ == "KilledWorker":
                found.append((job, None))
            else:
                found.append((job, broken(error, self.tier, 0.0)))
        return found


def grade_far_away(room: Class, job: dict[str, Any], name: str, archive: bytes, tier: str) -> dict[str, Any]:
    """In a worker: the job done there, its result as a record."""
    os.environ.update(THREADS)
    with tempfile.TemporaryDirectory(prefix="tito-job-") as folder:
        path = Path(folder) / name
        path.write_bytes(archive)
        return asdict(grade(room, Job(**job), path, tier, a_shelf()))


@cache
def a_shelf() -> Shelf:
    """One for each worker: its data sets are read once."""
    shelf = Shelf()
    atexit.register(shelf.close)
    return shelf
