"""Checks at arm's length: the reference passes, what is wrong fails as it does locally, and nothing that a submission writes helps it."""

from __future__ import annotations

import gc
import json
from types import SimpleNamespace

import pytest

from tests.assessment.apart import COURSE, TIER, judged, lay_out, need, verdicts
from tito.assessment.remote.starting import Found, Pair, Work
from tito.checks import read_report, start_runner
from tito.mutants import mutants_of
from tito.weave import weave_module

MODULES = [module.name for module in COURSE.modules]


def passes(folder, name, tier, mix):
    module = COURSE.module(name)
    found = judged(lay_out(folder, module), module, tier, mix=mix)
    assert found.package is None
    assert {c: v for c, v in verdicts(found).items() if v != "passed"} == {}, found.records
    assert set(verdicts(found)) == {one["check"] for one in found.checks} and found.checks
    return found


@pytest.mark.parametrize("name", MODULES)
def test_the_reference_passes(name, tmp_path):
    """Each module once, with a seed of its own, in one sandbox: nothing had to be started again."""
    number = MODULES.index(name)
    assert passes(tmp_path, name, TIER, (number, 1)).sandboxes == 1


@pytest.mark.slow
@pytest.mark.parametrize("mix", [(1,), (20261127, 5)])
@pytest.mark.parametrize("tier", ["A", "B", "C"])
@pytest.mark.parametrize("name", MODULES)
def test_the_reference_passes_everywhere(name, tier, mix, tmp_path):
    passes(tmp_path, name, need(tier), mix)


@pytest.mark.parametrize("tier", ["A", "B"])
def test_both_tiers(tier, tmp_path):
    """A module with files, subclasses, callbacks and random generators."""
    passes(tmp_path, "07_dataloader", need(tier), ())


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.slow
def test_stubs_fail(name, tmp_path):
    module = COURSE.module(name)
    stubs = {file: data.decode() for file, data in weave_module(module, COURSE.package).items()}
    found = judged(lay_out(tmp_path, module, stubs), module)
    given = set(verdicts(found).values())
    assert found.package or "passed" not in given or list(verdicts(found).values()).count("passed") <= 2


# ---------------------------------------------------------------- as the local runner judges


def locally(folder, module) -> dict[str, str]:
    job = {"root": str(folder), "checks": str(module.checks), "names": [], "taught": []}
    report = read_report(module.name, start_runner(job, folder, 300))
    return {"import": "failed"} if report.problem else {r.check: r.outcome for r in report.results}


def apart(folder, module) -> dict[str, str]:
    found = judged(folder, module)
    if found.package:
        return {"import": "failed"}
    same = {"passed": "passed", "blocked": "skipped"}
    return {check: same.get(verdict, "failed") for check, verdict in verdicts(found).items()}


