"""What a run leaves behind: a log with timestamps, on the console and in a file, and its metrics as JSON lines."""

from __future__ import annotations

import json
import logging  # the standard library's: imports inside the package are relative
import math
import sys
import time
from pathlib import Path

FORMAT = "%(asctime)s %(levelname)-7s %(message)s"


def setup_logging(
    folder=None, *, level: str | int = "INFO", name: str = "tinytorch", filename: str = "run.log"
) -> logging.Logger:
    """A logger that writes to stderr and, with a folder, appends to `folder/run.log`. A second call replaces the first."""
    logger = logging.getLogger(name)
    close_logging(logger)
    logger.setLevel(level.upper() if isinstance(level, str) else level)
    logger.propagate = False  # the root logger would print every line again
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if folder is not None:
        Path(folder).mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(Path(folder) / filename, encoding="utf-8"))
    for handler in handlers:
        handler.setFormatter(logging.Formatter(FORMAT, datefmt="%Y-%m-%d %H:%M:%S"))
        logger.addHandler(handler)
    return logger


def close_logging(logger: logging.Logger) -> None:
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()


class MetricsWriter:
    """Append one JSON object per call to a file: `writer.write(step=3, loss=0.25)`.

    Each line is written at once, so a killed run loses at most the line it was writing. A run that is resumed at a
    step passes `resume_step`: what the stopped run wrote after it is dropped, and the file reads as if nothing happened.
    """

    def __init__(self, path, *, resume_step: int | None = None):
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.exists():
            drop_after(self.path, resume_step)
        self.file = open(self.path, "a", encoding="utf-8", buffering=1)  # noqa: SIM115 (close() does it); a line at a time
        self.start = time.time()

    def write(self, step: int | None = None, **values) -> None:
        """Numbers, text, Tensors with one element. nan and inf, which JSON lacks, are written as text."""
        row: dict = {} if step is None else {"step": int(step)}
        row["seconds"] = round(time.time() - self.start, 3)
        row.update((name, json_value(name, value)) for name, value in values.items())
        self.file.write(json.dumps(row, allow_nan=False) + "\n")

    def close(self) -> None:
        self.file.close()

    def __enter__(self) -> MetricsWriter:
        return self

    def __exit__(self, *error) -> None:
        self.close()


NOT_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def json_value(name: str, value):
    if hasattr(value, "tolist"):
        value = value.tolist()  # Tensors, arrays and NumPy scalars
    if isinstance(value, list):
        return [json_value(name, v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(
        f"MetricsWriter: {name} is a {type(value).__name__}; a metric is a number, text or a list of numbers"
    )


def read_metrics(path) -> list[dict]:
    """All complete rows of a metrics file; a last line that was cut off by a kill is left out."""
    rows = []
    for line in complete_lines(Path(path)):
        row = json.loads(line)
        rows.append(
            {
                name: NOT_FINITE.get(value, value) if isinstance(value, str) else value
                for name, value in row.items()
            }
        )
    return rows


def complete_lines(path: Path) -> list[str]:
    return [
        line for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n")
    ]


def drop_after(path: Path, step: int | None) -> None:
    """Cut off a half-written last line and, if a step is given, the rows after it. Replaces the file in one move."""
    lines = complete_lines(path)
    if step is not None:
        lines = [line for line in lines if json.loads(line).get("step", -1) <= step]
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text("".join(lines), encoding="utf-8")
    temporary.replace(path)
