"""Level N of the package: the files of modules up to N, and what `__init__.py` files hand on by then.

    files = level_files(Path("tinytorch"), read_modules(Path("modules")), 5)   # {"optim/sgd.py": b"...", ...}
    write_level(Path("tinytorch"), modules, 5, Path("copy/tinytorch"))         # the same, on disk

An `__init__.py` belongs to every level. A statement in it is tagged with the level that brings it, on its first or last
line (`from .optim import SGD  # 05`), and a line inside a statement may have a tag of its own, which counts for that line.
What is not tagged is there from the start. Lines under `if TYPE_CHECKING:` hand on names too, when they are first asked for. The names a level leaves out go into the table `LATER` of `later.py`, so that
asking for one says which module builds it.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from .curriculum import CurriculumError, Module, owners

TAG = re.compile(r"#\s?(\d\d)(?![\w.%-]|,\d)")
LATER_FILE = "later.py"


def level_files(package: Path, modules: Sequence[Module], level: int) -> dict[str, bytes]:
    """Every file of the package at a level, by its path inside the package."""
    owned = check_owners(package, modules)
    here = {file for file, module in owned.items() if module.number <= level}
    folders, all_folders = folders_of(here), folders_of(owned)
    content: dict[str, bytes] = {}
    later = later_modules(owned, folders, level) | later_methods(package, owned, level)
    for path in package_files(package):
        file = path.relative_to(package).as_posix()
        shared_here = brought_with(file, all_folders) in folders
        if path.name == "__init__.py" and shared_here:
            text, dropped = cut_init(path.read_text(encoding="utf-8"), level, file)
            content[file] = text.encode()
            later |= {
                dotted(Path(file).parent, name): module_named(modules, n) for name, n in dropped.items()
            }
        elif file in here or (path.suffix != ".py" and shared_here):
            content[file] = path.read_bytes()
    if later:
        content[LATER_FILE] = fill_later(content.get(LATER_FILE, b"").decode(), later).encode()
    return content


def write_level(package: Path, modules: Sequence[Module], level: int, destination: Path) -> list[str]:
    """Lay the package out at a level in an empty or new folder; returns the files written."""
    files = level_files(package, modules, level)
    if destination.exists() and any(destination.iterdir()):
        raise FileExistsError(f"{destination} is not empty: a level is written to a new folder")
    for file, content in files.items():
        path = destination / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return sorted(files)


# ---------------------------------------------------------------- files


def package_files(package: Path) -> list[Path]:
    """The files of the package, without caches and hidden files."""
    files = (path for path in package.rglob("*") if path.is_file())
    return sorted(path for path in files if not is_derived(path.relative_to(package)))


def folders_of(files: Iterable[str]) -> set[str]:
    """The folders that files lie in, at whatever depth; the package itself is "."."""
    return {"."} | {str(folder) for file in files for folder in Path(file).parents}


def brought_with(file: str, folders: set[str]) -> str:
    """The folder whose first owned file brings a file without owner: its own, or the nearest above it that has one.

    So a package that holds nothing but an `__init__.py` comes with the package it is in.
    """
    return next(str(folder) for folder in Path(file).parents if str(folder) in folders)


def is_derived(path: Path) -> bool:
    return any(part == "__pycache__" or part.startswith(".") for part in path.parts)


def unowned(package: Path, modules: Iterable[Module]) -> list[str]:
    """Python files that no module lists. `__init__.py` files are shared and have no owner."""
    owned = owners(modules)
    files = [path.relative_to(package).as_posix() for path in package_files(package) if path.suffix == ".py"]
    return [file for file in files if Path(file).name != "__init__.py" and file not in owned]


def check_owners(package: Path, modules: Sequence[Module]) -> dict[str, Module]:
    """Who owns what; an error unless every file has an owner and every owned file exists."""
    owned = owners(modules)
    gone = [f"{file} ({module.name})" for file, module in owned.items() if not (package / file).is_file()]
    if gone:
        raise CurriculumError(
            f"listed in a lesson's front matter, but not in {package.name}/: {', '.join(gone)}"
        )
    orphans = unowned(package, modules)
    if orphans:
        raise CurriculumError(f"in {package.name}/, but in no lesson's front matter: {', '.join(orphans)}")
    return owned


# ---------------------------------------------------------------- names that come later


def later_modules(owned: dict[str, Module], folders: set[str], level: int) -> dict[str, str]:
    """Files and whole folders that are not there yet, as dotted names, and the module that brings each first."""
    later: dict[str, str] = {}
    for file, module in sorted(owned.items(), key=lambda item: item[1].number):
        if module.number > level:
            absent = [folder for folder in reversed(Path(file).parents) if str(folder) not in folders]
            later.setdefault(dotted(absent[0] if absent else Path(file).with_suffix("")), module.name)
    return later


def later_methods(package: Path, owned: dict[str, Module], level: int) -> dict[str, str]:
    """Methods of Tensor that files to come declare with `@method`: {"Tensor.softmax": "03_activations"}."""
    return {
        f"Tensor.{node.name}": module.name
        for file, module in owned.items()
        if module.number > level and file.endswith(".py")
        for node in ast.parse((package / file).read_text(encoding="utf-8"), file).body
        if isinstance(node, ast.FunctionDef) and any(ast.unparse(d) == "method" for d in node.decorator_list)
    }


def dotted(path: Path, name: str = "") -> str:
    return ".".join([*path.parts, name] if name else path.parts)


def module_named(modules: Iterable[Module], number: int) -> str:
    for module in modules:
        if module.number == number:
            return module.name
    raise CurriculumError(
        f"a line of an __init__.py is tagged # {number:02}, and there is no module {number:02}"
    )


def fill_later(source: str, later: dict[str, str]) -> str:
    """`later.py` with its table filled in."""
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.AnnAssign) and getattr(statement.target, "id", "") == "LATER":
            rows = [
                f"    {name!r}: {module!r},\n".replace("'", '"') for name, module in sorted(later.items())
            ]
            lines = source.splitlines(keepends=True)
            lines[statement.lineno - 1 : statement.end_lineno] = ["LATER: dict[str, str] = {\n", *rows, "}\n"]
            return "".join(lines)
    raise CurriculumError(f"{LATER_FILE} has no line `LATER: dict[str, str] = {{}}` to fill in")


# ---------------------------------------------------------------- __init__.py


def cut_init(source: str, level: int, file: str = "__init__.py") -> tuple[str, dict[str, int]]:
    """An `__init__.py` at a level, and the names it does not have yet with the level of each."""
    tags = read_tags(source)
    drop: set[int] = set()
    later: dict[str, int] = {}
    for statement in statements(ast.parse(source)):
        levels = line_levels(statement, tags)
        later |= {name: needed for name, needed in bindings(statement, levels) if needed > level}
        gone = {line for line, needed in levels.items() if needed > level}
        drop |= gone if is_there(statement, levels, level) else set(levels)
    text = "".join(line for n, line in enumerate(source.splitlines(keepends=True), 1) if n not in drop)
    still_bound = bound_names(parse_cut(text, level, file))
    return text, {name: needed for name, needed in later.items() if name not in still_bound}


def statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """The top-level statements, and those of an `if TYPE_CHECKING:` block one by one: what is handed on when asked for."""
    for statement in tree.body:
        if isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING":
            yield from statement.body
        else:
            yield statement


def read_tags(source: str) -> dict[int, int]:
    """The level that a comment on a line names: `# 05` or `# 05: why`."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    found = ((token.start[0], TAG.search(token.string)) for token in tokens if token.type == tokenize.COMMENT)
    return {line: int(match[1]) for line, match in found if match}


