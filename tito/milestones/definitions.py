"""What milestones there are: an entry in `tito/configs/milestones.json` and a folder `milestones/TRACK/NAME` each."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from ..errors import CourseError, TitoError

HERE = Path(__file__).resolve().parents[1]
FILE = HERE / "configs" / "milestones.json"


def read_definitions(path: Path = FILE) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


DEFINITIONS = read_definitions()
TRACKS: dict[str, str] = DEFINITIONS["tracks"]
MILESTONES: dict[str, dict[str, Any]] = DEFINITIONS["milestones"]
MILESTONE_ORDER: list[str] = list(MILESTONES)


def recipes() -> Path:
    """`milestones/` beside tito in the source tree, `tito/_milestones/` when installed."""
    beside = HERE.parent / "milestones"
    return beside if beside.is_dir() else HERE / "_milestones"


@dataclass(frozen=True)
class Milestone:
    """One entry of the table, with what lies in its folder."""

    id: str
    entry: dict[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        return self.entry["name"]

    @property
    def track(self) -> str:
        return self.entry["track"]

    @property
    def number(self) -> int | None:
        """1 to 5 on the capability track."""
        return self.entry.get("number")

    @property
    def title(self) -> str:
        return f"Milestone {self.number}: {self.name}" if self.number else self.name

    @property
    def handle(self) -> str:
        """What one types for it: `2`, or its id."""
        return str(self.number or self.id)

    @property
    def requires(self) -> list[str]:
        return self.entry["requires"]

    @property
    def last_module(self) -> str:
        return self.requires[-1]

    @property
    def level(self) -> int:
        """The package's level that it needs."""
        from ..course import the_course

        return the_course().module(self.last_module).number

    @property
    def folder(self) -> Path:
        return recipes() / self.track / self.id

    @property
    def script(self) -> Path:
        return self.folder / "run.py"

    @cached_property
    def config(self) -> dict[str, Any]:
        """config.yaml: its settings by name, the first is what `train` and `test` take."""
        return read_config(self.folder / "config.yaml")

    @property
    def default_setting(self) -> str:
        return next(iter(self.config["settings"]))

    def is_trained(self, setting: str) -> bool:
        """Whether `test` judges a run that `train` made before, and does not train on the spot."""
        trained = self.config.get("trained", False)
        return trained if isinstance(trained, bool) else setting in trained

    @property
    def graded(self) -> str:
        """The setting that a class is graded with: one of its own where the student's would take too long for a class."""
        judges = self.entry["judges"]
        return "grading" if isinstance(judges, dict) and "grading" in judges else self.default_setting

    @property
    def grading(self) -> dict[str, int]:
        """What one process of a submission may use: seconds of CPU time, MB of memory, MB in an answer; perhaps how many rows to train on."""
        return {"cpu": 120, "memory": 4096, "answer": 48} | self.config.get("grading", {})

    def judges(self, setting: str) -> list[dict[str, Any]]:
        """What is measured: the entry's judges, or those of this setting."""
        judges = self.entry["judges"]
        return judges[setting] if isinstance(judges, dict) else judges

    @cached_property
    def questions(self) -> list[dict[str, Any]]:
        path = self.folder / "questions.yaml"
        if not path.is_file():
            return []
        import yaml

        from ..curriculum import LOADER

        return yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)

    def story(self) -> str:
        path = self.folder / "README.md"
        return path.read_text(encoding="utf-8") if path.is_file() else self.entry["description"]


@cache
def read_config(path: Path) -> dict[str, Any]:
    from ..curriculum import LOADER

    if not path.is_file():
        raise CourseError(f"{path} is missing", "A milestone is an entry and a folder.")
    import yaml

    return yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)


def all_milestones(track: str = "") -> list[Milestone]:
    return [
        Milestone(name, MILESTONES[name])
        for name in MILESTONE_ORDER
        if not track or MILESTONES[name]["track"] == track
    ]


def find_milestone(name: str | int) -> Milestone:
    """The milestone called `2`, `02`, `computer_vision`, `Computer Vision` or `1957`; a wrong name lists the near ones."""
    wanted = str(name).strip().lower().replace("-", "_").replace(" ", "_")
    everything = all_milestones()
    for one in everything:
        names = {one.id, one.name.lower().replace(" ", "_"), str(one.entry.get("year", ""))}
        if one.number:
            names |= {str(one.number), f"{one.number:02}"}
        if wanted in names:
            return one
    near = difflib.get_close_matches(wanted, [one.id for one in everything], n=3, cutoff=0.5)
    near += [one.id for one in everything if len(wanted) > 2 and wanted in one.id and one.id not in near]
    hint = f"Near names: {', '.join(near)}" if near else "`tito milestones list` shows all of them."
    raise TitoError(f"there is no milestone {str(name)!r}", hint, near=near)
