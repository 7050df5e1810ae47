"""Methods of Tensor that files read later bring."""

import subprocess
import sys

import tinytorch

AWAITED_METHODS = """
import tinytorch
from tinytorch.later import bring_methods
from tinytorch.op import AWAITED, Awaited, Value
before = set(vars(Value))
bring_methods()
print(sorted(set(vars(Value)) - before), [name for name in AWAITED if isinstance(vars(Value)[name], Awaited)])
print(tinytorch.ones(2).relu().tolist(), tinytorch.Tensor.softmax is tinytorch.softmax, hasattr(tinytorch.ones(1), "no_such_name"))
"""


def test_the_methods_of_later_files_are_those_that_have_a_place():
    """A method that nobody awaits would be missing until its file happens to be read."""
    done = subprocess.run([sys.executable, "-c", AWAITED_METHODS], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[] []", "[1.0, 1.0] True False"]


def test_split_names_its_argument_as_the_method_does():
    pieces = tinytorch.ones(5, 2).split(split_size=2)
    assert [tuple(piece.shape) for piece in pieces] == [(2, 2), (2, 2), (1, 2)]
