"""The milestone's network made of the course's own package, beside a submission's: where both have the same parameters, how the loss changes
is measured here. A submission that said it of itself could say what fits its gradients.

One process for each milestone, in a sandbox as submissions have it, kept as long as its grader; nothing of a submission is run in it.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import Any

from ..milestones.definitions import Milestone
from ..milestones.session import Answer, ProbeFailed, Session
from .boxes import Box
from .bytecode import known, lay_out
from .handed_in import HandedIn
from .intake import Submission
from .isolation.limits import MB, Limits

TRIES = 3  # of a process that somebody else ended
A_LIFE = 10**6  # CPU seconds: one process serves a whole class


class Yardstick:
    def __init__(self, one: Milestone, tier: str, knobs: dict[str, Any] | None):
        self.one, self.tier, self.knobs = one, tier, knobs
        self.session: Session | None = None
        self.placed: tuple[dict[str, Any], int] = {}, 0
        self.work = HandedIn(Path(tempfile.mkdtemp(prefix="tito-runtime-yardstick-")))
        ours = {f"tinytorch/{name}": source for name, source in known(one.level).items()}
        lay_out(Submission(dict(ours)), self.work.root, one.level, shared=False)

    def place(self, values: dict[str, Any], seed: int) -> None:
        """Give the network a submission's parameters, `p0`, `p1`, ...; ProbeFailed, in the submission's place, if they are not those of this network."""
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
        raise RuntimeError(f"the course's own {self.one.title} cannot be asked for {what}: {last}")

    def start(self, again: bool) -> None:
        self.close()
        cost = self.one.grading
        box = Box(
            self.tier, [self.work.root, self.one.script], self.work.root,
            Limits(cpu=A_LIFE, memory=cost["memory"] * MB), largest=cost["answer"] * MB,
        )  # fmt: skip
        self.session = Session(self.work, self.one.script, knobs=self.knobs, box=box, seconds=60).__enter__()
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
        shutil.rmtree(self.work.root, ignore_errors=True)
