"""Checkers: gradients against finite differences, and tensors against each other."""

from .comparison import assert_allclose, assert_close  # 02
from .gradcheck import GradcheckError, gradcheck, gradgradcheck  # 02
