# ruff: noqa: F401
"""PyTorch's path to `tinytorch.data.collate`."""

import re

from ....data.collate import collate_tensor_fn, default_collate, default_collate_fn_map, default_convert

np_str_obj_array_pattern = re.compile("[SaUO]")  # the dtypes of NumPy that no batch is made of
