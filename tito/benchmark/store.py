"""Where results are kept: a small SQLite database, `benchmarks.db` in the folder of tito's own records."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timezone
from pathlib import Path

from ..errors import TitoError
from .measure import Result

SCHEMA = """
create table if not exists runs (
    id integer primary key, started text not null, machine text not null, facts text not null, versions text not null, git text not null
);
create table if not exists results (
    run integer not null references runs (id), "group" text not null, name text not null, ours real not null, theirs real,
    low real, ratio real, high real, goal real, work real not null, moved real not null, unit text not null,
    primary key (run, "group", name)
);
"""
COLUMNS = [field.name for field in fields(Result)]
NAMES = ", ".join(f'"{name}"' for name in COLUMNS)


@dataclass(frozen=True)
class Run:
    """One call of the benchmark: when, where, of what, and what came of it."""

    id: int
    started: str
    machine: str
    facts: dict
    versions: dict
    git: str
    results: tuple[Result, ...] = ()


def connect(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=30)
    try:
        connection.executescript(SCHEMA)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise TitoError(
            f"{path} is not a benchmark database: {error}", hint="Move it away; the next run makes a new one"
        ) from None
    return connection


def add(path: Path, facts: dict, versions: dict, git: str, results: Iterable[Result]) -> int:
    """Keep a run; its number."""
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    with closing(connect(path)) as database, database:
        row = (now, facts["machine"], json.dumps(facts), json.dumps(versions), git)
        run = database.execute(
            "insert into runs (started, machine, facts, versions, git) values (?, ?, ?, ?, ?)", row
        ).lastrowid
        marks = ", ".join("?" * (len(COLUMNS) + 1))
        database.executemany(
            f"insert into results (run, {NAMES}) values ({marks})",
            [(run, *asdict(r).values()) for r in results],
        )
    assert run is not None
    return run


def runs(path: Path, machine: str | None = None, last: int = 10) -> list[Run]:
    """The latest runs, newest first, with their results."""
    if not path.exists():
        return []
    with closing(connect(path)) as database:
        rows = database.execute(
            "select id, started, machine, facts, versions, git from runs where ? is null or machine = ? order by id desc limit ?",
            (machine, machine, last),
        ).fetchall()
        found = []
        for ident, started, where, facts, versions, git in rows:
            results = database.execute(
                f"select {NAMES} from results where run = ? order by rowid", (ident,)
            ).fetchall()
            found.append(
                Run(
                    ident,
                    started,
                    where,
                    json.loads(facts),
                    json.loads(versions),
                    git,
                    tuple(Result(*r) for r in results),
                )
            )
    return found


@dataclass(frozen=True)
class Change:
    """A case whose ratio to PyTorch is worse than in an earlier run on the same machine, beyond the spread of both."""

    name: str
    before: float
    now: float


def last_before(now: Run, known: Iterable[Run]) -> Run | None:
    """What was last measured of each case before that run, on the same machine with as many threads; a run may be of a few cases."""
    comparable = [
        r
        for r in known
        if r.id < now.id and r.machine == now.machine and r.facts.get("threads") == now.facts.get("threads")
    ]
    if not comparable:
        return None
    comparable.sort(key=lambda r: r.id)
    latest = {(r.group, r.name): r for run in comparable for r in run.results}
    return replace(comparable[-1], results=tuple(latest.values()))


def regressions(now: Run, before: Run) -> list[Change]:
    """Slower beyond the spread: the whole middle half of today's blocks lies above the earlier one's, and by a tenth at least."""
    known = {(r.group, r.name): r for r in before.results}
    found = []
    for r in now.results:
        old = known.get((r.group, r.name))
        if old is None or r.ratio is None or old.ratio is None or r.low is None or old.high is None:
            continue
        if r.low > old.high and r.ratio > 1.1 * old.ratio:
            found.append(Change(f"{r.group}: {r.name}", old.ratio, r.ratio))
    return found
