"""What every test gets: fixed seeds, plots without a screen, and real data sets where they are."""

from __future__ import annotations

import importlib.util
import os
import random
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

REPOSITORY = Path(__file__).resolve().parents[1]

os.environ.setdefault("MPLBACKEND", "Agg")
# Servers that tests start are on this machine: no proxy is asked for them, whatever the environment says.
for name in ("no_proxy", "NO_PROXY"):
    os.environ[name] = ",".join(filter(None, [os.environ.get(name), "127.0.0.1,localhost"]))
# In a run in the background, processes that tests start could not be interrupted.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> list[str]:
    """Say what this run cannot check: a skipped comparison should not look like a passed one."""
    lines = [f"data: {os.environ.get('TINYTORCH_DATA', 'TINYTORCH_DATA is not set')}"]
    if importlib.util.find_spec("torch") is None:
        lines.append("PyTorch is not installed: nothing is compared with it in this run")
    return lines


@pytest.fixture(autouse=True)
def fixed_seeds():
    """The same numbers whichever worker runs a test, and after whichever other test."""
    random.seed(0)
    np.random.seed(0)
    if "tinytorch" in sys.modules:
        sys.modules["tinytorch"].manual_seed(0)


@pytest.fixture(scope="session")
def real_data():
    """`real_data("MNIST")` is the folder of a published data set; the test is skipped where there is none."""
    places = [
        os.environ.get("TINYTORCH_DATA"),
        REPOSITORY / "datasets",
        Path.home() / ".tinytorch" / "datasets",
    ]

    def find(name: str) -> Path:
        found = [Path(place) / name for place in places if place and (Path(place) / name).exists()]
        if not found:
            pytest.skip(f"the data set {name} is not on this machine: see datasets/README.md")
        return found[0]

    return find
