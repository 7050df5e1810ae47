"""save and load: everything that may be in a file comes back as it was, and whatever else gives one clear error."""

import enum
import io
import json
import os
import stat
import zipfile
from argparse import Namespace
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import tinytorch
from tinytorch.serialization import SerializationError, atomic_write, load, save

DTYPES = [
    "float16",
    "float32",
    "float64",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "bool",
    "complex64",
    "complex128",
]
SHAPES = [(), (1,), (3, 4), (0,), (2, 0, 3), (2, 3, 4, 5)]


def array_of(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(shape) * 50 + (
        1j * rng.standard_normal(shape) if dtype.startswith("complex") else 0
    )
    return np.asarray(values).astype(dtype)


def back(obj):
    buffer = io.BytesIO()
    save(obj, buffer)
    buffer.seek(0)
    return load(buffer)


def same(a, b) -> bool:
    """Equal in value and type, all the way down; nan equals nan."""
    if type(a) is not type(b):
        return False
    if isinstance(a, tinytorch.Tensor):
        return a.requires_grad == b.requires_grad and same(a.array, b.array)
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, dict):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b)) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b if isinstance(a, int) else repr(a) == repr(b)


# ---------------------------------------------------------------- our own container


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_tensors_and_arrays_come_back_bit_for_bit(dtype, shape):
    array = array_of(shape, dtype)
    assert same(back(tinytorch.from_numpy(array)), tinytorch.from_numpy(array))
    assert same(back(array), array)


PLAIN = [
    None, True, False, 0, -1, 2**63, -(2**200), 10**5000, 0.1, -0.0, 1e-320, float("inf"), float("-inf"), float("nan"), 1 + 2j, "",
    "ü\n\0\ud800", b"", b"\x00\xff", [], (), {}, [1, [2, (3, [])]], {"a": {"b": (1,)}}, {1: "int", "1": "str", (1, 2): "tuple", None: 0, 1.5: 0, True + 1: 0},
    OrderedDict(b=1, a=2), OrderedDict([(3, [1])]), {1, 2, 3}, set(), {"dict": {}, "tensor": 3}, {"items": []}, ["tensor"],
    Namespace(lr=0.1, data=Path("x/y")), np.float32(0.1), np.int64(3), np.bool_(True), tinytorch.float16, tinytorch.int64, tinytorch.device("cuda:1"), tinytorch.Size([2, 3]),
]  # fmt: skip


@pytest.mark.parametrize("value", PLAIN, ids=lambda value: type(value).__name__)
def test_plain_data_comes_back_with_its_types(value):
    assert same(back(value), value)
    assert same(back({"x": [value, (value,)]}), {"x": [value, (value,)]})


def test_a_training_checkpoint_as_pytorch_programs_write_it(tmp_path):
    model = OrderedDict([("0.weight", tinytorch.ones(2, 3)), ("0.bias", tinytorch.zeros(2))])
    optimizer = {
        "state": {0: {"step": 3, "exp_avg": tinytorch.ones(2, 3)}},
        "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.999), "params": [0, 1]}],
    }
    tinytorch_file = tmp_path / "ckpt.pt"
    save({"model": model, "optimizer": optimizer, "epoch": 3}, tinytorch_file)
    loaded = load(str(tinytorch_file))
    assert same(loaded, {"model": model, "optimizer": optimizer, "epoch": 3})
    assert list(loaded["optimizer"]["state"]) == [0], "the integer key stays an integer"
    assert np.load(tinytorch_file)["0"].shape == (2, 3), "NumPy opens it too"


def test_not_contiguous_big_endian_and_requires_grad():
    base = np.arange(24.0).reshape(2, 3, 4)
    for array in (
        base.T,
        base[:, ::2],
        base[:, :, ::-1],
        np.broadcast_to(np.ones(3), (2, 3)),
        np.asfortranarray(base[0]),
    ):
        assert np.array_equal(back(tinytorch.Tensor.wrap(array)).array, array)
    swapped = back(np.arange(3, dtype=">i4"))
    assert swapped.dtype == np.dtype("<i4") and swapped.tolist() == [0, 1, 2]
    loaded = back(tinytorch.ones(2).requires_grad_())
    assert loaded.requires_grad and loaded.is_leaf
    loaded.detach().add_(1)  # the memory is ours to write


