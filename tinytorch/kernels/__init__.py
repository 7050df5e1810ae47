"""Faster bodies for the functions marked `@kernel`: compiled by Numba for the CPU (cpu/), CUDA C for
GPUs (cuda/). Nothing here is imported by a program.

`backend.Kernel` looks into the tables of these packages and imports a file when an array is large enough for its body.
"""

from ..later import missing_from

__getattr__ = missing_from(__name__)
