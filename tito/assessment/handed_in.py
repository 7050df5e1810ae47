"""A submission that has been laid out, and the box that it gets."""

from __future__ import annotations

from ..milestones.datasets import Data
from ..milestones.definitions import Milestone
from ..milestones.session import Laid
from .boxes import Box
from .isolation.limits import MB, Limits


class HandedIn(Laid):
    """A submission's package."""


def box_for(one: Milestone, work: HandedIn, tier: str, data: Data) -> Box:
    """What one process for this milestone may read and use."""
    cost = one.grading
    reads = [work.root, one.script, *data.train_paths().values()]
    limits = Limits(cpu=cost["cpu"], memory=cost["memory"] * MB)
    return Box(tier, reads, work.root, limits, largest=cost["answer"] * MB)
