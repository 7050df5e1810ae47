"""Experiment settings: a dataclass is the schema, a YAML file and `key=value` arguments fill it.

    @dataclass
    class Config:
        lr: float = 3e-4  # peak learning rate
        model: Model = field(default_factory=Model)

    config = load_config(Config, "base.yaml", ["lr=1e-3", "model.width=256"])

Every value is checked against its annotation; an error names the key, the value, what was wanted, and where it came from.
"""

from __future__ import annotations

import dataclasses
import difflib
import enum
import hashlib
import inspect
import json
import sys
import types
import typing
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar, Union

T = TypeVar("T")


class ConfigError(ValueError):
    """A setting that the schema does not allow."""


class Setting(NamedTuple):
    """One value on its way into the config."""

    key: str  # dotted: "model.width"
    value: Any
    origin: str  # "base.yaml:12" or "command line"
    is_text: bool  # from the command line, where everything is a string


def load_config(cls: type[T], path=None, overrides: Iterable[str] = ()) -> T:
    """The defaults of `cls`, then the YAML file's values over them, then `key=value` overrides over both."""
    settings = read_yaml(cls, path) if path is not None else []
    settings += [parse_override(text) for text in overrides]
    values: dict = {}
    for setting in settings:
        place(cls, values, setting)
    return build(cls, values)


# ---------------------------------------------------------------- where values come from


def parse_override(text: str) -> Setting:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise ConfigError(
            f"command line: {text!r} is not of the form key=value, such as lr=3e-4 or model.width=128"
        )
    return Setting(key.strip(), value, "command line", is_text=True)


def read_yaml(cls: type, path) -> list[Setting]:
    """Every value of the file with its line; mappings are opened where the schema has a nested dataclass."""
    import yaml

    try:
        with open(path, encoding="utf-8") as file:
            loader = yaml.SafeLoader(file)  # plain data only: a file cannot make Python objects
            node = loader.get_single_node()
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such config file (looked in {Path.cwd()})") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid YAML: {error}") from None
    if node is None or node.tag == "tag:yaml.org,2002:null":
        return []  # an empty file changes nothing
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError(
            f"{path}:{node.start_mark.line + 1}: a config is a mapping of keys to values, got a {node.tag.rpartition(':')[2]}"
        )
    return list(settings_of(cls, node, loader, str(path), prefix=""))


def settings_of(cls: type, node, loader, path: str, prefix: str):
    import yaml

    loader.flatten_mapping(node)  # resolves `<<: *other`
    lines: dict[str, int] = {}
    for key_node, value_node in node.value:
        key, line = prefix + str(key_node.value), key_node.start_mark.line + 1
        if key in lines:
            raise ConfigError(f"{path}:{line}: {key} is already set in line {lines[key]}")
        lines[key] = line
        annotation = field_types(cls).get(str(key_node.value))
        nested = nested_class(annotation)
        if nested is not None and isinstance(value_node, yaml.MappingNode):
            yield Setting(
                key, {}, f"{path}:{line}", is_text=False
            )  # an empty mapping still asks for the dataclass
            yield from settings_of(nested, value_node, loader, path, key + ".")
        else:
            try:
                value = loader.construct_object(value_node, deep=True)
            except yaml.YAMLError as error:
                raise ConfigError(f"{path}:{line}: {key}: not plain data: {error}") from None
            yield Setting(key, value, f"{path}:{line}", is_text=False)


# ---------------------------------------------------------------- filling the schema


def place(cls: type, values: dict, setting: Setting) -> None:
    """Check one setting and put it into the nested dict of constructor arguments."""
    *outer, last = setting.key.split(".")
    schema: type | None = cls
    for depth, name in enumerate([*outer, last]):
        if name not in field_types(schema):
            raise unknown_key(cls, setting)
        annotation = field_types(schema)[name]
        schema = nested_class(annotation)
        if depth < len(outer):
            if schema is None:
                raise ConfigError(
                    f"{setting.origin}: {setting.key}: {'.'.join(outer[: depth + 1])} is a {wanted(annotation)}, it has no keys"
                )
            values[name] = values = as_values(values.get(name))
    if schema is not None and setting.value == {} and not setting.is_text:
        values.setdefault(last, {})
        return
    try:
        values[last] = convert(setting.value, annotation, setting.is_text)
    except Mismatch as hint:
        got = repr(setting.value) + ("" if setting.is_text else f" ({type(setting.value).__name__})")
        raise ConfigError(
            f"{setting.origin}: {setting.key}: wanted {wanted(annotation)}, got {got}{hint}"
        ) from None


