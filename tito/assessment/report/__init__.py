"""What an instructor sees of a class: one HTML file that needs nothing else, a table and a record.

findings.py    what each part of it says, as the sentence over it
charts.py      the pictures, as SVG
page.py        the file, from templates/
record.py      the same as JSON and CSV
"""

from .page import page, sections
from .record import record, table

__all__ = ["page", "record", "sections", "table"]
