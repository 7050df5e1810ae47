"""Settings come from defaults, a file and the command line, checked against the dataclass."""

import enum
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Optional

import pytest

from tinytorch.config import ConfigError, config_hash, load_config, parse_args, to_dict, to_yaml


class Norm(enum.Enum):
    BATCH = "batch"
    LAYER = "layer"


@dataclass
class Model:
    width: int = 64  # units per layer
    dropout: float = 0.0


@dataclass
class Schedule:
    warmup: int = 0
    gamma: float = 0.5


@dataclass
class Config:
    """Settings of a test."""

    lr: float = 3e-4  # peak learning rate
    steps: int = 100
    name: str = "run"
    amp: bool = False
    optimizer: Literal["adam", "sgd"] = "adam"
    norm: Norm = Norm.BATCH
    clip: Optional[float] = None  # noqa: UP045 (both spellings must work)
    seed: int | None = 0
    betas: tuple[float, float] = (0.9, 0.999)
    sizes: list[int] = field(default_factory=lambda: [1, 2])
    data: Path = Path("data")
    tags: dict[str, int] = field(default_factory=dict)
    anything: Any = None
    threshold: int | float = 1
    model: Model = field(default_factory=lambda: Model(dropout=0.1))
    schedule: Schedule | None = None


def loaded(*overrides, yaml=None, tmp_path=None):
    path = None
    if yaml is not None:
        path = tmp_path / "base.yaml"
        path.write_text(yaml)
    return load_config(Config, path, overrides)


def same(value, expected) -> bool:
    return type(value) is type(expected) and value == expected


@pytest.mark.parametrize(
    "override, expected",
    [
        ("lr=3e-4", 3e-4), ("lr=1", 1.0), ("lr=1e-3", 1e-3), ("lr=inf", math.inf), ("lr=.5", 0.5), ("lr= 0.5", 0.5),
        ("steps=7", 7), ("steps=1e5", 100_000), ("steps=1_000", 1000), ("steps=-3", -3), ("steps=010", 10),
        ("steps=9007199254740993", 2**53 + 1),
        ("name=123", "123"), ("name=no", "no"), ("name=a=b", "a=b"), ("name=", ""), ("name=1:30", "1:30"),
        ("amp=true", True), ("amp=False", False), ("amp=on", True),
        ("optimizer=sgd", "sgd"), ("norm=LAYER", Norm.LAYER), ("norm=layer", Norm.LAYER),
        ("clip=1", 1.0), ("clip=none", None), ("clip=null", None), ("seed=None", None), ("seed=3", 3),
        ("betas=0.8,0.9", (0.8, 0.9)), ("betas=[0.8, 1e-1]", (0.8, 0.1)), ("betas=(0.8, 1)", (0.8, 1.0)),
        ("sizes=[]", []), ("sizes=", []), ("sizes=4", [4]), ("sizes=4, 5", [4, 5]),
        ("data=/tmp/x y", Path("/tmp/x y")), ("tags={a: 1}", {"a": 1}), ("anything=[1, x]", [1, "x"]),
        ("threshold=3", 3), ("threshold=0.5", 0.5),
        ("model={width: 3}", Model(3, 0.0)),
    ],
)  # fmt: skip
def test_overrides_are_read_as_the_annotation_says(override, expected):
    value = getattr(loaded(override), override.partition("=")[0])
    assert same(value, expected), value


def test_nested_keys_keep_the_outer_default_and_later_ones_win():
    assert loaded("model.width=8").model == Model(8, 0.1)
    assert loaded("model={width: 3, dropout: 0.7}", "model.width=8").model == Model(8, 0.7)
    assert loaded("lr=1", "lr=2").lr == 2.0
    assert loaded().schedule is None
    assert loaded("schedule.warmup=5").schedule == Schedule(5, 0.5)
    assert loaded("schedule.warmup=5", "schedule=none").schedule is None


FILE = """
lr: 1e-3          # no dot: YAML 1.1 reads this as text
steps: 1e4
threshold: 2.0
clip: 1
betas: [0.9, 0.95]
data: some/where
norm: LAYER
model:
  width: 128
schedule: {}
"""


def test_a_file_is_laid_over_the_defaults_and_the_command_line_over_the_file(tmp_path):
    config = loaded("model.width=9", yaml=FILE, tmp_path=tmp_path)
    assert (
        same(config.lr, 1e-3)
        and same(config.steps, 10_000)
        and same(config.clip, 1.0)
        and same(config.threshold, 2.0)
    )
    assert config.betas == (0.9, 0.95) and config.data == Path("some/where") and config.norm is Norm.LAYER
    assert config.model == Model(9, 0.1) and config.schedule == Schedule()


def test_empty_files_anchors_and_merges(tmp_path):
    assert loaded(yaml="", tmp_path=tmp_path) == Config() == loaded(yaml="# nothing", tmp_path=tmp_path)
    merged = loaded(
        yaml="tags: &t {a: 1}\nanything: *t\nmodel:\n  <<: {width: 5}\n  dropout: 0.2", tmp_path=tmp_path
    )
    assert merged.anything == {"a": 1} and merged.model == Model(5, 0.2)


