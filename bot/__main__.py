"""The command `bot`: arguments in, exit code out; no traceback for what is not a bug."""

from __future__ import annotations

import atexit
import gc
import os
import resource
import sys


def main() -> None:
    """Run the command line and leave with its exit code (see `bot.errors`)."""
    if sys.argv[1:2] == ["health"]:
        from bot import health  # noqa: PLC0415 - milliseconds matter to a prober

        if asked := health.options(sys.argv[2:]):
            sys.exit(health.report(*asked, os.environ))
    prepare()
    ended: list[int] = []
    atexit.register(_leave, ended)  # before anyone else, to be the last
    from bot.cli import run  # noqa: PLC0415

    ended.append(run(sys.argv[1:]))
    sys.exit(ended[0])


def prepare() -> None:
    """What holds for a process, before anything large is loaded."""
    # A crash must not leave a picture of the memory, with keys in it, on the disk.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    # Rows of a bill are tuples by the hundred thousand, none of them in a cycle: the collector's
    # default would go through all of them every few hundred new ones.
    gc.set_threshold(50_000, 20, 20)
    # numpy's linear algebra would start a thread for each core, and none of it is used.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _leave(ended: list[int]) -> None:
    """End the process here, once everything is flushed and closed.

    The interpreter would take apart every module and object one by one: a fifth of a second of
    each run.
    """
    if not ended:
        return
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):  # nobody reads any more: the interpreter knows what to do
        return
    os._exit(ended[0])


if __name__ == "__main__":
    main()
