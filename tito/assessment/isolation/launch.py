"""Start a process in a tier.

box = Sandbox(tier, reads=[submission], limits=Limits())
process = box.start("tito.milestones.probe", stdin=PIPE, stdout=PIPE)
...
box.end()            # the process, all it started, and its scratch folder are gone
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import site
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from ...errors import TitoError
from . import landlock, syscalls
from .limits import Limits

HERE = Path(__file__).resolve()
TITO = HERE.parents[2]
TIERS = {
    "A": "bubblewrap: namespaces, seccomp, resource limits",
    "B": "Landlock, seccomp, resource limits",
    "C": "resource limits alone: against mistakes, not against malice",
}
NOBODY = 65534
# What the probe needs of tito, and nothing that knows an answer: no judges, no lessons, no reference package.
PROBE_FILES = (
    "__init__.py", "runner.py", "checking.py", "errors.py", "assessment/__init__.py", "assessment/isolation/__init__.py",
    "assessment/isolation/capabilities.py", "assessment/isolation/limits.py", "assessment/isolation/landlock.py", "assessment/isolation/syscalls.py",
    "assessment/isolation/confine.py", "milestones/__init__.py", "milestones/probe.py", "milestones/probes.py", "milestones/wire.py",
)  # fmt: skip
SYSTEM = (
    "/usr/lib",
    "/usr/lib64",
    "/lib",
    "/lib64",
    "/usr/local/lib",
    "/etc/ld.so.cache",
    "/usr/share/zoneinfo",
)
FACTS = (
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
    "/dev/null",
    "/dev/zero",
    "/dev/urandom",
)
LINKED = [path for path in ("/lib", "/lib64", "/bin") if os.path.islink(path)]  # to their places in /usr
HIDDEN = ("tinytorch", "tito", "_tinytorch", "__editable__")  # beginnings of names in site-packages


class Sandbox:
    """One sandboxed process with a scratch folder of its own."""

    def __init__(self, tier: str, reads: Iterable[Path] = (), limits: Limits | None = None):
        if tier not in TIERS:
            raise TitoError(f"isolation tier {tier!r} is not one of {', '.join(TIERS)}")
        self.tier, self.limits = tier, limits or Limits()
        self.folder = Path(tempfile.mkdtemp(prefix="tito-box-"))
        self.scratch, self.runtime = self.folder / "scratch", self.folder / "runtime"
        self.scratch.mkdir()
        lay_out_probe(self.runtime)
        self.reads = [*python_files(), self.runtime, *(Path(p).resolve() for p in reads)]
        self.process: subprocess.Popen | None = None

    def start(self, module: str, **pipes) -> subprocess.Popen:
        """Run a module of Python in the sandbox; `pipes` are Popen's stdin, stdout, stderr."""
        job = json.dumps(
            {
                "limits": self.limits.record(),
                "reads": list(map(str, self.reads + [Path(f) for f in FACTS])),
                "writes": [str(self.scratch)],
            }
        )
        command = [
            python(),
            "-s",
            "-B",
            str(self.runtime / "tito/assessment/isolation/confine.py"),
            self.tier,
            job,
            module,
        ]
        kept = []
        if self.tier == "A":
            filter_end = readable(syscalls.program(allow_exec=True))
            kept = [filter_end]
            command = [*self.bubblewrap(filter_end), "--", *command]
        try:
            self.process = subprocess.Popen(
                command,
                cwd=self.scratch,
                env=self.environment(),
                start_new_session=True,
                pass_fds=kept,
                **pipes,
            )
        finally:
            for handle in kept:
                os.close(handle)
        return self.process

    def bubblewrap(self, filter_end: int) -> list[str]:
        real = dict.fromkeys(str(path) for path in self.reads if str(path) not in LINKED)
        binds = [part for path in real for part in ("--ro-bind-try", path, path)]
        links = [part for path in LINKED for part in ("--symlink", os.readlink(path), path)]
        return [
            bubblewrap_program(), "--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL", "--die-with-parent", "--new-session",
            "--uid",
            str(NOBODY),
            "--gid",
            str(NOBODY),
            "--hostname", "box", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/dev/shm", *links, *binds,
            "--ro-bind-try", "/sys/devices/system/cpu", "/sys/devices/system/cpu", "--bind", str(self.scratch), str(self.scratch),
            "--chdir", str(self.scratch), "--seccomp", str(filter_end), "--remount-ro", "/",
        ]  # fmt: skip

    def environment(self) -> dict[str, str]:
        """Nothing of the grader's own environment but the language."""
        return {
            "PATH": "/usr/bin:/bin", "HOME": str(self.scratch), "TMPDIR": str(self.scratch), "LANG": "C.UTF-8", "PYTHONPATH": str(self.runtime),
            "PYTHONHASHSEED": "0", "PYTHONIOENCODING": "utf-8", "MPLBACKEND": "Agg", "NUMBA_CACHE_DIR": str(self.scratch / "numba"),
            "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1",
        }  # fmt: skip

    def end(self) -> None:
        """Kill what runs and remove what it wrote."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.kill()
            self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def lay_out_probe(runtime: Path) -> None:
    """The few files of tito that the sandboxed side needs, in a folder of their own."""
    for name in PROBE_FILES:
        target = runtime / "tito" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(TITO / name, target)


def readable(data: bytes) -> int:
    """A file descriptor from which these bytes can be read."""
    out, into = os.pipe()
    os.write(into, data)
    os.close(into)
    return out


def python() -> str:
    return sys.executable


@cache
def python_files() -> list[Path]:
    """Python, its libraries and the system's: all that a program needs, without the reference package or the grader."""
    base, here = Path(sys.base_prefix).resolve(), Path(sys.prefix)
    found = [Path(p) for p in SYSTEM if Path(p).exists()]
    found += [base / "lib", base / "bin"] if base != Path("/usr") else [Path("/usr/bin")]
    found += [here / "bin", here / "pyvenv.cfg"]  # not lib64: a link to all of lib, with what is hidden below
    packages = {Path(sysconfig.get_paths()[key]) for key in ("purelib", "platlib")} | {
        Path(p) for p in site.getsitepackages()
    }
    for folder in packages:
        if folder.is_dir() and not folder.resolve().is_relative_to(base):
            found += [p for p in sorted(folder.iterdir()) if not p.name.startswith(HIDDEN)]
    return [p for p in found if p.exists()]


@cache
def bubblewrap_program() -> str:
    return shutil.which("bwrap") or ""


def possible(tier: str) -> str:
    """Why a tier cannot be tried on this machine; empty if it can."""
    if tier == "A":
        return "" if bubblewrap_program() else "bubblewrap is not installed: apt-get install bubblewrap"
    if tier == "B":
        return (
            ""
            if sys.platform == "linux" and landlock.version()
            else "this kernel has no Landlock (Linux 5.13 and later)"
        )
    return ""