def as_values(given) -> dict:
    """The constructor arguments so far of a nested dataclass, whether it was given key by key or as a whole."""
    if dataclasses.is_dataclass(given):
        return {name: getattr(given, name) for name in field_types(type(given))}
    return given if isinstance(given, dict) else {}


def build(cls: type[T], values: dict, prefix: str = "") -> T:
    """The dataclass from checked values: nested dicts become the nested dataclasses."""
    arguments = {}
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        nested = nested_class(field_types(cls)[field.name])
        if field.name in values:
            value = values[field.name]
            arguments[field.name] = (
                build_nested(field, nested, value, prefix) if nested and isinstance(value, dict) else value
            )
        elif field.init and not has_default(field):
            raise ConfigError(
                f"{prefix}{field.name} has no default: give it in the file or as {prefix}{field.name}=VALUE"
            )
    return cls(**arguments)


def build_nested(field, nested: type, values: dict, prefix: str):
    """Values over what the outer class has as default for this field, or over the nested class's own defaults."""
    default = default_of(field)
    if type(default) is nested:
        values = as_values(default) | values
    return build(nested, values, f"{prefix}{field.name}.")


def has_default(field) -> bool:
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


def default_of(field):
    """The field's default, or `dataclasses.MISSING`."""
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def unknown_key(cls: type, setting: Setting) -> ConfigError:
    known = {
        key: key.rpartition(".")[2] for key, *_ in knobs(cls)
    }  # the last part: what is before it is often forgotten
    like = difflib.get_close_matches(setting.key.rpartition(".")[2], set(known.values()), n=3, cutoff=0.6)
    near = [key for word in like for key, last in known.items() if last == word]
    advice = f"did you mean {' or '.join(near)}?" if near else f"the keys are: {', '.join(known)}"
    return ConfigError(f"{setting.origin}: unknown key {setting.key!r}; {advice}")


# ---------------------------------------------------------------- values against annotations


class Mismatch(Exception):
    """A value that an annotation does not allow; its text is a hint, empty if there is none."""


def convert(value, annotation, is_text: bool):
    """The value as the annotation wants it, or Mismatch. With `is_text` the value is what was typed for it."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (Union, types.UnionType):
        return convert_union(value, arguments, is_text)
    if origin is Literal:
        return convert_literal(value, arguments, is_text)
    if origin in (list, tuple, dict) or annotation in (list, tuple, dict):
        return convert_collection(value, origin or annotation, arguments, is_text)
    if annotation in (Any, inspect.Parameter.empty):
        return parse_text(value) if is_text else value
    if annotation is type(None):
        if value is None or (is_text and value.lower() in ("none", "null", "~", "")):
            return None
        raise Mismatch
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return convert_dataclass(value, annotation, is_text)
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return convert_enum(value, annotation)
    if annotation in CONVERTERS:
        return CONVERTERS[annotation](value, is_text)
    raise TypeError(f"config: fields of type {wanted(annotation)} are not supported")


def convert_union(value, choices, is_text: bool):
    """The member of the value's own type, else the first that fits; str comes last, because any text fits it."""
    for choice in sorted(
        choices, key=lambda choice: (choice is str) if is_text else (choice is not type(value))
    ):
        try:
            return convert(value, choice, is_text)
        except Mismatch:
            continue
    raise Mismatch


def convert_literal(value, choices, is_text: bool):
    for choice in choices:
        if (type(choice) is type(value) and choice == value) or (is_text and str(choice) == value):
            return choice
    raise Mismatch


