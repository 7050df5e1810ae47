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
from itertools import combinations
from zlib import crc32

import numpy as np

from ..course import Course, the_course
from ..weave import taught_by, weave_file

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


def read(name: str, source: str, attributes: frozenset[str] = frozenset()) -> Text:
    """The tokens that count. `attributes` are names after a dot that belong to the libraries, and so keep their meaning."""
    numbers, lines = [], []
    line, depth, before, fresh = 1, 0, "\n", True
    for found in TOKEN.finditer(source):
        kind, text = found.lastgroup, found[0]
        if kind == "line":
            line, fresh = line + 1, fresh or not depth
        elif kind == "comment":
            continue
        else:
            if kind == "text":
                word = "s"
            elif kind == "name":
                stays = text in attributes if before == "." else text in KEPT
                word = text if stays else "n"
            else:
                word = text
                depth += (text in "([{") - (text in ")]}")
            if not (kind == "text" and fresh and stands_alone(source, found.end())):  # a docstring is a comment
                numbers.append(crc32(word.encode()) * 0x85EBCA6B + len(word))
                lines.append(line)
            line += text.count("\n") if kind == "text" else 0
            before, fresh = text, False
    return Text(name, source, np.array(numbers, np.uint64), np.array(lines, np.int64))


def stands_alone(source: str, end: int) -> bool:
    """Whether nothing but a comment follows on the line."""
    rest = source[end : source.find("\n", end) if "\n" in source[end:] else len(source)].strip()
    return not rest or rest.startswith("#")


@dataclass
class Known:
    """What everybody was given: its numbers, whole files by name, and the attributes' names in it."""

    grams: np.ndarray
    files: dict[str, set[str]]
    attributes: frozenset[str]


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
        name for sources in files.values() for source in sources for name in re.findall(r"\.([^\W\d]\w*)", source)
    )
    every = [read("", source, attributes).grams for sources in files.values() for source in sources]
    return Known(np.unique(np.concatenate(every)), dict(files), attributes)


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
    pairs: list[Pair]
    students: int
    unread: dict[str, str] = field(default_factory=dict)

    def record(self) -> dict:
        from dataclasses import asdict

        note = "Likeness is no proof of anything: please look. No grade was changed."
        return {"note": note, "students": self.students, "unread": self.unread, "pairs": [asdict(p) for p in self.pairs]}


@dataclass
class Own:
    """What one student wrote: the files that are not as they were given, and where each kept number stands."""

    texts: list[Text]
    places: dict[int, tuple[int, int]]  # number: which text, which token


def compare(
    works: Mapping[str, Mapping[str, bytes]], *, threshold: float = THRESHOLD, common: float = 0.1, given: Known | None = None,
    most: int = 200,
) -> Found:  # fmt: skip
    """Every pair of students that shares at least `threshold`, the likest first. What more than a share `common` of them have counts for nobody."""
    given = given or known()
    own = {student: own_text(files, given) for student, files in works.items()}
    has: dict[int, list[str]] = defaultdict(list)
    for student, one in own.items():
        for number in one.places:
            has[number].append(student)
    most_owners = max(math.ceil(common * len(own)), 4)
    shared: dict[tuple[str, str], list[int]] = defaultdict(list)
    usual: dict[str, int] = defaultdict(int)
    for number, owners in has.items():
        if len(owners) > most_owners:
            for student in owners:
                usual[student] += 1
        else:
            for pair in combinations(owners, 2):
                shared[pair].append(number)
    size = {student: len(one.places) - usual[student] for student, one in own.items()}
    rated = [(len(numbers) / max(min(size[a], size[b]), 1), (a, b), numbers) for (a, b), numbers in shared.items()]
    chosen = sorted((r for r in rated if r[0] >= threshold and len(r[2]) >= LEAST), key=lambda r: (-r[0], r[1]))
    pairs = [
        Pair(pair, round(share, 3), len(numbers), passages(own[pair[0]], own[pair[1]], numbers))
        for share, pair, numbers in chosen[:most]
    ]
    return Found(pairs, len(own))


def own_text(files: Mapping[str, bytes], given: Known) -> Own:
    texts = [
        read(name, source, given.attributes)
        for name, source in decoded(files).items()
        if name.endswith(".py") and name.startswith("tinytorch/") and source not in given.files.get(name, ())
    ]
    places: dict[int, tuple[int, int]] = {}
    for which, text in enumerate(texts):
        for place in winnow(text.grams, given.grams):
            places.setdefault(int(text.grams[place]), (which, int(place)))
    return Own(texts, places)


def decoded(files: Mapping[str, bytes]) -> dict[str, str]:
    """Sources as text, with one kind of line end; what is no UTF-8 is read as far as it goes."""
    return {
        name: data.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n") for name, data in files.items()
    }


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


def passages(a: Own, b: Own, numbers: list[int]) -> tuple[Passage, ...]:
    """Each shared number, grown in both directions as long as the tokens agree; what lies within another is left out."""
    runs = set()
    for number in numbers:
        (ta, pa), (tb, pb) = a.places[number], b.places[number]
        x, y = a.texts[ta].tokens, b.texts[tb].tokens
        first, last = grow(x, y, pa, pb)
        runs.add((ta, tb, pa - first, pb - first, pa - first + first + last))
    kept: list[tuple[int, int, int, int, int]] = []
    for run in sorted(runs, key=lambda r: (r[0], r[2], -(r[4] - r[2]))):
        if not any(run[:2] == k[:2] and k[2] <= run[2] and run[4] <= k[4] for k in kept):
            kept.append(run)
    found = [shown(a.texts[r[0]], b.texts[r[1]], r[2], r[3], r[4] - r[2]) for r in kept]
    return tuple(sorted(found, key=lambda p: -p.tokens))


def grow(x: np.ndarray, y: np.ndarray, i: int, j: int) -> tuple[int, int]:
    """How many tokens before i and j agree, and how many from there on."""
    back = min(i, j)
    agree = x[i - back : i][::-1] == y[j - back : j][::-1]
    before = back if agree.all() else int(np.argmin(agree))
    ahead = min(len(x) - i, len(y) - j)
    agree = x[i : i + ahead] == y[j : j + ahead]
    return before, ahead if agree.all() else int(np.argmin(agree))


def shown(x: Text, y: Text, i: int, j: int, count: int) -> Passage:
    spans = tuple((int(t.lines[p]), int(t.lines[p + count - 1])) for t, p in ((x, i), (y, j)))
    texts = tuple("\n".join(t.source.split("\n")[a - 1 : b]) for t, (a, b) in zip((x, y), spans))
    return Passage((x.name, y.name), spans, texts, count)  # type: ignore[arg-type]