def test_tensors_that_share_memory_still_do():
    x = tinytorch.ones(1000, 10)
    buffer = io.BytesIO()
    save({"a": x, "b": x, "view": x.view(10_000), "other": tinytorch.ones(1000, 10)}, buffer)
    assert buffer.tell() < 3 * x.nbytes + 3000
    buffer.seek(0)
    loaded = load(buffer)
    loaded["a"].zero_()
    assert loaded["b"].sum().item() == 0 and loaded["other"].sum().item() == 10_000


def test_the_same_data_gives_the_same_bytes():
    files = [io.BytesIO(), io.BytesIO()]
    for file in files:
        save({"x": tinytorch.ones(3), "set": {"b", "a"}}, file)
    assert files[0].getvalue() == files[1].getvalue()


class Module:
    def state_dict(self):
        return {}

    def __reduce__(self):
        return Module, ()


Point = namedtuple("Point", "x y")


class Pair(tuple):
    pass


class Closing:
    def __del__(self):
        pass


class Colour(enum.Enum):
    RED = 1


class Attributes(dict):
    def __getattr__(self, name):
        return self[name]


class Numbered(list):
    pass


class Vocabulary:
    def __init__(self, words):
        self.index = {word: i for i, word in enumerate(words)}
        self.vectors, self.me = tinytorch.ones(len(words), 2), self


PLAIN = {
    "Counter": Counter("aab"),
    "defaultdict": defaultdict(list, a=[1]),
    "deque": deque([1, (2,)], maxlen=4),
    "frozenset": frozenset({1, "a"}),
    "bytearray": bytearray(b"ab"),
    "slice": slice(1, None, 2),
    "range": range(1, 9, 3),
    "ellipsis": ...,
    "namedtuple": Point(1, {"a": 2}),
    "enum": Colour.RED,
    "namespace": SimpleNamespace(a=1, b=[2]),
    "own dict": Attributes(a=1, b=Attributes(c=2)),
    "own list": Numbered([1, 2]),
}


@pytest.mark.parametrize("name", PLAIN)
def test_what_programs_keep_in_checkpoints(tmp_path, name):
    save({"it": PLAIN[name]}, tmp_path / "x.pt")
    it = load(tmp_path / "x.pt")["it"]
    assert it == PLAIN[name] and type(it) is type(PLAIN[name])
    if isinstance(it, (deque, defaultdict)):
        assert repr(it) == repr(PLAIN[name])  # what they hold beside their items


def test_an_object_of_the_program(tmp_path):
    save({"vocabulary": Vocabulary(["a", "b"])}, tmp_path / "x.pt")
    vocabulary = load(tmp_path / "x.pt")["vocabulary"]
    assert type(vocabulary) is Vocabulary and vocabulary.index == {"a": 0, "b": 1}
    assert vocabulary.me is vocabulary and tinytorch.equal(vocabulary.vectors, tinytorch.ones(2, 2))


@pytest.mark.parametrize(
    "content",
    [
        {"object": {"class": "subprocess:Popen", "number": 0, "state": {"dict": {}}}},
        {"object": {"class": f"{__name__}:Closing", "number": 0, "state": {"dict": {}}}},
        {"enum": ["subprocess:Popen", "RED"]},
        {"named tuple": [f"{__name__}:Pair", [1, 2]]},
        {"collection": {"class": "collections:OrderedDict", "number": 0, "items": [], "state": {"dict": {}}}},
        {"defaultdict": ["eval", {"dict": {}}]},
    ],
)
def test_a_file_names_no_other_classes(tmp_path, content):
    path = tmp_path / "x.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("structure.json", json.dumps({"tinytorch": 1, "content": content}))
    with pytest.raises(SerializationError):
        load(path)


