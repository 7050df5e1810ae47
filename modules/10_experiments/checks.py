"""The checks of 10_experiments. Each docstring is what the student reads; docs/lesson-format.md says how they are written."""

import io
import json
import os
import random as python_random
import stat
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import tinytorch as tt
from tinytorch import config as configs
from tinytorch import nn, optim
from tinytorch.checkpoint import (
    checkpoint_path,
    checkpoints,
    latest,
    load_checkpoint,
    rng_state,
    save_checkpoint,
    set_rng_state,
)
from tinytorch.config import ConfigError, load_config
from tinytorch.data import DataLoader, TensorDataset
from tinytorch.logging import MetricsWriter, drop_after, read_metrics
from tinytorch.nn import functional as F
from tinytorch.serialization import SerializationError
from tinytorch.serialization.files import atomic_write
from tinytorch.serialization.safetensors import Entry, check_cover, write_safetensors
from tito.checking import (
    array_of,
    arrays,
    check,
    expect,
    expect_close,
    expect_equal,
    expect_raises,
    rng,
    tensor,
)

SETTINGS, NUMBERS, WHOLE = "Settings", "Numbers as they come", "All or nothing"
FILE, STATE = "Tensors in a file", "All of a run's state"


@dataclass
class Model:
    width: int = 64
    dropout: float = 0.1


@dataclass
class Config:
    lr: float = 3e-4
    steps: int = 1000
    note: str = ""
    momentum: float = 0.9
    model: Model = field(default_factory=Model)


@dataclass
class Part:
    lr: float = 0.0


@dataclass
class Twice:
    one: Part = field(default_factory=Part)
    depth: int = 0
    two: Part = field(default_factory=Part)


@dataclass
class Alike:
    rate_a: float = 0.0
    rate_b: float = 0.0
    rate_c: float = 0.0
    rate_d: float = 0.0
    other: int = 0


# ---------------------------------------------------------------- settings


@check(of="parse_override", section=SETTINGS)
def test_overrides():
    """lr=1e-3 and model.width=128 are understood; the key ends at the first equals sign."""
    found = configs.parse_override("note=a=b")
    expect_equal(tuple(found), ("note", "a=b", "command line", True), "the setting of 'note=a=b'")
    expect_equal(tuple(configs.parse_override(" lr =1e-3"))[:2], ("lr", "1e-3"), "the setting of ' lr =1e-3'")
    expect_equal(configs.parse_override("note=").value, "", "the value of 'note='")
    config = load_config(Config, overrides=["lr=1e-3", "model.width=128", "note=a=b"])
    expect_equal((config.lr, config.model.width, config.note), (1e-3, 128, "a=b"), "lr, model.width and note")
    for text in ("lr", "=3", "  =3", ""):
        expect_raises(
            ConfigError,
            lambda t=text: configs.parse_override(t),
            ["command line", repr(text), "key=value"],
            f"the override {text!r}",
        )


def complaint(cls, text):
    try:
        load_config(cls, overrides=[text])
    except ConfigError as error:
        return str(error)
    return "no error"


@check(of="unknown_key", needs="overrides", section=SETTINGS)
def test_unknown_keys():
    """A setting that does not exist stops everything, and says what was probably meant."""
    for cls, text, answer in [
        (Config, "momentun=1", "command line: unknown key 'momentun'; did you mean momentum?"),
        (Config, "model.widht=1", "command line: unknown key 'model.widht'; did you mean model.width?"),
        (Config, "dropout=0", "command line: unknown key 'dropout'; did you mean model.dropout?"),
        (
            Config,
            "xyz=1",
            "command line: unknown key 'xyz'; the keys are: lr, steps, note, momentum, model.width, model.dropout",
        ),
    ]:
        expect_equal(complaint(cls, text), answer, f"the error for {text!r}")
    expect_equal(
        complaint(Config, "widht=1"),
        "command line: unknown key 'widht'; did you mean model.width?",
        "the error for 'widht=1'",
    )
    expect_equal(
        complaint(Twice, "lrr=1"),
        "command line: unknown key 'lrr'; did you mean one.lr or two.lr?",
        "the error for 'lrr=1'",
    )
    several = complaint(Alike, "rate=1")
    names = several.partition("did you mean ")[2].rstrip("?").split(" or ")
    expect(
        len(names) == 3 and set(names) < {"rate_a", "rate_b", "rate_c", "rate_d"},
        "the error for 'rate=1' where rate_a to rate_d exist",
        expected="three of them",
        got=several,
    )
    error = configs.unknown_key(Config, configs.Setting("stepz", 1, "base.yaml:12", False))
    expect_equal(
        str(error), "base.yaml:12: unknown key 'stepz'; did you mean steps?", "the error from a file"
    )
    leaf = configs.unknown_key(Config, configs.Setting("optimizer.lr", 1, "base.yaml:3", False))
    expect_equal(
        str(leaf), "base.yaml:3: unknown key 'optimizer.lr'; did you mean lr?", "the error for 'optimizer.lr'"
    )


