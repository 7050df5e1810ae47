"""The forms of `odd_forms.py`, run with PyTorch and with tinytorch."""

import pytest

torch = pytest.importorskip("torch")

import tinytorch  # noqa: E402
from tests.core import odd_forms  # noqa: E402
from tests.parity.snippets import check  # noqa: E402

CASES = [
    (f"{suite}: {name}", text)
    for suite, cases in vars(odd_forms).items()
    if suite.isupper()
    for name, text in cases.items()
]


@pytest.mark.filterwarnings("ignore")  # PyTorch's own
@pytest.mark.parametrize("text", [text for _, text in CASES], ids=[name for name, _ in CASES])
def test_form(text):
    found = list(check(torch, tinytorch, text))
    assert not found, found[0]
