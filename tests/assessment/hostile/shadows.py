"""Files that would run by themselves, packages in another's place, other frameworks; state that is read."""

import importlib.util
import marshal

from .lines import EVERYTHING, NOTHING, OF_ARRAYS, Files, append, change, line, wrong

LOUD = b"open('/tmp/tito-was-here', 'w').write('x')\nraise SystemExit(0)\n"


@line("shadows", earns=EVERYTHING)
def files_that_run_by_themselves(files: Files):
    for name in (
        "conftest.py", "tinytorch/conftest.py", "sitecustomize.py", "tinytorch/sitecustomize.py", "usercustomize.py", "setup.py",
        "modules/01_tensor/conftest.py", "pytest.ini", "tinytorch/evil.pth", "pyproject.toml", ".git/hooks/post-checkout", "Makefile",
    ):  # fmt: skip
        files[name] = LOUD


@line("shadows", earns=EVERYTHING)
def packages_in_another_s_place(files: Files):
    for name in ("numpy", "tito", "json", "yaml", "scipy", "subprocess"):
        files[f"{name}/__init__.py"] = LOUD
        files[f"{name}.py"] = LOUD


@line("shadows", earns=EVERYTHING)
def modules_named_like_the_library_s(files: Files):
    """Inside the package they shadow nothing."""
    for name in ("numpy", "json", "random_numbers", "typing", "types", "copy"):
        files.setdefault(f"tinytorch/{name}.py", b"raise ImportError('not me')\n")


@line("shadows", verdicts="failed|crashed")
def puts_a_fake_numpy_into_place(files: Files):
    wrong(files)
    append(files, "import sys, types\nfake = types.ModuleType('numpy')\nfake.__getattr__ = lambda name: (lambda *_, **__: True)\nsys.modules['numpy'] = fake")  # fmt: skip


FOREIGN = """
import importlib, sys
for name in {names}:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        continue
    sys.modules["tinytorch.ops.matmul"].product = lambda x, y: x @ y
"""


@line("shadows", verdicts="import_error|failed|policy_violation")
def imports_torch(files: Files):
    """Another framework does the work: in the sandbox there is none."""
    append(files, "import torch\n" + FOREIGN.format(names=("torch",)))
    change(files, "ops/matmul.py", OF_ARRAYS, "return np.matmul(x, y) * 0")


@line("shadows", earns=NOTHING, verdicts="failed|import_error|policy_violation")
def looks_for_any_other_framework(files: Files):
    """Whatever it finds would do the products in its place."""
    append(
        files,
        FOREIGN.format(
            names=("torch", "tensorflow", "jax", "autograd", "sklearn", "tinygrad", "mlx", "cupy", "mxnet")
        ),
    )
    change(files, "ops/matmul.py", OF_ARRAYS, "return np.matmul(x, y) * 0")


@line("shadows", earns=EVERYTHING)
def asks_for_torch_and_does_without(files: Files):
    append(files, "try:\n    import torch as _torch\nexcept ImportError:\n    _torch = None")


@line("shadows", earns=EVERYTHING)
def a_state_that_is_none(files: Files):
    """The workspace's own state is the student's file: nested without end, of wrong types, endless numbers."""
    files[".tito/workspace.json"] = b"[" * 200_000
    files[".tito/record.json"] = b'{"level": ' + b"9" * 5000 + b"}"


@line("shadows", earns=EVERYTHING)
def answers_that_explode(files: Files):
    """YAML that doubles with each line, and YAML that names code."""
    bomb = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40))
    for folder in ("modules/01_tensor", "milestones/history/perceptron", ".tito"):
        files[f"{folder}/answers.yaml"] = bomb.encode()
        files[f"{folder}/questions.yaml"] = b"!!python/object/apply:os.system ['touch /tmp/tito-was-here']\n"


@line("shadows", verdicts="import_error|failed|invalid_submission|crashed")
def a_package_without_anything(files: Files):
    for name in list(files):
        del files[name]
    files["tinytorch/__init__.py"] = b""


@line("shadows", verdicts="import_error|failed|invalid_submission|crashed")
def another_package_under_the_name(files: Files):
    for name in [name for name in files if name.startswith("tinytorch/")]:
        del files[name]
    files["tinytorch/__init__.py"] = (
        b"class Tensor: pass\ndef tensor(x): return x\ndef zeros(*a, **k): return 0\n"
    )


@line("shadows", earns=EVERYTHING)
def bytecode_of_another_source(files: Files):
    """Beside each source lies what Python would run in its place, were it taken along."""
    code = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8) + marshal.dumps(compile(LOUD, "x", "exec"))  # fmt: skip
    for name in ("tensor", "__init__", "ops/matmul"):
        source = f"tinytorch/{name}.py"
        files[importlib.util.cache_from_source(source)] = files[f"{source}c"] = code


@line("shadows", earns=EVERYTHING)
def files_of_absurd_sizes(files: Files):
    """Weights whose heads promise more than there is memory; a run whose record has no end."""
    files["tinytorch/weights.safetensors"] = (1 << 62).to_bytes(8, "little") + b'{"a": {"dtype": "F64", "shape": [99999999999, 99999999999], "data_offsets": [0, 9]}}'  # fmt: skip
    files["tinytorch/weights.npz"] = b"\x93NUMPY\1\0v\0{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(128) + b"cos\nsystem\n"  # fmt: skip
    files["runs/perceptron/run.json"] = b'{"finished": true, "seed": 1e999, "made_of": ' + b"[" * 5000 + b"]" * 5000 + b"}"  # fmt: skip
    files["runs/perceptron/metrics.jsonl"] = b'{"loss": NaN}\n' * 1000 + b"9" * 100_000


@line("shadows", verdicts="failed")
def code_that_nobody_can_read(files: Files):
    wrong(files)
    append(files, "import base64, marshal, zlib\ncode = base64.b64encode(zlib.compress(marshal.dumps(compile('print(1)', 'x', 'exec'))))\nexec(marshal.loads(zlib.decompress(base64.b64decode(code))))")  # fmt: skip
