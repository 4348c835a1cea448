"""Fuzz the readers of hostile bytes.

    python -m tests.fuzz                           every target, 100,000 executions each
    python -m tests.fuzz pages --runs 1000000      one target, a million

With atheris (https://github.com/google/atheris) where it is installed, which sees the lines an
input reaches; else with random changes of the corpus. What breaks a claim is kept in .fuzz/ and
makes the exit code 1; a file named on the command line is tried by itself.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
FOUND = HERE.parents[1] / ".fuzz"
NAMES = ("yaml", "pages", "line_item", "mrkdwn")
_LONGEST = {"yaml": 2_048, "pages": 4_096, "line_item": 256, "mrkdwn": 512}
"""Bytes of an input: longer ones cost time and find nothing else."""

_SLICE = 200_000
"""Executions of a process: watching lines takes atheris 2 KB each, which are never given back, and
the limit on memory is there to find what the readers take."""


def main(arguments: Sequence[str]) -> int:
    """Fuzz what is asked for; 1 if a claim broke."""
    parser = argparse.ArgumentParser(prog="make fuzz", description="Fuzz the readers of bytes.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--runs", type=int, default=100_000, help="executions per target")
    parser.add_argument("--file", type=Path, help="try this file only")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    names = asked.targets or list(NAMES)
    if unknown := set(names) - set(NAMES):
        parser.error(f"no target is called {', '.join(sorted(unknown))}")
    if asked.one:
        return _with_atheris(names[0], asked.runs)
    if asked.file:
        return _try(names[0], asked.file)
    guided = importlib.util.find_spec("atheris") is not None
    if not guided:
        print("atheris is not installed: blind changes of the corpus instead", file=sys.stderr)
    return max((_in_a_child if guided else _blindly)(name, asked.runs) for name in names)


def _try(name: str, file: Path) -> int:
    _target(name)(file.read_bytes())
    print(f"{name}: {file} breaks no claim")
    return 0


def _target(name: str) -> Callable[[bytes], None]:
    from tests.fuzz.targets import TARGETS  # noqa: PLC0415 - atheris has to see the import

    return TARGETS[name]


def _in_a_child(name: str, runs: int) -> int:
    """libFuzzer ends its process itself: so each target has some."""
    begun = time.monotonic()
    code = 0
    for done in range(0, runs, _SLICE):
        some = str(min(_SLICE, runs - done))
        command = [sys.executable, "-m", "tests.fuzz", name, "--one", "--runs", some]
        if code := subprocess.run(command, check=False).returncode:
            break
    _tell(name, runs, time.monotonic() - begun, code)
    return min(1, code)


def _with_atheris(name: str, runs: int) -> int:
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["bot"]):
        target = _target(name)
    kept = FOUND / name
    kept.mkdir(parents=True, exist_ok=True)
    options = [f"-runs={runs}", f"-max_len={_LONGEST[name]}", "-timeout=10", "-rss_limit_mb=1024"]
    options += [f"-artifact_prefix={kept}-", "-print_final_stats=1", "-verbosity=0"]
    folders = [str(kept), str(CORPUS / name)]
    atheris.Setup([sys.argv[0], *options, *folders], target)
    atheris.Fuzz()
    return 0


def _blindly(name: str, runs: int) -> int:
    from tests.fuzz.mutate import inputs  # noqa: PLC0415 - only used here

    begun = time.monotonic()
    target = _target(name)
    for data in islice(inputs(seeds(name), seed=int(time.time()), longest=_LONGEST[name]), runs):
        try:
            target(data)
        except Exception:  # noqa: BLE001 - any error is a finding
            FOUND.mkdir(exist_ok=True)
            kept = FOUND / f"{name}-crash-{os.getpid()}"
            kept.write_bytes(data)
            traceback.print_exc()
            print(f"{name}: kept in {kept}", file=sys.stderr)
            return 1
    _tell(name, runs, time.monotonic() - begun, 0)
    return 0


def seeds(name: str) -> list[bytes]:
    """The corpus of a target, in a fixed order."""
    return [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]


def _tell(name: str, runs: int, seconds: float, code: int) -> None:
    outcome = "clean" if code == 0 else f"a claim broke, see .fuzz/{name}-*"
    print(f"{name}: {runs:,} executions in {seconds:,.0f} s: {outcome}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