def some_mutants(module, count):
    """A few mutants, spread over what the module teaches."""
    sources = {one.file: (COURSE.package / one.file).read_bytes().decode() for one in COURSE.taught(module)}
    every = [m for one in COURSE.taught(module) for m in mutants_of(sources[one.file], one)]
    return every[:: max(1, len(every) // count)][:count]


def differences(folder, module, mutant):
    lay_out(folder, module, {mutant.file: mutant.source})
    here, there = locally(folder, module), apart(folder, module)
    return {c: (here.get(c), there.get(c)) for c in here | there if here.get(c) != there.get(c)}


@pytest.mark.parametrize("name", ["00_setup", "02_autograd", "04_layers"])
def test_a_mutant_is_judged_as_it_is_locally(name, tmp_path):
    module = COURSE.module(name)
    (mutant,) = some_mutants(module, 1)
    assert differences(tmp_path, module, mutant) == {}, mutant.name


@pytest.mark.slow
@pytest.mark.parametrize("name", MODULES)
def test_mutants_are_judged_as_they_are_locally(name, tmp_path):
    module = COURSE.module(name)
    for number, mutant in enumerate(some_mutants(module, 5)):
        folder = tmp_path / str(number)
        assert differences(folder, module, mutant) == {}, mutant.name


# ---------------------------------------------------------------- forgeries

SETUP = COURSE.module("00_setup")
NUMERICS = (COURSE.package / "utils/numerics.py").read_text()
# Each stands at the end of utils/numerics.py; `sigmoid` is wrong in all of them.
FORGERIES = {
    "comparison of NumPy": """
import numpy
for name in ("isclose", "allclose", "array_equal", "equal", "all", "asarray"):
    setattr(numpy, name, lambda *a, **k: numpy.ones(1, bool))
import numpy.testing
numpy.testing.assert_allclose = lambda *a, **k: None
def sigmoid(x): return x
""",
    "an object that equals everything": """
class Yes:
    array = property(lambda self: Yes())
    shape, dtype, ndim, size = (), "float64", 0, 1
    for word in ("eq", "ne", "lt", "le", "gt", "ge", "and", "or", "sub", "rsub"):
        exec(f"def __{word}__(self, other): return True")
    __hash__ = object.__hash__
    def __array__(self, *a, **k): return self
    def __bool__(self): return True
    def __getattr__(self, name): return self
    def __call__(self, *a, **k): return self
    def __float__(self): return 0.5
def sigmoid(x): return Yes()
""",
    "an array of another class": """
import numpy
class Right(numpy.ndarray):
    def __array_ufunc__(self, *a, **k): return numpy.True_
    def __eq__(self, other): return numpy.True_
def sigmoid(x): return numpy.asarray(x).view(Right)
""",
    "a text that is every text": """
class Every(str):
    def __eq__(self, other): return True
    def __contains__(self, other): return True
    __hash__ = str.__hash__
def sigmoid(x): raise AssertionError(Every("yes"))
""",
    "memory that is not its own": """
class Window:
    __array_interface__ = {"shape": (3,), "typestr": "<f8", "data": (0, False), "version": 3}
    __array_struct__ = 1
def sigmoid(x): return Window()
""",
    "the check's frames": """
import gc, sys
def sigmoid(x):
    frame = sys._getframe()
    while frame:
        for value in list(frame.f_locals.values()):
            if type(value).__name__ == "Server":
                for word in ("open", "eval", "call", "method", "get"):
                    try: value.ask(word, 2, "__globals__", (), ())
                    except Exception: pass
        frame = frame.f_back
    return x
""",
    "questions made easy": """
import numpy
def sigmoid(x):
    if isinstance(x, numpy.ndarray):
        x.setflags(write=True)
        x[...] = 0
    return numpy.zeros(numpy.shape(x)) + 0.5
""",
    "a patched server": """
import gc
def sigmoid(x):
    for thing in gc.get_objects():
        if type(thing).__name__ == "Server":
            type(thing).do_array = lambda *a: 0.5
            type(thing).do_isinstance = lambda *a: True
            type(thing).explain = lambda *a: (None, "", ())
    return x
""",
    "an answer before the question": """
import os
for handle in range(3, 20):
    try: os.write(handle, (5).to_bytes(4, "little") + b"A" + bytes(4))
    except OSError: pass
def sigmoid(x): return x
""",
    "a huge answer": """
import numpy
def sigmoid(x): return numpy.zeros((200, 1000, 1000), numpy.int8)
""",
    "a deep answer": """
def sigmoid(x):
    nest = ()
    for _ in range(100_000): nest = (nest,)
    return nest
""",
    "a clock that stands still": """
import time
time.time = time.monotonic = time.perf_counter = lambda: 0.0
def sigmoid(x): return x
""",
    "an exit from the check": """
def sigmoid(x): raise SystemExit(0)
""",
    "an exit of the process": """
import os
def sigmoid(x): os._exit(0)
""",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_gains_nothing(name, tmp_path):
    """The check that is forged does not pass, and the honest part keeps what it earns."""
    folder = lay_out(tmp_path, SETUP, {"utils/numerics.py": NUMERICS + FORGERIES[name]})
    found = judged(folder, SETUP)
    given = verdicts(found)
    if found.package:
        assert name == "an answer before the question" and found.package["verdict"] == "protocol_violation"
        return
    assert given["sigmoid"] != "passed" and given["sigmoid_of_large_numbers"] == "blocked", found.records
    assert given["softplus"] == given["running_average"] == given["one_seed_for_all"] == "passed", (
        found.records
    )
    assert "grader_error" not in given.values()


@pytest.mark.parametrize(
    "code, verdict",
    [
        ("import os; os._exit(0)", "crashed"), ("import sys; sys.exit(0)", "import_error"), ("def f(:", "syntax_error"),
        ("raise KeyboardInterrupt", "import_error"), ("import torch", "import_error"),
    ],
)  # fmt: skip
def test_a_package_that_cannot_be_imported(code, verdict, tmp_path):
    folder = lay_out(tmp_path, SETUP, {"utils/numerics.py": code})
    found = judged(folder, SETUP)
    assert found.package and found.package["verdict"] == verdict, (found.package, found.records)


@pytest.mark.parametrize("tier", ["A", "B"])
@pytest.mark.parametrize(
    "body, options",
    [("while True: pass", {"cpu_patience": 0.2}), ("import time; time.sleep(1000)", {"patience": 0.3})],
    ids=["computing", "asleep"],
)
def test_a_hang_costs_its_own_check(body, options, tier, tmp_path):
    """One that computes is ended by its CPU time, which a busy machine does not shorten; one that sleeps by the clock."""
    code = f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ndef sigmoid(x):\n    {body}\n"
    folder = lay_out(tmp_path, SETUP, {"utils/numerics.py": NUMERICS + code})
    names = ("sigmoid", "softplus", "running_average")
    given = verdicts(judged(folder, SETUP, need(tier), names=names, **options))
    assert given == {"sigmoid": "timeout", "softplus": "passed", "running_average": "passed"}


BOMBS = {
    "memory": ("def sigmoid(x): return bytearray(1 << 42)", "memory_limit"),
    "memory, little by little": ("def sigmoid(x):\n    held = []\n    while True: held.append(bytearray(1 << 26))", "memory_limit"),
    "output": ("def sigmoid(x):\n    while True: print('x' * 1_000_000)", "output_limit"),
    "a file": ("def sigmoid(x):\n    with open('big', 'wb') as f:\n        while True: f.write(bytes(1 << 24))", "failed"),
    "processes": ("import os\ndef sigmoid(x):\n    while True: os.fork()", "failed"),
    "recursion": ("def sigmoid(x): return sigmoid(x)", "failed"),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_its_own_check(name, tmp_path):
    code, verdict = BOMBS[name]
    if TIER == "C" and name == "processes":
        pytest.skip("tier C does not keep a process from starting others")
    folder = lay_out(tmp_path, SETUP, {"utils/numerics.py": f"{NUMERICS}\n{code}\n"})
    found = judged(folder, SETUP, names=("sigmoid", "softplus"), memory=1024 << 20)
    assert verdicts(found) == {"sigmoid": verdict, "softplus": "passed"}, found.records


@pytest.mark.skipif(TIER == "C", reason="needs /proc")
@pytest.mark.parametrize("line", ["pass", "os.unlink(name)"], ids=["named", "nameless"])
def test_a_full_disk_costs_its_own_check(line, tmp_path, monkeypatch):
    """Many files of which each is small enough; or none that has a name."""
    monkeypatch.setattr("tito.assessment.isolation.written.MOST_BYTES", 8 << 20)
    code = f"""
import os, time
def sigmoid(x):
    kept = []
    for name in map(str, range(12)):
        kept.append(open(name, "wb", 0))
        kept[-1].write(bytes(1 << 20))
        {line}
    time.sleep(20)
"""
    folder = lay_out(tmp_path, SETUP, {"utils/numerics.py": NUMERICS + code})
    found = judged(folder, SETUP, names=("sigmoid", "softplus"))
    assert verdicts(found) == {"sigmoid": "output_limit", "softplus": "passed"}, found.records


def test_folders_within_folders_cost_nothing(tmp_path):
    """Deeper than a function may call itself: cleaning up has to manage, between processes too."""
    code = """
import os
here = os.getcwd()
for _ in range(1500):
    os.mkdir("d")
    os.chdir("d")
os.chdir(here)
def sigmoid(x): os._exit(0)
"""
    folder = lay_out(tmp_path, SETUP, {"utils/numerics.py": NUMERICS + code})
    found = judged(folder, SETUP, names=("sigmoid", "softplus"))
    assert verdicts(found) == {"sigmoid": "crashed", "softplus": "passed"}, found.records


def test_hangs_without_end_are_given_up(tmp_path):
    code = "import os\ndef sigmoid(x): os._exit(3)\nlog1pexp = sigmoid\n"
    arrays = "import os\ndef batches(*a, **k): os._exit(4)\ndef one_hot(*a, **k): os._exit(5)\n"
    arrays = (COURSE.package / "utils/arrays.py").read_text() + arrays
    folder = lay_out(tmp_path, SETUP, {"utils/numerics.py": NUMERICS + code, "utils/arrays.py": arrays})
    given = verdicts(judged(folder, SETUP))
    assert list(given.values()).count("crashed") == 4 and "not_run" in given.values()
    assert given["dispatch_by_setting"] == "passed"


def test_what_one_check_leaves_behind_is_not_anothers_failure(tmp_path):
    """A switch that stays off after an exception fails the check that looks, and no other."""
    module = COURSE.module("02_autograd")
    file = next(one.file for one in COURSE.taught(module) if one.symbol == "Switch.__exit__")
    source = (COURSE.package / file).read_text() + "\nSwitch.__exit__ = lambda self, *exception: None\n"
    lay_out(tmp_path, module, {file: source})
    here, there = locally(tmp_path, module), apart(tmp_path, module)
    assert here == there and here["no_grad"] == "failed" and list(here.values()).count("failed") < 4


def test_links_in_the_scratch_folder_lead_nowhere(tmp_path):
    """The student's code lays a link where the checks are about to write: what it points to is as it was."""
    module = COURSE.module("10_experiments")
    target = tmp_path / "precious.txt"
    target.write_text("precious")
    file = next(one.file for one in COURSE.taught(module) if one.symbol == "drop_after")
    source = (COURSE.package / file).read_text()
    source += f"\ndef drop_after(path, step):\n    import os\n    os.unlink(path)\n    os.symlink({str(target)!r}, path)\n"
    folder = lay_out(tmp_path / "work", module, {file: source})
    given = judged(folder, module, names=("metrics_of_a_resumed_run",))
    assert verdicts(given) == {"metrics_of_a_resumed_run": "failed"}
    assert target.read_text() == "precious"
    assert "precious" not in json.dumps(given.records)


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path):
    """The checks read a file that the student's code has made a pipe: their own clock ends that, and the next check runs."""
    module = COURSE.module("10_experiments")
    file = next(one.file for one in COURSE.taught(module) if one.symbol == "drop_after")
    source = (COURSE.package / file).read_text()
    source += "\ndef drop_after(path, step):\n    import os\n    os.unlink(path)\n    os.mkfifo(path)\n"
    folder = lay_out(tmp_path, module, {file: source})
    given = verdicts(
        judged(folder, module, names=("metrics_of_a_resumed_run", "whole_numbers"), patience=0.2)
    )
    assert given == {"metrics_of_a_resumed_run": "timeout", "whole_numbers": "passed"}


def test_a_package_that_imports_only_once(tmp_path):
    """What was found before counts; the checks that are left could not be made."""
    code = "\ndef sigmoid(x):\n    import os\n    os._exit(1)\n"
    folder = lay_out(tmp_path, SETUP, {"utils/numerics.py": NUMERICS + code})

    class Once(Pair):
        def start_student(self, line):
            if self.student:
                (tmp_path / "tinytorch/utils/numerics.py").write_text("def f(:")
            super().start_student(line)

    found = Found()
    with Once(
        Work(folder, SETUP.checks, TIER, names=("dispatch_by_setting", "sigmoid", "softplus", "one_hot")),
        believed=True,
    ) as pair:
        assert pair.round(found)
    assert found.package is None
    assert list(verdicts(found).values()) == ["passed", "crashed", "syntax_error", "syntax_error"]


def test_seeds_differ_and_are_not_there(tmp_path):
    """What the student's code draws or gets differs from student to student, and the numbers they come from are not in its process."""
    code = """
import gc
def sigmoid(x, right=sigmoid):
    secret = int("9876" + "54321")
    held = [thing for thing in gc.get_objects() if type(thing) in (tuple, list, dict)]
    for thing in held:
        for value in thing.values() if type(thing) is dict else thing:
            if type(value) is int and value == secret:
                return x
    return right(x)
"""
    folder = lay_out(tmp_path, SETUP, {"utils/numerics.py": NUMERICS + code})
    found = judged(folder, SETUP, names=("sigmoid",), mix=(987654321,))
    assert verdicts(found) == {"sigmoid": "passed"}
    from tito import checking

    draws = []
    for mix in ((1,), (2,), (1,)):
        checking.MIX = mix
        draws.append(checking.arrays((3,), seed=0)[0].tolist())
    checking.MIX = ()
    assert draws[0] == draws[2] != draws[1]


def test_no_answers_beside_the_students_code():
    """What is sent to stand beside the student's code (`@beside`) makes no comparison and holds no expectation; the list, and why."""
    reasons = {
        ("06_spatial", "written_into"): "whether two arrays share memory is known only where they are",
        (
            "09_schedulers",
            "not_yet_made",
        ): "an object without its __init__ is made by the class that is there",
        ("13_kernels", "multiplier"): "Numba compiles it together with the student's functions",
        ("13_kernels", "tile_of"): "Numba compiles it together with the student's functions",
    }
    found = set()
    for module in COURSE.modules:
        parts = module.checks.read_text().split("\n@beside\n")[1:]
        for part in parts:
            name = part.split("def ", 1)[1].split("(", 1)[0]
            body = part.split("\n\n\n", 1)[0]
            assert "expect" not in body and "rng(" not in body and "assert" not in body
            found.add((module.name, name))
    assert found == set(reasons)
    gc.collect()


MINE = """
def wipes(x, factor):
    x[...] = 0
    return x * factor

def in_its_place(x, factor):
    x *= factor
    return x

def adds(x, y):
    x += y
    return float(x.sum())
"""
HANDED_OVER = '''
import numpy as np
from tinytorch.mine import adds, in_its_place, wipes
from tito.checking import arrays, check, expect, expect_close, lent

@check(of="mine", section="Mine")
def test_wipes():
    """What was handed over is as it was drawn when the answer is looked at."""
    (x,) = arrays((3, 4), seed=1)
    expect_close(wipes(x, 2.0), 2.0 * x, "twice x")

@check(of="mine", section="Mine")
def test_in_its_place():
    """Wherever it is computed, the answer is right, and may be asked for again."""
    (x,) = arrays((3, 4), seed=2)
    for _ in range(2):
        expect_close(in_its_place(x, 2.0), 2.0 * x, "twice x")
    out = in_its_place(x, 3.0)
    expect_close(in_its_place(out, 2.0), 6.0 * x, "an array that is the student's own by now")

@check(of="mine", section="Mine")
def test_lent():
    """What is lent is written to, and nothing else."""
    x, y = lent(np.ones(2)), np.ones(2)
    expect(adds(x, y) == 4.0 and adds(y, y) == 4.0, "the sum")
    expect_close(x, [2.0, 2.0], "x")
    expect_close(y, [1.0, 1.0], "y")
'''


def test_what_is_handed_over_stays_as_it_is(tmp_path):
    """What is expected is computed from the arrays that a check hands over, often after the call: they are not the student's to change."""
    module = COURSE.module("01_tensor")
    folder = lay_out(tmp_path / "work", module, {"mine.py": MINE})
    checks = tmp_path / "checks.py"
    checks.write_text(HANDED_OVER)
    found = judged(folder, SimpleNamespace(checks=checks))
    assert found.package is None
    told = {record["check"]: record for record in found.records}
    assert verdicts(found) == {"wipes": "failed", "in_its_place": "passed", "lent": "passed"}, told
    assert "twice x" in told["wipes"]["message"]
