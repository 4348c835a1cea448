"""What a process and all it started took: processor time and peak memory."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Cost(NamedTuple):
    """Seconds of processor time, user and system, of the whole tree; peak MB of its largest."""

    seconds: float
    megabytes: float
    code: int = 0


def cost_of(
    command: Sequence[str], env: Mapping[str, str] | None = None, log: Path | None = None
) -> Cost:
    """Runs it to its end. Call from a small process: Linux counts the caller's memory at the fork
    as a peak of the child."""
    environment = {**os.environ, **(env or {})}
    with (log or Path(os.devnull)).open("w") as file:
        process = subprocess.Popen(command, env=environment, stdout=file, stderr=file)  # noqa: S603
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, process.returncode)


def least(costs: Sequence[Cost]) -> Cost:
    """The least time of several runs, and the highest peak: what the work itself takes."""
    return Cost(
        min(cost.seconds for cost in costs),
        max(cost.megabytes for cost in costs),
        max(cost.code for cost in costs),
    )
