"""The sandboxes, tried for real: what gets out, what an honest program may do, and what is left behind."""

import subprocess
import sys
import time

import pytest

from tito.assessment.isolation.doctor import ATTEMPTS, attempt, best, examine
from tito.assessment.isolation.launch import Sandbox, possible
from tito.assessment.isolation.limits import MB, Limits

from .left import left_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="tiers A and B are Linux's")


@pytest.fixture(params=["A", "B"])
def tier(request):
    if why := possible(request.param):
        pytest.skip(why)
    return request.param


@pytest.mark.parametrize("name", ATTEMPTS)
def test_nothing_gets_out(tier, name):
    assert attempt(tier, ATTEMPTS[name]) == "held"


@pytest.mark.parametrize(
    "name",
    [
        "read the system's users",
        "close a file of the grader",
        "slow the grader down",
        "start a process",
        "open a socket",
    ],
)
def test_the_attempts_are_real(name):
    """Without a sandbox they succeed."""
    assert attempt("C", ATTEMPTS[name]) == "out"


def run(box, code, timeout=30):
    (box.runtime / "program.py").write_text(code)
    process = box.start("program", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return *process.communicate(timeout=timeout), process.returncode


def test_an_honest_program_runs(tier):
    """NumPy with threads, warnings, files of its own in the scratch folder, a package that it is given to read."""
    box = Sandbox(tier)
    code = """
import tempfile, threading, warnings, numpy as np, yaml
warnings.warn("only a warning")
a = np.random.rand(64, 64) @ np.random.rand(64, 64)
thread = threading.Thread(target=lambda: np.save("kept.npy", a)); thread.start(); thread.join()
with tempfile.TemporaryFile() as file: file.write(b"x")
print(np.load("kept.npy").shape)
"""
    try:
        out, words, status = run(box, code)
        assert (status, out) == (0, b"(64, 64)\n"), words.decode()
        assert (box.scratch / "kept.npy").is_file()
    finally:
        box.end()
    assert not box.folder.exists()


def test_what_is_given_can_be_read_and_not_written(tier, tmp_path):
    (tmp_path / "given.txt").write_text("hello")
    code = f"""
print(open({str(tmp_path / "given.txt")!r}).read())
try:
    open({str(tmp_path / "given.txt")!r}, "a")
except OSError as error:
    print("held")
"""
    box = Sandbox(tier, reads=[tmp_path])
    try:
        out, words, _ = run(box, code)
        assert out.decode().split() == ["hello", "held"], words.decode()
    finally:
        box.end()


def test_files_of_its_own_can_be_copied(tier):
    """With their modes, which in tier B are not its own to set."""
    box = Sandbox(tier)
    code = "import shutil\nopen('a', 'w').write('x')\nshutil.copy('a', 'b'), shutil.copy2('a', 'c')\nprint(open('c').read())"
    try:
        out, words, _ = run(box, code)
        assert out == b"x\n", words.decode()
    finally:
        box.end()


def test_the_reference_is_not_there(tier):
    box = Sandbox(tier)
    try:
        out, _, status = run(box, "import tinytorch")
        assert status != 0 and not out
    finally:
        box.end()


def test_limits_hold(tier):
    """CPU time is counted, and output into files ends where the limit is."""
    box = Sandbox(tier, limits=Limits(cpu=1, file=1 * MB))
    try:
        begun = time.monotonic()
        _, _, status = run(
            box, "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass"
        )
        assert status != 0 and time.monotonic() - begun < 20
    finally:
        box.end()
    box = Sandbox(tier, limits=Limits(file=1 * MB))
    try:
        _, _, status = run(box, "open('big', 'wb').write(bytes(5 << 20))")
        assert status != 0 and (box.scratch / "big").stat().st_size <= 1 * MB
    finally:
        box.end()


def test_no_process_is_left(tier):
    box = Sandbox(tier)
    (box.runtime / "program.py").write_text("print('here', flush=True)\nwhile True: pass")
    process = box.start("program", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline() == b"here\n"
    box.end()
    assert left_of(box.folder) == []


def test_the_grader_s_environment_stays_outside(tier, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_CLASS", "abc")
    box = Sandbox(tier)
    try:
        out, _, _ = run(box, "import os; print('SECRET_OF_THE_CLASS' in os.environ, os.environ['HOME'])")
        assert out.decode().split() == ["False", str(box.scratch)]
    finally:
        box.end()


def test_examine_and_best(tier):
    report = examine(tier)
    assert report.holds and best([report, examine("C")]) == tier
    assert best([examine("C")]) == "C"


def test_tier_b_needs_no_root():
    """Without root's powers Landlock takes rules only of a process that can gain none. They are given up first here, as an instructor has none."""
    if why := possible("B"):
        pytest.skip(why)
    program = """
from pathlib import Path
from tito.assessment.isolation import capabilities, confine
from tito.assessment.isolation.limits import Limits
capabilities.drop()
confine.bind({"tier": "B", "limits": Limits().record(), "reads": ["/usr/lib"], "writes": [], "trusted": False})
try:
    open("/etc/passwd")
except PermissionError:
    print("held")
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert told.stdout == "held\n", told.stderr
