"""bfloat16 held against PyTorch: dtypes by its rules, values to the last bit where an op rounds once, files both ways."""

from __future__ import annotations

import copy
import io
import pickle

import numpy as np
import pytest

import tinytorch

torch = pytest.importorskip("torch", reason="parity needs PyTorch: pip install torch==2.13.0")

X = np.random.default_rng(0).standard_normal((4, 6)).astype(np.float32)


def x(lib):
    return lib.tensor(X).to(lib.bfloat16)


EXACT = {
    "to": x,
    "to and back": lambda lib: x(lib).float(),
    "from integers": lambda lib: lib.arange(300).to(lib.bfloat16),
    "element": lambda lib: x(lib)[0, 0],
    "beside a number": lambda lib: x(lib) * 0.3 / 7,
    "beside float32": lambda lib: x(lib) + lib.tensor(X),
    "beside a 0-dim float32": lambda lib: x(lib) * lib.tensor(1.7),
    "0-dim beside float32": lambda lib: lib.tensor(1.7, dtype=lib.bfloat16) * lib.tensor(X),
    "beside float16": lambda lib: x(lib) + x(lib).half(),
    "beside integers": lambda lib: x(lib) * lib.arange(6),
    "sum": lambda lib: x(lib).sum(-1),
    "matmul": lambda lib: x(lib) @ x(lib).t(),
    "cat": lambda lib: lib.cat([x(lib), lib.tensor(X)]),
    "max": lambda lib: x(lib).max(dim=1).values,
    "argmax": lambda lib: x(lib).argmax(1),
    "softmax": lambda lib: x(lib).softmax(-1),
    "full": lambda lib: lib.full((2,), 0.1, dtype=lib.bfloat16),
    "tensor": lambda lib: lib.tensor([0.1, float("inf"), float("nan"), 3e38], dtype=lib.bfloat16),
    "views": lambda lib: x(lib).view(2, 12)[:, ::2].transpose(0, 1),
    "copy": lambda lib: copy.deepcopy(x(lib)),
    "pickle": lambda lib: pickle.loads(pickle.dumps(x(lib))),
}


@pytest.mark.parametrize("name", EXACT)
def test_values_and_dtypes(name):
    want, got = EXACT[name](torch), EXACT[name](tinytorch)
    assert str(got.dtype) == str(want.dtype)
    np.testing.assert_array_equal(got.double().numpy(), want.double().numpy())


def test_in_place_rounds_and_text_and_sizes():
    def run(lib):
        t = x(lib)
        t += 1
        t[0] = 0.3
        t[1:2].add_(lib.tensor(X[:1]))
        return repr(t), t.element_size(), t.type(), str(lib.finfo(lib.bfloat16)), t.tolist()

    assert run(tinytorch) == run(torch)
    with pytest.raises(TypeError, match="Got unsupported ScalarType BFloat16"):
        x(tinytorch).numpy()


def test_a_module_trains_in_it():
    def run(lib):
        model = lib.nn.Sequential(
            lib.nn.Linear(6, 8), lib.nn.GELU(), lib.nn.LayerNorm(8), lib.nn.Linear(8, 3)
        )
        with lib.no_grad():
            for i, p in enumerate(model.parameters()):
                p.copy_(
                    lib.tensor(np.random.default_rng(i).standard_normal(tuple(p.shape)).astype(np.float32))
                )
        model.to(lib.bfloat16)
        model(x(lib)).float().pow(2).mean().backward()
        found = [p.grad for p in model.parameters()]
        lib.optim.SGD(model.parameters(), lr=0.1).step()
        assert all(t.dtype is lib.bfloat16 for t in (*found, *model.parameters()))
        return [t.float().detach().numpy() for t in (*found, *model.parameters())]

    for want, got in zip(run(torch), run(tinytorch), strict=True):
        np.testing.assert_allclose(got, want, rtol=0.03, atol=0.03 * np.abs(want).max())


def test_files_both_ways(tmp_path):
    from safetensors.torch import load_file, save_file

    save_file({"x": x(torch)}, tmp_path / "theirs.safetensors")
    tinytorch.save({"x": x(tinytorch)}, tmp_path / "ours.safetensors")
    torch.save({"x": x(torch)}, tmp_path / "theirs.pt")
    memory = io.BytesIO()
    tinytorch.save({"x": x(tinytorch)}, memory)
    memory.seek(0)
    for read in (
        tinytorch.load(tmp_path / "theirs.safetensors"),
        tinytorch.load(tmp_path / "theirs.pt"),
        tinytorch.load(memory),
    ):
        assert read["x"].dtype is tinytorch.bfloat16 and tinytorch.equal(read["x"], x(tinytorch))
    assert torch.equal(load_file(tmp_path / "ours.safetensors")["x"], x(torch))
