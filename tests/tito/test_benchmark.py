"""The benchmark's machinery: it measures, keeps, compares and draws. What the numbers are is nobody's business here."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace

import pytest

from tito.benchmark import cases, machine, report, store
from tito.benchmark.measure import Result, measure
from tito.errors import TitoError

RESULT = Result("steps", "XOR", 2e-5, 4e-5, 0.48, 0.5, 0.52, goal=0.4, work=100.0, moved=10.0)


def tito(home, *words, ok=True):
    environment = {**os.environ, "TINYTORCH_HOME": str(home), "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "tito", *words], capture_output=True, text=True, env=environment, cwd=home
    )
    assert (done.returncode == 0) is ok, done.stderr + done.stdout
    return done


def keep(path, *results):
    return store.add(path, machine.describe(), machine.versions(), "abc", results)


def test_runs_come_back_as_they_were(tmp_path):
    path = tmp_path / "new" / "benchmarks.db"
    assert store.runs(path) == []
    first, second = (
        keep(path, RESULT),
        keep(path, replace(RESULT, name="MLP", theirs=None, ratio=None, low=None, high=None)),
    )
    latest, before = store.runs(path, machine.describe()["machine"])
    assert (latest.id, before.id) == (second, first)
    assert before.results == (RESULT,) and latest.results[0].ratio is None
    assert before.git == "abc" and before.versions["numpy"] and before.facts["cores"] == os.cpu_count()
    assert store.runs(path, "another machine") == []


def test_slower_means_beyond_the_spread(tmp_path):
    path = tmp_path / "benchmarks.db"
    for result in (
        RESULT,
        replace(RESULT, low=0.60, ratio=0.62, high=0.64),
        replace(RESULT, low=0.50, ratio=0.62, high=0.70),
        replace(RESULT, low=0.525, ratio=0.53, high=0.54),
    ):
        keep(path, result)
    near, wide, slower, base = store.runs(path)
    assert [(c.before, c.now) for c in store.regressions(slower, base)] == [(0.5, 0.62)]
    assert store.regressions(wide, base) == [], "the spreads overlap"
    assert store.regressions(near, base) == [], "less than a tenth"


def test_each_case_is_compared_with_its_own_last_result(tmp_path):
    """Also where the run in between was of other cases, or with other threads."""
    path, mlp = tmp_path / "benchmarks.db", replace(RESULT, name="MLP")
    slow = replace(RESULT, low=0.9, ratio=0.95, high=1.0)
    keep(path, RESULT, mlp)
    keep(path, mlp)
    store.add(path, machine.describe() | {"threads": 1}, machine.versions(), "abc", [slow])
    keep(path, slow, mlp)
    now, *known = store.runs(path)
    before = store.last_before(now, known)
    assert [(c.name, c.before, c.now) for c in store.regressions(now, before)] == [("steps: XOR", 0.5, 0.95)]
    assert store.last_before(known[-1], [now, *known]) is None


def test_a_file_that_is_no_database_is_left_alone(tmp_path):
    path = tmp_path / "benchmarks.db"
    path.write_text("not a database, but somebody's notes, long enough to be read as a header of one" * 20)
    with pytest.raises(TitoError, match="is not a benchmark database"):
        keep(path, RESULT)
    assert path.read_text().startswith("not a database")


def test_pictures_and_page(tmp_path):
    path = tmp_path / "benchmarks.db"
    keep(path, RESULT)
    keep(
        path,
        replace(RESULT, name="<b>", low=0.9, ratio=0.95, high=1),
        replace(RESULT, low=0.9, ratio=0.95, high=1),
    )
    run, before = store.runs(path)
    *pictures, page = report.write(tmp_path / "out", run, before)
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in pictures)
    text = page.read_text()
    assert "slower than before: steps: XOR: 0.50 then, 0.95 now" in text
    assert "&lt;b&gt;" in text and "<b>" not in text


@pytest.mark.parametrize("case", cases.OVERHEAD + cases.STEPS[:3], ids=lambda case: case.name)
def test_a_case_runs_in_both_packages(case):
    torch = pytest.importorskip("torch")
    result = measure(case, torch, blocks=2, seconds=0.001)
    assert result.ours > 0 and result.theirs > 0 and result.low <= result.ratio <= result.high


def test_the_peak_is_that_of_the_process_itself():
    """Not what it inherits from a larger one that started it."""
    script = "from tito.benchmark.measure import peak; before = peak(); x = bytearray(1 << 26); print(before, peak() - before)"
    held = bytearray(1 << 28)
    before, more = map(
        int,
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        ).stdout.split(),
    )
    assert len(held) > before > 0
    assert 0.9 < more / (1 << 26) < 1.3


@pytest.mark.slow
@pytest.mark.parametrize("case", cases.CASES, ids=lambda case: f"{case.group}: {case.name}")
def test_every_case_runs_in_both_packages(case):
    torch = pytest.importorskip("torch")
    assert measure(case, torch, blocks=2, seconds=0.001).ratio > 0


def test_the_commands(tmp_path):
    assert "there is no run" in tito(tmp_path, "benchmark", "report", ok=False).stderr
    assert "no case holds 'xyz'" in tito(tmp_path, "benchmark", "--only", "xyz", ok=False).stderr
    run = json.loads(tito(tmp_path, "benchmark", "--quick", "--only", "sum(), and back", "--json").stdout)
    assert run["run"] == 1 and [r["group"] for r in run["results"]] == ["overhead"]
    shown = tito(tmp_path, "benchmark", "report", "-o", "pictures").stdout
    assert "sum(), and back" in shown and (tmp_path / "pictures" / "report.html").is_file()
    with closing(sqlite3.connect(tmp_path / "benchmarks.db")) as database, database:
        assert database.execute("select count(*) from results").fetchone() == (1,)
    assert "there is no run 7" in tito(tmp_path, "benchmark", "report", "--run", "7", ok=False).stderr
