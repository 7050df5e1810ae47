"""torch.backends.cpu: NumPy chooses its instructions itself."""


def get_cpu_capability() -> str:
    return "DEFAULT"
