"""Grading on a Dask cluster: a scheduler and two workers on the loopback, one of them killed in the middle."""

from __future__ import annotations

import random
import time

import pytest

from tests.assessment import soak
from tito.assessment import batch as batching
from tito.assessment import classroom
from tito.assessment.batch import Order, batch
from tito.assessment.engines import Cluster
from tito.assessment.store import Gradebook

distributed = pytest.importorskip(
    "distributed", reason="dask.distributed is not installed: pip install tinytorch[cluster]"
)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the scheduler and its event loop say much while a worker dies
def test_a_worker_is_killed_and_no_grade_is_lost(tmp_path, best_tier, monkeypatch):
    folder = tmp_path / "class"
    expected = soak.a_class(folder, 8, soak.versions(2, random.Random(5)), 6.0, best_tier)
    room = classroom.read(folder)
    killed = []
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        monkeypatch.setattr(
            batching,
            "engine_of",
            lambda room, tier, order: Cluster(room, tier, cluster.scheduler_address),
        )

        def kill_one(event, facts):
            if event == "graded" and facts["done"] == 2 and not killed:
                nanny = next(iter(cluster.workers.values()))
                killed.append(nanny.pid)
                nanny.process.process._process.kill()

        book = Gradebook(room.gradebook)
        report = batch(
            room, book, Order(engine="dask", isolation="weak" if best_tier == "C" else best_tier), kill_one
        )
        deadline = time.monotonic() + 30
        while report.errors and time.monotonic() < deadline:
            report = batch(room, book, Order(engine="dask", only="failed"))
        assert killed and not report.errors
        assert {row["student"]: row["score"] for row in book.standing() if row["state"] == "done"} == expected
        assert len(book.attempts()) == 8 and book.broken_at() is None
        assert batch(room, book, Order()).jobs == 0
        book.close()
