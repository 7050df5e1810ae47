"""Whatever is wrong with a file, load says so in a SerializationError: it never crashes, hangs, or asks for absurd memory."""

import io
import json
import pickle
import random
import struct
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest

import tinytorch
from tinytorch.serialization import SerializationError, load, save


def container() -> bytes:
    file = io.BytesIO()
    save(
        {
            "w": tinytorch.arange(6).reshape(2, 3),
            "t": (1, 2.5, None),
            3: np.ones(2),
            "b": tinytorch.ones(2) > 0,
        },
        file,
    )
    return file.getvalue()


def tensors(tmp_path) -> bytes:
    path = tmp_path / "x.safetensors"
    save({"w": tinytorch.ones(2, 3), "i": tinytorch.arange(2), "s": tinytorch.ones(())}, path)
    return path.read_bytes()


def pytorch() -> bytes:
    torch = pytest.importorskip("torch")
    file = io.BytesIO()
    torch.save({"w": torch.ones(2, 3), "n": 3}, file)
    return file.getvalue()


def outcome(data: bytes):
    """What load makes of these bytes: the object, or its error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # zipfile and numpy warn about oddities on the way
            return load(io.BytesIO(data))
    except SerializationError as error:
        return error if str(error).startswith("file: ") else pytest.fail(f"the error names no file: {error}")


@pytest.mark.parametrize("make", ["container", "safetensors", "pytorch"])
def test_a_truncated_file_is_an_error_at_every_length(tmp_path, make):
    data = (
        tensors(tmp_path) if make == "safetensors" else {"container": container, "pytorch": pytorch}[make]()
    )
    for length in range(len(data)):
        assert isinstance(outcome(data[:length]), SerializationError), length
    assert not isinstance(outcome(data), SerializationError)


@pytest.mark.parametrize("make", ["container", "safetensors", "pytorch"])
def test_a_flipped_byte_is_an_error_or_harmless(tmp_path, make):
    data = (
        tensors(tmp_path) if make == "safetensors" else {"container": container, "pytorch": pytorch}[make]()
    )
    whole = repr(outcome(data))
    rng = random.Random(0)
    for position in range(len(data)):
        damaged = bytearray(data)
        damaged[position] ^= 1 << rng.randrange(8)
        got = outcome(bytes(damaged))
        if make == "container" and not isinstance(
            got, SerializationError
        ):  # its checksums find every change of content
            assert repr(got) == whole, position


@pytest.mark.parametrize("make", ["container", "safetensors", "pytorch"])
def test_random_damage_is_an_error_or_harmless(tmp_path, make):
    data = (
        tensors(tmp_path) if make == "safetensors" else {"container": container, "pytorch": pytorch}[make]()
    )
    rng = random.Random(1)
    for _ in range(1500):
        damaged = bytearray(data)
        for _ in range(rng.randrange(1, 6)):
            start = rng.randrange(len(damaged))
            damage = rng.choice([b"", b"\x00", b"\xff\xff\xff\xff", rng.randbytes(8), bytes(damaged[:20])])
            damaged[start : start + rng.randrange(12)] = damage
        outcome(bytes(damaged))


def test_random_pickle_programs_are_an_error_or_plain_data():
    """The stack machine for PyTorch's files, fed with programs that no pickler would write."""
    program = pickle.dumps({"a": [1, (2, 3.5)], "b": ("x", None, {1, 2})}, protocol=2)
    rng = random.Random(2)
    operations = b"(.0}]tl)NIKMJGXqhrjusbcRQ\x80\x85\x86\x87\x88\x89\x8a\x8c\x8f\x90\x93\x94\x95ae1p2"
    for _ in range(4000):
        damaged = bytearray(program)
        for _ in range(rng.randrange(1, 8)):
            damaged[rng.randrange(2, len(damaged))] = rng.choice(operations)
        outcome(pytorch_file(bytes(damaged)))


def pytorch_file(program: bytes, storage: bytes = b"") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", program)
        archive.writestr("archive/data/0", storage)
    return file.getvalue()


# ---------------------------------------------------------------- hostile files


