"""`bot doctor`: every check, told for people or as JSON."""

from __future__ import annotations

import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from bot.commands.checkup import Examination, load
from bot.commands.common import console
from bot.commands.printing import print_json
from bot.doctor.checkup import Check, State
from bot.redaction import without_secrets
from bot.spend.names import visible

_MARKS = {State.OK: "ok", State.WARNING: "warning", State.FAILED: "FAILED", State.SKIPPED: "–"}
_STYLES = {State.OK: "green", State.WARNING: "yellow", State.FAILED: "bold red", State.SKIPPED: ""}
_MARK_WIDTH, _NAME_WIDTH = 8, 23
_INDENT = " " * (_MARK_WIDTH + _NAME_WIDTH + 2)


def run_doctor(*, config: Path | None, output: str, send_test: bool) -> int:
    """Exit code 0 if nothing failed, else 1. Raises nothing for what is wrong."""
    checks = Examination(load(config), send_test).checks()
    if output == "json":
        found = list(checks)
        print_json(_document(found))
    else:
        found = _shown(checks, console())
    return 1 if any(check.state is State.FAILED for check in found) else 0


def _document(checks: Sequence[Check]) -> dict[str, Any]:
    counts = _counts(checks)
    return {
        "ok": counts["failed"] == 0,
        "counts": counts,
        "checks": [asdict(check) for check in checks],
    }


def _counts(checks: Iterable[Check]) -> dict[str, int]:
    found = Counter(check.state for check in checks)
    return {state.value: found[state] for state in State}


def _shown(checks: Iterable[Check], out: Console) -> list[Check]:
    """Prints each check when it is done."""
    found = []
    for check in checks:
        found.append(check)
        for line in _lines(check, out.width):
            plain = without_secrets(line.plain)
            out.print(line if plain == line.plain else Text(plain), soft_wrap=True)
        sys.stdout.flush()
    out.print(_summary(found))
    return found


def _lines(check: Check, width: int) -> Iterator[Text]:
    """The check below the others: its state, its name, what is said, and the way out."""
    mark = Text(f"{_MARKS[check.state]:{_MARK_WIDTH}}", _STYLES[check.state])
    name, says = visible(check.name), _wrapped(visible(check.says), width)
    if len(name) > _NAME_WIDTH:
        yield mark + Text(name)
    else:
        yield mark + Text(f"{name:{_NAME_WIDTH}}  {says.pop(0)}")
    for line in says:
        yield Text(_INDENT + line)
    for n, line in enumerate(_wrapped(visible(check.way_out), width - 2) if check.way_out else ()):
        yield Text(f"{_INDENT}{'  ' if n else '→ '}{line}")


def _wrapped(text: str, width: int) -> list[str]:
    room = max(30, width - len(_INDENT))
    return textwrap.wrap(text, room, break_on_hyphens=False, break_long_words=False) or [""]


def _summary(checks: Sequence[Check]) -> Text:
    counts = _counts(checks)
    fine, wrong, bad = counts["ok"], counts["warning"], counts["failed"]
    if bad:
        return Text(f"\n{bad} failed, {wrong} to look at, {fine} fine.", "bold red")
    if wrong:
        return Text(f"\nIt works. {wrong} to look at, {fine} fine.", "bold")
    return Text(f"\nAll {fine} fine.", "bold green")