LOOP: list = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    "obj, message",
    [
        (Module(), r"obj is a .*Module, .*save its state_dict\(\) instead"),
        ({"net": [Module()]}, r"obj\['net'\]\[0\] is a .*Module"),
        ({"f": {3: lambda: 0}}, r"obj\['f'\]\[3\] is a builtins.function, .*save plain data"),
        ({"n": defaultdict(lambda: 0)}, r"obj\['n'\] is a collections.defaultdict, .*save dict\(...\)"),
        (Pair((1, 2)), r"obj is a .*Pair, .*save tuple\(...\)"),
        (Closing(), r"obj is a .*Closing, .*save vars\(...\)"),
        (io.StringIO, "obj is a builtins.type"),
        (np.array([None]), "an array of object; only numbers and booleans"),
        (np.array(["a"]), "an array of <U1"),
        ({"p": iter([])}, r"obj\['p'\] is a builtins.list_iterator"),
        (LOOP, "nested too deeply, or contains itself"),
    ],
)
def test_what_has_no_form_in_a_file_is_named(tmp_path, obj, message):
    path = tmp_path / "x.pt"
    save("old", path)
    with pytest.raises(TypeError, match=message):
        save(obj, path)
    assert load(path) == "old", "a save that fails leaves the old file"
    assert os.listdir(tmp_path) == ["x.pt"], "and nothing else"


# ---------------------------------------------------------------- files


def test_paths_file_objects_and_positions(tmp_path):
    x = tinytorch.arange(3)
    with open(tmp_path / "a.bin", "wb") as file:
        file.write(b"header")
        save(x, file)
    with open(tmp_path / "a.bin", "rb") as file:
        file.read(6)
        assert same(load(file), x)
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.pt")
    with pytest.raises(TypeError, match="open it with mode 'wb' or 'rb'"):
        save(x, io.StringIO())
    with pytest.raises(TypeError, match="must be a path or a binary file, got int"):
        load(3)
    save(x, os.devnull)


def test_a_file_is_replaced_with_ordinary_rights_and_links_stay_links(tmp_path):
    real, link = tmp_path / "real.pt", tmp_path / "link.pt"
    save(1, real)
    link.symlink_to(real)
    save(2, link)
    assert link.is_symlink() and load(real) == 2
    plain = tmp_path / "plain"
    plain.write_text("")
    assert stat.S_IMODE(real.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_an_interrupted_write_leaves_the_old_file_and_stale_ones_go(tmp_path):
    path = tmp_path / "x[1].pt"
    save("old", path)

    def interrupted():
        with atomic_write(path) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert load(path) == "old"
    stale, fresh = tmp_path / ".x[1].pt.1.2.tmp", tmp_path / ".x[1].pt.3.4.tmp"
    stale.touch(), fresh.touch()
    os.utime(stale, (0, 0))
    save("new", path)
    assert load(path) == "new" and not stale.exists() and fresh.exists()


def test_map_location():
    buffer = io.BytesIO()
    save(tinytorch.ones(2), buffer)

    def loaded(**kwargs):
        buffer.seek(0)
        return load(buffer, **kwargs)

    assert loaded(map_location="cpu").device.type == "cpu"
    assert loaded(map_location=tinytorch.device("cpu"), weights_only=True).sum().item() == 2
    assert loaded(map_location=lambda storage, location: storage).sum().item() == 2
    assert loaded(map_location=lambda storage, location: None).sum().item() == 2
    assert loaded(map_location={"cuda:0": "cpu"}).sum().item() == 2


def test_a_file_from_a_gpu_says_how_to_load_it_without_one(tmp_path):
    path = tmp_path / "gpu.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "structure.json", '{"tinytorch":1,"content":{"tensor":{"array":0,"device":"cuda:0"}}}'
        )
        with archive.open("0.npy", "w") as member:
            np.lib.format.write_array(member, np.ones(2, "f4"))
    if not tinytorch.backend.cuda_available():
        with pytest.raises(
            RuntimeError, match="device 'cuda:0', and there is no CUDA here; load with map_location='cpu'"
        ):
            load(path)
    assert load(path, map_location="cpu").tolist() == [1, 1]
    assert load(path, map_location={"cuda:0": "cpu"}).tolist() == [1, 1]


