"""A file of rule tests, with every mistake in it told at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from bot.config import yamlfile
from bot.config.places import KeyPath
from bot.config.problems import ConfigProblems, Problem, closest, short
from bot.config.rulebook import gather_rules
from bot.config.validation import from_pydantic
from bot.config.yamlfile import Document
from bot.kinds import Rule
from bot.ruletest.model import NO_INSTANT, Case, TestFile


@dataclass(frozen=True, slots=True)
class Suite:
    """The cases of one file, each with the line it begins on, and the rules they are about."""

    file: Path
    cases: tuple[Case, ...]
    lines: tuple[int, ...]
    rules: tuple[Rule, ...]


def load_suite(path: Path) -> Suite:
    """The tests of a file. Raises ConfigProblems with everything that is wrong with it."""
    document = yamlfile.load(path)
    problems: list[Problem] = []
    model = _model(document, problems)
    rules = _rules(path, document, problems)
    if model and rules is not None:
        problems.extend(_unknown_rules(document, model, rules))
        problems.extend(_timeless(document, model))
    if problems or model is None or rules is None:
        raise ConfigProblems(problems)
    lines = tuple(document.place(("tests", n)).line for n in range(len(model.tests)))
    return Suite(path, model.cases, lines, rules)


def _model(document: Document, problems: list[Problem]) -> TestFile | None:
    if not isinstance(document.data, dict):
        hint = "docs/testing-rules.md shows one"
        message = "a file of rule tests is a mapping with `rules` and `tests`"
        problems.append(Problem(document.place(()), message, hint))
        return None
    try:
        return TestFile.model_validate(document.data)
    except ValidationError as error:
        problems.extend(from_pydantic(error, document, (), TestFile))
        return None


def _timeless(document: Document, model: TestFile) -> Iterator[Problem]:
    for n, case in enumerate(model.cases):
        if case.as_of == NO_INSTANT:
            hint = "write `as_of: 2026-11-20T09:00:00Z` in the test, or once for the whole file"
            said = "'as_of' is missing: a test says when it is"
            yield Problem(document.place(("tests", n)), said, hint)


def _rules(path: Path, document: Document, problems: list[Problem]) -> tuple[Rule, ...] | None:
    data = document.data if isinstance(document.data, dict) else {}
    named = data.get("rule_files", [])
    files = [path.parent / one for one in named if isinstance(one, str)]
    inline = document if isinstance(data.get("rules"), list) else None
    try:
        return gather_rules(files, inline)
    except ConfigProblems as error:
        problems.extend(error.problems)
        return None


def _unknown_rules(
    document: Document, model: TestFile, rules: tuple[Rule, ...]
) -> Iterator[Problem]:
    known = tuple(rule.name for rule in rules)
    for path, name in _named_rules(model):
        if name not in known:
            said = f"there is no rule '{short(name)}' in this test"
            yield Problem(document.place(path), said, None, closest(name, known), known)


def _named_rules(model: TestFile) -> Iterator[tuple[KeyPath, str]]:
    """The rules that cases speak of, each with its place."""
    for n, case in enumerate(model.tests):
        yield from ((("tests", n, "only", m), name) for m, name in enumerate(case.only or ()))
        for m, found in enumerate(case.findings or ()):
            yield ("tests", n, "findings", m, "rule"), found.rule
        for m, skip in enumerate(case.skipped or ()):
            yield ("tests", n, "skipped", m, "rule"), skip.rule