def convert_enum(value, annotation):
    for member in annotation:
        if (
            value == member.name
            or (type(value) is type(member.value) and value == member.value)
            or value is member
        ):
            return member
    raise Mismatch


def convert_collection(value, kind: type, arguments: tuple, is_text: bool):
    """Lists and tuples as `[1, 2]` or, on the command line, also `1,2`; dicts as `{a: 1}`."""
    if is_text and kind is not dict and not value.strip().startswith(("[", "(")):
        value = [part.strip() for part in value.split(",")] if value.strip() else []
    elif is_text:
        value, is_text = parse_text(value.strip().replace("(", "[").replace(")", "]")), False
    if kind is dict:
        if not isinstance(value, dict):
            raise Mismatch
        key_type, value_type = arguments or (Any, Any)
        return {convert(k, key_type, False): convert(v, value_type, False) for k, v in value.items()}
    if not isinstance(value, (list, tuple)):
        raise Mismatch
    return kind(convert(v, item, is_text) for v, item in zip(value, item_types(kind, arguments, len(value))))


def item_types(kind: type, arguments: tuple, length: int) -> list:
    if kind is tuple and arguments and arguments[-1] is not Ellipsis:
        if len(arguments) != length:
            raise Mismatch(f"; it takes exactly {len(arguments)} values")
        return list(arguments)
    return [arguments[0] if arguments else Any] * length


def convert_dataclass(value, cls: type, is_text: bool):
    """A mapping for a dataclass inside a list, or typed as `{a: 1}`."""
    value = parse_text(value) if is_text else value
    if not isinstance(value, dict):
        raise Mismatch
    values: dict = {}
    for key, v in value.items():
        place(cls, values, Setting(str(key), v, f"in a {cls.__name__}", is_text=False))
    return build(cls, values)


def convert_bool(value, is_text: bool) -> bool:
    words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    if is_text and value.lower() in words:
        return words[value.lower()]
    if isinstance(value, bool):
        return value
    raise Mismatch("; write true or false")


def convert_int(value, is_text: bool) -> int:
    number = convert_float(value, is_text)  # 1e5 is a fine number of steps, and YAML reads it as text
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.strip().lstrip("+-").replace("_", "").isdigit():
        return int(value)  # not by way of float, which holds 53 bits
    if number.is_integer():
        return int(number)
    raise Mismatch


def convert_float(value, is_text: bool) -> float:
    """Numbers, and text that is one: YAML 1.1 reads `1e-3` (no dot) as text."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise Mismatch
    try:
        return float(value)
    except (ValueError, OverflowError):
        raise Mismatch from None


def convert_str(value, is_text: bool) -> str:
    if not isinstance(value, str):  # YAML reads `no` as False and 1.10 as 1.1
        raise Mismatch("; put it in quotes")
    return value


def convert_path(value, is_text: bool) -> Path:
    if not isinstance(value, (str, Path)):
        raise Mismatch
    return Path(value)


CONVERTERS = {
    bool: convert_bool,
    int: convert_int,
    float: convert_float,
    str: convert_str,
    Path: convert_path,
}


def parse_text(text: str):
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise Mismatch("; it does not parse") from None


# ---------------------------------------------------------------- what a schema says


def field_types(cls: type | None) -> dict[str, Any]:
    """Field names and their types, with annotations that are strings resolved."""
    if cls is None:
        return {}
    hints = typing.get_type_hints(cls)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls) if field.init}


def nested_class(annotation) -> type | None:
    """The dataclass behind `Model` or `Model | None`."""
    is_union = typing.get_origin(annotation) in (Union, types.UnionType)
    choices = typing.get_args(annotation) if is_union else (annotation,)
    return next(
        (choice for choice in choices if isinstance(choice, type) and dataclasses.is_dataclass(choice)), None
    )


def wanted(annotation) -> str:
    """A type as an error shows it: `float`, `'adam' or 'sgd'`, `int or None`, `list[int]`."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (Union, types.UnionType):
        return " or ".join(wanted(choice) for choice in arguments)
    if origin is Literal:
        return " or ".join(map(repr, arguments))
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return " or ".join(member.name for member in annotation)
    if origin is not None:
        return f"{origin.__name__}[{', '.join('...' if a is Ellipsis else wanted(a) for a in arguments)}]"
    return "None" if annotation is type(None) else getattr(annotation, "__name__", str(annotation))


