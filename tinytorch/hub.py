"""torch.hub: published weights that are on this machine already. tinytorch downloads none."""

from __future__ import annotations

import os
from urllib.parse import urlparse

from .serialization import load as _load_file


def get_dir() -> str:
    """Where weights lie: $TORCH_HOME/hub, by default ~/.cache/torch/hub, as PyTorch has it."""
    cache = os.environ.get("XDG_CACHE_HOME", os.path.join("~", ".cache"))
    return os.path.join(os.path.expanduser(os.environ.get("TORCH_HOME", os.path.join(cache, "torch"))), "hub")


def load_state_dict_from_url(url: str, model_dir: str | None = None, map_location=None, progress=True, check_hash=False, file_name=None, **_):
    """The weights that PyTorch would have downloaded, if they are in its cache; an error that says where they belong if not."""
    folder = model_dir or os.path.join(get_dir(), "checkpoints")
    path = os.path.join(folder, file_name or os.path.basename(urlparse(url).path))
    if not os.path.exists(path):
        raise FileNotFoundError(f"tinytorch downloads no weights. Fetch {url} and put it at {path}, or build the model without pretrained weights")
    return _load_file(path, map_location=map_location)


def load(repo_or_dir, model, *args, **kwargs):
    raise NotImplementedError(f"torch.hub.load({repo_or_dir!r}, {model!r}): tinytorch runs no code from the network")


def download_url_to_file(url: str, dst: str, hash_prefix=None, progress: bool = True) -> None:
    raise NotImplementedError(f"torch.hub.download_url_to_file: tinytorch downloads no weights. Fetch {url} and put it at {dst}")
