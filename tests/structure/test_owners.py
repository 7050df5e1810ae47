"""Every file of the package has exactly one owner, and every file a lesson names is there."""

import re
from pathlib import Path

from tests.structure.tree import FLOORS, MODULES, PACKAGE, the_package, unplaced
from tito.curriculum import owners, read_modules
from tito.levels import unowned

CORE = """
00_setup 01_tensor 02_autograd 03_activations 04_layers 05_optimizers 06_spatial 07_dataloader 08_normalization
09_schedulers 10_experiments 11_training 12_profiling 13_kernels 14_embeddings 15_attention 16_tinygpt
""".split()


def advice(file: str) -> str:
    """Where to write the owner of a file down: with the neighbours it has, if they agree."""
    owned = owners(read_modules(MODULES))
    folder = Path(file).parent
    near = {
        module.name for other, module in owned.items() if folder != Path(".") and Path(other).parent == folder
    }
    lesson = (
        f"modules/{near.pop()}/lesson.md"
        if len(near) == 1
        else "modules/NN_name/lesson.md of the module that brings it"
    )
    return f"  {file}: add the line `  - {file}` under `files:` in {lesson}"


def test_every_file_has_an_owner():
    orphans = unowned(PACKAGE, read_modules(MODULES))
    assert not orphans, "files of tinytorch/ that no module owns:\n" + "\n".join(map(advice, orphans))


def test_every_owned_file_exists():
    gone = [
        f"  {module.lesson.relative_to(MODULES.parent)}: take the line `  - {file}` out, or write tinytorch/{file}"
        for file, module in owners(read_modules(MODULES)).items()
        if not (PACKAGE / file).is_file()
    ]
    assert not gone, "files that a module lists and tinytorch/ does not have:\n" + "\n".join(gone)


def test_init_files_are_shared():
    listed = [file for file in owners(read_modules(MODULES)) if Path(file).name == "__init__.py"]
    assert not listed, (
        f"__init__.py files belong to every level, line by line; no module lists them: {listed}"
    )


def test_the_core_modules_are_there_in_order():
    assert [module.name for module in read_modules(MODULES) if module.number <= 16] == CORE


def test_every_file_stands_on_a_floor():
    homeless = unplaced(the_package())
    assert not homeless, f"add to FLOORS in tests/structure/tree.py: {homeless}"


def test_floors_are_named_once_and_plainly():
    assert all(re.fullmatch(r"[\w/]+(\.py)?", prefix) for prefix in FLOORS)


def test_hands_on_only():
    """An `__init__.py` only hands names on: no functions or classes but the hooks Python asks a module for."""
    from ast import AsyncFunctionDef, ClassDef, FunctionDef

    package = the_package()
    found = [
        f"tinytorch/{file}:{statement.lineno} defines {statement.name}"
        for file in package.hands_on
        for statement in package.trees[file].body
        if isinstance(statement, FunctionDef | AsyncFunctionDef | ClassDef)
        and not statement.name.startswith("__")
    ]
    assert not found, "move these to a file that has an owner:\n" + "\n".join(found)
