"""A student's way through the small course, by the command line: nothing is lost, nothing passes that is not right."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


def fill(tito, file):
    """The reference's file in the place of the student's."""
    shutil.copy(tito.course / "tinytorch" / file, tito.here / "tinytorch" / file)


def student(tito, file):
    return tito.here / "tinytorch" / file


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def reach(tito, level):
    """Complete the modules below a level and start it."""
    for number, file in list(enumerate(["zero.py", "first.py", "second.py"]))[: level + 1]:
        tito.json("module", "start", str(number))
        if number < level:
            fill(tito, file)
            tito.json("module", "complete", str(number))


def test_the_whole_way(tito):
    assert (tito.here / ".git").is_dir() == bool(shutil.which("git"))
    assert not list((tito.here / "tinytorch").iterdir())  # it starts empty
    for number, file in enumerate(["zero.py", "first.py", "second.py"]):
        started = tito.json("module", "start", f"{number:02}")
        assert f"tinytorch/{file}" in started["new"]
        assert "NotImplementedError" in student(tito, file).read_text()
        assert not tito.json("module", "test", code=1)["passed"]
        failed = tito.json("module", "complete", code=1)
        assert failed["exit_code"] == 1
        fill(tito, file)
        assert tito.json("module", "test")["passed"]
        done = tito.json("module", "complete")
        assert done["celebration"] == "Well done."
    status = tito.json("module", "status")
    assert [m["state"] for m in status["modules"]] == ["complete"] * 3
    record = tito.json("progress")
    assert [len(e["modules"]) for e in record["workspaces"].values()] == [3]
    assert [c["passed"] != "" for c in tito.json("checkpoint", "status")["checkpoints"]] == [True] * 3
    assert len(tito.json("checkpoint", "timeline")["timeline"]) == 3
    assert tito.json("checkpoint", "test", "2")["passed"]


def test_the_checkpoint_decides_too(tito):
    reach(tito, 2)
    fill(tito, "second.py")
    edit(student(tito, "first.py"), "return -x", "return x")  # no check asks for it
    assert tito.json("module", "test", "2")["passed"]
    refused = tito.json("module", "complete", "2", code=1)
    assert "checkpoint does not: the count" in refused["error"]
    assert refused["hint"] == "tito checkpoint test 02"
    assert tito.json("module", "status")["modules"][2]["state"] == "started"
    shown = tito.run("checkpoint", "test", "2")
    assert shown.returncode == 1
    assert "expected int64[] -4" in shown.stdout and "Can I Memory?  Not yet." in shown.stdout
    edit(student(tito, "first.py"), "return x\n", "return -x\n")
    assert tito.json("module", "complete", "2")["checkpoint"] == "counted to -4"
    assert tito.json("checkpoint", "status")["checkpoints"][2]["said"] == "counted to -4"
    assert "no checkpoint" in tito.json("checkpoint", "test", "1", code=3)["error"]


def test_what_was_skipped_by_force_is_recorded_when_it_passes(tito):
    tito.json("module", "start", "2", "--force")
    for file in ("zero.py", "first.py", "second.py"):
        fill(tito, file)
    done = tito.json("module", "complete", "2")
    assert done["also"] == ["00_setup", "01_tensor"]
    assert [m["state"] for m in tito.json("module", "status")["modules"]] == ["complete"] * 3


def test_the_level_grows(tito):
    tito.json("module", "start", "0")
    code = "import tinytorch; print(tinytorch.half); tinytorch.add"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tito.here,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": ""},
    )
    assert "comes with module 01_tensor. Start it with: tito module start 01" in done.stderr
    assert not student(tito, "first.py").exists()


def test_modules_come_in_order(tito):
    refused = tito.json("module", "start", "2", code=2)
    assert refused["missing"] == ["00_setup", "01_tensor"]
    assert tito.json("module", "start", "memory", "--force")["module"] == "02_memory"


def test_the_students_file_is_what_is_tested(tito):
    reach(tito, 1)
    fill(tito, "first.py")
    edit(student(tito, "first.py"), "np.add(x, y)", "np.subtract(x, y)")
    report = tito.json("module", "test", code=1)
    first, second = report["checks"]
    assert (first["outcome"], second["outcome"]) == ("failed", "skipped")
    assert first["expected"].startswith("int64[2] [4, 6]")
    assert first["got"].startswith("int64[2] [-2, -2]")
    assert "[0]" in first["difference"]
    assert first["file"] == "tinytorch/first.py"
    assert first["line"] == 8
    assert first["section"] == "The idea"
    assert "`add`" in second["message"]
    assert tito.json("module", "complete", code=1)
    assert tito.json("module", "status")["modules"][1]["state"] == "started"


def test_what_a_failure_looks_like(tito):
    reach(tito, 1)
    fill(tito, "first.py")
    edit(student(tito, "first.py"), "return np.add(x, y)", "print('here', x)\n    return x + missing")
    shown = tito.run("module", "test", COLUMNS="60")
    assert shown.returncode == 1
    for piece in (
        "NameError: name 'missing' is not defined",
        "tinytorch/first.py:12",
        "return x + missing",
        "here [1 2]",
        "'The idea'",
    ):
        assert piece in shown.stdout, shown.stdout
    assert "Traceback" not in shown.stdout + shown.stderr
    assert max(map(len, shown.stdout.splitlines())) <= 75
    assert "\x1b[" not in tito.run("module", "test", NO_COLOR="1").stdout


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("while True: pass", "took too long"),
        ("import time; time.sleep(60)", "took too long"),
        ("return scale(x)", "calls itself without end"),
        ("import os; os._exit(0)", "ended before the check did"),
        ("import os; os.kill(os.getpid(), 11)", "SIGSEGV"),
        ("import sys; sys.exit()", "SystemExit"),
        ("return None", "is None"),
        ("return ...", "not written yet"),
    ],
)
def test_a_check_survives_anything(tito, body, said):
    reach(tito, 1)
    fill(tito, "first.py")
    edit(student(tito, "first.py"), "return SCALE * x", body)
    report = tito.json("module", "test", code=1)
    assert [c["outcome"] for c in report["checks"]] == ["passed", "failed"]
    assert said in report["checks"][1]["message"]


def test_a_file_that_is_not_python(tito):
    reach(tito, 1)
    edit(student(tito, "first.py"), "def scale(x):", "def scale(x:")
    report = tito.json("module", "test", code=1)
    assert report["problem"]["file"] == "tinytorch/first.py"
    assert "SyntaxError" in report["problem"]["message"]
    assert "Traceback" not in tito.run("module", "hint").stderr
    assert tito.run("doctor").returncode == 1


def test_could_not_check_is_no_failure(tito):
    reach(tito, 1)
    fill(tito, "first.py")
    checks = tito.course / "modules" / "01_tensor" / "checks.py"
    checks.write_text(
        checks.read_text()
        + "\ndef test_elsewhere():\n    '''Needs a camera.'''\n    raise CouldNotCheck('no camera')\n"
    )
    report = tito.json("module", "test", code=3)
    assert report["counts"] == {"passed": 2, "failed": 0, "skipped": 0, "could_not_check": 1}
    assert tito.json("module", "complete", code=3)
    checks.write_text("import nothing_like_it\n")
    assert tito.json("module", "test", code=3)["problem"]["outcome"] == "could_not_check"
    checks.unlink()
    assert "no checks" in tito.json("module", "complete", code=3)["error"]


def test_a_check_that_passes_may_have_something_to_say(tito):
    reach(tito, 1)
    fill(tito, "first.py")
    checks = tito.course / "modules" / "01_tensor" / "checks.py"
    checks.write_text(
        checks.read_text()
        + "\ndef test_pace():\n    '''Right, if slow.'''\n    print('a loop over pixels: right, but slow')\n"
    )
    shown = tito.run("module", "test").stdout
    assert "Right, if slow." in shown
    assert "a loop over pixels: right, but slow" in shown


def test_checks_judge_the_reference_bodies_of_kernels(tito):
    reach(tito, 1)
    fill(tito, "first.py")
    checks = tito.course / "modules" / "01_tensor" / "checks.py"
    checks.write_text(
        checks.read_text()
        + "\ndef test_kernels():\n    '''What the student wrote runs.'''\n    import os\n    assert os.environ['TINYTORCH_KERNELS'] == 'reference'\n"
    )
    assert tito.json("module", "test", TINYTORCH_KERNELS="numba")["passed"]


def test_hints_are_about_the_failing_symbol_only(tito):
    reach(tito, 1)
    hints = [tito.json("module", "hint") for _ in range(3)]
    assert [h["hint"] for h in hints] == ["np.add", "np.add(x, y)", "np.add(x, y)"]
    assert {h["symbol"] for h in hints} == {"add"}
    assert [h["left"] for h in hints] == [1, 0, 0]
    student(tito, "first.py").write_text(
        student(tito, "first.py")
        .read_text()
        .replace('raise NotImplementedError("01_tensor: add")', "return x + y")
    )
    assert tito.json("module", "hint")["hint"] == "SCALE * x"
    fill(tito, "first.py")
    assert tito.json("module", "hint")["symbol"] == ""


def test_reset_and_undo(tito):
    reach(tito, 1)
    fill(tito, "first.py")
    mine = student(tito, "first.py").read_text()
    tito.json("module", "reset", "1", "scale")
    text = student(tito, "first.py").read_text()
    assert 'NotImplementedError("01_tensor: scale")' in text
    assert "np.add(x, y)" in text
    tito.json("module", "reset", "1")
    assert 'NotImplementedError("01_tensor: add")' in student(tito, "first.py").read_text()
    tito.json("module", "reset", "--undo")
    assert student(tito, "first.py").read_text() == text
    tito.json("module", "reset", "--undo")
    assert student(tito, "first.py").read_text() == mine
    assert "nothing to undo" in tito.json("module", "reset", "--undo", code=2)["error"]


def test_a_solution_is_asked_for_twice_and_recorded(tito):
    reach(tito, 1)
    edit(student(tito, "first.py"), "SCALE = 3", "SCALE = 3  # mine")
    assert "--yes" in tito.json("module", "solution", code=2)["hint"]
    tito.json("module", "solution", "1", "add", "--yes")
    text = student(tito, "first.py").read_text()
    assert "np.add(x, y)" in text
    assert "# mine" in text
    assert 'NotImplementedError("01_tensor: scale")' in text
    (entry,) = tito.json("progress")["workspaces"].values()
    assert entry["modules"]["01_tensor"]["solutions"] == ["add"]


def test_diff_shows_what_the_student_wrote(tito):
    reach(tito, 1)
    assert tito.json("module", "diff")["diff"] == ""
    edit(student(tito, "first.py"), 'raise NotImplementedError("01_tensor: add")', "return x + y")
    lines = [
        line
        for line in tito.json("module", "diff")["diff"].splitlines()
        if line[0] in "+-" and line[:3] not in ("+++", "---")
    ]
    assert lines == ['-    raise NotImplementedError("01_tensor: add")', "+    return x + y"]


def test_starting_the_next_module_keeps_what_was_written(tito):
    reach(tito, 1)
    fill(tito, "first.py")
    path = student(tito, "first.py")
    path.write_text(path.read_text() + "\n# my own note\n")
    init = student(tito, "__init__.py")
    init.write_text(init.read_text() + "\nMINE = 1\n")
    tito.json("module", "complete")
    started = tito.json("module", "start", "2")
    assert "# my own note" in path.read_text()
    assert "MINE = 1" in init.read_text()
    assert "from .second import Counter" in init.read_text()
    assert started["merged"] == ["tinytorch/__init__.py"]


def test_update_leaves_what_the_student_wrote(tito):
    reach(tito, 1)
    mine = student(tito, "first.py")
    edit(mine, 'raise NotImplementedError("01_tensor: add")', "return x + y")
    package = tito.course / "tinytorch"
    edit(package / "first.py", "    return -x", "    return 0 - x")
    edit(package / "version.py", "1.0", "1.1")
    edit(package / "zero.py", '"""Numbers."""', '"""All numbers."""')
    assert any(
        f["name"] == "course" and f["mend"] == "tito update" for f in tito.json("doctor", code=1)["findings"]
    )
    record = tito.json("update")
    assert (record["from"], record["to"]) == ("1.0", "1.1")
    assert "return x + y" in mine.read_text()
    assert "return 0 - x" in mine.read_text()
    assert "All numbers" in student(tito, "zero.py").read_text()
    edit(package / "first.py", '    """x + y, one array."""\n', '    """x + y, in one array."""\n    x = x\n')
    edit(mine, '"""x + y, one array."""', '"""My own words."""')
    before = mine.read_text()
    record = tito.json("update")
    assert record["conflicts"] == ["tinytorch/first.py"]
    assert "My own words" in mine.read_text()
    assert "return x + y" in mine.read_text()
    assert (tito.here / ".tito/incoming/tinytorch/first.py").exists()
    tito.json("module", "reset", "--undo")
    assert mine.read_text() == before


def test_new_steps_in_a_stub_are_no_conflict_with_what_was_written_there(tito):
    reach(tito, 1)
    mine = student(tito, "first.py")
    edit(mine, 'raise NotImplementedError("01_tensor: add")', "return x + y")
    lesson = tito.course / "modules" / "01_tensor" / "lesson.md"
    edit(lesson, "Add them.", "Add them, all of them.")
    edit(lesson, "Three times x.", "Three times whatever x is.")
    edit(tito.course / "tinytorch" / "first.py", "    return -x", "    return 0 - x")
    record = tito.json("update")
    assert (record["conflicts"], "tinytorch/first.py" in record["merged"]) == ([], True)
    text = mine.read_text()
    assert "return x + y" in text and "all of them" not in text
    assert "# Three times whatever x is." in text and "return 0 - x" in text
    assert tito.json("update")["merged"] == []


def test_lines_that_end_as_on_windows_are_no_edit(tito):
    reach(tito, 1)
    path = student(tito, "zero.py")
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    edit(tito.course / "tinytorch" / "zero.py", '"""Numbers."""', '"""All numbers."""')
    assert tito.json("update")["conflicts"] == []
    assert "All numbers" in path.read_text()


def test_checks_run_where_there_is_no_fork(tito):
    """As on Windows: a new process for each check."""
    reach(tito, 1)
    fill(tito, "first.py")
    edit(student(tito, "first.py"), "return SCALE * x", "print('so far'); return 5")
    job = {
        "root": str(tito.here),
        "checks": str(tito.course / "modules" / "01_tensor" / "checks.py"),
        "taught": [],
    }
    done = subprocess.run(
        [sys.executable, "-c", "import os; del os.fork; from tito.runner import main; main()"],
        input=json.dumps(job),
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tito.here), str(tito.course)])},
        cwd=tito.here,
        capture_output=True,
        text=True,
    )
    about, first, second = map(json.loads, done.stdout.splitlines())
    assert [c["check"] for c in about["checks"]] == ["add", "scale"]
    assert (first["outcome"], second["outcome"]) == ("passed", "failed")
    assert "so far" in second["printed"] and second["got"] == "int64[] 5"


def test_a_notebook_and_back(tito):
    reach(tito, 1)
    path = Path(tito.json("module", "notebook")["notebook"])
    book = json.loads(path.read_text())
    assert book["nbformat"] == 4
    assert "np.add(x, y)" not in json.dumps(book)  # no answers in it
    cell = next(c for c in book["cells"] if c["metadata"].get("tito", {}).get("symbol") == "add")
    cell["source"] = "def add(x, y):\n    return np.add(x, y)  # from the notebook"
    path.write_text(json.dumps(book))
    tito.json("module", "test", code=1)  # scale is still a stub
    assert "from the notebook" in student(tito, "first.py").read_text()
    edit(student(tito, "first.py"), "# from the notebook", "# from the file")
    cell["source"] = "def add(x, y):\n    return x + y  # again"
    path.write_text(json.dumps(book))
    refused = tito.json("module", "test", code=4)
    assert refused["conflicts"] == ["first.py:add"]
    assert "# from the file" in student(tito, "first.py").read_text()
    assert "# again" in path.read_text()
    cell["source"] = "def plus(x, y): return 1"
    path.write_text(json.dumps(book))
    edit(student(tito, "first.py"), "# from the file", "# from the notebook")
    assert "does not define it" in tito.json("module", "test", code=2)["error"]


def test_watch_runs_again_on_save(tito):
    reach(tito, 1)
    variables = os.environ | {
        "PYTHONPATH": str(tito.course),
        "TINYTORCH_HOME": str(tito.home),
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tito", "module", "watch"],
        cwd=tito.here,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    try:
        wait_for(process, "1 not written, 1 skipped")
        fill(tito, "first.py")
        wait_for(process, "2 passed")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)


def wait_for(process, text, seconds=60):
    end = time.monotonic() + seconds
    for line in process.stdout:
        if text in line:
            return
        assert time.monotonic() < end
    raise AssertionError(f"never saw {text!r}")


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["module", "tset"], 2, "Did you mean test"),
        (["module", "test", "99"], 2, "no module '99'"),
        (["module", "start", "tensr"], 2, "01_tensor"),
        (["module", "test", "2"], 2, "not started"),
        (["module", "reset", "0", "hlaf"], 2, "half"),
        (["init", "."], 2, "a workspace already"),
        (["nonsense"], 2, "No such command"),
        (["module", "view"], 0, "The idea"),
    ],
)
def test_a_mistake_is_answered_without_a_traceback(tito, args, code, said):
    tito.json("module", "start", "0")
    done = tito.run(*args)
    assert done.returncode == code
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_outside_a_workspace_and_in_the_source_tree(tito, tmp_path):
    away = tmp_path / "away"
    away.mkdir()
    assert "not inside a workspace" in tito.json("module", "status", here=away, code=2)["error"]
    at_home = tito.json("module", "status", here=tito.course)
    assert at_home["reference"]
    assert tito.json("module", "test", "1", here=tito.course)["passed"]
    assert "source tree" in tito.json("module", "start", "1", here=tito.course, code=2)["error"]
    assert "source tree" in tito.run("module", "status", here=tito.course).stdout
    (away / "something").write_text("x")
    assert "not empty" in tito.json("init", ".", here=away, code=2)["error"]


def test_a_damaged_state_is_said(tito):
    (tito.here / ".tito" / "workspace.json").write_text("{")
    assert "cannot be read" in tito.json("module", "status", code=2)["error"]


def test_what_answers_at_once_imports_nothing_heavy(tito):
    for args in (
        ["--help"],
        ["module", "status"],
        ["module", "list"],
        ["checkpoint", "status"],
        ["progress"],
    ):
        code = f"import sys; from tito.cli import main\ntry: main({args!r})\nexcept SystemExit: pass\nprint(*{{'numpy', 'tinytorch', 'rich'}} & set(sys.modules), file=sys.stderr)"
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tito.here,
            env=os.environ | {"PYTHONPATH": str(tito.course), "TINYTORCH_HOME": str(tito.home)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0
        assert done.stderr.strip() == "", args


def test_questions_are_asked_and_the_answers_kept(tito):
    """With the right answers beside them they are explained; as an instructor gives them out they are only written down."""
    tito.json("module", "start", "0")
    folder = tito.here / "modules" / "00_setup"
    assert not (folder / "questions.yaml").exists()
    assert "questions.yaml" in tito.json("module", "quiz", "0", code=2)["error"]
    asked = "- ask: 'Half of 2?'\n  choices: ['1', '4']\n"
    (folder / "questions.yaml").write_text(asked)
    assert tito.json("module", "quiz", "0")["questions"] == [{"ask": "Half of 2?", "choices": ["1", "4"]}]
    assert tito.json("module", "quiz", "0", "--answers", "1")["passed"] is None
    assert (folder / "answers.yaml").read_text() == "[1]\n"
    (folder / "questions.yaml").write_text(asked + "  answer: 0\n  because: It is.\n")
    assert tito.json("module", "quiz", "0", "--answers", "1", code=1)["right"] == 0
    assert tito.json("module", "quiz", "0", "--answers", "0")["passed"]
    assert (folder / "answers.yaml").read_text() == "[0]\n"
    assert "were given" in tito.json("module", "quiz", "0", "--answers", "0,0", code=2)["error"]
    assert (folder / "answers.yaml").read_text() == "[0]\n"
