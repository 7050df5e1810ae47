"""torch.jit.annotations: typing's names, as programs of that time imported them."""

from typing import Any, Dict, List, Optional, Tuple, Union  # noqa: F401, UP035
