"""torch.xpu: Intel's GPUs, which tinytorch does not use."""


def is_available() -> bool:
    return False


def device_count() -> int:
    return 0
