"""The student's side of a session: it imports the student's package and the milestone's script, and answers with arrays.

It holds no answers and no thresholds. Requests are JSON lines on standard input, written by tito; what goes back is described in
`wire.py`. Nothing that this process says about itself is believed.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import sys
from typing import Any

import numpy as np

from ..runner import failure, load_package
from .wire import DONE, ERROR, LOG, VALUE, write_frame


class Work:
    """What a milestone's script is given: data, knobs, a folder to keep things in, and a way to say how it goes."""

    def __init__(self, send, recipe, settings: dict[str, Any]):
        self.send, self.recipe = send, recipe
        known = {field.name for field in dataclasses.fields(recipe.Knobs)}
        self.knobs = recipe.Knobs(**{k: v for k, v in settings.get("knobs", {}).items() if k in known})
        self.folder = None
        if settings.get("folder"):
            from pathlib import Path  # here: it brings urllib, and the simplest runs need neither

            self.folder = Path(settings["folder"])
        self.seed = int(settings.get("seed", 0))
        self.data: dict[str, np.ndarray] = {}
        self.model: Any = None
        self.told = True  # whether anybody looks at what `log` tells

    def log(self, step: int, total: int = 0, **numbers: float) -> None:
        """Tell how the run goes: `work.log(step, total, loss=..., accuracy=...)`."""
        for name, value in numbers.items() if self.told else ():
            self.send(LOG, name, np.array([step, total, value], np.float64))


def main() -> None:
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the student prints goes to standard error
    work = None
    job: dict[str, Any] = {}
    for line in sys.stdin:
        request = json.loads(line)
        send = lambda kind, name="_", array=None, to=request["request"]: write_frame(
            out, to, kind, name, array
        )
        try:
            if request["ask"] == "open":
                job = request["settings"]
                problem = load_package(job)
                if problem:
                    send(ERROR, problem.get("error", "error"), told(problem))
                    continue
                work = Work(send, load_recipe(job["script"]), job)
                values: dict[str, Any] = {}
            else:
                assert work is not None
                work.send = send
                arrays = {name: np.load(path, mmap_mode="r") for name, path in request["arrays"].items()}
                values = answer(work, request["ask"], arrays, request["settings"])
            for name, value in values.items():
                send(VALUE, name, value)
            send(DONE)
        except BaseException as error:
            send(ERROR, type(error).__name__, told(failure(job, error)))
            if not isinstance(error, Exception):
                raise


def load_recipe(path: str):
    spec = importlib.util.spec_from_file_location("recipe", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["recipe"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def told(record: dict) -> np.ndarray:
    """A failure as text: the message, then the place in the student's code."""
    lines = [record["message"]]
    if record.get("file"):
        lines.append(f"{record['file']}:{record['line']}  {record['code']}")
    return np.frombuffer("\n".join(lines).encode()[:4000], np.uint8)


def answer(work: Work, ask: str, arrays: dict[str, np.ndarray], settings: dict[str, Any]) -> dict[str, Any]:
    """One request: to the probes every milestone shares, or to a function of its script."""
    from . import probes

    shared = getattr(probes, f"probe_{ask}", None)
    if shared is not None:
        return shared(work, arrays, **settings)
    return getattr(work.recipe, ask)(work, **arrays, **settings) or {}


if __name__ == "__main__":
    main()
