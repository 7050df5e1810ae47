"""When a compiled body runs, when the reference does, and what happens around processes, threads and caches."""

import copy
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import tinytorch
from tests.structure.tree import PACKAGE, REPOSITORY
from tinytorch import backend
from tinytorch.backend import kernel, kernels
from tinytorch.op import Op
from tinytorch.optim.adam import adam_step


def python(code: str, *, check=True, cwd=REPOSITORY, **environment):
    """What a fresh Python prints, and what it says on stderr."""
    environment = os.environ | {"PYTHONPATH": str(cwd)} | {k: str(v) for k, v in environment.items()}
    environment.pop("TINYTORCH_KERNELS", None) if "TINYTORCH_KERNELS" not in environment else None
    command = [sys.executable, "-c", textwrap.dedent(code)]
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=check, timeout=240
    )


@pytest.fixture
def double():
    @kernel
    def double(x):
        return "reference"

    @double.register("numba")
    def body(x):
        return NotImplemented if x.dtype == np.float64 else "compiled"

    return double


def test_the_choice(double):
    x = np.ones(3, np.float32)
    with kernels("numba"):
        assert double(x) == "compiled"
        with kernels("reference"):
            assert double(x) == "reference"
        assert double(x) == "compiled"


def test_a_body_declines(double):
    with kernels("numba"):
        assert double(np.ones(3)) == "reference"


def test_one_of_many_small_arrays_is_treated_as_all_of_them_together():
    """A bias is too small for a compiled step, the network that it belongs to is not."""

    def step_of_a_bias(layers):
        bias, *others = [tinytorch.nn.Parameter(tinytorch.ones(3)), *layers]
        optimizer = tinytorch.optim.Adam([bias, *others], lr=0.1)
        twin = copy.deepcopy(optimizer)
        called = []
        body, adam_step.bodies["numba"] = adam_step.bodies["numba"], lambda *args: called.append(args)
        try:
            for one in (optimizer, twin):
                one.param_groups[0]["params"][0].grad = tinytorch.ones(3)
                one.step()
        finally:
            adam_step.bodies["numba"] = body
        return len(called)

    with kernels("numba"):
        adam_step.bring("numba")
        assert step_of_a_bias([]) == 0
        assert step_of_a_bias([tinytorch.nn.Parameter(tinytorch.ones(3000))]) == 2


def test_a_choice_that_is_none():
    with (
        pytest.raises(ValueError, match="kernels: 'fast' is neither 'reference' nor 'numba'"),
        kernels("fast"),
    ):
        pass
    failed = python("import tinytorch", TINYTORCH_KERNELS="fast", check=False)
    assert "TINYTORCH_KERNELS: 'fast' is neither 'reference' nor 'numba'" in failed.stderr


def test_the_exact_switch():
    with kernels("numba", exact=True):
        assert backend.choice.exact
    assert not backend.choice.exact


# ---------------------------------------------------------------- the table


def all_kernels():
    """Every kernel of the package, by name."""
    import importlib
    import pkgutil

    import tinytorch

    found = {}
    for module in pkgutil.walk_packages(tinytorch.__path__, "tinytorch."):
        if not module.name.endswith("__main__") and not module.name.startswith("tinytorch.kernels."):
            for value in vars(importlib.import_module(module.name)).values():
                value = value.forward if isinstance(value, Op) else value
                if isinstance(value, backend.Kernel):
                    found.setdefault(value.__name__, set()).add(value)
    return found


def test_the_table_is_right():
    """Each row names one kernel and a file that registers its body; each body that is registered has a row."""
    import ast

    table, found = backend.table_of("numba"), all_kernels()
    registered = set()
    for path in (PACKAGE / "kernels" / "cpu").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            for decorator in getattr(node, "decorator_list", []):
                text = ast.unparse(decorator)
                if text.endswith(".register('numba')"):
                    registered.add((text.partition(".")[0], path.stem))
    assert registered == {(name, file) for name, (file, *_) in table.items()}
    for name in table:
        assert len(found.get(name, ())) == 1, f"{name}: {len(found.get(name, ()))} kernels of that name"


def test_the_size_alone_decides():
    """The same program gives the same bits whether or not something loaded the compiler before."""
    program = """
        import os, tinytorch as tt
        if os.environ["LOADED"] == "before": tt.nn.functional.relu(tt.ones(200_000))
        tt.manual_seed(0)
        model = tt.nn.Sequential(tt.nn.Linear(10, 30), tt.nn.ReLU(), tt.nn.Linear(30, 7))
        x, y = tt.randn(100, 10), tt.randint(0, 7, (100,))
        for _ in range(3):
            loss = tt.nn.functional.cross_entropy(model(x), y)
            for p in model.parameters(): p.grad = None
            loss.backward()
            with tt.no_grad():
                for p in model.parameters(): p -= 0.1 * p.grad
        print(tt.cat([p.flatten() for p in model.parameters()]).detach().numpy().tobytes().hex())
    """
    weights = {python(program, LOADED=when).stdout for when in ("before", "later")}
    assert len(weights) == 1