@check(of="convert_int", section=SETTINGS)
def test_whole_numbers():
    """1e4, 3.0 and 1_000 are whole; 9007199254740993 keeps its last digit."""
    for value, is_text, answer in [
        ("12", True, 12), ("+5", True, 5), ("-7", True, -7), ("1_000", True, 1000), ("1e4", True, 10000), ("3.0", True, 3),
        (" 8 ", True, 8), ("9007199254740993", True, 9007199254740993), (9007199254740993, False, 9007199254740993),
        (5, False, 5), (2.0, False, 2), (0, False, 0), ("-1e2", True, -100),
    ]:  # fmt: skip
        out = configs.convert_int(value, is_text)
        expect(
            type(out) is int,
            f"{value!r} becomes an int",
            expected=f"the int {answer}",
            got=f"{type(out).__name__} {out!r}",
        )
        expect_equal(out, answer, f"{value!r} as an int")


@check(of="convert_int", needs=["whole_numbers", "overrides"], section=SETTINGS)
def test_what_is_no_whole_number():
    """2.5, infinity, True and text that is no number are refused, with the key and the value."""
    for text in ("steps=2.5", "steps=inf", "steps=nan", "steps=many", "steps=", "steps=true"):
        value = text.partition("=")[2]
        said = complaint(Config, text)
        expect_equal(said, f"command line: steps: wanted int, got {value!r}", f"the error for {text!r}")
    for value in (True, 2.5, float("inf"), None, [1]):
        expect_raises(
            configs.Mismatch,
            lambda v=value: configs.convert_int(v, False),
            what=f"{value!r} as a whole number",
        )


# ---------------------------------------------------------------- metrics


@check(of="drop_after", section=NUMBERS)
def test_metrics_of_a_resumed_run():
    """Resumed from step 2, what came after is dropped, and so is the line that a kill cut off."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "metrics.jsonl"
        rows = [
            '{"step": 1, "loss": 2.5}\n',
            '{"note": "half time"}\n',
            '{"step": 2, "loss": 2.0}\n',
            '{"step": 3, "loss": 1.5}\n',
        ]
        whole = "".join(rows)
        for text, step, answer in [
            (whole + '{"step": 4, "lo', 2, "".join(rows[:3])),
            (whole + '{"step": 4, "lo', None, whole),
            (whole, None, whole),
            (whole, 0, rows[1]),
            (whole, 7, whole),
            ("", 3, ""),
        ]:
            path.write_text(text)
            drop_after(path, step)
            expect_equal(path.read_text(), answer, f"what is left after step {step}")
            expect_equal(
                [p.name for p in path.parent.iterdir()], ["metrics.jsonl"], "the files in the folder"
            )
        with MetricsWriter(path, resume_step=0) as writer:
            writer.write(step=1, loss=2.5)
            writer.write(step=2, loss=tt.tensor(2.0))
        with MetricsWriter(path, resume_step=1) as writer:
            writer.write(step=2, loss=1.75)
        expect_equal(
            [(r["step"], r["loss"]) for r in read_metrics(path)], [(1, 2.5), (2, 1.75)], "steps and losses"
        )


# ---------------------------------------------------------------- atomic writes


@check(of="atomic_write", section=WHOLE)
def test_all_or_nothing():
    """While it is written and after an error, the old content is there; after the block the new one."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pt"
        with atomic_write(path) as file:
            file.write(b"first")
            beside = os.listdir(folder)
        expect(
            len(beside) == 1 and beside[0].startswith(".model.pt.") and beside[0].endswith(".tmp"),
            "the folder before the block has ended",
            expected="one file, .model.pt.SOMETHING.tmp",
            got=str(beside),
        )
        expect_equal(path.read_bytes(), b"first", "the content after the block")
        with atomic_write(str(path)) as file:
            file.write(b"sec")
            file.write(b"ond")
            expect_equal(path.read_bytes(), b"first", "the content while the block is running")
        expect_equal(path.read_bytes(), b"second", "the content after the second block")
        for kind in (ValueError, KeyboardInterrupt, SystemExit):
            expect_raises(
                kind, lambda k=kind: fail_inside(path, k), what=f"a {kind.__name__} inside the block"
            )
            expect_equal(
                path.read_bytes(), b"second", f"the content after a {kind.__name__} inside the block"
            )
        expect_equal(sorted(os.listdir(folder)), ["model.pt"], "the files in the folder")


