"""A fresh process, from the interpreter's first instruction to the first probability."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

_PROGRAM = """
import json, sys, time
begin = time.perf_counter()
import sim
from sim.simulation import run
laps = {"import": time.perf_counter() - begin}
results = run(sys.argv[1], draws=int(sys.argv[2]))
begin = time.perf_counter()
odds = results.targets()
laps |= results.record.timings | {"targets": time.perf_counter() - begin}
print(json.dumps(laps))
"""


def first_result(scenario: str, draws: int, cache: Path) -> tuple[float, dict[str, float]]:
    """Seconds until a new process has the odds of every target, and seconds by phase.

    ``cache`` is the folder of kernels and of draws that match history.
    """
    begin = time.perf_counter()
    finished = subprocess.run(
        [sys.executable, "-c", _PROGRAM, scenario, str(draws)],
        env={**os.environ, "NQ57_CACHE": str(cache)},
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
    )
    if finished.returncode:
        raise SystemExit(finished.stderr)
    return time.perf_counter() - begin, json.loads(finished.stdout.splitlines()[-1])
