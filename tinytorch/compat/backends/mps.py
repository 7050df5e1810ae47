"""torch.backends.mps: Apple's GPU, which tinytorch does not use."""


def is_available() -> bool:
    return False


is_built = is_available
