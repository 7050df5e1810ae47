"""`tito.levels` and the rules of `tree.py` on small packages made here."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.structure.tree import (
    PACKAGE,
    Package,
    ahead,
    climbing,
    handed_on_early,
    runtime_imports,
    speechless,
)
from tito.curriculum import CurriculumError, owners, read_modules
from tito.levels import cut_init, level_files, package_files, read_tags, unowned, write_level

LATER = (PACKAGE / "later.py").read_text()

PROJECT = {
    "modules/00_setup/lesson.md": "---\nnumber: 0\ntitle: Setup\nfiles: [later.py, backend.py]\nneeds: []\n---\nText.\n",
    "modules/01_tensor/lesson.md": "---\nnumber: 1\ntitle: Tensor\nfiles: [op.py, nn/linear.py]\nneeds: [0]\n---\n",
    "modules/05_optimizers/lesson.md": "---\nnumber: 5\ntitle: SGD\nfiles: [optim/sgd.py, nn/conv.py]\nneeds: [1]\n---\n",
    "tinytorch/__init__.py": """
        from . import backend, later
        from . import nn  # 01
        from .op import op  # 01
        from . import optim  # 05

        __getattr__ = later.missing_from(__name__)
    """,
    "tinytorch/later.py": LATER,
    "tinytorch/backend.py": "import math\n",
    "tinytorch/op.py": "from . import backend\n\ndef op(f): return f\n\nmethod = op\n",
    "tinytorch/nn/__init__.py": """
        from ..later import missing_from
        from .linear import (
            Linear,  # 01
        )
        from .conv import Conv1d, Conv2d  # 05

        __getattr__ = missing_from(__name__)
    """,
    "tinytorch/nn/linear.py": "class Linear: ...\n",
    "tinytorch/nn/conv.py": """
        from ..op import method

        class Conv1d: ...
        class Conv2d: ...

        @method
        def convolve(x): ...
    """,
    "tinytorch/optim/__init__.py": "from .sgd import SGD\n",
    "tinytorch/optim/sgd.py": "from ..op import op\n\nclass SGD: ...\n",
    "tinytorch/optim/table.json": "{}\n",
    "tinytorch/optim/old/__init__.py": "",
    "tinytorch/nn/intrinsic/__init__.py": """
        from ...later import missing_from
        from ..linear import Linear  # 01
        from ..conv import Conv1d  # 05

        __getattr__ = missing_from(__name__)
    """,
    "tinytorch/nn/intrinsic/quantized/__init__.py": "",
    "tinytorch/optim/__pycache__/sgd.pyc": "x",
    "tinytorch/py.typed": "",
}


@pytest.fixture
def project(tmp_path):
    """The small project's folder; files can be changed before it is read."""

    def lay(changes=None):
        for file, text in (PROJECT | (changes or {})).items():
            path = tmp_path / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text).lstrip("\n"))
        return tmp_path

    return lay


def package(folder: Path) -> Package:
    return Package(folder / "tinytorch", read_modules(folder / "modules"))


def run(folder: Path, code: str) -> str:
    """What a Python says whose `tinytorch` is the one in that folder."""
    command = [sys.executable, "-c", textwrap.dedent(code)]
    result = subprocess.run(
        command, cwd=folder, env={"PYTHONPATH": str(folder)}, capture_output=True, text=True, timeout=60
    )
    return result.stdout + result.stderr.strip().rpartition("\n")[2]


# ---------------------------------------------------------------- cutting an __init__


def cut(source: str, level: int) -> tuple[str, dict[str, int]]:
    return cut_init(textwrap.dedent(source).lstrip("\n"), level)


def test_tags_are_comments_only():
    source = 'a = 1  # 05\nb = "# 06"\nc = 2  # 07: why\nd = 3  # noqa: F401  # 08\ne = 4  # 2013\nf = 5  # 16x16\n'
    assert read_tags(source) == {1: 5, 3: 7, 4: 8}


def test_the_whole_file_comes_back_at_the_last_level():
    source = (PACKAGE / "later.py").read_text()
    assert cut_init(source, 99) == (source, {})


def test_untagged_lines_stay_and_tagged_lines_come_in_turn():
    source = '"""Doc."""\n\nfrom .a import A\nfrom .b import B, C as D  # 05\nx = y = 1  # 03\n'
    assert cut_init(source, 0) == ('"""Doc."""\n\nfrom .a import A\n', {"B": 5, "D": 5, "x": 3, "y": 3})
    assert cut_init(source, 3) == ('"""Doc."""\n\nfrom .a import A\nx = y = 1  # 03\n', {"B": 5, "D": 5})
    assert cut_init(source, 5) == (source, {})


@pytest.mark.parametrize(
    "place", ["from .a import (  # 05\n    A,\n    B,\n)\n", "from .a import (\n    A,\n    B,\n)  # 05\n"]
)
def test_a_statement_is_tagged_on_its_first_or_last_line(place):
    assert cut_init(place, 4) == ("", {"A": 5, "B": 5})
    assert cut_init(place, 5) == (place, {})


