"""Whole programs, run once with PyTorch and once with tinytorch in its place: what they print must agree."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="parity needs PyTorch: pip install torch==2.13.0")

ROOT = Path(__file__).parents[2]
PROGRAMS = sorted(str(path.relative_to(ROOT)) for path in (Path(__file__).parent / "programs").glob("*.py"))
NUMBER = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?|nan|inf")
RTOL, ATOL = 5e-3, 3e-3  # printed digits, after some dozens of float32 training steps


def printed(*command: str) -> str:
    """What a command prints, with its error output as the failure."""
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-1000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="session")
def with_torch(request) -> dict[str, str]:
    """What the programs of this run print with PyTorch."""
    chosen = [
        item.callspec.params.get("program") for item in request.session.items if hasattr(item, "callspec")
    ]
    return json.loads(printed("-m", "tests.parity.torch_programs", *filter(None, chosen)))


def disagreement(want: str, got: str) -> str | None:
    """The first line where two outputs differ by more than rounding, or None."""
    expected, actual = want.splitlines(), got.splitlines()
    for number, (a, b) in enumerate(zip(expected, actual), 1):
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


@pytest.mark.parametrize("program", PROGRAMS)
def test_program_prints_the_same(program, with_torch):
    message = disagreement(with_torch[program], printed("-m", "tinytorch", program))
    assert message is None, message
