"""Passages that two students share, for a person to look at. Winnowing, as in Schleimer, Wilkerson and Aiken, "Winnowing: local algorithms
for document fingerprinting" (2003), on the tokens of what the students wrote themselves.

    found = compare({"ann": files, "bob": files})
    found.pairs[0].share, found.pairs[0].passages

A file is read as tokens in which names of variables, texts, comments and layout do not count, so that renaming and reformatting
change nothing. Every run of GRAM tokens is a number; runs that stand in the lessons' skeleton or in the reference count for nobody, nor do
those that many students have. Of the rest each WINDOW keeps its smallest: two texts that share GRAM + WINDOW - 1 tokens share a number.
Likeness proves nothing. What is found is shown side by side, and no grade knows of it.
"""

from __future__ import annotations

import builtins
import keyword
import math
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from zlib import crc32

import numpy as np

from ..course import Course, the_course
from ..errors import TitoError
from ..levels import LATER_FILE
from ..weave import taught_by, weave_file
from .classroom import Class
from .intake import take_in

GRAM, WINDOW = 12, 6
LEAST = 6  # shared numbers below which a pair is nobody's business
THRESHOLD = 0.3

TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
      | (?P<text>[rRbBuUfF]{0,2}(?:'''(?:[^\\]|\\.)*?'''|\"\"\"(?:[^\\]|\\.)*?\"\"\"|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"))
      | (?P<name>[^\W\d]\w*)
      | (?P<number>\.?\d(?:[\w.]|[eE][+-])*)
      | (?P<line>\n)
      | (?P<sign>\*\*=?|//=?|<<=?|>>=?|->|:=|[-+*/%@&|^=<>!]=|[^\s\w])""",
    re.VERBOSE | re.DOTALL,
)
KEPT = frozenset(keyword.kwlist) | frozenset(dir(builtins))
MASK = (1 << 64) - 1
BASE = 0x9E3779B97F4A7C15  # odd, and its bits are well mixed: 2^64 over the golden ratio


# ---------------------------------------------------------------- reading


@dataclass
class Text:
    """One file as tokens: a number for each, and the line it stands on."""

    name: str
    source: str
    tokens: np.ndarray
    lines: np.ndarray

    @cached_property
    def grams(self) -> np.ndarray:
        """A number for each run of GRAM tokens."""
        n = len(self.tokens) - GRAM + 1
        out = np.zeros(max(n, 0), np.uint64)
        for i in range(GRAM if n > 0 else 0):
            out = out * np.uint64(BASE) + self.tokens[i : i + n]
        return out ^ (out >> np.uint64(29))


HANDED_ON = (
    "/__init__.py",
    f"/{LATER_FILE}",
)  # they come with each level as it is, and hold nobody's own words
PIECES = re.compile(r"(?m)^(?=[ \t]*(?:@|def |class |async ))")  # where a function or a class may begin
Piece = tuple[np.ndarray, np.ndarray]  # tokens, and the line of each, from 0


def read(
    name: str, source: str, attributes: frozenset[str] = frozenset(), seen: Mapping[str, Piece] | None = None
) -> Text:
    """The tokens that count. `attributes` are names after a dot that belong to the libraries, and so keep their meaning.

    Most pieces of a submission are as they were given: what those read as is looked up in `seen`.
    """
    tokens, lines, line = [], [], 1
    for piece in PIECES.split(source):
        numbers, places = (seen and seen.get(piece)) or tokens_of(piece, attributes)
        tokens.append(numbers)
        lines.append(places + line)
        line += piece.count("\n")
    return Text(name, source, np.concatenate(tokens), np.concatenate(lines))


def tokens_of(source: str, attributes: frozenset[str]) -> Piece:
    numbers, lines = [], []
    line, depth, before, fresh = 0, 0, "\n", True
    for found in TOKEN.finditer(source):
        kind, text = found.lastgroup, found[0]
        if kind == "line":
            line, fresh = line + 1, fresh or not depth
        elif kind != "comment":
            if not (
                kind == "text" and fresh and stands_alone(source, found.end())
            ):  # a docstring is a comment
                numbers.append(numbered(kind, text, before, attributes))
                lines.append(line)
            depth += (text in "([{") - (text in ")]}") if kind == "sign" else 0
            line += text.count("\n") if kind == "text" else 0
            before, fresh = text, False
    return np.array(numbers, np.uint64), np.array(lines, np.int64)


