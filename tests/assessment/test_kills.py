"""A sandbox that somebody kills costs nobody a mark: it is asked again; what is killed every time has failed."""

from __future__ import annotations

import select
import threading
import time
from subprocess import PIPE

import pytest

from tests.assessment.apart import COURSE, TIER, judged, lay_out, verdicts
from tito.assessment.isolation.kills import KILLS
from tito.assessment.isolation.launch import Sandbox
from tito.milestones import session
from tito.milestones.wire import read_frame


@pytest.fixture
def kill(monkeypatch):
    """Has the first sandboxes that run a module killed, each so many seconds after its start; returns the list of what was alive then."""
    start = Sandbox.start

    def these(module: str, moments: list[float]) -> list[bool]:
        alive: list[bool] = []

        def and_killed(box, name="tito.milestones.probe", **pipes):
            process = start(box, name, **pipes)
            if name == module and moments:

                def shoot():
                    alive.append(process.poll() is None)
                    process.kill()

                moment = moments.pop(0)
                threading.Timer(moment, shoot).start() if moment else shoot()
            return process

        monkeypatch.setattr(Sandbox, "start", and_killed)
        return alive

    return these


@pytest.mark.parametrize("moments", [[0.0], [0.05], [0.15], [0.02, 0.1]], ids=str)
def test_a_milestone(desk, work, tier, kill, moments):
    alive, many = kill("tito.milestones.probe", moments), len(moments)
    result = desk.grade(work, tier)
    assert alive == [True] * many
    assert [f"{c.name}: {c.message}" for c in result.checks if c.verdict != "passed"] == []


def test_a_milestone_that_is_killed_in_the_middle_of_an_answer(desk, work, tier, monkeypatch):
    """More is still to come than a pipe holds, so the frame cannot come whole."""
    start, started, cut = Sandbox.start, [], []

    def noted(box, name="tito.milestones.probe", **pipes):
        started.append(start(box, name, **pipes))
        return started[-1]

    class Cut:
        def __init__(self, stream):
            self.readline, self.rest = stream.readline, stream.read

        def read(self, size: int) -> bytes:
            if size > 3 << 16 and not cut:
                cut.append(size)
                started[-1].kill()
            return self.rest(size)

    monkeypatch.setattr(Sandbox, "start", noted)
    monkeypatch.setattr(session, "read_frame", lambda stream, largest: read_frame(Cut(stream), largest))
    result = desk.grade(work, tier)
    assert cut
    assert [f"{c.name}: {c.message}" for c in result.checks if c.verdict != "passed"] == []


def test_a_milestone_that_is_killed_every_time(desk, work, best_tier, kill):
    kill("tito.milestones.probe", [0.0] * 100)
    result = desk.grade(work, best_tier)
    assert result.score == 0.0
    verdicts = [check.verdict for check in result.checks]
    assert "memory_limit" in verdicts and set(verdicts) <= {"passed", "memory_limit", "blocked"}, (
        result.checks
    )


@pytest.mark.parametrize("moments", [[0.0], [0.2], [0.4], [0.1, 0.3]], ids=str)
def test_a_module(tmp_path, kill, moments):
    alive, many = kill("tito.assessment.remote.server", moments), len(moments)
    found = judged(lay_out(tmp_path, COURSE.module("01_tensor")), COURSE.module("01_tensor"), TIER)
    assert alive == [True] * many
    assert set(verdicts(found).values()) == {"passed"} and found.sandboxes == 1


def test_nothing_outlives_what_is_killed(tier):
    """Whenever it is killed: while bubblewrap still lays out its namespaces, too."""
    for moment in [thousandth / 1000 for thousandth in range(15)] * 4:
        box = Sandbox(tier)
        process = box.start("tito.milestones.probe", stdin=PIPE, stdout=PIPE)
        time.sleep(moment)
        process.kill()
        process.wait()
        box.bury()
        assert select.select([process.stdout], [], [], 20)[0], f"killed after {moment} s, something lives"
        box.end()


def test_a_module_that_is_killed_every_time(tmp_path, kill):
    alive = kill("tito.assessment.remote.server", [0.3] * 100)
    found = judged(lay_out(tmp_path, COURSE.module("01_tensor")), COURSE.module("01_tensor"), TIER)
    told = [found.package, *found.records]
    assert "memory_limit" in [one["verdict"] for one in told if one], found
    assert len(alive) > KILLS
