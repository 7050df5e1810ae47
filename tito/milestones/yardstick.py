"""The milestone's network made of the course's own package, beside a student's: where both have the same parameters, how the loss changes is
measured here, and where the same steps lead. A package that said it of itself could say what fits its gradients.

One process, kept as long as somebody asks; nothing of a student's is run in it. A grader has one for each milestone, in a sandbox
(`tito.assessment.yardstick`); at the student's own desk it stands beside tito, so that home and grading agree.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import Any

from ..course import the_course
from ..errors import CouldNotCheck
from ..levels import write_level
from .definitions import Milestone
from .session import Answer, Desk, Laid, ProbeFailed, Session

TRIES = 3  # of a process that somebody else ended


class Yardstick:
    """At the student's desk. The bodies of its kernels are those in plain NumPy: nobody waits for the course's to be compiled."""

    def __init__(self, one: Milestone, knobs: dict[str, Any] | None):
        self.one, self.knobs = one, knobs
        self.session: Session | None = None
        self.placed: tuple[dict[str, Any], int] = {}, 0
        self.bench: Laid | None = None

    def __enter__(self) -> Yardstick:
        return self

    def __exit__(self, *_) -> None:
        self.remove()

    def lay_out(self) -> Path:
        root = Path(tempfile.mkdtemp(prefix="tito-yardstick-"))
        course = the_course()
        write_level(course.package, course.modules, self.one.level, root / "tinytorch")
        return root

    def box(self, bench: Laid) -> Any:
        return Desk(bench.root, {"TINYTORCH_KERNELS": "reference"})

    def place(self, values: dict[str, Any], seed: int) -> None:
        """Give the network a student's parameters, `p0`, `p1`, ...; ProbeFailed, in the student's place, if they are not those of this network."""
        self.placed = values, seed
        self.ask("place", values, seconds=60, seed=seed, again=False)

    def ask(
        self, what: str, arrays: dict[str, Any], *, seconds: float, again: bool = True, **settings
    ) -> Answer:
        for _ in range(TRIES):
            try:
                if self.session is None or not self.session.alive:
                    self.start(again)
                return self.session.ask(what, arrays, seconds=seconds, **settings)  # type: ignore[union-attr]
            except ProbeFailed as error:
                if self.session is not None and self.session.alive:
                    raise  # it has answered: with a refusal
                last = error
        raise CouldNotCheck(f"the course's own {self.one.title} cannot be asked for {what}: {last}")

    def start(self, again: bool) -> None:
        self.close()
        self.bench = self.bench or Laid(self.lay_out())
        box = self.box(self.bench)
        self.session = Session(self.bench, self.one.script, knobs=self.knobs, box=box, seconds=60).__enter__()
        values, seed = self.placed
        if again and values:
            self.session.ask("place", values, seconds=60, seed=seed)

    def close(self) -> None:
        if self.session is not None:
            with contextlib.suppress(OSError):
                self.session.close()
            self.session = None

    def remove(self) -> None:
        self.close()
        if self.bench is not None:
            shutil.rmtree(self.bench.root, ignore_errors=True)
            self.bench = None
