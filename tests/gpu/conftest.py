"""Tests that need a GPU: `pytest -m gpu tests/gpu`, or `make gpu`. Without one they are skipped, and say why."""

from __future__ import annotations

import pytest

from tinytorch import backend


@pytest.fixture(scope="session")
def cupy():
    try:
        return backend.cupy()
    except RuntimeError as error:
        pytest.skip(str(error))
