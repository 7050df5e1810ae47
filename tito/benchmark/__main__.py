"""The process that measures: prints one JSON line per result, as soon as it is there."""

from __future__ import annotations

import argparse
import contextlib
import json
from dataclasses import asdict
from typing import Any

from .cases import CASES
from .measure import in_processes, measure


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="", help="cases whose group or name holds this text")
    parser.add_argument("--blocks", type=int, default=11)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    wanted = lambda group, name: options.only.lower() in f"{group}: {name}".lower()
    import tinytorch

    peer: Any = None
    with contextlib.suppress(ImportError):
        import torch as peer

        peer.set_num_threads(options.threads)

    tinytorch.set_num_threads(options.threads)
    for case in CASES:
        if wanted(case.group, case.name):
            print(json.dumps(asdict(measure(case, peer, options.blocks))), flush=True)
    if any(wanted(group, "") for group in ("start", "memory")):
        for result in in_processes(None if peer is None else "torch"):
            if wanted(result.group, result.name):
                print(json.dumps(asdict(result)), flush=True)


if __name__ == "__main__":
    main()