def numbered(kind: str | None, text: str, before: str, attributes: frozenset[str]) -> int:
    if kind == "text":
        word = "s"
    elif kind == "name":
        stays = text in attributes if before == "." else text in KEPT
        word = text if stays else "n"
    else:
        word = text
    return crc32(word.encode()) * 0x85EBCA6B + len(word)


def stands_alone(source: str, end: int) -> bool:
    """Whether nothing but a comment follows on the line."""
    rest = source[end : source.find("\n", end) if "\n" in source[end:] else len(source)].strip()
    return not rest or rest.startswith("#")


@dataclass
class Known:
    """What everybody was given: its numbers, whole files by name, the attributes' names in it, and what its pieces read as."""

    grams: np.ndarray
    files: dict[str, set[str]]
    attributes: frozenset[str]
    pieces: dict[str, Piece]

    def read(self, name: str, source: str) -> Text:
        return read(name, source, self.attributes, self.pieces)


def known(course: Course | None = None) -> Known:
    """The reference, and each lesson's skeleton of it."""
    course = course or the_course()
    files: dict[str, set[str]] = defaultdict(set)
    for module in course.modules:
        taught = taught_by(module, course.package)
        for file in module.files:
            source = (course.package / file).read_bytes().decode()
            files[f"tinytorch/{file}"] |= {source}
            mine = [one for one in taught if one.file == file]
            if mine:
                files[f"tinytorch/{file}"].add(weave_file(source, mine))
    attributes = frozenset(
        name
        for sources in files.values()
        for source in sources
        for name in re.findall(r"\.([^\W\d]\w*)", source)
    )
    every = [source for sources in files.values() for source in sources]
    pieces = {
        piece: tokens_of(piece, attributes) for piece in {p for source in every for p in PIECES.split(source)}
    }
    grams = [read("", source, attributes, pieces).grams for source in every]
    return Known(np.unique(np.concatenate(grams)), dict(files), attributes, pieces)


# ---------------------------------------------------------------- comparing


@dataclass(frozen=True)
class Passage:
    """The same lines twice: first and last line in each file, and the lines themselves."""

    files: tuple[str, str]
    lines: tuple[tuple[int, int], tuple[int, int]]
    texts: tuple[str, str]
    tokens: int


