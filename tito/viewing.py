"""A lesson rendered in the terminal, with the student's present code in the place of the directives."""

from __future__ import annotations

import os
import re
import textwrap

from .curriculum import Module
from .errors import TitoError
from .lessons import Part
from .ui import width
from .weave import NoSuchSymbol, Taught, find, locate, steps_above, text_of


def markdown(workspace, module: Module) -> str:
    """The lesson as Markdown: {build} and {show} become live code with where it stands."""
    lesson = workspace.course.lesson(module)
    parts = [f"# {module.number:02} {module.title}\n"]
    if module.time or module.points:
        parts.append(f"*{module.time or '?'}, {module.points} points*\n")
    title = re.compile(rf"\s*# {re.escape(module.title)}\s*\n")
    parts += [title.sub("", rendered(workspace, module, part), count=1) for part in lesson.parts]
    return "\n".join(parts)


def rendered(workspace, module: Module, part: Part) -> str:
    if part.kind == "prose":
        return part.text.removeprefix("\n")
    if part.kind == "code":
        return f"```{part.argument}\n{part.text}\n```\n"
    if part.kind == "check":
        return f"> Check: `tito module test -k {part.argument}`\n"
    if part.kind == "figure":
        return f"> Figure {part.argument}: `tito dev preview {module.number:02} -o figures` draws it\n"
    file, symbol = locate(workspace.course.package, part.argument)
    head = "Yours to write" if part.kind == "build" and not workspace.is_reference else "As it is now"
    try:
        source = workspace.read(file)
        code, line = text_of(source, symbol), find(source, symbol).lineno
        taught = Taught(symbol, file, tuple(part.steps))
        steps = "".join(f"{step}\n\n" for step in steps_above(source, taught))
    except (NoSuchSymbol, SyntaxError, TitoError):
        return f"> {head}: `{symbol}` in `tinytorch/{file}`\n"
    link = (workspace.package / file).as_uri()
    return f"**{head}**: [`tinytorch/{file}:{line}`]({link})\n\n{steps}```python\n{code.rstrip()}\n```\n"


def show(text: str, pager: bool) -> None:
    from rich.console import Console

    console = Console(width=width())
    if pager:
        os.environ.setdefault("LESS", "-FRX")  # as git has it: without R, less shows colours as ESC[...
        with console.pager(styles=os.name != "nt", links=os.name != "nt"):  # Windows' more has no colours
            console.print(document(text))
    else:
        console.print(document(text))


def document(text: str):
    """Rich's Markdown, with links to files too: its parser takes file:// for a danger, as it would be in a browser."""
    from markdown_it import MarkdownIt
    from rich.markdown import Markdown

    parser = MarkdownIt().enable("strikethrough").enable("table")
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    page = Markdown(text)
    page.parsed = parser.parse(text)
    for token in page.parsed:
        if token.type == "fence" and token.info == "python":
            token.content = folded(token.content, width() - 2)
    return page


def folded(code: str, room: int) -> str:
    """Code with its long lines broken at a space and set in, to be looked at on a narrow screen."""
    out = []
    for line in code.splitlines():
        margin = line[: len(line) - len(line.lstrip())]
        more = f"{margin}# " if line.lstrip().startswith("#") else f"{margin}        "
        wrap = textwrap.TextWrapper(
            room, subsequent_indent=more, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
        )
        out += [line] if len(line) <= room else wrap.wrap(line)
    return "\n".join(out) + "\n"
