"""`bot rules`."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

from bot.commands.common import configuration
from bot.commands.printing import print_json
from bot.config.problems import closest
from bot.config.rulebook import load_rulebook
from bot.config.schema import rules_schema
from bot.errors import UsageError
from bot.kinds import KINDS, Rule
from bot.kinds.base import per_words


def run_rules_validate(*, config: Path | None, path: Path | None) -> int:
    """Exit code 0; ConfigError with every mistake otherwise."""
    book = load_rulebook(path) if path else configuration(config).rulebook
    for rule in book.rules:
        state = "" if rule.enabled else "  (off)"
        sys.stdout.write(f"{rule.name}: {rule.kind}{state}\n")
    sys.stdout.write(f"{len(book.rules)} rules, all fine.\n")
    return 0


def run_list(*, config: Path | None, output: str) -> int:
    """The rules, one a line or as JSON."""
    rules = configuration(config).rulebook.rules
    if output == "json":
        print_json([rule.model_dump(mode="json", exclude_defaults=True) for rule in rules])
        return 0
    for rule in rules:
        sys.stdout.write(_line(rule) + "\n")
    return 0


def _line(rule: Rule) -> str:
    state = rule.severity.value if rule.enabled else "off"
    return f"{state:9} {rule.kind:6} per {per_words(rule.per):22} {rule.name}"


def run_explain(*, kind: str | None) -> int:
    """A kind's manual page: its module's docstring."""
    if kind is None:
        for name, model in KINDS.items():
            sys.stdout.write(f"{name:8} {_manual(model).splitlines()[0].partition(': ')[2]}\n")
        sys.stdout.write("\nbot rules explain KIND prints the manual page of one of them.\n")
        return 0
    if kind not in KINDS:
        near = closest(kind, KINDS)
        hint = f"did you mean '{near}'? " if near else ""
        raise UsageError(f"there is no rule kind '{kind}'", hint=f"{hint}kinds: {', '.join(KINDS)}")
    sys.stdout.write(_manual(KINDS[kind]) + "\n")
    return 0


def run_rules_schema() -> int:
    """The JSON Schema of a rules file."""
    print_json(rules_schema())
    return 0


def _manual(model: type[Rule]) -> str:
    return inspect.getdoc(inspect.getmodule(model)) or ""
