"""CSV as other people's programs write and open it.

A cell that begins with `=` is a formula to a spreadsheet, and a student chooses some of these cells: such a cell is written with
an apostrophe before it, and read without. What is wrong in a file is one line that names file and line.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import TitoError

STARTS_A_FORMULA = "=+-@\t\r\n＝＋－＠"
DELIMITERS = ",;\t"


class SheetError(TitoError):
    """A table that was handed to us says something that cannot be."""


def guarded(text: str) -> str:
    """A cell that no spreadsheet takes for a formula. `unguarded` gives the same text back."""
    return f"'{text}" if text and text[0] in STARTS_A_FORMULA + "'" else text


def unguarded(text: str) -> str:
    return text[1:] if len(text) > 1 and text[0] == "'" and text[1] in STARTS_A_FORMULA + "'" else text


def number(value: float | None) -> str:
    """Points as a cell: every digit there is, no `.0`; nothing where there is no grade."""
    if value is None:
        return ""
    return repr(float(value)).removesuffix(".0")


def written(rows: Iterable[Sequence[str]], delimiter: str = ",") -> str:
    """Rows as CSV, byte for byte as given: who writes cells that others chose guards them."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return out.getvalue()


@dataclass(frozen=True)
class Row:
    """A row with the line it ends on."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class Sheet:
    path: Path
    delimiter: str
    rows: list[Row]

    @property
    def head(self) -> list[str]:
        return self.rows[0].cells

    def column(self, *names: str) -> int | None:
        """The first column that is called so, whatever the case."""
        wanted = [name.lower() for name in names]
        return next((i for i, name in enumerate(self.head) if name.strip().lower() in wanted), None)

    def cell(self, row: Row, column: int | None) -> str:
        return row.cells[column].strip() if column is not None and column < len(row.cells) else ""

    def error(self, row: Row, text: str, hint: str = "") -> SheetError:
        return SheetError(f"{self.path.name}:{row.line}: {text}", hint)

    def points(self, row: Row, column: int) -> float | None:
        """A cell that holds points, or nothing. With `;` between the cells, 7,5 is a number too."""
        text = unguarded(self.cell(row, column))
        if not text:
            return None
        try:
            value = float(text.replace(",", ".") if self.delimiter == ";" else text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or value < 0:
            raise self.error(
                row, f"{self.head[column].strip()} is {text!r}; points are a number from 0 on, or nothing"
            )
        return value


def not_utf8(path: Path, error: UnicodeDecodeError) -> SheetError:
    line = error.object[: error.start].count(b"\n") + 1
    return SheetError(f"{path.name}:{line}: not UTF-8", "save it as UTF-8")


def read_sheet(path: Path) -> Sheet:
    """A CSV file: UTF-8 with or without its mark; `,`, `;` or a tab between cells, told by the header."""
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except FileNotFoundError:
        raise SheetError(f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise SheetError(f"{path} is a folder; wanted a CSV file") from None
    except UnicodeDecodeError as error:
        raise not_utf8(path, error) from None
    first = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append(Row(reader.line_num, cells))
    except csv.Error as error:
        raise SheetError(f"{path.name}:{reader.line_num}: not CSV: {error}") from None
    if not rows:
        raise SheetError(f"{path.name}:1: the file is empty")
    return Sheet(path, delimiter, rows)
