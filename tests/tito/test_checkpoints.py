"""The checkpoints of the real course: the reference passes each, and a fault in an earlier module fails the later ones."""

import json
import os
import subprocess
import sys

import pytest

from tito.checks import run_checks
from tito.course import the_course
from tito.levels import write_level

COURSE = the_course()
NUMBERS = [module.number for module in COURSE.modules]

# Faults by the module that they are in: lines put at the end of a file, so that what was right before is wrong now.
# A number is a checkpoint that has to notice.
EVERY = [n for n in NUMBERS if n not in (13,)]  # 13 compiles: minutes, where nothing is compiled yet
FAULTS = {
    "02: a product's gradient": (
        "gradients.py",
        "ops.mul.vjps(x=lambda g, y: g * y, y=lambda g, x: g)",
        [2, *EVERY[4:]],
    ),
    "02: tanh's gradient": ("gradients.py", "ops.tanh.vjps(x=lambda g, out: g * (1 - out))", [2, *EVERY[4:]]),
    "02: matmul's gradient": (
        "gradients.py",
        "ops.matmul_op.vjps(x=lambda g, y: g @ y.transpose(-1, -2), y=lambda g, x: 0.5 * (x.transpose(-1, -2) @ g))",
        EVERY[2:],
    ),
    "03: relu's gradient": ("nn/functional/activation.py", "relu_op.vjps(x=lambda g, out: g)", EVERY[3:]),
    "03: log_softmax's gradient": (
        "nn/functional/softmax.py",
        "log_softmax_op.vjps(x=lambda g, out, dim: g)",
        EVERY[3:],
    ),
    "04: the weights' gradient": (
        "nn/functional/linear.py",
        "def weight_gradient(g, x, right=weight_gradient):\n    return 0.5 * right(g, x)",
        EVERY[4:],
    ),
    "05: Adam's step": (
        "optim/adam.py",
        "def adam_step(*arguments):\n    pass",
        [5, 6, 7, 10, 11, 12, 14, 15, 16],
    ),
    "06: the filters' gradient": (
        "nn/functional/convolution.py",
        "def conv_backward_weight(*arguments, right=conv_backward_weight):\n    return -right(*arguments)",
        [6, 7, 8, 9, 10, 11, 12],
    ),
    "07: a loader that does not shuffle": (
        "data/sampler.py",
        "RandomSampler.__iter__ = lambda self: iter(range(len(self.data_source)))",
        [7],
    ),
    "08: batch norm's gradient": (
        "nn/functional/batchnorm.py",
        "def batch_norm_backward(g, *rest, right=batch_norm_backward):\n    gx, *others = right(g, *rest)\n    return (-gx, *others)",
        [8, 9, 10, 11, 12],
    ),
    "09: clipping": (
        "nn/utils/clip_grad.py",
        "def clip_grads_with_norm_(*arguments, **settings):\n    pass",
        [9],
    ),
    "10: the state of random numbers": ("checkpoint.py", "def set_rng_state(state):\n    pass", [10, 11]),
    "14: the table's gradient": (
        "nn/functional/embedding.py",
        "def row_sums(*arguments, right=row_sums):\n    return 0.5 * right(*arguments)",
        [14, 15, 16],
    ),
    "15: attention's gradient": (
        "nn/functional/attention.py",
        "def attention_backward(*arguments, right=attention_backward):\n    dq, dk, dv = right(*arguments)\n    return dq, 0 * dk, dv",
        [16],
    ),
}

# Run in a process that has not imported tinytorch: each version of the package gets a fork of it.
TRY = """
import json, sys
from pathlib import Path
from tito.course import the_course
from tito.mutants import try_versions
course, versions = the_course(), []
for name, file, lines in json.load(sys.stdin):
    versions.append((name, file, (course.package / file).read_text(encoding="utf-8") + "\\n\\n" + lines))
trials = try_versions(course.root, Path(sys.argv[1]), versions, seconds=200)
print(json.dumps({trial.name: trial.killed_by for trial in trials}))
"""


def unnoticed(number, names):
    """The faults that the checkpoint of a module lets pass."""
    done = subprocess.run(
        [sys.executable, "-c", TRY, COURSE.module(number).checkpoint],
        input=json.dumps([(name, *FAULTS[name][:2]) for name in names]),
        env=os.environ | {"PYTHONPATH": str(COURSE.root), "TINYTORCH_KERNELS": "reference"},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    return [name for name, noticed in json.loads(done.stdout).items() if not noticed]


class Level:
    """A folder with the reference as it is after a module, as far as running checks asks for it."""

    course = COURSE

    def __init__(self, root):
        self.root = root


@pytest.mark.parametrize("number", [n for n in NUMBERS if n != 13])
def test_the_reference_passes_at_its_level(number, tmp_path):
    write_level(COURSE.package, COURSE.modules, number, tmp_path / "tinytorch")
    module = COURSE.module(number)
    report = run_checks(Level(tmp_path), module, checks=module.checkpoint)
    assert report.passed, report.first_failure
    assert any(r.printed.strip() for r in report.results), "a checkpoint says what it measured"


@pytest.mark.slow
def test_kernels_pass_at_their_level(tmp_path):
    test_the_reference_passes_at_its_level(13, tmp_path)


@pytest.mark.parametrize("number", [4, 7, 9])
def test_a_fault_of_an_earlier_module_fails_a_later_checkpoint(number):
    names = [name for name, (*_, noticing) in FAULTS.items() if number in noticing and int(name[:2]) < number]
    assert names
    assert unnoticed(number, names) == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [n for n in EVERY if n > 1])
def test_every_fault_fails_the_checkpoints_that_use_what_it_is_in(number):
    names = [name for name, (*_, noticing) in FAULTS.items() if number in noticing]
    assert unnoticed(number, names) == []
