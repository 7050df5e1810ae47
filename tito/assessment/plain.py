"""Text that a submission or a roster had a hand in, made harmless for where it is shown.

A name or a message may hold anything: escape sequences that rewrite a terminal, marks that turn the reading direction, a newline that forges
a line. `plain` is applied once, where such text is read; `in_markdown` and `fenced` are for Markdown; HTML is escaped by its templates.
"""

from __future__ import annotations

import re

SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)|\x1b[ -/]*[0-~]", re.DOTALL)
ODD = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, but for newline and tab
    "\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction marks, overrides and isolates; zero width
    "\u2028\u2029\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"  # other line ends, lone surrogates, tags
)
MOST_SAID = 4000  # characters that are kept of what a submission says
PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def plain(text: str, most: int = 2000) -> str:
    """Without escape sequences, every other odd character as the code that stands for it, and not endless."""
    if not text.isprintable():  # nearly every text is, and then none of it is odd
        text = ODD.sub(lambda found: coded(found[0]), SEQUENCE.sub("", text.replace("\r\n", "\n")))
    return text if len(text) <= most else text[: most - 1] + "…"


def coded(character: str) -> str:
    number = ord(character)
    return (
        f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}" if number < 65536 else f"\\U{number:08x}"
    )


def one_line(text: str, most: int = 200) -> str:
    return plain(" ".join(plain(text).split()), most)


def in_markdown(text: str) -> str:
    """Words that Markdown takes for words alone: no link, no HTML, no heading, on one line."""
    return PUNCTUATION.sub(r"\\\1", one_line(text, 2000))


def fenced(text: str) -> str:
    """A code block that nothing in the text can end."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{plain(text)}\n{fence}"
