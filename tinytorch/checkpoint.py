"""Training checkpoints: everything a run needs to go on as if it had never stopped.

    save_checkpoint(checkpoint_path(folder, step), model=model, optimizer=optimizer, step=step, keep=3)
    ...
    if path := latest(folder):
        step = load_checkpoint(path, model=model, optimizer=optimizer).step

A checkpoint is written beside the old one and takes its name in one move: a kill at any moment leaves a whole file.
"""

from __future__ import annotations

import dataclasses
import random as python_random
import re
from pathlib import Path
from typing import Any

import numpy as np

from . import random
from .config import to_dict
from .serialization import SerializationError, load, save

VERSION = 1
FIELDS = {"checkpoint", "step", "config", "parts", "rng", "generators", "extra"}
NAME = re.compile(r"step-(\d+)\.pt")


@dataclasses.dataclass
class Checkpoint:
    """What `load_checkpoint` hands back besides what it restored in place."""

    step: int
    config: dict | None = None
    extra: Any = None


def save_checkpoint(
    path,
    *,
    model=None,
    optimizer=None,
    scheduler=None,
    scaler=None,
    step: int = 0,
    config=None,
    rng: bool = True,
    generators: dict[str, random.Generator] | None = None,
    extra=None,
    keep: int | None = None,
) -> None:
    """Write the state of a run; with `keep`, afterwards remove all but the newest `keep` checkpoints of the folder.

    `config` is a dataclass or a dict. `rng` takes the random states of Python, NumPy and tinytorch, `generators`
    those of generators of your own. Whatever else decides the next batch, such as a sampler's position, goes into `extra`.
    """
    parts = dict(model=model, optimizer=optimizer, scheduler=scheduler, scaler=scaler)
    content = {
        "checkpoint": VERSION,
        "step": int(step),
        "config": to_dict(config) if dataclasses.is_dataclass(config) else config,
        "parts": {name: part.state_dict() for name, part in parts.items() if part is not None},
        "rng": rng_state() if rng else None,
        "generators": {name: generator.get_state() for name, generator in (generators or {}).items()},
        "extra": extra,
    }
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    save(content, path)
    if keep is not None:
        rotate(path.parent, keep)


def load_checkpoint(
    path,
    *,
    model=None,
    optimizer=None,
    scheduler=None,
    scaler=None,
    rng: bool = True,
    generators: dict[str, random.Generator] | None = None,
    map_location=None,
) -> Checkpoint:
    """Put the state of a run back into the objects given, in place. What is not given is left alone.

    Do this last before the training loop: building a model or a loader draws random numbers too.
    """
    content = load(path, map_location)
    if not isinstance(content, dict) or not content.keys() >= FIELDS or content["checkpoint"] != VERSION:
        raise SerializationError(
            f"{path}: no training checkpoint of this version; a file by torch.save is read with load()"
        )
    parts = dict(model=model, optimizer=optimizer, scheduler=scheduler, scaler=scaler)
    restore(
        path,
        content["parts"],
        {name: part for name, part in parts.items() if part is not None},
        "load_state_dict",
    )
    restore(path, content["generators"], generators or {}, "set_state")
    if rng and content["rng"] is not None:
        set_rng_state(content["rng"])
    return Checkpoint(content["step"], content["config"], content["extra"])


def restore(path, saved: dict, wanted: dict, method: str) -> None:
    missing = [name for name in wanted if name not in saved]
    if missing:
        raise KeyError(
            f"{path} has no state for {', '.join(missing)}; it holds: {', '.join(saved) or 'nothing'}"
        )
    for name, part in wanted.items():
        getattr(part, method)(saved[name])


# ---------------------------------------------------------------- random states


def rng_state() -> dict:
    """The states of Python's, NumPy's and tinytorch's random numbers. (CuPy's generators do not tell theirs.)"""
    return {
        "python": python_random.getstate(),
        "numpy": np.random.get_state(),
        "tinytorch": random.get_rng_state(),
    }


def set_rng_state(state: dict) -> None:
    python_random.setstate(state["python"])
    np.random.set_state(state["numpy"])
    random.set_rng_state(state["tinytorch"])


# ---------------------------------------------------------------- a folder of checkpoints


def checkpoint_path(folder, step: int) -> Path:
    return Path(folder) / f"step-{step:08d}.pt"


def checkpoints(folder) -> list[Path]:
    """The checkpoints of a folder, oldest step first."""
    found = [
        (int(match[1]), path)
        for path in Path(folder).glob("step-*.pt")
        if (match := NAME.fullmatch(path.name))
    ]
    return [path for _, path in sorted(found)]


def latest(folder) -> Path | None:
    """The checkpoint with the highest step, None if there is none."""
    return next(reversed(checkpoints(folder)), None)


def rotate(folder, keep: int) -> None:
    """Remove all but the newest `keep` checkpoints."""
    if keep < 1:
        raise ValueError(f"keep={keep} must be at least 1, or nothing would be left to resume from")
    for path in checkpoints(folder)[:-keep]:
        path.unlink(missing_ok=True)
