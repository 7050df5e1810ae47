"""Everything that needs a GPU, in one command, with the results in one file.

    python -m benchmarks.gpu [runs/gpu.json]        (make gpu)

Runs tests/gpu (kernels against their references, both tables of ops, training against the CPU), then measures training steps:
milliseconds by the GPU's own clock, and the most memory they took.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

import tinytorch as torch
from benchmarks.gpu_memory import STEPS, peak_of
from tinytorch import backend, nn

RESULTS = Path("runs/gpu.json")


def machine() -> dict:
    """What the results belong to."""
    cupy = backend.cupy()
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True
    ).stdout.strip()
    properties = torch.cuda.get_device_properties(0)
    return {
        "device": properties.name,
        "capability": f"sm_{properties.major}{properties.minor}",
        "memory": properties.total_memory,
        "cupy": cupy.__version__,
        "numpy": np.__version__,
        "cuda_runtime": cupy.cuda.runtime.runtimeGetVersion(),
        "cuda_driver": cupy.cuda.runtime.driverGetVersion(),
        "commit": commit,
        "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }


def tests() -> dict:
    """How many of the tests passed, and the names of those that did not."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        subprocess.run([sys.executable, "-m", "pytest", "-m", "gpu", "tests/gpu", f"--junit-xml={report}"])
        cases = list(ElementTree.parse(report).iter("testcase"))
    wrong = [
        case.get("name")
        for case in cases
        if case.find("failure") is not None or case.find("error") is not None
    ]
    skipped = sum(case.find("skipped") is not None for case in cases)
    return {
        "run": len(cases),
        "passed": len(cases) - len(wrong) - skipped,
        "skipped": skipped,
        "failed": wrong,
    }


def milliseconds(library, step, warm_up: int = 5, count: int = 20) -> dict:
    """The median and the spread of a step by the GPU's clock."""
    for _ in range(warm_up):
        step()
    times = []
    for _ in range(count):
        start, end = library.cuda.Event(enable_timing=True), library.cuda.Event(enable_timing=True)
        start.record()
        step()
        end.record()
        library.cuda.synchronize()
        times.append(start.elapsed_time(end))
    return {"median": statistics.median(times), "min": min(times), "max": max(times)}


def ours(make):
    model, loss_of = make()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)

    def step():
        optimizer.zero_grad()
        loss_of(model).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    return step


def training() -> dict:
    measured = {}
    for name, make in STEPS.items():
        print(name, flush=True)
        measured[name] = {"peak_bytes": peak_of(make), "milliseconds": milliseconds(torch, ours(make))}
        torch.cuda.empty_cache()
    return measured


def main(arguments: list[str]) -> int:
    """0 if every test passed, 1 otherwise, 2 without a GPU."""
    try:
        results = {"machine": machine()}
    except RuntimeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    results |= {"tests": tests(), "training": training()}
    target = Path(arguments[0]) if arguments else RESULTS
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(results, indent=1))
    print(f"written to {target}")
    return int(bool(results["tests"]["failed"]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
