"""The course's own network as a grader has it: in a sandbox as submissions have it, one process for a whole class."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from ..milestones.definitions import Milestone
from ..milestones.session import Laid
from ..milestones.yardstick import Yardstick
from .boxes import Box
from .bytecode import known, lay_out
from .intake import Submission
from .isolation.limits import MB, Limits

A_LIFE = 10**6  # CPU seconds


class GraderYardstick(Yardstick):
    def __init__(self, one: Milestone, tier: str, knobs: dict[str, Any] | None):
        super().__init__(one, knobs)
        self.tier = tier

    def lay_out(self) -> Path:
        root = Path(tempfile.mkdtemp(prefix="tito-runtime-yardstick-"))
        ours = {f"tinytorch/{name}": source for name, source in known(self.one.level).items()}
        lay_out(Submission(dict(ours)), root, self.one.level, shared=False)
        return root

    def box(self, bench: Laid) -> Box:
        cost = self.one.grading
        limits = Limits(cpu=A_LIFE, memory=cost["memory"] * MB)
        return Box(self.tier, [bench.root, self.one.script], bench.root, limits, largest=cost["answer"] * MB)
