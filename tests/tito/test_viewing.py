"""How a lesson looks in a terminal."""

import io
import os
import shutil
import subprocess
import sys

import pytest

from tito.viewing import document


def test_a_link_to_a_file_is_a_link():
    from rich.console import Console

    out = io.StringIO()
    Console(file=out, force_terminal=True, width=80).print(document("Yours: [`a.py:3`](file:///w/a.py)"))
    assert "]8;" in out.getvalue() and "file:///w/a.py" in out.getvalue()
    assert "](file" not in out.getvalue()


@pytest.mark.skipif(os.name == "nt" or not shutil.which("less"), reason="no less here")
def test_the_pager_shows_colours_as_colours():
    import pty

    ours, theirs = pty.openpty()
    plain = {k: v for k, v in os.environ.items() if k not in ("LESS", "PAGER", "MANPAGER", "NO_COLOR")}
    show = "from tito.viewing import show; show('# Title\\n\\nsome `code`', pager=True)"
    process = subprocess.Popen(
        [sys.executable, "-c", show],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=plain | {"TERM": "xterm-256color"},
    )
    os.close(theirs)
    seen = b""
    while b"code" not in seen:
        seen += os.read(ours, 4096)  # raises when the process has ended without it
    os.write(ours, b"q")
    process.wait(timeout=20)
    os.close(ours)
    assert b"\x1b[1" in seen
    assert b"ESC[" not in seen
