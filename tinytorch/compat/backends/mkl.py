"""torch.backends.mkl: NumPy may use MKL; tinytorch does not ask."""


def is_available() -> bool:
    return False