def safetensors_file(header, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(start, end, shape=(1,), dtype="F32"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


SAFETENSORS = {
    "absurd header length": (
        struct.pack("<Q", 2**63) + b"{}",
        "the header should have 9223372036854775808 bytes",
    ),
    "header longer than the file": (
        struct.pack("<Q", 1000) + b"{}" * 20,
        "the header should have 1000 bytes",
    ),
    "no JSON": (safetensors_file(b"{not json"), "the safetensors header is not valid JSON"),
    "not UTF-8": (safetensors_file(b'{"\xff": 1}'), "the safetensors header is not valid JSON"),
    "deep nesting": (safetensors_file(b'{"a":' * 100_000), "the safetensors header is not valid JSON"),
    "a name twice": (safetensors_file(b'{"a": 1, "a": 2}'), "a name occurs twice"),
    "no dict": (safetensors_file({"a": 3}), "tensor 'a' needs dtype, shape and data_offsets"),
    "no dtype": (safetensors_file({"a": {"shape": [1], "data_offsets": [0, 4]}}), "tensor 'a' needs dtype"),
    "unknown dtype": (
        safetensors_file({"a": entry(0, 1, dtype="F8_E4M3")}, b"0"),
        "dtype 'F8_E4M3', which tinytorch has not; it reads BOOL, U8",
    ),
    "dtype is a list": (safetensors_file({"a": entry(0, 4, dtype="F99")}, b"0000"), "has dtype 'F99'"),
    "negative": (safetensors_file({"a": entry(0, 4, (-1,))}, b"0000"), "lists of non-negative integers"),
    "fractional": (safetensors_file({"a": entry(0, 4, (1.0,))}, b"0000"), "lists of non-negative integers"),
    "true as size": (
        safetensors_file({"a": entry(0, 4, (True,))}, b"0000"),
        "lists of non-negative integers",
    ),
    "shape and offsets differ": (
        safetensors_file({"a": entry(0, 4, (2,))}, b"0000"),
        r"shape \[2\] and dtype F32 has 8 bytes, but data_offsets \[0, 4\] give it 4",
    ),
    "absurd shape": (
        safetensors_file({"a": entry(0, 2**62, (2**60,))}, b"0000"),
        "the tensors need 4611686018427387904 bytes of data, the file has 4",
    ),
    "overflowing shape": (
        safetensors_file({"a": entry(0, 0, (2**40, 2**40))}),
        "has 4835703278458516698824704 bytes",
    ),
    "huge sizes beside a 0": (safetensors_file({"a": entry(0, 0, (0, 2**62, 2**62))}), "tensor 'a' of shape"),
    "65 dimensions": (safetensors_file({"a": entry(0, 4, (1,) * 65)}, b"0000"), "tensor 'a' of shape"),
    "overlap": (
        safetensors_file({"a": entry(0, 4), "b": entry(0, 4)}, b"0000"),
        "starts at byte 0 of the data, expected 4: a hole or an overlap",
    ),
    "hole": (safetensors_file({"a": entry(4, 8)}, b"00000000"), "starts at byte 4 of the data, expected 0"),
    "bytes left over": (
        safetensors_file({"a": entry(0, 4)}, b"00000000"),
        "need 4 bytes of data, the file has 8",
    ),
    "end before start": (safetensors_file({"a": entry(4, 0)}, b"0000"), "give it -4"),
}


@pytest.mark.parametrize("name", SAFETENSORS)
def test_hostile_safetensors(name):
    data, message = SAFETENSORS[name]
    expect_refused(data, message)


def expect_refused(data: bytes, message: str):
    """The right error, and no more memory than the file itself justifies."""
    tracemalloc.start()
    try:
        with pytest.raises(SerializationError, match=message):
            load(io.BytesIO(data))
        assert tracemalloc.get_traced_memory()[1] < 50e6 + 4 * len(data)
    finally:
        tracemalloc.stop()


def test_what_the_reference_implementation_refuses_is_refused(tmp_path):
    reference = pytest.importorskip("safetensors")
    data = tensors(tmp_path)
    rng = random.Random(3)
    agreed = 0
    for _ in range(3000):
        damaged = bytearray(data)
        for _ in range(rng.randrange(1, 4)):
            damaged[rng.randrange(min(len(damaged), 250))] = rng.choice(b'0123456789{}[]",:FIU \x00\xff')
        try:
            reference.deserialize(bytes(damaged))
        except reference.SafetensorError:
            assert isinstance(outcome(bytes(damaged)), SerializationError), bytes(damaged)
            agreed += 1
    assert agreed > 1000


def zip_of(**members) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return file.getvalue()


def npy(array=None, header: bytes | None = None, body: bytes = b"") -> bytes:
    file = io.BytesIO()
    if header is None:
        np.lib.format.write_array(file, array)
    else:
        header += b" " * (-(len(header) + 11) % 64) + b"\n"
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + body)
    return file.getvalue()


def content(value) -> str:
    return json.dumps({"tinytorch": 1, "content": value})


TENSOR = {"tensor": {"array": 0}}
HEADER = b"{'descr': %s, 'fortran_order': False, 'shape': %s, }"
CONTAINERS = {
    "other version": (dict(structure_json='{"tinytorch": 99, "content": 1}'), "another version of tinytorch"),
    "no object": (dict(structure_json="[]"), "another version of tinytorch"),
    "no JSON": (dict(structure_json="{"), "structure.json is damaged"),
    "no content": (dict(structure_json='{"tinytorch": 1}'), "structure.json is damaged"),
    "deep nesting": (
        dict(structure_json='{"tinytorch":1,"content":' + "[" * 200_000 + "]" * 200_000 + "}"),
        "structure.json is damaged",
    ),
    "unknown kind": (dict(structure_json=content({"call": ["os.system", "true"]})), "unknown kind 'call'"),
    "two kinds": (dict(structure_json=content({"tuple": [], "set": []})), "structure.json is damaged"),
    "unhashable key": (dict(structure_json=content({"items": [[[], 1]]})), "structure.json is damaged"),
    "number as tensor": (dict(structure_json=content({"tensor": 3})), "structure.json is damaged"),
    "path as array": (
        dict(structure_json=content({"tensor": {"array": "../../etc/passwd"}})),
        "structure.json is damaged",
    ),
    "absurd integer": (
        dict(structure_json='{"tinytorch":1,"content":' + "9" * 10_000 + "}"),
        "structure.json is damaged",
    ),
    "unknown dtype": (dict(structure_json=content({"dtype": "float99"})), "structure.json is damaged"),
    "missing array": (dict(structure_json=content(TENSOR)), "0.npy is missing or damaged"),
    "pickled objects": (
        dict(structure_json=content(TENSOR), _0_npy=npy(np.array([{}, None]))),
        "0.npy holds object; only numbers",
    ),
    "text": (
        dict(structure_json=content(TENSOR), _0_npy=npy(np.array(["a"]))),
        "0.npy holds <U1; only numbers",
    ),
    "records": (dict(structure_json=content(TENSOR), _0_npy=npy(np.zeros(1, "i4,f4"))), "only numbers"),
    "absurd shape": (
        dict(structure_json=content(TENSOR), _0_npy=npy(header=HEADER % (b"'<f4'", b"(1000000000000,)"))),
        "does not fit its 0 bytes",
    ),
    "overflow": (
        dict(
            structure_json=content(TENSOR),
            _0_npy=npy(header=HEADER % (b"'<f4'", b"(4294967296, 4294967296)")),
        ),
        "does not fit its 0 bytes",
    ),
    "negative": (
        dict(
            structure_json=content(TENSOR), _0_npy=npy(header=HEADER % (b"'<f4'", b"(-1, -1)"), body=b"0000")
        ),
        "does not fit its 4 bytes",
    ),
    "code as header": (
        dict(
            structure_json=content(TENSOR),
            _0_npy=npy(header=HEADER % (b"__import__('os').system('true')", b"(1,)")),
        ),
        "missing or damaged",
    ),
    "too long": (
        dict(structure_json=content(TENSOR), _0_npy=npy(np.ones(2)) + b"more"),
        "does not fit its 20 bytes",
    ),
    "no npy": (dict(structure_json=content(TENSOR), _0_npy=b"hello"), "0.npy is missing or damaged"),
    "foreign zip": (
        dict(readme_txt="hello"),
        r"not one by tinytorch, NumPy or PyTorch \(members: readme.txt\)",
    ),
    "empty zip": ({}, r"\(members: none\)"),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_hostile_containers(name):
    members, message = CONTAINERS[name]
    expect_refused(zip_of(**{key.removeprefix("_"): value for key, value in members.items()}), message)


def test_zip_bombs():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("structure.json", content(TENSOR))
        archive.writestr("0.npy", npy(np.zeros(30_000_000, "u1")))
    expect_refused(file.getvalue(), "compressed or encrypted members are refused")
    data = zip_of(structure_json=content([TENSOR]), _0_npy=npy(np.ones(100)))
    # many names in the directory for the same bytes (the overlapping files of a "better zip bomb")
    directory = data.index(b"PK\x01\x02")
    ends = data.index(b"PK\x05\x06")
    many = data[:directory] + data[directory:ends] * 100
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 200, 200, (ends - directory) * 100, directory, 0)
    expect_refused(many + end, "its members overlap, or are larger than the file")


PROGRAMS = {
    "system": b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R.",
    "names from the stack": b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R.",
    "calls a list": b"\x80\x02]X\x01\x00\x00\x00a\x85R.",
    "attributes of a list": b"\x80\x02]}b.",
    "an instance": b"\x80\x02(ios\nsystem\n.",
    "extension registry": b"\x80\x02\x82\x01.",
    "persistent id as text": b"\x80\x02Pabc\n.",
    "a storage of its own making": b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((K\x01K\x02tK\x00)t)\x89}tR.",
    "attributes of a name": b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n}b.",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_hostile_pickles(name):
    expect_refused(
        pytorch_file(PROGRAMS[name]),
        "it refers to|it calls|it sets attributes|it uses the pickle instruction|data.pkl is damaged",
    )


