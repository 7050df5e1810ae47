"""torch.fx.experimental.proxy_tensor: whether somebody is tracing. Nobody is."""

from __future__ import annotations

from ...absent import refusing


def get_proxy_mode() -> None:
    pass


(make_fx,) = refusing("tinytorch traces no graphs; call the function itself", "make_fx")