def fail_inside(path, kind):
    with atomic_write(path) as file:
        file.write(b"half")
        raise kind("in the middle")


@check(of="atomic_write", needs="all_or_nothing", section=WHOLE)
def test_a_kill_in_the_middle():
    """A process that dies while writing leaves the old file whole; beside it a temporary one with a name that tells."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pt"
        path.write_bytes(b"old")
        writer = atomic_write(path)
        file = writer.__enter__()  # what lies on the disk before it is left is what a kill would leave
        file.write(b"half of the new")
        file.flush()
        expect_equal(path.read_bytes(), b"old", "the content after the kill")
        left = [name for name in os.listdir(folder) if name != "model.pt"]
        expect(
            len(left) == 1 and left[0].startswith(".model.pt.") and left[0].endswith(".tmp"),
            "what is left of the killed writer",
            expected="one file .model.pt.SOMETHING.tmp",
            got=str(left),
        )
        os.utime(Path(folder) / left[0], (0, 0))
        with atomic_write(path) as file:
            file.write(b"new")
        expect_equal(
            sorted(os.listdir(folder)), ["model.pt"], "the files after the next writer, a long time later"
        )


@check(of="atomic_write", needs="all_or_nothing", section=WHOLE)
def test_links_and_pipes():
    """A link stays a link, and what it points to is replaced; a pipe gets the bytes."""
    if not hasattr(os, "mkfifo"):
        return
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "real").mkdir()
        target, link, pipe = Path(folder) / "real" / "a.pt", Path(folder) / "link.pt", Path(folder) / "pipe"
        link.symlink_to(target)
        for content in (b"one", b"two"):
            with atomic_write(link) as file:
                file.write(content)
            expect(link.is_symlink(), "the link was replaced by a file")
            expect_equal(target.read_bytes(), content, "the content of what the link points to")
        os.mkfifo(pipe)
        end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        with atomic_write(pipe) as file:
            file.write(b"through")
        expect(stat.S_ISFIFO(os.stat(pipe).st_mode), "the pipe was replaced by a file")
        expect_equal(os.read(end, 100), b"through", "what came through the pipe")
        os.close(end)


# ---------------------------------------------------------------- safetensors


def written(named) -> tuple[dict, bytes]:
    """The header and the data of what write_safetensors writes."""
    file = io.BytesIO()
    write_safetensors(file, named)
    content = file.getvalue()
    length = int.from_bytes(content[:8], "little")
    expect(
        8 + length <= len(content), "the header's length", expected=f"at most {len(content) - 8}", got=length
    )
    expect_equal(length % 8, 0, "the header's length modulo 8")
    text = content[8 : 8 + length].decode()
    expect(text.startswith('{"__metadata__":{"format":"pt"}'), "the header's beginning", got=text[:60])
    expect(
        len(text) - len(text.rstrip(" ")) < 8,
        "the header's spaces",
        expected="fewer than 8",
        got=repr(text[-20:]),
    )
    return json.loads(text), content[8 + length :]


@check(of="write_safetensors", section=FILE)
def test_safetensors_by_hand():
    """The tensor (1, 2) named "bias": a header of one entry and the bytes 00 00 80 3f 00 00 00 40."""
    header, data = written({"bias": np.array([1, 2], np.float32)})
    expect_equal(header["bias"], {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "the entry")
    expect_equal(data.hex(" "), "00 00 80 3f 00 00 00 40", "the data")


@check(of="write_safetensors", needs="safetensors_by_hand", section=FILE)
def test_safetensors_of_many_kinds():
    """Every dtype, layout and shape; the header keeps the order, each tensor begins at a multiple of its element size."""
    named = {
        "flags": np.array([True, False, True]),
        "bytes": np.arange(5, dtype=np.uint8),
        "single": rng(0).normal(size=(2, 3)).astype(np.float32),
        "double": rng(1).normal(size=(3, 2)),
        "turned": rng(2).normal(size=(3, 4)).astype(np.float32).T,
        "steps": rng(3).normal(size=(4, 6))[::2, 1::2],
        "network order": np.arange(3, dtype=">i4"),
        "a number": np.array(7, np.int64),
        "nothing": np.zeros((0, 3), np.float32),
        "half": np.arange(3, dtype=np.float16),
    }
    header, data = written(named)
    expect_equal([name for name in header if name != "__metadata__"], list(named), "the names in the header")
    codes = ["BOOL", "U8", "F32", "F64", "F32", "F64", "I32", "I64", "F32", "F16"]
    covered = []
    for (name, array), code in zip(named.items(), codes):
        entry = header[name]
        start, end = entry["data_offsets"]
        expect_equal(
            (entry["dtype"], entry["shape"]), (code, list(array.shape)), f"dtype and shape of {name!r}"
        )
        expect_equal(start % array.dtype.itemsize, 0, f"the start of {name!r} modulo its element size")
        little = array.dtype.newbyteorder("<")
        expect_close(
            np.frombuffer(data[start:end], little).reshape(array.shape), array, f"the bytes of {name!r}"
        )
        covered += range(start, end)
    expect_equal(sorted(covered), list(range(len(data))), "the bytes that belong to some tensor")
    header, data = written(
        {"brief": array_of(tt.tensor([1.0, -2.0], dtype=tt.bfloat16)), "long": np.ones(1, np.float32)}
    )
    expect_equal(
        header["brief"], {"dtype": "BF16", "shape": [2], "data_offsets": [4, 8]}, "the entry of bfloat16"
    )
    expect_equal(data.hex(" "), "00 00 80 3f 80 3f 00 c0", "a float32 of 1, then the bfloat16 of 1 and -2")
    equal = written({"b": np.zeros(1, np.float32), "a": np.ones(1, np.float32)})[0]
    expect_equal(equal["b"]["data_offsets"], [0, 4], "the place of the first of two float32")
    expect_raises(
        TypeError,
        lambda: write_safetensors(io.BytesIO(), {"z": np.zeros(1, np.complex128)}),
        ["'z'", "complex128"],
        "complex128",
    )


@check(of="write_safetensors", needs=["safetensors_of_many_kinds", "all_or_nothing"], section=FILE)
def test_save_and_load():
    """tt.save to a .safetensors file and back gives the same tensors."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        state = nn.Linear(3, 2).state_dict()
        tt.save(state, path)
        back = tt.load(path)
        expect_equal(list(back), list(state), "the names")
        for name, value in state.items():
            expect_close(
                back[name], array_of(value.detach()), f"the tensor {name!r}", rtol=0, atol=0, dtype="float32"
            )


