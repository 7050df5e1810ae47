"""Whole programs, run once with PyTorch and once with tinytorch in its place: what they print must agree."""

import contextlib
import io
import re
import runpy
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="parity needs PyTorch: pip install torch==2.13.0")

ROOT = Path(__file__).parents[2]
PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.py"))
NUMBER = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?|nan|inf")
RTOL, ATOL = 5e-3, 3e-3  # printed digits, after some dozens of float32 training steps


def printed_with_torch(program: Path, monkeypatch) -> str:
    """What a program prints, run in this process: importing PyTorch anew takes longer than most of them."""
    monkeypatch.setattr(sys, "argv", [str(program)])
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            runpy.run_path(str(program), run_name="__main__")
    finally:
        torch.set_default_dtype(torch.float32)
    return out.getvalue()


def printed_with_tinytorch(program: Path) -> str:
    """What `python -m tinytorch` prints, with its error output as the failure."""
    command = [sys.executable, "-m", "tinytorch", str(program.relative_to(ROOT))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{program.name}\n{done.stdout[-1000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def disagreement(want: str, got: str) -> str | None:
    """The first line where two outputs differ by more than rounding, or None."""
    expected, actual = want.splitlines(), got.splitlines()
    for number, (a, b) in enumerate(zip(expected, actual, strict=False), 1):
        words_agree = NUMBER.sub("#", a).split() == NUMBER.sub("#", b).split()
        xs, ys = NUMBER.findall(a), NUMBER.findall(b)
        if not words_agree or len(xs) != len(ys) or not all(map(near, xs, ys)):
            return f"line {number}: {a!r} expected, got {b!r}"
    if len(expected) != len(actual):
        return f"{len(expected)} lines expected, got {len(actual)}"
    return None


def near(a: str, b: str) -> bool:
    x, y = float(a), float(b)
    return x == y or (x != x and y != y) or abs(x - y) <= ATOL + RTOL * abs(x)


@pytest.mark.parametrize("program", PROGRAMS, ids=[program.stem for program in PROGRAMS])
def test_program_prints_the_same(program, monkeypatch):
    want = printed_with_torch(program, monkeypatch)
    got = printed_with_tinytorch(program)
    assert disagreement(want, got) is None, disagreement(want, got)
