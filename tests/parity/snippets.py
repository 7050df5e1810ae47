"""Snippets: pieces of PyTorch programs as text, run with each library in the place of `torch`.

The value of a snippet is that of its last expression. A name of a suite is the snippet itself, so a failure shows it.
"""

from __future__ import annotations

import ast
import collections
import copy
import functools
import itertools
import math
import os
import pickle
import random
import tempfile
from collections.abc import Iterator

import numpy as np

from tests.parity.compare import Failure, difference, plain, quietly
from tests.parity.specs import Name

MODULES = (collections, copy, functools, itertools, math, os, pickle, random, tempfile)


def lines(text: str) -> dict[str, str]:
    """One snippet a line."""
    snippets = [
        line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")
    ]
    return {snippet: snippet for snippet in snippets}


def blocks(text: str) -> dict[str, str]:
    """One snippet a paragraph; a paragraph's first line is its name if it is a comment."""
    snippets = [block.strip("\n") for block in text.split("\n\n") if block.strip()]
    return {snippet.splitlines()[0].lstrip("# "): snippet for snippet in snippets}


class Imports(ast.NodeTransformer):
    """`import torch.x as y` and `from torch.x import y` made to mean the library that runs the snippet."""

    def __init__(self, library: str):
        self.library = library

    def renamed(self, path: str) -> str:
        first, dot, rest = path.partition(".")
        return self.library + dot + rest if first == "torch" else path

    def visit_Import(self, node):
        for alias in node.names:
            alias.name = self.renamed(alias.name)
        return node

    def visit_ImportFrom(self, node):
        node.module = self.renamed(node.module)
        return node


def run(library, snippet: str):
    """The value of the last expression, with `torch`, `nn`, `F`, `optim`, `np` and common modules in scope."""
    scope = {module.__name__: module for module in MODULES}
    scope |= {"torch": library, "np": np}
    for name, path in {"nn": "nn", "F": "nn.functional", "optim": "optim"}.items():
        if name in snippet:
            scope[name] = Name(path).of(library)
    scope["__name__"] = "snippet"
    body = Imports(library.__name__).visit(ast.parse(snippet)).body
    last = body.pop()
    if not isinstance(last, ast.Expr):
        raise SyntaxError(f"a snippet ends with an expression: {snippet}")
    try:
        exec(compile(ast.Module(body, []), "<snippet>", "exec"), scope)
        return plain(eval(compile(ast.Expression(last.value), "<snippet>", "eval"), scope))
    finally:  # a snippet that fails half way must not change the ones after it
        library.set_default_dtype(library.float32)
        library.set_grad_enabled(True)


def check(torch, ours, snippet: str) -> Iterator[str]:
    """What differs, if anything. Where torch has no kernel, there is nothing to hold against."""
    want = quietly(run, torch, snippet)
    if isinstance(want, Failure) and "not implemented for" in str(want.error):
        return
    got = quietly(run, ours, snippet)
    message = difference(want, got, loose=3.0)
    if message:
        yield message


def check_extra(torch, ours, snippet: str) -> Iterator[str]:
    """The same for what is not promised: a name that is not there is no complaint."""
    got = quietly(run, ours, snippet)
    missing = isinstance(got, Failure) and isinstance(got.error, (AttributeError, ModuleNotFoundError))
    if not missing:
        yield from check(torch, ours, snippet)


def check_spread(torch, ours, snippet: str) -> Iterator[str]:
    """[mean, deviation, least, greatest] of a random result, roughly; the extremes only where the range is bounded."""
    want, got = quietly(run, torch, snippet), quietly(run, ours, snippet)
    if isinstance(want, Failure) or isinstance(got, Failure):
        message = difference(want, got)
    else:
        bounded = want[2] > -2.2 and want[3] < 2.2
        close = abs(want[0] - got[0]) <= 1 and np.isclose(want[1], got[1], rtol=0.08, atol=1e-8)
        extremes = not bounded or np.allclose(want[2:], got[2:], atol=0.15)
        message = None if close and extremes else f"mean, deviation, extremes {want} expected, got {got}"
    if message:
        yield message