def line_levels(statement: ast.stmt, tags: dict[int, int]) -> dict[int, int]:
    """The level of each physical line of a statement: its own tag, or the statement's. Untagged is level 0.

    The first and the last line hold the statement together, so they are there as soon as any line between them is.
    """
    first, last = first_line(statement), statement.end_lineno or statement.lineno
    whole = tags.get(first, tags.get(last, 0))
    levels = {line: tags.get(line, whole) for line in range(first, last + 1)}
    frame = whole
    if isinstance(statement, ast.Import | ast.ImportFrom):
        frame = min([whole, *(levels[alias.lineno] for alias in statement.names)])
    return levels | {first: frame, last: frame}


def first_line(statement: ast.stmt) -> int:
    decorators = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def is_there(statement: ast.stmt, levels: dict[int, int], level: int) -> bool:
    """An import is there when any of its names is; any other statement when its first line is."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return any(needed <= level for _, needed in bindings(statement, levels))
    return levels[first_line(statement)] <= level


def bindings(statement: ast.stmt, levels: dict[int, int]) -> Iterator[tuple[str, int]]:
    """The names a top-level statement brings, each with its level."""
    match statement:
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            for alias in names:
                yield alias.asname or alias.name.partition(".")[0], levels[alias.lineno]
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            yield name, levels[first_line(statement)]
        case ast.Assign(targets=targets):
            yield from ((node.id, levels[node.lineno]) for target in targets for node in names_in(target))
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name, levels[first_line(statement)]


def names_in(target: ast.expr) -> Iterator[ast.Name]:
    return (node for node in ast.walk(target) if isinstance(node, ast.Name))


def bound_names(tree: ast.Module) -> set[str]:
    untagged = ((statement, line_levels(statement, {})) for statement in statements(tree))
    return {name for statement, levels in untagged for name, _ in bindings(statement, levels)}


def parse_cut(text: str, level: int, file: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError as error:
        line = (error.text or "").strip()
        raise CurriculumError(
            f"{file} at level {level:02} is not Python any more, near `{line}`: give each tagged name a line of its own"
        ) from error