def test_a_name_has_a_tag_of_its_own():
    source = """
        from .a import (  # 04
            A,
            B,  # 05
            C,
            D, E,  # 03
        )
    """
    assert cut(source, 2) == ("", {"A": 4, "B": 5, "C": 4, "D": 3, "E": 3})
    assert cut(source, 3) == ("from .a import (  # 04\n    D, E,  # 03\n)\n", {"A": 4, "B": 5, "C": 4})
    assert cut(source, 4)[0] == "from .a import (  # 04\n    A,\n    C,\n    D, E,  # 03\n)\n"
    assert cut(source, 5)[1] == {}


def test_lines_inside_a_list_have_tags_too():
    source = '__all__ = [\n    "A",\n    "B",  # 05\n]\n'
    assert cut_init(source, 4)[0] == '__all__ = [\n    "A",\n]\n'


def test_a_name_that_is_bound_earlier_too_is_not_missing():
    source = "from .plain import softmax\nfrom .fast import softmax  # 13\n"
    assert cut_init(source, 5) == ("from .plain import softmax\n", {})


def test_a_cut_that_leaves_no_python_is_an_error():
    with pytest.raises(CurriculumError, match="a line of its own"):
        cut_init("x = [\n    1, (2,  # 05\n    3),\n]\n", 4)


# ---------------------------------------------------------------- levels


def test_files_of_each_level(project):
    folder = project()
    modules = read_modules(folder / "modules")
    files = {n: set(level_files(folder / "tinytorch", modules, n)) for n in (0, 1, 5)}
    assert files[0] == {"__init__.py", "later.py", "backend.py", "py.typed"}
    bare = {"nn/intrinsic/__init__.py", "nn/intrinsic/quantized/__init__.py"}  # they come with nn
    assert files[1] == files[0] | bare | {"op.py", "nn/__init__.py", "nn/linear.py"}
    optim = {"optim/__init__.py", "optim/sgd.py", "optim/table.json", "optim/old/__init__.py"}
    assert files[5] == files[1] | optim | {"nn/conv.py"}


def test_a_package_of_nothing_but_an_init_is_cut_as_others_are(project):
    folder = project()
    files = level_files(folder / "tinytorch", read_modules(folder / "modules"), 1)
    assert b"Linear" in files["nn/intrinsic/__init__.py"]
    assert b"Conv1d" not in files["nn/intrinsic/__init__.py"]
    assert b'"nn.intrinsic.Conv1d": "05_optimizers"' in files["later.py"]


def test_the_last_level_is_the_package(project):
    folder = project()
    package = folder / "tinytorch"
    files = level_files(package, read_modules(folder / "modules"), 5)
    assert files == {
        path.relative_to(package).as_posix(): path.read_bytes() for path in package_files(package)
    }


def test_a_level_is_written_to_a_new_folder_only(project, tmp_path):
    folder = project()
    arguments = folder / "tinytorch", read_modules(folder / "modules"), 1, tmp_path / "copy"
    assert "op.py" in write_level(*arguments)
    with pytest.raises(FileExistsError, match="not empty"):
        write_level(*arguments)


COMES = "comes with module 05_optimizers. Start it with: tito module start 05"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import tinytorch; tinytorch.optim", f"tinytorch.optim {COMES}"),
        ("import tinytorch.optim", f"tinytorch.optim {COMES}"),
        ("import tinytorch.optim.sgd", f"tinytorch.optim {COMES}"),
        ("from tinytorch import optim", f"tinytorch.optim {COMES}"),
        ("from tinytorch.optim import SGD", f"tinytorch.optim {COMES}"),
        ("from tinytorch.nn import Conv2d", f"tinytorch.nn.Conv2d {COMES}"),
        ("import tinytorch; tinytorch.nn.Conv1d", f"tinytorch.nn.Conv1d {COMES}"),
        ("import tinytorch.nn.conv", f"tinytorch.nn.conv {COMES}"),
        ("from tinytorch.nn.intrinsic import Conv1d", f"tinytorch.nn.intrinsic.Conv1d {COMES}"),
        (
            "from tinytorch.later import comes_with as c; print(c('Tensor.convolve'))",
            f"tinytorch.Tensor.convolve {COMES}",
        ),
        (
            "import tinytorch; tinytorch.nn.Linaer",
            "has no attribute 'Linaer'; near names: Linear, linear. If PyTorch has it",
        ),
        (
            "import tinytorch; tinytorch.compile",
            "AttributeError: module 'tinytorch' has no attribute 'compile'. If PyTorch",
        ),
        ("import tinytorch; print(hasattr(tinytorch, 'compile'))", "False"),
        ("import tinytorch.nothing", "ModuleNotFoundError: No module named 'tinytorch.nothing'"),
    ],
)
def test_what_a_missing_name_says_at_level_01(project, tmp_path, code, said):
    folder = project()
    write_level(folder / "tinytorch", read_modules(folder / "modules"), 1, tmp_path / "copy" / "tinytorch")
    assert said in run(tmp_path / "copy", code)