@pytest.mark.parametrize(
    "override, message",
    [
        ("lr=fast", "command line: lr: wanted float, got 'fast'"),
        ("steps=1.5", "steps: wanted int, got '1.5'"),
        ("steps=nan", "steps: wanted int, got 'nan'"),
        ("amp=1", "amp: wanted bool, got '1'; write true or false"),
        ("optimizer=adm", "optimizer: wanted 'adam' or 'sgd', got 'adm'"),
        ("norm=group", "norm: wanted BATCH or LAYER, got 'group'"),
        ("clip=x", "clip: wanted float or None, got 'x'"),
        ("betas=0.9", r"betas: wanted tuple\[float, float\], got '0.9'; it takes exactly 2 values"),
        ("sizes=1,x", r"sizes: wanted list\[int\], got '1,x'"),
        ("sizes=[1", "sizes: .*; it does not parse"),
        ("tags=3", r"tags: wanted dict\[str, int\], got '3'"),
        ("model=3", "model: wanted Model, got '3'"),
        ("lrr=1", r"command line: unknown key 'lrr'; did you mean lr\?"),
        ("width=1", r"unknown key 'width'; did you mean model.width\?"),
        ("model.widht=1", r"unknown key 'model.widht'; did you mean model.width"),
        (
            "zzz=1",
            "unknown key 'zzz'; the keys are: lr, steps, name, .*model.width, model.dropout, schedule.warmup",
        ),
        ("lr.x=1", "lr.x: lr is a float, it has no keys"),
        ("lr", "'lr' is not of the form key=value"),
        ("=1", "'=1' is not of the form key=value"),
    ],
)
def test_a_bad_override_says_what_is_wrong(override, message):
    with pytest.raises(ConfigError, match=message):
        loaded(override)


@pytest.mark.parametrize(
    "yaml, message",
    [
        ("\nlr: fast", r"base.yaml:2: lr: wanted float, got 'fast' \(str\)"),
        ("lr: true", r"lr: wanted float, got True \(bool\)"),
        ("name: no", r"name: wanted str, got False \(bool\); put it in quotes"),
        ("name: 1.10", r"name: wanted str, got 1.1 \(float\); put it in quotes"),
        ("steps: 1.5", "steps: wanted int, got 1.5"),
        (
            "model:\n  width: 1\n  widht: 3",
            r"base.yaml:3: unknown key 'model.widht'; did you mean model.width",
        ),
        ("lr: 1\nlr: 2", "base.yaml:2: lr is already set in line 1"),
        ("- 1", "base.yaml:1: a config is a mapping of keys to values"),
        ("lr: [", "base.yaml: not valid YAML"),
        ("anything: !!python/object/apply:os.system ['true']", "base.yaml:1: anything: not plain data"),
        ("sizes: 3", r"sizes: wanted list\[int\], got 3 \(int\)"),
        ("model: 3", r"model: wanted Model, got 3 \(int\)"),
    ],
)
def test_a_bad_file_says_what_is_wrong_and_in_which_line(tmp_path, yaml, message):
    with pytest.raises(ConfigError, match=message):
        loaded(yaml=yaml, tmp_path=tmp_path)


def test_a_missing_file_and_a_missing_value():
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: there is no such config file"):
        load_config(Config, "nowhere.yaml")

    @dataclass
    class Needs:
        data: str

    with pytest.raises(ConfigError, match="data has no default: give it in the file or as data=VALUE"):
        load_config(Needs)
    assert load_config(Needs, overrides=["data=x"]).data == "x"


def test_dataclasses_inside_lists():
    @dataclass
    class Stages:
        stages: list[Model] = field(default_factory=list)

    assert load_config(Stages, overrides=["stages=[{width: 1}, {dropout: 0.5}]"]).stages == [
        Model(1),
        Model(dropout=0.5),
    ]
    with pytest.raises(ConfigError, match="unknown key 'widht'"):
        load_config(Stages, overrides=["stages=[{widht: 1}]"])


def test_yaml_round_trip_and_hash(tmp_path):
    config = loaded("lr=1e-5", "name=no", "norm=LAYER", "schedule.gamma=0.1", "betas=0.1,1e-20", "clip=inf")
    assert loaded(yaml=to_yaml(config), tmp_path=tmp_path) == config
    assert config_hash(config) == config_hash(loaded(yaml=to_yaml(config), tmp_path=tmp_path))
    assert config_hash(config) != config_hash(loaded())
    assert config_hash(Model()) == "56b3310287da", "the hash names folders on disk, so it must never change"
    assert to_dict(config)["data"] == "data"


def test_scripts_read_their_arguments(tmp_path, capsys):
    path = tmp_path / "base.yaml"
    path.write_text("lr: 0.5")
    assert parse_args(Config, ["--config", str(path), "steps=3"]) == Config(lr=0.5, steps=3)
    assert parse_args(Config, [f"--config={path}", "--steps=3"]) == Config(lr=0.5, steps=3)
    with pytest.raises(SystemExit) as stop:
        parse_args(Config, ["lr=x"])
    assert stop.value.code == 2 and "lr: wanted float, got 'x'" in capsys.readouterr().err


def test_help_lists_every_knob(capsys):
    with pytest.raises(SystemExit) as stop:
        parse_args(Config, ["--help"])
    text = capsys.readouterr().out
    assert stop.value.code == 0
    lines = {line.split()[0]: line.split() for line in text.splitlines() if line.startswith("  ")}
    assert lines["lr"] == ["lr", "float", "0.0003", "peak", "learning", "rate"]
    assert lines["model.width"] == ["model.width", "int", "64", "units", "per", "layer"]
    assert lines["model.dropout"] == ["model.dropout", "float", "0.1"]
    assert "schedule.gamma" in lines and text.startswith("Settings of a test.\nusage: ")