@check(of="check_cover", section=FILE)
def test_a_table_that_fits():
    """Tensors one after another in any order of names, empty ones among them, cover the file."""

    def entries(*spans):
        return {
            f"t{i}": Entry(
                f"t{i}", {"dtype": "U8", "shape": [b - a], "data_offsets": [a, b]}, "x.safetensors"
            )
            for i, (a, b) in enumerate(spans)
        }

    for spans, size in [
        ([(0, 4), (4, 6)], 6),
        ([(4, 6), (0, 4)], 6),
        ([(0, 4), (0, 0), (4, 4)], 4),
        ([(4, 7), (4, 4), (0, 4)], 7),
        ([], 0),
    ]:
        check_cover(entries(*spans), size, "x.safetensors")
    for spans, size, text in [
        ([(0, 4), (5, 6)], 6, ["tensor 't1' starts at byte 5", "expected 4"]),
        ([(0, 4), (3, 6)], 6, ["tensor 't1' starts at byte 3", "expected 4"]),
        ([(2, 4)], 4, ["tensor 't0' starts at byte 2", "expected 0"]),
        ([(0, 4), (0, 4)], 4, ["starts at byte 0", "expected 4"]),
        ([(0, 4)], 9, ["x.safetensors: truncated or damaged", "need 4 bytes", "has 9"]),
        ([(0, 4)], 3, ["x.safetensors: truncated or damaged", "need 4 bytes", "has 3"]),
        ([], 2, ["need 0 bytes", "has 2"]),
    ]:
        expect_raises(
            SerializationError,
            lambda s=spans, n=size: check_cover(entries(*s), n, "x.safetensors"),
            text,
            f"tensors at the bytes {spans} of {size}",
        )


# ---------------------------------------------------------------- random states


def draws():
    return python_random.random(), np.random.rand(), tt.rand(1).item()


