"""torch.nn.utils.stateless, where `torch.func.functional_call` was first."""

from ...func import functional_call  # noqa: F401
