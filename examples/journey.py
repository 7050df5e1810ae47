"""What `make demo` runs: the way through the course's first half, by its own commands, in a folder of its own.

    python examples/journey.py [last=6 folder=...]

A workspace is made; modules 00 to 06 are started, filled with the reference's bodies and completed by their checks; then milestones 1 and 2
train networks with that workspace's package on digits that need no download.
"""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tinytorch.config import parse_args


@dataclass
class Knobs:
    last: int = 6  # the last module to complete
    folder: Path | None = None  # the workspace; by default one that is removed at the end


def tito(*arguments: str, here: Path, home: Path) -> None:
    """Run a command as a student would, its output in sight; stops the journey if it fails."""
    print(f"\n$ tito {' '.join(arguments)}", flush=True)
    variables = os.environ | {
        "TINYTORCH_HOME": str(home),
        "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
    }
    done = subprocess.run([sys.executable, "-m", "tito", *arguments], cwd=here, env=variables)
    if done.returncode:
        raise SystemExit(done.returncode)


def journey(folder: Path, last: int) -> None:
    home, work = folder / "home", folder / "my-tinytorch"
    tito("init", str(work), here=folder, home=home)
    go = lambda *arguments: tito(*arguments, here=work, home=home)
    for number in range(last + 1):
        go("module", "start", f"{number:02}", "--no-view")
        go("module", "solution", f"{number:02}", "--yes")
        go("module", "complete", f"{number:02}")
    for number, after in ((1, 4), (2, 6)):
        if last >= after:
            go("milestone", "test", str(number), "--practice")
    go("milestone", "timeline")


def main() -> None:
    knobs, begun = parse_args(Knobs), time.perf_counter()
    if knobs.folder:
        knobs.folder.mkdir(parents=True, exist_ok=True)
        journey(knobs.folder.resolve(), knobs.last)
    else:
        with tempfile.TemporaryDirectory() as folder:
            journey(Path(folder).resolve(), knobs.last)
    print(f"\nThe journey took {time.perf_counter() - begun:.0f} s.")


if __name__ == "__main__":
    main()