def test_keys_that_cannot_be_hashed_in_time():
    depth = 300_000  # Python's own hash of a tuple this deep crashes the process
    deep = b"\x80\x02}" + b")" + b"\x85" * depth + b"K\x01s."
    doubling = (
        b"\x80\x02})q\x00" + b"0" + b"h\x00h\x00\x86q\x000" * 100 + b"h\x00K\x01s."
    )  # 2**100 elements by reference
    in_a_set = b"\x80\x02c__builtin__\nset\n]" + b")" + b"\x85" * depth + b"a\x85R."
    for program in (deep, doubling, in_a_set):
        expect_refused(pytorch_file(program), "it has a nested tuple as a key")


def torch_tensor(size: bytes, stride: bytes, offset: bytes = b"K\x00", number: bytes = b"K\x04") -> bytes:
    storage = (
        b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu"
        + number
        + b"tQ"
    )
    return b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(" + storage + offset + size + stride + b"\x89}tR."


def test_tensors_that_leave_their_storage():
    def outcome_of(*arguments, **named):
        return outcome(
            pytorch_file(torch_tensor(*arguments, **named), storage=np.arange(4, dtype="f4").tobytes())
        )

    assert outcome_of(b"K\x02K\x02\x86", b"K\x02K\x01\x86").tolist() == [[0, 1], [2, 3]]
    absurd = b"\x8a\x08" + struct.pack("<q", 2**61)
    bad = [
        outcome_of(b"K\x05\x85", b"K\x01\x85"),  # too many elements
        outcome_of(b"K\x02\x85", b"K\x04\x85"),  # too wide a stride
        outcome_of(b"K\x02\x85", b"K\x01\x85", offset=b"K\x03"),  # starts too late
        outcome_of(b"K\x02\x85", b"K\x01\x85", offset=b"J\xff\xff\xff\xff"),  # starts before it
        outcome_of(b"K\x02\x85", b"J\xff\xff\xff\xff\x85"),  # a negative stride
        outcome_of(b"K\x02K\x02\x86", b"K\x01\x85"),  # size and stride of different length
        outcome_of(absurd + absurd + b"\x86", b"K\x00K\x00\x86"),  # a shape of 2**122 elements
        outcome_of(b"K\x02\x85", b"K\x01\x85", number=b"K\x09"),  # a storage larger than its bytes
    ]
    for i, got in enumerate(bad):
        assert isinstance(got, SerializationError), i


@pytest.mark.parametrize(
    "data", [b"", b"P", b"hello world, this is text", b"\x80\x04K\x01.", b"\x00" * 100], ids=repr
)
def test_what_is_no_file_of_tensors(data):
    assert isinstance(outcome(data), SerializationError)