def knobs(cls: type, prefix: str = "", instance=None):
    """(dotted key, type, default, help) of every setting, nested ones under their own keys."""
    comments = field_comments(cls)
    for field in dataclasses.fields(cls):
        if not field.init:
            continue
        annotation = field_types(cls)[field.name]
        default = getattr(instance, field.name) if instance is not None else default_of(field)
        nested = nested_class(annotation)
        if nested is not None:
            yield from knobs(nested, f"{prefix}{field.name}.", default if type(default) is nested else None)
        else:
            yield (
                f"{prefix}{field.name}",
                wanted(annotation),
                default,
                field.metadata.get("help") or comments.get(field.name, ""),
            )


def field_comments(cls: type) -> dict[str, str]:
    """The comment at the end of a field's line is its help text."""
    try:
        lines = inspect.getsource(cls).splitlines()
    except (OSError, TypeError):  # made in an interactive session: there is no source
        return {}
    found = {}
    for line in lines:
        code, _, comment = line.partition("  # ")
        name, colon, _ = code.strip().partition(":")
        if comment and colon and name.isidentifier():
            found[name] = comment.strip()
    return found


# ---------------------------------------------------------------- out again


def to_dict(config) -> dict:
    """Nested plain data: enums by name, paths as text, tuples as lists."""
    return {
        field.name: plain(getattr(config, field.name)) for field in dataclasses.fields(config) if field.init
    }


def plain(value):
    if dataclasses.is_dataclass(value):
        return to_dict(value)
    if isinstance(value, dict):
        return {plain(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, enum.Enum):
        return value.name
    return str(value) if isinstance(value, Path) else value


def to_yaml(config) -> str:
    """YAML that `load_config` reads back to an equal config."""
    import yaml

    return yaml.safe_dump(to_dict(config), sort_keys=False, allow_unicode=True)


def config_hash(config, length: int = 12) -> str:
    """A short name for exactly these settings: the same on every machine, another one for any changed value."""
    text = json.dumps(to_dict(config), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:length]


# ---------------------------------------------------------------- scripts


def parse_args(cls: type[T], arguments: list[str] | None = None) -> T:
    """A script's settings from `[--config FILE] key=value ...`; `--help` lists every knob. Errors leave with status 2."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if "-h" in arguments or "--help" in arguments:
        print(usage(cls))
        raise SystemExit(0)
    try:
        path, overrides = split_arguments(arguments)
        return load_config(cls, path, overrides)
    except ConfigError as error:
        print(f"{error}\n(--help lists every setting)", file=sys.stderr)
        raise SystemExit(2) from None


def split_arguments(arguments: list[str]) -> tuple[str | None, list[str]]:
    path, overrides, rest = None, [], iter(arguments)
    for argument in rest:
        if argument == "--config":
            path = next(rest, None)
            if path is None:
                raise ConfigError("command line: --config needs a file name")
        elif argument.startswith("--config="):
            path = argument.removeprefix("--config=")
        else:
            overrides.append(argument.removeprefix("--"))  # --lr=3e-4 is understood too
    return path, overrides


def usage(cls: type) -> str:
    rows = []
    for key, kind, default, text in knobs(cls):
        rows.append((key, kind, "required" if default is dataclasses.MISSING else repr(plain(default)), text))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ["  ".join([*map(str.ljust, row, widths), row[3]]).rstrip() for row in rows]
    doc = inspect.getdoc(cls) or ""
    about = (
        "" if doc.startswith(f"{cls.__name__}(") else doc.partition("\n")[0] + "\n"
    )  # dataclass makes up a doc if there is none
    script = Path(sys.argv[0]).name
    return (
        f"{about}usage: {script} [--config FILE.yaml] [key=value ...]\n\nsettings (type, default):\n  "
        + "\n  ".join(lines)
    )
