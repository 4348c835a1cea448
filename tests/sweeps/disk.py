"""A disk that fails: a run whose n-th write, sync, open or unlink of the database is refused.

strace puts an error in the place of a system call. `python -m tests.sweeps.disk` is the run itself.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bot.errors import BotError
from tests.strace import PROGRAM
from tests.sweeps.kill import work


class Failure(NamedTuple):
    """An error of a system call on the database or its journal."""

    call: str
    error: str


class Ran(NamedTuple):
    code: int
    said: str
    calls: int
    """How many such calls there were, those that failed included."""


def run(order: Mapping[str, Any], database: Path, failure: Failure, when: str) -> Ran:
    """Carries the order out; `when` as strace's: `3` is the third call, `3+` all from it on.

    `0` refuses nothing.
    """
    log = database.with_suffix(".strace")
    inject = f"inject={failure.call}:error={failure.error}:when={when}"
    ran = subprocess.run(
        [
            *(str(PROGRAM), "-f", "-qq", "-o", str(log), "-e", f"trace={failure.call}"),
            *("-P", str(database), "-P", f"{database}-journal"),
            *(() if when == "0" else ("-e", inject)),
            *(sys.executable, "-m", __name__, json.dumps(order)),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    calls = sum(f"{failure.call}(" in line for line in log.read_text().splitlines())
    return Ran(ran.returncode, ran.stderr, calls)


def main() -> int:
    """Exit code as the bot's; what is no BotError is a traceback."""
    try:
        work(json.loads(sys.argv[1]))
    except BotError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