def test_an_npz_by_numpy_is_a_dict_of_tensors(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.arange(3), y=np.ones((2, 2), order="F"))
    loaded = load(tmp_path / "a.npz")
    assert loaded["x"].tolist() == [0, 1, 2] and loaded["y"].shape == (2, 2)


# ---------------------------------------------------------------- safetensors


def state():
    tensors = {
        f"{dtype}.{i}": tinytorch.from_numpy(array_of(s, dtype))
        for dtype in DTYPES[:-1]
        for i, s in enumerate(SHAPES)
    }
    return {**tensors, "transposed": tinytorch.from_numpy(array_of((3, 4), "float32").T)}


def test_safetensors_both_ways_with_pytorch(tmp_path):
    torch = pytest.importorskip("torch")
    theirs = pytest.importorskip("safetensors.torch")
    ours = state()
    save(ours, tmp_path / "ours.safetensors")
    loaded = theirs.load_file(tmp_path / "ours.safetensors")
    assert loaded.keys() == ours.keys()
    for name, tensor in ours.items():
        assert np.array_equal(loaded[name].numpy(), tensor.array) and str(loaded[name].dtype) == repr(
            tensor.dtype
        ), name
    theirs.save_file(
        {name: tensor.contiguous() for name, tensor in loaded.items()}, tmp_path / "theirs.safetensors"
    )
    again = load(tmp_path / "theirs.safetensors")
    assert all(
        np.array_equal(again[name].array, ours[name].array) and again[name].dtype == ours[name].dtype
        for name in ours
    )
    assert list(load(tmp_path / "ours.safetensors")) == list(ours), "the order of the state_dict is kept"
    special = torch.tensor([1.5, -0.0, float("inf"), float("nan"), 3e-39, 1e38], dtype=torch.bfloat16)
    theirs.save_file(
        {"b": special, "s": torch.tensor(2.0, dtype=torch.bfloat16)}, tmp_path / "bf16.safetensors"
    )
    b = load(tmp_path / "bf16.safetensors")
    assert b["b"].array.tobytes() == special.float().numpy().tobytes() and b["s"].shape == ()


def test_safetensors_wide_unsigned_and_half_known_types(tmp_path):
    theirs = pytest.importorskip("safetensors.numpy")
    theirs.save_file(
        {"a": np.array([65535], "u2"), "b": np.array([2**32 - 1], "u4")}, tmp_path / "u.safetensors"
    )
    loaded = load(tmp_path / "u.safetensors")
    assert loaded["a"].item() == 65535 and loaded["b"].item() == 2**32 - 1
    theirs.save_file({"c": np.array([2**64 - 1], "u8")}, tmp_path / "u.safetensors")
    with pytest.raises(SerializationError, match="fit no tensor dtype"):
        load(tmp_path / "u.safetensors")


@pytest.mark.parametrize(
    "obj, message",
    [
        ([1], "can only hold a dict of tensors, got a list"),
        ({"a": {"b": tinytorch.ones(1)}}, r"obj\['a'\] is a dict; use a name ending in .pt"),
        ({1: tinytorch.ones(1)}, r"obj\[1\] is a Tensor"),
        (
            {"z": tinytorch.ones(1).to(tinytorch.complex128)},
            "'z' is complex128, which safetensors cannot hold",
        ),
    ],
)
def test_what_safetensors_cannot_hold(tmp_path, obj, message):
    with pytest.raises(TypeError, match=message):
        save(obj, tmp_path / "x.safetensors")
    assert not os.listdir(tmp_path)


def test_tensors_that_share_memory_are_written_under_every_name(tmp_path):
    x = tinytorch.ones(3)
    save({"a": x, "b": x}, tmp_path / "x.safetensors")
    assert load(tmp_path / "x.safetensors")["b"].tolist() == [1, 1, 1]


# ---------------------------------------------------------------- files by PyTorch