@check(of="rng_state", section=STATE)
def test_the_three_random_states():
    """Python's, NumPy's and tinytorch's; asking does not draw."""
    tt.manual_seed(4)
    first = draws()
    tt.manual_seed(4)
    state = rng_state()
    expect_equal(sorted(state), ["numpy", "python", "tinytorch"], "the names of the states")
    expect_equal(draws(), first, "what is drawn after asking")
    python_random.setstate(state["python"])
    np.random.set_state(state["numpy"])
    tt.set_rng_state(state["tinytorch"])
    expect_equal(draws(), first, "what is drawn with each state put back by hand")


@check(of="set_rng_state", needs="the_three_random_states", section=STATE)
def test_random_states_put_back():
    """After set_rng_state(state) the same numbers come again, from all three, as often as you like."""
    tt.manual_seed(5)
    draws()
    state = rng_state()
    first = [draws() for _ in range(3)]
    for _ in range(2):
        set_rng_state(state)
        expect_equal(
            [draws() for _ in range(3)], first, "three draws from each, after putting the states back"
        )


# ---------------------------------------------------------------- checkpoints


def trained(steps: int = 3):
    model = nn.Linear(3, 2)
    optimizer = optim.Adam(model.parameters(), lr=0.1)
    x, y = arrays((8, 3), (8, 2), seed=1)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.mse_loss(model(tensor(x.astype(np.float32))), tensor(y.astype(np.float32)))
        loss.backward()
        optimizer.step()
    return model, optimizer


def weights(model):
    return np.concatenate([array_of(p.detach()).ravel() for p in model.parameters()])


@check(of="load_checkpoint", needs=["random_states_put_back", "all_or_nothing"], section=STATE)
def test_a_checkpoint_brings_everything_back():
    """Weights, Adam's moments, the schedule, random states, generators, step, config and extra; only what was given."""
    tt.manual_seed(0)
    model, optimizer = trained()
    scheduler = optim.lr_scheduler.StepLR(optimizer, 2, 0.5)
    scheduler.step()
    own = tt.Generator().manual_seed(7)
    with tempfile.TemporaryDirectory() as folder:
        path = checkpoint_path(folder, 3)
        save_checkpoint(
            path, model=model, optimizer=optimizer, scheduler=scheduler, step=3, config=Config(lr=0.1),
            generators={"mine": own}, extra={"position": [1, 2]},
        )  # fmt: skip
        first = draws(), tt.rand(1, generator=own).item()
        tt.manual_seed(99)
        new_model, new_optimizer = trained(1)
        new_scheduler = optim.lr_scheduler.StepLR(new_optimizer, 2, 0.5)
        new_own = tt.Generator()
        found = load_checkpoint(
            latest(folder),
            model=new_model,
            optimizer=new_optimizer,
            scheduler=new_scheduler,
            generators={"mine": new_own},
        )
        expect_equal((draws(), tt.rand(1, generator=new_own).item()), first, "the numbers drawn next")
        expect_equal((found.step, found.extra), (3, {"position": [1, 2]}), "step and extra")
        expect_equal(
            (found.config["lr"], found.config["model"]["width"]), (0.1, 64), "lr and width in the config"
        )
        expect_close(weights(new_model), weights(model), "the weights", rtol=0, atol=0)
        expect_equal(new_scheduler.last_epoch, 1, "where the schedule stands")
        for one, other in zip(optimizer.state.values(), new_optimizer.state.values()):
            expect_close(other["exp_avg"], array_of(one["exp_avg"]), "Adam's first moment", rtol=0, atol=0)
        untouched, _ = trained(2)
        kept = weights(untouched)
        tt.manual_seed(1)
        before = rng_state()["tinytorch"]
        load_checkpoint(path, optimizer=new_optimizer, rng=False)
        expect_close(weights(untouched), kept, "a model that was not given", rtol=0, atol=0)
        expect(rng_state()["tinytorch"] == before, "rng=False changed the random state")


