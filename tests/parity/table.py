"""The whole table: every function of the API, one entry each (or a few), with the samples that hold it."""

from tests.parity import (
    table_extra,
    table_index,
    table_linalg,
    table_math,
    table_nn,
    table_reduce,
    table_shape,
)
from tests.parity.specs import Entry

PARTS = (table_math, table_reduce, table_shape, table_index, table_linalg, table_nn, table_extra)
TABLE: list[Entry] = [entry for part in PARTS for entry in part.TABLE]


def by_name() -> dict[str, list[Entry]]:
    """The entries of each function, in the table's order."""
    named: dict[str, list[Entry]] = {}
    for entry in TABLE:
        named.setdefault(entry.path, []).append(entry)
    return named
