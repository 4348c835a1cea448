"""The command `bot`: arguments in, exit code out; no traceback for what is not a bug."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Run the command line and leave with its exit code (see `bot.errors`)."""
    if sys.argv[1:2] == ["health"]:
        from bot import health  # noqa: PLC0415 - milliseconds matter to a prober

        if asked := health.options(sys.argv[2:]):
            sys.exit(health.report(*asked, os.environ))
    # Rows of a bill are tuples by the hundred thousand, none of them in a cycle: the collector's
    # default would go through all of them every few hundred new ones.
    gc.set_threshold(50_000, 20, 20)
    from bot.cli import run  # noqa: PLC0415

    leave(run(sys.argv[1:]))


def leave(code: int) -> None:
    """End the process, with all that was written seen by its readers.

    Not by way of the interpreter's own end: it takes apart every module and object one by one, a
    fifth of a second of every run. All files and connections are closed by whoever opened them.
    """
    if "logging" in sys.modules:
        sys.modules["logging"].shutdown()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # nobody reads any more: the interpreter knows what to do about it
        sys.exit(code)
    os._exit(code)


if __name__ == "__main__":
    main()