@check(of="load_checkpoint", needs="a_checkpoint_brings_everything_back", section=STATE)
def test_files_that_are_no_checkpoint():
    """A state_dict, a list, another version, or a part that was not saved is refused with the file's name."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.pt"
        model = nn.Linear(2, 1)
        whole = {
            "checkpoint": 1,
            "step": 5,
            "config": None,
            "parts": {},
            "rng": None,
            "generators": {},
            "extra": None,
        }
        less = {name: value for name, value in whole.items() if name != "extra"}
        for content in (model.state_dict(), [1, 2], "step", less, whole | {"checkpoint": 2}):
            tt.save(content, path)
            expect_raises(
                SerializationError,
                lambda: load_checkpoint(path, model=model),
                ["a.pt", "no training checkpoint of this version"],
                f"a file that holds {type(content).__name__}",
            )
        tt.save(whole | {"more": 1}, path)
        tt.manual_seed(3)
        before = rng_state()["tinytorch"]
        expect_equal(load_checkpoint(path).step, 5, "the step of a checkpoint without random states")
        expect(rng_state()["tinytorch"] == before, "a checkpoint without random states changed them")
        for name, part in (("model", model), ("optimizer", optim.SGD(model.parameters(), lr=1))):
            expect_raises(
                KeyError,
                lambda n=name, p=part: load_checkpoint(path, **{n: p}),
                ["a.pt", name],
                f"{name}, not saved",
            )
        expect_raises(
            KeyError,
            lambda: load_checkpoint(path, generators={"mine": tt.Generator()}),
            ["a.pt", "mine"],
            "a generator, not saved",
        )
        for name in ("scheduler", "scaler"):
            expect_raises(
                KeyError,
                lambda n=name: load_checkpoint(path, **{n: model}),
                ["a.pt", name],
                f"{name}, not saved",
            )


# ---------------------------------------------------------------- the whole module


def experiment(folder: Path, stop: int | None = None):
    """12 epochs of a small network with everything random in it; from the newest checkpoint on, if there is one."""
    config = load_config(Config, overrides=["lr=0.02", "steps=12", "model.width=16", "model.dropout=0.2"])
    generator = rng(0)
    x = generator.normal(size=(60, 4)).astype(np.float32)
    data = TensorDataset(tensor(x), tensor((x[:, 0] * x[:, 1] > 0).astype(np.int64)))
    tt.manual_seed(1)
    width = config.model.width
    model = nn.Sequential(
        nn.Linear(4, width),
        nn.BatchNorm1d(width),
        nn.ReLU(),
        nn.Dropout(config.model.dropout),
        nn.Linear(width, 2),
    )
    optimizer = optim.AdamW(model.parameters(), lr=config.lr)
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, config.steps)
    loader = DataLoader(data, batch_size=16, shuffle=True)
    start = 0
    if path := latest(folder):
        start = load_checkpoint(path, model=model, optimizer=optimizer, scheduler=scheduler).step
    with MetricsWriter(folder / "metrics.jsonl", resume_step=start) as writer:
        for epoch in range(start + 1, config.steps + 1):
            for batch, labels in loader:
                loss = F.cross_entropy(model(batch), labels)
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
            scheduler.step()
            writer.write(step=epoch, loss=loss)
            if epoch % 5 == 0:
                save_checkpoint(
                    checkpoint_path(folder, epoch),
                    model=model,
                    optimizer=optimizer,
                    scheduler=scheduler,
                    step=epoch,
                    keep=1,
                )
            if epoch == stop:
                return model
    return model


@check(
    of=["parse_override", "drop_after", "atomic_write", "rng_state", "set_rng_state", "load_checkpoint"],
    needs=[
        "a_checkpoint_brings_everything_back",
        "metrics_of_a_resumed_run",
        "a_kill_in_the_middle",
        "what_is_no_whole_number",
    ],
    section="Where it goes next",
    seconds=30,
)
def test_a_run_that_was_stopped():
    """A run stopped after epoch 7 goes on from its checkpoint of epoch 5: weights and losses equal those of a run that was never stopped, bit for bit."""
    with tempfile.TemporaryDirectory() as straight, tempfile.TemporaryDirectory() as stopped:
        model = experiment(Path(straight))
        experiment(Path(stopped), stop=7)
        with open(Path(stopped) / "metrics.jsonl", "a") as file:
            file.write('{"step": 8, "lo')
        resumed = experiment(Path(stopped))
        losses = [
            [(row["step"], row["loss"]) for row in read_metrics(Path(folder) / "metrics.jsonl")]
            for folder in (straight, stopped)
        ]
        expect_equal(losses[1], losses[0], "steps and losses of the run that was stopped")
        expect_equal(
            [p.name for p in checkpoints(stopped)], ["step-00000010.pt"], "the checkpoints that are left"
        )
        for (name, one), (_, other) in zip(model.state_dict().items(), resumed.state_dict().items()):
            expect_close(other, array_of(one), f"{name} of the run that was stopped", rtol=0, atol=0)
