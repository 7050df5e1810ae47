"""How much a sandboxed process may use."""

from __future__ import annotations

from dataclasses import asdict, dataclass

MB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Seconds of CPU time, bytes of memory, of one file and of all that it prints; open files and threads."""

    cpu: int = 60
    memory: int = 4096 * MB
    file: int = 256 * MB
    files: int = 256
    threads: int = 64

    def set(self) -> None:
        """Bind this process, for good."""
        import resource

        # The soft limit sends SIGXCPU, which a program may ignore; a second later the hard one kills.
        resource.setrlimit(resource.RLIMIT_CPU, (self.cpu, self.cpu + 1))
        resource.setrlimit(resource.RLIMIT_AS, (self.memory, self.memory))
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.file, self.file))
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.files, self.files))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def record(self) -> dict[str, int]:
        return asdict(self)