def torch_content(torch):
    base = torch.arange(20, dtype=torch.float32).reshape(4, 5)
    net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    optimizer = torch.optim.AdamW(net.parameters())
    net(torch.ones(4, 3)).sum().backward()
    optimizer.step()
    tensors = [
        torch.tensor(3),
        torch.zeros(0, 3),
        base.T,
        base[1:, ::2],
        base[0].expand(3, 5),
        torch.ones(2).half(),
        torch.ones(2).bool(),
    ]
    tensors += [
        torch.ones(2, dtype=torch.complex64),
        torch.tensor([1, -2], dtype=torch.int8),
        torch.ones(2, dtype=torch.float64),
    ]
    return {
        "model": net.state_dict(), "optimizer": optimizer.state_dict(), "tensors": tensors, "bf16": torch.tensor([1.5, 3e-39]).bfloat16(),
        "plain": [1, -1, 2**40, 2**100, 0.5, "ü", b"bytes", None, True, (1, (2, 3, 4, 5)), {"k": {1: 2}}, [], ()], "size": torch.Size([1, 2]),
        "dtype": torch.float16, "device": torch.device("cpu"), "set": {1, 2}, "parameter": torch.nn.Parameter(torch.ones(2)),
    }  # fmt: skip


def expect_equal(ours, theirs, torch):
    if isinstance(theirs, torch.Tensor):
        assert tuple(ours.shape) == tuple(theirs.shape) and ours.requires_grad == theirs.requires_grad
        if theirs.dtype == torch.bfloat16:
            assert str(ours.dtype) == "torch.bfloat16"
            ours, theirs = ours.float(), theirs.float()
        assert np.array_equal(ours.detach().numpy(), theirs.detach().numpy())
    elif isinstance(theirs, dict):
        assert list(ours) == list(theirs) and type(ours) is type(theirs)
        for key in theirs:
            expect_equal(ours[key], theirs[key], torch)
    elif isinstance(theirs, (list, tuple)):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs):
            expect_equal(a, b, torch)
    else:
        assert repr(ours) == repr(theirs)


def test_state_dicts_saved_by_pytorch_load(tmp_path):
    torch = pytest.importorskip("torch")
    content = torch_content(torch)
    torch.save(content, tmp_path / "theirs.pt")
    ours = load(tmp_path / "theirs.pt", map_location="cpu")
    expect_equal(ours, content, torch)
    shared = torch.ones(5)
    torch.save([shared, shared[1:3]], tmp_path / "shared.pt")
    whole, part = load(tmp_path / "shared.pt")
    whole.zero_()
    assert part.sum().item() == 0, "views of one storage stay views of one storage"


class Evil:
    def __reduce__(self):
        return os.system, ("echo executed > executed.txt",)


def test_nothing_in_a_file_by_pytorch_is_run(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    system = f"{os.system.__module__}.system"
    for obj, message in [
        ({"x": Evil()}, f"it refers to {system}; only tensors and plain data"),
        (torch.nn.Linear(2, 2), "it refers to torch.nn.modules.linear.Linear"),
        ({"f": print}, "it refers to __builtin__.print"),
        ({"n": Counter("a")}, "it refers to collections.Counter"),
    ]:
        torch.save(obj, "evil.pt")
        with pytest.raises(SerializationError, match=message):
            load("evil.pt")
    torch.save({"x": Evil()}, "old.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(SerializationError, match=r"written by PyTorch before 1\.6"):
        load("old.pt")
    assert not os.path.exists("executed.txt")


def test_a_pickle_is_refused(tmp_path):
    import pickle

    (tmp_path / "x.pkl").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(
        SerializationError, match=r"x\.pkl: a pickle, which is refused: loading one can run any code"
    ):
        load(tmp_path / "x.pkl")


def test_safetensors_turn_the_bytes_of_the_other_order(tmp_path):
    path = tmp_path / "swapped.safetensors"
    save({"n": np.arange(3, dtype=">i4")}, path)
    assert load(path)["n"].tolist() == [0, 1, 2]
