"""Write docs/_build/api.html: every public name of tinytorch, where it lives, its signature and its docstring."""

from __future__ import annotations

import html
import importlib
import inspect
import pkgutil
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import tinytorch

TARGET = Path(__file__).parent / "_build" / "api.html"
OPTIONAL = {"cupy", "cupyx", "tensorboard"}  # files that need one of these are listed without it

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h2 { border-bottom: 1px solid #8884; margin-top: 3rem } dt { margin-top: 1rem } code, pre { font-size: 0.9em }
pre { white-space: pre-wrap; margin: 0.2rem 0 } nav { columns: 3 } .member { margin-left: 2rem }
@media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd } a { color: #8cf } }
"""


@dataclass
class Entry:
    """One public name of one module."""

    name: str
    signature: str
    doc: str
    members: list[Entry]


# ---------------------------------------------------------------- reading the package


def modules() -> list[ModuleType]:
    """The package and every module in it that can be imported here."""
    found = [tinytorch]
    for info in pkgutil.walk_packages(tinytorch.__path__, "tinytorch."):
        if info.name.rpartition(".")[2].startswith("_"):
            continue
        try:
            found.append(importlib.import_module(info.name))
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in OPTIONAL:
                raise
    return found


def entries(module: ModuleType) -> list[Entry]:
    """The public functions and classes that a module defines itself, in the order of its file."""
    own = [
        (name, value)
        for name, value in vars(module).items()
        if not name.startswith("_")
        and callable(value)
        and getattr(value, "__module__", None) == module.__name__
    ]
    return [entry(name, value) for name, value in own]


def entry(name: str, value: object) -> Entry:
    members = class_members(value) if inspect.isclass(value) else []
    return Entry(name, signature(value), own_doc(value), members)


def class_members(cls: type) -> list[Entry]:
    public = [(name, value) for name, value in vars(cls).items() if not name.startswith("_")]
    return [Entry(name, signature(value), own_doc(value), []) for name, value in public if callable(value)]


def signature(value: object) -> str:
    try:
        return str(inspect.signature(value))  # type: ignore[arg-type]
    except (TypeError, ValueError):  # classes and functions that Python has no signature for
        return "(...)"


def own_doc(value: object) -> str:
    return inspect.cleandoc(getattr(value, "__doc__", None) or "")


# ---------------------------------------------------------------- writing the page


def page(found: list[tuple[ModuleType, list[Entry]]]) -> str:
    links = "".join(f'<a href="#{m.__name__}">{m.__name__}</a><br>' for m, _ in found)
    body = "".join(section(module, names) for module, names in found)
    title = f"tinytorch {tinytorch.__version__}"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
        f"<h1>{title}</h1><nav>{links}</nav>{body}</html>\n"
    )


def section(module: ModuleType, names: list[Entry]) -> str:
    head = f'<h2 id="{module.__name__}">{module.__name__}</h2><p>{html.escape(own_doc(module))}</p>'
    return f"{head}<dl>{''.join(item(entry, module.__name__) for entry in names)}</dl>"


def item(entry: Entry, prefix: str, css: str = "") -> str:
    anchor = f"{prefix}.{entry.name}"
    line = f"<code><b>{entry.name}</b>{html.escape(entry.signature)}</code>"
    members = "".join(item(member, anchor, "member") for member in entry.members)
    return f'<dt id="{anchor}" class="{css}">{line}</dt><dd class="{css}"><pre>{html.escape(entry.doc)}</pre></dd>{members}'


def main() -> None:
    found = [(module, entries(module)) for module in modules()]
    found = [(module, names) for module, names in found if names or module is tinytorch]
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(page(found), encoding="utf-8")
    print(f"{sum(len(names) for _, names in found)} names in {len(found)} modules: {TARGET}")


if __name__ == "__main__":
    main()
