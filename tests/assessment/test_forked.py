"""Sandboxed processes that are forked from one with NumPy in it: as tight as new ones, and as alone."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tito.assessment import boxes
from tito.assessment.boxes import Box
from tito.assessment.isolation.doctor import ATTEMPTS, PROGRAM
from tito.assessment.isolation.forked import Forked, Warm
from tito.assessment.isolation.limits import MB, Limits

from .left import left_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="tiers A and B are Linux's")
HERE = Path(__file__).resolve()


@pytest.fixture
def box(tier):
    """`box(code)`: a box in which a module `program` is about to run; all are ended."""
    made = []

    def start(code, process=Forked, **options):
        one = Box(tier, [], Path(), **options)
        made.append(one)
        one.package = one.inbox
        (one.inbox / "program.py").write_text(code)
        one.words = tempfile.TemporaryFile()
        one.start("program", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=one.words)
        assert isinstance(one.process, process)
        return one

    yield start
    for one in made:
        one.end()
        one.words.close()
        assert not one.folder.exists()


def said(one, told: bytes = b"") -> str:
    one.process.stdin.write(told)
    one.process.stdin.close()
    return one.process.stdout.read().decode()


@pytest.mark.parametrize("name", ATTEMPTS)
def test_nothing_gets_out(box, name):
    one = box(PROGRAM, limits=Limits(cpu=10, memory=2048 * MB))
    told = said(one, f"{Path(boxes.__file__).resolve()}\n{os.getpid()}\n{ATTEMPTS[name]}".encode())
    assert told.startswith("held") or (not told and one.process.wait(10))


def test_it_is_bound_as_a_new_one_is(box, tier, monkeypatch):
    """No capability, no new ones, a filter for system calls; in tier A every namespace is its own."""
    code = "import os\nprint(open('/proc/self/status').read())\nprint(*[os.readlink('/proc/self/ns/' + n) for n in sorted(os.listdir('/proc/self/ns')) if '_for_' not in n and n != 'time'])"
    forked = said(box(code)).splitlines()
    monkeypatch.setattr(Warm, "fork", refuse)
    new = said(box(code, subprocess.Popen)).splitlines()
    keys = ("Cap", "NoNewPrivs", "Seccomp:", "Uid", "Gid", "Groups")
    assert [line for line in forked if line.startswith(keys)] == [
        line for line in new if line.startswith(keys)
    ]
    mine = {os.readlink(f"/proc/self/ns/{name}") for name in os.listdir("/proc/self/ns")}
    assert not (tier == "A" and mine & set(forked[-1].split())), forked[-1]


def refuse(*_, **__):
    raise OSError("not here")


def test_one_knows_nothing_of_another(box):
    code = "import builtins, numpy, os, random, sys\ndef opened(n):\n    try: return bool(os.fstat(n))\n    except OSError: return False\nprint(getattr(numpy, 'mine', None), getattr(builtins, 'mine', None), random.random(), numpy.random.rand(), sys.argv)\nnumpy.mine = builtins.mine = 'secret'\nopen('kept', 'w').write('secret')\nprint(os.listdir('.'), [n for n in range(64) if opened(n)], flush=True)"
    one, other = (said(box(code)).splitlines() for _ in range(2))
    assert one[0].startswith("None None") and other[0].startswith("None None")
    assert one[0].split()[2] != other[0].split()[2] and one[0].split()[3] != other[0].split()[3]
    assert one[1] == other[1] == "['kept'] [0, 1, 2]"


def test_how_it_ended_is_told(box):
    assert box("raise SystemExit(3)").process.wait(20) == 3
    one = box("raise ValueError('why')")
    assert one.process.wait(20) == 1
    one.words.seek(0)
    assert one.words.read().endswith(b"ValueError: why\n")
    one = box("while True: pass")
    with pytest.raises(subprocess.TimeoutExpired):
        one.process.wait(0.1)
    one.process.kill()
    assert one.process.wait(20) == -signal.SIGKILL and one.process.poll() == -signal.SIGKILL
    assert box("while True: pass", limits=Limits(cpu=1)).process.wait(20) == -signal.SIGXCPU


def test_what_a_submission_may_import_is_there_and_nothing_else(box):
    code = """
import matplotlib.pyplot, numba, safetensors, scipy.special, yaml
for name in ("torch", "tito.assessment.exams", "click"):
    try:
        __import__(name)
    except ModuleNotFoundError:
        print("not", name)
"""
    assert said(box(code)).split("\n") == ["not torch", "not tito.assessment.exams", "not click", ""]


def keeper_of(one) -> int:
    return int(Path(f"/proc/{one.process.pid}/stat").read_text().rpartition(")")[2].split()[1])


def gone(pid: int) -> bool:
    """Within twenty seconds: it, or its remains until somebody asks for them."""
    deadline = time.monotonic() + 20
    while (there := os.path.lexists(f"/proc/{pid}/cwd")) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not there


def test_where_a_box_has_ended_nothing_is_left(box):
    """At once, whatever it was in the middle of: starting, or waiting with a child."""
    for turn in range(12):
        one = box("import os, time\nos.fork()\nprint(flush=True)\ntime.sleep(60)")
        if turn % 2:
            one.process.stdout.readline()
        one.end()
        assert left_of(one.folder) == []


def test_it_dies_with_its_keeper(box):
    one = box("print(flush=True)\nwhile True: pass")
    one.process.stdout.readline()
    os.kill(keeper_of(one), signal.SIGKILL)
    assert one.process.wait(20) == -signal.SIGKILL
    assert gone(one.process.pid)


def test_it_dies_with_the_grader(box):
    """The line to the keeper is closed, as it is when the grader is killed."""
    one = box("print(flush=True)\nwhile True: pass")
    one.process.stdout.readline()
    one.process.hang_up()
    assert gone(one.process.pid)


def test_it_dies_with_its_namespaces(box, tier):
    if tier == "B":
        pytest.skip("tier B has none")
    one = box("print(flush=True)\nwhile True: pass")
    one.process.stdout.readline()
    one.holder.kill()
    assert one.process.wait(20) == -signal.SIGKILL


def test_what_it_is_forked_from_may_be_killed(box):
    one = box("import sys; print(sys.stdin.read())")
    was = boxes.warm().process
    was.kill()
    was.wait()
    assert said(one, b"still here").strip() == "still here"
    assert said(box("print('and another')")).strip() == "and another"


def test_where_nothing_can_be_forked_it_is_a_new_one(box, monkeypatch):
    monkeypatch.setattr(Warm, "fork", refuse)
    monkeypatch.setattr(boxes, "FAILED", [])
    for _ in range(4):
        assert said(box("print('here')", subprocess.Popen)).strip() == "here"
    assert len(boxes.FAILED) == 3


def test_what_does_not_fork_in_time_is_given_up(box, monkeypatch):
    """It stands still, as by SIGSTOP: a new process is started, and the next is forked from a new one."""
    from tito.assessment.isolation import forked

    monkeypatch.setattr(forked, "PATIENCE", 0.5)
    boxes.warm().process.send_signal(signal.SIGSTOP)
    assert said(box("print('here')", subprocess.Popen)).strip() == "here"
    monkeypatch.setattr(forked, "PATIENCE", 20.0)
    assert said(box("print('here')")).strip() == "here"
