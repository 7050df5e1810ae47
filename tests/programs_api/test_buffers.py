"""Tensors on memory that is there already."""

from __future__ import annotations

import numpy as np
import pytest

from tests.programs_api.libraries import BOTH


@BOTH
def test_a_buffer(lib):
    memory = bytearray(np.arange(4, dtype=np.float32).tobytes())
    x = lib.frombuffer(memory, dtype=lib.float32, count=2, offset=4)
    assert x.tolist() == [1.0, 2.0]
    x[0] = 9
    assert np.frombuffer(memory, np.float32)[1] == 9
    assert lib.frombuffer(memory, dtype=lib.float32, requires_grad=True).requires_grad
    with pytest.raises(ValueError, match="multiple of element size"):
        lib.frombuffer(memory, dtype=lib.float32, offset=1)
    with pytest.raises(ValueError, match="offset"):
        lib.frombuffer(memory, dtype=lib.float32, offset=99)


@BOTH
def test_a_file(lib, tmp_path):
    path = str(tmp_path / "numbers")
    x = lib.from_file(path, shared=True, size=3, dtype=lib.float64)
    x.fill_(2.5)
    del x
    again = lib.from_file(path, size=2, dtype=lib.float64)
    assert again.tolist() == [2.5, 2.5]
    again[0] = 0  # its own copy
    assert lib.from_file(path, size=1, dtype=lib.float64).item() == 2.5
