"""A module's notebook in Jupyter itself: its cells run in a kernel, and what is changed in one goes into the file."""

import subprocess
import sys

import pytest

from tito.course import the_course

nbformat = pytest.importorskip("nbformat", reason="notebooks are read with nbformat")
nbclient = pytest.importorskip("nbclient", reason="notebooks are run with nbclient")
pytest.importorskip("ipykernel", reason="notebooks are run in a kernel")

COURSE = the_course()


@pytest.fixture
def go(tmp_path, monkeypatch):
    """`go("module", "start", "03")` in a workspace; the environment is the kernel's too."""
    monkeypatch.setenv("PYTHONPATH", str(COURSE.root))
    monkeypatch.setenv("TINYTORCH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MPLBACKEND", raising=False)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))

    def run(*arguments, code=0):
        here = tmp_path / "work" if (tmp_path / "work").exists() else tmp_path
        done = subprocess.run(
            [sys.executable, "-m", "tito", *arguments], cwd=here, capture_output=True, encoding="utf-8"
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    run("init", "work")
    return run


def execute(path, **options):
    """The notebook, run from top to bottom in a kernel of this Python, as `jupyter nbconvert --execute` does."""
    book = nbformat.read(path, as_version=4)
    manager = nbclient.NotebookClient(
        book,
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        **options,
    )
    manager.create_kernel_manager()
    manager.km.kernel_spec.argv[0] = sys.executable
    manager.execute()
    return book


def printed(cell):
    return "".join(out.get("text", "") for out in cell.get("outputs", []))


@pytest.mark.filterwarnings("ignore")  # of zmq and asyncio, on their way out
def test_a_notebook_runs_and_takes_a_change(go, tmp_path):
    go("module", "start", "03", "--force")
    for number in ("00", "01", "02", "03"):
        go("module", "solution", number, "--yes")
    go("module", "notebook", "03")
    path = tmp_path / "work" / "modules" / "03_activations" / "03_activations.ipynb"
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    build = next(c for c in book.cells if c.metadata.get("tito", {}).get("symbol") == "relu_op")
    build.source = build.source.replace("np.maximum(x, 0)", "np.maximum(x, 0) + 1000 * (x == 3)  # a joke")
    at = book.cells.index(build)
    book.cells.insert(at + 1, nbformat.v4.new_code_cell("print('now', F.relu(x).tolist())"))
    nbformat.write(book, path)
    ran = execute(path)
    assert "[0.0, 0.0, 0.0, 3.0]" in "".join(
        map(printed, ran.cells[:at])
    )  # the example above, before the change
    assert "relu_op is in tinytorch/nn/functional/activation.py" in printed(ran.cells[at])
    assert printed(ran.cells[at + 1]) == "now [0.0, 0.0, 0.0, 1003.0]\n"
    assert "# a joke" in (tmp_path / "work/tinytorch/nn/functional/activation.py").read_text(encoding="utf-8")
    verdict = printed(ran.cells[-1])
    assert "relu cuts off what is negative" in verdict and "failed" in verdict
    assert any("image/png" in out.get("data", {}) for c in ran.cells for out in c.get("outputs", []))


@pytest.mark.filterwarnings("ignore")
def test_a_cell_that_is_not_written_says_so(go, tmp_path):
    go("module", "start", "00")
    go("module", "notebook", "00")
    path = tmp_path / "work" / "modules" / "00_setup" / "00_setup.ipynb"
    ran = execute(path, allow_errors=True)
    errors = [out for cell in ran.cells for out in cell.get("outputs", []) if out.output_type == "error"]
    assert errors
    assert {error.ename for error in errors} == {"NotImplementedError"}, {e.evalue for e in errors}


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.filterwarnings("ignore")
def test_every_notebook_runs_from_top_to_bottom(go, tmp_path):
    last = COURSE.modules[-1]
    go("module", "start", last.name, "--force")
    for module in COURSE.modules:
        go("module", "solution", module.name, "--yes")
    for module in COURSE.modules:
        go("module", "notebook", module.name)
        ran = execute(tmp_path / "work" / "modules" / module.name / f"{module.name}.ipynb")
        assert "failed" not in printed(ran.cells[-1]), module.name
