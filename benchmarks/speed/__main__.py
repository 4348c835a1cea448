"""Prints the table: `python -m benchmarks.speed [--size small|medium|full] [--only abc]`."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from benchmarks.speed.parts import PARTS, SIZES, Line
from benchmarks.speed.stage import Stage, folder_of

_HEAD = ("part", "what", "CPU s", "peak MB", "ratio", "goal", "met")


def cells(line: Line) -> tuple[str, ...]:
    """The line as words."""
    return (
        line.part,
        line.what,
        "" if line.seconds is None else f"{line.seconds:.2f}",
        "" if line.megabytes is None else f"{line.megabytes:.0f}",
        line.ratio,
        line.goal,
        {None: "", True: "yes", False: "NO"}[line.met],
    )


def row(words: Iterable[str]) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(words)} |"


def machine() -> str:
    """What the figures are of."""
    info = Path("/proc/cpuinfo")
    names = [
        line.partition(":")[2].strip()
        for line in (info.read_text().splitlines() if info.exists() else [])
        if line.startswith("model name")
    ]
    processor = names[0] if names else platform.machine()
    load = os.getloadavg()[0]
    return (
        f"{processor}, {os.cpu_count()} CPUs, Python {platform.python_version()}, load {load:.0f}"
    )


def main(arguments: list[str] | None = None) -> int:
    """0; 1 where a goal of the full size was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--size", choices=sorted(SIZES), default="full")
    parser.add_argument("--only", default="".join(PARTS), help="letters of parts, e.g. ad")
    asked = parser.parse_args(arguments)
    size = SIZES[asked.size]
    stage = Stage(folder_of(size.name))
    print(f"{size.bill.title}; {machine()}\n")
    print(row(_HEAD))
    print(row("-" * len(name) for name in _HEAD), flush=True)
    missed = 0
    for letter in asked.only:
        for line in PARTS[letter](stage, size):
            # Of a small bill nearly all is the start: only the full one can meet or miss.
            told = line if size.name == "full" else replace(line, met=None)
            print(row(cells(told)), flush=True)
            missed += told.met is False
    if size.name != "full":
        print("\nThe goals are for the full size.")
    else:
        print(f"\n{missed} goals missed" if missed else "\nall goals met")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
