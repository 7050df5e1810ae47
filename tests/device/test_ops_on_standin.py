"""Every op of the table on arrays that are not NumPy's: see standin.py for what this shows, and what only a GPU can."""

from __future__ import annotations

import pytest

from tests.device.on_device import ENTRIES, OP_ROWS, check_entry, check_row


@pytest.mark.parametrize(("op", "row"), OP_ROWS)
def test_an_op_on_the_gpu_is_what_it_is_on_the_cpu(gpu, op, row):
    check_row(op, row)


@pytest.mark.parametrize("name, entries", ENTRIES.items(), ids=ENTRIES.keys())
def test_a_function_on_the_gpu_is_what_it_is_on_the_cpu(gpu, name, entries):
    wrong = [finding for entry in entries for finding in check_entry(entry)]
    assert not wrong, f"{name}: " + "\n".join(wrong[:5])
