"""torch.distributed.rpc: calls between processes are not here."""

from __future__ import annotations

from ..absent import absent, refusing

ONE_PROCESS = "tinytorch runs in one process"
RRef, TensorPipeRpcBackendOptions = absent(ONE_PROCESS, "RRef", "TensorPipeRpcBackendOptions")
init_rpc, remote, rpc_async, rpc_sync, shutdown = refusing(
    ONE_PROCESS, "init_rpc", "remote", "rpc_async", "rpc_sync", "shutdown"
)


def is_available() -> bool:
    return False
