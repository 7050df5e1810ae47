"""torch.utils.flop_counter: the products that a program computes, forward and backward, counted by the profiler."""

from __future__ import annotations

from collections import Counter

from ..profiler.flops import COUNTS
from ..profiler.profile import Profile


class FlopCounterMode:
    """`with FlopCounterMode() as counter:` ... `counter.get_total_flops()`. Counted are products of matrices, convolutions and attention."""

    def __init__(self, mods=None, depth: int = 2, display: bool = True, custom_mapping=None):
        if custom_mapping:
            raise NotImplementedError(
                "FlopCounterMode: custom_mapping: the ops here have names of their own, and their counts are in tinytorch.profiler.flops"
            )
        self.display = display
        self.profile = Profile()

    def __enter__(self):
        self.profile = Profile()
        self.profile.__enter__()
        return self

    def __exit__(self, *error) -> None:
        self.profile.__exit__(*error)
        if self.display:
            print(self.get_table())

    def get_flop_counts(self) -> dict[str, dict[str, int]]:
        """By op; all of it is "Global", since modules are not told apart."""
        counts: Counter = Counter()
        for event in self.profile.events:
            if event.name in COUNTS and event.kind != "range":
                name = event.name if event.kind == "forward" else f"{event.name}_backward"
                counts[name] += event.flops
        return {"Global": dict(counts)}

    def get_total_flops(self) -> int:
        return sum(self.get_flop_counts()["Global"].values())

    def get_table(self, depth=None) -> str:
        counts = self.get_flop_counts()["Global"]
        lines = [f"{name:28} {count / 1e9:12.6f} GFLOP" for name, count in sorted(counts.items())]
        return "\n".join([*lines, f"{'in all':28} {self.get_total_flops() / 1e9:12.6f} GFLOP"])
