"""What a line of the list is: a way to change a complete and right submission, and what the grade of it has to be.

    @line("early exits", earns=NOTHING, verdicts="crashed")
    def leaves_at_once(files): ...

`files` is the submission by path; the function changes it in place. A line about archives takes a path too, and writes one there.
The rule for each: the batch goes on, every other score stays, no process and no file is left, and the score is what the honest part
of the submission earns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

ACCURACY, GRADIENTS = "accuracy", "gradients"  # the judges of the milestone that the list is graded on
EVERYTHING, NOTHING = frozenset({ACCURACY, GRADIENTS}), frozenset()
MILESTONE = "perceptron"

Files = dict[str, bytes]


@dataclass(frozen=True)
class Line:
    """One submission: how it is made, the checks that it passes, and the verdicts that it may get."""

    make: Callable
    group: str
    earns: frozenset[str]
    verdicts: frozenset[str]
    archive: bool = False  # `make(files, path)` writes what is handed in itself
    says: str = ""  # a pattern that the messages of its checks have to hold
    slow: bool = False  # it takes its limit of time, or makes large files
    or_all: bool = False  # it throws dice: what it earns, or everything

    @property
    def name(self) -> str:
        return self.make.__name__


LINES: list[Line] = []


def line(
    group: str,
    *,
    earns=NOTHING,
    verdicts: str = "",
    archive: bool = False,
    says: str = "",
    slow: bool = False,
    or_all: bool = False,
):
    """Put a submission on the list. Without `verdicts`: passed for everything, failed for nothing, else partial."""
    usual = "passed" if earns == EVERYTHING else "partial" if earns else "failed"

    def note(make):
        LINES.append(
            Line(
                make,
                group,
                frozenset(earns),
                frozenset((verdicts or usual).split("|")),
                archive,
                says,
                slow,
                or_all,
            )
        )
        return make

    return note


# ---------------------------------------------------------------- ways to change a submission


MINE = "tinytorch/mine.py"


def append(files: Files, code: str, file: str = "") -> None:
    """Code at the end of a file of the package; by default of one that is run as soon as the package is imported."""
    if file:
        files[f"tinytorch/{file}"] += b"\n" + code.encode()
        return
    if MINE not in files:  # a file of its own, since the package's __init__ has names like `range` and `sum`
        files[MINE] = b"import tinytorch\nfrom tinytorch import Tensor\n"
        files["tinytorch/__init__.py"] += b"\nfrom . import mine\n"
    files[MINE] += code.encode() + b"\n"


def change(files: Files, file: str, old: str, new: str) -> None:
    text = files[f"tinytorch/{file}"].decode()
    assert old in text, f"tinytorch/{file} has no {old!r}"
    files[f"tinytorch/{file}"] = text.replace(old, new).encode()


OF_ARRAYS = "return x.dot(y) if x.ndim == y.ndim == 2 else np.matmul(x, y)"  # the kernel below the op
PRODUCT = "return product(x, y)"  # where every answer of the perceptron comes from


def in_product(files: Files, code: str) -> None:
    """Code that runs inside the matrix product, when the questions are being answered."""
    body = "\n    ".join(code.strip().splitlines())
    change(files, "ops/matmul.py", PRODUCT, f"{body}\n    {PRODUCT}")


def wrong(files: Files) -> None:
    """Nothing is learned: every product is zero. What such a package says of itself must not bring it a point."""
    change(files, "ops/matmul.py", PRODUCT, f"{PRODUCT} * 0")


def no_gradient(files: Files) -> None:
    """Every product is right and its gradient is zero."""
    text = files["tinytorch/gradients.py"].decode()
    files["tinytorch/gradients.py"] = (
        text + "\nops.matmul_op.vjps(x=lambda g, y: ops.matmul_op(g, mT(y)) * 0, y=lambda g, x, y_shape: left_product(x, g, y_shape) * 0)\n"
    ).encode()  # fmt: skip
