"""torch.hub: published weights that are on this machine already. tinytorch downloads none."""

from __future__ import annotations

import os
import re
import sys
from urllib.parse import urlparse

from ..serialization import load as _load_file

HASH_REGEX = re.compile(r"-([a-f0-9]*)\.")  # the start of the checksum in the name resnet18-f37072fd.pth


class PlainProgress:
    """A counter on stderr where tqdm is not installed, with those of its methods that programs call."""

    def __init__(self, iterable=None, total=None, disable: bool = False, desc: str = "", **options):
        self.iterable, self.disable, self.desc, self.n = iterable, disable, desc, 0
        self.total = len(iterable) if total is None and hasattr(iterable, "__len__") else total

    def __iter__(self):
        with self:
            for item in self.iterable:
                yield item
                self.update(1)

    def __len__(self) -> int:
        return self.total

    def update(self, n=1) -> None:
        self.n += n
        self.write_line("\r")

    def write_line(self, end: str) -> None:
        if not self.disable:
            label = f"{self.desc}: " if self.desc else ""
            sys.stderr.write(f"{label}{self.n}{'' if self.total is None else f'/{self.total}'}{end}")

    def set_description(self, desc: str = "", refresh: bool = True) -> None:
        self.desc = desc

    def set_postfix(self, *values, **named) -> None:
        pass

    def close(self) -> None:
        pass

    def __enter__(self):
        return self

    def __exit__(self, *error) -> None:
        self.write_line("\n")


def __getattr__(name: str):
    if name != "tqdm":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from tqdm import tqdm
    except ImportError:
        return PlainProgress
    return tqdm


def get_dir() -> str:
    """Where weights lie: $TORCH_HOME/hub, by default ~/.cache/torch/hub, as PyTorch has it."""
    cache = os.environ.get("XDG_CACHE_HOME", os.path.join("~", ".cache"))
    return os.path.join(os.path.expanduser(os.environ.get("TORCH_HOME", os.path.join(cache, "torch"))), "hub")


def load_state_dict_from_url(
    url: str,
    model_dir: str | None = None,
    map_location=None,
    progress=True,
    check_hash=False,
    file_name=None,
    **_,
):
    """The weights that PyTorch would have downloaded, if they are in its cache; an error that says where they belong if not."""
    folder = model_dir or os.path.join(get_dir(), "checkpoints")
    path = os.path.join(folder, file_name or os.path.basename(urlparse(url).path))
    if not os.path.exists(path):
        raise FileNotFoundError(
            f"tinytorch downloads no weights. Fetch {url} and put it at {path}, or build the model without pretrained weights"
        )
    return _load_file(path, map_location=map_location)


def load(repo_or_dir, model, *args, **kwargs):
    raise NotImplementedError(
        f"torch.hub.load({repo_or_dir!r}, {model!r}): tinytorch runs no code from the network"
    )


def download_url_to_file(url: str, dst: str, hash_prefix=None, progress: bool = True) -> None:
    raise NotImplementedError(
        f"torch.hub.download_url_to_file: tinytorch downloads no weights. Fetch {url} and put it at {dst}"
    )