@dataclass(frozen=True)
class Pair:
    """Two students. `share` is the part of the shorter one's own text that stands in the other's too."""

    students: tuple[str, str]
    share: float
    shared: int
    passages: tuple[Passage, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Found:
    pairs: list[Pair]  # the likest
    students: int
    of: int  # so many pairs share that much
    unread: dict[str, str] = field(default_factory=dict)

    def record(self) -> dict:
        from dataclasses import asdict

        note = "Likeness is no proof of anything: please look. No grade was changed."
        return {
            "note": note,
            "students": self.students,
            "of": self.of,
            "unread": self.unread,
            "pairs": [asdict(p) for p in self.pairs],
        }


@dataclass
class Places:
    """The numbers that are kept of one student, ascending; of each in which file, and at which token, its run begins."""

    numbers: np.ndarray
    files: list[str]
    file: np.ndarray
    token: np.ndarray

    def __len__(self) -> int:
        return len(self.numbers)

    def of(self, number: int) -> tuple[str, int]:
        place = int(np.searchsorted(self.numbers, np.uint64(number)))
        return self.files[self.file[place]], int(self.token[place])


def compare(
    works: Mapping[str, Mapping[str, bytes]], *, threshold: float = THRESHOLD, common: float = 0.1, given: Known | None = None,
    most: int = 200,
) -> Found:  # fmt: skip
    """Every pair of students that shares at least `threshold`, the likest first. What more than a share `common` of them have counts for nobody."""
    given = given or known()
    students, unread = sorted(works), {}
    own: dict[str, Places] = {}
    for student in students:
        try:
            own[student] = own_places(works[student], given)
        except TitoError as error:
            unread[student] = str(error)
    students = [student for student in students if student in own]
    likest, counted = shares([own[s] for s in students], threshold, common)
    pairs = []
    for share, a, b in likest[:most]:
        pair = (students[a], students[b])
        common_ones = np.intersect1d(own[pair[0]].numbers, own[pair[1]].numbers, assume_unique=True)
        numbers = common_ones[isin_sorted(common_ones, counted)].tolist()
        found = passages(works[pair[0]], works[pair[1]], own[pair[0]], own[pair[1]], numbers, given)
        pairs.append(Pair(pair, round(share, 3), len(numbers), found))
    return Found(pairs, len(students), len(likest), unread)


def shares(
    own: list[Places], threshold: float, common: float
) -> tuple[list[tuple[float, int, int]], np.ndarray]:
    """Share and both places in the list, the likest first, from a product of a matrix that says who has which number; the numbers that count."""
    from scipy.sparse import csr_array

    if len(own) < 2 or not any(map(len, own)):
        return [], np.zeros(0, np.uint64)
    every = np.concatenate([places.numbers for places in own])
    numbers, columns = np.unique(every, return_inverse=True)
    rows = np.repeat(np.arange(len(own)), [len(places) for places in own])
    has = csr_array((np.ones(len(rows), np.int32), (rows, columns)), shape=(len(own), len(numbers)))
    counts = has.sum(0) <= max(math.ceil(common * len(own)), 4)
    has = has[:, np.flatnonzero(counts)]
    size = np.maximum(np.asarray(has.sum(1)), 1)
    shared = (has @ has.T).toarray()
    share = np.triu(shared / np.minimum(size[:, None], size[None, :]), 1)
    a, b = np.nonzero((share >= max(threshold, 1e-9)) & (shared >= LEAST))
    order = np.lexsort((b, a, -share[a, b]))
    found = [(float(share[i, j]), int(i), int(j)) for i, j in zip(a[order], b[order])]
    return found, numbers[counts]


def own_places(files: Mapping[str, bytes], given: Known) -> Places:
    """The kept numbers of what one student wrote. Files that are as they were given are not even read."""
    names: list[str] = []
    numbers, file, token = [np.zeros(0, np.uint64)], [np.zeros(0, np.int32)], [np.zeros(0, np.int32)]
    for name in sorted(files):
        if name.startswith("tinytorch/") and name.endswith(".py") and not name.endswith(HANDED_ON):
            source = decoded(files[name])
            if source not in given.files.get(name, ()):
                text = given.read(name, source)
                places = winnow(text.grams, given.grams)
                numbers.append(text.grams[places])
                file.append(np.full(len(places), len(names), np.int32))
                token.append(places.astype(np.int32))
                names.append(name)
    unique, first = np.unique(np.concatenate(numbers), return_index=True)
    return Places(unique, names, np.concatenate(file)[first], np.concatenate(token)[first])


def decoded(data: bytes) -> str:
    """A source as text, with one kind of line end; what is no UTF-8 is read as far as it goes."""
    return data.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")


def winnow(grams: np.ndarray, given: np.ndarray) -> np.ndarray:
    """The places of the numbers that are kept: of each window the smallest, the last of equal ones; none that was given."""
    if not len(grams):
        return np.zeros(0, np.int64)
    values = np.where(isin_sorted(grams, given), np.uint64(MASK), grams)
    padded = np.concatenate([values, np.full(max(WINDOW - len(values), 0), MASK, np.uint64)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)
    picked = np.unique(np.arange(len(windows)) + WINDOW - 1 - windows[:, ::-1].argmin(1))
    picked = picked[picked < len(values)]
    return picked[values[picked] != MASK]


def isin_sorted(values: np.ndarray, table: np.ndarray) -> np.ndarray:
    if not len(table):
        return np.zeros(len(values), bool)
    places = np.searchsorted(table, values)
    return table[np.minimum(places, len(table) - 1)] == values


# ---------------------------------------------------------------- showing


def passages(
    work_a: Mapping[str, bytes],
    work_b: Mapping[str, bytes],
    a: Places,
    b: Places,
    numbers: list[int],
    given: Known,
) -> tuple[Passage, ...]:
    """Each shared number, grown in both directions as long as the tokens agree and are the student's own; none within another."""
    texts: dict[tuple[int, str], tuple[Text, np.ndarray]] = {}

    def text(which: int, name: str) -> tuple[Text, np.ndarray]:
        if (which, name) not in texts:
            one = given.read(name, decoded((work_a, work_b)[which][name]))
            texts[which, name] = one, own_tokens(one, given.grams)
        return texts[which, name]

    runs = set()
    for number in numbers:
        (file_a, i), (file_b, j) = a.of(number), b.of(number)
        back, ahead = grow(*text(0, file_a), *text(1, file_b), i, j)
        runs.add((file_a, file_b, i - back, j - back, back + ahead))
    kept: list[tuple[str, str, int, int, int]] = []
    for run in sorted(runs, key=lambda r: (r[0], r[2], -r[4])):
        if not any(run[:2] == k[:2] and k[2] <= run[2] and run[2] + run[4] <= k[2] + k[4] for k in kept):
            kept.append(run)
    found = [shown(text(0, r[0])[0], text(1, r[1])[0], *r[2:]) for r in kept]
    return tuple(sorted(found, key=lambda p: -p.tokens))


def own_tokens(text: Text, given: np.ndarray) -> np.ndarray:
    """Which tokens lie in a run that was not given."""
    mine = np.zeros(len(text.tokens), bool)
    for place in np.flatnonzero(~isin_sorted(text.grams, given)):
        mine[place : place + GRAM] = True
    return mine


def grow(x: Text, own_x: np.ndarray, y: Text, own_y: np.ndarray, i: int, j: int) -> tuple[int, int]:
    """How many tokens before i and j agree, and how many from there on."""
    back, ahead = min(i, j), min(len(own_x) - i, len(own_y) - j)
    before, after = slice(i - back, i), slice(j - back, j)
    agree = ((x.tokens[before] == y.tokens[after]) & own_x[before] & own_y[after])[::-1]
    behind = back if agree.all() else int(np.argmin(agree))
    before, after = slice(i, i + ahead), slice(j, j + ahead)
    agree = (x.tokens[before] == y.tokens[after]) & own_x[before] & own_y[after]
    return behind, ahead if agree.all() else int(np.argmin(agree))


def shown(x: Text, y: Text, i: int, j: int, count: int) -> Passage:
    spans = tuple((int(t.lines[p]), int(t.lines[p + count - 1])) for t, p in ((x, i), (y, j)))
    texts = tuple("\n".join(t.source.split("\n")[a - 1 : b]) for t, (a, b) in zip((x, y), spans))
    return Passage((x.name, y.name), spans, texts, count)  # type: ignore[arg-type]


def page(found: Found, name: str, threshold: float) -> str:
    """All of it as one HTML file."""
    import jinja2

    folder = jinja2.FileSystemLoader(Path(__file__).parent)
    pages = jinja2.Environment(loader=folder, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return pages.get_template("likeness.html.j2").render(found=found, name=name, threshold=threshold)


# ---------------------------------------------------------------- a class


class HandedIn(Mapping):
    """The files of each student's submission, read when they are asked for."""

    def __init__(self, paths: dict[str, Path]):
        self.paths = paths

    def __getitem__(self, student: str) -> dict[str, bytes]:
        files = take_in(self.paths[student]).files
        return {name: data for name, data in files.items() if isinstance(data, bytes)}  # code is never large

    def __iter__(self):
        return iter(self.paths)

    def __len__(self) -> int:
        return len(self.paths)


def handed_in(room: Class) -> HandedIn:
    """What lies in the class's submissions/, by student."""
    students = {student.id for student in room.students}
    found: dict[str, Path] = {}
    for path in sorted(room.submissions.iterdir()) if room.submissions.is_dir() else ():
        names = [path.name.removesuffix(end) for end in ("", ".zip", ".tar.gz", ".tgz", ".tar", ".git")]
        student = next((name for name in names if name in students), "")
        if student:
            found.setdefault(student, path)
    if not found:
        raise TitoError(f"{room.submissions} holds nothing of the students in the roster", "one file or folder per student, named by the student")  # fmt: skip
    return HandedIn(found)
