"""Which tier holds on this machine: each is tried, live, by a program that does its best to get out."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import tempfile
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..boxes import Box
from .launch import TIERS, possible
from .limits import MB, Limits

# Each attempt prints "out" when it got somewhere it should not, "held" when it was refused.
ATTEMPTS = {
    "read the system's users": "open('/etc/passwd').read()",
    "read the grader's code": "open(GRADER).read()",
    "list the grader's folder": "os = __import__('os'); os.listdir(os.path.dirname(GRADER))",
    "write outside the scratch folder": "open('/var/tmp/tito-escape', 'w').write('x')",
    "close a file of the grader": "os, was = __import__('os'), __import__('os').stat(GRADER).st_mode; os.chmod(GRADER, was ^ 1); "
    "now = os.stat(GRADER).st_mode; os.chmod(GRADER, was); assert now != was",
    "slow the grader down": "os = __import__('os'); os.setpriority(os.PRIO_PROCESS, PARENT, os.getpriority(os.PRIO_PROCESS, PARENT))",
    "have the grader signalled": "f = __import__('fcntl'); f.fcntl(0, f.F_SETOWN, PARENT)",
    "change the kernel's settings": "open('/proc/sys/kernel/core_pattern', 'r+b')",
    "start a program": "__import__('subprocess').run(['/bin/true'], check=True)",
    "start a process": "__import__('os').fork()",
    "open a socket": "__import__('socket').socket()",
    "signal the grader": "__import__('os').kill(PARENT, 0)",
    "read the grader's memory": "open(f'/proc/{PARENT}/maps').read()",
    "raise its own limits": "r = __import__('resource'); r.setrlimit(r.RLIMIT_AS, (-1, -1))",
    "take more memory than allowed": "len(bytearray(3 << 30))",
}
PROGRAM = """
import sys
GRADER, PARENT, CODE = sys.stdin.readline().rstrip("\\n"), int(sys.stdin.readline()), sys.stdin.read()
try:
    exec(CODE)
except BaseException as error:
    print("held", type(error).__name__, flush=True)
else:
    print("out", flush=True)
"""


@dataclass
class Report:
    """What a tier withstood. `why` says what keeps it from being used here; empty when it holds."""

    tier: str
    why: str
    escaped: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.why and not self.escaped


def attempt(tier: str, code: str, seconds: float = 30.0) -> str:
    """'out', 'held', or what went wrong with the sandbox itself. The sandbox is started as one for a submission is."""
    box = Box(tier, [], Path(), Limits(cpu=10, memory=2048 * MB))
    box.package = box.inbox
    try:
        (box.inbox / "attempt.py").write_text(textwrap.dedent(PROGRAM))
        with tempfile.TemporaryFile() as words:
            process: Any = box.start("attempt", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=words)
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(f"{Path(__file__).resolve()}\n{os.getpid()}\n{code}".encode())
                process.stdin.close()
            if not select.select([process.stdout], [], [], seconds)[0]:
                return "held"
            said = process.stdout.readline().split()
            if said:
                return said[0].decode("utf-8", "replace")
            code_of_end = process.wait(seconds)
            if code_of_end < 0 or code_of_end > 128:
                return "held"  # killed for it
            words.seek(0)
            lines = words.read().decode("utf-8", "replace").strip().splitlines()
            return lines[-1] if lines else "nothing came back"
    except subprocess.TimeoutExpired:
        return "held"
    finally:
        box.end()


QUICK = ("read the grader's code", "start a process", "open a socket")


def examine(tier: str, quick: bool = False) -> Report:
    """Whether a process runs in this tier at all, and every attempt to get out of it; `quick`: a few of them."""
    why = possible(tier)
    if why:
        return Report(tier, why)
    plain = attempt(
        tier, "open('note', 'w').write('x'); import numpy; numpy.ones((64, 64)) @ numpy.ones((64, 64))"
    )
    if plain != "out":
        return Report(tier, f"an honest program does not run in it: {plain}")
    return Report(
        tier,
        "",
        [
            name
            for name, code in ATTEMPTS.items()
            if (not quick or name in QUICK) and attempt(tier, code) != "held"
        ],
    )


def best(reports: list[Report]) -> str:
    """The strongest tier that holds; C where none does."""
    return next((r.tier for r in reports if r.holds and r.tier != "C"), "C")


def examine_all() -> list[Report]:
    return [examine(tier) for tier in TIERS if tier != "C" or sys.platform != "win32"]