# ---------------------------------------------------------------- tiny programs, and machines without Numba

XOR = """
    import tinytorch as tt, sys
    model = tt.nn.Sequential(tt.nn.Linear(2, 16), tt.nn.Tanh(), tt.nn.Linear(16, 1))
    x = tt.tensor([[0., 0], [0, 1], [1, 0], [1, 1]]); y = tt.tensor([[0.], [1], [1], [0]])
    optimizer = tt.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(3):
        loss = tt.nn.functional.mse_loss(model(x), y)
        optimizer.zero_grad(); loss.backward(); optimizer.step()
    print("numba" in sys.modules, "threadpoolctl" in sys.modules)
"""


def test_small_programs_load_no_compiler():
    assert python(XOR).stdout.split() == ["False", "False"]


WITHOUT = """
    import importlib.abc, sys

    class Blocker(importlib.abc.MetaPathFinder):
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] in ("numba", "llvmlite"):
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    sys.meta_path.insert(0, Blocker())
"""

CONV_NET = """
    import tinytorch as tt, sys
    tt.manual_seed(0)
    model = tt.nn.Sequential(tt.nn.Conv2d(3, 16, 3, padding=1), tt.nn.BatchNorm2d(16), tt.nn.ReLU(), tt.nn.Flatten(), tt.nn.Linear(4096, 10))
    x = tt.randn(16, 3, 16, 16); target = tt.arange(16) % 10
    loss = tt.nn.functional.cross_entropy(model(x), target)
    loss.backward()
    print(f"{loss.item():.4f}", f"{model[0].weight.grad.norm().item():.4f}", "numba" in sys.modules)
"""


def test_without_numba_everything_works():
    loss, norm, loaded = python(WITHOUT + CONV_NET).stdout.split()
    assert loaded == "False"
    reference = python(CONV_NET, TINYTORCH_KERNELS="reference").stdout.split()
    assert [loss, norm, loaded] == reference


# ---------------------------------------------------------------- the cache


def test_an_edit_of_any_source_is_another_cache(tmp_path):
    import shutil

    shutil.copytree(PACKAGE, tmp_path / "tinytorch", ignore=shutil.ignore_patterns("__pycache__"))
    ask = "from tinytorch.kernels.cpu import compiling; print(compiling.FOLDER)"
    folders = [python(ask, cwd=tmp_path, NUMBA_CACHE_DIR=tmp_path / "cache").stdout]
    with open(tmp_path / "tinytorch/kernels/cpu/numerics.py", "a") as source:
        source.write("# edited\n")
    folders.append(python(ask, cwd=tmp_path, NUMBA_CACHE_DIR=tmp_path / "cache").stdout)
    folders.append(python(ask, cwd=tmp_path, NUMBA_CACHE_DIR=tmp_path / "cache", TINYTORCH_SIMD=1).stdout)
    assert len(set(folders)) == 3
    assert all(folder.startswith(str(tmp_path / "cache")) for folder in folders)


def test_a_cache_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    code = "from tinytorch.kernels.cpu import compiling; print(compiling.FOLDER)"
    folder = python(code, NUMBA_CACHE_DIR=tmp_path / "file", TMPDIR=tmp_path).stdout
    assert folder.startswith(str(tmp_path / "tinytorch-kernels-"))


def test_old_caches_are_dropped(tmp_path):
    code = """
        import os, sys
        from pathlib import Path
        from tinytorch.kernels.cpu import compiling
        root = compiling.FOLDER.parent
        for i in range(30):
            (root / f"old{i}").mkdir(); os.utime(root / f"old{i}", (i, i))
        compiling.drop_old(root, compiling.FOLDER)
        print(len(list(root.iterdir())), compiling.FOLDER.exists(), (root / "old29").exists())
    """
    assert python(code, NUMBA_CACHE_DIR=tmp_path).stdout.split() == ["12", "True", "True"]


def test_a_simd_width_that_is_none():
    failed = python("import tinytorch.kernels.cpu.simd", TINYTORCH_SIMD="5", check=False)
    assert "TINYTORCH_SIMD: '5' is none of" in failed.stderr
