"""A trusted process of its own that reads a data set with the reference's readers and writes plain arrays.

    python -m tito.milestones.fetch NAME FOLDER [--drawn] [--no-download]

It is never run with a student's package. `train-*.npy` and `test-*.npy` may be handed on, `answers.npy` never.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import warnings
from pathlib import Path

import numpy as np


def images(real, drawn):
    """A published set of labelled images, or the drawn one in its place."""

    def read(practice: bool, download: bool):
        from tinytorch import data

        kind = getattr(data, drawn if practice else real)
        options = {} if practice else {"download": download}
        parts = [kind(train=train, **options) for train in (True, False)]
        train, test = ((part.data, part.targets) for part in parts)
        name = f"{drawn} (drawn by the package)" if practice else f"{real}: {parts[0].folder}"
        return {"images": train[0], "labels": train[1]}, {"images": test[0]}, test[1], name

    return read


def small_digits(practice: bool, download: bool):
    """Digits of 16 x 16, the size of 1989: the 28 x 28 ones, their border of 4 cut to 2, halved and put in the middle."""
    train, test, answers, name = images("MNIST", "DrawnDigits")(practice, download)
    shrink = lambda x: np.pad(
        x[:, :, 2:26, 2:26].reshape(len(x), 1, 12, 2, 12, 2).mean((3, 5)).round().astype(np.uint8),
        [(0, 0), (0, 0), (2, 2), (2, 2)],
    )
    return (
        {"images": shrink(train["images"]), "labels": train["labels"]},
        {"images": shrink(test["images"])},
        answers,
        f"{name}, at 16 x 16",
    )


def cards(practice: bool, download: bool):
    """Punch cards with a square on the left (0) or the right (1), 20 x 20 cells, as the perceptron was shown in 1958."""
    rng = np.random.default_rng()
    n, size = 800, 20
    labels = rng.integers(0, 2, n)
    pictures = (rng.random((n, size, size)) < 0.02).astype(np.uint8)  # stray holes
    for picture, label in zip(pictures, labels):
        side = rng.integers(4, 7)
        row, column = rng.integers(0, size - side), rng.integers(0, size // 2 - side + 1)
        picture[row : row + side, column + label * size // 2 : column + label * size // 2 + side] = 1
    train = {"images": pictures[:300], "labels": labels[:300]}
    return train, {"images": pictures[300:]}, labels[300:], "punch cards as of 1958, drawn afresh"


def text(kind: str):
    def read(practice: bool, download: bool):
        from tinytorch.data import english, python_source

        if kind == "python":
            whole, name = plain_code(python_source(4_000_000)), "the source of Python's standard library"
        elif kind == "topics":
            whole, name = plain_prose(english()), "the English of Python's reference (pydoc_data.topics)"
        else:
            from tinytorch.data import tiny_shakespeare

            whole, name = tiny_shakespeare(download=download), "tiny Shakespeare"
        codes = np.frombuffer(whole.encode("utf-32-le"), np.uint32)
        cut = int(0.9 * len(codes))
        return {"text": codes[:cut]}, {}, codes[cut:], name

    return read


def plain_prose(whole: str) -> str:
    """Sentences: lines that are mostly letters, joined into paragraphs, runs of spaces made one."""
    paragraphs = (" ".join(part.split()) for part in whole.split("\n\n"))
    return "\n".join(
        p for p in paragraphs if len(p) > 40 and sum(c.isalpha() or c == " " for c in p) > 0.9 * len(p)
    )


def plain_code(whole: str) -> str:
    """Simple statements, one a line: the lines of 8 to 50 characters that are Python by themselves, without indentation."""
    lines = (" ".join(line.split()) for line in whole.split("\n"))
    return "\n".join(line for line in lines if 8 <= len(line) <= 50 and line.isascii() and is_statement(line))


def is_statement(line: str) -> bool:
    """Whether a line does something: a name or a text alone is no statement worth learning from."""
    try:
        (one,) = ast.parse(line).body
    except (SyntaxError, ValueError):
        return False
    return not (
        isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant | ast.Name | ast.Tuple | ast.Compare)
    )


def both_texts(practice: bool, download: bool):
    english, _, answers, first = text("topics")(practice, download)
    python, _, more, second = text("python")(practice, download)
    train = {"english": english["text"], "python": python["text"]}
    return (
        train,
        {"split": np.array([len(answers)])},
        np.concatenate([answers, more]),
        f"{first} and {second}",
    )


SETS = {
    "mnist": images("MNIST", "DrawnDigits"),
    "mnist16": small_digits,
    "cifar10": images("CIFAR10", "DrawnShapes"),
    "cards": cards,
    "english_and_python": both_texts,
    "shakespeare": text("shakespeare"),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=list(SETS))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--drawn", action="store_true")
    parser.add_argument("--no-download", action="store_true")
    wanted = parser.parse_args()
    warnings.simplefilter("ignore", SyntaxWarning)  # of the lines of code that are read one by one
    train, test, answers, source = SETS[wanted.name](wanted.drawn, not wanted.no_download)
    sums = hashlib.sha256()
    for part, arrays in (("train", train), ("test", test)):
        for name, array in arrays.items():
            np.save(wanted.folder / f"{part}-{name}.npy", array)
            sums.update(array.tobytes())
    np.save(wanted.folder / "answers.npy", answers)
    sums.update(answers.tobytes())
    record = {"source": source, "digest": sums.hexdigest()[:16]}
    (wanted.folder / "data.json").write_text(json.dumps(record), encoding="utf-8")


if __name__ == "__main__":
    main()
