"""`python -m tests.parity.torch_programs PROGRAM...`: what each prints with PyTorch, as one JSON object.

One process for all, because importing PyTorch takes longer than running most of them.
"""

import contextlib
import io
import json
import runpy
import sys
import warnings

import torch


def printed(program: str) -> str:
    sys.argv = [program]
    out = io.StringIO()
    with contextlib.redirect_stdout(out), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        runpy.run_path(program, run_name="__main__")
    torch.set_default_dtype(torch.float32)
    return out.getvalue()


if __name__ == "__main__":
    print(json.dumps({program: printed(program) for program in sys.argv[1:]}))
