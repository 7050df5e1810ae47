"""`python -m tinytorch script.py`: an unmodified program finds tinytorch where it asks for torch, and notices nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def run(folder: Path, *arguments: str, code: int = 0, **files: str) -> subprocess.CompletedProcess:
    """Write the files (name="text" is name.py, folder_in_name is folder/name.py) and run `python -m tinytorch ARGUMENTS` in the folder."""
    for name, text in files.items():
        path = folder / f"{name.replace('_in_', '/')}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "tinytorch", *arguments]
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert result.returncode == code, result.stderr
    return result


def test_torch_and_its_submodules_are_tinytorchs_own(tmp_path):
    text = """
import sys
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim.lr_scheduler
import torch.utils.data.dataset
import torch.backends.cudnn as cudnn
import torch.distributions as D
from torch.autograd import Variable
from torch.nn.parameter import Parameter
from torch.utils.checkpoint import checkpoint
from torch.utils.data import DataLoader
import tinytorch

assert torch is tinytorch and nn is tinytorch.nn and F is tinytorch.nn.functional
assert torch.nn.Module is nn.Module and Parameter is nn.Parameter
assert nn.__spec__.name == nn.__name__ == "tinytorch.nn"
assert torch.distributions is D and torch.utils.data.DataLoader is DataLoader
assert not any(name.startswith("torch") and "site-packages/torch" in str(getattr(module, "__file__", ""))
               for name, module in list(sys.modules.items()))
import importlib.util
assert importlib.util.find_spec("torch") is not None
print("fine")
"""
    assert run(tmp_path, "program.py", program=text).stdout == "fine\n"


def test_arguments_names_and_paths(tmp_path):
    text = """
import sys, os, helper
print(sys.argv, __name__, os.path.basename(__file__), sys.path[0] == os.path.dirname(__file__), helper.here)
sys.exit(3)
"""
    (tmp_path / "inside").mkdir()
    result = run(
        tmp_path,
        "inside/program.py",
        "-m",
        "--lr=0.1",
        code=3,
        inside_in_program=text,
        inside_in_helper="here = 1",
    )
    assert result.stdout == "['inside/program.py', '-m', '--lr=0.1'] __main__ program.py True 1\n"


def test_modules(tmp_path):
    files = {
        "package_in___init__": "",
        "package_in_train": "import sys, torch\nfrom . import part\nprint(sys.argv[1:], __name__, __package__)",
    }
    files |= {"package_in_part": "import torch.nn", "package_in___main__": "print('main of the package')"}
    assert run(tmp_path, "-m", "package.train", "--x", **files).stdout == "['--x'] __main__ package\n"
    assert run(tmp_path, "-m", "package").stdout == "main of the package\n"
    assert "No module named package.nothing" in run(tmp_path, "-m", "package.nothing", code=1).stderr


def test_what_cannot_be_run(tmp_path):
    assert "can't open file" in run(tmp_path, "none.py", code=2).stderr
    assert "usage: python -m tinytorch" in run(tmp_path, code=2).stderr
    assert "usage: python -m tinytorch" in run(tmp_path, "--help").stdout
    result = run(tmp_path, "wrong.py", code=1, wrong="def f(:\n    pass\n")
    assert result.stderr.startswith(f'  File "{tmp_path}/wrong.py", line 1\n'), result.stderr


ERRORS = {
    "torch.zeross(3)": "AttributeError: module 'tinytorch' has no attribute 'zeross'; near names: zeros",
    "from torch.nn import Linea": "tinytorch.nn has no 'Linea'; near names: Linear",
    "import torch.nnn": "No module named 'torch.nnn': here torch is tinytorch, which has no such module; near names: nn",
    "import torch.tensor": "No module named 'torch.tensor'",
    "torch.ones(2) @ torch.ones(3)": "RuntimeError: ",
}


def test_errors_show_the_program_and_what_is_missing(tmp_path):
    for number, (line, expected) in enumerate(ERRORS.items()):
        name = f"program{number}"
        result = run(tmp_path, f"{name}.py", code=1, **{name: f"import torch\ndef go():\n    {line}\ngo()\n"})
        lines = result.stderr.splitlines()
        assert lines[:2] == [
            "Traceback (most recent call last):",
            f'  File "{tmp_path}/{name}.py", line 4, in <module>',
        ]
        assert f'  File "{tmp_path}/{name}.py", line 3, in go' in lines
        assert expected in result.stderr


LOADER = """
import torch
import torch.multiprocessing
from torch.utils.data import DataLoader, Dataset

class Squares(Dataset):
    def __len__(self):
        return 6
    def __getitem__(self, i):
        import torch as again, tinytorch
        assert again is tinytorch
        return torch.tensor(i * i)

def worker(rank, queue):
    queue.put((rank, torch.__name__, torch.Tensor.__module__, torch.tensor(rank).item()))

if __name__ == "__main__":
    method = METHOD
    loader = DataLoader(Squares(), batch_size=2, num_workers=2, multiprocessing_context=method)
    print([batch.tolist() for batch in loader])
    context = torch.multiprocessing.get_context(method)
    queue = context.Queue()
    torch.multiprocessing.spawn(worker, (queue,), nprocs=2, start_method=method)
    print(sorted(queue.get() for _ in range(2)))
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_that_the_program_starts(tmp_path, method):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").touch()
    text = LOADER.replace("METHOD", repr(method))
    expected = "[[0, 1], [4, 9], [16, 25]]\n[(0, 'torch', 'tinytorch.tensor', 0), (1, 'torch', 'tinytorch.tensor', 1)]\n"
    assert run(tmp_path, "program.py", program=text).stdout == expected
    assert run(tmp_path, "-m", "package.program", package_in_program=text).stdout == expected


def test_spawned_processes_that_fail(tmp_path):
    text = """
import torch.multiprocessing as mp
def worker(rank):
    raise ValueError("not today")
if __name__ == "__main__":
    mp.spawn(worker, nprocs=1)
"""
    result = run(tmp_path, "program.py", code=1, program=text)
    assert "ValueError: not today" in result.stderr
    assert "process 0 terminated with exit code 1" in result.stderr


VERSIONS = """
import importlib.metadata as metadata
import torch, torchvision
print([metadata.version(name) == module.__version__ for name, module in (("torch", torch), ("torchvision", torchvision))])
print(torch.ones(1).is_inference())
"""


def test_versions_are_known_to_importlib(tmp_path):
    assert run(tmp_path, "p.py", p=VERSIONS).stdout == "[True, True]\nFalse\n"
