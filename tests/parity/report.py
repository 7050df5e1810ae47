"""`python -m tests.parity.report [WORD...]`: what is missing and what is wrong, name by name.

With words, only the names that contain one of them are run.
"""

from __future__ import annotations

import importlib.util
import sys
import traceback

import torch

import tinytorch
from tests.parity import moduleinfo, opinfo
from tests.parity.names import all_names
from tests.parity.runs import hold
from tests.parity.specs import Name
from tests.parity.suites import SUITES
from tests.parity.table import by_name


def is_missing(path: str) -> bool:
    """Whether torch-like `path` cannot be reached; attributes of Tensor may exist on instances only."""
    if path.startswith("Tensor."):
        name = path.split(".")[1]
        return not (hasattr(tinytorch.Tensor, name) or hasattr(tinytorch.zeros(2, 2), name))
    try:
        Name(path).of(tinytorch)
    except AttributeError:
        return True
    return False


def missing_names() -> list[str]:
    return [path for path in all_names() if is_missing(path)]


def wrong_ops(words: list[str]):
    """(name, findings) for each function of the table."""
    for name, entries in by_name().items():
        if chosen(name, words):
            yield name, [str(finding) for entry in entries for finding in hold(torch, tinytorch, entry)]


def wrong_cases(words: list[str]):
    """(suite/case, findings) for modules, optimizers, scenes and the other suites."""
    for suite, (cases, check) in SUITES.items():
        for name, case in cases.items():
            if chosen(f"{suite}/{name}", words):
                yield f"{suite}/{name}", complaints(check, case)


def wrong_on_torch_samples(words: list[str]):
    """(name, findings) on the samples that PyTorch's developers keep, if the package they need is there."""
    if importlib.util.find_spec("expecttest") is None:
        print("PyTorch's own samples are left out: they need `pip install expecttest`")
        return
    for kind, part in (("opinfo", opinfo), ("moduleinfo", moduleinfo)):
        for name in part.NAMES:
            if chosen(f"{kind}/{name}", words):
                yield f"{kind}/{name}", list(part.check(torch, tinytorch, name))


def complaints(check, case) -> list[str]:
    try:
        return list(check(torch, tinytorch, case))
    except Exception:  # a crash in a check is one more thing to report
        return [traceback.format_exc(limit=-1).strip().replace("\n", " | ")]


def chosen(name: str, words: list[str]) -> bool:
    return not words or any(word in name for word in words)


def main(words: list[str]) -> int:
    missing = missing_names()
    if missing and not words:
        print(f"missing names ({len(missing)}): {' '.join(missing)}\n")
    wrong, fine = 0, 0
    for rows in (wrong_ops(words), wrong_cases(words), wrong_on_torch_samples(words)):
        for name, findings in rows:
            if findings:
                wrong += 1
                print(f"{name:32} {len(findings):4}  {findings[0][:230]}", flush=True)
            else:
                fine += 1
    print(f"\n{len(missing)} missing, {wrong} wrong, {fine} ok")
    return 1 if missing or wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
