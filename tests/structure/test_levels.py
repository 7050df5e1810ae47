"""Level N of the package, for every N: it imports, all of it, and says which module brings what it does not have."""

import os
import subprocess
import sys

import pytest

from tests.structure.tree import MODULES, PACKAGE
from tito.curriculum import read_modules
from tito.levels import level_files, package_files, write_level

CORE = [module for module in read_modules(MODULES) if module.number <= 16]

# Runs in the level's folder, where `tinytorch` is the copy. A library that only an extra brings may be absent.
PROBE = """
import importlib, pkgutil
import tinytorch
from tinytorch import later

OPTIONAL = {"cupy", "cupyx", "tensorboard", "torch"}

for found in pkgutil.walk_packages(tinytorch.__path__, "tinytorch."):
    if not found.name.endswith("__main__"):
        try:
            importlib.import_module(found.name)
        except ModuleNotFoundError as error:
            if error.name.partition(".")[0] not in OPTIONAL:
                raise

def ask(name):
    value = tinytorch
    for part in name.split("."):
        value = getattr(value, part)

def from_import(name):
    package, _, last = f"tinytorch.{name}".rpartition(".")
    exec(f"from {package} import {last}")

for name, module in later.LATER.items():
    if name.startswith("Tensor."):
        continue  # asked below, of a tensor
    for way in (ask, from_import, lambda name: importlib.import_module(f"tinytorch.{name}")):
        try:
            way(name)
        except later.ComesLater as error:
            wanted = f"comes with module {module}. Start it with: tito module start {module[:2]}"
            assert wanted in str(error), f"{name}: {error}"
        else:
            raise AssertionError(f"tinytorch.{name} should come with {module}, and is there")

for name, module in later.LATER.items():
    if name.startswith("Tensor.") and "tensor" not in later.LATER:
        try:
            getattr(tinytorch.tensor([1.0]), name.removeprefix("Tensor."))
        except AttributeError as error:
            assert f"comes with module {module}" in str(error), f"{name}: {error}"

print(len(later.LATER))
"""


def run_probe(folder):
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", PROBE]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240)


@pytest.mark.parametrize("module", CORE, ids=lambda module: module.name)
def test_level(module, tmp_path):
    write_level(PACKAGE, read_modules(MODULES), module.number, tmp_path / "tinytorch")
    result = run_probe(tmp_path)
    assert result.returncode == 0, (
        f"level {module.number:02} of the package does not stand alone:\n{result.stderr}"
    )
    if module.number < 5:
        assert int(result.stdout.splitlines()[-1]) > 3, "a low level should have names that come later"


def test_the_last_level_is_the_whole_package():
    modules = read_modules(MODULES)
    files = level_files(PACKAGE, modules, modules[-1].number)
    on_disk = {path.relative_to(PACKAGE).as_posix(): path for path in package_files(PACKAGE)}
    assert sorted(files) == sorted(on_disk)
    changed = [file for file, content in files.items() if content != on_disk[file].read_bytes()]
    assert changed == [], "the last level cuts nothing"