def test_the_whole_package_has_no_finder(project):
    assert (
        run(project(), "import sys, tinytorch; print([f for f in sys.meta_path if 'Later' in repr(f)])")
        == "[]\n"
    )


def test_a_tag_of_no_module_is_an_error(project):
    folder = project({"tinytorch/__init__.py": "from . import backend  # 04\n"})
    with pytest.raises(CurriculumError, match=r"tagged # 04, and there is no module 04"):
        level_files(folder / "tinytorch", read_modules(folder / "modules"), 1)


# ---------------------------------------------------------------- owners


def test_files_without_owner_and_owners_without_file(project):
    folder = project({"tinytorch/stray.py": ""})
    modules = read_modules(folder / "modules")
    assert unowned(folder / "tinytorch", modules) == ["stray.py"]
    with pytest.raises(CurriculumError, match=r"in no lesson's front matter: stray\.py"):
        level_files(folder / "tinytorch", modules, 1)
    (folder / "tinytorch/stray.py").unlink()
    (folder / "tinytorch/op.py").unlink()
    with pytest.raises(CurriculumError, match=r"not in tinytorch/: op\.py \(01_tensor\)"):
        level_files(folder / "tinytorch", modules, 1)


def test_a_file_has_one_owner(project):
    text = PROJECT["modules/05_optimizers/lesson.md"].replace("optim/sgd.py", "op.py")
    with pytest.raises(CurriculumError, match=r"op\.py is listed by 01_tensor and by 05_optimizers"):
        owners(read_modules(project({"modules/05_optimizers/lesson.md": text}) / "modules"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("No front matter.\n", "does not start with front matter"),
        ("---\n- a list\n---\n", "not a mapping"),
        ("---\nnumber: 6\n---\n", "lacks title, files, needs"),
        ("---\n{number: 6, title: T, files: [], needs: []}\n---\n", "number is 6, but the folder says 5"),
        ("---\n{number: 5, title: T, files: [], needs: [7]}\n---\n", "numbers of earlier modules"),
    ],
)
def test_front_matter_that_cannot_be(project, text, said):
    with pytest.raises(CurriculumError, match=said):
        read_modules(project({"modules/05_optimizers/lesson.md": text}) / "modules")


# ---------------------------------------------------------------- imports and floors


def test_the_small_package_breaks_no_rule(project):
    small = package(project())
    assert climbing(small) + ahead(small) + handed_on_early(small) + speechless(small) == []


@pytest.mark.parametrize(
    ("file", "text", "rule", "said"),
    [
        (
            "backend.py",
            "from .op import op",
            climbing,
            "`from .op import op` goes up from floor 0 to op.py on floor 1",
        ),
        ("backend.py", "def f():\n    from . import op", climbing, "backend.py:2"),
        ("op.py", "import tinytorch.optim.sgd", climbing, "floor 1 to optim/sgd.py on floor 5"),
        ("op.py", "import tinytorch", climbing, "to __init__.py on floor 8"),
        ("op.py", "from tinytorch import optim", climbing, "optim/__init__.py on floor 5"),
        ("op.py", "from .optim import SGD", ahead, "op.py comes with 01, but optim/sgd.py with 05"),
        ("op.py", "def f():\n    from . import optim", ahead, "optim/__init__.py with 05"),
        ("nn/linear.py", "from . import Conv2d", ahead, "nn/linear.py comes with 01, but nn/conv.py with 05"),
        (
            "__init__.py",
            "from .op import op",
            handed_on_early,
            "`op` is tagged # 00, but op.py comes with 01",
        ),
        (
            "nn/__init__.py",
            "from .conv import (\n    Conv2d,  # 04\n)",
            handed_on_early,
            "tagged # 04, but nn/conv.py comes with 05",
        ),
    ],
)
def test_a_broken_rule_is_found(project, file, text, rule, said):
    found = rule(package(project({f"tinytorch/{file}": text + "\n"})))
    assert any(said in line for line in found), found


def test_a_package_without_the_hook_is_found(project):
    text = "from .linear import Linear\nfrom .conv import Conv2d  # 05\n"
    (said,) = speechless(package(project({"tinytorch/nn/__init__.py": text})))
    assert (
        said == "nn/__init__.py: `from ..later import missing_from`, `__getattr__ = missing_from(__name__)`"
    )


def test_imports_for_types_are_free(project):
    text = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from .optim import SGD\n"
    small = package(project({"tinytorch/op.py": text}))
    assert climbing(small) + ahead(small) == []


def test_runtime_imports_are_found_wherever_they_stand():
    import ast

    code = "try:\n    import a\nexcept ImportError:\n    import b\nclass C:\n    def f(self):\n        import c\nif TYPE_CHECKING:\n    import d\nelse:\n    import e\n"
    assert [i.names[0].name for i in runtime_imports(ast.parse(code))] == ["a", "b", "c", "e"]
