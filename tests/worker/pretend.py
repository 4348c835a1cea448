"""A stand-in for `bot errand`, to test the processes: quick to start, and it does as it is told.

`python pretend.py plan|check|digest …` in a folder with `plan.json` and `behave.txt`, which says:
fine | hang | stubborn | eat | fail. Each run adds its process to `pids.txt`. With `worker` it is
the parent: the real loop, with itself as the program of the children.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[2]))
GRACE = 1.0
"""Seconds that a run of this worker gets to stop by itself."""


def run_a_worker() -> int:
    from bot.logs import write_logs  # noqa: PLC0415 - children need to be quick
    from bot.worker.loop import Loop  # noqa: PLC0415

    write_logs("text")
    return Loop(Path("config.yaml"), (sys.executable, str(HERE)), GRACE).run()


def stubborn(_signal: int, _frame: object) -> None:
    Path("asked.txt").touch()


def behave(how: str) -> int:
    if how == "fail":
        sys.stderr.write("all is lost\n")
        return 70
    if how == "eat":
        from bot.worker.children import limit_memory  # noqa: PLC0415

        limit_memory(64)
        try:
            bytearray(256 * 1024 * 1024)
        except MemoryError:
            sys.stderr.write("no more memory\n")
            return 70
    if how == "stubborn":
        signal.signal(signal.SIGTERM, stubborn)
    while how in ("hang", "stubborn"):
        time.sleep(0.05)
    return 0


def main() -> int:
    what = sys.argv[1]
    if what == "worker":
        return run_a_worker()
    if what == "plan":
        sys.stdout.write(Path("plan.json").read_text())
        return 0
    with Path("pids.txt").open("a") as file:
        file.write(f"{os.getpid()}\n")
    return behave(Path("behave.txt").read_text().strip())


if __name__ == "__main__":
    sys.exit(main())
