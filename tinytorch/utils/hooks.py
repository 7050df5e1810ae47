"""torch.utils.hooks: what registering a hook returns."""

from ..nn.hooks import RemovableHandle  # noqa: F401
