"""torch.backends.opt_einsum: einsum multiplies from left to right."""

enabled = False
strategy = None


def is_available() -> bool:
    return False
